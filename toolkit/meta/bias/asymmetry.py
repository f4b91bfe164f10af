"""Tests of funnel plot asymmetry: regression on a measure of precision, and rank correlation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_fit
from toolkit.meta.bias.least_squares import NO_DISPERSION, least_squares
from toolkit.meta.design import INTERCEPT
from toolkit.meta.display import Shown, number, p_value, studies, with_limits
from toolkit.meta.estimates import Estimates
from toolkit.meta.rank import explain, is_constant
from toolkit.meta.settings import check_choice
from toolkit.meta.stack_fit import Unfitted, fit_stack
from toolkit.meta.studies import check_sizes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_ROUNDING = 8 * float(np.finfo(float).eps)
_EXACT_UP_TO = 500  # beyond, the cost grows with the cube of k and the normal p-value is as good


class Predictor(StrEnum):
    """What effects are regressed on; ``n`` is the studies' sample size."""

    SE = "se"
    VARIANCE = "variance"
    N = "n"
    ONE_OVER_N = "1/n"
    SQRT_N = "sqrt n"
    ONE_OVER_SQRT_N = "1/sqrt n"

    @property
    def needs_sizes(self) -> bool:
        """Whether it is made of sample sizes."""
        return self not in (Predictor.SE, Predictor.VARIANCE)

    @property
    def has_limit(self) -> bool:
        """Whether it is 0 for a study of infinite precision, so that the intercept is the effect there."""
        return self not in (Predictor.N, Predictor.SQRT_N)


class RegressionModel(StrEnum):
    """``lm``: weighted least squares with a multiplicative dispersion; ``rma``: the fit's own estimator and test."""

    LM = "lm"
    RMA = "rma"


class SlopeTest(Estimates):
    """A regression whose last coefficient, the slope of a measure of precision, tests asymmetry."""

    @property
    def slope(self) -> float:
        """The coefficient of the predictor."""
        return float(self.beta[-1])

    @property
    def slope_se(self) -> float:
        """Its standard error."""
        return float(self.standard_errors[-1])

    @property
    def statistic(self) -> float:
        """The test of asymmetry: z, or t with ``df`` degrees of freedom."""
        return float(self._statistics[-1])

    @property
    def p_value(self) -> float:
        """Its two-sided p-value."""
        return float(self._p_values[-1])

    def _asymmetry_line(self) -> tuple[str, str]:
        kind = f"z {number(self.statistic)}"
        if self.df is not None:
            kind = f"t {number(self.statistic)} on {self.df:g} df"
        return "Asymmetry", f"{kind}, p {p_value(self.p_value)}"


