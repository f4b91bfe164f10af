"""A fitted selection model: coefficients without selection, the weight function, and the test that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError
from toolkit.meta.bias.weight_functions import SmoothWeight, Weight
from toolkit.meta.display import joint_test, number, studies, with_limits
from toolkit.meta.estimates import Estimates
from toolkit.meta.inference import critical_value, two_sided_p
from toolkit.meta.likelihood import InformationCriteria, information_criteria
from toolkit.meta.settings import Convergence, check_numbers
from toolkit.meta.without_pooling.p_values import Alternative

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class SelectionModel(Estimates):
    """A selection model of the studies of ``result``, fitted by maximum likelihood; effects on the analysis scale.

    ``beta`` and ``covariance`` are the coefficients had there been no selection, ``delta`` (d,) the parameters of the
    weight function (see :class:`Weight`; of a step function the weight of each interval, the first being 1), with
    ``delta_se``, NaN where they are fixed. Where there are no standard errors ``tau2_se``, ``se``, ``statistic``,
    ``p_value`` and the limits are None, missing in tables, and NaN in arrays; ``notes`` say why. ``counts`` are the
    studies an interval of p-values. ``null_loglik`` is the log-likelihood of the model without selection.
    """

    result: MetaResult
    weight: Weight
    steps: tuple[float, ...]
    alternative: Alternative
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    tau2: float
    tau2_se: float | None
    delta: Array
    delta_se: Array
    loglik: float
    null_loglik: float
    lrt_df: int
    counts: tuple[int, ...]
    convergence: Convergence
    notes: tuple[str, ...]

    df = None

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.result.k

    @property
    def level(self) -> float:
        """Level of the confidence intervals, that of the model without selection."""
        return self.result.level

    def _only(self, values: Array) -> float | None:
        found = super()._only(values)
        return found if np.isfinite(found) else None

    @property
    def lrt(self) -> float:
        """Likelihood-ratio statistic of the hypothesis that there is no selection."""
        return max(0.0, 2.0 * (self.loglik - self.null_loglik))

    @property
    def lrt_p(self) -> float | None:
        """P-value of :attr:`lrt` by chi-square with ``lrt_df`` degrees of freedom; None for fixed weights."""
        return float(chdtrc(self.lrt_df, self.lrt)) if self.lrt_df else None

    @property
    def information(self) -> InformationCriteria:
        """Log-likelihood, deviance (from 0), AIC, BIC and AICc."""
        parameters = self.p + self.result.settings.estimates_tau2 + self.lrt_df
        found = information_criteria(self.loglik, None, self.k, self.p, parameters, restricted=False)
        return found._replace(deviance=-2.0 * self.loglik)

    @property
    def deltas(self) -> pd.DataFrame:
        """A row a parameter of the weight function: estimate, se, p_value (of no selection), ci_low, ci_high (from 0).

        A fixed parameter, and one without a standard error, has the latter four missing.
        """
        import pandas as pd

        half = critical_value(self.level, None) * self.delta_se
        none = 1.0 if self.weight in (Weight.STEPFUN, Weight.BETA) else 0.0
        columns = {
            "estimate": self.delta,
            "se": self.delta_se,
            "p_value": two_sided_p((self.delta - none) / self.delta_se, None),
            "ci_low": np.maximum(self.delta - half, 0.0),
            "ci_high": self.delta + half,
        }
        names = (
            self._intervals() if self.weight == Weight.STEPFUN else [f"delta {j + 1}" for j in range(len(self.delta))]
        )
        return pd.DataFrame(columns, index=pd.Index(names, name="parameter"))

    def weight_function(self, p: ArrayLike) -> Array:
        """Relative probabilities of publication at p-values ``p`` (n,), for the least precise study.

        Raises ModelInputError for a p-value outside 0 to 1.
        """
        p = check_numbers(p, "p")
        if not ((p >= 0) & (p <= 1)).all():
            raise ModelInputError("p-values must lie between 0 and 1.")
        if self.weight == Weight.STEPFUN:
            return self.delta[np.searchsorted(self.steps, p)]
        smooth = SmoothWeight(self.weight, self.steps[0] if self.steps else 0.0)
        return np.exp(smooth.values(p, 1.0 - p, 1.0, self.delta).log)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with k, tau2, the likelihood-ratio test and the settings beside them."""
        return self.coefficients.assign(
            k=self.k, tau2=self.tau2, lrt=self.lrt, lrt_df=self.lrt_df, lrt_p=self.lrt_p, loglik=self.loglik,
            weight=str(self.weight), alternative=str(self.alternative),
        )  # fmt: skip

    def _intervals(self) -> list[str]:
        below = (0.0, *self.steps[:-1])
        return [f"{low:g} < p <= {high:g}" for low, high in zip(below, self.steps, strict=True)]

    def _title(self) -> str:
        return f"Selection model ({self.weight}, {self.alternative}), {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [*self._coefficient_lines(), ("tau²", number(self.tau2))]
        counts = self.counts or (None,) * len(self.delta)
        for (name, row), count in zip(self.deltas.iterrows(), counts, strict=False):
            text = number(row["estimate"])
            if np.isfinite(row["se"]):
                text = with_limits(row["estimate"], row["ci_low"], row["ci_high"], self.level)
            shown = f"{text}, {studies(count)}" if self.weight == Weight.STEPFUN else text
            lines.append((f"Weight {name}" if self.weight == Weight.STEPFUN else name, shown))
        if self.lrt_df:
            lines.append(("No selection", joint_test(self.lrt, (self.lrt_df, None), self.lrt_p)))
        return lines + [("Note", note) for note in self.notes]
