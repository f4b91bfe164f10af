"""Tests of coefficients in models with estimated variance components: degrees of freedom, of one and of several."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.component_search import Maximum
    from toolkit.meta.design import Design

    Array = NDArray[np.float64]


class DependentTest(StrEnum):
    """How coefficients of a model with several variance components are tested.

    ``z`` normal; ``t`` with the degrees of freedom of the levels that contain a coefficient (metafor's
    ``test="t", dfs="contain"``); ``residual`` t with k - p degrees of freedom, both with 1 at least; ``satterthwaite``
    t with those of Satterthwaite's approximation, from the observed information (as lmerTest); ``kenward-roger`` t with
    standard errors that count the uncertainty of the variance components as well, and degrees of freedom from the
    expected information (Kenward and Roger 1997, Biometrics 53:983; as pbkrtest). Several coefficients are tested
    jointly by F; its second degrees of freedom are the least of theirs for ``t`` and ``residual``, those of Fai and
    Cornelius (1996, J Stat Comput Simul 54:363; as lmerTest) for ``satterthwaite``, and Kenward and Roger's, whose F is
    scaled, for the last.
    """

    Z = "z"
    T = "t"
    RESIDUAL = "residual"
    SATTERTHWAITE = "satterthwaite"
    KENWARD_ROGER = "kenward-roger"


class Joint(NamedTuple):
    """The joint test of several coefficients: Wald's statistic / m times ``scale`` is F with m and ``df``.

    A chi-square with m degrees of freedom where ``df`` is None.
    """

    scale: float
    df: float | None


class Tested(NamedTuple):
    """Covariance (p, p) and degrees of freedom (p,) of the coefficients (None: z), their joint test, and notes.

    ``test`` is the one that was used, where the one that was asked for cannot be.
    """

    test: DependentTest
    covariance: Array
    df: Array | None
    joint: Joint
    notes: tuple[str, ...] = ()


def tested(test: DependentTest, at: Maximum, design: Design, levels: Sequence[Clusters]) -> Tested:
    """How the coefficients are tested, and what a reader should know of it."""
    x, together = design.x, list(design.tested)
    k, p = x.shape
    covariance, notes = at.gls.covariance, ()
    if test == DependentTest.KENWARD_ROGER:
        adjusted = kenward_roger(at)
        if np.linalg.eigvalsh(adjusted)[0] > 0:
            covariance = adjusted
        else:
            test = DependentTest.SATTERTHWAITE
            notes = ("The covariance of Kenward and Roger is not positive definite with so few effects: "
                     "Satterthwaite's test in its place.",)  # fmt: skip
    if test == DependentTest.Z:
        return _z(covariance)
    if test == DependentTest.RESIDUAL:
        df = np.full(p, float(k - p))
    elif test == DependentTest.T:
        df = containment(x, levels)
    elif test == DependentTest.SATTERTHWAITE:
        df = satterthwaite(at, at.curvature.observed)
    else:
        df = satterthwaite(at, at.curvature.expected)
    if np.isinf(df).any():
        return _z(covariance, "No variance was estimated (all are 0), so that the tests are z.")
    by_units = test in (DependentTest.T, DependentTest.RESIDUAL)
    if k == p or not (by_units or df.min() > 0):
        return _z(covariance, f"No degrees of freedom are left: z in place of {test}.")
    if by_units and df.min() < 1:
        df = np.maximum(df, 1.0)
        notes = ("There are no more units than coefficients, so that the tests have 1 degree of freedom, the least.",)
    if len(together) == 1:
        joint = Joint(1.0, float(df[together[0]]))
    elif test == DependentTest.SATTERTHWAITE:
        joint = fai_cornelius(at, together)
    elif test == DependentTest.KENWARD_ROGER:
        joint = kenward_roger_joint(at, together)
    else:
        joint = Joint(1.0, float(df[together].min()))
    return Tested(test, covariance, df, joint, notes)


def _z(covariance: Array, *notes: str) -> Tested:
    return Tested(DependentTest.Z, covariance, None, Joint(1.0, None), notes)


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
    if not at.free.any():
        return np.full(len(at.gls.covariance), np.inf)
    slopes, spread = _slopes(at, information)
    return _twice_squared_over_variance(np.diagonal(at.gls.covariance), np.diagonal(slopes, axis1=1, axis2=2), spread)


def fai_cornelius(at: Maximum, columns: Sequence[int]) -> Joint:
    """F of several coefficients from Satterthwaite's degrees of freedom nu of their principal components.

    2 E / (E - m) with E the sum of nu / (nu - 2), and 2 where one nu is 2 or less (as lmerTest's contestMD).
    """
    within = np.ix_(columns, columns)
    slopes, spread = _slopes(at, at.curvature.observed)
    variances, vectors = np.linalg.eigh(at.gls.covariance[within])
    turned = np.einsum("pm,qpr,rm->qm", vectors, slopes[:, *within], vectors)
    nu = _twice_squared_over_variance(variances, turned, spread)
    if nu.min() <= 2.0:
        return Joint(1.0, 2.0)
    if np.ptp(nu) < 1e-8:  # E - m would be rounding where nu is large
        return Joint(1.0, float(nu[0]))
    expected = float((nu / (nu - 2.0)).sum())
    return Joint(1.0, 2.0 * expected / (expected - len(nu)))


def _slopes(at: Maximum, information: Array) -> tuple[Array, Array]:
    """Derivatives of the coefficients' covariance in the free parameters (f, p, p), and the covariance of these."""
    c, free = at.gls.covariance, at.free
    return c @ at.curvature.tilts[free] @ c, np.linalg.pinv(information[np.ix_(free, free)])


def _twice_squared_over_variance(variances: Array, slopes: Array, spread: Array) -> Array:
    with np.errstate(divide="ignore"):
        return 2.0 * variances**2 / np.einsum("qm,qr,rm->m", slopes, spread, slopes)


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


def kenward_roger_joint(at: Maximum, columns: Sequence[int]) -> Joint:
    """The scale and the second degrees of freedom of F that Kenward and Roger match to its first two moments.

    Kenward and Roger 1997, section 3.2, for the Wald statistic with their covariance of the coefficients.
    """
    m, within = len(columns), np.ix_(columns, columns)
    slopes, spread = _slopes(at, at.curvature.expected)
    turned = np.linalg.solve(at.gls.covariance[within], slopes[:, *within])
    traces = np.trace(turned, axis1=1, axis2=2)
    a1 = float(traces @ spread @ traces)
    a2 = float(np.einsum("qr,qst,rts->", spread, turned, turned))
    b = (a1 + 6.0 * a2) / (2.0 * m)
    g = ((m + 1.0) * a1 - (m + 4.0) * a2) / ((m + 2.0) * a2)
    divisor = 3.0 * m + 2.0 * (1.0 - g)
    c1, c2, c3 = g / divisor, (m - g) / divisor, (m + 2.0 - g) / divisor
    mean = 1.0 / (1.0 - a2 / m)
    # With few degrees of freedom the expansion breaks down: F has then no moments to be matched.
    if not (mean > 0 and c3 * b < 1):
        return Joint(1.0, 2.0)
    variance = 2.0 / m * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    df = 4.0 + (m + 2.0) / (m * variance / (2.0 * mean**2) - 1.0)
    return Joint(df / (mean * (df - 2.0)), df) if df > 2 else Joint(1.0, 2.0)
