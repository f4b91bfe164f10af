"""Effect sizes of one group: proportions, rates, means, spreads, genotypes; arrays (k,) in, ``(y, v)`` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects.binary import weighted_average
from toolkit.effects.continuous import hedges_correction
from toolkit.effects.raw import require, require_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class Counts(NamedTuple):
    """People with and without an event, each of shape (k,)."""

    x: Array
    m: Array


class Rate(NamedTuple):
    """Events and person-time, each of shape (k,)."""

    x: Array
    t: Array


class Means(NamedTuple):
    """Means, standard deviations and sample sizes, each of shape (k,)."""

    mean: Array
    sd: Array
    n: Array


class Genotypes(NamedTuple):
    """People homozygous for one allele, heterozygous, and homozygous for the other, each of shape (k,)."""

    homozygous_1: Array
    heterozygous: Array
    homozygous_2: Array


def counts(columns: Mapping[str, Array]) -> Counts:
    """The checked columns. Raises ModelInputError for negative counts, empty groups and events above the total."""
    events, total = columns["events"], columns["total"]
    require_counts(columns, ("events",))
    require(total > 0, "total", total, "be above 0", "Check the group size.")
    require((events <= total) | np.isnan(total), "events", events, "not be above total", "Check the columns' order.")
    return Counts(events, total - events)


def rate(columns: Mapping[str, Array]) -> Rate:
    """The checked columns. Raises ModelInputError for negative counts and for person-time of 0 or less."""
    require_counts(columns, ("events",))
    require(columns["time"] > 0, "time", columns["time"], "be above 0", "Check the person-time.")
    return Rate(columns["events"], columns["time"])


def means(columns: Mapping[str, Array]) -> Means:
    """The checked columns. Raises ModelInputError for a negative standard deviation or a sample without people.

    ``mean`` may be absent: a measure of spread does not need it.
    """
    require(columns["sd"] >= 0, "sd", columns["sd"], "be 0 or more", "Check that it is a standard deviation.")
    require(columns["n"] > 0, "n", columns["n"], "be above 0", "Check the sample size.")
    return Means(columns.get("mean", np.full_like(columns["n"], np.nan)), columns["sd"], columns["n"])


def genotypes(columns: Mapping[str, Array]) -> Genotypes:
    """The checked columns. Raises ModelInputError for negative counts."""
    require_counts(columns, Genotypes._fields)
    return Genotypes(*(columns[name] for name in Genotypes._fields))


def proportion(group: Counts, variance: str = "LS") -> Effect:
    """Proportion. ``variance``: LS large sample, UB unbiased, AV from the average proportion of all studies."""
    n = group.x + group.m
    y = group.x / n
    p = weighted_average(y, n) if variance == "AV" else y
    return y, p * (1 - p) / (n - 1 if variance == "UB" else n)


def log_proportion(group: Counts, variance: str = "LS") -> Effect:
    """Log proportion. ``variance``: LS or AV as for :func:`proportion`."""
    n = group.x + group.m
    y = group.x / n
    p = weighted_average(y, n) if variance == "AV" else y
    return np.log(y), 1 / (p * n) - 1 / n


def logit_proportion(group: Counts, variance: str = "LS") -> Effect:
    """Log odds. ``variance``: LS or AV as for :func:`proportion`."""
    n = group.x + group.m
    p = weighted_average(group.x / n, n) if variance == "AV" else group.x / n
    return np.log(group.x / group.m), 1 / (p * n) + 1 / ((1 - p) * n)


def arcsine_proportion(group: Counts) -> Effect:
    """Arcsine of the square root of the proportion, whose variance does not depend on it."""
    n = group.x + group.m
    return np.arcsin(np.sqrt(group.x / n)), 1 / (4 * n)


def double_arcsine_proportion(group: Counts) -> Effect:
    """Freeman and Tukey's double arcsine, halved (1950, Ann Math Stat 21:607)."""
    n = group.x + group.m
    y = (np.arcsin(np.sqrt(group.x / (n + 1))) + np.arcsin(np.sqrt((group.x + 1) / (n + 1)))) / 2
    return y, 1 / (4 * n + 2)


def incidence_rate(group: Rate) -> Effect:
    """Incidence rate, in events per unit of person-time."""
    return group.x / group.t, group.x / group.t**2


def log_incidence_rate(group: Rate) -> Effect:
    """Log incidence rate."""
    return np.log(group.x / group.t), 1 / group.x


def square_root_incidence_rate(group: Rate) -> Effect:
    """Square root of the incidence rate, whose variance does not depend on it."""
    return np.sqrt(group.x / group.t), 1 / (4 * group.t)


def freeman_tukey_incidence_rate(group: Rate) -> Effect:
    """Freeman and Tukey's double square root, halved (1950, Ann Math Stat 21:607)."""
    y = (np.sqrt(group.x / group.t) + np.sqrt((group.x + 1) / group.t)) / 2
    return y, 1 / (4 * group.t)


def mean(group: Means) -> Effect:
    """Mean, in the outcome's unit."""
    return group.mean.copy(), group.sd**2 / group.n


def log_mean(group: Means) -> Effect:
    """Log mean, for outcomes that are above zero."""
    return np.log(group.mean), group.sd**2 / (group.n * group.mean**2)


def log_coefficient_of_variation(group: Means) -> Effect:
    """Log coefficient of variation (Nakagawa et al. 2015, Methods Ecol Evol 6:143)."""
    spread, v = log_standard_deviation(group)
    return spread - np.log(group.mean), v + group.sd**2 / (group.n * group.mean**2)


def log_standard_deviation(group: Means) -> Effect:
    """Log standard deviation, bias-corrected (Raudenbush and Bryk 1987, J Educ Stat 12:241)."""
    bias = 1 / (2 * (group.n - 1))
    return np.log(group.sd) + bias, bias


def standardised_mean(group: Means) -> Effect:
    """Mean in standard deviations, bias-corrected as Hedges' g."""
    y = hedges_correction(group.n - 1) * group.mean / group.sd
    return y, 1 / group.n + y**2 / (2 * group.n)


def excess_heterozygosity(group: Genotypes) -> Effect:
    """Log relative excess heterozygosity, 0 in Hardy-Weinberg equilibrium (Ziegler et al. 2011)."""
    n = sum(group)
    share_0, share_1, share_2 = (count / n for count in group)
    y = np.log(share_1) - np.log(2 * np.sqrt(share_0 * share_2))
    return y, ((1 - share_1) / (4 * share_0 * share_2) + 1 / share_1) / n
