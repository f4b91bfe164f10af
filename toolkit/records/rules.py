"""What must hold inside one estimate: intervals, counts, ranges, roles, sources. No statistics, only arithmetic."""

from __future__ import annotations

from decimal import Decimal
from math import atanh, log
from typing import TYPE_CHECKING

from toolkit.errors import Severity
from toolkit.vocabulary import NO_SAMPLE, Adjusted, EffectDirection, EstimateMeasure, Orientation, Role, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.records.estimate import Estimate
    from toolkit.records.principle import PublishedResult, Question

SYMMETRY_TOLERANCE = 0.10
"""How uneven an interval may be, as a share of its width on the analysis scale, beyond what rounding explains."""

Broken = tuple[Severity, str, str, str, str]
"""A broken rule: severity, rule, column, message, hint."""

RANGES = {
    EstimateMeasure.PROP: (Decimal(0), Decimal(1), "a proportion lies between 0 and 1: divide a percentage by 100"),
    EstimateMeasure.R: (Decimal(-1), Decimal(1), "a correlation lies between -1 and 1"),
    EstimateMeasure.RD: (Decimal(-1), Decimal(1), "a risk difference lies between -1 and 1: divide points by 100"),
}
"""The least and the greatest value of the measures that have both, and what to do about one beyond them."""


def estimate_rules(estimate: Estimate, question: Question | None) -> Iterator[Broken]:
    """Every rule that an estimate breaks. ``question`` is its question, where that is known."""
    yield from figure_rules(estimate)
    yield from _interval(estimate)
    yield from _standard_error(estimate)
    yield from _counts(estimate)
    yield from _agreement(estimate)
    yield from _role(estimate)
    yield from _source(estimate)
    if question is not None:
        yield from _direction(estimate, question)


def figure_rules(row: Estimate | PublishedResult) -> Iterator[Broken]:
    """What must hold for a value and its interval wherever they stand: both limits, order, range of the measure."""
    if (row.ci_low is None) != (row.ci_high is None):
        column = "ci_low" if row.ci_low is None else "ci_high"
        yield (
            Severity.ERROR,
            "interval",
            column,
            "only one confidence limit is given",
            "add the other, or take both out",
        )
    elif row.ci_low is not None and row.ci_high is not None:
        if row.ci_low > row.ci_high:
            message = f"{row.ci_high} is below ci_low {row.ci_low}"
            yield Severity.ERROR, "interval-order", "ci_high", message, "swap them, or read the source again"
        elif row.value is not None and not row.ci_low <= row.value <= row.ci_high:
            message = f"{row.value} lies outside its interval, {row.ci_low} to {row.ci_high}"
            yield Severity.ERROR, "interval-order", "value", message, "read the source again"
    yield from _ranges(row)


def _interval(row: Estimate) -> Iterator[Broken]:
    if row.ci_low is None or row.ci_high is None or row.ci_low > row.ci_high:
        return
    if row.value is None:
        yield Severity.WARNING, "interval", "value", "an interval without a value", "add the value from the source"
    elif row.ci_low <= row.value <= row.ci_high and unevenness(row) > SYMMETRY_TOLERANCE:
        message = f"{row.value} is far from the middle of {row.ci_low} to {row.ci_high} on the analysis scale"
        hint = "read the source again for a misprint; if it stands so there, say so in the note"
        yield Severity.WARNING, "interval-symmetry", "value", message, hint
    if row.ci_level is None:
        hint = "add the level that the source states; without it no standard error can be derived"
        yield Severity.WARNING, "interval-level", "ci_level", "an interval without its confidence level", hint


def unevenness(row: Estimate) -> float:
    """How far the value lies from the middle of its interval on the analysis scale, as a share of the width.

    The least that the figures allow when each may be off by half a unit of its last printed digit. Proportions give 0:
    their intervals are often exact ones, which are uneven rightly.
    """
    if row.measure is EstimateMeasure.PROP or None in (row.value, row.ci_low, row.ci_high):
        return 0.0
    scale = log if row.measure and row.measure.is_ratio else atanh if row.measure is EstimateMeasure.R else float
    try:
        (value_from, value_to), (low_from, low_to), (high_from, high_to) = (
            tuple(scale(bound) for bound in _rounding_bounds(number)) for number in (row.value, row.ci_low, row.ci_high)
        )
    except ValueError:  # a figure outside the scale, which is a finding of its own, or one rounded to its edge
        return 0.0
    middle_from, middle_to = (low_from + high_from) / 2, (low_to + high_to) / 2
    gap = max(0.0, value_from - middle_to, middle_from - value_to)
    width = high_to - low_from
    return gap / width if width > 0 else 0.0


def _rounding_bounds(number: Decimal) -> tuple[float, float]:
    half = Decimal(5).scaleb(int(number.as_tuple().exponent) - 1)
    return float(number - half), float(number + half)


def _ranges(row: Estimate | PublishedResult) -> Iterator[Broken]:
    figures = [(name, getattr(row, name)) for name in ("value", "ci_low", "ci_high")]
    present = [(name, figure) for name, figure in figures if figure is not None]
    if present and row.measure is None:
        yield Severity.ERROR, "measure", "measure", "a value without its measure", "say what the value is"
    for name, figure in present:
        if row.measure is not None and row.measure.is_ratio and (figure < 0 or (figure == 0 and name != "ci_low")):
            hint = "a ratio is above 0: a logged ratio has to be entered unlogged"
            yield Severity.ERROR, "range", name, f"{figure} cannot be a ratio", hint
        low, high, hint = RANGES.get(row.measure, (None, None, ""))
        if low is not None and high is not None and not low <= figure <= high and name == "value":
            yield Severity.ERROR, "range", name, f"{figure} is out of range for {row.measure}", hint


