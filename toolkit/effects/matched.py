"""Effect sizes of matched pairs and an event: one person twice, or two people who belong together.

Counts of pairs go in, arrays of shape (k,): ``both`` with the event under both conditions, ``only_1`` under the first
alone, ``only_2`` under the second alone, ``neither``. The functions give ``(y, v)`` on the analysis scale, positive
where the event is commoner under condition 1. Formulas as in ``escalc`` (Viechtbauer 2010, J Stat Softw 36(3)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects.binary import Cells, cells, odds_ratio
from toolkit.effects.raw import require, require_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class Pairs(NamedTuple):
    """Numbers of pairs by where the event occurred, each of shape (k,)."""

    both: Array
    only_1: Array
    only_2: Array
    neither: Array

    @property
    def n(self) -> Array:
        """All pairs."""
        return self.both + self.only_1 + self.only_2 + self.neither

    @property
    def risk_1(self) -> Array:
        """Share of pairs with the event under condition 1."""
        return (self.both + self.only_1) / self.n

    @property
    def risk_2(self) -> Array:
        """Share of pairs with the event under condition 2."""
        return (self.both + self.only_2) / self.n


class CorrelatedCells(NamedTuple):
    """The four cells of the two conditions, counted apart, with the phi coefficient ``r`` of the pairs."""

    a: Array
    b: Array
    c: Array
    d: Array
    r: Array


def pairs(columns: Mapping[str, Array]) -> Pairs:
    """The checked columns. Raises ModelInputError for negative counts."""
    require_counts(columns, Pairs._fields)
    return Pairs(*(columns[name] for name in Pairs._fields))


def correlated_cells(columns: Mapping[str, Array]) -> CorrelatedCells:
    """The checked columns. Raises ModelInputError as :func:`cells` does, and for a correlation beyond ±1."""
    table = cells(columns)
    require(np.abs(columns["r"]) <= 1, "r", columns["r"], "lie from -1 to 1", "Check that it is a correlation.")
    return CorrelatedCells(*table, columns["r"])


def risk_difference(group: Pairs) -> Effect:
    """Risk difference of matched pairs."""
    share_1, share_2 = group.only_1 / group.n, group.only_2 / group.n
    v = (share_1 * (1 - share_1) + 2 * share_1 * share_2 + share_2 * (1 - share_2)) / group.n
    return group.risk_1 - group.risk_2, v


def risk_ratio(group: Pairs) -> Effect:
    """Log risk ratio of matched pairs."""
    v = (group.only_1 + group.only_2) / (group.n**2 * group.risk_1 * group.risk_2)
    return np.log(group.risk_1) - np.log(group.risk_2), v


def marginal_odds_ratio(group: Pairs) -> Effect:
    """Log marginal odds ratio of matched pairs: that of the two conditions' risks."""
    share_1, share_2 = group.only_1 / group.n, group.only_2 / group.n
    risk_1, risk_2 = group.risk_1, group.risk_2
    y = np.log(risk_1 / (1 - risk_1)) - np.log(risk_2 / (1 - risk_2))
    discordant = share_1 * (1 - share_1) + share_2 * (1 - share_2) + 2 * share_1 * share_2
    return y, discordant / (group.n * risk_1 * (1 - risk_1) * risk_2 * (1 - risk_2))


def conditional_odds_ratio(group: Pairs) -> Effect:
    """Log conditional odds ratio of matched pairs, from the discordant ones."""
    return np.log(group.only_1) - np.log(group.only_2), 1 / group.only_1 + 1 / group.only_2


def peto(group: Pairs) -> Effect:
    """Peto's one-step log conditional odds ratio of matched pairs."""
    discordant = group.only_1 + group.only_2
    return 2 * (group.only_1 - group.only_2) / discordant, 4 / discordant


def marginal_odds_ratio_from_margins(table: CorrelatedCells) -> Effect:
    """Log marginal odds ratio where the conditions are counted apart and ``r`` is the phi coefficient of the pairs.

    ``events_1`` and ``total_1`` are those of condition 1, ``events_2`` and ``total_2`` of condition 2, so that both
    totals are the number of pairs.
    """
    a, b, c, d, r = table
    y, v = odds_ratio(Cells(a, b, c, d))
    n = np.round((a + b + c + d) / 2)
    both = (r * np.sqrt(a * b * c * d) + a * b) / n
    return y, v - 2 * n * (n * both - a * b) / (a * b * c * d)
