"""The axis of effects: placed on the analysis scale, written on the natural one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from toolkit.effects.measures import Scale
from toolkit.numbers import MINUS
from toolkit.plots.text import text_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from toolkit.effects import Measure

_MOST_TICKS = 8
_TICK_GAP = 5.0  # points between two labels
# How far intervals may reach beyond the estimates, as a share of what the estimates span or a wide interval is.
_REACH = 0.75
_PADDING = 0.04


class Ticks(NamedTuple):
    """Tick positions on the analysis scale and what is written there."""

    positions: tuple[float, ...]
    labels: tuple[str, ...]


def axis_range(centres: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float]:
    """The stretch of the analysis scale to show: all ``centres``, and intervals as far as they do not dwarf those.

    One study with an interval from 0.01 to 400 would otherwise squeeze all others into a few points.
    """
    first, last = min(centres), max(centres)
    wide = float(np.quantile(np.subtract(highs, lows), 0.75))
    reach = _REACH * max(last - first, wide)
    low, high = max(min(first, *lows), first - reach), min(max(last, *highs), last + reach)
    padding = _PADDING * (high - low) or 1.0
    return low - padding, high + padding


def natural_ticks(low: float, high: float, measure: Measure, *, width: float, size: float) -> Ticks:
    """Round natural values between two places of the analysis scale, as many as fit in ``width`` points."""
    ends = tuple(float(end) for end in measure.back_transform(np.array([low, high])))
    scale = width / (high - low)
    ticks = Ticks((), ())
    for values in _ladders(*ends, measure):
        ticks = Ticks(tuple(float(y) for y in measure.transform(np.array(values))), tuple(map(_label, values)))
        if len(values) <= _MOST_TICKS and len(_thinned(ticks, scale, size).labels) == len(values):
            return ticks
    return _thinned(ticks, scale, size)


def _ladders(low: float, high: float, measure: Measure) -> Iterator[list[float]]:
    """Lists of round values between two natural values, from the densest to the sparsest, each with two or more."""
    if measure.scale is Scale.LOG and high / low > 3:
        ladders = _log_ladders(math.floor(math.log10(low)), math.ceil(math.log10(high)))
    elif measure.scale is Scale.LOGIT and (low < 0.1 or high > 0.9):
        ladders = _logit_ladders()
    else:
        ladders = []
    steps = [1, 2, 2.5, 5, 10]
    ladders += [list(MaxNLocator(bins, steps=steps).tick_values(low, high)) for bins in (7, 6, 5, 4, 3, 2)]
    for ladder in ladders:
        # Ten digits take away the noise of binary fractions.
        values = [value for value in (float(f"{step:.10g}") for step in ladder) if low <= value <= high]
        if len(values) >= 2:
            yield values


def _log_ladders(first: int, last: int) -> list[list[float]]:
    decades = range(first, last + 1)
    steps = [(1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)]
    ladders = [[step * 10.0**decade for decade in decades for step in ladder] for ladder in steps]
    return ladders + [[10.0**decade for decade in decades if decade % stride == 0] for stride in (2, 3, 4, 6, 8, 12)]


def _logit_ladders() -> list[list[float]]:
    """Shares as they are read off near 0 and 1: 0.01, 0.02, 0.05, 0.1 and the same from the other end."""
    ladders = []
    for steps, middle in (((1, 2, 5), (0.2, 0.3, 0.5, 0.7, 0.8)), ((1, 3), (0.3, 0.5, 0.7)), ((1,), (0.5,))):
        tail = [step * 10.0**decade for decade in range(-8, -1) for step in steps] + [0.1]
        ladders.append([*tail, *middle, *(1 - share for share in reversed(tail))])
    return ladders


def _thinned(ticks: Ticks, scale: float, size: float) -> Ticks:
    """The ticks whose labels have room, from the left; ``scale`` is the points a unit of the analysis scale gets."""
    kept: list[int] = []
    end = -math.inf
    for number, (position, label) in enumerate(zip(*ticks, strict=True)):
        half = text_width(label, size) / 2
        if scale * position - half >= end:
            kept.append(number)
            end = scale * position + half + _TICK_GAP
    return Ticks(tuple(ticks.positions[number] for number in kept), tuple(ticks.labels[number] for number in kept))


def _label(value: float) -> str:
    return f"{value:.10g}".replace("-", MINUS)
