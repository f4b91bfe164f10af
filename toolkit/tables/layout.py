"""How wide columns are and whether a table needs a page on its side: for formats that must fix widths (LaTeX, DOCX).

Widths are counted in characters. Each column has a least width, at which no word or number is broken, and one that it
would like, at which its typical line fits; what a page has beyond the least widths is shared out by those wishes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from toolkit.tables.value import Column, TableValue

# What fits on a line of an A4 page in small type.
PORTRAIT, LANDSCAPE = 90, 140
# A column of text reads well from here on, though it would like more.
GOOD_LINE, LONGEST_LINE, LONGEST_WORD = 26, 42, 26
# The space between two columns, and that before the first cells of a row group.
PADDING, INDENT = 2, 2
# Lines break at white space and after a hyphen.
_UNBROKEN = re.compile(r"[^\s-]+-?")


class Need(NamedTuple):
    """The least width of a column and the width that it would like, in characters."""

    least: float
    liked: float


def column_shares(table: TableValue) -> tuple[float, ...]:
    """The share of the table's width that each column gets; the shares sum to 1."""
    needs = _needs(table)
    room = LANDSCAPE if is_wide(table) else PORTRAIT
    least, liked = sum(need.least for need in needs), sum(need.liked for need in needs)
    stretch = min(1.0, max(0.0, (room - least) / (liked - least))) if liked > least else 1.0
    widths = [need.least + stretch * (need.liked - need.least) for need in needs]
    return tuple(width / sum(widths) for width in widths)


def is_wide(table: TableValue) -> bool:
    """Whether the table needs a page in landscape."""
    return sum(max(need.least, min(need.liked, GOOD_LINE)) for need in _needs(table)) > PORTRAIT


def is_crowded(table: TableValue) -> bool:
    """Whether even a page in landscape is too narrow for the least widths, so that the type must be smaller."""
    return sum(need.least for need in _needs(table)) > LANDSCAPE


def _needs(table: TableValue) -> list[Need]:
    indents = [INDENT if table.row_groups else 0, *[0] * (len(table.columns) - 1)]
    return [
        _need(column, [row[number] for row in table.rows], indents[number])
        for number, column in enumerate(table.columns)
    ]


def _need(column: Column, cells: list[str], indent: int) -> Need:
    if column.width is not None:
        return Need(column.width, column.width)
    words = [len(word) for cell in cells for word in _UNBROKEN.findall(cell)] or [0]
    lines = sorted(len(line) for cell in cells for line in cell.split("\n")) or [0]
    # Headings are bold, hence the character more. Numbers and intervals are not to wrap at all.
    heading = max([len(word) + 1 for word in _UNBROKEN.findall(column.title)], default=0)
    unbroken = max(heading, lines[-1] if column.align == "right" else max(words))
    least = min(unbroken, LONGEST_WORD) + PADDING + indent
    typical = lines[9 * (len(lines) - 1) // 10]
    return Need(least, max(least, min(typical, LONGEST_LINE) + PADDING + indent))
