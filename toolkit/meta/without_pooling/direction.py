"""Synthesis without pooling: what the directions of effects say where their sizes cannot be combined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr, betaincinv

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, p_value, with_limits
from toolkit.meta.settings import check_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class SignTest(Shown):
    """How many effects point which way, and whether that is more than chance.

    ``proportion`` is that of positive directions among the ``n`` that have one, with its exact interval; it, the
    limits and ``p_value`` are None, and ``reason`` says why, where no study has a direction.
    """

    positive: int
    negative: int
    ties: int
    level: float
    proportion: float | None
    p_value: float | None
    ci_low: float | None
    ci_high: float | None
    reason: str = ""

    @property
    def n(self) -> int:
        """Effects with a direction."""
        return self.positive + self.negative

    def _title(self) -> str:
        return f"Sign test, {self.n} effects with a direction"

    def _lines(self) -> list[tuple[str, str]]:
        counts = [("Positive", str(self.positive)), ("Negative", str(self.negative)), ("No direction", str(self.ties))]
        if self.reason:
            return [*counts, ("Not available", self.reason)]
        proportion = with_limits(self.proportion, self.ci_low, self.ci_high, self.level, 3)
        return [*counts, ("Proportion positive", proportion), ("p", p_value(self.p_value))]

    def to_frame(self) -> pd.DataFrame:
        """One row with all fields."""
        return self._one_row(*"positive negative ties n proportion p_value ci_low ci_high level reason".split())


def sign_test(directions: ArrayLike, *, level: float = 0.95) -> SignTest:
    """Vote counting by direction of effect with its exact test (Cochrane Handbook, section 12.2.1.3).

    ``directions`` holds +1, -1 or 0 a study, whatever the size or significance of its effect; a 0 has no direction, is
    left out of the test and counted as a tie. The p-value is the two-sided binomial one against one half, the interval
    that of Clopper and Pearson (1934, Biometrika 26:404).

    Raises ModelInputError for other values, with their rows.
    """
    level = check_level(level)
    signs = _signs(directions)
    positive, negative = int(np.sum(signs == 1)), int(np.sum(signs == -1))
    n, ties = positive + negative, int(np.sum(signs == 0))
    if n == 0:
        reason = "No study gives a direction, so there is nothing to test."
        return SignTest(0, 0, ties, level, None, None, None, None, reason)
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(positive, negative + 1, tail)) if positive else 0.0
    high = float(betaincinv(positive + 1, negative, 1.0 - tail)) if negative else 1.0
    p = min(1.0, 2.0 * float(bdtr(min(positive, negative), n, 0.5)))
    return SignTest(positive, negative, ties, level, positive / n, p, low, high)


def _signs(directions: ArrayLike) -> np.ndarray:
    try:
        signs = np.asarray(directions, dtype=float)
    except (TypeError, ValueError):
        raise ModelInputError(f"directions must hold +1, -1 or 0 a study; got {directions!r}.") from None
    if signs.ndim != 1:
        raise ModelInputError(f"directions must have the shape (k,); its shape is {signs.shape}.")
    wrong = np.flatnonzero(~np.isin(signs, (-1.0, 0.0, 1.0)))
    if len(wrong):
        found = ", ".join(f"{signs[row]:g} in row {row}" for row in wrong[:5])
        raise ModelInputError(f"directions must hold +1, -1 or 0 a study; found {found}. Give the sign, not the size.")
    return signs
