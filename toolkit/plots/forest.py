"""The forest plot: a row a study, the pooled effect below, and what a new study may find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects import Measure, Scale, find_measure
from toolkit.errors import ModelInputError
from toolkit.meta.heterogeneity import Tau2Estimator
from toolkit.numbers import confidence_level, estimate, fixed, interval, p_value, significant
from toolkit.plots.axis import axis_range, natural_ticks
from toolkit.plots.grid import Grid, GridColumn, GridRow, Layout, draw, lay_out, text_column
from toolkit.plots.inputs import checked_columns, checked_flags, checked_labels, refuse_missing
from toolkit.plots.intervals import Interval, Mark, draw_interval
from toolkit.plots.style import BAND, FONT, GREY, INK, look
from toolkit.plots.text import shortened, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from toolkit.meta import MetaResult

_PANEL, _LABEL_WIDEST, _EFFECT_WIDEST = 215.0, 175.0, 165.0  # points
_NO_BREAK = "\u00a0"
_TICK_LINES, _NAME_LINES, _FAVOURS_LINES = 1.5, 1.2, 1.2


class ReferenceRow(NamedTuple):
    """A result to compare with, such as a published pooled one; effect and limits on the analysis scale."""

    label: str
    y: float
    low: float
    high: float


class _Entry(NamedTuple):
    """A row of the plot: its texts, and what the panel shows beside them."""

    row: GridRow
    interval: Interval | None = None


def forest(
    result: MetaResult,
    *,
    measure: str | Measure,
    labels: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    hollow: Sequence[bool] | None = None,
    summary_label: str = "Pooled effect",
    smallest_effect: float | None = None,
    reference_rows: Sequence[ReferenceRow | tuple[str, float, float, float]] = (),
    favours: tuple[str, str] = ("", ""),
    notes: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw a fitted model as a forest plot; gives the axes, whose one child is the panel of effects.

    Everything goes in on the analysis scale of ``result`` (log for ratios) and is printed on the natural one by
    ``measure`` (a code such as ``"OR"``). Squares have areas by weight; intervals that leave the axis end in an arrow.
    ``columns`` maps headings to a text a study. ``hollow`` marks studies whose figure was computed for the review.
    ``smallest_effect`` is the smallest effect of interest: a dotted line, with a band from no effect to it.
    ``favours`` says what an effect left and right of no effect means. ``notes`` are further sentences for the foot.
    Without ``ax`` the figure is as large as its
    rows need. Raises ModelInputError for missing values and for texts that are not one a study.
    """
    measure = find_measure(measure) if isinstance(measure, str) else measure
    labels = checked_labels(result.labels if labels is None else labels, result.k)
    columns = checked_columns(columns, result.k)
    flags = checked_flags("hollow", hollow, result.k)
    references = [ReferenceRow(*row) for row in reference_rows]
    _check_numbers(result, labels, references, smallest_effect)
    entries = [
        *_study_entries(result, measure, labels, columns, flags),
        *_summary_entries(result, measure, len(columns), summary_label),
        *_reference_entries(references, measure, len(columns)),
    ]
    grid = _grid(result, measure, columns, entries, [*_foot(measure, flags, smallest_effect), *notes], any(favours))
    with look():
        layout = lay_out(grid, ax)
        ax, panel = draw(layout, ax)
        panel.set_xlim(*_limits(entries, measure, smallest_effect))
        _draw_guides(panel, layout, entries, measure, smallest_effect)
        for entry, middle in zip(entries, layout.middles, strict=True):
            if entry.interval is not None:
                draw_interval(panel, entry.interval, middle, layout.size)
        _draw_axis(panel, layout, measure)
        _draw_names(ax, panel, layout, measure, favours)
    ax.set_label(" ".join([_alt_text(result, measure, labels, references), *notes]))
    return ax


def _check_numbers(
    result: MetaResult, labels: Sequence[str], references: Sequence[ReferenceRow], smallest_effect: float | None
) -> None:
    refuse_missing("The effect (y)", result.y, labels)
    refuse_missing("The sampling variance (v)", result.v, labels)
    refuse_missing("The pooled effect", (result.estimate, result.ci_low, result.ci_high), ("estimate", "low", "high"))
    if smallest_effect is not None:
        refuse_missing("The smallest effect of interest", [smallest_effect], ["all studies"])
    for row in references:
        refuse_missing(f"A number of the reference row {row.label!r}", row[1:], ("y", "low", "high"))
        if not row.low <= row.y <= row.high:
            raise ModelInputError(
                f"The reference row {row.label!r} has an effect outside its limits: {row.y:g} ({row.low:g} to "
                f"{row.high:g}). All three belong on the analysis scale."
            )


