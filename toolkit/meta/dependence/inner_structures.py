"""Covariances of the random effects of an inner factor (outcomes, doses, times) within the units of an outer one.

Each has parameters between bounds of their own, at which it stays positive semi-definite, so that a correlation of -1
or 1 and a variance of 0 are reached exactly. Shapes: m inner levels, q parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_STEP = 1e-5
_SINGULAR = 1e-14
_STARTING_CORRELATIONS = (0.0, 0.7, -0.7)  # shares of the way to the bounds


class InnerStructure(StrEnum):
    """How the effects of the inner levels vary and correlate within a unit of the outer factor (metafor's ``struct``).

    ``UN`` unstructured: a variance tau2 for each level and a correlation for each pair; ``CS`` compound symmetry: one
    variance and one correlation; ``HCS`` heteroscedastic: a variance for each level and one correlation; ``DIAG``: a
    variance for each level, no correlation; ``ID``: one variance, no correlation.
    """

    UN = "UN"
    CS = "CS"
    HCS = "HCS"
    DIAG = "DIAG"
    ID = "ID"


UNCORRELATED = {
    InnerStructure.UN: InnerStructure.DIAG,
    InnerStructure.CS: InnerStructure.ID,
    InnerStructure.HCS: InnerStructure.DIAG,
    InnerStructure.DIAG: InnerStructure.DIAG,
    InnerStructure.ID: InnerStructure.ID,
}
"""Each structure without its correlations."""


class InnerCovariance(Protocol):
    """The covariance (m, m) of the random effects of m inner levels as a function of q parameters ``theta``."""

    low: Array
    high: Array
    is_linear: bool

    def covariance(self, theta: Array) -> Array:
        """The covariance, (m, m)."""

    def slopes(self, theta: Array) -> Array:
        """Its derivatives, (q, m, m)."""

    def theta_at(self, covariance: Array) -> Array:
        """The parameters that come nearest to a covariance (m, m)."""


@dataclass(frozen=True, eq=False)
class LinearCovariance:
    """Weighted sums of positive semi-definite ``parts`` (q, m, m) that are orthogonal: ID, DIAG, and CS.

    For CS the weights are the two eigenvalues, tau2 (1 - rho) and tau2 (1 + (m - 1) rho).
    """

    parts: Array
    is_linear = True

    @property
    def low(self) -> Array:
        """No weight is negative."""
        return np.zeros(len(self.parts))

    @property
    def high(self) -> Array:
        """There is no upper bound."""
        return np.full(len(self.parts), np.inf)

    def covariance(self, theta: Array) -> Array:
        """The covariance, (m, m)."""
        return np.einsum("q,qst->st", theta, self.parts)

    def slopes(self, theta: Array) -> Array:
        """The parts."""
        return self.parts

    def theta_at(self, covariance: Array) -> Array:
        """The weights whose covariance is nearest to this one."""
        own = np.einsum("qst,qst->q", self.parts, self.parts)
        return np.einsum("qst,st->q", self.parts, covariance) / own


@dataclass(frozen=True, eq=False)
class OneCorrelation:
    """Standard deviations of m levels and one correlation between -1/(m - 1) and 1: HCS, and UN for two levels."""

    m: int
    is_linear = False

    @property
    def low(self) -> Array:
        """Standard deviations of 0, and the lowest correlation that m effects can all have."""
        return np.append(np.zeros(self.m), -1.0 / (self.m - 1))

    @property
    def high(self) -> Array:
        """No bound of the standard deviations, and a correlation of 1."""
        return np.append(np.full(self.m, np.inf), 1.0)

    def covariance(self, theta: Array) -> Array:
        """The covariance, (m, m)."""
        return np.outer(theta[:-1], theta[:-1]) * self._correlations(theta)

    def slopes(self, theta: Array) -> Array:
        """Its derivatives, (m + 1, m, m)."""
        off = np.outer(theta[:-1], theta[:-1]) * (1.0 - np.eye(self.m))
        return np.concatenate([_slopes_of_deviations(theta[:-1], self._correlations(theta)), off[None]])

    def theta_at(self, covariance: Array) -> Array:
        """Standard deviations, and the mean of the correlations."""
        found = correlations(covariance)[np.triu_indices(self.m, 1)]
        return np.append(np.sqrt(np.diagonal(covariance)), found.mean())

    def _correlations(self, theta: Array) -> Array:
        return theta[-1] + (1.0 - theta[-1]) * np.eye(self.m)


@dataclass(frozen=True, eq=False)
class CommonCorrelation:
    """One standard deviation and one correlation of m levels: CS by the parameters that it has in the literature."""

    m: int
    is_linear = False

    @property
    def low(self) -> Array:
        """A standard deviation of 0, and the lowest correlation that m effects can all have."""
        return np.array([0.0, -1.0 / (self.m - 1)])

    @property
    def high(self) -> Array:
        """No bound of the standard deviation, and a correlation of 1."""
        return np.array([np.inf, 1.0])

    def covariance(self, theta: Array) -> Array:
        """The covariance, (m, m)."""
        return theta[0] ** 2 * (theta[1] + (1.0 - theta[1]) * np.eye(self.m))

    def slopes(self, theta: Array) -> Array:
        """Its derivatives, (2, m, m)."""
        identity = np.eye(self.m)
        correlation = theta[1] + (1.0 - theta[1]) * identity
        return np.array([2.0 * theta[0] * correlation, theta[0] ** 2 * (1.0 - identity)])

    def theta_at(self, covariance: Array) -> Array:
        """The mean standard deviation and correlation."""
        found = correlations(covariance)[np.triu_indices(self.m, 1)]
        return np.array([np.sqrt(np.diagonal(covariance)).mean(), found.mean()])


@dataclass(frozen=True, eq=False)
class AllCorrelations:
    """Standard deviations of m levels and an angle from 0 to pi for each pair: UN.

    Row k of the Cholesky factor of the correlations is cos(a_k1), sin(a_k1) cos(a_k2), ..., so that any angles make a
    correlation matrix (Pinheiro and Bates 1996, Stat Comput 6:289, spherical parametrisation).
    """

    m: int
    is_linear = False

    @property
    def low(self) -> Array:
        """0 for all."""
        return np.zeros(self.m * (self.m + 1) // 2)

    @property
    def high(self) -> Array:
        """No bound of the standard deviations, and pi for the angles."""
        return np.append(np.full(self.m, np.inf), np.full(self.m * (self.m - 1) // 2, np.pi))

    def covariance(self, theta: Array) -> Array:
        """The covariance, (m, m)."""
        deviations = theta[: self.m]
        root = self._root(theta)
        return np.outer(deviations, deviations) * (root @ root.T)

    def slopes(self, theta: Array) -> Array:
        """Its derivatives, (q, m, m)."""
        deviations, root = theta[: self.m], self._root(theta)
        scale = np.outer(deviations, deviations)
        found = [*_slopes_of_deviations(deviations, root @ root.T)]
        cosines, sines = self._angles(theta)
        for first, second in zip(*np.triu_indices(self.m, 1), strict=True):
            turned_cosines, turned_sines = cosines[second, :second].copy(), sines[second, :second].copy()
            turned_cosines[first], turned_sines[first] = -sines[second, first], cosines[second, first]
            turned = np.zeros(self.m)
            turned[: second + 1] = _row(turned_cosines, turned_sines)
            turned[:first] = 0.0
            slope = np.zeros((self.m, self.m))
            slope[second] = root @ turned
            slope[second, second] = 0.0
            found.append(scale * (slope + slope.T))
        return np.array(found)

    def theta_at(self, covariance: Array) -> Array:
        """The parameters of a covariance, which may be singular."""
        deviations = np.sqrt(np.diagonal(covariance))
        root = _cholesky(correlations(covariance))
        angles = []
        for first, second in zip(*np.triu_indices(self.m, 1), strict=True):
            rest = np.sqrt(np.sum(root[second, first + 1 : second + 1] ** 2))
            angles.append(np.arctan2(rest, root[second, first]))
        return np.append(deviations, angles)

    def _angles(self, theta: Array) -> tuple[Array, Array]:
        angles = np.zeros((self.m, self.m))
        angles.T[np.triu_indices(self.m, 1)] = theta[self.m :]
        cosines, sines = (np.where(np.abs(part) < 1e-15, 0.0, part) for part in (np.cos(angles), np.sin(angles)))
        return cosines, sines

    def _root(self, theta: Array) -> Array:
        cosines, sines = self._angles(theta)
        root = np.zeros((self.m, self.m))
        for row in range(self.m):
            root[row, : row + 1] = _row(cosines[row, :row], sines[row, :row])
        return root


def inner_covariance(kind: InnerStructure, m: int) -> InnerCovariance:
    """The covariance of this structure for m levels; one level has a variance alone."""
    if m == 1 or kind == InnerStructure.ID:
        return LinearCovariance(np.eye(m)[None])
    if kind == InnerStructure.DIAG:
        return LinearCovariance(np.eye(m)[:, :, None] * np.eye(m)[:, None, :])
    if kind == InnerStructure.CS:
        return LinearCovariance(np.array([np.eye(m) - 1.0 / m, np.full((m, m), 1.0 / m)]))
    if kind == InnerStructure.HCS or m == 2:
        return OneCorrelation(m)
    return AllCorrelations(m)


def second_derivatives(shape: InnerCovariance, theta: Array) -> Array:
    """Second derivatives (q, q, m, m) of a covariance, from central differences of the first.

    They steer the search and the curvature at its end, not where it ends.
    """
    steps = np.full(len(theta), _STEP)
    deviations = np.isinf(shape.high)
    steps[deviations] *= np.max(np.abs(theta[deviations])) or 1.0
    found = np.array([shape.slopes(theta + step) - shape.slopes(theta - step) for step in np.diag(steps)])
    found /= 2.0 * steps[:, None, None, None]
    return 0.5 * (found + np.swapaxes(found, 0, 1))


def starting_points(shape: InnerCovariance, variances: Array) -> list[Array]:
    """Parameters with these variances (m,) and correlations of none, and far to either side."""
    m, spread = len(variances), np.sqrt(np.outer(variances, variances))
    points = []
    for share in _STARTING_CORRELATIONS:
        rho = share if share > 0 else share / max(m - 1, 1)
        points.append(shape.theta_at(spread * (rho + (1.0 - rho) * np.eye(m))))
    return [point for at, point in enumerate(points) if at == 0 or not np.allclose(point, points[0])]


def parameters(kind: InnerStructure, covariance: Array, levels: tuple[str, ...]) -> dict[str, float]:
    """The variances and correlations of a covariance by name, each once, as this structure has them.

    A correlation with effects that do not vary is 0.
    """
    m, single = len(levels), kind in (InnerStructure.CS, InnerStructure.ID)
    variances = np.diagonal(covariance)
    found = (
        {"tau2": variances[0]} if single else dict(zip((f"tau2 of {name}" for name in levels), variances, strict=True))
    )
    rho = correlations(covariance)
    if m > 1 and kind in (InnerStructure.CS, InnerStructure.HCS):
        pairs = rho[np.triu_indices(m, 1)]
        found["rho"] = pairs[np.argmax(np.abs(pairs))]
    if kind == InnerStructure.UN:
        for one, other in zip(*np.triu_indices(m, 1), strict=True):
            found[f"rho of {levels[one]} and {levels[other]}"] = rho[one, other]
    return {name: float(value) for name, value in found.items()}


def correlations(covariance: Array) -> Array:
    """The correlations (m, m) of a covariance, 0 where a variance is 0; within rounding of -1 and 1 exactly these."""
    spread = np.sqrt(np.diagonal(covariance))
    product = np.outer(spread, spread)
    found = np.divide(covariance, product, out=np.zeros_like(covariance), where=product > 0)
    found[np.abs(np.abs(found) - 1.0) < 1e-14] = np.sign(found[np.abs(np.abs(found) - 1.0) < 1e-14])
    np.fill_diagonal(found, 1.0)
    return found


def _cholesky(matrix: Array) -> Array:
    """The lower triangular root of a positive semi-definite matrix, with columns of 0 where it is singular."""
    root = np.zeros_like(matrix)
    for column in range(len(matrix)):
        left = matrix[column:, column] - root[column:, :column] @ root[column, :column]
        if left[0] > _SINGULAR:
            root[column:, column] = left / np.sqrt(left[0])
    return root


def _slopes_of_deviations(deviations: Array, correlation: Array) -> Array:
    """Derivatives (m, m, m) of a covariance with respect to its standard deviations."""
    unit = np.eye(len(deviations))
    half = unit[:, :, None] * (correlation * deviations)[:, None, :]
    return half + np.swapaxes(half, 1, 2)


def _row(cosines: Array, sines: Array) -> Array:
    return np.append(cosines, 1.0) * np.append(1.0, np.cumprod(sines))
