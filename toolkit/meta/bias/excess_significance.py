"""The test of excess significance: are there more significant results than their power allows?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from toolkit.meta.bias.fit_check import check_fit
from toolkit.meta.display import Shown, number, p_value, studies
from toolkit.meta.settings import check_choice, check_fraction, check_number
from toolkit.meta.without_pooling.p_values import Alternative

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_EXACT_UP_TO = 1000  # beyond, the cost grows with the square of k and chi-square is as good
_AS_LIKELY = 1.0 + 1e-7  # counts that are as likely as the observed one but for rounding, as in R's binom.test
_FAR = 1e3  # standard deviations: an effect there has a power of 1


class ExcessTest(StrEnum):
    """How the number of significant results is tested.

    ``exact``: each has its own power (a Poisson-binomial distribution); ``chi2``: Pearson's statistic on 1 degree
    of freedom; ``binomial``: all have their mean power.
    """

    EXACT = "exact"
    CHI2 = "chi2"
    BINOMIAL = "binomial"


@dataclass(frozen=True, eq=False)
class ExcessSignificance(Shown):
    """Results ``observed`` to be significant, and those ``expected``, the sum of ``power`` (k,).

    ``statistic`` is chi-square, None for the other tests. ``limits`` are the true effects, on the analysis scale, at
    which the p-value would be ``limit_alpha`` (half of it for each of two sides): one a side that is tested, None where
    there is none, no element for a regression.
    """

    result: MetaResult
    alternative: Alternative
    excess: Alternative
    test: ExcessTest
    alpha: float
    limit_alpha: float
    observed: int
    expected: float
    power: Array
    significant: NDArray[np.bool_]
    statistic: float | None
    p_value: float
    limits: tuple[float | None, ...]

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    def to_frame(self) -> pd.DataFrame:
        """One row: observed, expected, ratio, statistic, p_value, test, alternative, excess."""
        return self._one_row(
            "observed", "expected", "ratio", "statistic", "p_value", "test", "alternative", "excess"
        )  # fmt: skip

    def _title(self) -> str:
        return f"Test of excess significance ({self.test}), {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        counts = f"{self.observed} significant at {self.alpha:g} ({self.alternative}), {number(self.expected)} expected"
        lines = [("Results", counts), ("Excess", f"p {p_value(self.p_value)} ({self.excess})")]
        shown = [number(limit) for limit in self.limits if limit is not None]
        return [*lines, ("Limit estimate", " and ".join(shown))] if shown else lines


def excess_significance(
    result: MetaResult,
    *,
    alternative: str = Alternative.TWO_SIDED,
    excess: str = Alternative.GREATER,
    test: str | None = None,
    null: float = 0.0,
    alpha: float = 0.05,
    limit_alpha: float = 0.1,
) -> ExcessSignificance:
    """Compare the number of significant results with that expected (Ioannidis and Trikalinos 2007, Clin Trials 4:245).

    Significant is an effect that differs from ``null``, on the analysis scale, with a p-value of ``alpha`` or below on
    the side of ``alternative`` ("two-sided", "greater", "less"). Its probability, the study's power, is that under
    the fitted effects and the tau2 of ``result``, in closed form. ``excess`` "greater" tests for too many significant
    results, "less" for too few, "two-sided" for both. ``test`` None is exact up to 1000 studies, then chi2; see
    :class:`ExcessTest`.

    Raises ModelInputError for an alpha outside 0 to 1 and for a null that is no number.
    """
    check_fit(result, "A test of excess significance")
    side, tested = check_choice(Alternative, alternative, "alternative"), check_choice(Alternative, excess, "excess")
    alpha, limit_alpha = check_fraction(alpha, "alpha"), check_fraction(limit_alpha, "limit_alpha")
    null = check_number(null, "null")
    default = ExcessTest.EXACT if result.k <= _EXACT_UP_TO else ExcessTest.CHI2
    kind = default if test is None else check_choice(ExcessTest, test, "test")
    se, spread = np.sqrt(result.v), np.sqrt(result.v + result.tau2)
    critical = -ndtri(alpha / 2.0 if side == Alternative.TWO_SIDED else alpha)
    z = (result.y - null) / se
    significant = {
        Alternative.TWO_SIDED: np.abs(z) >= critical,
        Alternative.GREATER: z >= critical,
        Alternative.LESS: z <= -critical,
    }[side]
    observed = int(significant.sum())

    def power(effect: Array | float) -> Array:
        above, below = ndtr((effect - critical * se) / spread), ndtr((-effect - critical * se) / spread)
        if side == Alternative.TWO_SIDED:
            return above + below
        return above if side == Alternative.GREATER else below

    def p_at(effect: float, way: Alternative) -> float:
        return _p_value(power(effect), observed, kind, way)

    powers = power(result.fitted - null)
    limits: tuple[float | None, ...] = ()
    if result.x is None:
        start, ways = result.estimate - null, (tested,)
        if tested == Alternative.TWO_SIDED:
            ways, limit_alpha = (Alternative.GREATER, Alternative.LESS), limit_alpha / 2.0
        found = [_limit(p_at, start, float(spread.max()), way, limit_alpha) for way in ways]
        limits = tuple(None if limit is None else null + limit for limit in found)
    statistic = _chi2(powers, observed) if kind == ExcessTest.CHI2 else None
    return ExcessSignificance(
        result, side, tested, kind, alpha, limit_alpha, observed, float(powers.sum()), powers, significant, statistic,
        _p_value(powers, observed, kind, tested), limits,
    )  # fmt: skip


def _chi2(power: Array, observed: int) -> float:
    expected = float(power.sum())
    variance = expected * (1.0 - expected / len(power))
    off = (observed - expected) ** 2
    return off / variance if variance > 0 else (np.inf if off > 0 else 0.0)


def _p_value(power: Array, observed: int, test: ExcessTest, way: Alternative) -> float:
    if test == ExcessTest.CHI2:
        statistic = _chi2(power, observed)
        if way == Alternative.TWO_SIDED:
            return float(chdtrc(1.0, statistic))
        z = np.sqrt(statistic) * np.sign(observed - power.sum())
        return float(ndtr(-z if way == Alternative.GREATER else z))
    chances = _count_distribution(power if test == ExcessTest.EXACT else np.full(len(power), power.mean()))
    if way == Alternative.TWO_SIDED:
        p = chances[chances <= _AS_LIKELY * chances[observed]].sum()
    else:
        p = chances[observed:].sum() if way == Alternative.GREATER else chances[: observed + 1].sum()
    return min(1.0, float(p))


def _count_distribution(power: Array) -> Array:
    """Probabilities of 0 to k significant results, each with its own power (k,)."""
    chances = np.zeros(len(power) + 1)
    chances[0] = 1.0
    for row, chance in enumerate(power, 1):
        chances[1 : row + 1] = chances[1 : row + 1] * (1.0 - chance) + chances[:row] * chance
        chances[0] *= 1.0 - chance
    return chances


def _limit(
    p_at: Callable[[float, Alternative], float], start: float, spread: float, way: Alternative, alpha: float
) -> float | None:
    """The effect, from 0 to the side of ``start``, at which the p-value crosses ``alpha``; None if it does not.

    As the effect moves from 0 the p-value of an excess rises, and that of a lack falls.
    """
    from scipy.optimize import brentq  # here: slow to import

    sign = 1.0 if start >= 0 else -1.0
    turn = 1.0 if way == Alternative.GREATER else -1.0

    def beyond(distance: float) -> float:
        return turn * (p_at(sign * distance, way) - alpha)

    if beyond(0.0) >= 0:
        return None
    high = abs(start) or spread
    while beyond(high) < 0:
        high *= 2.0
        if high > _FAR * spread + 2.0 * abs(start):
            return None
    return sign * float(brentq(beyond, 0.0, high, xtol=1e-13 * high, rtol=1e-13))
