"""p-uniform*: a random-effects model of significant and other results, each given that they are so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc, chdtri, log_ndtr, ndtri

from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.bias.selection_likelihood import Derivatives
from toolkit.meta.bias.selection_search import Maximum, harmonic_mean, highest
from toolkit.meta.display import Shown, number, p_value, studies, with_limits
from toolkit.meta.likelihood import LOG_2PI
from toolkit.meta.settings import Convergence

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_CRITICAL = -float(ndtri(0.025))  # results are selected by a two-sided p-value of 0.05 on one side
_REACH = 10.0  # how far from the effects a mean is sought, in their range and the largest standard error


@dataclass(frozen=True, eq=False)
class PUniformStar(Shown):
    """The mean and tau2 by maximum likelihood given which results are significant, on the analysis scale.

    ``ci_low`` and ``ci_high`` are profile-likelihood limits, None where the likelihood does not fall far enough within
    ten ranges of the effects. ``statistic`` and ``p_value`` test a mean of 0, ``tau2_statistic`` and ``tau2_p_value``
    a tau2 of 0, by the likelihood ratio: chi-square with 1 df, whose p-value is halved for tau2, which is at its bound
    (as in puniform from 0.2.3 on), and 1 where its estimate is 0.
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
    convergence: Convergence

    def to_frame(self) -> pd.DataFrame:
        """One row with all values."""
        return self._one_row(*(name for name in self.__dataclass_fields__ if name not in ("result", "convergence")))

    def _title(self) -> str:
        return f"p-uniform*, {studies(self.result.k)} ({self.k_significant} significant)"

    def _lines(self) -> list[tuple[str, str]]:
        limits = with_limits(self.estimate, self.ci_low, self.ci_high, self.result.level)
        lines = [
            ("Estimate", f"{limits}, p {p_value(self.p_value)}"),
            ("tau²", f"{number(self.tau2)}, p {p_value(self.tau2_p_value)}"),
        ]
        if self.convergence.converged:
            return lines
        return [*lines, ("Note", "The search did not settle: the estimates are the best values found.")]


def p_uniform_star(result: MetaResult) -> PUniformStar:
    """Fit p-uniform* by maximum likelihood (van Aert and van Assen; method ML of the R package puniform).

    The density of an effect y is normal with variance v + tau2, over the probability that a result of this v is
    significant (y / sqrt(v) above 1.96 on the side of the estimate of ``result``) for significant results, and over
    that it is not for the others; so nothing is assumed of how much likelier the former are published.

    Raises ModelInputError for a regression and below 2 studies, and ConvergenceError where the likelihood has no
    maximum within ten ranges of the effects.
    """
    check_mean(result, "p-uniform*")
    if result.k == 1:
        raise ModelInputError("p-uniform* estimates a mean and tau2: it needs 2 studies or more.")
    sign = 1.0 if result.estimate >= 0 else -1.0
    y, v = sign * result.y, result.v
    significant = y > _CRITICAL * np.sqrt(v)
    unit, mean = harmonic_mean(v), float(np.average(y, weights=1.0 / v))
    reach = _REACH * float(np.ptp(y) + np.sqrt(v.max()))
    low, high = float(y.min()) - reach, float(y.max()) + reach
    scale = np.array([np.sqrt(unit), unit])
    problem = _Problem(y, v, significant, np.array([low, 0.0]), np.array([high, np.inf]), scale)
    starts = [(mean, 0.0), (mean, unit), (mean / 2.0, 4.0 * unit + float(np.var(y))), (0.0, unit)]
    best = highest(problem, [np.array(start) for start in starts])
    if not low + 0.01 * reach < best.theta[0] < high - 0.01 * reach:
        raise ConvergenceError(
            "The likelihood of p-uniform* has no maximum near the effects: the significant ones lie too close to the "
            "limit of significance. Use a selection model, or publication_bias_sensitivity."
        )
    ends = [_limit(problem, best, end, float(chdtri(1, 1.0 - result.level))) for end in (low, high)]
    ends = [None if end is None else sign * end for end in ends][:: int(sign)]
    common = problem._replace(high=np.array([high, 0.0]))
    plain = highest(common, [best.theta, *(np.array(start) for start in starts)]).at.loglik
    ratio, tau2_ratio = _drop(problem, best, 0.0), max(2.0 * (best.at.loglik - plain), 0.0)
    tau2 = float(best.theta[1])
    tau2_p = 0.5 * float(chdtrc(1, tau2_ratio)) if tau2 else 1.0
    return PUniformStar(
        result, int(significant.sum()), sign * float(best.theta[0]), *ends, tau2, ratio, float(chdtrc(1, ratio)),
        tau2_ratio, tau2_p, best.at.loglik, Convergence(best.converged, best.iterations, best.maxima),
    )  # fmt: skip


class _Problem(NamedTuple):
    """The likelihood of effects ``y`` (k,) in theta = (mean, tau2), with the bounds that the search wants."""

    y: Array
    v: Array
    significant: NDArray[np.bool_]
    low: Array
    high: Array
    scale: Array

    def at(self, theta: Array) -> Derivatives:
        """The log-likelihood, its gradient and its Hessian."""
        mean, tau2 = theta.tolist()
        total, residual = self.v + tau2, self.y - mean
        sd = np.sqrt(total)
        side = np.where(self.significant, -1.0, 1.0)
        c = (_CRITICAL * np.sqrt(self.v) - mean) / sd
        log_share = log_ndtr(side * c)
        hazard = side * np.exp(-0.5 * (c**2 + LOG_2PI) - log_share)
        bend = hazard * (c + hazard)  # second derivative of -log_share by c; the first is -hazard
        square = residual**2 / total
        value = np.sum(-0.5 * (square + LOG_2PI) - np.log(sd) - log_share)
        gradient = [np.sum(residual / total + hazard / sd), np.sum(0.5 * (square - 1.0 + hazard * c) / total)]
        by_both = np.sum((0.5 * (bend * c - hazard) - residual / sd) / (total * sd))
        by_tau2 = np.sum((0.5 - square + 0.25 * c * (bend * c - 3.0 * hazard)) / total**2)
        hessian = [[np.sum((bend - 1.0) / total), by_both], [by_both, by_tau2]]
        return Derivatives(float(value), np.array(gradient), np.array(hessian))


def _drop(problem: _Problem, best: Maximum, mean: float) -> float:
    """How far twice the log-likelihood falls, at the best tau2, from its maximum to this mean."""
    held = problem._replace(low=np.array([mean, 0.0]), high=np.array([mean, np.inf]))
    far = float(np.mean((problem.y - mean) ** 2))
    found = highest(held, [np.array([mean, tau2]) for tau2 in (best.theta[1], 0.0, far)])
    return max(0.0, 2.0 * (best.at.loglik - found.at.loglik))


def _limit(problem: _Problem, best: Maximum, end: float, allowed: float) -> float | None:
    """Where that drop, between the mean and this end, is what is allowed; sought from where a parabola has it."""
    from scipy.optimize import brentq  # here: slow to import

    mean, information = float(best.theta[0]), max(-float(best.at.hessian[0, 0]), 0.0)
    near, far = mean, mean + float(np.copysign(np.sqrt(allowed / max(information, 1e-300)), end - mean))
    while abs(far - mean) < abs(end - mean) and _drop(problem, best, far) <= allowed:
        near, far = far, mean + 2.0 * (far - mean)
    if abs(far - mean) >= abs(end - mean):
        far = end
        if _drop(problem, best, end) <= allowed:
            return None
    return float(brentq(lambda at: _drop(problem, best, at) - allowed, near, far, xtol=1e-12 * abs(end - mean)))
