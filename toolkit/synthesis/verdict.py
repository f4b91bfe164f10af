"""The verdict rule: what a pooled interval, or a count of directions, says of a claim.

Effects come in oriented, so that positive is the effect that the claim speaks of (predicted, or denied by a negligible
claim). The rule is DESIGN's, written down before pooling; equivalence follows Schuirmann, J Pharmacokinet Biopharm
1987;15:657-680, non-superiority the same with one bound; a non-significant result alone never supports a negligible
claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.effects import find_measure
from toolkit.synthesis.harmonise import pooled_code
from toolkit.vocabulary import Outcome

if TYPE_CHECKING:
    from toolkit.records import Question


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for a question and the reason for it."""

    outcome: Outcome
    reason: str

    def __str__(self) -> str:
        return f"{self.outcome.value.capitalize()}: {self.reason}."


def judge_pooled(question: Question, low: float, high: float) -> tuple[Outcome, str]:
    """The outcome of a question's pooled result, and the reason, from its confidence limits as they were pooled.

    The limits are on the analysis scale and run as the question asks; they are turned so that positive is the effect
    that the claim speaks of.
    """
    sign = question.predicted.sign
    low, high = sorted((sign * low, sign * high))
    smallest = None
    if question.smallest_effect is not None:
        measure = find_measure(pooled_code(question.measure))
        smallest = abs(float(measure.transform(float(question.smallest_effect))))
    return judge_interval(low, high, smallest, negligible=question.predicted.is_negligible)


def judge_interval(low: float, high: float, smallest: float | None, *, negligible: bool) -> tuple[Outcome, str]:
    """The outcome of a pooled result, and the reason.

    :param low: lower confidence limit on the analysis scale, oriented so that positive is the effect spoken of.
    :param high: upper confidence limit.
    :param smallest: size of the smallest effect of interest on that scale, above 0; ``None`` where none is set.
    :param negligible: whether the claim says that the effect is too small to matter.
    """
    if negligible:
        if smallest is None:
            return Outcome.INCONCLUSIVE, "no smallest effect of interest is set, so smallness cannot be tested"
        return _judge_negligible(low, high, smallest)
    if low > 0:
        if smallest is not None and low > smallest:
            return Outcome.CLEARLY_SUPPORTED, "the whole interval lies beyond the smallest effect of interest"
        if smallest is not None and high < smallest:
            return Outcome.SUPPORTED, "the interval excludes no effect, but lies below the smallest effect of interest"
        return Outcome.SUPPORTED, "the interval excludes no effect"
    if high < 0:
        return Outcome.CONTRADICTED, "the whole interval lies on the other side of no effect"
    if smallest is not None and -smallest < low and high < smallest:
        return Outcome.TOO_SMALL, "the whole interval is smaller than the smallest effect of interest either way"
    return Outcome.INCONCLUSIVE, "the interval includes no effect and effects that would matter"


def _judge_negligible(low: float, high: float, smallest: float) -> tuple[Outcome, str]:
    if high < smallest:
        other_way = " (it points the other way)" if high < 0 else ""
        return Outcome.SUPPORTED, f"the interval excludes an effect as large as the smallest of interest{other_way}"
    if low > smallest:
        return Outcome.CONTRADICTED, "the whole interval lies beyond the smallest effect of interest"
    return Outcome.INCONCLUSIVE, "the interval does not exclude an effect that would matter"


def judge_directions(share_low: float, share_high: float) -> tuple[Outcome, str]:
    """The outcome of a count of directions, from the exact interval of the share of samples that point to the claim.

    A sign test says where effects point, not how large they are: it can never show that an effect is negligible.
    """
    if share_low > 0.5:
        return Outcome.DIRECTION_SUPPORTS, "more samples point to the claim than chance explains"
    if share_high < 0.5:
        return Outcome.DIRECTION_CONTRADICTS, "more samples point against the claim than chance explains"
    return Outcome.DIRECTION_INCONCLUSIVE, "the samples are too few or too divided to exclude chance"
