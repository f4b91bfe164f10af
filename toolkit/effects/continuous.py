"""Effect sizes of two groups and a continuous outcome: means, standard deviations and group sizes.

Arrays of shape (k,) in, ``(y, v)`` on the analysis scale out. Positive values say that group 1 is higher.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import gammaln

from toolkit.effects.binary import weighted_average
from toolkit.effects.raw import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class TwoMeans(NamedTuple):
    """Means, standard deviations and sizes of two groups, each of shape (k,)."""

    mean_1: Array
    sd_1: Array
    n_1: Array
    mean_2: Array
    sd_2: Array
    n_2: Array

    @property
    def df(self) -> Array:
        """Degrees of freedom of the pooled standard deviation."""
        return self.n_1 + self.n_2 - 2

    @property
    def pooled_sd(self) -> Array:
        """The standard deviation pooled over the two groups."""
        return np.sqrt(((self.n_1 - 1) * self.sd_1**2 + (self.n_2 - 1) * self.sd_2**2) / self.df)


def two_means(columns: Mapping[str, Array]) -> TwoMeans:
    """The checked columns. Raises ModelInputError for a negative standard deviation or a group without people.

    The means and ``sd_1`` may be absent: not every measure needs them.
    """
    for group in ("1", "2"):
        n = columns[f"n_{group}"]
        sd = columns.get(f"sd_{group}", np.full_like(n, np.nan))
        require(sd >= 0, f"sd_{group}", sd, "be 0 or more", "Check that it is a standard deviation.")
        require(n > 0, f"n_{group}", n, "be above 0", "Check the group size.")
    unknown = np.full_like(columns["n_1"], np.nan)
    return TwoMeans(*(columns.get(name, unknown) for name in TwoMeans._fields))


def hedges_correction(df: Array) -> Array:
    """The factor that takes the small-sample bias from a standardised mean difference, NaN for df of 1 or less.

    The exact gamma form (Hedges 1981, J Educ Stat 6:107), not the approximation 1 - 3/(4 df - 1).
    """
    known = df > 1
    safe = np.where(known, df, 2.0)
    factor = np.exp(gammaln(safe / 2) - np.log(np.sqrt(safe / 2)) - gammaln((safe - 1) / 2))
    return np.where(known, factor, np.nan)


def mean_difference(two: TwoMeans, variance: str = "LS") -> Effect:
    """Mean difference in the outcome's unit. ``variance``: LS separate, HO one common standard deviation."""
    y = two.mean_1 - two.mean_2
    if variance == "HO":
        return y, two.pooled_sd**2 * (1 / two.n_1 + 1 / two.n_2)
    return y, two.sd_1**2 / two.n_1 + two.sd_2**2 / two.n_2


def standardised_mean_difference(two: TwoMeans, variance: str = "LS") -> Effect:
    """Hedges' g: the mean difference in pooled standard deviations, bias-corrected (Hedges 1981).

    ``variance``: LS large sample (Hedges 1982, equation 8); LS2 the same for the uncorrected d, times the correction
    squared (Borenstein 2009, equation 12.18); UB unbiased (Hedges 1983); AV with the average g of all studies.
    """
    d = (two.mean_1 - two.mean_2) / two.pooled_sd
    return _corrected(two, d, two.df, two.n_1 + two.n_2, variance)


def smd_of_group_2(two: TwoMeans, variance: str = "LS") -> Effect:
    """Glass's delta: the mean difference in standard deviations of group 2, bias-corrected (Hedges 1981).

    ``variance``: as for :func:`standardised_mean_difference`, which see; the spreads are taken to be alike.
    """
    d = (two.mean_1 - two.mean_2) / two.sd_2
    return _corrected(two, d, two.n_2 - 1, two.n_2, variance)


