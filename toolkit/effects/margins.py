"""2x2 tables from an odds ratio, a phi coefficient or a chi-square statistic, and the table's margins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.effects.raw import complete_columns, require
from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


def table_from_margins(
    total: ArrayLike,
    total_1: ArrayLike,
    events: ArrayLike,
    *,
    odds_ratio: ArrayLike | None = None,
    phi: ArrayLike | None = None,
    chi_square: ArrayLike | None = None,
    yates: bool = True,
) -> pd.DataFrame:
    """The counts of 2x2 tables whose margins and one statistic are known.

    ``total`` people, of whom ``total_1`` are in group 1, and ``events`` people with the event in both groups together,
    each of shape (k,); and one of ``odds_ratio`` (natural), ``phi``, or ``chi_square`` with the sign of the association
    (``yates`` says whether it was made with the continuity correction, as it is by default in R). The odds ratio is
    solved as by Bonett (2007, Am Psychol 62:254); all three as in metafor's ``conv.2x2``. Counts are rounded, so a
    rounded statistic gives the table back where it is small enough.

    The frame has the columns of :func:`effect_sizes` (events_1, total_1, events_2, total_2). Where margins and
    statistic contradict each other the row is missing and ``attrs["missing"]`` says so.

    Raises ModelInputError for missing and impossible numbers, and unless exactly one statistic is given.
    """
    import pandas as pd

    statistics = {"odds_ratio": odds_ratio, "phi": phi, "chi_square": chi_square}
    given = {name: values for name, values in statistics.items() if values is not None}
    if len(given) != 1:
        raise ModelInputError(f"Give one of odds_ratio, phi and chi_square; got {', '.join(given) or 'none'}.")
    columns = complete_columns({"total": total, "total_1": total_1, "events": events} | given)
    n, row, column, statistic = columns.values()
    require(n > 0, "total", n, "be above 0", "Check the sample size.")
    for name, margin in (("total_1", row), ("events", column)):
        require((margin > 0) & (margin < n), name, margin, "lie between 0 and total", "Check the margins.")
    a = np.round(n * _share(next(iter(given)), statistic, row / n, column / n, n, yates))
    cells = np.array([a, row - a, column - a, n - row - column + a])
    impossible = (cells < 0).any(0)
    counts = {"events_1": a, "total_1": row, "events_2": column - a, "total_2": n - row}
    frame = pd.DataFrame({name: np.where(impossible, np.nan, values) for name, values in counts.items()})
    reason = "the statistic is not possible with these margins"
    frame.attrs["missing"] = dict.fromkeys(np.flatnonzero(impossible).tolist(), reason)
    return frame


def _share(name: str, statistic: Array, row: Array, column: Array, n: Array, yates: bool) -> Array:
    """The share of all people who are in group 1 and have the event."""
    if name == "odds_ratio":
        require(statistic > 0, name, statistic, "be above 0", "Give the natural value, not its log.")
        b = statistic * (row + column) + 1 - row - column
        # The smaller root of a quadratic, written so that an odds ratio of 1 divides nothing by 0.
        return 2 * row * column * statistic / (b + np.sqrt(b**2 - 4 * row * column * statistic * (statistic - 1)))
    spread = np.sqrt(row * (1 - row) * column * (1 - column))
    if name == "phi":
        require(np.abs(statistic) <= 1, name, statistic, "lie from -1 to 1", "Check that it is a correlation.")
        return row * column + statistic * spread
    correction = 1 / (2 * n * spread) if yates else 0.0
    return row * column + np.sign(statistic) * (np.sqrt(np.abs(statistic) / n) + correction) * spread
