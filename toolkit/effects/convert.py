"""Printed results to effect sizes: from an estimate with its interval or standard error to ``(y, v)``.

Values go in as they are printed (natural scale) and come out on the measure's analysis scale (log for ratios).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from toolkit.effects.measures import find_measure
from toolkit.effects.raw import complete_columns, require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def from_interval(
    measure: str, value: ArrayLike, ci_low: ArrayLike, ci_high: ArrayLike, *, level: ArrayLike = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Effect sizes and sampling variances of estimates printed with their confidence intervals.

    ``value``, ``ci_low`` and ``ci_high`` are natural values of shape (k,) or single numbers; ``level`` is the
    intervals' coverage (0.95), one number or one a study. The standard error is the interval's width on the analysis
    scale over twice the normal quantile, for ratios (log high - log low) / (2 z) (Cochrane Handbook 6.3.1, 6.3.2), so
    a t-based interval of a small study gives a slightly large one.

    Raises ModelInputError for missing numbers, limits in the wrong order, an estimate outside its interval, and
    values that the scale does not have (a ratio of 0).
    """
    found = find_measure(measure)
    columns = complete_columns({"value": value, "ci_low": ci_low, "ci_high": ci_high, "level": level})
    values, low, high, levels = (columns[name] for name in ("value", "ci_low", "ci_high", "level"))
    require((levels > 0) & (levels < 1), "level", levels, "lie between 0 and 1", "A 95% interval has level 0.95.")
    require(low < high, "ci_low", low, "be below ci_high", "Swap the limits, or read the source again.")
    require((low <= values) & (values <= high), "value", values, "lie in its interval", "Read the source again.")
    se = (found.transform(high) - found.transform(low)) / (2 * -ndtri((1 - levels) / 2))
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
