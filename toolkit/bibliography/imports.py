"""An update of the library from other files: what is new, what is there already, what would be added to an entry.

A record is known where it shares an identifier with an entry and their titles agree, else where the search for
duplicates says so. An entry keeps its key and all that stands in it; only what it lacks is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from toolkit.bibliography.edits import AddEntry, Edit, SetField
from toolkit.bibliography.entry_style import field_source
from toolkit.bibliography.keys import DEFAULT_PATTERN, make_key
from toolkit.bibliography.normalise import normal_journal, normal_pages, normalise
from toolkit.bibliography.record import TEXT_FIELDS, Record

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from toolkit.bibliography.library import Library
    from toolkit.files import Change

FILLED = "journal booktitle year volume number pages publisher doi pmid pmcid isbn issn abstract".split()
"""The fields that are added to an entry that lacks them."""
_IDENTIFIERS = ("doi", "pmid", "pmcid")
_BOOKKEEPING = {
    "medline": frozenset("OWN STAT DA DCOM LR CRDT EDAT MHDA PHST PST SB JID UOF RO SO".split()),
    "pubmed-xml": frozenset("CitationSubset NlmUniqueID ISSNLinking PublicationStatus CoiStatement".split()),
    "ris": frozenset({"Y2"}),
}
"""Tags in which a database keeps its own accounts of a record; they say nothing of the work: no entry takes them."""
_SAME_TITLE = 75
"""Titles agree from this likeness (0 to 100, words in any order) on, where an identifier is the same."""


class ImportStatus(StrEnum):
    """What a record is to the library."""

    NEW = "new"
    KNOWN = "known"
    ENRICHES = "enriches"
    REPEATED = "repeated"
    """The same work stands further up among the records that are imported."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of an entry beside what a record has; ``action`` is ``"add"``, or ``"differs"`` (kept as it is)."""

    key: str
    field: str
    action: str
    present: str
    offered: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class ImportedRecord:
    """A record with its place in the library: its key, what it is, and why; ``maybe`` is an entry it may be."""

    record: Record
    status: ImportStatus
    key: str
    reason: str = ""
    maybe: str = ""


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do. Nothing is written until ``apply``."""

    library: Library
    items: tuple[ImportedRecord, ...]
    changes: tuple[FieldChange, ...]
    edits: tuple[Edit, ...]

    def counts(self, file: str | None = None) -> dict[str, int]:
        """How many records were found, are new, are duplicates of what is known, and how many entries gain fields.

        :param file: count the records of this file only, as ``Origin.file`` names it.
        """
        items = [item for item in self.items if file in (None, item.record.origin.file)]
        new = sum(item.status is ImportStatus.NEW for item in items)
        gaining = {change.key for change in self.changes if change.action == "add" and file in (None, change.file)}
        return {"found": len(items), "new": new, "duplicates": len(items) - new, "enriched": len(gaining)}

    def to_frame(self) -> pd.DataFrame:
        """A row a record: what it is, under which key, and why."""
        import pandas as pd

        columns = ["status", "key", "title", "year", "file", "reason", "maybe"]
        rows = [
            [item.status.value, item.key, item.record.title, item.record.year, item.record.origin.file, item.reason,
             item.maybe]
            for item in self.items
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def changes_frame(self) -> pd.DataFrame:
        """A row a field that would be added to an entry, or that differs from it."""
        import pandas as pd

        columns = ["key", "field", "action", "present", "offered"]
        rows = [[getattr(change, name) for name in columns] for change in self.changes]
        return pd.DataFrame(rows, columns=columns)

    def rows(self) -> list[tuple[str, ...]]:
        """A row of text a record, for a terminal: status, key, year, title, file, why."""
        return [
            (item.status.value, item.key, item.record.year, item.record.title[:60], item.record.origin.file,
             item.reason or (f"may be {item.maybe}: `refs dedupe` asks" if item.maybe else ""))
            for item in self.items
        ]  # fmt: skip

    def change_rows(self) -> list[tuple[str, ...]]:
        """A row of text a field that would be added or differs, for a terminal."""
        return [(item.key, item.field, item.action, item.present[:60], item.offered[:60]) for item in self.changes]

    def as_dict(self) -> dict[str, object]:
        """The plan as plain values, for scripts."""
        records = [
            {"status": item.status.value, "key": item.key, "title": item.record.title, "file": item.record.origin.file,
             "line": item.record.origin.line, "reason": item.reason, "maybe": item.maybe}
            for item in self.items
        ]  # fmt: skip
        return {"counts": self.counts(), "records": records, "changes": [asdict(change) for change in self.changes]}

    def edited(self) -> Library:
        """The library as it would be."""
        return self.library.edited(self.edits)

    def apply(self, *others: Change, root: Path | None = None) -> Library:
        """Write the library, with other files where they are given, all or none; and return it as it is then.

        :param others: what is written with it, as the search log (``records.search_log_change``).
        :param root: the folder that holds all the files; by default that of the library's.
        :raises FileChangedError: another program changed one of the files since it was read; nothing is written.
        """
        library = self.edited() if self.edits else self.library
        if others:
            library.write_with(others, root=root or library.path.parent)
        else:
            library.write()
        return library


def plan_import(library: Library, records: Iterable[Record], *, pattern: str = DEFAULT_PATTERN) -> ImportPlan:
    """Normalise records and match them against a library: identifiers first, then the search for duplicates."""
    normal = [_without_bookkeeping(normalise(record)) for record in records]
    known = {key: reference.record for key, reference in library.items()}
    matches, maybe = _matches(known, normal)
    taken = {key.lower(): key for key in library}
    new: dict[str, Record] = {}
    keys: list[str] = []
    items = []
    for place, record in enumerate(normal):
        match, reason = matches.get(place, ("", ""))
        if isinstance(match, int):
            key, status = keys[match], ImportStatus.REPEATED
            if key in new:
                new[key] = _filled(new[key], record)
        elif match:
            key, status = match, ImportStatus.KNOWN
        else:
            key, status = _Free(taken).key(record, pattern), ImportStatus.NEW
            taken[key.lower()] = key
            new[key] = record
        keys.append(key)
        doubt = maybe.get(place, "") if status is ImportStatus.NEW else ""
        items.append(ImportedRecord(record, status, key, reason, keys[doubt] if isinstance(doubt, int) else doubt))
    changes = _changes(known, items)
    gaining = {(change.key, change.file) for change in changes if change.action == "add"}
    items = [
        replace(item, status=ImportStatus.ENRICHES) if (item.key, item.record.origin.file) in gaining else item
        for item in items
    ]
    edits: list[Edit] = [
        SetField(change.key, change.field, field_source(change.field, change.offered), "import")
        for change in changes
        if change.action == "add"
    ]
    edits += [AddEntry(key, record, "import") for key, record in new.items()]
    return ImportPlan(library, tuple(items), tuple(changes), tuple(edits))


def _without_bookkeeping(record: Record) -> Record:
    dropped = _BOOKKEEPING.get(record.origin.format, frozenset())
    return record.with_values(other=tuple(pair for pair in record.other if pair[0] not in dropped))


class _Free:
    """Makes keys that differ from those taken in more than capitals, as BibTeX asks."""

    def __init__(self, taken: dict[str, str]) -> None:
        self.taken = taken

    def __contains__(self, key: object) -> bool:
        return str(key).lower() in self.taken

    def key(self, record: Record, pattern: str) -> str:
        return make_key(record, pattern=pattern, taken=self)


def _matches(
    known: dict[str, Record], records: list[Record]
) -> tuple[dict[int, tuple[str | int, str]], dict[int, str | int]]:
    """For each record the entry, or the earlier record, that it is, with the reason; and the entry that it may be."""
    found: dict[int, tuple[str | int, str]] = {}
    by_identifier: dict[tuple[str, str], list[tuple[str | int, Record]]] = {}
    for key, record in known.items():
        _note(by_identifier, key, normalise(record))
    for place, record in enumerate(records):
        for name, value in _identifiers(record):
            others = (other for other, there in by_identifier.get((name, value), ()) if _agree(record, there))
            if (match := next(others, None)) is not None:
                found[place] = (match, f"same {name.upper()}")
                break
        _note(by_identifier, place, record)
    left = [place for place in range(len(records)) if place not in found]
    if not left:
        return found, {}
    duplicates, maybe = _search(known, {place: records[place] for place in left})
    return found | duplicates, maybe


def _note(index: dict[tuple[str, str], list[tuple[str | int, Record]]], name: str | int, record: Record) -> None:
    for identifier in _identifiers(record):
        index.setdefault(identifier, []).append((name, record))


def _identifiers(record: Record) -> list[tuple[str, str]]:
    return [(name, value.lower()) for name in _IDENTIFIERS if (value := getattr(record, name))]


def _agree(first: Record, second: Record) -> bool:
    from rapidfuzz.fuzz import token_set_ratio
    from rapidfuzz.utils import default_process

    if not first.title or not second.title:
        return True
    return token_set_ratio(first.title[:500], second.title[:500], processor=default_process) >= _SAME_TITLE


def _search(
    known: dict[str, Record], records: dict[int, Record]
) -> tuple[dict[int, tuple[str | int, str]], dict[int, str | int]]:
    """What the search for duplicates says of records without a known identifier."""
    import pandas as pd

    from toolkit.bibliography.duplicates import find_duplicates

    names = {f"library {key}": key for key in known} | {f"import {place}": place for place in records}
    frame = pd.DataFrame(
        [_row(name, known[key] if isinstance(key, str) else records[key]) for name, key in names.items()]
    )
    found: dict[int, tuple[str | int, str]] = {}
    maybe: dict[int, str | int] = {}
    for pair in find_duplicates(frame).itertuples(index=False):
        first, second = names[pair.id_1], names[pair.id_2]
        ours = [name for name in (first, second) if isinstance(name, int)]
        if not ours:
            continue
        place = max(ours)
        other = second if first == place else first
        if pair.decision != "duplicate":
            maybe.setdefault(place, other)
        elif place not in found or (isinstance(other, str) and isinstance(found[place][0], int)):
            found[place] = (other, str(pair.reason))
    return found, maybe


def _row(name: str, record: Record) -> dict[str, str]:
    row = {field: getattr(record, field) for field in TEXT_FIELDS}
    return row | {"ID": name, "author": " and ".join(str(each) for each in record.authors), "ENTRYTYPE": record.type}


def _filled(first: Record, second: Record) -> Record:
    """A new record with what a further record of the same work adds."""
    values = {name: value for name in FILLED if not getattr(first, name) and (value := getattr(second, name))}
    keywords = tuple(dict.fromkeys((*first.keywords, *second.keywords)))
    return first.with_values(**values, keywords=keywords, authors=first.authors or second.authors)


def _changes(known: dict[str, Record], items: list[ImportedRecord]) -> list[FieldChange]:
    """What the records of known works add to their entries, or say otherwise; the first to add a field wins."""
    changes: dict[tuple[str, str, str], FieldChange] = {}
    added: set[tuple[str, str]] = set()
    for item in items:
        if item.key not in known:
            continue
        entry, file = known[item.key], item.record.origin.file
        for name in FILLED:
            offered, present = getattr(item.record, name), getattr(entry, name)
            if not offered or (name in {"journal", "booktitle", "publisher"} and entry.type != item.record.type):
                continue
            if not present and (item.key, name) not in added:
                added.add((item.key, name))
                changes[item.key, name, offered] = FieldChange(item.key, name, "add", "", offered, file)
            elif present and name != "abstract" and not _same(name, present, offered):
                changes[item.key, name, offered] = FieldChange(item.key, name, "differs", present, offered, file)
    return list(changes.values())


def _same(name: str, present: str, offered: str) -> bool:
    if name == "pages":
        return normal_pages(present) == offered
    if name == "journal":
        present, offered = normal_journal(present), normal_journal(offered)
    return "".join(filter(str.isalnum, present.lower())) == "".join(filter(str.isalnum, offered.lower()))
