"""The reference library: every byte of its file, its entries by key, and edits that change nothing else.

A library is a value. ``edited`` (or ``set``, ``add``, ``rename`` ... for a single edit) gives a new library and leaves
the old one as it is; ``write`` puts it in the file. Entries without a key, and those whose key stands already, are
there too, as ``#1`` or ``doe2001#2``: signs that no key can hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.bibliography import revision
from toolkit.bibliography.edits import AddEntry, Edit, RemoveEntry, RemoveField, RenameKey, SetField
from toolkit.bibliography.encoding import Encoding, decode
from toolkit.bibliography.entry import parse
from toolkit.bibliography.findings import block_findings, encoding_findings, missing_file
from toolkit.bibliography.keys import make_key
from toolkit.bibliography.reference import Fields, Reference, evaluated, inherited, own_fields
from toolkit.bibliography.saving import BACKUP, Saved, digest_of, must_know, save
from toolkit.bibliography.syntax import Kind, split
from toolkit.errors import Finding, UnknownNameError
from toolkit.files import Change, content_of, write_together

if TYPE_CHECKING:
    from toolkit.bibliography.record import Record
    from toolkit.bibliography.syntax import Block

__all__ = ["Library", "Reference"]

_MOST_PARENTS = 100


@dataclass(frozen=True, eq=False, repr=False)
class Library(Mapping[str, Reference]):
    """The references of a file by key, in file order, with the findings made while reading."""

    path: Path
    name: str
    blocks: tuple[Block, ...] = ()
    encoding: Encoding = field(default_factory=Encoding)
    saved: Saved = field(default_factory=lambda: Saved(None))

    @classmethod
    def read(cls, path: Path | str, *, name: str | None = None) -> Library:
        """Read a BibTeX file. What cannot be read is a finding with its line, and stays in the file as it is.

        A file that is missing gives an empty library with a finding.

        :param name: how findings call the file; by default its path as given.
        """
        path = Path(path)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls(path, name or str(path))
        return cls.from_bytes(data, path, name=name)

    @classmethod
    def from_bytes(cls, data: bytes, path: Path | str = "library.bib", *, name: str | None = None) -> Library:
        """The library that a file with this content holds; no file is read."""
        text, encoding = decode(data)
        return cls(Path(path), name or str(path), tuple(split(text)), encoding, Saved(digest_of(data)))

    def __getitem__(self, key: str) -> Reference:
        if key not in self._places:
            raise UnknownNameError("reference", key, self._places)
        if key not in self._references:
            self._references[key] = self._reference(key)
        return self._references[key]

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"Library: {len(self)} references in {self.name}"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the file as BibTeX: faults of syntax, keys that stand twice, bytes of another encoding."""
        if self.saved.digest is None and not self.blocks:
            return (missing_file(self.name),)
        keys = {place: key for key, place in self._places.items()}
        found = list(encoding_findings(self.name, self.encoding, self.text))
        found += block_findings(self.name, self.blocks, self._lines, keys)
        return tuple(found)

    @property
    def text(self) -> str:
        """The text of the file."""
        return "".join(block.text for block in self.blocks)

    @cached_property
    def macros(self) -> Mapping[str, str]:
        """The ``@string`` macros with their texts; names in small letters. One may use those defined before it."""
        macros: dict[str, str] = {}
        for block in self.blocks:
            if block.kind is Kind.STRING:
                for definition in parse(block).fields:
                    macros[definition.name.lower()] = evaluated(block.text, definition, macros)
        return macros

    def is_sound(self, key: str) -> bool:
        """Whether an entry follows BibTeX's grammar, so that what was read of it is all that it says."""
        block = self.blocks[self._places[key]]
        return block.closed and not block.surplus and not parse(block).faults

    def source(self, key: str, name: str) -> str | None:
        """A field as it stands between its delimiters; None where it is no single text in braces or quotes."""
        block = self.blocks[self._places[key]]
        found = parse(block).find(name)
        if found is None or len(found.parts) != 1 or found.parts[0][0] not in ("{", '"'):
            return None
        _, start, stop = found.parts[0]
        return block.text[start:stop]

    def to_bytes(self) -> bytes:
        """The content of the file.

        :raises EncodingError: an edit brought in a letter that the file's encoding lacks.
        """
        return self.encoding.encode(self.text)

    def write(self, path: Path | str | None = None, *, backup: bool = True) -> None:
        """Write the file in one step, by default where it was read; the last version goes to ``NAME.bak``.

        The file keeps its permissions, encoding and line ends. To another path, whatever stands there is replaced.

        :raises LibraryChangedError: another program has saved the file since it was read.
        :raises EncodingError: an edit brought in a letter that the file's encoding lacks.
        """
        target = self.path if path is None else Path(path)
        content = self.to_bytes()
        own = target == self.path or target.resolve() == self.path.resolve()
        save(target, content, self.saved if own else None, backup=backup)
        if own:
            self.saved.digest = digest_of(content)

    def write_with(self, others: Iterable[Change], *, root: Path) -> None:
        """Write the file together with others, all of them or none (``toolkit.files.write_together``).

        :param root: the folder that holds all the files.
        :raises FileChangedError: another program has changed one of the files since it was read; none is written.
        :raises EncodingError: an edit brought in a letter that the file's encoding lacks.
        """
        content, before = self.to_bytes(), content_of(self.path)
        must_know(self.path, before, self.saved)
        backup = self.path.with_name(self.path.name + BACKUP)
        own = [Change(backup, content_of(backup), before), Change(self.path, before, content)]
        write_together(root, [*others, *(own if before != content else [])])
        self.saved.digest = digest_of(content)

    def edited(self, edits: Iterable[Edit]) -> Library:
        """The library with edits made one after the other; all that they do not name stays byte for byte.

        :raises UnknownNameError: an edit names a key that is not there.
        :raises EditError: an edit cannot be made; none is.
        """
        blocks = revision.revised(self.blocks, self._places, edits)
        return Library(self.path, self.name, tuple(blocks), self.encoding, Saved(self.saved.digest, self.saved))

    def set(self, key: str, name: str, value: str) -> Library:
        """The library with a field set to a value (BibTeX source without delimiters)."""
        return self.edited([SetField(key, name, value)])

    def remove_field(self, key: str, name: str) -> Library:
        """The library with a field taken out of an entry."""
        return self.edited([RemoveField(key, name)])

    def rename(self, key: str, new: str) -> Library:
        """The library with an entry under another key."""
        return self.edited([RenameKey(key, new)])

    def add(self, record: Record, key: str | None = None) -> Library:
        """The library with a record as a new last entry, by default under a key of ``keys.make_key``."""
        return self.edited([AddEntry(key or make_key(record, taken=self), record)])

    def remove(self, key: str) -> Library:
        """The library without an entry."""
        return self.edited([RemoveEntry(key)])

    @cached_property
    def _places(self) -> dict[str, int]:
        return revision.places(self.blocks)

    @cached_property
    def _lines(self) -> tuple[int, ...]:
        """The line on which each block begins."""
        newline = "\n" if any("\n" in block.text for block in self.blocks) else "\r"
        lines, line = [], 1
        for block in self.blocks:
            lines.append(line)
            line += block.text.count(newline)
        return tuple(lines)

    @cached_property
    def _references(self) -> dict[str, Reference]:
        return {}

    @cached_property
    def _by_small_key(self) -> dict[str, str]:
        return {key.lower(): key for key in reversed(self._places)}

    def _reference(self, key: str) -> Reference:
        place = self._places[key]
        block = self.blocks[place]
        own = self._own(key)
        fields = inherited(block.type.lower(), own, self._parents(key, own))
        return Reference(key, block.type.lower(), fields, self._lines[place], own, self.name)

    def _own(self, key: str) -> Fields:
        block = self.blocks[self._places[key]]
        return own_fields(block.text, parse(block).fields, self.macros)

    def _parents(self, key: str, own: Fields) -> list[tuple[str, Fields]]:
        """The fields of those that an entry inherits from, the nearest first, each with the relation to it.

        An entry is inherited from once, so a circle ends; behind a hundred, a chain is no publication's.
        """
        seen, parents, waiting = {key}, [], [("xdata", own)]
        for relation, fields in waiting:
            named = [(relation, name.strip()) for name in fields.get("xdata", "").split(",")]
            for link, name in [*named, ("crossref", fields.get("crossref", "").strip())]:
                parent = name if name in self._places else self._by_small_key.get(name.lower())
                if parent is not None and parent not in seen and len(parents) < _MOST_PARENTS:
                    seen.add(parent)
                    parents.append((link, self._own(parent)))
                    waiting.append(parents[-1])
        return parents
