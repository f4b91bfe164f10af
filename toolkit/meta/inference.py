"""Tests and intervals of coefficients, given the between-study variance."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

# Below this weighted residual sum of squares (which has no unit) all effects agree but for rounding; as in metafor.
_NO_SPREAD = float(np.finfo(float).eps)


class Test(StrEnum):
    """How coefficients are tested, and which quantile makes their intervals.

    ``z`` normal; ``t`` the same standard errors with k - p degrees of freedom; ``knha`` Knapp and Hartung (2003, Stat
    Med 22:2693), also called HKSJ: t, with standard errors scaled by the weighted residual variance; ``adhoc`` the
    same, but never narrower than ``t`` (the scale factor is at least 1).
    """

    __test__ = False  # not a test case for pytest

    Z = "z"
    T = "t"
    KNHA = "knha"
    ADHOC = "adhoc"


class Coefficients(NamedTuple):
    """Coefficients of n analyses: ``beta`` (n, p), ``covariance`` (n, p, p), degrees of freedom (n,) or None for z.

    ``scale`` (n,) is the factor of Knapp and Hartung on the covariance, 1 where it is not used.
    """

    beta: Array
    covariance: Array
    df: Array | None
    scale: Array


def estimate_coefficients(stack: Stack, tau2: Array, test: Test) -> Coefficients:
    """Weighted least squares at these tau2, with the covariance that the test calls for.

    With weights of the user's own the coefficients are theirs, and the covariance is what those weights and the
    marginal variances v + tau2 make of it.
    """
    p = stack.project(stack.weights(tau2))
    scale = np.ones(len(stack.y))
    if test in (Test.KNHA, Test.ADHOC):
        residual = p.form(stack.y)
        spare = stack.df > 0
        scale = np.where(spare, np.where(residual > _NO_SPREAD, residual, 0.0) / np.where(spare, stack.df, 1.0), 1.0)
        if test == Test.ADHOC:
            scale = np.maximum(scale, 1.0)
    df = None if test == Test.Z else stack.df
    given = stack.given_weights()
    if given is None:
        beta, covariance = p.coefficients(stack.y), p.covariance()
    else:
        own = stack.project(given)
        beta, covariance = own.coefficients(stack.y), own.covariance_under(stack.v + np.asarray(tau2)[:, None])
    return Coefficients(beta, scale[:, None, None] * covariance, df, scale)


def two_sided_p(statistic: Array | float, df: Array | float | None) -> Array:
    """Two-sided p-value of a t statistic with ``df`` degrees of freedom, of a normal one where ``df`` is None."""
    low = -np.abs(statistic)
    return 2.0 * (ndtr(low) if df is None else stdtr(df, low))


def critical_value(level: float, df: Array | float | None) -> Array:
    """The quantile that a two-sided interval of this level stretches by."""
    tail = (1.0 - level) / 2.0
    return -(ndtri(tail) if df is None else stdtrit(df, tail))
