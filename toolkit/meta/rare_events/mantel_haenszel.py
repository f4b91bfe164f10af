"""The method of Mantel and Haenszel: one effect from many tables, without correcting zero cells."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError
from toolkit.meta.rare_events.count_terms import expected_events
from toolkit.meta.rare_events.strata import Strata, check_strata
from toolkit.meta.rare_events.stratified_result import StratifiedResult, StratumTest, stratified_result
from toolkit.meta.settings import check_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_COUNTS, _RATES = ("OR", "RR", "RD"), ("IRR", "IRD")
_ROUNDING = 1e-12


class _Pooled(NamedTuple):
    estimate: float
    variance: float


def mantel_haenszel(
    measure: str,
    events_1: ArrayLike,
    total_1: ArrayLike | None = None,
    events_2: ArrayLike | None = None,
    total_2: ArrayLike | None = None,
    *,
    time_1: ArrayLike | None = None,
    time_2: ArrayLike | None = None,
    continuity_correction: bool = True,
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> StratifiedResult:
    """Pool tables of two groups by Mantel and Haenszel's common effect, on the analysis scale (log for ratios).

    ``measure`` is OR, RR or RD from events and totals (k,), or IRR or IRD from events and person-time ``time_1`` and
    ``time_2``. Weights do not hang on the studies' own variances, so that zero cells need no correction; a study
    without events in both groups adds nothing to a ratio. Standard errors: Robins, Breslow and Greenland (1986,
    Biometrics 42:311) for OR, Greenland and Robins (1985, Biometrics 41:55) for RR and the rates, Sato, Greenland and
    Robins (1989, Biometrics 45:1323) for RD. ``continuity_correction`` is that of the Cochran-Mantel-Haenszel test.

    Raises ModelInputError for counts that cannot be used, with their rows; where no study has both events and people
    without them (for rates, an event), also for differences, whose standard error would be 0; and where a ratio has no
    estimate because one group has no event in any study.
    """
    rates = measure in _RATES
    sizes = {"time_1": time_1, "time_2": time_2} if rates else {"total_1": total_1, "total_2": total_2}
    absent = [name for name, column in {"events_2": events_2, **sizes}.items() if column is None]
    if absent and measure in (*_COUNTS, *_RATES):
        raise ModelInputError(f"{measure} needs {', '.join(absent)} as well.")
    first, second = sizes
    counts = {"events_1": events_1, first: sizes[first], "events_2": events_2, second: sizes[second]}
    strata = check_strata(measure, (*_COUNTS, *_RATES), counts, labels)
    return _pool(strata, continuity_correction, check_level(level))


def _pool(strata: Strata, correction: bool, level: float) -> StratifiedResult:
    told = strata.events > 0 if strata.measure in _RATES else (strata.events > 0) & (strata.events < strata.size)
    if not told.any():
        raise ModelInputError(
            "No study has an event: there is nothing to pool."
            if strata.measure in _RATES
            else "No study has both events and people without them: there is nothing to pool."
        )
    pooled = _METHODS[strata.measure](strata)
    if not np.isfinite(pooled.estimate) or not np.isfinite(pooled.variance):
        raise ModelInputError(
            f"{strata.measure} has no Mantel-Haenszel estimate: in all studies together one group has no event (or "
            "nothing but events). Pool the difference (RD, IRD)."
        )
    if strata.measure == "RD" and abs(pooled.estimate) > 1.0 - _ROUNDING:
        raise ModelInputError(
            "In all studies everyone of one group has an event and no one of the other: the standard error of RD is 0, "
            "and nothing can be tested. Report the counts."
        )
    association = _association(strata, correction)
    homogeneity = _homogeneity(strata, pooled.estimate) if strata.measure == "OR" else {}
    return stratified_result(
        strata,
        "Mantel-Haenszel",
        pooled.estimate,
        float(np.sqrt(pooled.variance)),
        level,
        partial(_pool, correction=correction, level=level),
        association=association,
        homogeneity=homogeneity,
    )


@np.errstate(divide="ignore", invalid="ignore")
def _odds_ratio(s: Strata) -> _Pooled:
    a, c = s.events_1, s.events_2
    b, d, n = s.sizes_1 - a, s.sizes_2 - c, s.size
    agree, differ = (a + d) / n, (b + c) / n
    up, down = a * d / n, b * c / n
    r, t = up.sum(), down.sum()
    variance = (
        np.sum(agree * up) / r**2 + np.sum(agree * down + differ * up) / (r * t) + np.sum(differ * down) / t**2
    ) / 2.0
    return _Pooled(float(np.log(r / t)), float(variance))


@np.errstate(divide="ignore", invalid="ignore")
def _risk_ratio(s: Strata) -> _Pooled:
    n = s.size
    r, t = np.sum(s.events_1 * s.sizes_2 / n), np.sum(s.events_2 * s.sizes_1 / n)
    variance = np.sum(s.sizes_1 * s.sizes_2 * s.events / n**2 - s.events_1 * s.events_2 / n) / (r * t)
    return _Pooled(float(np.log(r / t)), float(variance))


def _risk_difference(s: Strata) -> _Pooled:
    n, share_1, share_2 = s.size, s.sizes_1 / s.size, s.sizes_2 / s.size
    weight = np.sum(s.sizes_1 * s.sizes_2 / n)
    estimate = np.sum(s.events_1 * share_2 - s.events_2 * share_1) / weight
    part = np.sum(s.events_2 * share_1**2 - s.events_1 * share_2**2 + share_1 * share_2 * (s.sizes_2 - s.sizes_1) / 2.0)
    rest = np.sum(s.events_1 * (s.sizes_2 - s.events_2) / n + s.events_2 * (s.sizes_1 - s.events_1) / n) / 2.0
    return _Pooled(float(estimate), float((estimate * part + rest) / weight**2))


@np.errstate(divide="ignore", invalid="ignore")
def _rate_ratio(s: Strata) -> _Pooled:
    r, t = np.sum(s.events_1 * s.sizes_2 / s.size), np.sum(s.events_2 * s.sizes_1 / s.size)
    return _Pooled(float(np.log(r / t)), float(np.sum(s.sizes_1 * s.sizes_2 * s.events / s.size**2) / (r * t)))


def _rate_difference(s: Strata) -> _Pooled:
    weights = s.sizes_1 * s.sizes_2 / s.size
    rates = s.events_1 / s.sizes_1 - s.events_2 / s.sizes_2
    spread = s.events_1 / s.sizes_1**2 + s.events_2 / s.sizes_2**2
    return _Pooled(
        float(np.sum(weights * rates) / weights.sum()), float(np.sum(weights**2 * spread) / weights.sum() ** 2)
    )


_METHODS = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "RD": _risk_difference,
    "IRR": _rate_ratio,
    "IRD": _rate_difference,
}


def _association(s: Strata, correction: bool) -> StratumTest:
    """The test of Cochran (1954) and Mantel and Haenszel (1959, J Natl Cancer Inst 22:719) that there is no effect."""
    expected = s.events * s.sizes_1 / s.size
    if s.measure in _RATES:
        spread = np.sum(s.events * s.sizes_1 * s.sizes_2 / s.size**2)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = s.sizes_1 * s.sizes_2 * s.events * (s.size - s.events) / (s.size**2 * (s.size - 1.0))
        spread = np.nansum(parts)
    distance = abs(float(np.sum(s.events_1 - expected)))
    statistic = (distance - (0.5 if correction else 0.0)) ** 2 / float(spread)  # as metafor, also below 1/2
    return StratumTest(statistic, 1, float(chdtrc(1, statistic)))


def _homogeneity(s: Strata, log_ratio: float) -> dict[str, StratumTest]:
    """The tests of Breslow and Day (1980) and Tarone (1985, Biometrika 72:91) that all strata share an odds ratio."""
    told = (s.events > 0) & (s.events < s.size)
    s, df = s.take(told), int(told.sum()) - 1
    if df < 1:
        none = StratumTest(None, 0, None, "Fewer than two studies have both events and people without them.")
        return {"Breslow-Day": none, "Tarone": none}
    expected, variance = expected_events(s.sizes_1, s.sizes_2, s.events, log_ratio)
    distance = s.events_1 - expected
    breslow_day = float(np.sum(distance**2 / variance))
    tarone = breslow_day - float(distance.sum() ** 2 / variance.sum())
    found = {"Breslow-Day": breslow_day, "Tarone": tarone}
    return {name: StratumTest(value, df, float(chdtrc(df, value))) for name, value in found.items()}