def _study_entries(
    result: MetaResult,
    measure: Measure,
    labels: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    flags: Sequence[bool],
) -> list[_Entry]:
    half = NormalDist().inv_cdf((1 + result.level) / 2) * np.sqrt(result.v)
    heaviest = float(np.max(result.weights))
    entries = []
    for i, label in enumerate(labels):
        y, low, high = (float(x) for x in (result.y[i], result.y[i] - half[i], result.y[i] + half[i]))
        weight = float(result.weights[i])
        texts = (label, *(texts[i] for texts in columns.values()))
        row = GridRow((*texts, _printed(measure, y, low, high), f"{fixed(weight, 1)}%"))
        entries.append(_Entry(row, Interval(Mark.STUDY, y, low, high, weight / heaviest, flags[i])))
    return entries


def _summary_entries(result: MetaResult, measure: Measure, blanks: int, label: str) -> list[_Entry]:
    """The pooled effect, the prediction interval or why there is none, and the heterogeneity."""
    y, low, high = result.estimate, result.ci_low, result.ci_high
    between = ("",) * blanks
    summary = GridRow((label, *between, _printed(measure, y, low, high), "100%"), bold=True, space_above=0.4)
    entries = [_Entry(summary, Interval(Mark.SUMMARY, y, low, high))]
    predicted = result.prediction_interval()
    if predicted.low is not None and predicted.high is not None:
        name = f"{confidence_level(predicted.level)} prediction interval"
        row = GridRow((name, *between, _range(measure, predicted.low, predicted.high), ""))
        entries.append(_Entry(row, Interval(Mark.PREDICTION, y, predicted.low, predicted.high)))
    note = _heterogeneity(result)
    if predicted.reason:
        note += f" No prediction interval: {predicted.reason}"
    return [*entries, _Entry(GridRow((note,), is_note=True))]


def _reference_entries(references: Sequence[ReferenceRow], measure: Measure, blanks: int) -> list[_Entry]:
    entries = []
    for number, row in enumerate(references):
        texts = (row.label, *("",) * blanks, _printed(measure, row.y, row.low, row.high), "")
        grid_row = GridRow(texts, space_above=0.6 if number == 0 else 0.0)
        entries.append(_Entry(grid_row, Interval(Mark.REFERENCE, row.y, row.low, row.high)))
    return entries


def _heterogeneity(result: MetaResult) -> str:
    parts = [
        f"τ² = {significant(result.tau2)},",
        f"I² = {fixed(result.i2, 0)}%,",
        f"Q = {fixed(result.q)}",
        f"(df = {result.q_df},",
        f"p {_equals(p_value(result.q_p))}).",
    ]
    if result.settings.estimator is Tau2Estimator.EE:
        del parts[0]  # a common-effect model takes tau2 to be 0
    return " ".join(["Heterogeneity:", *(part.replace(" ", _NO_BREAK) for part in parts)])


def _equals(p: str) -> str:
    return f"{p[0]} {p[1:]}" if p[0] in "<>" else f"= {p}"


def _foot(measure: Measure, flags: Sequence[bool], smallest_effect: float | None) -> list[str]:
    notes = []
    if smallest_effect is not None:
        notes.append(
            f"Dotted line: smallest effect of interest ({significant(_natural(measure, smallest_effect)[0])})."
        )
    if any(flags):
        notes.append("Hollow squares: computed for this review from public data, not published estimates.")
    return notes


def _grid(
    result: MetaResult,
    measure: Measure,
    columns: Mapping[str, Sequence[str]],
    entries: Sequence[_Entry],
    foot: Sequence[str],
    has_favours: bool,
) -> Grid:
    return Grid(
        left=(
            GridColumn("Study", widest=_LABEL_WIDEST),
            *(text_column(heading, texts) for heading, texts in columns.items()),
        ),
        right=(
            GridColumn(f"{measure.name}\n({confidence_level(result.level)} CI)", "right", widest=_EFFECT_WIDEST),
            GridColumn("Weight", "right"),
        ),
        rows=tuple(entry.row for entry in entries),
        panel=_PANEL,
        axis_lines=_TICK_LINES + _NAME_LINES + (_FAVOURS_LINES if has_favours else 0.0) + 0.3,
        foot=tuple(foot),
    )


def _natural(measure: Measure, *values: float) -> list[float]:
    return [float(value) for value in measure.back_transform(np.array(values))]


def _printed(measure: Measure, y: float, low: float, high: float) -> str:
    return estimate(*_natural(measure, y, low, high))


def _range(measure: Measure, low: float, high: float) -> str:
    return interval(*_natural(measure, low, high))


