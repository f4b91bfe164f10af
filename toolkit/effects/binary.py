"""Effect sizes of two groups and an event: 2x2 tables of counts.

Cells are named as in metafor: ``a`` events and ``b`` non-events in group 1 (exposed or treated), ``c`` and ``d`` in
group 2. All functions take float arrays of shape (k,) and give ``(y, v)``, both of shape (k,), on the analysis scale.
The formulas are those of ``escalc`` (Viechtbauer 2010), with the papers named at each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects.raw import require, require_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class Cells(NamedTuple):
    """The four cells of 2x2 tables, each of shape (k,)."""

    a: Array
    b: Array
    c: Array
    d: Array

    @property
    def n_1(self) -> Array:
        """People in group 1."""
        return self.a + self.b

    @property
    def n_2(self) -> Array:
        """People in group 2."""
        return self.c + self.d


def cells(columns: Mapping[str, Array]) -> Cells:
    """The cells from events and totals. Raises ModelInputError for negative counts and for events above the total."""
    for group in ("1", "2"):
        events, total = columns[f"events_{group}"], columns[f"total_{group}"]
        require_counts(columns, (f"events_{group}", f"total_{group}"))
        require(
            (events <= total) | np.isnan(total),
            f"events_{group}",
            events,
            f"not be above total_{group}",
            "Check that the columns are not swapped and that the total counts people, not non-events.",
        )
    return Cells(
        columns["events_1"],
        columns["total_1"] - columns["events_1"],
        columns["events_2"],
        columns["total_2"] - columns["events_2"],
    )


def odds_ratio(table: Cells) -> Effect:
    """Log odds ratio (Woolf 1955, Ann Hum Genet 19:251)."""
    a, b, c, d = table
    return np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d


def risk_ratio(table: Cells) -> Effect:
    """Log risk ratio (Katz et al. 1978, Biometrics 34:469)."""
    y = np.log(table.a / table.n_1) - np.log(table.c / table.n_2)
    return y, 1 / table.a - 1 / table.n_1 + 1 / table.c - 1 / table.n_2


def risk_difference(table: Cells, variance: str = "LS") -> Effect:
    """Risk difference. ``variance``: LS large sample, UB unbiased, AV from the average risks of all studies."""
    risk_1, risk_2 = table.a / table.n_1, table.c / table.n_2
    n_1, n_2 = table.n_1, table.n_2
    y = risk_1 - risk_2
    if variance == "AV":
        risk_1, risk_2 = weighted_average(risk_1, n_1), weighted_average(risk_2, n_2)
    lost = 1 if variance == "UB" else 0
    return y, risk_1 * (1 - risk_1) / (n_1 - lost) + risk_2 * (1 - risk_2) / (n_2 - lost)


def arcsine_difference(table: Cells) -> Effect:
    """Difference of arcsine-square-root risks, defined for double-zero tables (Rücker et al. 2009, Stat Med 28:721)."""
    y = np.arcsin(np.sqrt(table.a / table.n_1)) - np.arcsin(np.sqrt(table.c / table.n_2))
    return y, 1 / (4 * table.n_1) + 1 / (4 * table.n_2)


def peto(table: Cells) -> Effect:
    """Peto's one-step log odds ratio (Yusuf et al. 1985, Prog Cardiovasc Dis 27:335)."""
    n_1, n_2 = table.n_1, table.n_2
    n = n_1 + n_2
    events, others = table.a + table.c, table.b + table.d
    information = events * others * (n_1 / n) * (n_2 / n) / (n - 1)
    return (table.a - events * n_1 / n) / information, 1 / information


def phi(table: Cells, variance: str = "LS") -> Effect:
    """Phi coefficient. ``variance``: LS (or CS) for one multinomial sample, ST for two of fixed size."""
    a, b, c, d = table
    n = table.n_1 + table.n_2
    y = (a * d - b * c) / np.sqrt(table.n_1 * table.n_2 * (a + c) * (b + d))
    if variance == "ST":
        return y, _phi_stratified_variance(table)
    row_1, row_2, column_1, column_2 = table.n_1 / n, table.n_2 / n, (a + c) / n, (b + d) / n
    rows, columns = row_1 * row_2, column_1 * column_2
    skew_rows, skew_columns = row_1 - row_2, column_1 - column_2
    v = (
        1
        - y**2
        + y * (1 + y**2 / 2) * skew_rows * skew_columns / np.sqrt(rows * columns)
        - 0.75 * y**2 * (skew_rows**2 / rows + skew_columns**2 / columns)
    ) / n
    return y, v


def yule_q(table: Cells) -> Effect:
    """Yule's Q (Yule 1912, J R Stat Soc 75:579)."""
    ratio = (table.a / table.b) / (table.c / table.d)
    y = (ratio - 1) / (ratio + 1)
    return y, _yule_variance(table, y, 4)


def yule_y(table: Cells) -> Effect:
    """Yule's Y, the coefficient of colligation (Yule 1912, J R Stat Soc 75:579)."""
    root = np.sqrt((table.a / table.b) / (table.c / table.d))
    y = (root - 1) / (root + 1)
    return y, _yule_variance(table, y, 16)


def weighted_average(values: Array, weights: Array) -> float:
    """The average over all studies that have both numbers, for variances from average values ("AV")."""
    known = ~(np.isnan(values) | np.isnan(weights))
    return float(np.sum(values[known] * weights[known]) / np.sum(weights[known]))


def _yule_variance(table: Cells, y: Array, divisor: int) -> Array:
    """Delta-method variance from that of the log odds ratio; infinite, as that is, where a cell is 0."""
    log_odds = odds_ratio(table)[1]
    return np.where(np.isinf(log_odds), np.inf, (1 - y**2) ** 2 / divisor * log_odds)


def _phi_stratified_variance(table: Cells) -> Array:
    """Delta-method variance for two samples of fixed size (the form of ``escalc`` with ``vtype="ST"``)."""
    n_1, n_2 = table.n_1, table.n_2
    p_1, p_2 = table.a / n_1, table.c / n_2
    q_1, q_2 = 1 - p_1, 1 - p_2
    mixed = p_2 * q_1 + p_1 * q_2
    total = (
        4 * n_1**3 * p_1**2 * p_2 * q_1**2 * q_2
        + 4 * n_2**3 * p_1 * p_2**2 * q_1 * q_2**2
        + n_1 * n_2**2 * p_2 * q_2 * mixed * (p_2 * q_1 + p_1 * (4 * q_1 + q_2))
        + n_1**2 * n_2 * p_1 * q_1 * mixed * (p_1 * q_2 + p_2 * (q_1 + 4 * q_2))
    )
    return (n_1 + n_2) ** 2 * total / (4 * (table.a + table.c) ** 3 * (table.b + table.d) ** 3)
