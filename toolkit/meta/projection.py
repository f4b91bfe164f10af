"""The residual-forming matrix of weighted least squares, on which every univariate estimator stands.

With weights W = diag(w) and model matrix X, P = W - W X (X'W X)^-1 X'W. Heterogeneity estimators, their standard
errors and the likelihoods are quadratic forms z'P z and traces of P; here they come without a k x k matrix being made,
so time and memory grow with k and not with its square (P's use: Harville 1977, J Am Stat Assoc 72:320).

Arrays may have any leading axes: w and z (..., k), X (..., k, p); results have the leading axes alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


# Where the squared shares of the weights add up to more than this, one study has nearly all of it.
_DOMINANCE = 0.98
# A study whose complement of leverage is below this has a weight beside which the others are lost in a difference.
_LEAST_COMPLEMENT = 1e-3


class MeanProjection:
    """P for a weighted mean: the model matrix is a column of ones.

    ``is_dominated`` tells whether a study somewhere outweighs all others so far that care is taken of rounding.
    """

    def __init__(self, w: Array) -> None:
        self.w = w
        self.total = np.add.reduce(w, -1)
        self._share = w / self.total[..., None]
        self._concentration = np.vecdot(self._share, self._share)
        self.is_dominated = bool((self._concentration > _DOMINANCE).any())

    def residuals(self, z: Array) -> Array:
        """``z`` less its fitted values, shape (..., k); the vector P z is ``w`` times these."""
        return z - np.vecdot(self._share, z)[..., None]

    def form(self, z: Array) -> Array:
        """The quadratic form z'P z, never negative."""
        residuals = self.residuals(z)
        return np.vecdot(self.w * residuals, residuals)

    def hat(self) -> Array:
        """The diagonal of the hat matrix X (X'W X)^-1 X'W, shape (..., k)."""
        return self._share

    def complement(self) -> Array:
        """1 less the diagonal of the hat matrix, exact for a study that has nearly all the weight."""
        return self._complement

    def trace(self, d: Array | None = None) -> Array:
        """The trace of P D, with D = diag(d), or of P."""
        if d is None and not self.is_dominated:
            return self.total * (1.0 - self._concentration)
        return np.vecdot(self.w if d is None else self.w * d, self._complement)

    def trace_product(self, d_1: Array | None = None, d_2: Array | None = None) -> Array:
        """The trace of P D1 P D2, with D = diag(d); a D that is None is the identity."""
        if d_1 is None and d_2 is None and not self.is_dominated:
            cubes = np.vecdot(self._share * self._share, self._share)
            return self.total**2 * (self._concentration * (1.0 + self._concentration) - 2.0 * cubes)
        a_1 = self.w if d_1 is None else self.w * d_1
        a_2 = self.w if d_2 is None else self.w * d_2
        if not self.is_dominated:
            shared = np.vecdot(a_1, self._share) * np.vecdot(a_2, self._share)
            return np.vecdot(a_1 * a_2, 1.0 - 2.0 * self._share) + shared
        s_1, s_2 = a_1 * self._share, a_2 * self._share
        rest_1, rest_2 = np.where(self._dominant, 0.0, s_1), np.where(self._dominant, 0.0, s_2)
        total_1, total_2 = np.add.reduce(rest_1, -1), np.add.reduce(rest_2, -1)
        crossed = np.add.reduce(s_1 - rest_1, -1) * total_2 + np.add.reduce(s_2 - rest_2, -1) * total_1
        return np.vecdot(a_1 * a_2, self._complement**2) + crossed + total_1 * total_2 - np.vecdot(rest_1, rest_2)

    def log_determinant(self) -> Array:
        """The logarithm of det(X'W X)."""
        return np.log(self.total)

    def coefficients(self, y: Array) -> Array:
        """Weighted least squares coefficients, shape (..., 1)."""
        return np.vecdot(self._share, y)[..., None]

    def covariance(self) -> Array:
        """(X'W X)^-1, shape (..., 1, 1)."""
        return (1.0 / self.total)[..., None, None]

    def covariance_under(self, variances: Array) -> Array:
        """The covariance of the coefficients where y has these variances, which W need not be the inverse of."""
        return np.vecdot(self._share * variances, self._share)[..., None, None]

    @cached_property
    def _dominant(self) -> NDArray[np.bool_]:
        """Where the largest weight stands, which outweighs all others so far that 1 - share would be rounding error."""
        return np.arange(self.w.shape[-1]) == np.argmax(self.w, -1)[..., None]

    @cached_property
    def _complement(self) -> Array:
        """1 - share, without cancellation for a dominant study."""
        if not self.is_dominated:
            return 1.0 - self._share
        rest = np.add.reduce(np.where(self._dominant, 0.0, self.w), -1) / self.total
        return np.where(self._dominant, rest[..., None], 1.0 - self._share)


