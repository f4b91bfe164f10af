"""A fitted mixed model of counts: coefficients, heterogeneity, and what is expected of a new study."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.display import joint_test, number, studies
from toolkit.meta.estimates import MEAN, Estimates
from toolkit.meta.inference import wald_test
from toolkit.meta.intervals import NOTHING_TO_PREDICT, PredictionInterval, interval_of_new_study
from toolkit.meta.likelihood import InformationCriteria, information_criteria

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.design import Design
    from toolkit.meta.rare_events.count_models import CountModel
    from toolkit.meta.settings import Convergence

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class MixedModelResult(Estimates):
    """A fitted mixed model of counts of k studies: effects on the log scale, tested by z, and tau2.

    ``model`` is None for a single group, ``design`` None for a mean alone. ``q_lrt`` compares the common-effect model
    with one of an effect for each study (likelihood ratio, ``q_df`` degrees of freedom), ``q_wald`` is Wald's test of
    the same, to which a study whose own effect is infinite adds nothing. ``baseline_variance`` is that of the studies'
    baselines in UM.RS. ``i2`` (percent) and ``h2`` set tau2 beside the typical variance of the studies' own effects.
    """

    measure: str
    model: CountModel | None
    method: str
    labels: tuple[str, ...]
    design: Design | None
    beta: Array
    covariance: Array
    level: float
    tau2: float
    i2: float
    h2: float
    q_lrt: float
    q_df: int
    q_p: float
    q_wald: float
    q_wald_p: float
    baseline_variance: float | None
    loglik: float
    parameters: int
    observations: int
    convergence: Convergence
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies that the model is fitted to."""
        return len(self.labels)

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of the coefficients."""
        return (MEAN,) if self.design is None else self.design.terms

    @property
    def df(self) -> None:
        """The tests are z."""
        return None

    @property
    def qm(self) -> float:
        """Omnibus (Wald) chi-square of all moderators, or of the mean."""
        return self._omnibus[0]

    @property
    def qm_df(self) -> tuple[int, None]:
        """Its degrees of freedom, as in other models: the second is None for a chi-square."""
        return len(self._tested), None

    @property
    def qm_p(self) -> float:
        """Its p-value."""
        return self._omnibus[1]

    def information(self) -> InformationCriteria:
        """Log-likelihood, AIC, BIC and AICc, with an observation a study (two for UM.FS and UM.RS)."""
        return information_criteria(self.loglik, None, self.observations, self.p, self.parameters, restricted=False)

    def prediction_interval(self) -> PredictionInterval:
        """The interval in which the true effect of a new study is expected, on the log scale, by z."""
        if self.method == "EE":
            return PredictionInterval(None, None, self.level, reason=NOTHING_TO_PREDICT)
        return interval_of_new_study(self.estimate, self.se, self.tau2, self.level, None)

    def to_frame(self) -> pd.DataFrame:
        """A row a coefficient with its test, k, tau2, I2 and the tests of heterogeneity."""
        return self.coefficients.assign(
            k=self.k, tau2=self.tau2, i2=self.i2, h2=self.h2, q_lrt=self.q_lrt, q_df=self.q_df, q_p=self.q_p,
            q_wald=self.q_wald, q_wald_p=self.q_wald_p,
            model="" if self.model is None else str(self.model), method=self.method, level=self.level,
        )  # fmt: skip

    @property
    def _tested(self) -> tuple[int, ...]:
        return (0,) if self.design is None else self.design.tested

    @cached_property
    def _omnibus(self) -> tuple[float, float]:
        columns = list(self._tested)
        return wald_test(self.beta[columns], self.covariance[np.ix_(columns, columns)], None)

    def _title(self) -> str:
        how = self.method if self.model is None else f"{self.model}, {self.method}"
        return f"Generalised linear mixed model, {self.measure}, {studies(self.k)} ({how})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = self._coefficient_lines()
        if self.design is not None:
            lines.append(("Moderators", joint_test(self.qm, self.qm_df, self.qm_p)))
        lines.append(("Heterogeneity", f"tau² {number(self.tau2)}, I² {self.i2:.1f}%, H² {number(self.h2)}"))
        if self.baseline_variance is not None:
            lines.append(("Variance of baselines", number(self.baseline_variance)))
        if self.q_df:
            lines.append(("Same effect (likelihood ratio)", joint_test(self.q_lrt, (self.q_df, None), self.q_p)))
            lines.append(("Same effect (Wald)", joint_test(self.q_wald, (self.q_df, None), self.q_wald_p)))
        return lines + [("Note", note) for note in self.notes]