@dataclass(frozen=True, eq=False)
class Egger(SlopeTest):
    """A regression of effects on a predictor that grows or falls with precision; its slope tests asymmetry.

    The test of the slope, the last coefficient, is ``slope``, ``slope_se``, ``statistic`` and ``p_value``. The limit
    estimate, ``estimate`` with ``ci_low`` and ``ci_high``, is the intercept: the effect, on the analysis scale, in a
    study of infinite precision; None where there is none (moderators; predictors that do not tend to 0).
    """

    result: MetaResult
    predictor: Predictor
    model: RegressionModel
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    df: float | None
    tau2: float | None
    level: float

    @property
    def estimate(self) -> float | None:
        """The limit estimate: the effect as the predictor tends to 0."""
        return self._limit(self.beta)

    @property
    def se(self) -> float | None:
        """Its standard error."""
        return self._limit(self.standard_errors)

    @property
    def ci_low(self) -> float | None:
        """Its lower confidence limit."""
        return self._limit(self._limits[0])

    @property
    def ci_high(self) -> float | None:
        """Its upper confidence limit."""
        return self._limit(self._limits[1])

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with the predictor, the model and tau2 beside them."""
        return self.coefficients.assign(predictor=str(self.predictor), model=str(self.model), tau2=self.tau2)

    def _limit(self, values: Array) -> float | None:
        return float(values[0]) if self.result.x is None and self.predictor.has_limit else None

    def _title(self) -> str:
        return f"Regression test of asymmetry ({self.model}, on {self.predictor}), {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [self._asymmetry_line()]
        if self.estimate is not None:
            limit = with_limits(self.estimate, self.ci_low, self.ci_high, self.level)
            lines.append((f"Limit estimate ({self.predictor} to 0)", limit))
        return lines


def egger(result: MetaResult, *, predictor: str = "se", model: str = "lm", n: ArrayLike | None = None) -> Egger:
    """Test whether effects depend on the precision of their studies (Egger et al. 1997, BMJ 315:629).

    The effects of ``result`` are regressed on ``predictor``, added to its moderators if it has some. ``model`` lm is
    Egger's own (weights 1 / v, t test); rma has the estimator, test and weights of ``result`` (Sterne and Egger 2005,
    in Rothstein, Sutton and Borenstein). Predictors of sample size need ``n`` (k,); variance is the PEESE model.
    Macaskill et al. (2001, Stat Med 20:641), who regress on "n", prefer other weights: see
    :func:`asymmetry_of_counts`.

    Raises ModelInputError for sizes that are absent or not above 0, for a predictor that is the same in all studies or
    a combination of the moderators, for too few studies, for effects that agree with the regression exactly (those
    that are all the same do), and where the estimate of tau2 does not settle.
    """
    check_fit(result, "A regression test of asymmetry")
    kind, fitted = check_choice(Predictor, predictor, "predictor"), check_choice(RegressionModel, model, "model")
    x = np.column_stack([result.model_matrix, _values(result, kind, n)])
    terms = (*((INTERCEPT,) if result.x is None else result.terms), str(kind))
    if explain(x[:, [-1]], x[:, :-1]).is_combination[0]:
        raise ModelInputError(
            f"The predictor {kind} is the same in all studies, or a combination of the moderators: their precision is "
            "too similar to test for asymmetry."
        )
    if result.k <= x.shape[1]:
        raise ModelInputError(f"A test of asymmetry with {x.shape[1]} coefficients needs more than {result.k} studies.")
    if fitted == RegressionModel.LM:
        beta, covariance, df = least_squares(result.y, result.v, x)
        tau2 = None
    else:
        fit = fit_stack(result.studies.as_stack(x), result.settings)
        if fit.reason[0] != Unfitted.FITTED:
            raise ModelInputError(f"{fit.reason[0]} Use model='lm', or the estimator DL.")
        if fit.scale[0] == 0:
            raise ModelInputError(NO_DISPERSION)
        beta, covariance, tau2 = fit.beta[0], fit.covariance[0], float(fit.tau2[0])
        df = float(fit.df[0]) if np.isfinite(fit.df[0]) else None
    return Egger(result, kind, fitted, terms, beta, covariance, df, tau2, result.level)


def _values(result: MetaResult, kind: Predictor, n: ArrayLike | None) -> Array:
    if not kind.needs_sizes:
        return np.sqrt(result.v) if kind == Predictor.SE else np.array(result.v)
    if n is None:
        raise ModelInputError(f"The predictor {kind} needs n=, the sample sizes of the studies.")
    sizes = check_sizes(n, result.studies)
    match kind:
        case Predictor.N:
            return sizes
        case Predictor.ONE_OVER_N:
            return 1.0 / sizes
        case Predictor.SQRT_N:
            return np.sqrt(sizes)
    return 1.0 / np.sqrt(sizes)


@dataclass(frozen=True)
class RankTest(Shown):
    """Kendall's ``tau`` between standardised effects and their variances, with its two-sided ``p_value``.

    ``exact`` says whether the p-value is exact; otherwise it is normal, with the variance corrected for ties.
    """

    k: int
    tau: float
    p_value: float
    exact: bool

    def to_frame(self) -> pd.DataFrame:
        """One row: k, tau, p_value, exact."""
        return self._one_row("k", "tau", "p_value", "exact")

    def _title(self) -> str:
        return f"Rank correlation test of asymmetry, {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        how = "exact" if self.exact else "normal"
        return [("Kendall's tau", f"{number(self.tau)}, p {p_value(self.p_value)} ({how})")]


def rank_test(result: MetaResult) -> RankTest:
    """Correlate effects, standardised at their common-effect mean, with their variances by Kendall's tau.

    Begg and Mazumdar (1994, Biometrics 50:1088). The p-value is exact for up to 500 studies without ties, as
    in metafor. Moderators of ``result`` are not used. Raises ModelInputError below 2 studies, and where all effects or
    all variances are the same.
    """
    from scipy.stats import kendalltau  # here: slow to import

    check_fit(result, "A rank correlation test")
    if result.k < 2:
        raise ModelInputError("A rank correlation needs 2 studies or more.")
    if np.ptp(result.y) <= _ROUNDING * np.abs(result.y).max() or is_constant(result.v):
        raise ModelInputError("All effects, or all variances, are the same: there is no order to correlate.")
    w = 1.0 / result.v
    spread = np.sqrt(result.v - 1.0 / w.sum())
    standardised = (result.y - np.average(result.y, weights=w)) / spread
    distinct = [len(np.unique(values)) for values in (standardised, result.v)]
    exact = result.k <= _EXACT_UP_TO and distinct == [result.k, result.k]
    found = kendalltau(standardised, result.v, method="exact" if exact else "asymptotic")
    return RankTest(result.k, float(found.statistic), float(found.pvalue), exact)
