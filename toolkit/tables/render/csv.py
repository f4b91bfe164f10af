"""CSV for spreadsheets: the grid of cells, safe to open.

A byte order mark comes first, because Excel reads a file without one in the local code page and shows "≥" as
"â‰¥"; Python (utf-8-sig), pandas and R (UTF-8-BOM) skip it. A row group becomes a first column and the footnotes of
a row a last one, so that the file stays one header and one row a record; title and general notes have no place.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from toolkit.numbers import MINUS

if TYPE_CHECKING:
    from toolkit.tables.value import TableValue

# What makes a spreadsheet read a cell as a formula: the usual characters, control characters before them, and the
# full-width forms that some of its versions fold to them.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?%?")


def document(table: TableValue) -> bytes:
    """The table as UTF-8 CSV with a byte order mark, comma separated; line ends are ``\\n``."""
    groups = _group_of_row(table)
    notes = _notes_of_row(table)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    lines = [(groups.get(number, ""), row, notes.get(number, "")) for number, row in enumerate(table.rows)]
    for group, row, note in [("Group", [column.title for column in table.columns], "Notes"), *lines]:
        cells = [*([group] if groups else []), *row, *([note] if notes else [])]
        writer.writerow([guarded(text) for text in cells])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def guarded(text: str) -> str:
    """A cell that no spreadsheet runs: text that could be a formula gets a leading apostrophe; numbers stay numbers.

    The minus sign of a number becomes the hyphen that programs read as one.
    """
    number = text.replace(MINUS, "-")
    if _NUMBER.fullmatch(number):
        return number
    return f"'{text}" if _FORMULA.match(text) else text


def _group_of_row(table: TableValue) -> dict[int, str]:
    return {row: group.heading for group in table.row_groups for row in range(group.start, group.stop)}


def _notes_of_row(table: TableValue) -> dict[int, str]:
    titles = {column.name: column.title for column in table.columns}
    notes: dict[int, list[str]] = {}
    for footnote in table.footnotes:
        if footnote.row is not None:
            notes.setdefault(footnote.row, []).append(f"{titles[str(footnote.column)]}: {footnote.text}")
    return {row: "; ".join(texts) for row, texts in notes.items()}
