"""Means and standard deviations from medians, quartiles and extremes.

The estimators assume a normal distribution (or a log-normal one, on request), so each study is first tested for
skewness from the same numbers. Estimates are less exact than printed means and standard deviations, which the variance
of an effect size computed from them does not know (McGrath et al. 2023, Stat Methods Med Res 32:373).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

from toolkit.effects.raw import number_columns, require
from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

SMALLEST_SAMPLE = 5


class Distribution(StrEnum):
    """What the outcome is taken to follow."""

    NORMAL = "normal"
    LOG_NORMAL = "log-normal"


class Known(StrEnum):
    """Which of the five numbers a study prints beside its median."""

    EXTREMES = "extremes"
    QUARTILES = "quartiles"
    ALL_FIVE = "all-five"


class FiveNumbers(NamedTuple):
    """The five numbers and the sample size, each of shape (k,), missing where a study does not print them."""

    minimum: Array
    q1: Array
    median: Array
    q3: Array
    maximum: Array
    n: Array

    @property
    def range(self) -> Array:
        """Maximum less minimum."""
        return self.maximum - self.minimum

    @property
    def interquartile_range(self) -> Array:
        """Third quartile less first."""
        return self.q3 - self.q1


class _Estimate(NamedTuple):
    mean: Array
    sd: Array


def means_from_quantiles(
    n: ArrayLike,
    *,
    median: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    distribution: str = "normal",
    test_skewness: bool = True,
) -> pd.DataFrame:
    """Means and standard deviations of k studies from their five-number summaries, or a part of them.

    ``n`` sample sizes, and of each study the extremes, the quartiles or both; arrays of shape (k,) with missing numbers
    where a study does not print one. The mean needs the median and is that of Luo et al. (2018, Stat Methods Med Res
    27:1785, equations 7, 11 and 15); the standard deviation is that of Wan et al. (2014, BMC Med Res Methodol 14:135,
    equations 9 and 16), and with all five numbers that of Shi et al. (2020, Res Synth Methods 11:641, equation 10).
    With ``distribution="log-normal"`` the logs are taken to be normal and the result is carried back to the outcome's
    unit (Shi et al. 2020, Stat Interface 13:519). All as in metafor's ``conv.fivenum``.

    The frame has ``mean``, ``sd``, ``known`` (extremes, quartiles, all-five), and the test of skewness of Shi et al.
    (2023, Stat Methods Med Res): ``skewness`` and its ``critical`` value at 5%. A study that fails it is left out
    unless ``test_skewness`` is False; so is one with fewer than 5 people. ``attrs["missing"]`` says why (row: reason).

    Raises ModelInputError for numbers in the wrong order, and for values of 0 or less with a log-normal distribution.
    """
    import pandas as pd

    try:
        chosen = Distribution(distribution)
    except ValueError:
        raise ModelInputError(f"distribution must be normal or log-normal; got {distribution!r}.") from None
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum, "n": n}
    columns = number_columns({name: values for name, values in given.items() if values is not None})
    absent = np.full_like(columns["n"], np.nan)
    five = _checked(FiveNumbers(*(columns.get(name, absent) for name in FiveNumbers._fields)), chosen)
    with np.errstate(divide="ignore", invalid="ignore"):
        known, cases = _cases(five, chosen)
        result = {name: np.select(list(cases), values, np.nan) for name, values in known.items()}
    names = np.select(list(cases), list(Known), "")
    missing = _missing(five, result, names, test_skewness)
    for name in ("mean", "sd"):
        result[name][list(missing)] = np.nan
    missing |= dict.fromkeys(np.flatnonzero(~np.isnan(result["sd"]) & np.isnan(result["mean"])), "mean: no median")
    frame = pd.DataFrame({"mean": result["mean"], "sd": result["sd"], "known": names})
    frame = frame.assign(skewness=result["skewness"], critical=result["critical"])
    frame.attrs.update(distribution=str(chosen), missing=missing)
    return frame


def _checked(five: FiveNumbers, distribution: Distribution) -> FiveNumbers:
    require(five.n > 0, "n", five.n, "be above 0", "Check the sample size.")
    names = FiveNumbers._fields[:5]
    for position, upper in enumerate(names):
        for lower in names[:position]:
            low, high = getattr(five, lower), getattr(five, upper)
            ordered = (low <= high) | np.isnan(low)
            require(ordered, upper, high, f"not be below {lower}", "Check that the columns are not swapped.")
    if distribution == Distribution.NORMAL:
        return five
    for name in names:
        values = getattr(five, name)
        require(values > 0, name, values, "be above 0 for a log-normal distribution", "Take the normal one instead.")
    return FiveNumbers(*(np.log(values) for values in five[:5]), five.n)


def _cases(five: FiveNumbers, distribution: Distribution) -> tuple[dict[str, list[Array]], tuple[Array, ...]]:
    """The estimates and the test of skewness by each of the three methods, and which studies each is for."""
    extremes, quartiles = ~np.isnan(five.range), ~np.isnan(five.interquartile_range)
    which = (extremes & ~quartiles, quartiles & ~extremes, extremes & quartiles)
    methods = (_extremes, _quartiles, _all_five)
    estimates = [method(five, distribution) for method in methods]
    tests = [test(five) for test in (_skewness_of_extremes, _skewness_of_quartiles, _skewness_of_all_five)]
    return {
        "mean": [estimate.mean for estimate in estimates],
        "sd": [estimate.sd for estimate in estimates],
        "skewness": [test[0] for test in tests],
        "critical": [test[1] for test in tests],
    }, which


def _expected_range(n: Array) -> Array:
    """The expected range of a standard normal sample, approximately (Wan et al. 2014, equation 9)."""
    return 2 * ndtri((n - 0.375) / (n + 0.25))


def _expected_quartiles(n: Array) -> Array:
    """The expected interquartile range of a standard normal sample, approximately (Wan et al. 2014, equation 16)."""
    return 2 * ndtri((0.75 * n - 0.125) / (n + 0.25))


def _extremes(five: FiveNumbers, distribution: Distribution) -> _Estimate:
    n = five.n
    weight = 4 / (4 + n**0.75)
    mean = weight * (five.minimum + five.maximum) / 2 + (1 - weight) * five.median
    sd = five.range / _expected_range(n)
    if distribution == Distribution.NORMAL:
        return _Estimate(mean, sd)
    fourth = sd**4 / (1 + 2.23 / np.log(n) ** 2)
    return _from_logs(mean, sd**2 / (1.01 + 0.25 / np.log(n) ** 2), fourth, n, 0.565, 0.37)


def _quartiles(five: FiveNumbers, distribution: Distribution) -> _Estimate:
    n = five.n
    weight = 0.7 + 0.39 / n
    mean = weight * (five.q1 + five.q3) / 2 + (1 - weight) * five.median
    sd = five.interquartile_range / _expected_quartiles(n)
    if distribution == Distribution.NORMAL:
        return _Estimate(mean, sd)
    return _from_logs(mean, sd**2 / (1 + 1.58 / n), sd**4 / (1 + 19.2 / n**1.2), n, 0.57, 0.75)


def _all_five(five: FiveNumbers, distribution: Distribution) -> _Estimate:
    n = five.n
    outer, inner = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    middle = inner * (five.q1 + five.q3) / 2 + (1 - outer - inner) * five.median
    mean = outer * (five.minimum + five.maximum) / 2 + middle
    weight = 1 / (1 + 0.07 * n**0.6)
    sd = weight * five.range / _expected_range(n) + (1 - weight) * five.interquartile_range / _expected_quartiles(n)
    if distribution == Distribution.NORMAL:
        return _Estimate(mean, sd)
    return _from_logs(mean, sd**2 / (1 + 0.28 / np.log(n) ** 2), sd**4 / (1 + 3.93 / n), n, 0.405, 0.315)


def _from_logs(mean: Array, variance: Array, fourth: Array, n: Array, c: float, d: float) -> _Estimate:
    """Mean and standard deviation of a log-normal outcome, with the bias of estimating them taken out.

    ``fourth`` estimates the fourth power of the standard deviation of the logs; ``c`` and ``d`` belong to the method.
    """
    mean_bias = 1 + (c * variance + d * fourth) / n
    square_bias = 1 + (4 * c * variance + 16 * d * fourth) / n
    product_bias = 1 + (4 * c * variance + 4 * d * fourth) / n
    square = np.exp(2 * mean + 2 * variance) / square_bias - np.exp(2 * mean + variance) / product_bias
    return _Estimate(np.exp(mean + variance / 2) / mean_bias, np.sqrt(square))


def _skewness_of_extremes(five: FiveNumbers) -> tuple[Array, Array]:
    statistic = np.abs(five.minimum + five.maximum - 2 * five.median) / five.range
    return statistic, 1 / np.log(five.n + 9) + 2.5 / (five.n + 1)


def _skewness_of_quartiles(five: FiveNumbers) -> tuple[Array, Array]:
    statistic = np.abs(five.q1 + five.q3 - 2 * five.median) / five.interquartile_range
    return statistic, 2.65 / np.sqrt(five.n) - 6 / five.n**2


def _skewness_of_all_five(five: FiveNumbers) -> tuple[Array, Array]:
    outer = 2.65 * np.log(0.6 * five.n) / np.sqrt(five.n) * _skewness_of_extremes(five)[0]
    return np.fmax(outer, _skewness_of_quartiles(five)[0]), 3 / np.sqrt(five.n) - 40 / five.n**3


def _missing(five: FiveNumbers, result: dict[str, Array], known: Array, test_skewness: bool) -> dict[int, str]:
    reasons = {}
    for row, n in enumerate(five.n):
        skewness, critical = result["skewness"][row], result["critical"][row]
        if np.isnan(n):
            reasons[row] = "n missing"
        elif n < SMALLEST_SAMPLE:
            reasons[row] = f"n = {n:g}, and the estimators need {SMALLEST_SAMPLE}"
        elif not known[row]:
            reasons[row] = "neither both extremes nor both quartiles are known"
        elif test_skewness and skewness >= critical:
            reasons[row] = f"skewed: {skewness:.3f} is not below the critical value {critical:.3f}"
    return reasons
