"""Rows of text with a panel between them: the layout that plots with a row a study share.

Widths are in points; heights are in lines of text and grow downwards, so that row positions are the panel's y axis.
The type is made smaller, down to a limit, only where a figure of a given size leaves no other way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from toolkit.errors import ModelInputError
from toolkit.plots.style import FONT_SIZE, INK
from toolkit.plots.text import text_width, tidy, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

LINE_HEIGHT = 1.4  # in font sizes
_BASELINE = 0.26  # from a line's middle down to the baseline of capitals, in lines
_COLUMN_GAP, _ROW_GAP = 10.0, 0.35  # points at full size; lines
_MARGIN = 8.0  # points
_LEAST_WIDTH = 330.0  # of a figure of its own, so that the notes at its foot have room
_SMALLEST_SIZE, _NARROWEST_TEXT = 4.0, 45.0
_MOST_LINES = 2
_NUMBER = re.compile(r"[-−<>]?[\d.,]*%?|[–-]")
_NOTE_WIDTH = 200.0  # a note over a narrow block of columns makes it this wide
_NOTE_LINES = 40  # notes are never cut


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column of text: its heading (with its own line ends), its side, and the width at which its cells wrap."""

    heading: str
    align: Literal["left", "right"] = "left"
    widest: float = 140.0


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row: a cell a column; a note has one cell, which runs over the columns left of the panel."""

    cells: tuple[str, ...]
    bold: bool = False
    space_above: float = 0.0
    is_note: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """What is to be laid out: columns left and right of a panel, rows, notes at the foot.

    ``panel`` is the panel's least width in points; what is left of given axes goes to it where it ``stretches``.
    ``axis_lines`` is how many lines the panel's axis takes below it.
    """

    left: tuple[GridColumn, ...]
    right: tuple[GridColumn, ...]
    rows: tuple[GridRow, ...]
    panel: float
    stretches: bool = True
    axis_lines: float = 0.0
    foot: tuple[str, ...] = ()


class Line(NamedTuple):
    """A line of text at its place: x in points, y in lines."""

    text: str
    x: float
    y: float
    align: Literal["left", "right"]
    bold: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid with its places: font ``size``, ``width`` and ``height``, the panel's sides and end, each row's middle."""

    size: float
    width: float
    height: float
    panel: tuple[float, float]
    panel_end: float
    header_end: float
    middles: tuple[float, ...]
    lines: tuple[Line, ...]


def text_column(heading: str, cells: Sequence[str]) -> GridColumn:
    """A column for given cells, set right where all of them are numbers."""
    return GridColumn(heading, "right" if all(_NUMBER.fullmatch(cell) for cell in cells) else "left")


def lay_out(grid: Grid, ax: Axes | None) -> Layout:
    """The layout for the given axes, or the one that the grid would like for a figure of its own.

    Raises ModelInputError where the axes are too small for any readable type.
    """
    if ax is None:
        return _arranged(grid, FONT_SIZE, None)
    box = ax.get_window_extent()
    width, height = (pixels * 72 / ax.figure.dpi for pixels in (box.width, box.height))
    size = FONT_SIZE
    while size >= _SMALLEST_SIZE:
        layout = _arranged(grid, size, width)
        panel = layout.panel[1] - layout.panel[0]
        if panel >= grid.panel * size / FONT_SIZE - 0.01 and layout.height * size * LINE_HEIGHT <= height:
            return layout
        size -= 0.5
    raise ModelInputError(
        f"The axes ({width / 72:.1f} by {height / 72:.1f} inches) are too small for {len(grid.rows)} rows and "
        f"{len(grid.left) + len(grid.right)} columns of text: give larger axes or fewer columns, or leave out ax."
    )


def draw(layout: Layout, ax: Axes | None) -> tuple[Axes, Axes]:
    """The axes with the text in place, and the panel between it, whose y axis counts lines as the layout does."""
    ax = ax if ax is not None else _new_axes(layout)
    ax.set(xlim=(0, layout.width), ylim=(layout.height, 0))
    ax.axis("off")
    for line in layout.lines:
        ax.text(
            line.x,
            line.y + _BASELINE,
            line.text,
            ha=line.align,
            va="baseline",
            size=layout.size,
            weight="bold" if line.bold else "normal",
        )
    ax.plot([0, layout.width], [layout.header_end] * 2, color=INK, linewidth=0.8)
    left, right = layout.panel
    bounds = (left / layout.width, 1 - layout.panel_end / layout.height)
    panel = ax.inset_axes((*bounds, (right - left) / layout.width, layout.panel_end / layout.height))
    panel.set(ylim=(layout.panel_end, 0), yticks=[])
    panel.patch.set_alpha(0)
    for side in ("left", "right", "top", "bottom"):
        panel.spines[side].set_visible(False)
    return ax, panel


def _new_axes(layout: Layout) -> Axes:
    # pyplot and not a bare Figure: a notebook shows the figures that pyplot knows.
    import matplotlib.pyplot as plt

    width = layout.width + 2 * _MARGIN
    height = layout.height * layout.size * LINE_HEIGHT + 2 * _MARGIN
    figure = plt.figure(figsize=(width / 72, height / 72))
    return figure.add_axes((_MARGIN / width, _MARGIN / height, layout.width / width, 1 - 2 * _MARGIN / height))


