"""A printed figure to an effect and its variance on the question's analysis scale, with the way in words.

One rule for all rows, so that no result can steer it. In this order:

1. an unadjusted ratio or risk difference whose four counts are known is computed from them: they are exact, a printed
   interval is rounded;
2. a value with its interval, as printed (the variance from the width of the interval);
3. a value with its standard error, as printed;
4. counts, person-time, means, or a correlation with its sample size.

A ``reversed`` row is turned (log ratio or difference times -1) so that it runs as the question asks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from toolkit import effects
from toolkit.errors import ModelInputError
from toolkit.vocabulary import RATIOS, Adjusted, EstimateMeasure, Orientation, QuestionMeasure

if TYPE_CHECKING:
    from toolkit.records import Estimate, Question

_COUNT_MEASURES = frozenset({EstimateMeasure.OR, EstimateMeasure.RR, EstimateMeasure.RD})
_CODES = {EstimateMeasure.R: "ZCOR", EstimateMeasure.PROP: "PLO"}
_POOLED_CODES = {QuestionMeasure.R: "ZCOR", QuestionMeasure.PROP: "PLO", QuestionMeasure.LOG_RATIO: "RATIO"}


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect on the analysis scale (log for ratios, Fisher's z for correlations) and how it was made.

    ``shift`` is how far the interval that ``v`` implies lies from the printed one that ``v`` was taken from, as a share
    of its width: an interval that is even about its effect is not always the one that a source prints.
    """

    y: float
    v: float
    transformation: str
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a figure has no effect on the question's scale."""

    reason: str


def effect_code(measure: EstimateMeasure) -> str:
    """The code in :mod:`toolkit.effects` of a row's measure on its analysis scale."""
    return _CODES.get(measure, measure.value)


def pooled_code(measure: QuestionMeasure | None) -> str:
    """The code in :mod:`toolkit.effects` of the scale on which a question is pooled (GEN where none is set)."""
    return "GEN" if measure is None else _POOLED_CODES.get(measure, measure.value)


def is_on_scale(estimate: Estimate, question: Question) -> bool:
    """Whether a row's measure can be pooled on the question's scale."""
    if estimate.measure is None or question.measure is None:
        return False
    if question.measure is QuestionMeasure.LOG_RATIO:
        return estimate.measure in RATIOS
    return estimate.measure.value == question.measure.value


def harmonise(estimate: Estimate, question: Question) -> Effect | Unusable:
    """The effect of a row on the question's scale, running as the question asks, or why there is none."""
    if not is_on_scale(estimate, question):
        row = estimate.measure or "no measure"
        return Unusable(f"its scale ({row}) is not that of the question ({question.measure or 'none set'})")
    try:
        effect = _effect(estimate)
    except ModelInputError as error:
        return Unusable(str(error))
    if isinstance(effect, Effect) and not (isfinite(effect.y) and isfinite(effect.v) and effect.v > 0):
        return Unusable("its figures give no effect with a variance (a spread of 0, or too small a group)")
    if isinstance(effect, Effect) and estimate.orientation is Orientation.REVERSED:
        way = f"{effect.transformation}; turned, because the contrast is printed the other way"
        return replace(effect, y=-effect.y, transformation=way)
    return effect


def _effect(row: Estimate) -> Effect | Unusable:
    exact_counts = row.has_counts and row.measure in _COUNT_MEASURES
    if exact_counts and row.adjusted is Adjusted.NO:
        return _from_counts(row)
    if row.has_interval:
        if row.ci_level is None:
            return Unusable("the level of its interval is not stated")
        return _from_interval(row)
    if row.value is not None and row.se is not None:
        y, v = effects.from_standard_error(effect_code(row.measure), float(row.value), float(row.se))
        return Effect(y.item(), v.item(), f"{row.measure} {row.value} with its standard error {row.se}, as printed")
    if exact_counts:
        return _from_counts(row)
    return _from_other_raw_figures(row)


