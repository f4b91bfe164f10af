"""The albatross plot's coordinates: p-values against sample sizes, with contours of equal effects.

For studies that report a p-value, a direction and a sample size (Harrison et al. 2017, Res Synth Methods 8:281). The
contours assume two groups of equal size (SMD, OR) and large samples, so an effect read from them is rough.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from toolkit.effects.raw import complete_columns, require
from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number, studies
from toolkit.meta.settings import check_choice
from toolkit.meta.without_pooling.p_values import ZERO_P

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class ContourMeasure(StrEnum):
    """The effect of the contours: standardised mean difference, odds ratio, correlation (natural values)."""

    SMD = "SMD"
    OR = "OR"
    COR = "COR"


_DEFAULT_EFFECTS = {
    ContourMeasure.SMD: (0.2, 0.5, 0.8),
    ContourMeasure.OR: (1.25, 1.5, 2.0),
    ContourMeasure.COR: (0.1, 0.3, 0.5),
}
_POINTS = 200


@dataclass(frozen=True, eq=False, repr=False)
class Albatross(Shown):
    """Points and contours of an albatross plot, as data frames.

    ``points``, a row a study: p (two-sided), n, direction, x, y and ``effect``, the effect on whose contour the study
    lies, missing where the sample is too small for one. ``contours``: effect, direction, p, n, x, y. The coordinates
    are x = -log10(p) times the direction, so that stronger evidence lies further out, and y = log10(n) squared.
    """

    measure: ContourMeasure
    points: pd.DataFrame
    contours: pd.DataFrame

    def _title(self) -> str:
        return f"Albatross plot, {studies(len(self.points))}, contours of {self.measure}"

    def _lines(self) -> list[tuple[str, str]]:
        effects = self.points["effect"].dropna()
        middle = number(float(effects.median()), 3) if len(effects) else "–"
        return [("Median of the effects read from the contours", middle)]


def albatross(
    p: ArrayLike,
    n: ArrayLike,
    directions: ArrayLike,
    *,
    measure: str = "SMD",
    effects: Sequence[float] | None = None,
) -> Albatross:
    """Coordinates of the albatross plot of k studies: see :class:`Albatross`.

    ``p`` two-sided p-values, ``n`` total sample sizes, ``directions`` +1 or -1 a study, each of shape (k,). ``effects``
    are the contours' natural values on the positive side (SMD 0.2 0.5 0.8, OR 1.25 1.5 2, COR 0.1 0.3 0.5), drawn
    on both; an odds ratio is mirrored as its inverse.

    Contours, with z the normal quantile of p: SMD d at n = z² (8 + d²) / (2 d²); OR the same with d = log OR √3/π;
    COR r at n = 3 + z² / atanh(r)². Raises ModelInputError for numbers that cannot be, with their rows.
    """
    import pandas as pd

    kind = check_choice(ContourMeasure, measure, "measure")
    values = _DEFAULT_EFFECTS[kind] if effects is None else tuple(float(effect) for effect in effects)
    low = 1.0 if kind == ContourMeasure.OR else 0.0
    high = 1.0 if kind == ContourMeasure.COR else np.inf
    if not values or not all(low < effect < high for effect in values):
        raise ModelInputError(f"effects of {kind} must lie between {low:g} and {high:g}; got {list(values)}.")
    two_sided, sizes, signs = _columns(p, n, directions)
    z2 = ndtri(two_sided / 2) ** 2
    points = pd.DataFrame({"p": two_sided, "n": sizes, "direction": signs.astype(int)})
    points["effect"] = _effect(kind, z2, sizes, signs)
    # Contours end at the largest sample and the smallest p, a little beyond.
    grid = np.logspace(0, np.log10(min(two_sided.min(), 0.01)) - 0.5, _POINTS)[1:]
    sides = [(effect, sign) for effect in values for sign in (1, -1)]
    contours = pd.concat([_contour(kind, effect, sign, grid) for effect, sign in sides], ignore_index=True)
    contours = contours[contours["n"] <= 1.5 * sizes.max()].reset_index(drop=True)
    return Albatross(kind, _placed(points), _placed(contours))


def contour_sizes(measure: str, effect: float, p: ArrayLike) -> Array:
    """The total sample sizes at which a study with this effect has these two-sided p-values: one contour."""
    kind = check_choice(ContourMeasure, measure, "measure")
    z2 = ndtri(np.asarray(p, dtype=float) / 2) ** 2
    if kind == ContourMeasure.COR:
        return z2 / np.arctanh(effect) ** 2 + 3
    d2 = _d(kind, effect) ** 2
    return z2 * (8 + d2) / (2 * d2)


def _d(kind: ContourMeasure, effect: float) -> float:
    return np.log(effect) * np.sqrt(3) / np.pi if kind == ContourMeasure.OR else effect


def _effect(kind: ContourMeasure, z2: Array, n: Array, signs: Array) -> Array:
    """The contours solved for the effect."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == ContourMeasure.COR:
            return np.where(n > 3, signs * np.tanh(np.sqrt(z2 / (n - 3))), np.nan)
        d = np.where(2 * n > z2, signs * np.sqrt(8 * z2 / (2 * n - z2)), np.nan)
        return np.exp(d * np.pi / np.sqrt(3)) if kind == ContourMeasure.OR else d


def _contour(kind: ContourMeasure, effect: float, sign: int, p: Array) -> pd.DataFrame:
    import pandas as pd

    mirrored = effect if sign > 0 else 1 / effect if kind == ContourMeasure.OR else -effect
    return pd.DataFrame({"effect": mirrored, "direction": sign, "p": p, "n": contour_sizes(kind, effect, p)})


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(x=-np.log10(frame["p"]) * frame["direction"], y=np.log10(frame["n"]) ** 2)


def _columns(p: ArrayLike, n: ArrayLike, directions: ArrayLike) -> tuple[Array, Array, Array]:
    columns = complete_columns({"p": p, "n": n, "directions": directions})
    two_sided, sizes, signs = columns.values()
    require((two_sided > 0) & (two_sided <= 1), "p", two_sided, "lie above 0 and not above 1", ZERO_P)
    require(sizes > 1, "n", sizes, "be above 1", "Give the study's whole sample.")
    require(np.isin(signs, (-1.0, 1.0)), "directions", signs, "be +1 or -1", "Give the sign of the effect.")
    return two_sided, sizes, signs
