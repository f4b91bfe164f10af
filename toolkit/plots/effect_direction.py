"""The effect direction plot: which way each study's finding points, where numbers cannot be pooled.

After Boon MH, Thomson H. The effect direction plot revisited: application of the 2019 Cochrane Handbook guidance on
alternative synthesis methods. Res Synth Methods 2021;12(1):29-33, doi 10.1002/jrsm.1458. Here a row is one finding,
and up and down are for and against the claim, not for and against health.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError, suggestion
from toolkit.plots.grid import Grid, GridColumn, GridRow, draw, lay_out, text_column
from toolkit.plots.inputs import checked_columns, checked_flags, checked_labels
from toolkit.plots.style import BLUE, FONT_SIZE, GREY, VERMILION, look
from toolkit.vocabulary import EffectDirection

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL = 46.0  # points
_WORDS = {
    EffectDirection.SUPPORTS: "supports",
    EffectDirection.CONTRADICTS: "contradicts",
    EffectDirection.NO_DIFFERENCE: "no difference",
    EffectDirection.UNCLEAR: "unclear",
}
_COLOURS = {EffectDirection.SUPPORTS: BLUE, EffectDirection.CONTRADICTS: VERMILION}
# The paper's classes of study size: fewer than 50, 50 to 300, more than 300 people (there, in the intervention group).
_CLASSES = ((50, 4.5), (301, 7.0), (np.inf, 10.0))
_MARKER = 7.0


def effect_direction(
    labels: Sequence[str],
    directions: Sequence[EffectDirection | str],
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
    sizes: Sequence[float | None] | None = None,
    hollow: Sequence[bool] | None = None,
    notes: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a row a study with an arrow for the direction of its finding, and count the directions; gives the axes.

    ``directions`` are relative to the claim: ``"supports"`` ▲, ``"contradicts"`` ▼, ``"no-difference"`` and
    ``"unclear"`` ◄►; the word stands beside the arrow. ``columns`` maps headings to a text a study (design, country).
    ``sizes`` are numbers of people, None where not reported: arrows are small below 50, large above 300 (Boon and
    Thomson 2021). ``hollow`` marks studies whose figure was computed for the review. ``notes`` are further sentences
    for the foot, after the count. Raises ModelInputError for a
    missing or unknown direction and for texts that are not one a study.
    """
    k = len(directions)
    if k == 0:
        raise ModelInputError("An effect direction plot needs at least one study, got none.")
    labels = checked_labels(labels, k)
    columns = checked_columns(columns, k)
    flags = checked_flags("hollow", hollow, k)
    points = [_checked_direction(direction, label) for direction, label in zip(directions, labels, strict=True)]
    areas = _checked_sizes(sizes, labels)
    rows = [
        GridRow((label, *(texts[i] for texts in columns.values()), _WORDS[points[i]])) for i, label in enumerate(labels)
    ]
    grid = Grid(
        left=(GridColumn("Study", widest=175.0), *(text_column(heading, texts) for heading, texts in columns.items())),
        right=(GridColumn("Direction of effect", widest=90.0),),
        rows=tuple(rows),
        panel=_PANEL,
        stretches=False,
        foot=(_count_line(points), *notes, *_foot(points, areas, flags)),
    )
    with look():
        layout = lay_out(grid, ax)
        ax, panel = draw(layout, ax)
        panel.set(xlim=(0, layout.panel[1] - layout.panel[0]), xticks=[])
        for i, middle in enumerate(layout.middles):
            size = (_MARKER if areas is None else _marker_size(areas[i])) * layout.size / FONT_SIZE
            _draw_arrow(panel, points[i], middle, size, hollow=flags[i])
    ax.set_label(" ".join([_alt_text(labels, points), *notes]))
    return ax


def _checked_direction(direction: EffectDirection | str, label: str) -> EffectDirection:
    try:
        return EffectDirection(direction)
    except ValueError:
        known = [member.value for member in EffectDirection]
        raise ModelInputError(
            f"The direction of {label} must be one of {', '.join(known)}, got {direction!r}."
            f"{suggestion(str(direction), known)}"
        ) from None


def _checked_sizes(sizes: Sequence[float | None] | None, labels: Sequence[str]) -> list[float | None] | None:
    if sizes is None:
        return None
    if len(sizes) != len(labels):
        raise ModelInputError(f"sizes must have one value a study: {len(labels)} studies, {len(sizes)} values.")
    known = [None if size is None or size != size else float(size) for size in sizes]
    for size, label in zip(known, labels, strict=True):
        if size is not None and size < 1:
            raise ModelInputError(f"The size of {label} must be 1 or more people, got {size:g}.")
    return known


def _marker_size(people: float | None) -> float:
    """The side of an arrow in points; a size that is not reported is drawn as the middle one."""
    return _MARKER if people is None else next(side for below, side in _CLASSES if people < below)


def _draw_arrow(panel: Axes, point: EffectDirection, middle: float, size: float, *, hollow: bool) -> None:
    colour = _COLOURS.get(point, GREY)
    centre = np.mean(panel.get_xlim())
    match point:
        case EffectDirection.SUPPORTS:
            arrows = [(centre, "^")]
        case EffectDirection.CONTRADICTS:
            arrows = [(centre, "v")]
        case _:
            arrows = [(centre - 0.58 * size, "<"), (centre + 0.58 * size, ">")]
    for x, marker in arrows:
        face = "white" if hollow else colour
        panel.plot([x], [middle], marker, markersize=size, markerfacecolor=face, markeredgecolor=colour, zorder=3)


def _count_line(points: Sequence[EffectDirection]) -> str:
    counts = ", ".join(f"{word} {points.count(member)}" for member, word in _WORDS.items())
    return f"{len(points)} {'finding' if len(points) == 1 else 'findings'}: {counts}."


def _foot(points: Sequence[EffectDirection], areas: list[float | None] | None, flags: Sequence[bool]) -> list[str]:
    notes = ["▲ supports the claim, ▼ contradicts it, ◄► no difference or unclear."]
    if areas is not None:
        unknown = " Not reported: as 50 to 300." if any(people is None for people in areas) else ""
        notes.append(f"Size of arrow: fewer than 50, 50 to 300, more than 300 people.{unknown}")
    if any(flags):
        notes.append("Hollow arrows: computed for this review from public data, not published estimates.")
    return notes


def _alt_text(labels: Sequence[str], points: Sequence[EffectDirection]) -> str:
    """The plot in words: the counts, and the studies by direction."""
    named = []
    for member, word in _WORDS.items():
        if studies := [label for label, point in zip(labels, points, strict=True) if point is member]:
            named.append(f"{word.capitalize()}: {', '.join(studies)}.")
    return " ".join([f"Effect direction plot of {_count_line(points)}", *named])