def _standard_error(row: Estimate) -> Iterator[Broken]:
    if row.se is not None and row.measure is not None and row.measure.is_ratio:
        hint = "give the confidence interval: it is not known whether such a standard error is of the log"
        yield Severity.ERROR, "standard-error", "se", "a standard error of a ratio", hint


def _counts(row: Estimate) -> Iterator[Broken]:
    for column in ("n_total", "events_1", "total_1", "events_2", "total_2"):
        number = getattr(row, column)
        if number is not None and number != number.to_integral_value():
            yield Severity.ERROR, "counts", column, f"{number} is no whole number", "read the source again"
        if number is not None and number < 1 and not column.startswith("events"):
            yield Severity.ERROR, "counts", column, "a group of nobody", "read the source again, or leave it empty"
    for group in ("1", "2"):
        events, total = getattr(row, f"events_{group}"), getattr(row, f"total_{group}")
        if events is not None and total is not None and events > total:
            message = f"{events} events among {total} people"
            yield Severity.ERROR, "counts", f"events_{group}", message, "swap them, or read the source again"
    totals = [total for total in (row.total_1, row.total_2) if total is not None]
    if row.n_total is not None and len(totals) == 2 and sum(totals) > row.n_total:
        message = f"{row.n_total} is less than the groups together ({sum(totals)})"
        yield Severity.WARNING, "counts", "n_total", message, "read the source again, or explain it in the note"


def _agreement(row: Estimate) -> Iterator[Broken]:
    """The printed value of an unadjusted row beside that of its four counts, which are what is pooled."""
    if row.adjusted is not Adjusted.NO or row.value is None or not row.has_counts:
        return
    cells = (row.events_1, row.total_1 - row.events_1, row.events_2, row.total_2 - row.events_2)
    if min(cells) < 0:
        return  # which is a finding of its own
    low, high = _rounding_bounds(row.value)
    half = Decimal("0.5")
    crude = [_crude_value(row.measure, *table) for table in (cells, [cell + half for cell in cells])]
    known = [value for value in (crude if min(cells) == 0 else crude[:1]) if value is not None]
    if known and not any(low <= float(value) <= high for value in known):
        counts = f"{row.events_1} of {row.total_1} and {row.events_2} of {row.total_2}"
        message = f"{row.measure} {row.value}, but the counts {counts} make it {known[-1]:.4g}"
        hint = "the counts are used: read both in the source again; if they stand so there, say so in the note"
        yield Severity.WARNING, "counts-agreement", "value", message, hint


def _crude_value(
    measure: EstimateMeasure | None, events_1: Decimal, others_1: Decimal, events_2: Decimal, others_2: Decimal
) -> Decimal | None:
    """The measure of a two-by-two table, natural scale; ``None`` for other measures and where it is not defined."""
    total_1, total_2 = events_1 + others_1, events_2 + others_2
    match measure:
        case EstimateMeasure.OR:
            above, below = events_1 * others_2, others_1 * events_2
        case EstimateMeasure.RR:
            above, below = events_1 * total_2, total_1 * events_2
        case EstimateMeasure.RD:
            above, below = events_1 * total_2 - events_2 * total_1, total_1 * total_2
        case _:
            return None
    return above / below if below else None


def _role(row: Estimate) -> Iterator[Broken]:
    if row.role is not Role.PRIMARY:
        return
    if row.sample == NO_SAMPLE:
        hint = "name the people or data that it rests on"
        yield Severity.ERROR, "role", "sample", "a primary row needs a sample", hint
    correlation = row.measure is EstimateMeasure.R and row.value is not None and row.n_total is not None
    if not (
        row.has_interval
        or (row.value is not None and row.se is not None)
        or row.has_counts
        or row.has_rates
        or row.has_means
        or correlation
    ):
        hint = "give an interval, a standard error, counts, means or a correlation with n_total, or use role direction"
        yield Severity.ERROR, "role", "role", "a primary row needs figures that can be pooled", hint


def _source(row: Estimate) -> Iterator[Broken]:
    if row.status is Status.RECALLED:
        return
    if row.source_url is None:
        hint = "give the address at which the figure was seen, or set the status to recalled"
        yield Severity.ERROR, "source", "source_url", "no source address", hint
    if row.source_locator is None:
        hint = "say where in the source it stands: page, table, section"
        yield Severity.WARNING, "source", "source_locator", "no place in the source", hint
    if row.status in (Status.DERIVED, Status.COMPUTED) and row.note is None:
        hint = "say from which figures or data it was made, and how"
        yield Severity.ERROR, "source", "note", f"a {row.status} figure without a note", hint


def _direction(row: Estimate, question: Question) -> Iterator[Broken]:
    if question.predicted.is_negligible or row.value is None or row.role not in (Role.PRIMARY, Role.ADDITIONAL):
        return
    null = 1 if row.measure is not None and row.measure.is_ratio else 0
    side = (row.value > null) - (row.value < null)
    side *= question.predicted.sign * (-1 if row.orientation is Orientation.REVERSED else 1)
    stated = {EffectDirection.SUPPORTS: 1, EffectDirection.CONTRADICTS: -1}.get(row.direction, 0)
    if side * stated < 0:
        message = f"says {row.direction}, but {row.measure} {row.value} ({row.orientation}) points the other way"
        yield Severity.WARNING, "direction", "direction", message, "check the direction and the orientation"
