"""Peto's one-step odds ratio: for rare events, groups of like size and effects that are not large."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.rare_events.strata import Strata, check_strata
from toolkit.meta.rare_events.stratified_result import StratifiedResult, stratified_result
from toolkit.meta.settings import check_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


def peto(
    events_1: ArrayLike,
    total_1: ArrayLike,
    events_2: ArrayLike,
    total_2: ArrayLike,
    *,
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> StratifiedResult:
    """Pool tables of two groups (k,) by Peto's one-step estimate of a common log odds ratio.

    sum(O - E) / sum(V), with the events of group 1, their hypergeometric mean and variance when there is no effect
    (Yusuf et al. 1985, Prog Cardiovasc Dis 27:335). No cell is corrected; studies without events, or with nothing but
    events, add nothing. Biased where groups are of unlike size or effects are large (Greenland and Salvan 1990, Stat
    Med 9:247).

    Raises ModelInputError for counts that cannot be used, with their rows, and where no study has an event.
    """
    counts = {"events_1": events_1, "total_1": total_1, "events_2": events_2, "total_2": total_2}
    return _pool(check_strata("PETO", ("PETO",), counts, labels), level=check_level(level))


def _pool(strata: Strata, level: float) -> StratifiedResult:
    n, events = strata.size, strata.events
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.nan_to_num(strata.sizes_1 * strata.sizes_2 * events * (n - events) / (n**2 * (n - 1.0)))
    total = float(variance.sum())
    if not total > 0:
        raise ModelInputError("Peto's odds ratio needs a study with both events and people without them.")
    distance = float(np.sum(strata.events_1 - events * strata.sizes_1 / n))
    return stratified_result(strata, "Peto", distance / total, total**-0.5, level, partial(_pool, level=level))
