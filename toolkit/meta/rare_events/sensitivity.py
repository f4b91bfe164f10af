"""A ratio or difference of rare events by every method side by side: does the result hang on how zeros are treated?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects import effect_sizes
from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.display import Shown, studies, with_limits
from toolkit.meta.random_effects import random_effects
from toolkit.meta.rare_events.glmm import glmm
from toolkit.meta.rare_events.mantel_haenszel import mantel_haenszel
from toolkit.meta.rare_events.peto import peto
from toolkit.meta.rare_events.strata import check_strata
from toolkit.meta.settings import check_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from numpy.typing import ArrayLike

    from toolkit.meta.estimates import Estimates

_MEASURES = ("OR", "RR", "RD")


class MethodEstimate(NamedTuple):
    """What one method says, on the analysis scale; ``reason`` says why there is no estimate.

    ``k`` counts the studies that the method uses, ``assumes`` says what it takes for granted, and ``corrects`` whether
    it changes the counts of tables with a zero cell.
    """

    method: str
    k: int | None
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    assumes: str
    corrects: bool
    reason: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class RareEventSensitivity(Shown):
    """The pooled effect of the same k tables by several methods, on the analysis scale (log for ratios)."""

    measure: str
    k: int
    level: float
    estimates: tuple[MethodEstimate, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a method: method, k, estimate, ci_low, ci_high, assumes, corrects, reason."""
        import pandas as pd

        return pd.DataFrame(self.estimates)

    def _title(self) -> str:
        return f"Methods for rare events, {self.measure}, {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        return [
            (row.method, row.reason or with_limits(row.estimate, row.ci_low, row.ci_high, self.level))
            for row in self.estimates
        ]


def rare_event_sensitivity(
    events_1: ArrayLike,
    total_1: ArrayLike,
    events_2: ArrayLike,
    total_2: ArrayLike,
    *,
    measure: str = "OR",
    level: float = 0.95,
) -> RareEventSensitivity:
    """Pool tables of two groups (k,) by the methods for rare events, and by those that correct zero cells.

    ``measure`` is OR, RR or RD. The methods are :func:`mantel_haenszel`, for OR :func:`peto` and :func:`glmm` (UM.FS
    and CM.EL) as well, and the inverse variance with 1/2 added to tables with a zero cell (:func:`random_effects` with
    REML and Knapp and Hartung's test): once with the tables without events (or with nothing but events) in it, once
    without them. A method that these counts do not allow has a reason in place of numbers.

    Raises ModelInputError for counts that cannot be used, with their rows, and for another measure.
    """
    level = check_level(level)
    counts = {"events_1": events_1, "total_1": total_1, "events_2": events_2, "total_2": total_2}
    k = len(check_strata(measure, _MEASURES, counts, None).labels)
    rows = tuple(_row(*parts) for parts in _methods(measure, counts, level))
    return RareEventSensitivity(measure, k, level, rows)


def _methods(
    measure: str, counts: dict[str, ArrayLike], level: float
) -> Iterator[tuple[str, str, bool, Callable[[], Estimates]]]:
    """Name, assumption, whether zero cells are corrected, and the fit of each method that the measure has."""
    yield (
        "Mantel-Haenszel",
        "one common effect; no zero cell is corrected",
        False,
        lambda: mantel_haenszel(measure, **counts, level=level),
    )
    if measure == "OR":
        yield (
            "Peto",
            "one common effect that is not large, rare events, groups of like size",
            False,
            lambda: peto(**counts, level=level),
        )
        yield (
            "Mixed model, unconditional (UM.FS)",
            "normally distributed effects, a baseline of each study's own",
            False,
            lambda: glmm("OR", model="UM.FS", level=level, **counts),
        )
        yield (
            "Mixed model, conditional (CM.EL)",
            "normally distributed effects, given the events of both groups",
            False,
            lambda: glmm("OR", model="CM.EL", level=level, **counts),
        )
    yield (
        "Inverse variance, 1/2 added",
        "normally distributed effects with known variances; 1/2 in tables with a zero cell is innocuous",
        True,
        lambda: _by_inverse_variance(measure, counts, level, drop_double_zero=False),
    )
    yield (
        "Inverse variance, 1/2 added, without double zeros",
        "the same, and that studies without events say nothing",
        True,
        lambda: _by_inverse_variance(measure, counts, level, drop_double_zero=True),
    )


def _by_inverse_variance(
    measure: str, counts: dict[str, ArrayLike], level: float, *, drop_double_zero: bool
) -> Estimates:
    effects = effect_sizes(measure, drop_double_zero=drop_double_zero, **counts).dropna()
    if effects.empty:
        raise ModelInputError("No study has an effect of its own.")
    return random_effects(effects["y"], effects["v"], level=level)


def _row(method: str, assumes: str, corrects: bool, fit: Callable[[], Estimates]) -> MethodEstimate:
    try:
        found = fit()
    except (ModelInputError, ConvergenceError) as error:
        return MethodEstimate(method, None, None, None, None, assumes, corrects, str(error))
    if not np.isfinite([found.ci_low, found.ci_high]).all():
        return MethodEstimate(method, found.k, found.estimate, None, None, assumes, corrects, "There is no interval.")
    return MethodEstimate(method, found.k, found.estimate, found.ci_low, found.ci_high, assumes, corrects)
