"""Printed results to effect sizes: from an estimate with its interval, standard error or test to ``(y, v)``.

Values go in as they are printed (natural scale) and come out on the measure's analysis scale (log for ratios).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

from toolkit.effects.measures import find_measure
from toolkit.effects.raw import complete_columns, require
from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def from_interval(
    measure: str,
    value: ArrayLike,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    *,
    level: ArrayLike = 0.95,
    df: ArrayLike | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Effect sizes and sampling variances of estimates printed with their confidence intervals.

    ``value``, ``ci_low`` and ``ci_high`` are natural values of shape (k,) or single numbers; ``level`` is the
    intervals' coverage (0.95), one number or one a study. The standard error is the interval's width on the analysis
    scale over twice the normal quantile, for ratios (log high - log low) / (2 z) (Cochrane Handbook 6.3.1, 6.3.2). An
    interval of a small study is often made with t: give its degrees of freedom as ``df`` (for two means n_1 + n_2 - 2;
    Handbook 6.5.2.3), or the standard error comes out slightly large.

    Raises ModelInputError for missing numbers, limits in the wrong order, an estimate outside its interval, and
    values that the scale does not have (a ratio of 0).
    """
    found = find_measure(measure)
    given = {"value": value, "ci_low": ci_low, "ci_high": ci_high, "level": level} | ({} if df is None else {"df": df})
    columns = complete_columns(given)
    values, low, high, levels = (columns[name] for name in ("value", "ci_low", "ci_high", "level"))
    require((levels > 0) & (levels < 1), "level", levels, "lie between 0 and 1", "A 95% interval has level 0.95.")
    require(low < high, "ci_low", low, "be below ci_high", "Swap the limits, or read the source again.")
    require((low <= values) & (values <= high), "value", values, "lie in its interval", "Read the source again.")
    se = (found.transform(high) - found.transform(low)) / (2 * -quantile((1 - levels) / 2, columns.get("df")))
    return found.transform(values), se**2


def from_standard_error(
    measure: str, value: ArrayLike, se: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Effect sizes and sampling variances of estimates printed with their standard errors.

    Both are natural values of shape (k,) or single numbers. Where the analysis scale is another one, the standard
    error is carried over by the delta method (for a ratio, se / value is the standard error of its log). A standard
    error that a source gives for the *log* of a ratio is not natural: give the log value with it, as ``GEN``.

    Raises ModelInputError for missing numbers, a standard error of 0 or less, and values that the scale does not have.
    """
    found = find_measure(measure)
    columns = complete_columns({"value": value, "se": se})
    values, errors = columns["value"], columns["se"]
    require(errors > 0, "se", errors, "be above 0", "An estimate without uncertainty cannot be weighed.")
    v = (errors * found.slope(values)) ** 2
    return found.transform(values), v


def from_statistic(
    measure: str, value: ArrayLike, statistic: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Effect sizes and sampling variances of estimates printed with their z or t statistics.

    ``value`` natural, ``statistic`` that of the test against no effect, both of shape (k,) or single numbers. The
    standard error is the effect on the analysis scale, less that of no effect, over the statistic (Cochrane Handbook
    6.3.1; metafor's ``conv.wald``); only the statistic's size is used.

    Raises ModelInputError for missing numbers, a statistic of 0, an effect of exactly none (which fits any standard
    error), a measure without a null value, and values that the scale does not have.
    """
    found = find_measure(measure)
    columns = complete_columns({"value": value, "statistic": statistic})
    values, statistics = columns["value"], columns["statistic"]
    require(statistics != 0, "statistic", statistics, "not be 0", "Take the standard error from elsewhere.")
    y = found.transform(values)
    if found.null is None:
        raise ModelInputError(f"{found.name} ({found.code}) has no value of no effect that a test could be against.")
    effect = y - found.transform(found.null)
    remedy = "An effect of none says nothing of its standard error: take it from elsewhere."
    require(effect != 0, "value", values, f"not be {found.null:g}", remedy)
    return y, (effect / statistics) ** 2


def from_p_value(
    measure: str, value: ArrayLike, p: ArrayLike, *, df: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Effect sizes and sampling variances of estimates printed with their two-sided p-values.

    As :func:`from_statistic`, with the normal quantile of p, or that of t with ``df`` degrees of freedom (for two
    means n_1 + n_2 - 2; Cochrane Handbook 6.5.2.3). The p-value must be exact: with 0.05 for "p < 0.05" the variance is
    too large, which is the safe side.

    Raises ModelInputError as :func:`from_statistic` does, and for p-values of 0 or less and of 1 or more.
    """
    columns = complete_columns({"value": value, "p": p} | ({} if df is None else {"df": df}))
    levels = columns["p"]
    remedy = "A p printed as 0.000 is below 0.0005: give that. A p of 1 says nothing of the standard error."
    require((levels > 0) & (levels < 1), "p", levels, "lie strictly between 0 and 1", remedy)
    return from_statistic(measure, columns["value"], -quantile(levels / 2, columns.get("df")))


def quantile(probability: NDArray[np.float64], df: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """The quantile of the normal distribution, or of t where degrees of freedom are given (checked to be above 0)."""
    if df is None:
        return ndtri(probability)
    require(df > 0, "df", df, "be above 0", "For two means it is n_1 + n_2 - 2.")
    return stdtrit(df, probability)
