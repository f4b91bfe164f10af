"""PET-PEESE: the effect in a study of infinite precision, by regression on standard errors or variances."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from toolkit.meta.bias.asymmetry import Egger, Predictor, egger
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.display import Shown, number, p_value, studies, with_limits
from toolkit.meta.settings import check_fraction

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.meta.results import MetaResult


class ConditionalEstimate(StrEnum):
    """The precision-effect test, or the precision-effect estimate with standard error."""

    PET = "PET"
    PEESE = "PEESE"


@dataclass(frozen=True, eq=False)
class PetPeese(Shown):
    """The conditional estimate, on the analysis scale, with both regressions behind it.

    ``pet`` has the standard error, ``peese`` the variance as predictor; the estimate of each is its intercept.
    ``chosen`` is PEESE where the two-sided p-value of PET's intercept, ``pet_p``, is below ``alpha``.
    """

    pet: Egger
    peese: Egger
    alpha: float

    @property
    def chosen(self) -> ConditionalEstimate:
        """Which of the two is the conditional estimate."""
        return ConditionalEstimate.PEESE if self.pet_p < self.alpha else ConditionalEstimate.PET

    @property
    def pet_p(self) -> float:
        """Two-sided p-value of PET's intercept: no effect in a study of infinite precision."""
        return float(self.pet.coefficients["p_value"].iloc[0])

    @property
    def estimate(self) -> float:
        """The intercept of the chosen regression."""
        return self._number("estimate")

    @property
    def se(self) -> float:
        """Its standard error."""
        return self._number("se")

    @property
    def statistic(self) -> float:
        """Its t statistic, with :attr:`df` degrees of freedom."""
        return self._number("statistic")

    @property
    def df(self) -> float:
        """Degrees of freedom: k - 2."""
        return self._number("df")

    @property
    def p_value(self) -> float:
        """Two-sided p-value of the estimate."""
        return self._number("p_value")

    @property
    def ci_low(self) -> float:
        """Lower confidence limit of the estimate."""
        return self._number("ci_low")

    @property
    def ci_high(self) -> float:
        """Upper confidence limit of the estimate."""
        return self._number("ci_high")

    def to_frame(self) -> pd.DataFrame:
        """The intercepts, a row each for PET and PEESE: estimate to ci_high, and ``chosen``, true for one."""
        import pandas as pd

        rows = pd.concat([self.pet.coefficients.iloc[:1], self.peese.coefficients.iloc[:1]])
        rows.index = pd.Index([str(kind) for kind in ConditionalEstimate], name="model")
        return rows.assign(chosen=rows.index == self.chosen)

    def _number(self, name: str) -> float:
        model = self.peese if self.chosen == ConditionalEstimate.PEESE else self.pet
        return float(model.coefficients[name].iloc[0])

    def _title(self) -> str:
        return f"PET-PEESE, {studies(self.pet.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        sign = "<" if self.chosen == ConditionalEstimate.PEESE else "not <"
        lines = []
        for kind, model in ((ConditionalEstimate.PET, self.pet), (ConditionalEstimate.PEESE, self.peese)):
            p = float(model.coefficients["p_value"].iloc[0])
            limits = with_limits(model.estimate, model.ci_low, model.ci_high, model.level)
            lines.append((str(kind), f"{limits}, p {p_value(p)}"))
        return [*lines, ("Conditional estimate", f"{self.chosen}: PET's p is {sign} {number(self.alpha)}")]


def pet_peese(result: MetaResult, *, alpha: float = 0.1) -> PetPeese:
    """Estimate the effect in a study of infinite precision (Stanley and Doucouliagos 2014, Res Synth Methods 5:60).

    PET regresses effects on their standard errors, PEESE on their variances, both by weighted least squares (1 / v)
    with a multiplicative dispersion and k - 2 degrees of freedom, whatever the estimator of ``result``. PET is biased
    where there is an effect, PEESE where there is none; the conditional estimate is PEESE if PET's intercept has a
    two-sided p-value below ``alpha`` (0.1 two-sided is 0.05 one-sided), PET otherwise.

    Raises ModelInputError for a regression, an alpha outside 0 to 1, fewer than 3 studies, standard errors that are
    all alike, and effects that agree with a regression exactly.
    """
    check_mean(result, "PET-PEESE", " Use egger in their presence.")
    alpha = check_fraction(alpha, "alpha")
    return PetPeese(egger(result, predictor=Predictor.SE), egger(result, predictor=Predictor.VARIANCE), alpha)
