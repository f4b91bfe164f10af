"""Fail-safe numbers: how many unpublished studies of no effect would undo a pooled result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.display import Shown, number, p_value, studies
from toolkit.meta.settings import check_choice, check_fraction, check_number

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.meta.results import MetaResult


class FailSafe(StrEnum):
    """Rosenthal (1979, Psychol Bull 86:638), Orwin (1983, J Educ Stat 8:157), Rosenberg (2005, Evolution 59:464)."""

    ROSENTHAL = "Rosenthal"
    ORWIN = "Orwin"
    ROSENBERG = "Rosenberg"


@dataclass(frozen=True)
class FailSafeN(Shown):
    """The ``number`` of studies with an effect of 0 that would bring the p-value to ``alpha``, or the mean to a target.

    ``p_value`` is the observed one (Rosenthal: Stouffer's, one-sided; Rosenberg: two-sided), None for Orwin, who has
    ``mean`` and ``target`` on the analysis scale in its place.
    """

    method: FailSafe
    k: int
    number: int
    alpha: float | None
    p_value: float | None
    mean: float | None
    target: float | None

    def to_frame(self) -> pd.DataFrame:
        """One row: method, k, number, alpha, p_value, mean, target."""
        return self._one_row("method", "k", "number", "alpha", "p_value", "mean", "target")

    def _title(self) -> str:
        return f"Fail-safe N ({self.method}), {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        if self.method == FailSafe.ORWIN:
            aim = f"to bring the mean from {number(self.mean)} to {number(self.target)}"
        else:
            aim = f"to bring p from {p_value(self.p_value)} to {number(self.alpha)}"
        return [("Studies of no effect", f"{self.number:,} {aim}")]


def failsafe_n(
    result: MetaResult,
    *,
    method: str = "Rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    weighted: bool = False,
) -> FailSafeN:
    """How many studies with an effect of 0 would have to lie in drawers to undo the result, rounded up.

    Rosenthal: until Stouffer's one-sided combined p-value is ``alpha``. Orwin: until the mean of all effects (weighted
    by 1 / v if ``weighted``) is ``target``, None for half the observed mean. Rosenberg: until the common-effect mean
    has a two-sided p-value of ``alpha``, with new studies of the average weight. See :class:`FailSafe`.

    Raises ModelInputError for a regression, an alpha outside 0 to 1, a target that is no number, and a mean or
    target of 0 or of different signs.
    """
    kind = check_choice(FailSafe, method, "method")
    check_mean(result, "A fail-safe N")
    alpha = check_fraction(alpha, "alpha")
    y, w, k = result.y, 1.0 / result.v, result.k
    if kind == FailSafe.ORWIN:
        mean = float(np.average(y, weights=w if weighted else None))
        goal = mean / 2.0 if target is None else check_number(target, "target")
        if goal == 0 or goal * mean < 0:
            raise ModelInputError(
                f"No number of studies of no effect turns a mean of {mean:g} into {goal:g}: give a target between 0 "
                "and the mean."
            )
        return FailSafeN(kind, k, _up(k * (mean - goal) / goal), None, None, mean, goal)
    if kind == FailSafe.ROSENTHAL:
        z = abs(float(np.sum(y * np.sqrt(w)))) / np.sqrt(k)
        more, p = k * (z / ndtri(alpha)) ** 2 - k, float(ndtr(-z))
    else:
        z = abs(float(w @ y)) / np.sqrt(w.sum())
        more, p = k * (z / ndtri(alpha / 2.0)) ** 2 - k, float(2.0 * ndtr(-z))
    return FailSafeN(kind, k, _up(more) if p < alpha else 0, alpha, p, None, None)


def _up(count: float) -> int:
    """The next whole number of studies; one that rounding lifted above a whole number is that number."""
    return max(0, ceil(count - 1e-9 * abs(count)))
