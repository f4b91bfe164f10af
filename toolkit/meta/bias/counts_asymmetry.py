"""Tests of funnel plot asymmetry for events of two groups, where log odds ratios go with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.effects import effect_sizes
from toolkit.errors import ModelInputError
from toolkit.meta.bias.asymmetry import SlopeTest
from toolkit.meta.bias.least_squares import least_squares
from toolkit.meta.design import INTERCEPT
from toolkit.meta.display import studies
from toolkit.meta.rank import is_constant
from toolkit.meta.settings import check_choice, check_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class CountTest(StrEnum):
    """Which regression; all by weighted least squares with a multiplicative dispersion.

    ``Peters`` (2006, JAMA 295:676): log odds ratios on 1 / n, weights m (n - m) / n, n being the size of the study and
    m its events. ``Macaskill`` (2001, Stat Med 20:641): on n, with the same weights. ``Harbord`` (2006, Stat Med
    25:3443): efficient scores Z / V on 1 / sqrt(V), weights V. ``Deeks`` (2005, J Clin Epidemiol 58:882), for
    diagnostic odds ratios: log odds ratios on 1 / sqrt(ess), weights ess = 4 n1 n2 / n.
    """

    PETERS = "Peters"
    MACASKILL = "Macaskill"
    HARBORD = "Harbord"
    DEEKS = "Deeks"


@dataclass(frozen=True, eq=False)
class CountAsymmetry(SlopeTest):
    """The regression of k studies; its slope, the last coefficient, tests asymmetry: slope, statistic, p_value.

    ``left_out`` are the rows, from 0, that the test cannot use: without events, or with nothing but events, in both
    groups, or with missing counts. ``df`` is k - 2.
    """

    method: CountTest
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    k: int
    left_out: tuple[int, ...]
    level: float

    @property
    def df(self) -> float:
        """Degrees of freedom of the t test."""
        return self.k - 2.0

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with the method and k beside them."""
        return self.coefficients.assign(method=str(self.method), k=self.k)

    def _title(self) -> str:
        return f"Regression test of asymmetry ({self.method}), {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [self._asymmetry_line()]
        if self.left_out:
            lines.append(("Left out", f"rows {', '.join(map(str, self.left_out))}: no contrast, or missing"))
        return lines


def asymmetry_of_counts(
    events_1: ArrayLike,
    total_1: ArrayLike,
    events_2: ArrayLike,
    total_2: ArrayLike,
    *,
    method: str = CountTest.PETERS,
    level: float = 0.95,
) -> CountAsymmetry:
    """Test asymmetry of odds ratios by a measure of precision that does not depend on them.

    The standard error of a log odds ratio grows with its size, so that Egger's test finds asymmetry too often. Counts
    (k,) are of two groups, those of :func:`toolkit.effects.effect_sizes`; for Deeks' test group 1 has the disease and
    events are positive tests in group 1, and in group 2, of those without it. 1/2 is added to tables with a zero cell
    (not for Harbord's scores). See :class:`CountTest` for the methods.

    Raises ModelInputError for impossible counts, fewer than 3 studies that can be used, precisions all alike, and
    odds ratios that agree with the regression exactly.
    """
    kind, level = check_choice(CountTest, method, "method"), check_level(level)
    raw = {"events_1": events_1, "total_1": total_1, "events_2": events_2, "total_2": total_2}
    log_odds = effect_sizes("OR", **raw)["y"].to_numpy(float)
    a, n1, c, n2 = (np.asarray(raw[name], float) for name in raw)
    with np.errstate(divide="ignore", invalid="ignore"):
        y, x, w = _regression(kind, log_odds, a, n1, c, n2)
        kept = np.isfinite(y) & np.isfinite(x) & (w > 0)
    y, x, w = y[kept], x[kept], w[kept]
    if len(y) < 3:
        raise ModelInputError(f"{kind}'s test needs 3 studies or more with events and non-events; there are {len(y)}.")
    if is_constant(x):
        raise ModelInputError("The precision is the same in all studies: there is nothing to test asymmetry by.")
    found = least_squares(y, 1.0 / w, np.column_stack([np.ones(len(x)), x]))
    terms = (INTERCEPT, _PREDICTORS[kind])
    left_out = tuple(np.flatnonzero(~kept).tolist())
    return CountAsymmetry(kind, terms, found.beta, found.covariance, len(y), left_out, level)


_PREDICTORS = {
    CountTest.PETERS: "1/n",
    CountTest.MACASKILL: "n",
    CountTest.HARBORD: "1/sqrt V",
    CountTest.DEEKS: "1/sqrt ess",
}


def _regression(
    kind: CountTest, log_odds: Array, a: Array, n1: Array, c: Array, n2: Array
) -> tuple[Array, Array, Array]:
    """Outcome, predictor and weights of each study."""
    n, m = n1 + n2, a + c
    if kind == CountTest.HARBORD:
        score = a - n1 * m / n
        variance = n1 * n2 * m * (n - m) / (n**2 * (n - 1.0))
        return score / variance, 1.0 / np.sqrt(variance), variance
    if kind == CountTest.DEEKS:
        size = 4.0 * n1 * n2 / n
        return log_odds, 1.0 / np.sqrt(size), size
    return log_odds, 1.0 / n if kind == CountTest.PETERS else n, m * (n - m) / n