def _corrected(two: TwoMeans, d: Array, df: Array, n_of_sd: Array, variance: str) -> Effect:
    """The bias-corrected ``d`` and its variance; ``n_of_sd`` are the people whose standard deviation is the unit."""
    correction = hedges_correction(df)
    y = correction * d
    size = 1 / two.n_1 + 1 / two.n_2
    match variance:
        case "LS2":
            return y, correction**2 * (size + d**2 / (2 * n_of_sd))
        case "UB":
            return y, size + (1 - (df - 2) / (df * correction**2)) * y**2
        case "AV":
            return y, size + weighted_average(y, two.n_1 + two.n_2) ** 2 / (2 * n_of_sd)
        case _:
            return y, size + y**2 / (2 * n_of_sd)


def heteroscedastic_smd_of_group_2(two: TwoMeans) -> Effect:
    """Glass's delta for spreads that differ (Bonett 2009, Psychol Methods 14:225)."""
    y = hedges_correction(two.n_2 - 1) * (two.mean_1 - two.mean_2) / two.sd_2
    return y, (two.sd_1 / two.sd_2) ** 2 / two.n_1 + 1 / two.n_2 + y**2 / (2 * two.n_2)


def heteroscedastic_smd(two: TwoMeans, variance: str = "LS") -> Effect:
    """Standardised mean difference for unequal variances (Bonett 2008, Psychol Methods 13:99; 2009, 14:225).

    ``variance``: LS with n - 1 in the denominators and the squared correction, LS2 with n and without it.
    """
    var_1, var_2 = two.sd_1**2, two.sd_2**2
    correction = hedges_correction(two.df)
    y = correction * (two.mean_1 - two.mean_2) / np.sqrt((var_1 + var_2) / 2)
    if variance == "LS2":
        total = var_1 + var_2
        v = (
            y**2 * (var_1 / two.n_1 + var_2 / two.n_2) / (2 * total**2)
            + 2 * (var_1 / two.n_1 + var_2 / two.n_2) / total
        )
        return y, v
    df_1, df_2 = two.n_1 - 1, two.n_2 - 1
    v = y**2 * (var_1**2 / df_1 + var_2**2 / df_2) / (2 * (var_1 + var_2) ** 2) + (var_1 / df_1 + var_2 / df_2) / (
        (var_1 + var_2) / 2
    )
    return y, correction**2 * v


def ratio_of_means(two: TwoMeans, variance: str = "LS") -> Effect:
    """Log ratio of means, for outcomes whose zero means nothing (Hedges et al. 1999, Ecology 80:1150).

    ``variance``: LS separate, HO one common standard deviation, AV average coefficients of variation of each group
    (Nakagawa et al. 2023, Ecol Lett 26:232), AVHO one average coefficient for both.
    """
    y = np.log(two.mean_1 / two.mean_2)
    cv_1, cv_2 = two.sd_1 / two.mean_1, two.sd_2 / two.mean_2
    match variance:
        case "HO":
            cv_1, cv_2 = two.pooled_sd / two.mean_1, two.pooled_sd / two.mean_2
        case "AV":
            cv_1, cv_2 = weighted_average(cv_1, two.n_1), weighted_average(cv_2, two.n_2)
        case "AVHO":
            known = ~np.isnan(cv_1 + cv_2 + two.n_1 + two.n_2)
            n_1, n_2 = two.n_1[known], two.n_2[known]
            cv_1 = cv_2 = np.sum(n_1 * cv_1[known] + n_2 * cv_2[known]) / np.sum(n_1 + n_2)
    return y, cv_1**2 / two.n_1 + cv_2**2 / two.n_2


def coefficient_of_variation_ratio(two: TwoMeans) -> Effect:
    """Log ratio of coefficients of variation (Nakagawa et al. 2015, Methods Ecol Evol 6:143)."""
    spread, v = variability_ratio(two)
    y = spread - np.log(two.mean_1) + np.log(two.mean_2)
    return y, v + two.sd_1**2 / (two.n_1 * two.mean_1**2) + two.sd_2**2 / (two.n_2 * two.mean_2**2)


def variability_ratio(two: TwoMeans) -> Effect:
    """Log ratio of standard deviations (Nakagawa et al. 2015)."""
    bias_1, bias_2 = 1 / (2 * (two.n_1 - 1)), 1 / (2 * (two.n_2 - 1))
    return np.log(two.sd_1 / two.sd_2) + bias_1 - bias_2, bias_1 + bias_2
