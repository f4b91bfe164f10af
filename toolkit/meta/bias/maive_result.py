"""What MAIVE gives back: the mean, the first stage behind it, and the same without instruments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.meta.bias.anderson_rubin import AndersonRubinInterval, anderson_rubin_interval
from toolkit.meta.bias.pet_peese import ConditionalEstimate
from toolkit.meta.bias.robust_line import BIAS
from toolkit.meta.bias.wild_bootstrap import WildBootstrap, wild_bootstrap
from toolkit.meta.display import joint_test, number, p_value, studies, with_limits
from toolkit.meta.estimates import Estimates
from toolkit.meta.frozen import Frozen
from toolkit.meta.inference import two_sided_p
from toolkit.meta.studies import OfStudies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.bias.instrumented_variances import InstrumentedVariances
    from toolkit.meta.bias.robust_line import RobustLine
    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]

_WEAK = (
    "The first stage is weak: sample sizes tell little of the standard errors, so that the estimate and its standard "
    "error cannot be relied on. Go by the Anderson-Rubin interval, where there is one."
)


class MaiveMethod(StrEnum):
    """The second stage: what effects are regressed on.

    ``PET`` the standard error; ``PEESE`` its square; ``PET-PEESE`` the latter where PET's mean differs from 0 (p below
    0.05, t with k - 2 degrees of freedom); ``EK`` the excess of the standard error over an endogenous kink.
    """

    PET = "PET"
    PEESE = "PEESE"
    PET_PEESE = "PET-PEESE"
    EK = "EK"


class MaiveWeights(StrEnum):
    """Weights of the second stage: none, or the inverse of the reported or of the instrumented variances."""

    EQUAL = "equal"
    REPORTED = "reported"
    ADJUSTED = "adjusted"


@dataclass(frozen=True, eq=False, repr=False)
class SecondStage(Frozen):
    """A second stage: the ``line`` of the method, ``pet``, and how the former was found.

    ``chosen`` is PET or PEESE, the regression behind the line; for EK that which gave the ``kink``, a standard error,
    with the standard deviation of true effects ``sd``. These two are None for other methods.
    """

    line: RobustLine
    pet: RobustLine
    chosen: ConditionalEstimate
    kink: float | None = None
    sd: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Maive(OfStudies, Estimates):
    """The mean beyond bias, ``estimate``, and the slope of the bias, on the analysis scale of the effects.

    Coefficients are ``mean`` and ``bias`` (the mean alone where the kink of EK lies above all standard errors), tested
    by z. ``first_stage`` has the instrumented variances, ``second_stage`` the regressions on them, ``plain`` those of
    the same method on the reported standard errors, with weights 1 / v.
    """

    studies: Studies
    n: Array
    method: MaiveMethod
    weights: MaiveWeights
    instrument: bool
    waive: bool
    first_stage: InstrumentedVariances
    second_stage: SecondStage
    plain: SecondStage
    level: float

    @property
    def terms(self) -> tuple[str, ...]:
        """The coefficients' names."""
        return self.line.terms

    @property
    def beta(self) -> Array:
        """The coefficients, (p,)."""
        return self.line.beta

    @property
    def covariance(self) -> Array:
        """Their sandwich covariance, (p, p)."""
        return self.line.covariance

    @property
    def df(self) -> None:
        """The test is z."""
        return None

    @property
    def line(self) -> RobustLine:
        """The regression whose mean is the estimate."""
        return self.second_stage.line

    @property
    def chosen(self) -> ConditionalEstimate:
        """Whether PET or PEESE is behind the estimate."""
        return self.second_stage.chosen

    @property
    def f(self) -> float:
        """F of the first stage, robust as all variances are."""
        return self.first_stage.f

    @property
    def is_weak(self) -> bool:
        """Whether sample sizes tell little of the standard errors: F below 10."""
        return self.first_stage.is_weak

    @property
    def bias_slope(self) -> float:
        """The slope of PET, the funnel asymmetry test on the instrumented standard errors, whatever the method."""
        return float(self.second_stage.pet.beta[1])

    @property
    def bias_se(self) -> float:
        """Its standard error."""
        return float(self.second_stage.pet.standard_errors[1])

    @property
    def bias_p(self) -> float:
        """Two-sided p-value of it, by z: the test of publication bias."""
        return float(two_sided_p(self.bias_slope / self.bias_se, None))

    @property
    def plain_estimate(self) -> float:
        """The mean by the same method without an instrument: reported standard errors, weights 1 / v."""
        return self.plain.line.estimate

    @property
    def plain_se(self) -> float:
        """Its standard error."""
        return self.plain.line.se

    @property
    def hausman(self) -> float:
        """Hausman's chi-square with 1 df: (estimate - plain estimate)² over the variance of the estimate.

        The conservative form: the variance of the plain estimate, which is not efficient here, is not taken off.
        """
        return float((self.estimate - self.plain_estimate) ** 2 / self.covariance[0, 0])

    @property
    def hausman_p(self) -> float:
        """Its p-value: whether reported standard errors correct for bias as the instrumented ones do."""
        return float(chdtrc(1.0, self.hausman))

    @cached_property
    def anderson_rubin(self) -> AndersonRubinInterval:
        """An interval that holds with a weak first stage, for the unweighted PET or PEESE that was chosen.

        On the reported standard errors (PEESE: variances), the endogenous predictor, see
        :func:`~toolkit.meta.bias.anderson_rubin.anderson_rubin_interval`; it takes effects as independent, whatever the
        clusters. A result with a reason, and no limits, for other weights, EK, WAIVE and without an instrument.
        """
        if not self.instrument or self.waive or self.weights != MaiveWeights.EQUAL or self.method == MaiveMethod.EK:
            reason = "It is for the instrumented PET and PEESE without weights."
            return AndersonRubinInterval(None, None, self.level, reason=reason)
        x = self.v if self.chosen == ConditionalEstimate.PEESE else np.sqrt(self.v)
        return anderson_rubin_interval(self.y, x, self.first_stage.instrument, self.level)

    def wild_bootstrap(self, *, replicates: int = 999, seed: int = 0) -> WildBootstrap:
        """Limits of the coefficients by the wild cluster bootstrap, the first stage taken as it is.

        Residuals keep their size and, a cluster at a time, draw their sign; see
        :func:`~toolkit.meta.bias.wild_bootstrap.wild_bootstrap`. Raises ModelInputError for fewer than 2 replicates.
        """
        return wild_bootstrap(self.line, replicates, seed)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with F, the plain estimate and the Hausman test beside them."""
        return self.coefficients.assign(
            f=self.f, plain_estimate=self.plain_estimate, hausman=self.hausman, hausman_p=self.hausman_p
        )

    def _only(self, values: Array) -> float:
        return float(values[0])

    def _title(self) -> str:
        name = "WAIVE" if self.waive else "MAIVE"
        clusters = len(self.line.clusters)
        within = "" if clusters == self.k else f" in {clusters:,} clusters"
        kind = f"{self.method}, {self.weights} weights, {self.line.kind}"
        return f"{name}, {studies(self.k)}{within} ({kind})"

    def _lines(self) -> list[tuple[str, str]]:
        plain, pet = self.plain.line, self.second_stage.pet
        low, high = pet.coefficients.loc[BIAS, ["ci_low", "ci_high"]]
        slope = with_limits(self.bias_slope, low, high, self.level)
        limits = with_limits(self.estimate, self.ci_low, self.ci_high, self.level)
        lines = [("Mean", f"{limits}, p {p_value(self.p_value)}"), *self._chosen_lines()]
        lines.append(("Plain estimate", with_limits(plain.estimate, plain.ci_low, plain.ci_high, self.level)))
        lines.append(("Hausman test", joint_test(self.hausman, (1, None), self.hausman_p)))
        lines.append(("Publication bias (slope of PET)", f"{slope}, p {p_value(self.bias_p)}"))
        if not self.instrument:
            return [*lines, ("First stage", "not used: the standard errors are those reported")]
        lines.append(("First stage F", self.first_stage.strength))
        interval = self.anderson_rubin
        if interval.low is not None:
            lines.append(("Anderson-Rubin interval", interval.limits))
        if self.is_weak:
            lines.append(("Note", _WEAK))
        return lines

    def _chosen_lines(self) -> list[tuple[str, str]]:
        if self.method == MaiveMethod.EK:
            return [("Kink at a standard error of", number(self.second_stage.kink))]
        return [("Chosen", str(self.chosen))] if self.method == MaiveMethod.PET_PEESE else []
