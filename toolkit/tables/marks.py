"""Footnote marks: which letter stands where, and the notes in the order of their letters."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_lowercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.tables.value import Footnote, TableValue

# Where a mark stands: (row, column), with None for "no row" in a heading; a row group is ("group", heading).
Place = tuple[int | str | None, str]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of a table: ``notes`` are pairs of mark and text, ``places`` says which marks stand on which place."""

    notes: tuple[tuple[str, str], ...]
    places: dict[Place, str]

    def of_column(self, column: str) -> str:
        """The marks on a column's heading: "", "a" or "a,b"."""
        return self.places.get((None, column), "")

    def of_group(self, heading: str) -> str:
        """The marks on a row group's heading."""
        return self.places.get(("group", heading), "")

    def of_cell(self, row: int, column: str) -> str:
        """The marks on a cell."""
        return self.places.get((row, column), "")


def marks(table: TableValue) -> Marks:
    """Letters for the footnotes in reading order: headings, then row by row, a row group before its rows."""
    ordered = sorted(table.footnotes, key=lambda footnote: _reading_order(footnote, table))
    letters: dict[str, str] = {}
    places: dict[Place, list[str]] = {}
    for footnote in ordered:
        letter = letters.setdefault(footnote.text, _letter(len(letters)))
        place = ("group", footnote.group) if footnote.group is not None else (footnote.row, str(footnote.column))
        if letter not in places.setdefault(place, []):
            places[place].append(letter)
    return Marks(
        notes=tuple((letter, text) for text, letter in letters.items()),
        places={place: ",".join(found) for place, found in places.items()},
    )


def _reading_order(footnote: Footnote, table: TableValue) -> tuple[int, int]:
    if footnote.group is not None:
        return next(group.start for group in table.row_groups if group.heading == footnote.group), -1
    column = next(number for number, column in enumerate(table.columns) if column.name == footnote.column)
    return (-1 if footnote.row is None else footnote.row), column


def _letter(number: int) -> str:
    """a to z, then aa, ab and so on."""
    before, last = divmod(number, 26)
    return (_letter(before - 1) if before else "") + ascii_lowercase[last]
