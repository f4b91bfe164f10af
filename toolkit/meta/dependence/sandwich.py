"""Sandwich covariances of coefficients when effects are correlated within clusters in a way that is not known.

With weights W, working covariances Phi and residuals e of J clusters the covariance is M (sum_j X_j'W_j A_j e_j e_j'
A_j'W_j X_j) M, M = (X'WX)^-1; what the kinds differ in is A_j (Tipton and Pustejovsky 2015, J Educ Behav Stat 40:604;
Pustejovsky and Tipton 2018, J Bus Econ Stat 36:672). All is computed in the basis in which X'WX is the identity, for
clusters of one size at once.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Rows = NDArray[np.int64]

# Below this share of the largest, an eigenvalue of a cluster's residual covariance is 0.
_NO_VARIANCE = 1e-13
# A cluster with more leverage than this on some combination of coefficients is alone in telling of it.
FULL_LEVERAGE = 1.0 - 1e-10


class SandwichKind(StrEnum):
    """Corrections of a sandwich covariance for small numbers of clusters J, with N effects and p coefficients.

    ``CR0`` none; ``CR1`` the factor J / (J - 1); ``CR1p`` J / (J - p); ``CR1S`` J (N - 1) / ((J - 1)(N - p)), as Stata;
    ``CR2`` unbiased where the working model is true (bias-reduced linearisation); ``CR3`` near the jackknife.
    """

    CR0 = "CR0"
    CR1 = "CR1"
    CR1P = "CR1p"
    CR1S = "CR1S"
    CR2 = "CR2"
    CR3 = "CR3"


class ClusterGroup(NamedTuple):
    """m clusters of n effects each: their ``rows`` (m, n), working ``variance`` (m, n, n) and ``weight`` matrices.

    ``weight`` (m, n, n) is None where it is the inverse of ``variance``.
    """

    rows: Rows
    variance: Array
    weight: Array | None = None


class Moments(NamedTuple):
    """The distribution of a sandwich covariance under the working model.

    For coefficients s and t the covariance is a quadratic form whose P matrix has the elements P_ij = f_i[:, s]'
    ``form`` f_j[:, t] for two clusters i and j, and ``own`` for one and the same, so that sums over all pairs of
    clusters are sums over clusters. ``own`` (J, p, p), ``shared`` f (J, u, p).
    """

    own: Array
    shared: Array
    form: Array

    def of(self, combinations: Array) -> Moments:
        """The same for these linear combinations (q, p) of the coefficients."""
        return Moments(combinations @ self.own @ combinations.T, self.shared @ combinations.T, self.form)

    def expected(self) -> Array:
        """The expectation of the sandwich covariance, (p, p)."""
        return self.own.sum(0)

    def satterthwaite(self) -> Array:
        """Satterthwaite degrees of freedom of the variance of each coefficient: 2 mean^2 / variance, (p,)."""
        own = np.einsum("jss->js", self.own)
        cross = np.vecdot(self.form @ self.shared, self.shared, axis=1)
        products = self.form @ np.einsum("jas,jbs->sab", self.shared, self.shared, optimize=True)
        pairs = np.einsum("sab,sba->s", products, products) - (cross**2).sum(0)
        # A sum of squares; below 0 by rounding where one cluster has nearly all the weight.
        with np.errstate(invalid="ignore"):
            return own.sum(0) ** 2 / ((own**2).sum(0) + np.maximum(pairs, 0.0))

    def covariances(self) -> Array:
        """Covariances of the elements of the sandwich, scaled to a mean of the identity: (q, q, q, q).

        Element s, t, u, v is that of (s, t) with (u, v).
        """
        values, vectors = np.linalg.eigh(self.expected())
        scaled = self.of(vectors * values**-0.5 @ vectors.T)
        own, cross = scaled.own, np.einsum("jas,ab,jbt->jst", scaled.shared, self.form, scaled.shared, optimize=True)
        products = np.einsum("jas,jct->stac", scaled.shared, scaled.shared, optimize=True)
        left = np.einsum("stac,ab,cd->stbd", products, self.form, self.form, optimize=True)
        sums = np.einsum("jsv,jtu->svtu", own, own, optimize=True)
        sums -= np.einsum("jsv,jtu->svtu", cross, cross, optimize=True)
        sums += np.einsum("stbd,vubd->svtu", left, products, optimize=True)
        return np.einsum("svtu->stuv", sums) + np.einsum("sutv->stuv", sums)

    def matrix(self, coefficient: int) -> Array:
        """The P matrix (J, J) of the variance of one coefficient."""
        shared = self.shared[:, :, coefficient]
        found = shared @ self.form @ shared.T
        np.fill_diagonal(found, self.own[:, coefficient, coefficient])
        return found


class Sandwich(NamedTuple):
    """A sandwich covariance (p, p), its moments, and the covariance that the working model gives, (p, p)."""

    covariance: Array
    moments: Moments
    working: Array


class _Basis(NamedTuple):
    """The model matrix ``z`` (k, p) in the basis where z'Wz is the identity, and what leads ``back`` to x, (p, p)."""

    z: Array
    back: Array


