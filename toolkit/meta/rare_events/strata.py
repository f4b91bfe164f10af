"""The counts of k studies with two groups each, checked once, and the studies' own effects beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.effects import effect_sizes
from toolkit.effects.raw import number_columns, require
from toolkit.errors import ModelInputError
from toolkit.meta.frozen import Frozen
from toolkit.meta.settings import check_one_of
from toolkit.meta.studies import study_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Strata(Frozen):
    """Events and totals, or events and person-time, of two groups, each (k,), with the studies' own effects.

    ``y`` and ``v`` (k,) are those of :func:`effect_sizes` on the analysis scale by metafor's rules for zeros: 1/2 is
    added to tables with a zero cell, but not for Peto's; tables without events have none, and NaN in its place.
    ``sizes_1`` and ``sizes_2`` are totals or person-time.
    """

    measure: str
    labels: tuple[str, ...]
    events_1: Array
    sizes_1: Array
    events_2: Array
    sizes_2: Array
    y: Array
    v: Array

    @property
    def events(self) -> Array:
        """Events in both groups, (k,)."""
        return self.events_1 + self.events_2

    @property
    def size(self) -> Array:
        """Totals or person-time of both groups, (k,)."""
        return self.sizes_1 + self.sizes_2

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Strata:
        """These studies alone."""
        labels = tuple(np.array(self.labels, dtype=object)[rows])
        parts = (self.events_1, self.sizes_1, self.events_2, self.sizes_2, self.y, self.v)
        return Strata(self.measure, labels, *(part[rows] for part in parts))


def check_strata(
    measure: str,
    known: Sequence[str],
    counts: dict[str, ArrayLike],
    labels: Sequence[object] | None,
) -> Strata:
    """The studies with their own effects.

    Raises ModelInputError for a measure that is not ``known`` here, for missing or impossible counts, with their rows,
    and for no study at all.
    """
    check_one_of(known, measure, "measure")
    columns = check_counts(counts)
    add = 0.0 if measure == "PETO" else None  # Peto's effects are defined at zero
    frame = effect_sizes(measure, add=add, drop_double_zero="total_1" in counts, **columns)
    k = len(frame)
    names = study_labels(labels, k)
    missing = np.flatnonzero(np.isnan(list(columns.values())).any(0))
    if len(missing):
        shown = ", ".join(map(str, missing[:5].tolist()))
        raise ModelInputError(f"A count is missing in row {shown}: complete it, or leave the study out.")
    return Strata(measure, names, *columns.values(), frame["y"].to_numpy(), frame["v"].to_numpy())


def check_counts(counts: dict[str, ArrayLike]) -> dict[str, Array]:
    """Events and totals or person-time as columns (k,), a missing number as NaN.

    Raises ModelInputError for text, other shapes, lengths that differ, no study at all, infinite numbers, and totals or
    person-time of 0 or less, with their rows.
    """
    columns = number_columns(counts)
    if not all(len(column) for column in columns.values()):
        raise ModelInputError("There is no study: the columns of counts are empty. Check which rows were selected.")
    for name, column in columns.items():
        require(np.isfinite(column), name, column, "be finite", "Check the number.")
        if not name.startswith("events"):
            remedy = "A group without anybody tells nothing: leave the study out, or check the number."
            require(column > 0, name, column, "be above 0", remedy)
    return columns


def own_heterogeneity(strata: Strata, estimate: float) -> tuple[float, int, float]:
    """Cochran's Q of the studies' own effects about a pooled one, how many have an effect, and the p-value."""
    known = np.isfinite(strata.y) & np.isfinite(strata.v)
    q, k = float(np.sum((strata.y[known] - estimate) ** 2 / strata.v[known])), int(known.sum())
    return q, k, float(chdtrc(k - 1, q)) if k > 1 else 1.0
