"""A bibliographic record as plain values: what every format's reader gives, and what the library takes in.

A record holds text as people read it (Unicode, no LaTeX, no mark-up). The fields bear BibTeX's names, so that a record,
a reference and a column of a frame call one thing by one name; only ``authors``, ``editors`` and ``keywords`` hold
several values and are tuples.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.bibliography.names import Name


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was read: the file, its format (``"ris"``, ``"bibtex"``, ...), line and, where known, database.

    ``line`` counts from 1; in a format without lines (JSON, XML in one line) it is the record's number instead.
    """

    file: str = ""
    format: str = ""
    line: int | None = None
    database: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One publication. All values are plain text as printed; what is not known is empty.

    ``type`` is a BibTeX entry type in lower case. ``year`` is four digits, ``month`` and ``day`` numbers without
    leading zeros. ``institution`` is the school, institute or organisation behind a thesis or report. ``key`` is the
    key that the source gave it. ``other`` keeps (tag, value) pairs that the source holds and no field here takes, in
    the source's order and spelling, so that nothing that was read is lost.
    """

    type: str = "article"
    title: str = ""
    authors: tuple[Name, ...] = ()
    editors: tuple[Name, ...] = ()
    year: str = ""
    month: str = ""
    day: str = ""
    journal: str = ""
    booktitle: str = ""
    series: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    edition: str = ""
    publisher: str = ""
    address: str = ""
    institution: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    isbn: str = ""
    issn: str = ""
    url: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    language: str = ""
    note: str = ""
    key: str = ""
    origin: Origin = Origin()
    other: tuple[tuple[str, str], ...] = ()

    def with_values(self, **values: Any) -> Record:
        """The record with some values changed.

        :raises TypeError: a name that is no field of a record.
        """
        return replace(self, **values)

    def is_cut(self, role: str) -> bool:
        """Whether the list of names of a role (``"author"`` or ``"editor"``) ends with ``and others``."""
        return (CUT_SHORT, role) in self.other


CUT_SHORT = "et-al"
"""The tag in ``other`` that tells which list of names ends with ``and others``: its value is author or editor."""

TEXT_FIELDS: tuple[str, ...] = tuple(
    field.name
    for field in fields(Record)
    if field.name not in {"type", "authors", "editors", "keywords", "key", "origin", "other"}
)
"""The fields of a record that hold one text each, in the order in which entries are written."""