def _from_interval(row: Estimate) -> Effect:
    value, low, high = float(row.value), float(row.ci_low), float(row.ci_high)
    y, v = effects.from_interval(effect_code(row.measure), value, low, high, level=float(row.ci_level) / 100)
    interval = f"{row.ci_level}% interval {row.ci_low} to {row.ci_high}"
    printed = f"{_scale_words(row)}{row.measure} {row.value} as printed"
    start, end = (float(limit) for limit in effects.find_measure(effect_code(row.measure)).transform([low, high]))
    shift = abs(y.item() - (start + end) / 2) / (end - start) if end > start else 0.0
    return Effect(y.item(), v.item(), f"{printed}; variance from its {interval}", shift)


def _from_counts(row: Estimate) -> Effect | Unusable:
    if row.measure in RATIOS and (row.events_1, row.events_2) in ((0, 0), (row.total_1, row.total_2)):
        return Unusable("nobody or everybody has the event in both groups, which says nothing of a ratio")
    counts = [float(figure) for figure in (row.events_1, row.total_1, row.events_2, row.total_2)]
    frame = effects.effect_sizes(
        row.measure.value, events_1=counts[0], total_1=counts[1], events_2=counts[2], total_2=counts[3]
    )
    cells = (counts[0], counts[1] - counts[0], counts[2], counts[3] - counts[2])
    zero = "; 1/2 added to each cell because one is 0" if min(cells) == 0 and row.measure in RATIOS else ""
    crude = ", unadjusted though the source adjusts" if row.adjusted is Adjusted.YES else ""
    printed = f"{row.measure} from counts {row.events_1}/{row.total_1} and {row.events_2}/{row.total_2}"
    return Effect(frame["y"].item(), frame["v"].item(), f"{_scale_words(row)}{printed}{crude}{zero}")


def _scale_words(row: Estimate) -> str:
    if row.measure in RATIOS:
        return "log of "
    return "Fisher's z of " if row.measure is EstimateMeasure.R else ""


def _from_other_raw_figures(row: Estimate) -> Effect | Unusable:
    if row.measure is EstimateMeasure.IRR and row.has_rates:
        frame = effects.effect_sizes(
            "IRR",
            events_1=float(row.events_1),
            time_1=float(row.time_1),
            events_2=float(row.events_2),
            time_2=float(row.time_2),
        )
        way = f"log of IRR from {row.events_1} in {row.time_1} and {row.events_2} in {row.time_2} person-time"
    elif row.measure in (EstimateMeasure.SMD, EstimateMeasure.MD) and row.has_means:
        frame = effects.effect_sizes(
            row.measure.value,
            mean_1=float(row.mean_1),
            sd_1=float(row.sd_1),
            n_1=float(row.total_1),
            mean_2=float(row.mean_2),
            sd_2=float(row.sd_2),
            n_2=float(row.total_2),
        )
        way = f"{row.measure} from means, standard deviations and sizes of both groups"
    elif row.measure is EstimateMeasure.R and row.value is not None and row.n_total is not None:
        frame = effects.effect_sizes("ZCOR", r=float(row.value), n=float(row.n_total))
        way = f"Fisher's z of r {row.value} with n {row.n_total}; variance 1/(n - 3)"
    else:
        return Unusable("no interval, standard error or raw figures are printed")
    return Effect(frame["y"].item(), frame["v"].item(), way)


def harmonise_published(question: Question) -> tuple[float, float, float] | None:
    """The published result with its limits on the question's analysis scale; ``None`` where it cannot stand there.

    A ratio of another kind may stand beside ours on the log scale; the plot names its measure.
    """
    published = question.published
    if published is None or published.measure is None or question.measure is None:
        return None
    figures = (published.value, published.ci_low, published.ci_high)
    ratio = question.measure is QuestionMeasure.LOG_RATIO or question.measure.value in {item.value for item in RATIOS}
    same_scale = published.measure in RATIOS if ratio else published.measure.value == question.measure.value
    if not same_scale or any(figure is None for figure in figures):
        return None
    y, low, high = effects.find_measure(effect_code(published.measure)).transform([float(item) for item in figures])
    return float(y), float(low), float(high)
