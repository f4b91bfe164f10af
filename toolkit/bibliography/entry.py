"""The inside of an entry or macro: its fields with the place of each in the text, and what is wrong with them.

Read forgivingly, as ``syntax`` does: what stands in a half-broken entry is a field still, and each fault is told with
its place. A value that does not end where it should ends before the next ``name =``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.bibliography.syntax import Kind

if TYPE_CHECKING:
    from toolkit.bibliography.syntax import Block

_SKIP = re.compile(r"(?:\s++|%[^\r\n]*+)*+")
_WORD = re.compile(r'[^\s"#%(),={}]++')
_NAME = re.compile(r'[^\s"#%(),={}]++(?:[ \t]++[^\s"#%(),={}]++)*+')
_PLAIN_FIELD = re.compile(
    r"\s*+([A-Za-z][\w:+-]*+)\s*+=\s*+"
    r"""(?:(\{)([^{}]*+(?:\{[^{}]*+\}[^{}]*+)*+)\}|(")([^"{}]*+)"|([\w.:-]++))\s*+(,?)"""
)
"""A field as nearly all are, at one go; whatever it does not match is read sign by sign, with the same result."""
_NEXT_FIELD = re.compile(r"(?:,\s*+|[\r\n]\s*+)[A-Za-z][\w:+-]*+\s*+=\s*+[\"{\w]")
_BRACE = re.compile("[{}]")
_QUOTE = re.compile('[{}"]')


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a place in a block's text, under the name of the rule that it breaks."""

    rule: str
    place: int
    message: str
    hint: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A field: where its name and its value stand, the value's parts between ``#``, and the comma behind it (or -1).

    A part is ``(delimiter, start, end)`` around the text between the delimiters; the delimiter of a number or macro is
    empty, that of a value whose end is not clear is ``"?"``.
    """

    name: str
    start: int
    value: tuple[int, int]
    parts: tuple[tuple[str, int, int], ...]
    comma: int = -1


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """The fields of a block in order, and its faults in order of their places."""

    fields: tuple[Field, ...]
    faults: tuple[Fault, ...]

    def find(self, name: str) -> Field | None:
        """The field of a name, whatever its case; the first where it stands twice, as BibTeX has it."""
        name = name.lower()
        return next((field for field in self.fields if field.name.lower() == name), None)


def parse(block: Block) -> ParsedEntry:
    """The fields of an entry or of a macro definition. Asked twice, the block is read once."""
    if block.parsed is None:
        block.parsed = _Reader(block).read()
    return block.parsed


class _Reader:
    """Reads the fields of one block from left to right."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.text = block.text
        self.end = block.body[1]
        self.broken = not block.closed or block.surplus
        self.place = block.body[0]
        self.fields: list[Field] = []
        self.faults: list[Fault] = []

    def read(self) -> ParsedEntry:
        if self.block.kind is Kind.ENTRY and self.block.has_key:
            self.place = self.block.key_span[1]
            self._skip()
            if self._sign() not in (",", ""):
                self._fault("missing-comma", self.place, "a comma is missing behind the key", "put one there")
        while self._plain_field() or self._field():
            pass
        self._repeated()
        return ParsedEntry(tuple(self.fields), tuple(sorted(self.faults, key=lambda fault: fault.place)))

    def _plain_field(self) -> bool:
        """Read one field of the usual form in a sound entry."""
        if self.broken or (found := _PLAIN_FIELD.match(self.text, self.place, self.end)) is None:
            return False
        if not found.group(7) and found.end() < self.end:
            return False
        group = 3 if found.group(2) else 5 if found.group(4) else 6
        start, stop = found.span(group)
        delimiter = found.group(2) or found.group(4) or ""
        value = (start - len(delimiter), stop + len(delimiter))
        name = found.group(1)
        self.fields.append(
            Field(name, found.start(1), value, ((delimiter, start, stop),), found.start(7) if found.group(7) else -1)
        )
        self.place = found.end()
        return True

    def _field(self) -> bool:
        """Read one field, or one stray sign; false at the end of the block."""
        self._skip()
        if self.place >= self.end:
            return False
        if self._sign() == ",":
            self.place += 1
            return True
        start = self.place
        word = _NAME.match(self.text, self.place, self.end)
        if word is not None:
            self.place = word.end()
            self._skip()
        if word is None or self._sign() != "=":
            self._fault(
                "bibtex", start, "no field begins here", "look for a missing equals sign, comma, brace or quote"
            )
            self._to_next_field(max(start, self.place))
            return True
        if re.search(r"\s", word.group()):
            hint = "write it as one word, or look for a missing comma before it"
            self._fault(
                "field-name", start, "a name of several words stands before the equals sign", hint, word.group()
            )
        self.place += 1
        self._skip()
        value, parts = self._value(word.group())
        self._skip()
        comma = -1
        if self._sign() == ",":
            comma = self.place
            self.place += 1
        elif self.place < self.end:
            message = f"a comma is missing behind {word.group()}"
            self._fault("missing-comma", value[1], message, "put one behind the value", word.group())
        self.fields.append(Field(word.group(), start, value, parts, comma))
        return True

    def _value(self, name: str) -> tuple[tuple[int, int], tuple[tuple[str, int, int], ...]]:
        start, parts = self.place, []
        while (part := self._part()) is not None:
            parts.append(part)
            stop = self.place
            self._skip()
            if self._sign() != "#":
                break
            self.place += 1
            self._skip()
        if parts and part is not None and self._ends_a_value():
            self.place = stop
            return (start, stop), tuple(parts)
        if not parts and self._sign() in (",", ""):
            self._fault("bibtex", start, f"{name} has no value", "write one, or take the field out", name)
            return (start, start), ()
        return self._value_without_end(name, start)

    def _part(self) -> tuple[str, int, int] | None:
        """A value between braces or quotes, or a word; nothing where none ends in sight."""
        sign, start = self._sign(), self.place
        if sign in ("{", '"'):
            stop = self._closing(sign)
            if stop < 0:
                return None
            self.place = stop + 1
            return sign, start + 1, stop
        word = _WORD.match(self.text, start, self.end)
        if word is None:
            return None
        self.place = word.end()
        return "", start, word.end()

    def _closing(self, sign: str) -> int:
        """Where the value that opens here is closed; -1 where it is not, in a broken entry before the next field."""
        limit = self.end
        if self.broken and (further := _NEXT_FIELD.search(self.text, self.place, self.end)) is not None:
            limit = further.start()
        depth = 0
        for mark in (_BRACE if sign == "{" else _QUOTE).finditer(self.text, self.place + (sign == '"'), limit):
            found = mark.group()
            if found == '"':
                if depth == 0:
                    return mark.start()
                continue
            depth += 1 if found == "{" else -1
            if depth == 0 and sign == "{":
                return mark.start()
        return -1

    def _ends_a_value(self) -> bool:
        """Whether a comma, the end, or (a comma forgotten) the next field stands here."""
        if self.place >= self.end or self._sign() == ",":
            return True
        word = _NAME.match(self.text, self.place, self.end)
        return word is not None and self.text.startswith("=", _SKIP.match(self.text, word.end(), self.end).end())

    def _value_without_end(self, name: str, start: int) -> tuple[tuple[int, int], tuple[tuple[str, int, int], ...]]:
        further = _NEXT_FIELD.search(self.text, start, self.end)
        limit = further.start() if further is not None else self.end
        stop = start + len(self.text[start:limit].rstrip(" \t\r\n,"))
        self.place = stop
        hint = "look for a brace or quote too many or too few"
        self._fault("bibtex", start, f"the value of {name} does not end where it should", hint, name)
        return (start, stop), (("?", start, stop),)

    def _to_next_field(self, place: int) -> None:
        further = _NEXT_FIELD.search(self.text, place, self.end)
        comma = self.text.find(",", place, further.start() if further else self.end)
        self.place = comma if comma >= 0 else further.start() if further else self.end

    def _repeated(self) -> None:
        seen: set[str] = set()
        for field in self.fields:
            if field.name.lower() in seen:
                hint = "keep one of the two: BibTeX reads the first"
                self._fault("duplicate-field", field.start, f"{field.name} stands twice", hint, field.name)
            seen.add(field.name.lower())

    def _sign(self) -> str:
        return self.text[self.place] if self.place < self.end else ""

    def _skip(self) -> None:
        skipped = _SKIP.match(self.text, self.place, self.end)
        comment = self.text.find("%", self.place, skipped.end())
        if comment >= 0 and not any(fault.rule == "comment-inside" for fault in self.faults):
            hint = "put it above the entry: BibTeX itself knows no comments in entries"
            self._fault("comment-inside", comment, "a comment stands inside the entry", hint)
        self.place = skipped.end()

    def _fault(self, rule: str, place: int, message: str, hint: str, field: str = "") -> None:
        self.faults.append(Fault(rule, place, message, hint, field))