class DesignProjection:
    """P for any model matrix of full rank, through the QR decomposition of W^1/2 X (no normal equations)."""

    def __init__(self, w: Array, x: Array) -> None:
        self.w = w
        self.x = x
        self._root = np.sqrt(w)
        self._q, self._r = np.linalg.qr(self._root[..., None] * x)

    def residuals(self, z: Array) -> Array:
        """``z`` less its fitted values, shape (..., k); the vector P z is ``w`` times these."""
        return z - (self.x @ self.coefficients(z)[..., None])[..., 0]

    def form(self, z: Array) -> Array:
        """The quadratic form z'P z, never negative."""
        residuals = self.residuals(z)
        return np.vecdot(self.w * residuals, residuals)

    def hat(self) -> Array:
        """The diagonal of the hat matrix X (X'W X)^-1 X'W, shape (..., k)."""
        return np.vecdot(self._q, self._q)

    def complement(self) -> Array:
        """1 less the diagonal of the hat matrix."""
        return 1.0 - self.hat()

    def basis(self) -> Array:
        """U with P = W - U U', shape (..., k, p)."""
        return self._root[..., None] * self._q

    def trace(self, d: Array | None = None) -> Array:
        """The trace of P D, with D = diag(d), or of P."""
        return np.vecdot(self.w if d is None else self.w * d, 1.0 - self.hat())

    def trace_product(self, d_1: Array | None = None, d_2: Array | None = None) -> Array:
        """The trace of P D1 P D2, with D = diag(d); a D that is None is the identity."""
        a_1 = self.w if d_1 is None else self.w * d_1
        a_2 = self.w if d_2 is None else self.w * d_2
        if (self.hat() > 1.0 - _LEAST_COMPLEMENT).any():
            return self._trace_of_products(a_1, a_2)
        shared = self._inner(a_1) * self._inner(a_2)
        return np.vecdot(a_1 * a_2, 1.0 - 2.0 * self.hat()) + shared.sum((-2, -1))

    def log_determinant(self) -> Array:
        """The logarithm of det(X'W X)."""
        return 2.0 * np.log(np.abs(np.diagonal(self._r, axis1=-2, axis2=-1))).sum(-1)

    def coefficients(self, y: Array) -> Array:
        """Weighted least squares coefficients, shape (..., p)."""
        projected = np.swapaxes(self._q, -2, -1) @ (self._root * y)[..., None]
        return np.linalg.solve(self._r, projected)[..., 0]

    def covariance(self) -> Array:
        """(X'W X)^-1, shape (..., p, p)."""
        inverse = np.linalg.inv(self._r)
        return inverse @ np.swapaxes(inverse, -2, -1)

    def covariance_under(self, variances: Array) -> Array:
        """The covariance of the coefficients where y has these variances, which W need not be the inverse of."""
        rows = np.linalg.solve(self._r, np.swapaxes(self._q * self._root[..., None], -2, -1))
        return (rows * variances[..., None, :]) @ np.swapaxes(rows, -2, -1)

    def _trace_of_products(self, a_1: Array, a_2: Array) -> Array:
        """The same sum over pairs of studies, none of them a difference, for studies that fit themselves alone.

        I - H is a projection, so that its diagonal is what the squares off it add up to over h.
        """
        squares = np.square(self._q @ np.swapaxes(self._q, -2, -1))
        studies = np.arange(squares.shape[-1])
        squares[..., studies, studies] = 0.0
        hat = self.hat()
        alone = hat > 1.0 - _LEAST_COMPLEMENT
        complement = np.where(alone, squares.sum(-1) / np.where(alone, hat, 1.0), 1.0 - hat)
        return np.vecdot(a_1 * complement, a_2 * complement) + np.vecdot(a_1, (squares @ a_2[..., None])[..., 0])

    def _inner(self, a: Array) -> Array:
        return np.swapaxes(self._q, -2, -1) @ (a[..., None] * self._q)


Projection = MeanProjection | DesignProjection
