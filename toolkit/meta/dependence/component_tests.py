"""Degrees of freedom of tests in models with estimated variance components."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.component_search import Maximum

    Array = NDArray[np.float64]


class DependentTest(StrEnum):
    """How coefficients of a model with several variance components are tested.

    ``z`` normal; ``t`` with the degrees of freedom of the levels that contain a coefficient (metafor's
    ``test="t", dfs="contain"``); ``residual`` t with k - p degrees of freedom, both with 1 at least; ``satterthwaite``
    t with those of Satterthwaite's approximation, from the observed information (as lmerTest); ``kenward-roger`` t with
    standard errors that count the uncertainty of the variance components as well, and degrees of freedom from the
    expected information (Kenward and Roger 1997, Biometrics 53:983; as pbkrtest).
    """

    Z = "z"
    T = "t"
    RESIDUAL = "residual"
    SATTERTHWAITE = "satterthwaite"
    KENWARD_ROGER = "kenward-roger"


def tested(
    test: DependentTest, at: Maximum, x: Array, levels: Sequence[Clusters]
) -> tuple[Array, Array | None, tuple[str, ...]]:
    """The covariance and degrees of freedom of the coefficients by this test, and what a reader should know."""
    k, p = x.shape
    covariance = at.gls.covariance
    if test == DependentTest.Z:
        return covariance, None, ()
    if test == DependentTest.RESIDUAL:
        df = np.full(p, float(k - p))
    elif test == DependentTest.T:
        df = containment(x, levels)
    elif test == DependentTest.SATTERTHWAITE:
        df = satterthwaite(at, at.curvature.observed)
    else:
        covariance, df = kenward_roger(at), satterthwaite(at, at.curvature.expected)
    if np.isinf(df).any():
        return covariance, None, ("No variance was estimated (all are 0), so that the tests are z.",)
    if k == p:
        return covariance, None, (f"No degrees of freedom are left: z in place of {test}.",)
    if df.min() < 1 and test in (DependentTest.T, DependentTest.RESIDUAL):
        few = "There are no more units than coefficients, so that the tests have 1 degree of freedom, the least."
        return covariance, np.maximum(df, 1.0), (few,)
    return covariance, df, ()


def containment(x: Array, levels: Sequence[Clusters]) -> Array:
    """For each coefficient the fewest units of a level within which its column does not change, less p; k - p if none.

    As metafor's ``dfs="contain"``.
    """
    k, p = x.shape
    df = np.full(p, float(k - p))
    for level in levels:
        first = np.zeros(len(level), np.int64)
        first[level.codes[::-1]] = np.arange(k)[::-1]
        constant = (x == x[first[level.codes]]).all(0)
        df = np.where(constant, np.minimum(df, len(level) - p), df)
    return df


def satterthwaite(at: Maximum, information: Array) -> Array:
    """2 var² / var(var) of each coefficient, with the variance of its variance from this information (q, q)."""
    c, free = at.gls.covariance, at.free
    if not free.any():
        return np.full(len(c), np.inf)
    slopes = np.einsum("pr,qrt,tp->qp", c, at.curvature.tilts[free], c)
    spread = np.linalg.pinv(information[np.ix_(free, free)])
    with np.errstate(divide="ignore"):
        return 2.0 * np.diagonal(c) ** 2 / np.einsum("qp,qr,rp->p", slopes, spread, slopes)


def kenward_roger(at: Maximum) -> Array:
    """The covariance of the coefficients, with what the estimation of the variance components adds to it.

    Kenward and Roger 1997, equation 4 of section 2.2, for a covariance that is linear in its parameters.
    """
    c, free = at.gls.covariance, at.free
    if not free.any():
        return c
    spread = np.linalg.pinv(at.curvature.expected[np.ix_(free, free)])
    tilts = at.curvature.tilts[free]
    bends = at.curvature.bends[free][:, free]
    middle = np.einsum("qr,qrpt->pt", spread, bends) - np.einsum("qr,qps,st,rtu->pu", spread, tilts, c, tilts)
    found = c + 2.0 * c @ middle @ c
    return 0.5 * (found + found.T)
