"""Effect sizes of correlation coefficients, plain, partial and semipartial: arrays of shape (k,) in, ``(y, v)`` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import hyp2f1

from toolkit.effects.binary import weighted_average
from toolkit.effects.raw import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class Correlations(NamedTuple):
    """Correlations and sample sizes, each of shape (k,)."""

    r: Array
    n: Array


def correlations(columns: Mapping[str, Array]) -> Correlations:
    """The checked columns. Raises ModelInputError for a correlation beyond ±1 and for a sample without people."""
    r, n = columns["r"], columns["n"]
    require(np.abs(r) <= 1, "r", r, "lie from -1 to 1", "Check that it is a correlation.")
    require(n > 0, "n", n, "be above 0", "Check the sample size.")
    return Correlations(r, n)


def raw_correlation(sample: Correlations, variance: str = "LS") -> Effect:
    """The correlation itself. ``variance``: LS large sample, AV from the average correlation of all studies.

    A sample of 3 or fewer has no variance (NaN).
    """
    r = weighted_average(sample.r, sample.n) if variance == "AV" else sample.r
    return sample.r.copy(), np.where(sample.n > 3, (1 - r**2) ** 2 / (sample.n - 1), np.nan)


def unbiased_correlation(sample: Correlations, variance: str = "LS") -> Effect:
    """The correlation without its small-sample bias (Olkin and Pratt 1958, Ann Math Stat 29:201).

    ``variance``: LS and AV as for :func:`raw_correlation`, UB unbiased (Hedges 1989, J Appl Psychol 74:469). A sample
    of 4 or fewer has no estimate (NaN).
    """
    known = sample.n > 4
    n = np.where(known, sample.n, 5.0)
    unexplained = 1 - sample.r**2
    y = np.where(known, sample.r * _hypergeometric(0.5, (n - 2) / 2, unexplained), np.nan)
    if variance == "UB":
        v = y**2 - 1 + (n - 3) / (n - 2) * unexplained * _hypergeometric(1.0, n / 2, unexplained)
    else:
        v = (1 - (weighted_average(y, sample.n) if variance == "AV" else y) ** 2) ** 2 / (n - 1)
    return y, np.where(known, v, np.nan)


def _hypergeometric(a: float, c: Array, x: Array) -> Array:
    """The hypergeometric function 2F1(a, a; c; x) for x from 0 to 1.

    SciPy's own overflows for c above about 100 (a sample of 200), where the plain series converges in a few terms.
    """
    large = np.maximum(c, 20.0)
    term = total = np.ones_like(large * x)
    for n in range(200):
        term = term * (a + n) ** 2 / ((large + n) * (n + 1)) * x
        total = total + term
    return np.where(c >= 20, total, hyp2f1(a, a, np.minimum(c, 20.0), x))


def fisher_z(sample: Correlations) -> Effect:
    """Fisher's z, atanh(r) (Fisher 1921, Metron 1:3). A sample of 3 or fewer has no variance (NaN)."""
    return np.arctanh(sample.r), np.where(sample.n > 3, 1 / (sample.n - 3), np.nan)


class Regressions(NamedTuple):
    """Tests of one predictor in a regression, each of shape (k,): t, people, predictors, and R2 of the model."""

    t: Array
    n: Array
    predictors: Array
    r2: Array

    @property
    def df(self) -> Array:
        """Degrees of freedom of t."""
        return self.n - self.predictors - 1


def regressions(columns: Mapping[str, Array]) -> Regressions:
    """The checked columns. Raises ModelInputError for no people, no degrees of freedom, and R2 outside 0 to 1.

    ``predictors`` counts all predictors of the model; ``r2`` may be absent: only semipartial correlations need it.
    """
    n, predictors = columns["n"], columns["predictors"]
    r2 = columns.get("r2", np.full_like(n, np.nan))
    require(n > 0, "n", n, "be above 0", "Check the sample size.")
    require(predictors >= 0, "predictors", predictors, "be 0 or more", "Count the predictors of the model.")
    require((n - predictors > 1) | np.isnan(predictors), "n", n, "be above predictors + 1", "Check both numbers.")
    require((r2 >= 0) & (r2 <= 1), "r2", r2, "lie from 0 to 1", "Give the share of variance, not a percentage.")
    return Regressions(columns["t"], n, predictors, r2)


def partial_correlation(model: Regressions, variance: str = "LS") -> Effect:
    """Partial correlation from a t statistic (Aloe and Thompson 2013, J Soc Soc Work Res 4:390).

    ``variance``: LS large sample, AV from the average partial correlation of all studies.
    """
    y = model.t / np.sqrt(model.t**2 + model.df)
    r = weighted_average(y, model.n) if variance == "AV" else y
    return y, (1 - r**2) ** 2 / model.df


def partial_fisher_z(model: Regressions) -> Effect:
    """Fisher's z of a partial correlation, with the variance 1/df of metafor 3.8 (from 4.0 on it is 1/(df - 2))."""
    y, _ = partial_correlation(model)
    return np.arctanh(y), 1 / model.df


def semipartial_correlation(model: Regressions, variance: str = "LS") -> Effect:
    """Semipartial correlation from a t statistic and R2 of the model (Aloe and Becker 2012, J Educ Behav Stat 37:278).

    ``variance``: LS large sample, AV from the average semipartial correlation of all studies.
    """
    y = model.t * np.sqrt((1 - model.r2) / model.df)
    r = weighted_average(y, model.n) if variance == "AV" else y
    rest = model.r2 - r**2
    return y, (model.r2**2 - 2 * model.r2 + rest + 1 - rest**2) / model.n
