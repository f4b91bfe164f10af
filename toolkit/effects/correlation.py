"""Effect sizes of correlation coefficients: ``r`` and the sample size ``n``, arrays of shape (k,)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

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


def fisher_z(sample: Correlations) -> Effect:
    """Fisher's z, atanh(r) (Fisher 1921, Metron 1:3). A sample of 3 or fewer has no variance (NaN)."""
    return np.arctanh(sample.r), np.where(sample.n > 3, 1 / (sample.n - 3), np.nan)