def _null(measure: Measure) -> float | None:
    """No effect on the analysis scale."""
    return None if measure.null is None else float(measure.transform(measure.null))


def _limits(entries: Sequence[_Entry], measure: Measure, smallest_effect: float | None) -> tuple[float, float]:
    intervals = [entry.interval for entry in entries if entry.interval is not None]
    guides = [place for place in (_null(measure), smallest_effect) if place is not None]
    summary = [limit for item in intervals if item.mark is Mark.SUMMARY for limit in (item.low, item.high)]
    centres = [*(item.y for item in intervals), *summary, *guides]
    return axis_range(centres, [item.low for item in intervals], [item.high for item in intervals])


def _draw_guides(
    panel: Axes, layout: Layout, entries: Sequence[_Entry], measure: Measure, smallest_effect: float | None
) -> None:
    """The lines of no effect, of the smallest effect of interest (with its band) and of the pooled effect."""
    top = layout.header_end + 0.06
    span = [top, layout.panel_end]
    null = _null(measure)
    if smallest_effect is not None:
        if null is not None:
            panel.fill_betweenx(span, null, smallest_effect, facecolor=BAND, edgecolor="none", zorder=0)
        panel.plot([smallest_effect] * 2, span, color=GREY, linestyle=(0, (1, 1.5)), linewidth=1.3, zorder=1)
    if null is not None:
        panel.plot([null, null], span, color=INK, linewidth=0.8, zorder=1)
    pooled = next(
        number for number, entry in enumerate(entries) if entry.interval and entry.interval.mark is Mark.SUMMARY
    )
    summary = entries[pooled].interval
    if summary is not None:
        span = [top, layout.middles[pooled]]
        panel.plot([summary.y] * 2, span, color=GREY, linestyle=(0, (5, 3)), linewidth=0.7, zorder=1)


def _draw_axis(panel: Axes, layout: Layout, measure: Measure) -> None:
    ticks = natural_ticks(*panel.get_xlim(), measure, width=layout.panel[1] - layout.panel[0], size=layout.size)
    panel.spines["bottom"].set_visible(True)
    panel.set_xticks(ticks.positions, ticks.labels, size=layout.size, family=FONT, color=INK)
    panel.tick_params(axis="x", length=3, width=0.8, pad=2, color=INK)


def _draw_names(ax: Axes, panel: Axes, layout: Layout, measure: Measure, favours: tuple[str, str]) -> None:
    """Below the ticks: what the axis shows, and what its two sides mean, each no wider than it has room."""
    left, right = layout.panel
    y = layout.panel_end + _TICK_LINES + 0.75
    name = f"{measure.name} (log scale)" if measure.scale is Scale.LOG else measure.name
    ax.text((left + right) / 2, y, name, ha="center", va="baseline", size=layout.size)
    low, high = panel.get_xlim()
    null = _null(measure)
    share = 0.5 if null is None else (null - low) / (high - low)
    middle, gap = left + share * (right - left), 6.0
    for text, arrow, side, edge, room in (
        (favours[0], "← {}", "right", middle - gap, middle - gap),
        (favours[1], "{} →", "left", middle + gap, layout.width - middle - gap),
    ):
        if text:
            shown = shortened(arrow.format(tidy(text)), room, layout.size)
            ax.text(edge, y + _FAVOURS_LINES, shown, ha=side, va="baseline", size=layout.size)


def _alt_text(result: MetaResult, measure: Measure, labels: Sequence[str], references: Sequence[ReferenceRow]) -> str:
    """The plot in words: what is pooled, the result, the spread of the studies."""
    pooled = _printed(measure, result.estimate, result.ci_low, result.ci_high)
    first, last = int(np.argmin(result.y)), int(np.argmax(result.y))
    ends = [
        f"{significant(value)} ({labels[i]})"
        for i, value in zip((first, last), _natural(measure, *result.y[[first, last]]), strict=True)
    ]
    sentences = [
        f"Forest plot of {result.k} studies, {measure.name.lower()}.",
        f"Pooled effect with {confidence_level(result.level)} confidence interval: {pooled}.",
        f"The studies' effects run from {ends[0]} to {ends[1]}.",
    ]
    predicted = result.prediction_interval()
    if predicted.low is not None and predicted.high is not None:
        sentences.append(
            f"{confidence_level(predicted.level)} prediction interval {_range(measure, predicted.low, predicted.high)}."
        )
    sentences.append(_heterogeneity(result))
    sentences += [f"{row.label}: {_printed(measure, row.y, row.low, row.high)}." for row in references]
    return " ".join(sentences).replace(_NO_BREAK, " ")
