"""Effect sizes of change: one group, measured twice.

Arrays of shape (k,) in, ``(y, v)`` out: means and standard deviations at the two times, the number of people ``n`` and
``r``, the correlation between the two measurements. Positive values say that time 1 is higher. Formulas as in
``escalc``, with the papers named at each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects.continuous import hedges_correction
from toolkit.effects.raw import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class TwoTimes(NamedTuple):
    """Means and standard deviations at two times, people and correlation, each of shape (k,)."""

    mean_1: Array
    sd_1: Array
    mean_2: Array
    sd_2: Array
    n: Array
    r: Array

    @property
    def change_variance(self) -> Array:
        """Variance of the individual differences."""
        return self.sd_1**2 + self.sd_2**2 - 2 * self.r * self.sd_1 * self.sd_2


def two_times(columns: Mapping[str, Array]) -> TwoTimes:
    """The checked columns. Raises ModelInputError for negative standard deviations, no people, |r| above 1.

    The means and ``sd_2`` may be absent: not every measure needs them.
    """
    for name in ("sd_1", "sd_2"):
        if name in columns:
            require(columns[name] >= 0, name, columns[name], "be 0 or more", "Check that it is a standard deviation.")
    require(columns["n"] > 0, "n", columns["n"], "be above 0", "Check the sample size.")
    require(np.abs(columns["r"]) <= 1, "r", columns["r"], "lie from -1 to 1", "Check that it is a correlation.")
    unknown = np.full_like(columns["n"], np.nan)
    return TwoTimes(*(columns.get(name, unknown) for name in TwoTimes._fields))


def mean_change(times: TwoTimes) -> Effect:
    """Mean change in the outcome's unit."""
    return times.mean_1 - times.mean_2, times.change_variance / times.n


def change_score_standardised(times: TwoTimes, variance: str = "LS") -> Effect:
    """Mean change in standard deviations of the change (Gibbons et al. 1993, J Educ Stat 18:271).

    ``variance``: LS large sample, LS2 the same for the uncorrected value, times the correction squared.
    """
    return _standardised(times, np.sqrt(times.change_variance), np.ones_like(times.n), variance)


def raw_score_standardised(times: TwoTimes, variance: str = "LS") -> Effect:
    """Mean change in standard deviations of time 1 (Becker 1988, Br J Math Stat Psychol 41:257).

    ``variance``: as for :func:`change_score_standardised`.
    """
    return _standardised(times, times.sd_1, 2 * (1 - times.r), variance)


def _standardised(times: TwoTimes, sd: Array, scatter: Array, variance: str) -> Effect:
    correction = hedges_correction(times.n - 1)
    d = (times.mean_1 - times.mean_2) / sd
    y = correction * d
    if variance == "LS2":
        return y, correction**2 * (scatter / times.n + d**2 / (2 * times.n))
    return y, scatter / times.n + y**2 / (2 * times.n)


def raw_score_standardised_heteroscedastic(times: TwoTimes) -> Effect:
    """Mean change in standard deviations of time 1, for spreads that differ (Bonett 2008, Psychol Methods 13:99)."""
    correction = hedges_correction(times.n - 1)
    y = correction * (times.mean_1 - times.mean_2) / times.sd_1
    v = times.change_variance / (times.sd_1**2 * (times.n - 1)) + y**2 / (2 * (times.n - 1))
    return y, correction**2 * v


def ratio_of_means(times: TwoTimes) -> Effect:
    """Log ratio of the means at the two times (Lajeunesse 2011, Ecology 92:2049)."""
    cv_1, cv_2 = times.sd_1 / times.mean_1, times.sd_2 / times.mean_2
    return np.log(times.mean_1 / times.mean_2), (cv_1**2 + cv_2**2 - 2 * times.r * cv_1 * cv_2) / times.n


def coefficient_of_variation_ratio(times: TwoTimes) -> Effect:
    """Log ratio of the coefficients of variation at the two times (Nakagawa et al. 2015)."""
    y, v = variability_ratio(times)
    ratio, ratio_variance = ratio_of_means(times)
    return y - ratio, v + ratio_variance


def variability_ratio(times: TwoTimes) -> Effect:
    """Log ratio of the standard deviations at the two times (Nakagawa et al. 2015, Methods Ecol Evol 6:143)."""
    return np.log(times.sd_1 / times.sd_2), (1 - times.r**2) / (times.n - 1)
