"""Synthesis without pooling: combining p-values, where studies report little else (Cochrane Handbook, 12.2.1.2).

A small combined p-value says that at least one study has an effect, not how large it is nor that all have one. The
p-values are taken to be independent, save where a method says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb, factorial, floor
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc, gammainc, ndtr, ndtri, stdtr

from toolkit.effects.raw import complete_columns, require
from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number, p_value
from toolkit.meta.settings import check_choice

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

# Up to this many p-values their sum's distribution is computed exactly; beyond it a normal one is taken.
_EXACT_SUM = 300

ZERO_P = "A p printed as 0.000 is below 0.0005: give that."


class CombinationMethod(StrEnum):
    """How p-values are combined: see :func:`combine_p_values`."""

    FISHER = "fisher"
    STOUFFER = "stouffer"
    EDGINGTON = "edgington"
    HARMONIC_MEAN = "harmonic-mean"
    TIPPETT = "tippett"
    PEARSON = "pearson"
    LOGIT = "logit"
    SIMES = "simes"
    CAUCHY = "cauchy"


class Alternative(StrEnum):
    """The side that the combined p-value speaks for: a positive effect, a negative one, or either."""

    GREATER = "greater"
    LESS = "less"
    TWO_SIDED = "two-sided"

    @classmethod
    def _missing_(cls, value: object) -> Alternative | None:
        """R's spelling."""
        return cls.TWO_SIDED if value == "two.sided" else None


@dataclass(frozen=True)
class CombinedP(Shown):
    """The combined p-value of k studies. ``statistic`` is the method's own, for the side that decided.

    ``note`` says what the number rests on where that is not plain.
    """

    method: CombinationMethod
    alternative: Alternative
    k: int
    statistic: float
    p_value: float
    note: str = ""

    def _title(self) -> str:
        return f"Combination of {self.k} p-values ({self.method}, {self.alternative})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [("Statistic", number(self.statistic)), ("p", p_value(self.p_value))]
        return [*lines, ("Note", self.note)] if self.note else lines

    def to_frame(self) -> pd.DataFrame:
        """One row with all fields."""
        return self._one_row("method", "alternative", "k", "statistic", "p_value", "note")


