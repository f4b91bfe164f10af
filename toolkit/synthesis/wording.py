"""A synthesis in plain words: what was found, how sure it is, and what it cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.numbers import confidence_level, count, estimate, p_value, percent, significant
from toolkit.synthesis.select import votes
from toolkit.vocabulary import EffectDirection, Method, Outcome, QuestionMeasure, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.meta import SignTest
    from toolkit.records import PublishedResult
    from toolkit.synthesis.judged import Judged, SensitivityResult

FEWEST_FOR_A_SIGN_TEST = 6
"""With fewer samples even a unanimous count has an exact two-sided P above 0.05."""

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


def limits_text(synthesis: Judged) -> str:
    """The published result to compare with, and the limits of the question's evidence."""
    question = synthesis.question
    parts = []
    if question.published is not None:
        citation = synthesis.references[question.published.reference].short
        parts.append(f"Published: {published_text(question.published, citation)}.")
    if question.caveat:
        parts.append(f"Limits: {question.caveat}")
    return "\n".join([*parts, synthesis.document.limits])


def shared_text(synthesis: Judged) -> str:
    """Which figures stand under another question too, so that the two results are not independent."""
    places = dict.fromkeys((item.other_question, item.other_claim) for item in synthesis.shared)
    named = _list(f"{question} (claim {claim})" for question, claim in places)
    rows = _list(dict.fromkeys(item.estimate for item in synthesis.shared))
    return f"The figures of {rows} stand under {named} too: the results are not independent."


def _pooled(synthesis: Judged) -> list[str]:
    result, question = synthesis.result, synthesis.question
    name = MEASURE_NAMES[question.measure]
    level = confidence_level(result.level)
    pooled = natural_interval(synthesis, result.estimate, result.ci_low, result.ci_high)
    sentences = [
        f"Pooled {name} {pooled}, {level} confidence, from {result.k} independent samples{_people(synthesis)}."
    ]
    prediction = result.prediction_interval()
    if prediction.reason:
        sentences.append(f"No prediction interval: {prediction.reason}")
    else:
        span = _natural_span(synthesis, prediction.low, prediction.high)
        text = f"In a new setting the effect is expected between {span} ({level} prediction interval)"
        crosses = prediction.low < 0 < prediction.high and not result.ci_low < 0 < result.ci_high
        sentences.append(f"{text}, so that a new setting may show none." if crosses else f"{text}.")
    sentences.append(
        f"Heterogeneity: tau² {significant(result.tau2)}, I² {percent(result.i2 / 100)}, "
        f"Q {significant(result.q)} on {result.q_df} degrees of freedom (P {_equals(p_value(result.q_p))})."
    )
    supports, contradicts = synthesis.count(EffectDirection.SUPPORTS), synthesis.count(EffectDirection.CONTRADICTS)
    sentences.append(
        f"Of all {len(synthesis.votes)} samples with a finding, pooled or not, {supports} point to the claim and "
        f"{contradicts} against it."
    )
    sentences += [_sensitivity(synthesis, item) for item in synthesis.sensitivity]
    return sentences


def _people(synthesis: Judged) -> str:
    """The participants in words, and in how many of the samples they are stated."""
    if synthesis.participants is None:
        return ""
    stated = [size for size in synthesis.sample_sizes.values() if size is not None]
    if len(stated) == len(synthesis.sample_sizes):
        return f", {count(synthesis.participants)} participants"
    return f" ({count(synthesis.participants)} participants, a number that {len(stated)} of them state)"


def _sensitivity(synthesis: Judged, item: SensitivityResult) -> str:
    if item.result is None:
        return f"Too few samples are left {item.name}."
    value = natural_interval(synthesis, item.result.estimate, item.result.ci_low, item.result.ci_high)
    same = "the same verdict" if item.outcome is synthesis.verdict.outcome else f"then {item.outcome.value}"
    return f"{item.name[0].upper()}{item.name[1:]}: {value} from {item.result.k} samples, {same}."


def _directions(synthesis: Judged) -> list[str]:
    test = synthesis.sign_test
    ties = len(synthesis.votes) - test.n
    neither = f"; {ties} show no difference, no clear direction or conflicting findings" if ties else ""
    result = ""
    if not test.reason:
        result = (
            f" (sign test P {_equals(p_value(test.p_value))}; share {percent(test.proportion)}, "
            f"{confidence_level(test.level)} interval {percent(test.ci_low)} to {percent(test.ci_high)})"
        )
    sentences = [f"Direction of effect only, one vote a sample: {_split(test)}{neither}{result}."]
    if 0 < test.n < FEWEST_FOR_A_SIGN_TEST:
        sentences.append("Fewer than six samples with a direction cannot settle it, whatever they show.")
    if computed := _without_computed(synthesis):
        sentences.append(computed)
    if synthesis.question.predicted.is_negligible:
        sentences.append(
            "Directions cannot show that an effect is smaller than the smallest effect of interest, and a finding of "
            "no significant difference is no evidence of it."
        )
    else:
        sentences.append("A count of directions says nothing about how large the effect is.")
    return sentences


def _split(test: SignTest) -> str:
    if test.n == 0:
        return "no independent sample points to the claim or against it"
    if test.n == 1:
        return f"the one independent sample with a direction points {'to the claim' if test.positive else 'against it'}"
    return f"{test.positive} of {test.n} independent samples with a direction point to the claim"


def _without_computed(synthesis: Judged) -> str:
    """The count without the rows that this project computed itself; empty where there are none."""
    published = [row for row in synthesis.rows if row.estimate.status is not Status.COMPUTED]
    if len(published) == len(synthesis.rows):
        return ""
    signs = [vote.sign for vote in votes(published)]
    for_claim, against = signs.count(1), signs.count(-1)
    if (for_claim, for_claim + against) == (synthesis.sign_test.positive, synthesis.sign_test.n):
        return ""
    return f"Without the rows computed by this project: {for_claim} of {for_claim + against}."


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
