"""Effects with their intervals, drawn in a panel whose x axis is the analysis scale and whose y axis counts lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from toolkit.plots.style import BLUE, FONT_SIZE, GREY, INK, VERMILION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST, _SMALLEST = 8.5, 2.2  # sides of squares in points at full size
_HALF_DIAMOND, _HALF_BAR = 0.36, 0.13  # lines


class Mark(StrEnum):
    """How an effect is drawn; the shapes tell them apart without colour."""

    STUDY = "square"
    SUMMARY = "diamond"
    PREDICTION = "bar"
    REFERENCE = "cross"


@dataclass(frozen=True, slots=True)
class Interval:
    """An effect on the analysis scale with its limits; ``weight`` is the share of the heaviest study's, 0 to 1."""

    mark: Mark
    y: float
    low: float
    high: float
    weight: float = 1.0
    hollow: bool = False


def draw_interval(panel: Axes, interval: Interval, middle: float, size: float) -> None:
    """Draw an interval at the height ``middle``; what lies beyond the panel's x axis ends there in an arrow."""
    match interval.mark:
        case Mark.SUMMARY:
            corners = [interval.low, interval.y, interval.high, interval.y]
            heights = [middle, middle - _HALF_DIAMOND, middle, middle + _HALF_DIAMOND]
            panel.fill(corners, heights, facecolor=INK, edgecolor=INK, linewidth=0.8, zorder=3)
        case Mark.PREDICTION:
            low, high = _within(panel, interval)
            corners = [low, high, high, low]
            heights = [middle - _HALF_BAR, middle - _HALF_BAR, middle + _HALF_BAR, middle + _HALF_BAR]
            panel.fill(corners, heights, facecolor=GREY, edgecolor="none", zorder=2)
            _arrows(panel, interval, middle, GREY, size)
        case Mark.STUDY:
            side = (_SMALLEST + (_LARGEST - _SMALLEST) * interval.weight**0.5) * size / FONT_SIZE
            _whisker(panel, interval, middle, BLUE, size)
            _symbol(panel, interval, middle, "s", side, "white" if interval.hollow else BLUE, BLUE)
        case Mark.REFERENCE:
            _whisker(panel, interval, middle, VERMILION, size)
            _symbol(panel, interval, middle, "X", 7.5 * size / FONT_SIZE, VERMILION, "white")


def _whisker(panel: Axes, interval: Interval, middle: float, colour: str, size: float) -> None:
    panel.plot(_within(panel, interval), [middle, middle], color=colour, linewidth=1.1, zorder=2, solid_capstyle="butt")
    _arrows(panel, interval, middle, colour, size)


def _symbol(panel: Axes, interval: Interval, middle: float, marker: str, side: float, face: str, edge: str) -> None:
    panel.plot(
        [interval.y],
        [middle],
        marker=marker,
        markersize=side,
        markerfacecolor=face,
        markeredgecolor=edge,
        markeredgewidth=0.9 if marker == "s" else 0.5,
        linestyle="none",
        zorder=3,
    )


def _within(panel: Axes, interval: Interval) -> tuple[float, float]:
    first, last = panel.get_xlim()
    return max(first, interval.low), min(last, interval.high)


def _arrows(panel: Axes, interval: Interval, middle: float, colour: str, size: float) -> None:
    first, last = panel.get_xlim()
    for beyond, edge, marker in ((interval.low < first, first, "<"), (interval.high > last, last, ">")):
        if beyond:
            panel.plot([edge], [middle], marker, color=colour, markersize=0.55 * size, clip_on=False, zorder=3)
