"""p-uniform*: a random-effects model of significant and other results, each given that they are so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc, chdtri, log_ndtr, ndtri

from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.display import Shown, number, p_value, studies, with_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_CRITICAL = -float(ndtri(0.025))  # results are selected by a two-sided p-value of 0.05 on one side
_LOG_ROOT_TWO_PI = 0.5 * float(np.log(2.0 * np.pi))
_REACH = 10.0  # how far from the effects a mean is sought, in their range and the largest standard error


@dataclass(frozen=True, eq=False)
class PUniformStar(Shown):
    """The mean and tau2 by maximum likelihood given which results are significant, on the analysis scale.

    ``ci_low`` and ``ci_high`` are profile-likelihood limits, None where the likelihood does not fall far enough within
    ten ranges of the effects. ``statistic`` and ``p_value`` test a mean of 0, ``tau2_statistic`` and ``tau2_p_value``
    a tau2 of 0, by the likelihood ratio (chi-square with 1 df, not halved at the bound).
    """

    result: MetaResult
    k_significant: int
    estimate: float
    ci_low: float | None
    ci_high: float | None
    tau2: float
    statistic: float
    p_value: float
    tau2_statistic: float
    tau2_p_value: float
    loglik: float

    def to_frame(self) -> pd.DataFrame:
        """One row with all values."""
        return self._one_row(*(name for name in self.__dataclass_fields__ if name != "result"))

    def _title(self) -> str:
        return f"p-uniform*, {studies(self.result.k)} ({self.k_significant} significant)"

    def _lines(self) -> list[tuple[str, str]]:
        limits = with_limits(self.estimate, self.ci_low, self.ci_high, self.result.level)
        return [
            ("Estimate", f"{limits}, p {p_value(self.p_value)}"),
            ("tau²", f"{number(self.tau2)}, p {p_value(self.tau2_p_value)}"),
        ]


def p_uniform_star(result: MetaResult) -> PUniformStar:
    """Fit p-uniform* by maximum likelihood (van Aert and van Assen; method ML of the R package puniform).

    The density of an effect y is normal with variance v + tau2, over the probability that a result of this v is
    significant (y / sqrt(v) above 1.96 on the side of the estimate of ``result``) for significant results, and over
    that it is not for the others; so nothing is assumed of how much likelier the former are published.

    Raises ModelInputError for a regression and below 2 studies, and ConvergenceError where the likelihood has no
    maximum within ten ranges of the effects.
    """
    if result.x is not None:
        raise ModelInputError("p-uniform* is for a mean; this model has moderators.")
    if result.k == 1:
        raise ModelInputError("p-uniform* estimates a mean and tau2: it needs 2 studies or more.")
    sign = 1.0 if result.estimate >= 0 else -1.0
    y, v = sign * result.y, result.v
    significant = y > _CRITICAL * np.sqrt(v)
    reach = _REACH * float(np.ptp(y) + np.sqrt(v.max()))
    low, high = float(y.min()) - reach, float(y.max()) + reach
    fit = partial(_maximum, y, v, significant)
    best = max((fit((low, high), start) for start in _starts(y, v)), key=lambda found: found.loglik)
    if not low + 0.01 * reach < best.mean < high - 0.01 * reach:
        raise ConvergenceError(
            "The likelihood of p-uniform* has no maximum near the effects: the significant ones lie too close to the "
            "limit of significance. Use a selection model, or publication_bias_sensitivity."
        )

    def drop(mean: float) -> float:
        held = max(fit((mean, mean), start).loglik for start in _starts(y, v, best))
        return 2.0 * (best.loglik - held)

    ends = [_limit(drop, best.mean, end, float(chdtri(1, 1.0 - result.level))) for end in (low, high)]
    ends = [None if end is None else sign * end for end in ends][:: int(sign)]
    plain = max(fit((low, high), start, False).loglik for start in _starts(y, v, best))
    ratios = max(drop(0.0), 0.0), max(2.0 * (best.loglik - plain), 0.0)
    tests = [float(part) for ratio in ratios for part in (ratio, chdtrc(1, ratio))]
    return PUniformStar(result, int(significant.sum()), sign * best.mean, *ends, best.tau2, *tests, best.loglik)


class _Found(NamedTuple):
    mean: float
    tau2: float
    loglik: float


def _starts(y: Array, v: Array, best: _Found | None = None) -> list[tuple[float, float]]:
    """Means and tau2 from which to search: the best that is known, and values far from it."""
    unit, mean = float(len(v) / np.sum(1.0 / v)), float(np.average(y, weights=1.0 / v))
    known = [] if best is None else [(best.mean, best.tau2)]
    return [*known, (mean, 0.0), (mean, unit), (mean / 2.0, 4.0 * unit + float(np.var(y))), (0.0, unit)]


def _maximum(
    y: Array, v: Array, significant: NDArray[np.bool_], bounds: tuple[float, float], start: tuple[float, float],
    estimates_tau2: bool = True,
) -> _Found:  # fmt: skip
    """The maximum from this start, with the mean within its bounds (held where they are equal)."""
    from scipy.optimize import minimize  # here: slow to import

    unit = float(len(v) / np.sum(1.0 / v))
    scale = np.array([np.sqrt(unit), unit])

    def negative(theta: Array) -> tuple[float, Array]:
        value, gradient = _log_likelihood(y, v, significant, *(theta * scale))
        return -value, -gradient * scale

    limits = [(bounds[0] / scale[0], bounds[1] / scale[0]), (0.0, None if estimates_tau2 else 0.0)]
    begin = np.array([np.clip(start[0], *bounds), start[1] if estimates_tau2 else 0.0]) / scale
    options = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 500}
    found = minimize(negative, begin, jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return _Found(float(found.x[0] * scale[0]), float(found.x[1] * scale[1]), -float(found.fun))


def _log_likelihood(
    y: Array, v: Array, significant: NDArray[np.bool_], mean: float, tau2: float
) -> tuple[float, Array]:
    """The log-likelihood and its derivatives by mean and tau2."""
    total = v + tau2
    sd, residual = np.sqrt(total), y - mean
    side = np.where(significant, -1.0, 1.0)
    c = (_CRITICAL * np.sqrt(v) - mean) / sd
    log_share = log_ndtr(side * c)
    hazard = side * np.exp(-0.5 * c**2 - _LOG_ROOT_TWO_PI - log_share)
    value = np.sum(-0.5 * residual**2 / total - np.log(sd) - _LOG_ROOT_TWO_PI - log_share)
    by_mean = np.sum(residual / total + hazard / sd)
    by_tau2 = np.sum(0.5 * (residual**2 / total - 1.0 + hazard * c) / total)
    return float(value), np.array([by_mean, by_tau2])


def _limit(drop: Callable[[float], float], mean: float, end: float, allowed: float) -> float | None:
    """Where the drop of twice the log-likelihood between the mean and this end is what is allowed."""
    from scipy.optimize import brentq

    if drop(end) <= allowed:
        return None
    return float(brentq(lambda at: drop(at) - allowed, mean, end, xtol=1e-12 * abs(end - mean)))
