"""Tests and intervals of coefficients, given the between-study variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from toolkit.meta.settings import Test

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

# Below this weighted residual sum of squares (which has no unit) all effects agree but for rounding; as in metafor.
_NO_SPREAD = float(np.finfo(float).eps)


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


def wald_test(beta: Array, covariance: Array, df: float | None) -> tuple[float, float]:
    """Statistic and p-value of the hypothesis that all coefficients in ``beta`` (m,) are 0.

    Chi-square with m degrees of freedom where ``df`` is None, F with m and ``df`` otherwise.
    """
    m = len(beta)
    with np.errstate(divide="ignore", invalid="ignore"):
        form = float(beta[0] ** 2 / covariance[0, 0] if m == 1 else beta @ np.linalg.solve(covariance, beta))
    if df is None:
        return form, float(chdtrc(m, form))
    return form / m, float(fdtrc(m, df, form / m))


def coefficient_table(
    terms: tuple[str, ...], beta: Array, se: Array, df: Array | float | None, level: float
) -> pd.DataFrame:
    """A row a term: estimate, se, statistic, df, p_value, ci_low, ci_high; df is missing for a z test.

    ``df`` is one number for all coefficients, or one a coefficient (p,).
    """
    import pandas as pd

    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / se
    half = critical_value(level, df) * se
    columns = {
        "term": terms,
        "estimate": beta,
        "se": se,
        "statistic": statistic,
        "df": np.full(len(beta), np.nan) if df is None else np.broadcast_to(np.asarray(df, float), beta.shape),
        "p_value": two_sided_p(statistic, df),
        "ci_low": beta - half,
        "ci_high": beta + half,
    }
    return pd.DataFrame(columns).set_index("term")


def interval_columns(estimate: Array, variance: Array, quantile: Array | float) -> dict[str, Array]:
    """Estimates with standard errors and the limits that this quantile makes: estimate, se, ci_low, ci_high."""
    se = np.sqrt(variance)
    half = quantile * se
    return {"estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half}


def two_sided_p(statistic: Array | float, df: Array | float | None) -> Array:
    """Two-sided p-value of a t statistic with ``df`` degrees of freedom, of a normal one where ``df`` is None."""
    low = -np.abs(statistic)
    return 2.0 * (ndtr(low) if df is None else stdtr(df, low))


def df_of_rows(x: Array, df: Array | float | None) -> Array | float | None:
    """Degrees of freedom for the means of the rows ``x`` (n, p): the least of the coefficients that a row has part of.

    ``df`` is that of the coefficients, (p,) or one number for all; None, for z, stays None.
    """
    if df is None or np.ndim(df) == 0:
        return df
    return np.where((x != 0) | ~x.any(1, keepdims=True), df, np.inf).min(1)


def critical_value(level: float, df: Array | float | None) -> Array:
    """The quantile that a two-sided interval of this level stretches by."""
    tail = (1.0 - level) / 2.0
    return -(ndtri(tail) if df is None else stdtrit(df, tail))
