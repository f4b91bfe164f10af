"""A synthesis in plain words: what was found, how sure it is, and what it cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.numbers import count, estimate, p_value, percent, significant
from toolkit.vocabulary import EffectDirection, Method, Outcome, QuestionMeasure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.records import PublishedResult
    from toolkit.synthesis.judged import Judged, SensitivityResult

MEASURE_NAMES = {
    QuestionMeasure.OR: "odds ratio",
    QuestionMeasure.RR: "risk ratio",
    QuestionMeasure.HR: "hazard ratio",
    QuestionMeasure.IRR: "incidence rate ratio",
    QuestionMeasure.RD: "risk difference",
    QuestionMeasure.SMD: "standardised mean difference",
    QuestionMeasure.R: "correlation",
    QuestionMeasure.PROP: "proportion",
    QuestionMeasure.LOG_RATIO: "ratio of mixed kinds",
}

_PREDICTION = {
    "increase": "more of the outcome with the exposure",
    "decrease": "less of the outcome with the exposure",
    "negligible-increase": "no increase of the outcome that would matter",
    "negligible-decrease": "no decrease of the outcome that would matter",
}


def synthesis_text(synthesis: Judged) -> str:
    """The whole synthesis in plain words: outcome first, then the numbers, then the limits."""
    return " ".join(synthesis_sentences(synthesis))


def synthesis_sentences(synthesis: Judged) -> list[str]:
    """The sentences of :func:`synthesis_text`."""
    sentences = [f"{synthesis.verdict.outcome.value.capitalize()}: {synthesis.verdict.reason}."]
    sentences += {Method.POOL: _pooled, Method.DIRECTION: _directions, Method.DESCRIBE: _description}[synthesis.method](
        synthesis
    )
    sentences += synthesis.fallbacks
    if synthesis.shared:
        sentences.append(shared_text(synthesis))
    return sentences


def prediction_text(synthesis: Judged) -> str:
    """What the claim predicts, with the smallest effect of interest."""
    question = synthesis.question
    text = _PREDICTION[question.predicted.value]
    if question.smallest_effect is None:
        return text
    name = MEASURE_NAMES.get(question.measure, "in the units of the outcome")
    return f"{text}; smallest effect of interest {question.smallest_effect} ({name})"


def natural_interval(synthesis: Judged, value: float, low: float, high: float) -> str:
    """An effect with its interval, from the analysis scale to the natural one, as printed."""
    return estimate(*(float(number) for number in synthesis.measure.back_transform(np.array([value, low, high]))))


def published_text(published: PublishedResult, citation: str) -> str:
    """A published pooled result with its source."""
    if published.value is None:
        return f"{citation} (no single pooled figure to compare with)"
    interval = f" ({published.ci_low} to {published.ci_high})" if published.ci_low is not None else ""
    measure = f"{published.measure} " if published.measure is not None else ""
    return f"{citation}: {measure}{published.value}{interval}"


def shared_text(synthesis: Judged) -> str:
    """Which figures stand under another question too, so that the two results are not independent."""
    places = dict.fromkeys((item.other_question, item.other_claim) for item in synthesis.shared)
    named = _list(f"{question} (claim {claim})" for question, claim in places)
    rows = _list(dict.fromkeys(item.estimate for item in synthesis.shared))
    return f"The figures of {rows} stand under {named} too: the results are not independent."


def _pooled(synthesis: Judged) -> list[str]:
    result, question = synthesis.result, synthesis.question
    name = MEASURE_NAMES[question.measure]
    level = percent(result.level)
    people = f", {count(synthesis.participants)} participants" if synthesis.participants else ""
    pooled = natural_interval(synthesis, result.estimate, result.ci_low, result.ci_high)
    sentences = [f"Pooled {name} {pooled}, {level} confidence, from {result.k} independent samples{people}."]
    prediction = result.prediction_interval()
    if prediction.reason:
        sentences.append(f"No prediction interval: {prediction.reason}")
    else:
        span = _natural_span(synthesis, prediction.low, prediction.high)
        text = f"In a new setting the effect is expected between {span} ({level} prediction interval)"
        crosses = prediction.low < 0 < prediction.high and not result.ci_low < 0 < result.ci_high
        sentences.append(f"{text}, which includes no effect." if crosses else f"{text}.")
    sentences.append(
        f"Heterogeneity: tau² {significant(result.tau2)}, I² {percent(result.i2 / 100)}, "
        f"Q {significant(result.q)} on {result.q_df} degrees of freedom (P {_equals(p_value(result.q_p))})."
    )
    supports, contradicts = synthesis.count(EffectDirection.SUPPORTS), synthesis.count(EffectDirection.CONTRADICTS)
    sentences.append(f"Of {len(synthesis.votes)} samples {supports} point to the claim and {contradicts} against it.")
    sentences += [_sensitivity(synthesis, item) for item in synthesis.sensitivity]
    return sentences


def _sensitivity(synthesis: Judged, item: SensitivityResult) -> str:
    if item.result is None:
        return f"Too few samples are left {item.name}."
    value = natural_interval(synthesis, item.result.estimate, item.result.ci_low, item.result.ci_high)
    same = "the same verdict" if item.outcome is synthesis.verdict.outcome else f"then {item.outcome.value}"
    return f"{item.name[0].upper()}{item.name[1:]}: {value} from {item.result.k} samples, {same}."


def _directions(synthesis: Judged) -> list[str]:
    test = synthesis.sign_test
    ties = len(synthesis.votes) - test.n
    neither = f"; {ties} more show no difference, no clear direction or conflicting findings" if ties else ""
    sentences = [
        f"Direction of effect only: {test.positive} of {test.n} independent samples with a direction point to the "
        f"claim{neither} (sign test P {_equals(p_value(test.p_value))}; share {percent(test.proportion)}, "
        f"{percent(test.level)} interval {percent(test.ci_low)} to {percent(test.ci_high)})."
    ]
    if synthesis.question.predicted.is_negligible:
        sentences.append(
            "Directions cannot show that an effect is smaller than the smallest effect of interest, and a finding of "
            "no significant difference is no evidence of it."
        )
    else:
        sentences.append("A count of directions says nothing about how large the effect is.")
    return sentences


def _description(synthesis: Judged) -> list[str]:
    if synthesis.verdict.outcome is Outcome.NO_EVIDENCE:
        return []
    votes = synthesis.votes
    if not votes:
        return ["The rows are descriptive or are published pooled results; none tests the claim in this review."]
    parts = [
        f"{synthesis.count(direction)} {words}"
        for direction, words in (
            (EffectDirection.SUPPORTS, "pointing to the claim"),
            (EffectDirection.CONTRADICTS, "pointing against it"),
            (EffectDirection.NO_DIFFERENCE, "without a difference"),
            (EffectDirection.UNCLEAR, "without a clear direction"),
            (None, "with conflicting findings"),
        )
        if synthesis.count(direction)
    ]
    return [f"{len(votes)} independent sample{'s' if len(votes) > 1 else ''}: {_list(parts)}."]


def _natural_span(synthesis: Judged, low: float, high: float) -> str:
    low, high = (float(number) for number in synthesis.measure.back_transform(np.array([low, high])))
    return f"{significant(low)} and {significant(high)}"


def _equals(text: str) -> str:
    return text if text[0] in "<>" else f"= {text}"


def _list(items: Iterable[str]) -> str:
    parts = list(items)
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
