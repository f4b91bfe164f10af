"""The normal model of dependent effects: y = X beta + e with a block-diagonal covariance that has unknown parameters.

Everything is a sum over blocks, held as arrays of blocks of one size, so that time and memory are linear in their
number. Shapes: k effects, p coefficients, q parameters of the covariance; b blocks of s effects each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from toolkit.meta.likelihood import LOG_2PI

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


class BlockGroup(NamedTuple):
    """Blocks of one size: rows (b, s), effects (b, s), model matrix (b, s, p), sampling covariances (b, s, s)."""

    rows: Integers
    y: Array
    x: Array
    v: Array


class Structure(Protocol):
    """How the random effects make the marginal covariance from q parameters ``theta``, each between its bounds."""

    names: tuple[str, ...]
    low: Array
    high: Array

    @property
    def is_linear(self) -> bool:
        """Whether the covariance is linear in its parameters, so that their second derivatives are 0."""

    def covariances(self, theta: Array) -> list[Array]:
        """The covariances of the random effects, (b, s, s) for each group of blocks."""

    def slopes(self, theta: Array) -> list[Array]:
        """Their derivatives with respect to each parameter, (q, b, s, s) for each group."""

    def bends(self, theta: Array, pulls: list[Array]) -> Array:
        """Second derivatives (q, q) of the sum of ``pulls`` (b, s, s) times the covariances; not for linear ones."""


class Gls(NamedTuple):
    """Generalised least squares at one theta: coefficients, their covariance, log-likelihood, weighted residual sum.

    ``inverses`` hold the inverse marginal covariances (b, s, s) of each group.
    """

    beta: Array
    covariance: Array
    loglik: float
    residual: float
    inverses: tuple[Array, ...]


class Curvature(NamedTuple):
    """First and second derivatives of the log-likelihood at one theta.

    ``score`` (q,), ``expected`` and ``observed`` information (q, q), ``tilts`` (q, p, p): X'W V_i W X for the
    derivative V_i of the covariance, and ``bends`` (q, q, p, p): X'W V_i W V_j W X.
    """

    score: Array
    expected: Array
    observed: Array
    tilts: Array
    bends: Array


@dataclass(frozen=True, eq=False)
class CovarianceModel:
    """Groups of blocks with the structure of their random effects; ``restricted`` for REML, ML otherwise.

    ``design_log_determinant`` is log det(X'X), the constant of the restricted likelihood (Harville 1974).
    """

    groups: tuple[BlockGroup, ...]
    structure: Structure
    restricted: bool
    design_log_determinant: float

    @property
    def k(self) -> int:
        """Number of effects."""
        return sum(group.y.size for group in self.groups)

    def marginal(self, theta: Array) -> list[tuple[Integers, Array]]:
        """The marginal covariance: rows (b, s) and matrices (b, s, s) of each group."""
        random = self.structure.covariances(theta)
        return [(group.rows, group.v + own) for group, own in zip(self.groups, random, strict=True)]

    def gls(self, theta: Array, *, restricted: bool | None = None) -> Gls | None:
        """The coefficients and the log-likelihood at ``theta``, None where a covariance cannot be inverted."""
        p = self.groups[0].x.shape[-1]
        moment, cross, log_determinant, inverses = np.zeros((p, p)), np.zeros(p), 0.0, []
        for group, (_, covariance) in zip(self.groups, self.marginal(theta), strict=True):
            try:
                root, inverse = np.linalg.cholesky(covariance), np.linalg.inv(covariance)
            except np.linalg.LinAlgError:
                return None
            log_determinant += 2.0 * float(np.log(np.einsum("bss->bs", root)).sum())
            inverses.append(0.5 * (inverse + np.swapaxes(inverse, 1, 2)))
            weighted = inverses[-1] @ group.x
            moment += np.einsum("bsp,bsr->pr", group.x, weighted)
            cross += np.einsum("bsp,bs->p", weighted, group.y)
        sign, weighted_log_determinant = np.linalg.slogdet(moment) if np.isfinite(moment).all() else (0.0, 0.0)
        if sign <= 0:
            return None
        covariance = np.linalg.inv(moment)
        beta = covariance @ cross
        residual = sum(
            float(np.einsum("bs,bst,bt->", r, inverse, r, optimize=True))
            for r, inverse in zip(self._residuals(beta), inverses, strict=True)
        )
        loglik = -0.5 * (self.k * LOG_2PI + log_determinant + residual)
        if self.restricted if restricted is None else restricted:
            loglik += 0.5 * (p * LOG_2PI + self.design_log_determinant - float(weighted_log_determinant))
        return Gls(beta, covariance, loglik, residual, tuple(inverses))

    def curvature(self, theta: Array, at: Gls) -> Curvature:
        """The derivatives of the log-likelihood at ``theta`` (Jennrich and Schluchter 1986, Biometrics 42:805)."""
        q, p = len(theta), len(at.beta)
        traces, squares, plain = np.zeros(q), np.zeros(q), np.zeros((q, q))
        tilts, bends = np.zeros((q, p, p)), np.zeros((q, q, p, p))
        pulls, own, likelihood_slopes = np.zeros((q, p)), np.zeros((q, q)), []
        parts = zip(self.groups, self._residuals(at.beta), at.inverses, self.structure.slopes(theta), strict=True)
        for group, residuals, inverse, slopes in parts:
            weighted_x = inverse @ group.x
            weighted = (inverse @ residuals[:, :, None])[:, :, 0]
            products = inverse @ slopes
            traces += np.einsum("qbss->q", products)
            plain += np.einsum("qbst,rbts->qr", products, products, optimize=True)
            turned_x = slopes @ weighted_x  # (q, b, s, p)
            turned = (slopes @ weighted[:, :, None])[..., 0]  # (q, b, s)
            squares += np.einsum("bs,qbs->q", weighted, turned)
            tilts += np.einsum("bsp,qbsr->qpr", weighted_x, turned_x)
            weighted_turned_x = inverse @ turned_x
            bends += np.einsum("qbsp,rbst->qrpt", turned_x, weighted_turned_x, optimize=True)
            pulls += np.einsum("qbs,bsp->qp", turned, weighted_x)
            own += np.einsum("qbs,rbs->qr", turned, (inverse @ turned[..., None])[..., 0])
            if not self.structure.is_linear:
                lost = inverse - (
                    weighted_x @ at.covariance @ np.swapaxes(weighted_x, 1, 2) if self.restricted else 0.0
                )
                likelihood_slopes.append(0.5 * (weighted[:, :, None] * weighted[:, None, :] - lost))
        c = at.covariance
        own -= pulls @ c @ pulls.T
        if self.restricted:
            traces = traces - np.einsum("pr,qrp->q", c, tilts)
            leaning = c @ tilts
            plain = plain - 2.0 * np.einsum("pt,qrtp->qr", c, bends) + np.einsum("qpt,rtp->qr", leaning, leaning)
        observed = own - 0.5 * plain
        if not self.structure.is_linear:
            observed -= self.structure.bends(theta, likelihood_slopes)
        return Curvature(0.5 * (squares - traces), 0.5 * plain, observed, tilts, bends)

    def _residuals(self, beta: Array) -> list[Array]:
        return [group.y - group.x @ beta for group in self.groups]