def combine_p_values(
    p: ArrayLike,
    *,
    method: str = "fisher",
    alternative: Literal["greater", "less", "two-sided"] = "greater",
    directions: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> CombinedP:
    """One p-value from those of k studies.

    ``p`` of shape (k,) are *one-sided* p-values for a positive effect, as ``alternative="greater"``; ``"less"``
    combines 1 - p, and ``"two-sided"`` gives twice the smaller of both. Two-sided p-values go in with ``directions``,
    +1 or -1 a study as its effect points, and are turned into one-sided ones: never combine two-sided p-values as
    they are, for effects in opposite directions would add up. ``weights`` (k,), as the roots of the sample sizes, are
    for ``"stouffer"``, ``"cauchy"`` and ``"harmonic-mean"``.

    Methods: ``fisher`` -2 Σ log p (Fisher 1932); ``pearson`` 2 Σ log(1 - p) (Pearson 1933); ``stouffer`` the sum of
    normal scores (Stouffer et al. 1949; weights: Mosteller and Bush 1954); ``logit`` the sum of logits (Mudholkar and
    George 1979); ``edgington`` the sum (Edgington 1972, J Psychol 80:351); ``tippett`` the smallest (Tippett 1931);
    ``simes`` the smallest of k p(i) / i (Simes 1986, Biometrika 73:751); ``harmonic-mean`` (Wilson 2019, PNAS
    116:1195, equation 4) and ``cauchy`` (Liu and Xie 2020, J Am Stat Assoc 115:393), both of which bear dependence.

    Raises ModelInputError for p-values of 0 (a p printed as 0.000 is below 0.0005: give that), of 1 where they are
    one-sided, and for other values, directions and weights that cannot be, with their rows.
    """
    chosen = check_choice(CombinationMethod, method, "method")
    side = check_choice(Alternative, alternative, "alternative")
    one_sided = _one_sided(p, directions)
    shares = _shares(chosen, one_sided, weights)
    combine = _METHODS[chosen]
    found = {}
    if side != Alternative.LESS:
        found[Alternative.GREATER] = combine(one_sided, shares)
    if side != Alternative.GREATER:
        found[Alternative.LESS] = combine(1.0 - one_sided, shares)
    statistic, combined = min(found.values(), key=lambda pair: pair[1])
    if side == Alternative.TWO_SIDED:
        combined = min(1.0, 2.0 * combined)
    return CombinedP(chosen, side, len(one_sided), float(statistic), float(combined), _note(chosen, len(one_sided)))


def _one_sided(p: ArrayLike, directions: ArrayLike | None) -> Array:
    if directions is None:
        values = complete_columns({"p": p})["p"]
        require((values > 0) & (values < 1), "p", values, "lie strictly between 0 and 1 (one-sided)", ZERO_P)
        return values
    values, signs = complete_columns({"p": p, "directions": directions}).values()
    require((values > 0) & (values <= 1), "p", values, "lie above 0 and not above 1", ZERO_P)
    require(np.isin(signs, (-1.0, 1.0)), "directions", signs, "be +1 or -1", "Give the sign of the effect.")
    return np.where(signs > 0, values / 2, 1 - values / 2)


def _shares(method: CombinationMethod, p: Array, weights: ArrayLike | None) -> Array:
    """The weights, so that they sum to 1."""
    if weights is None:
        return np.full(len(p), 1.0 / len(p))
    if method not in (CombinationMethod.STOUFFER, CombinationMethod.CAUCHY, CombinationMethod.HARMONIC_MEAN):
        raise ModelInputError(f"{method} takes no weights; stouffer, cauchy and harmonic-mean do.")
    values = complete_columns({"p": p, "weights": weights})["weights"]
    require(values > 0, "weights", values, "be above 0", "Leave a study without weight out.")
    return values / values.sum()


def _note(method: CombinationMethod, k: int) -> str:
    if method == CombinationMethod.EDGINGTON and k > _EXACT_SUM:
        return f"The sum of more than {_EXACT_SUM} p-values is taken to be normal."
    if method == CombinationMethod.HARMONIC_MEAN:
        return "Exact in the limit of many p-values; the statistic is the harmonic mean itself."
    return ""


def _fisher(p: Array, _: Array) -> tuple[float, float]:
    statistic = -2 * np.log(p).sum()
    return statistic, chdtrc(2 * len(p), statistic)


def _pearson(p: Array, _: Array) -> tuple[float, float]:
    statistic = 2 * np.log1p(-p).sum()
    return statistic, gammainc(len(p), -statistic / 2)


def _stouffer(p: Array, shares: Array) -> tuple[float, float]:
    statistic = -(shares @ ndtri(p)) / np.sqrt(shares @ shares)
    return statistic, ndtr(-statistic)


def _logit(p: Array, _: Array) -> tuple[float, float]:
    k = len(p)
    df = 5 * k + 4
    statistic = -(np.log(p) - np.log1p(-p)).sum() * np.sqrt(3 * df / (k * np.pi**2 * (5 * k + 2)))
    return statistic, stdtr(df, -statistic)


def _edgington(p: Array, _: Array) -> tuple[float, float]:
    total, k = float(p.sum()), len(p)
    if k > _EXACT_SUM:
        return total, ndtr((total - k / 2) / np.sqrt(k / 12))
    # The terms alternate and cancel, so they are summed as exact fractions.
    exact = sum(map(Fraction, p.tolist()))
    terms = ((-1) ** i * comb(k, i) * (exact - i) ** k for i in range(floor(exact) + 1))
    return total, float(sum(terms) / factorial(k))


def _tippett(p: Array, _: Array) -> tuple[float, float]:
    smallest = p.min()
    return smallest, -np.expm1(len(p) * np.log1p(-smallest))


def _simes(p: Array, _: Array) -> tuple[float, float]:
    statistic = (np.sort(p) * len(p) / np.arange(1, len(p) + 1)).min()
    return statistic, statistic


def _harmonic_mean(p: Array, shares: Array) -> tuple[float, float]:
    from scipy.stats import landau  # here, for it takes half a second

    mean = 1 / np.sum(shares / p)
    location = np.log(len(p)) + 1 - np.euler_gamma - np.log(2 / np.pi)
    return mean, landau.sf(1 / mean, loc=location, scale=np.pi / 2)


def _cauchy(p: Array, shares: Array) -> tuple[float, float]:
    # tan(π (1/2 - p)) without the rounding of 1/2 - p for a tiny p.
    statistic = shares @ (1 / np.tan(np.pi * p))
    return statistic, np.arctan2(1.0, statistic) / np.pi


_METHODS = {
    CombinationMethod.FISHER: _fisher,
    CombinationMethod.PEARSON: _pearson,
    CombinationMethod.STOUFFER: _stouffer,
    CombinationMethod.LOGIT: _logit,
    CombinationMethod.EDGINGTON: _edgington,
    CombinationMethod.TIPPETT: _tippett,
    CombinationMethod.SIMES: _simes,
    CombinationMethod.HARMONIC_MEAN: _harmonic_mean,
    CombinationMethod.CAUCHY: _cauchy,
}
