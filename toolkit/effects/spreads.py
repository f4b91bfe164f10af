"""Standard deviations from what a paper prints in their place (Cochrane Handbook, section 6.5.2).

All numbers are in the outcome's own unit; arrays of shape (k,) or single numbers in, arrays of shape (k,) out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.effects.convert import quantile
from toolkit.effects.raw import complete_columns, require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def sd_from_standard_error(se: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Standard deviation of a group from the standard error of its mean: se √n (Handbook 6.5.2.2).

    Raises ModelInputError for missing numbers, a standard error of 0 or less and a group without people.
    """
    columns = complete_columns({"se": se, "n": n})
    require(columns["se"] > 0, "se", columns["se"], "be above 0", "Check the source.")
    require(columns["n"] > 0, "n", columns["n"], "be above 0", "Check the group size.")
    return columns["se"] * np.sqrt(columns["n"])


def sd_from_interval(
    ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, *, level: ArrayLike = 0.95
) -> NDArray[np.float64]:
    """Standard deviation of a group from the confidence interval of its mean, by t with n - 1 (Handbook 6.5.2.2).

    Raises ModelInputError for missing numbers, limits in the wrong order, a group of one and a level that is none.
    """
    columns = complete_columns({"ci_low": ci_low, "ci_high": ci_high, "n": n, "level": level})
    low, high, size, levels = columns.values()
    require(low < high, "ci_low", low, "be below ci_high", "Swap the limits, or read the source again.")
    require(size > 1, "n", size, "be above 1", "Check the group size.")
    require((levels > 0) & (levels < 1), "level", levels, "lie between 0 and 1", "A 95% interval has level 0.95.")
    return np.sqrt(size) * (high - low) / (2 * -quantile((1 - levels) / 2, size - 1))


def sd_from_difference(se: ArrayLike, n_1: ArrayLike, n_2: ArrayLike) -> NDArray[np.float64]:
    """The standard deviation that two groups share, from the standard error of their mean difference.

    se / √(1/n_1 + 1/n_2) (Handbook 6.5.2.3); the standard error of a difference with a p-value, t or interval is the
    root of the variance that :func:`from_p_value`, :func:`from_statistic` or :func:`from_interval` gives for "MD".
    Raises ModelInputError for missing numbers, a standard error of 0 or less and groups without people.
    """
    columns = complete_columns({"se": se, "n_1": n_1, "n_2": n_2})
    for name, remedy in (
        ("se", "Check the source."),
        ("n_1", "Check the group size."),
        ("n_2", "Check the group size."),
    ):
        require(columns[name] > 0, name, columns[name], "be above 0", remedy)
    return columns["se"] / np.sqrt(1 / columns["n_1"] + 1 / columns["n_2"])
