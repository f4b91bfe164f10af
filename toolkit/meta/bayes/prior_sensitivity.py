"""A Bayesian result under other priors of tau, side by side: does the conclusion hang on the prior?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.errors import ModelInputError
from toolkit.meta.bayes.model import fit_posterior
from toolkit.meta.bayes.priors import TauPrior, check_tau_prior
from toolkit.meta.bayes.result import BayesianResult
from toolkit.meta.display import Shown, number

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class PriorSensitivity(Shown):
    """Results of the same studies under several priors of tau, in the order of ``names``.

    A result is None where its prior leaves no posterior; ``reasons`` say why.
    """

    names: tuple[str, ...]
    results: tuple[BayesianResult | None, ...]
    reasons: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a prior, on the analysis scale.

        Columns: estimate (median of mu), ci_low, ci_high, probability_above_0, tau (median), tau_low, tau_high, pi_low,
        pi_high (a new study's effect), effect_bf10, heterogeneity_bf10 (missing under improper priors), reason.
        """
        import pandas as pd

        rows = [_row(result) if result else {} for result in self.results]
        return pd.DataFrame(rows, index=pd.Index(self.names, name="prior"), columns=_COLUMNS).assign(
            reason=list(self.reasons)
        )

    def _title(self) -> str:
        return f"Sensitivity to the prior of tau, {len(self.names)} priors"

    def _lines(self) -> list[tuple[str, str]]:
        lines = []
        for name, result, reason in zip(self.names, self.results, self.reasons, strict=True):
            if result is None:
                lines.append((name, reason))
                continue
            text = f"{number(result.estimate)} ({number(result.ci_low)} to {number(result.ci_high)})"
            lines.append((name, f"{text}, tau {number(result.tau.median)}"))
        return lines


_COLUMNS = [
    "estimate", "ci_low", "ci_high", "probability_above_0", "tau", "tau_low", "tau_high", "pi_low", "pi_high",
    "effect_bf10", "heterogeneity_bf10",
]  # fmt: skip


def _row(result: BayesianResult) -> dict[str, float | None]:
    tau = result.tau.interval(result.level, result.kind)
    predicted = result.predicted.interval(result.level, result.kind)
    values = (
        result.estimate, result.ci_low, result.ci_high, result.probability_beyond(0.0), result.tau.median, *tau,
        *predicted, result.effect_bayes_factor.bf10, result.heterogeneity_bayes_factor.bf10,
    )  # fmt: skip
    return dict(zip(_COLUMNS, values, strict=True))


def prior_sensitivity(result: BayesianResult, priors: Mapping[str, TauPrior] | Sequence[TauPrior]) -> PriorSensitivity:
    """The result's own prior of tau and these others, in their order, with everything else as it was.

    ``priors`` are named by a mapping, or by what they are. A prior that leaves no posterior for so few studies has a
    reason in place of numbers. Raises ModelInputError where there is none, or one is no prior of tau.
    """
    if not isinstance(result, BayesianResult):
        raise ModelInputError(f"prior_sensitivity takes a result of bayesian; got a {type(result).__name__}.")
    if not isinstance(priors, Mapping | Sequence):
        priors = [priors]
    named = dict(priors) if isinstance(priors, Mapping) else {str(prior): prior for prior in priors}
    if not named:
        raise ModelInputError("priors is empty: give the priors of tau to compare with, as [HalfNormal(0.5)].")
    results: list[BayesianResult | None] = [result]
    reasons = [""]
    for prior in named.values():
        check_tau_prior(prior)
        try:
            results.append(fit_posterior(result.studies, prior, result.mu_prior, result.level, result.kind))
            reasons.append("")
        except ModelInputError as error:
            results.append(None)
            reasons.append(str(error))
    return PriorSensitivity((f"{result.prior} (as fitted)", *named), tuple(results), tuple(reasons))
