"""Limit meta-analysis: the pooled effect of studies whose precision grows without bound, with small-study effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_mean, check_precision_varies
from toolkit.meta.display import joint_test, studies
from toolkit.meta.estimates import MEAN, Estimates
from toolkit.meta.projection import DesignProjection
from toolkit.meta.settings import check_choice

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


class LimitEstimate(StrEnum):
    """Which of the three adjusted estimates of the paper.

    ``beta0``: the expected effect at a standard error of 0; ``beta-lim``: slope of the radial line through the limit
    effects; ``mu-lim``: their common-effect mean, as if no small-study effect were left.
    """

    BETA0 = "beta0"
    BETA_LIM = "beta-lim"
    MU_LIM = "mu-lim"


@dataclass(frozen=True, eq=False, repr=False)
class LimitMetaAnalysis(Estimates):
    """The adjusted effect, on the analysis scale, with what is left of heterogeneity beyond small-study effects.

    ``slope`` and ``bias`` are those of the generalised radial plot: effects go as slope + bias sqrt(v + tau2).
    ``limit_effects`` (k,) are the effects shrunken to what studies of infinite precision would show; ``g2``, in
    percent, is the heterogeneity among them that small-study effects do not explain (1 - R2 of their radial line, which
    depends on where the effects have their 0). ``q`` is split into ``q_small``
    (1 degree of freedom: small-study effects) and ``q_residual`` (k - 2: heterogeneity beyond them).
    """

    result: MetaResult
    method: LimitEstimate
    beta: Array
    covariance: Array
    slope: float
    bias: float
    limit_effects: Array
    g2: float
    q_small: float
    q_residual: float

    terms = (MEAN,)
    df = None

    @property
    def level(self) -> float:
        """Level of the confidence interval, that of the model without adjustment."""
        return self.result.level

    @property
    def q(self) -> float:
        """Cochran's Q of the effects, the sum of the other two."""
        return self.result.q

    @property
    def q_small_p(self) -> float:
        """P-value of the test of small-study effects."""
        return float(chdtrc(1.0, self.q_small))

    @property
    def q_residual_p(self) -> float:
        """P-value of the test of heterogeneity beyond small-study effects."""
        return float(chdtrc(self.result.k - 2.0, self.q_residual))

    def to_frame(self) -> pd.DataFrame:
        """The adjusted effect, one row, with bias, g2 and both tests beside it."""
        return self.coefficients.assign(
            method=str(self.method), bias=self.bias, g2=self.g2, q_small=self.q_small, q_small_p=self.q_small_p,
            q_residual=self.q_residual, q_residual_p=self.q_residual_p,
        )  # fmt: skip

    def _title(self) -> str:
        return f"Limit meta-analysis ({self.method}), {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        small = joint_test(self.q_small, (1, None), self.q_small_p)
        rest = joint_test(self.q_residual, (self.result.k - 2, None), self.q_residual_p)
        return [
            *self._coefficient_lines(),
            ("Small-study effects", small),
            ("Heterogeneity beyond", f"{rest}; G² {self.g2:.1f}%"),
        ]


def limit_meta_analysis(result: MetaResult, *, method: str = LimitEstimate.BETA0) -> LimitMetaAnalysis:
    """Adjust a pooled effect for small-study effects (Rücker et al. 2011, Biostatistics 12:122).

    Effects are a line in sqrt(v + tau2), tau2 being that of ``result``, fitted with weights 1 / (v + tau2); the
    adjusted effect is its value at v = 0 (``beta0``). ``method`` chooses another of the paper's estimates: see
    :class:`LimitEstimate`. Its standard error is that of the line's value there; the other two estimates have those of
    R's metasens, which take the within-study variances alone. tau2 is taken as known, and intervals are normal. The
    test of small-study effects has the weights 1 / v, so that heterogeneity adds to it.

    Raises ModelInputError for a regression, for fewer than 3 studies, and for standard errors that are all alike.
    """
    kind = check_choice(LimitEstimate, method, "method")
    check_mean(result, "A limit meta-analysis")
    if result.k < 3:
        raise ModelInputError("A limit meta-analysis fits a line: it needs 3 studies or more.")
    check_precision_varies(result)
    y, v, tau2 = result.y, result.v, result.tau2
    slope, bias = _line(v + tau2).coefficients(y).tolist()
    moved = slope + np.sqrt(tau2 / (v + tau2)) * (y - slope)
    if kind == LimitEstimate.BETA0:
        # The same line as it leaves v = 0, where its value is the adjusted effect.
        at_zero = _line(v + tau2, v / (np.sqrt(v + tau2) + np.sqrt(tau2)))
        estimate, variance = at_zero.coefficients(y)[0], at_zero.covariance()[0, 0]
    elif kind == LimitEstimate.BETA_LIM:
        estimate, variance = _line(v).coefficients(moved)[0], _line(v).covariance()[0, 0]
    else:
        estimate, variance = np.average(moved, weights=1.0 / v), 1.0 / np.sum(1.0 / v)
    z = moved / np.sqrt(v)
    total = float(np.sum((z - z.mean()) ** 2))
    g2 = 100.0 * float(_line(v).form(moved)) / total if tau2 and total else 0.0
    residual = float(_line(v).form(y))
    return LimitMetaAnalysis(
        result, kind, np.array([estimate]), np.array([[variance]]), slope, bias, moved, g2,
        max(0.0, result.q - residual), residual,
    )  # fmt: skip


def _line(v: Array, x: Array | None = None) -> DesignProjection:
    """Lines on x with weights 1 / v; by default radial ones: y / sqrt(v) on 1 / sqrt(v), which is y on sqrt(v)."""
    return DesignProjection(1.0 / v, np.column_stack([np.ones(len(v)), np.sqrt(v) if x is None else x]))
