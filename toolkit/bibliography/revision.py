"""Edits carried out on the blocks of a library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.edits import AddEntry, Edit, RemoveEntry, RemoveField, RenameKey, SetField
from toolkit.bibliography.entry import parse
from toolkit.bibliography.entry_style import entry_source
from toolkit.bibliography.splice import KEY, EditError, with_field, with_key, without_field
from toolkit.bibliography.syntax import Block, Kind, split
from toolkit.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NEWLINE = re.compile(r"\r\n|\n|\r")
_FINAL_NEWLINES = re.compile(r"(?:\r\n|\n|\r)*\Z")
_LINE = re.compile(r"[^\r\n]*")
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*")


def places(blocks: Sequence[Block]) -> dict[str, int]:
    """Where the entry of each key stands: the second of a key is ``key#2``, the first without one ``#1``."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    for place, block in enumerate(blocks):
        if block.kind is not Kind.ENTRY:
            continue
        key = block.key
        if not key or key in found:
            number = counts.get(key, 1 if key else 0) + 1
            while f"{key}#{number}" in found:
                number += 1
            counts[key] = number
            key = f"{key}#{number}"
        found[key] = place
    return found


def revised(blocks: Sequence[Block], known: Mapping[str, int], edits: Iterable[Edit]) -> list[Block]:
    """The blocks after all edits.

    :raises UnknownNameError: an edit names a key that is not there (any more).
    :raises EditError: an edit cannot be made.
    """
    work = _Revision(list(blocks), dict(known))
    for edit in edits:
        work.apply(edit)
    return work.result()


class _Revision:
    """The blocks under work: new entries stand at the end until the result is put together, removed ones are None.

    Where the end of a changed block is not sure, or text that stood apart comes together, the result is cut anew.
    """

    def __init__(self, blocks: list[Block], known: dict[str, int]) -> None:
        self.blocks: list[Block | None] = list(blocks)
        self.originals = len(blocks)
        self.known = known
        self.behind: dict[int, list[Block]] = {}
        self.anew = False
        self.newline = next((found.group() for block in blocks if (found := _NEWLINE.search(block.text))), "\n")

    def apply(self, edit: Edit) -> None:
        if isinstance(edit, AddEntry):
            self._add(edit)
            return
        if edit.key not in self.known:
            raise UnknownNameError("reference", edit.key, self.known)
        place = self.known[edit.key]
        if isinstance(edit, RemoveEntry):
            self._remove(edit.key, place)
        elif isinstance(edit, SetField):
            self._replace(place, with_field(self.blocks[place], edit.field, edit.value))
        elif isinstance(edit, RemoveField):
            self._replace(place, without_field(self.blocks[place], edit.field))
        else:
            self._rename(edit, place)

    def result(self) -> list[Block]:
        left: list[Block] = []
        last = -1
        for place, block in enumerate(self.blocks[: self.originals]):
            if block is not None:
                left += [block, *self.behind.get(place, ())]
                last = len(left) - 1 if block.kind is Kind.ENTRY else last
        added = [block for block in self.blocks[self.originals :] if block is not None]
        if added:
            left = self._with_added(left, last, added)
        return split("".join(block.text for block in left)) if self.anew else left

    def _with_added(self, left: list[Block], last: int, added: list[Block]) -> list[Block]:
        """The blocks with new ones behind the last entry and what follows it on its line, a blank line before each."""
        head, tail = (left[: last + 1], left[last + 1 :]) if last >= 0 else (left, [])
        self.anew = self.anew or (last >= 0 and not left[last].closed)
        if tail and tail[0].kind is Kind.TEXT:
            on_its_line = _LINE.match(tail[0].text).group().rstrip()
            head = [*head, Block(Kind.TEXT, on_its_line)] if on_its_line else head
            tail = [Block(Kind.TEXT, tail[0].text[len(on_its_line) :]), *tail[1:]]
        before = "".join(block.text for block in head[-2:])
        missing = 0 if not before else 2 - len(_FINAL_NEWLINES.search(before).group().replace("\r\n", "\n"))
        for block in added:
            head = head if missing <= 0 else [*head, Block(Kind.TEXT, self.newline * missing)]
            head.append(block)
            missing = 2
        if not any(_NEWLINE.match(block.text.lstrip(" \t")) for block in tail[:1]):
            tail = [Block(Kind.TEXT, self.newline * (2 if tail else 1)), *tail]
        return head + tail

    def _replace(self, place: int, text: str) -> None:
        """Put a block's new text in its place, which must be one block again if it was sound before."""
        old = self.blocks[place]
        if text == old.text:
            return
        first, *others = split(text)
        if first.kind is not Kind.ENTRY or (old.closed and (others or not first.closed)):
            raise EditError(f"The new value would break the entry {old.key!r}: it looks like the end of one.")
        self.blocks[place] = first
        self.behind[place] = others + self.behind.get(place, [])
        self.anew = self.anew or not old.closed

    def _remove(self, key: str, place: int) -> None:
        """Take a block out with the blank lines behind it; at the end of the file, with those before it."""
        del self.known[key]
        self.blocks[place] = None
        if place >= self.originals:
            return
        self.anew = True
        gap = self.blocks[place + 1] if place + 1 < self.originals else None
        if gap is not None and gap.kind is Kind.TEXT and gap.text.strip():
            blank = _BLANK_LINES.match(gap.text)
            self.blocks[place + 1] = Block(Kind.TEXT, gap.text[blank.end() :])
        elif gap is not None and gap.kind is Kind.TEXT and place + 2 < self.originals:
            self.blocks[place + 1] = None
        elif place > 0 and (before := self.blocks[place - 1]) is not None and not before.text.strip():
            self.blocks[place - 1] = None

    def _rename(self, edit: RenameKey, place: int) -> None:
        if edit.new in self.known:
            raise EditError(f"{edit.key!r} cannot be called {edit.new!r}: that key is taken.")
        old = self.blocks[place].key
        self._replace(place, with_key(self.blocks[place], edit.new))
        del self.known[edit.key]
        self.known[edit.new] = place
        if edit.key == old:
            self._follow(old, edit.new)

    def _follow(self, old: str, new: str) -> None:
        """Let the entries that inherit from a renamed one name it by its new key."""
        for place in self.known.values():
            for name in ("crossref", "xdata") if old in self.blocks[place].text else ():
                block = self.blocks[place]
                field = parse(block).find(name)
                if field is None or len(field.parts) != 1:
                    continue
                _, start, stop = field.parts[0]
                keys = block.text[start:stop].split(",")
                if any(key.strip() == old for key in keys):
                    changed = ",".join(key.replace(old, new) if key.strip() == old else key for key in keys)
                    self._replace(place, with_field(block, name, changed))

    def _add(self, edit: AddEntry) -> None:
        if edit.key in self.known:
            raise EditError(f"An entry {edit.key!r} cannot be added: that key is taken.")
        if not KEY.fullmatch(edit.key):
            raise EditError(f"{edit.key!r} is no key that BibTeX can read.")
        source = entry_source(edit.record, edit.key, newline=self.newline)
        cut = split(source)
        if len(cut) != 1 or not cut[0].closed or cut[0].key != edit.key:
            raise EditError(f"The record {edit.key!r} cannot be written as an entry: {source[:80]!r}.")
        self.known[edit.key] = len(self.blocks)
        self.blocks.append(cut[0])
