"""Fits of Copas and Shi's selection model at given selection parameters, each with the test of residual selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from toolkit.meta.bias.copas_likelihood import CopasProblems, copas_problems
from toolkit.meta.bias.copas_search import Bounds, Maxima, highest
from toolkit.meta.bias.selection_search import harmonic_mean
from toolkit.meta.bias.trim_and_fill import MissingSide
from toolkit.meta.heterogeneity import tau2_by_maximum_likelihood
from toolkit.meta.inference import critical_value, two_sided_p
from toolkit.meta.settings import Convergence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

NO_SELECTION = (10.0, 0.0)
"""gamma0 and gamma1 of a probability of publication that is 1 for every study (Copas and Shi 2001, p. 256)."""

_RHO_BOUND = 0.9999  # as in metasens
_RHO_STARTS = (0.2, 0.8, _RHO_BOUND)
_MORE_RHO_STARTS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99, _RHO_BOUND)
_BETA, _RHO, _TAU2 = 1, 2, 3  # their places in theta; mu is the first


@dataclass(frozen=True)
class CopasPoint:
    """The fit where the study with the largest standard error is published with this ``probability``.

    ``estimate`` with its standard error (None where the information is not positive definite), z test and limits;
    ``rho``, the correlation of publication with the studies' errors; ``tau2``. ``residual_p`` is that of the likelihood
    ratio ``residual_statistic`` for selection that is left. ``unpublished`` is the number of unpublished studies.
    """

    probability: float
    gamma0: float
    gamma1: float
    estimate: float
    se: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    rho: float
    tau2: float
    loglik: float
    residual_statistic: float
    residual_p: float
    unpublished: float


class CopasFits:
    """Fits to the studies of one result, with selection on one side.

    ``convergence`` and ``notes`` are those of all points so far.
    """

    def __init__(self, result: MetaResult, side: MissingSide):
        self.result, self.side = result, side
        self.y, self.s = result.y, np.sqrt(result.v)
        self.convergence, self.notes = Convergence(True, 0, 1), ()
        tau2 = tau2_by_maximum_likelihood(result.stack, result.settings, result.tau2)
        unit = harmonic_mean(result.v)
        self._scale = np.array([np.sqrt(unit), np.sqrt(unit) / self.s.max(), 1.0, unit])
        self._sign = 1.0 if side == MissingSide.LEFT else -1.0
        self._tau2_ends = (0.0, np.inf) if result.settings.estimates_tau2 else (float(tau2[0]),) * 2
        self._tau2_starts = np.unique(np.clip([0.0, tau2[0], unit + 3.0 * tau2[0]], *self._tau2_ends))

    def probability(self, gamma0: Array | float, gamma1: Array | float) -> Array:
        """The probability of publishing the least precise study."""
        return ndtr(gamma0 + gamma1 / self.s.max())

    def steps(self, corner: Array, way: Array, probabilities: Array) -> Array:
        """How far along ``way`` from ``corner``, both in (gamma0, gamma1), it has these probabilities."""
        probit = np.array([1.0, 1.0 / self.s.max()])
        return (corner @ probit - ndtri(probabilities)) / (way @ probit)

    def estimates(self, gamma0: Array, gamma1: Array) -> Array:
        """Estimates over a grid, (values of gamma0, values of gamma1)."""
        shape = len(gamma0), len(gamma1)
        rows = np.arange(len(gamma0) * len(gamma1)).reshape(shape)
        wide = np.pad(rows, 1, mode="edge")
        around = [wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]]
        neighbours = np.stack([part.ravel() for part in around], -1)
        problems, bounds = self._problems(*(part.ravel() for part in np.meshgrid(gamma0, gamma1, indexing="ij")))
        starts = self._starts(problems, np.ones((len(self.s), 1)), _RHO_STARTS[::2], self._tau2_starts[:2])
        return highest(problems, bounds, starts, neighbours).theta[:, 0].reshape(shape)

    def points(self, gamma0: Array, gamma1: Array) -> tuple[CopasPoint, ...]:
        """The fits at these selection parameters (n,), of which each one follows from that before it."""
        n = len(gamma0)
        neighbours = np.stack([np.maximum(np.arange(n) - 1, 0), np.minimum(np.arange(n) + 1, n - 1)], -1)
        problems, bounds = self._problems(gamma0, gamma1)
        best = self._search(problems, bounds, neighbours, [])
        fuller = self._search(problems, bounds.with_ends(_BETA, -np.inf, np.inf), neighbours, [best.theta])
        self._record(best, fuller)
        se = self._standard_errors(best, bounds)
        published = ndtr(problems.u)
        unpublished = np.sum(ndtr(-problems.u) / published, -1)
        statistics = np.maximum(0.0, 2.0 * (fuller.at.loglik - best.at.loglik))
        return tuple(
            self._point(
                probability=published[row, np.argmax(self.s)], gamma0=gamma0[row], gamma1=gamma1[row],
                estimate=best.theta[row, 0], se=se[row], rho=best.theta[row, _RHO], tau2=best.theta[row, _TAU2],
                loglik=best.at.loglik[row], residual_statistic=statistics[row],
                residual_p=chdtrc(1, statistics[row]), unpublished=unpublished[row],
            )
            for row in range(n)
        )  # fmt: skip

    def _point(self, *, estimate: float, se: float, **values: float) -> CopasPoint:
        """The point with its test and limits, all as plain numbers."""
        values = {name: float(value) for name, value in values.items()}
        if np.isnan(se):
            return CopasPoint(estimate=float(estimate), se=None, p_value=None, ci_low=None, ci_high=None, **values)
        half = float(critical_value(self.result.level, None) * se)
        p, estimate = float(two_sided_p(estimate / se, None)), float(estimate)
        return CopasPoint(
            estimate=estimate, se=float(se), p_value=p, ci_low=estimate - half, ci_high=estimate + half, **values
        )

    def _problems(self, gamma0: Array, gamma1: Array) -> tuple[CopasProblems, Bounds]:
        """The likelihoods, with beta held at 0; without selection rho has no meaning, and is held at 0."""
        n = len(gamma0)
        problems = copas_problems(self.y, self.s, gamma0[:, None] + gamma1[:, None] / self.s)
        ends = ((-np.inf, np.inf), (0.0, 0.0), sorted((0.0, self._sign * _RHO_BOUND)), self._tau2_ends)
        low, high = (np.tile([end[j] for end in ends], (n, 1)) for j in (0, 1))
        none = (gamma0 == NO_SELECTION[0]) & (gamma1 == NO_SELECTION[1])
        low[none, _RHO] = high[none, _RHO] = 0.0
        return problems, Bounds(low, high, self._scale)

    def _search(
        self, problems: CopasProblems, bounds: Bounds, neighbours: NDArray[np.intp], known: list[Array]
    ) -> Maxima:
        """The highest maxima, with those at the least tau2 as further starts: a free search can step over them."""
        fuller = bool((bounds.low < bounds.high)[0, _BETA])
        x = np.column_stack([np.ones_like(self.s), self.s]) if fuller else np.ones((len(self.s), 1))
        least = self._tau2_starts[:1]
        pinned = bounds.with_ends(_TAU2, least[0], least[0])
        at_least = highest(problems, pinned, self._starts(problems, x, _MORE_RHO_STARTS, least), neighbours)
        starts = [*known, at_least.theta, *self._starts(problems, x, _RHO_STARTS, self._tau2_starts[1:])]
        return highest(problems, bounds, starts, neighbours)

    def _starts(self, problems: CopasProblems, x: Array, rhos: tuple[float, ...], tau2s: Array) -> list[Array]:
        """These values of rho and tau2, each with the best line on ``x`` (k, p) through the effects.

        Through effects less rho sigma phi(u) / Phi(u), what selection adds to them if tau2 is 0.
        """
        starts = []
        for rho in rhos:
            bias = self._sign * rho * self.s * problems.hazard / np.sqrt(1.0 - problems.c2 * rho**2)
            for tau2 in tau2s:
                root = np.sqrt(1.0 / (self.s**2 + tau2))
                y = root * (self.y - bias)
                theta = np.zeros((len(y), 4))
                theta[:, : x.shape[1]] = np.linalg.lstsq(root[:, None] * x, y.T, rcond=None)[0].T
                theta[:, _RHO], theta[:, _TAU2] = self._sign * rho, tau2
                starts.append(theta)
        return starts

    def _record(self, *found: Maxima) -> None:
        """Add these searches to the record."""
        converged, iterations, maxima = self.convergence
        self.convergence = Convergence(
            converged and all(one.converged.all() for one in found),
            iterations + sum(int(one.iterations.sum()) for one in found),
            max(maxima, *(int(one.maxima.max()) for one in found)),
        )
        if not self.convergence.converged:
            self._note("Not every search settled: the values are the best that were found.")
        if self.convergence.maxima > 1:
            self._note("The likelihood has several maxima at some points; the highest that was found is taken.")

    def _standard_errors(self, best: Maxima, bounds: Bounds) -> Array:
        """From the observed information of the parameters that lie within their bounds; NaN where there is none."""
        free = (best.theta > bounds.low) & (best.theta < bounds.high)
        if ((bounds.low < bounds.high) & ~free)[:, _RHO].any():
            self._note("rho lies at a bound at some points, and standard errors there take it as known.")
        both = free[:, :, None] & free[:, None, :]
        information = np.where(both, -best.at.hessian * np.outer(self._scale, self._scale), np.eye(4))
        positive = np.linalg.eigvalsh(information)[:, 0] > 0
        if not positive.all():
            self._note("The information is not positive definite at some points, which have no standard error.")
        information[~positive] = np.eye(4)
        se = np.sqrt(np.linalg.inv(information)[:, 0, 0]) * self._scale[0]
        return np.where(positive, se, np.nan)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes = (*self.notes, text)
