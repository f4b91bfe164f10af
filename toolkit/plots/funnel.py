"""The contour-enhanced funnel plot: are small studies missing, and would the missing ones not be significant?

Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L. Contour-enhanced meta-analysis funnel plots help distinguish
publication bias from other causes of asymmetry. J Clin Epidemiol 2008;61(10):991-6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit import meta
from toolkit.effects import Measure, Scale, find_measure
from toolkit.numbers import significant
from toolkit.plots.axis import axis_range, natural_ticks
from toolkit.plots.inputs import checked_labels, refuse_missing
from toolkit.plots.style import BLUE, FONT_SIZE, GREY, INK, VERMILION, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from toolkit.meta import FunnelPoints, MetaResult

_SIZE = (5.6, 4.4)  # inches
_LEVELS = (0.90, 0.95, 0.99)
# From the middle outwards: p > 0.10, 0.05 to 0.10, 0.01 to 0.05; beyond is white.
_SHADES = ("#f1f1f1", "#dedede", "#c8c8c8")
_MARKER = 30.0  # points squared
_MARGIN = 1.06


def funnel(
    result: MetaResult,
    *,
    measure: str | Measure,
    labels: Sequence[str] | None = None,
    filled: tuple[ArrayLike, ArrayLike] | None = None,
    adjusted: tuple[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a contour-enhanced funnel plot of a fitted mean: effects against standard errors; gives the axes.

    Everything goes in on the analysis scale of ``result`` (log for ratios); the axis of effects is written on the
    natural one by ``measure`` (a code such as ``"OR"``). Shades are levels of p about no effect, dashed lines the
    limits within which chance alone would leave 95% of the studies of the pooled effect. ``filled`` holds effects and
    variances that trim-and-fill added (hollow points); ``adjusted`` is the name and value of an estimate adjusted for
    small-study effects (a dotted line). Raises ModelInputError for missing values and for a regression.
    """
    measure = find_measure(measure) if isinstance(measure, str) else measure
    labels = checked_labels(result.labels if labels is None else labels, result.k)
    refuse_missing("The pooled effect", (result.estimate,), ("estimate",))
    added = (np.empty(0), np.empty(0)) if filled is None else tuple(np.asarray(part, dtype=float) for part in filled)
    null = 0.0 if measure.null is None else float(measure.transform(measure.null))
    contours, about = meta.funnel(result, reference=null, levels=_LEVELS), meta.funnel(result, levels=(0.95,))
    tallest = _MARGIN * float(max(contours.se.max(), np.sqrt(added[1]).max(initial=0.0)))
    with look():
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=_SIZE, layout="constrained")
        ax.set_xlim(*_effects_shown(about, added[0], null, tallest))
        ax.set_ylim(tallest, 0.0)
        _draw_contours(ax, contours, tallest)
        _draw_lines(ax, result, about, adjusted, tallest)
        ax.scatter(about.y, about.se, s=_MARKER, color=BLUE, edgecolor="white", linewidth=0.6, zorder=4)
        if len(added[0]):
            ax.scatter(added[0], np.sqrt(added[1]), s=_MARKER, facecolor="white", edgecolor=VERMILION, zorder=4)
        _write_axes(ax, measure, filled=len(added[0]), adjusted=adjusted)
    ax.set_label(_alt_text(result, measure, labels, len(added[0]), adjusted))
    return ax


def _effects_shown(about: FunnelPoints, added: np.ndarray, null: float, tallest: float) -> tuple[float, float]:
    """The stretch of effects: all studies, no effect, and the funnel's foot as far as it does not dwarf those."""
    half = 1.96 * tallest
    places = [*about.y, *added, null, about.reference]
    return axis_range(places, [*places, about.reference - half], [*places, about.reference + half])


def _draw_contours(ax: Axes, contours: FunnelPoints, tallest: float) -> None:
    """Shaded wedges about no effect, the widest first."""
    for (_, low, high), shade in zip(reversed(contours.contours), reversed(_SHADES), strict=True):
        foot = tallest / contours.contour_se[-1]  # the wedges are straight: stretched to the foot of the plot
        null = contours.reference
        ends = [null + foot * (low[-1] - null), null, null + foot * (high[-1] - null)]
        ax.fill(ends, [tallest, 0.0, tallest], facecolor=shade, edgecolor="none", zorder=0)
    ax.axvline(contours.reference, color=INK, linewidth=0.8, zorder=1)


def _draw_lines(
    ax: Axes, result: MetaResult, about: FunnelPoints, adjusted: tuple[str, float] | None, tallest: float
) -> None:
    foot = tallest / about.contour_se[-1]
    centre = result.estimate
    for limit in about.contours[0][1:]:
        ax.plot(
            [centre, centre + foot * (limit[-1] - centre)], [0.0, tallest], color=GREY, dashes=(5, 3), linewidth=0.8
        )
    ax.plot([centre, centre], [0.0, tallest], color=GREY, dashes=(5, 3), linewidth=0.8, zorder=2)
    if adjusted is not None:
        ax.plot([adjusted[1]] * 2, [0.0, tallest], color=VERMILION, dashes=(1, 1.5), linewidth=1.4, zorder=3)


def _write_axes(ax: Axes, measure: Measure, *, filled: int, adjusted: tuple[str, float] | None) -> None:
    width = ax.get_window_extent().width * 72 / ax.figure.dpi
    ticks = natural_ticks(*ax.get_xlim(), measure, width=width, size=FONT_SIZE)
    ax.set_xticks(ticks.positions, ticks.labels)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(length=3, width=0.8, color=INK)
    ax.set_ylabel("Standard error")
    notes = [
        "Shades: p > 0.10, 0.05 to 0.10, 0.01 to 0.05; white: p < 0.01.",
        "Dashed: the pooled effect, and where chance leaves 95% of its studies.",
    ]
    if filled:
        notes.append(f"Hollow: {filled} {'study' if filled == 1 else 'studies'} added by trim-and-fill.")
    if adjusted is not None:
        notes.append(f"Dotted: {adjusted[0]} ({significant(float(measure.back_transform(adjusted[1])))}).")
    name = f"{measure.name} (log scale)" if measure.scale is Scale.LOG else measure.name
    ax.set_xlabel("\n".join([name, *notes]), linespacing=1.4)


def _alt_text(
    result: MetaResult, measure: Measure, labels: Sequence[str], filled: int, adjusted: tuple[str, float] | None
) -> str:
    """The plot in words: what stands in it, and how many studies lie on either side of the pooled effect."""
    least, most = int(np.argmin(result.v)), int(np.argmax(result.v))
    below = int(np.sum(result.y < result.estimate))
    pooled = significant(float(measure.back_transform(result.estimate)))
    sentences = [
        f"Funnel plot of {result.k} studies, {measure.name.lower()}, against their standard errors.",
        f"{below} lie below the pooled effect of {pooled} and {result.k - below} above it.",
        f"The most precise study is {labels[least]}, the least precise {labels[most]}.",
    ]
    if filled:
        sentences.append(f"Trim-and-fill adds {filled}.")
    if adjusted is not None:
        sentences.append(f"{adjusted[0]}: {significant(float(measure.back_transform(adjusted[1])))}.")
    return " ".join(sentences)
