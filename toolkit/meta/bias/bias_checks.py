"""What each method of the panel tests or corrects, and what its numbers say in words."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from toolkit.errors import ModelInputError
from toolkit.meta.bias.asymmetry import egger, rank_test
from toolkit.meta.bias.copas_model import copas_model
from toolkit.meta.bias.excess_significance import excess_significance
from toolkit.meta.bias.fail_safe import failsafe_n
from toolkit.meta.bias.henmi_copas import henmi_copas
from toolkit.meta.bias.limit_meta_analysis import limit_meta_analysis
from toolkit.meta.bias.pet_peese import pet_peese
from toolkit.meta.bias.selection_model import selection_model
from toolkit.meta.bias.trim_and_fill import trim_and_fill
from toolkit.meta.display import number, p_value, studies
from toolkit.meta.without_pooling.p_values import Alternative
from toolkit.numbers import percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from toolkit.meta.results import MetaResult

ALPHA = 0.1
"""Below this p-value a test is read as a sign of bias, as Egger et al. (1997) did: such tests have little power."""


class BiasMethod(StrEnum):
    """The methods of a panel, in its order."""

    EGGER = "Egger's regression"
    RANK_TEST = "rank test"
    TRIM_AND_FILL = "trim and fill"
    PET_PEESE = "PET-PEESE"
    HENMI_COPAS = "Henmi-Copas interval"
    LIMIT = "limit meta-analysis"
    COPAS = "Copas selection model"
    SELECTION_MODEL = "selection model"
    EXCESS_SIGNIFICANCE = "excess significance"
    FAILSAFE_N = "fail-safe N"


class Finding(NamedTuple):
    """The numbers of one method, those that it has, and what they say."""

    reading: str
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    statistic: float | None = None
    p_value: float | None = None


class Check(NamedTuple):
    """A method of the panel: what it asks, whether it rests on a funnel plot, and how it is run."""

    question: str
    funnel: bool
    run: Callable[[MetaResult, str | None], Finding]


class _Corrected(Protocol):
    """A result with a corrected pooled effect."""

    estimate: float
    ci_low: float | None
    ci_high: float | None


def _egger(result: MetaResult, alternative: str | None) -> Finding:
    found = egger(result)
    reading = _asymmetry(found.p_value, found.slope)
    return Finding(reading, found.estimate, found.ci_low, found.ci_high, found.statistic, found.p_value)


def _rank_test(result: MetaResult, alternative: str | None) -> Finding:
    _no_moderators(result, "The rank test takes no account of moderators: see Egger's regression.")
    found = rank_test(result)
    return Finding(_asymmetry(found.p_value, found.tau), statistic=found.tau, p_value=found.p_value)


def _trim_and_fill(result: MetaResult, alternative: str | None) -> Finding:
    found = trim_and_fill(result)
    if not found.k0:
        reading = f"No study seems to be missing on the {found.side} of the funnel plot."
    else:
        missing = f"{studies(found.k0)} {'seems' if found.k0 == 1 else 'seem'} to be missing on the {found.side}"
        reading = f"{missing} of the funnel plot. {_moved(result, found.filled)}"
    return Finding(reading, found.filled.estimate, found.filled.ci_low, found.filled.ci_high)


def _pet_peese(result: MetaResult, alternative: str | None) -> Finding:
    found = pet_peese(result)
    reading = f"By {found.chosen} (PET's p {p_value(found.pet_p)}). {_moved(result, found)}"
    return Finding(reading, found.estimate, found.ci_low, found.ci_high, found.statistic, found.p_value)


def _henmi_copas(result: MetaResult, alternative: str | None) -> Finding:
    found = henmi_copas(result)
    return Finding(_moved(result, found), found.estimate, found.ci_low, found.ci_high)


def _limit(result: MetaResult, alternative: str | None) -> Finding:
    found = limit_meta_analysis(result)
    if found.q_small_p < ALPHA:
        reading = f"p {p_value(found.q_small_p)}: effects go with standard errors beyond chance, or "
        reading += "heterogeneity makes it look so (this test does not allow for it)."
    else:
        reading = f"p {p_value(found.q_small_p)}: no clear small-study effects, which does not rule bias out."
    reading = f"{reading} {_moved(result, found)}"
    return Finding(reading, found.estimate, found.ci_low, found.ci_high, found.q_small, found.q_small_p)


def _copas(result: MetaResult, alternative: str | None) -> Finding:
    found = copas_model(result)
    if found.adjusted is None:
        raise ModelInputError(found.reason)
    p = found.path[0].residual_p
    if found.adjusted is found.path[0]:
        reading = f"p {p_value(p)}: no selection is needed to explain how effects go with standard errors."
        return Finding(reading, p_value=p)
    share = percent(found.adjusted.probability)
    reading = f"p {p_value(p)}: effects go with standard errors beyond chance. It would be explained if {share} of "
    reading += f"studies with the largest standard error were published. {_moved(result, found.adjusted)}"
    return Finding(reading, found.adjusted.estimate, found.adjusted.ci_low, found.adjusted.ci_high, None, p)


def _selection_model(result: MetaResult, alternative: str | None) -> Finding:
    found = selection_model(result, alternative=alternative)
    weight = number(float(found.delta[-1]), 2)
    shown = f"p {p_value(found.lrt_p)}: "
    if found.lrt_p < ALPHA:
        reading = f"{shown}results with p above {found.steps[0]:g} ({found.alternative}) seem to be published "
        reading += f"{weight} times as often as the others."
    else:
        reading = f"{shown}no clear sign that publication goes by p-values, which does not rule it out."
    if result.x is not None:
        return Finding(_with_notes(reading, found.notes), statistic=found.lrt, p_value=found.lrt_p)
    reading = _with_notes(f"{reading} {_moved(result, found)}", found.notes)
    return Finding(reading, found.estimate, found.ci_low, found.ci_high, found.lrt, found.lrt_p)


def _excess_significance(result: MetaResult, alternative: str | None) -> Finding:
    found = excess_significance(result, alternative=Alternative.TWO_SIDED if alternative is None else alternative)
    which = "" if found.alternative == Alternative.TWO_SIDED else f", {found.alternative}"
    counts = (
        f"p {p_value(found.p_value)}: {found.observed} significant at {found.alpha:g}{which}, "
        f"{number(found.expected, 3)} expected"
    )
    clear = "more than chance explains." if found.p_value < ALPHA else "no clear excess, which does not rule bias out."
    return Finding(f"{counts}; {clear}", statistic=found.ratio, p_value=found.p_value)


def _failsafe_n(result: MetaResult, alternative: str | None) -> Finding:
    found = failsafe_n(result)
    reading = f"Stouffer's combined p-value is above {found.alpha:g} as it is."
    if found.number:
        reading = f"{studies(found.number)} of no effect would bring Stouffer's combined p-value to {found.alpha:g}."
    caution = (
        "With caution: it supposes that hidden results are 0 on average and that effects do not vary, and no test says "
        "which number is large enough; Becker (2005) advises against its use."
    )
    return Finding(f"{reading} {caution}", statistic=float(found.number))


CHECKS = {
    BiasMethod.EGGER: Check("Do effects depend on their standard errors?", True, _egger),
    BiasMethod.RANK_TEST: Check("Do effects and their variances have the same order?", True, _rank_test),
    BiasMethod.TRIM_AND_FILL: Check(
        "How many studies lack for a symmetric funnel plot, and what is the mean with them?", True, _trim_and_fill
    ),
    BiasMethod.PET_PEESE: Check("What is the effect in a study of infinite precision?", True, _pet_peese),
    BiasMethod.HENMI_COPAS: Check(
        "What is the mean where small studies weigh as little as in a common-effect model?", True, _henmi_copas
    ),
    BiasMethod.LIMIT: Check(
        "What is the effect as precision grows without bound, with heterogeneity allowed for?", True, _limit
    ),
    BiasMethod.COPAS: Check(
        "How much selection of precise studies would explain the funnel plot, and what is the mean then?", True, _copas
    ),
    BiasMethod.SELECTION_MODEL: Check(
        "Does publication go by p-values, and what is the mean without that?", False, _selection_model
    ),
    BiasMethod.EXCESS_SIGNIFICANCE: Check(
        "Are more results significant than their power allows?", False, _excess_significance
    ),
    BiasMethod.FAILSAFE_N: Check("How many hidden studies of no effect would undo the result?", False, _failsafe_n),
}


def _asymmetry(p: float, slope: float) -> str:
    if p < ALPHA:
        way = "higher" if slope > 0 else "lower"
        return (
            f"p {p_value(p)}: effects are {way} in less precise studies. Publication bias is one reason, true "
            "differences between small and large studies another."
        )
    return f"p {p_value(p)}: no clear link between effects and precision, which does not rule bias out."


def _moved(result: MetaResult, found: _Corrected) -> str:
    """How a corrected effect compares with the pooled one, in words that suit any scale."""
    before, after = result.estimate, found.estimate
    if before * after < 0:
        way = "On the other side of no effect"
    elif abs(after) == abs(before):
        way = "The same as not corrected"
    else:
        way = f"{'Nearer to' if abs(after) < abs(before) else 'Farther from'} no effect than not corrected"
    if found.ci_low is None:
        return f"{way}, without an interval."
    return f"{way}; the interval {'includes' if found.ci_low <= 0 <= found.ci_high else 'excludes'} no effect."


def _with_notes(reading: str, notes: tuple[str, ...]) -> str:
    return " ".join([reading, *notes])


def _no_moderators(result: MetaResult, reason: str) -> None:
    if result.x is not None:
        raise ModelInputError(reason)
