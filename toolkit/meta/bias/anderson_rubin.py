"""Anderson and Rubin's interval: values of a mean that an instrument does not contradict, however weak it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

from toolkit.meta.display import Shown, number
from toolkit.meta.projection import DesignProjection
from toolkit.numbers import confidence_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class AndersonRubinInterval(Shown):
    """Means that are not contradicted at this level, on the analysis scale of the effects.

    The limits are infinite where sample sizes tell too little for any; ``gap`` then are the limits between which means
    are contradicted all the same, None where there are none. Where the limits are None ``reason`` says why there is no
    interval.
    """

    low: float | None
    high: float | None
    level: float
    gap: tuple[float, float] | None = None
    reason: str = ""

    def _title(self) -> str:
        return f"{confidence_level(self.level)} Anderson-Rubin interval"

    def _lines(self) -> list[tuple[str, str]]:
        if self.low is None:
            return [("Not available", self.reason)]
        return [("Interval", self.limits)]

    @property
    def limits(self) -> str:
        """The interval in words."""
        if self.low != -inf:
            return f"{number(self.low)} to {number(self.high)}"
        if self.gap is None:
            return "any mean: sample sizes tell too little of the standard errors for limits"
        return f"any mean but from {number(self.gap[0])} to {number(self.gap[1])}"

    def to_frame(self) -> pd.DataFrame:
        """One row: low, high, level, gap, reason."""
        return self._one_row("low", "high", "level", "gap", "reason")


def anderson_rubin_interval(y: Array, x: Array, instrument: Array, level: float) -> AndersonRubinInterval:
    """Invert the test of Anderson and Rubin (1949, Ann Math Stat 20:46) for the mean of y = mean + slope x + error.

    All arrays are (k,). A mean and a slope are contradicted where (k - 2) times the sum of squares of y - mean -
    slope x that a constant and the instrument explain, over the one that they leave, is above the quantile of
    chi-square with 2 degrees of freedom; a mean is where it is with every slope. That is a conic in (mean, slope),
    whose extreme means have a closed form. The errors are taken to be independent and of one variance.
    """
    k, cut = len(y), float(chdtri(2.0, 1.0 - level))
    columns = np.stack([np.ones(k), x / np.std(x), y])
    left = DesignProjection(np.ones(k), np.column_stack([np.ones(k), instrument])).residuals(columns)
    told = columns - left
    a = (k - 2.0) * told @ told.T - cut * left @ left.T
    if a[1, 1] <= 0:
        return AndersonRubinInterval(-inf, inf, level)
    # The least over the slope, as a quadratic in the mean: s mean^2 - 2 t mean + u.
    s, t, u = (a[i, j] - a[i, 1] * a[1, j] / a[1, 1] for i, j in ((0, 0), (0, 2), (2, 2)))
    root = np.sqrt(max(t**2 - s * u, 0.0))
    if s > 0:
        return AndersonRubinInterval(float((t - root) / s), float((t + root) / s), level)
    if s == 0 or root == 0:
        return AndersonRubinInterval(-inf, inf, level)
    low, high = sorted(((t - root) / s, (t + root) / s))
    return AndersonRubinInterval(-inf, inf, level, (float(low), float(high)))
