"""The notes below a table, in the order that all formats print them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from toolkit.tables.marks import Marks
    from toolkit.tables.value import TableValue


class Note(NamedTuple):
    """A line below a table: a raised mark, a word in italics, and the text; mark and word may be empty."""

    mark: str
    lead: str
    text: str


def notes_of(table: TableValue, marked: Marks) -> list[Note]:
    """General notes, abbreviations, footnotes by their marks, then the sources."""
    abbreviations = "; ".join(f"{short}, {long}" for short, long in table.abbreviations)
    return [
        *(Note("", "Note." if number == 0 else "", text) for number, text in enumerate(table.notes)),
        *([Note("", "Abbreviations:", f"{abbreviations}.")] if abbreviations else []),
        *(Note(mark, "", text) for mark, text in marked.notes),
        *(Note("", "Source:", text) for text in table.sources),
    ]