def _arranged(grid: Grid, size: float, width: float | None) -> Layout:
    """The layout in this font size; the panel gets what the columns leave it of the width."""
    columns = (*grid.left, *grid.right)
    scale = size / FONT_SIZE
    rows = [row for row in grid.rows if not row.is_note]
    widths = [_wanted(column, [row.cells[i] for row in rows], rows, size) for i, column in enumerate(columns)]
    if len(rows) < len(grid.rows):
        block = sum(widths[: len(grid.left)]) + (len(grid.left) - 1) * _COLUMN_GAP * scale
        widths[0] += max(0.0, _NOTE_WIDTH * scale - block)
    needed = sum(widths) + len(columns) * _COLUMN_GAP * scale + grid.panel * scale
    if width is None:
        width = max(needed, _LEAST_WIDTH)
    widths = _narrowed(widths, columns, needed - width, scale)
    panel = width - sum(widths) - len(columns) * _COLUMN_GAP * scale
    if not grid.stretches:
        panel = min(panel, grid.panel * scale)
    return _placed(grid, size, width, widths, panel)


def _wanted(column: GridColumn, cells: Sequence[str], rows: Sequence[GridRow], size: float) -> float:
    widths = [text_width(tidy(cell), size, bold=row.bold) for cell, row in zip(cells, rows, strict=True)]
    heading = max((text_width(word, size, bold=True) for word in column.heading.split()), default=0.0)
    return max(min(max(widths, default=0.0), column.widest * size / FONT_SIZE), heading)


def _narrowed(widths: list[float], columns: Sequence[GridColumn], excess: float, scale: float) -> list[float]:
    """The widths with the excess taken from columns of words, in proportion to what they can spare."""
    spare = [
        max(0.0, width - _NARROWEST_TEXT * scale) if column.align == "left" else 0.0
        for width, column in zip(widths, columns, strict=True)
    ]
    if excess <= 0 or not sum(spare):
        return widths
    share = min(1.0, excess / sum(spare))
    return [width - share * part for width, part in zip(widths, spare, strict=True)]


def _placed(grid: Grid, size: float, width: float, widths: list[float], panel: float) -> Layout:
    gap = _COLUMN_GAP * size / FONT_SIZE
    starts: list[float] = []
    x = 0.0
    for number, column_width in enumerate(widths):
        if number == len(grid.left):
            x += panel + gap
        starts.append(x)
        x += column_width + gap
    panel_left = starts[len(grid.left) - 1] + widths[len(grid.left) - 1] + gap
    columns = list(zip((*grid.left, *grid.right), starts, widths, strict=True))
    header, y = _header(columns, size)
    header_end = y
    lines, middles = list(header), []
    for row in grid.rows:
        y += row.space_above
        texts = _row_texts(row, columns, size, note_width=panel_left - gap)
        height = max(len(text) for text in texts) + _ROW_GAP
        middles.append(y + height / 2)
        for (column, start, column_width), text in zip(columns, texts, strict=False):
            align = "left" if row.is_note else column.align
            edge = start if align == "left" else start + column_width
            lines += _stacked(text, edge, y + height / 2, align, bold=row.bold)
        y += height
    panel_end = y + _ROW_GAP
    y = panel_end + grid.axis_lines
    for note in grid.foot:
        text = wrapped(note, width, size, lines=_NOTE_LINES)
        lines += _stacked(text, 0.0, y + len(text) / 2, "left", bold=False)
        y += len(text)
    return Layout(size, width, y, (panel_left, panel_left + panel), panel_end, header_end, tuple(middles), tuple(lines))


def _header(columns: list[tuple[GridColumn, float, float]], size: float) -> tuple[list[Line], float]:
    """The headings, standing on one line, and where they end."""
    texts = [
        tuple(line for part in column.heading.split("\n") for line in wrapped(part, width, size, lines=3, bold=True))
        for column, _, width in columns
    ]
    height = max(len(text) for text in texts)
    lines = []
    for (column, start, width), text in zip(columns, texts, strict=True):
        edge = start if column.align == "left" else start + width
        lines += _stacked(text, edge, height - len(text) / 2, column.align, bold=True)
    return lines, height + 0.2


def _row_texts(
    row: GridRow, columns: list[tuple[GridColumn, float, float]], size: float, *, note_width: float
) -> list[tuple[str, ...]]:
    if row.is_note:
        return [wrapped(row.cells[0], note_width, size, lines=_NOTE_LINES)]
    return [
        wrapped(cell, width, size, lines=_MOST_LINES, bold=row.bold)
        for cell, (_, _, width) in zip(row.cells, columns, strict=True)
    ]


def _stacked(
    text: tuple[str, ...], x: float, middle: float, align: Literal["left", "right"], *, bold: bool
) -> list[Line]:
    top = middle - len(text) / 2
    return [Line(part, x, top + number + 0.5, align, bold) for number, part in enumerate(text) if part]
