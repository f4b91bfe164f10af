"""Effect sizes of two groups and events over person-time: incidence rates.

``x_1`` and ``t_1`` are events and person-time in group 1, ``x_2`` and ``t_2`` in group 2, arrays of shape (k,); the
functions give ``(y, v)`` on the analysis scale. Formulas: Rothman, Greenland and Lash, Modern Epidemiology (2008),
chapter 14, as in ``escalc``.
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


class Rates(NamedTuple):
    """Events and person-time of two groups, each of shape (k,)."""

    x_1: Array
    t_1: Array
    x_2: Array
    t_2: Array


def rates(columns: Mapping[str, Array]) -> Rates:
    """The checked columns. Raises ModelInputError for negative counts and for person-time of 0 or less."""
    for group in ("1", "2"):
        time = columns[f"time_{group}"]
        require_counts(columns, (f"events_{group}",))
        require(time > 0, f"time_{group}", time, "be above 0", "Check the person-time.")
    return Rates(columns["events_1"], columns["time_1"], columns["events_2"], columns["time_2"])


def rate_ratio(two: Rates) -> Effect:
    """Log incidence rate ratio."""
    return np.log(two.x_1 / two.t_1) - np.log(two.x_2 / two.t_2), 1 / two.x_1 + 1 / two.x_2


def rate_difference(two: Rates) -> Effect:
    """Incidence rate difference, in events per unit of person-time."""
    return two.x_1 / two.t_1 - two.x_2 / two.t_2, two.x_1 / two.t_1**2 + two.x_2 / two.t_2**2


def square_root_rate_difference(two: Rates) -> Effect:
    """Difference of square-root rates, whose variance does not depend on the rates."""
    return np.sqrt(two.x_1 / two.t_1) - np.sqrt(two.x_2 / two.t_2), 1 / (4 * two.t_1) + 1 / (4 * two.t_2)