def sandwich(x: Array, residuals: Array, groups: Sequence[ClusterGroup], kind: SandwichKind) -> Sandwich:
    """The sandwich covariance of the coefficients of ``x`` (k, p), from ``residuals`` (k,)."""
    basis = _basis(x, groups)
    middle = _middle(basis.z, groups)
    factor = _factor(kind, sum(len(group.rows) for group in groups), *x.shape)
    scores, own, shared = [], [], []
    for group in groups:
        z, root = basis.z[group.rows], np.linalg.cholesky(group.variance)
        weighted = _weighted(group, root, z)
        half, rank = _half(_whitened_residual(root, z, weighted, middle))
        if kind == SandwichKind.CR2:
            adjusted = root @ _bias_reduced(half, rank, root, weighted)
        elif kind == SandwichKind.CR3:
            adjusted = weighted @ np.linalg.inv(np.eye(x.shape[1]) - _transposed(z) @ weighted)
        else:
            adjusted = weighted * factor
        scores.append(np.einsum("mnp,mn->mp", adjusted, residuals[group.rows]))
        told = adjusted @ basis.back.T
        spread = half @ _transposed(root) @ told
        own.append(_transposed(spread) @ spread)
        plain = _transposed(z) @ told
        if middle is not None:
            plain = np.concatenate([plain, _transposed(weighted) @ group.variance @ told], axis=1)
        shared.append(plain)
    all_scores = np.concatenate(scores) @ basis.back.T
    moments = Moments(np.concatenate(own), np.concatenate(shared), _form(middle, x.shape[1]))
    working = basis.back @ (np.eye(x.shape[1]) if middle is None else middle) @ basis.back.T
    return Sandwich(all_scores.T @ all_scores, moments, working)


def leverages(x: Array, groups: Sequence[ClusterGroup]) -> list[Array]:
    """The largest leverage of each cluster on a combination of coefficients, (m,) a group: 1 where it alone tells."""
    basis = _basis(x, groups)
    found = []
    for group in groups:
        z = basis.z[group.rows]
        weighted = _weighted(group, np.linalg.cholesky(group.variance), z)
        found.append(np.linalg.eigvalsh(_transposed(z) @ weighted)[:, -1])
    return found


def _basis(x: Array, groups: Sequence[ClusterGroup]) -> _Basis:
    whitened = []
    for group in groups:
        if group.weight is None:
            whitened.append(np.linalg.solve(np.linalg.cholesky(group.variance), x[group.rows]))
        else:
            values, vectors = np.linalg.eigh(group.weight)
            whitened.append(np.sqrt(np.maximum(values, 0.0))[..., None] * (_transposed(vectors) @ x[group.rows]))
    p = x.shape[1]
    back = np.linalg.inv(np.linalg.qr(np.concatenate([part.reshape(-1, p) for part in whitened]), mode="r"))
    return _Basis(x @ back, back)


def _middle(z: Array, groups: Sequence[ClusterGroup]) -> Array | None:
    """z'W Phi W z, None where it is the identity because the weights are the inverse variances."""
    if all(group.weight is None for group in groups):
        return None
    total = np.zeros((z.shape[1], z.shape[1]))
    for group in groups:
        weighted = group.weight @ z[group.rows]
        total += (_transposed(weighted) @ group.variance @ weighted).sum(0)
    return total


def _form(middle: Array | None, p: int) -> Array:
    if middle is None:
        return -np.eye(p)
    return np.block([[middle, -np.eye(p)], [-np.eye(p), np.zeros((p, p))]])


def _factor(kind: SandwichKind, clusters: int, k: int, p: int) -> float:
    squared = {
        SandwichKind.CR1: lambda: clusters / (clusters - 1),
        SandwichKind.CR1P: lambda: clusters / (clusters - p),
        SandwichKind.CR1S: lambda: clusters * (k - 1) / ((clusters - 1) * (k - p)),
    }
    return float(np.sqrt(squared[kind]())) if kind in squared else 1.0


def _weighted(group: ClusterGroup, root: Array, z: Array) -> Array:
    if group.weight is not None:
        return group.weight @ z
    return np.linalg.solve(_transposed(root), np.linalg.solve(root, z))


def _whitened_residual(root: Array, z: Array, weighted: Array, middle: Array | None) -> Array:
    """The covariance of the residuals of each cluster under the working model, in units of that model: (m, n, n)."""
    scaled = np.linalg.solve(root, z)
    identity = np.eye(z.shape[1])
    if middle is None:
        return identity - scaled @ _transposed(scaled)
    cross = scaled @ _transposed(weighted) @ root
    return identity - cross - _transposed(cross) + scaled @ middle @ _transposed(scaled)


def _half(residual: Array) -> tuple[Array, Array]:
    """A matrix H with H'H the residual covariance K of each cluster, and the rank of K, (m, n, n) and (m,).

    In units of the working model, so that variances many orders of magnitude apart in one cluster do not pass for
    directions without any.
    """
    values, vectors = np.linalg.eigh(residual)
    kept = values > _NO_VARIANCE * values[:, -1:]
    roots = np.where(kept, np.sqrt(np.maximum(values, 0.0)), 0.0)
    return roots[..., None] * _transposed(vectors), kept.sum(1)


def _bias_reduced(half: Array, rank: Array, root: Array, weighted: Array) -> Array:
    """(S K S)^-1/2 L'W z of each cluster, S = L'L, by the singular values of K^1/2 S; A'W z is L times that."""
    _, singular, right = np.linalg.svd(half @ _transposed(root) @ root)
    present = np.arange(singular.shape[1]) < rank[:, None]
    inverse = np.where(present, 1.0 / np.where(present, singular, 1.0), 0.0)
    return _transposed(right) @ (inverse[..., None] * (right @ _transposed(root) @ weighted))


def _transposed(matrices: Array) -> Array:
    return np.swapaxes(matrices, -1, -2)
