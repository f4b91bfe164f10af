"""Bootstrap distributions of a fitted model: standard errors, bias and intervals that lean less on asymptotics.

Parametric and by studies: van den Noortgate and Onghena 2005, Behav Res Methods 37:11. Intervals: Efron and Tibshirani
1993, An Introduction to the Bootstrap, chapters 13 (percentile) and 14 (BCa).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number
from toolkit.meta.sensitivity.deletion import delete_each
from toolkit.meta.settings import check_choice, check_count
from toolkit.meta.stack import Stack
from toolkit.meta.stack_fit import StackFit, Unfitted, fit_many
from toolkit.numbers import confidence_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_FEWEST_FITTED = 2


class Resampling(StrEnum):
    """What a bootstrap draws: effects from the fitted model, or whole studies with replacement."""

    PARAMETRIC = "parametric"
    STUDIES = "studies"


class BootstrapInterval(StrEnum):
    """How limits are taken from the bootstrap distribution; BCa is corrected for bias and for a changing spread."""

    PERCENTILE = "percentile"
    BCA = "BCa"


@dataclass(frozen=True, eq=False, repr=False)
class Bootstrap(Shown):
    """Refits of ``result`` to replicates of its data, a row of ``fit`` each, drawn from ``seed``."""

    result: MetaResult
    kind: Resampling
    fit: StackFit
    seed: int

    def to_frame(self, interval: str = BootstrapInterval.PERCENTILE) -> pd.DataFrame:
        """A row a coefficient, then tau2 and i2 (percent): estimate, bias, se, ci_low, ci_high and reason.

        ``estimate`` is that of the fit, ``bias`` the replicates' mean less it, ``se`` their standard deviation;
        ``interval`` is "percentile" or "BCa". ``reason`` says why there are no limits: all replicates agree, or none or
        all are below the estimate (BCa). Raises ModelInputError for BCa with a parametric bootstrap, whose acceleration
        is not known.
        """
        import pandas as pd

        chosen = check_choice(BootstrapInterval, interval, "interval")
        if chosen == BootstrapInterval.BCA and self.kind == Resampling.PARAMETRIC:
            raise ModelInputError(
                "BCa limits need each study's influence, which a parametric bootstrap does not use: take "
                "interval='percentile', or bootstrap with kind='studies'."
            )
        names = [*self.result.terms, "tau2", "i2"]
        estimates = np.array([*self.result.beta, self.result.tau2, self.result.i2])
        replicates = _quantities(self.fit)[self.fit.reason == Unfitted.FITTED]
        tail = (1.0 - self.result.level) / 2.0
        levels = np.tile([tail, 1.0 - tail], (len(names), 1))
        if chosen == BootstrapInterval.BCA:
            levels = _corrected_levels(levels, replicates, estimates, _quantities(delete_each(self.result).fit))
        columns = {
            "estimate": estimates,
            "bias": replicates.mean(0) - estimates,
            "se": replicates.std(0, ddof=1),
            "ci_low": _quantiles(replicates, levels[:, 0]),
            "ci_high": _quantiles(replicates, levels[:, 1]),
            "reason": [_reason(row, column) for row, column in zip(levels, replicates.T, strict=True)],
        }
        return pd.DataFrame(columns, index=pd.Index(names, name="quantity"))

    def _title(self) -> str:
        drawn = "from the fitted model" if self.kind == Resampling.PARAMETRIC else "of whole studies"
        level = confidence_level(self.result.level)
        return f"Bootstrap, {len(self.fit.reason):,} replicates {drawn} ({level} percentile intervals)"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [
            (str(row.Index), f"{number(row.estimate)} ({number(row.ci_low)} to {number(row.ci_high)})")
            for row in self.to_frame().itertuples()
        ]
        unfitted = int((self.fit.reason != Unfitted.FITTED).sum())
        return lines + ([("Note", f"{unfitted:,} replicates could not be fitted.")] if unfitted else [])


def bootstrap(
    result: MetaResult,
    *,
    replicates: int = 2000,
    kind: str = Resampling.PARAMETRIC,
    seed: int = 0,
    jobs: int | None = None,
) -> Bootstrap:
    """Fit the model of ``result`` to replicates of its data, by the same estimator and test.

    ``kind`` "parametric" draws effects from the fitted model, each normal about its fitted value with variance
    v + tau2; "studies" draws k whole studies with replacement. All replicates are one call of the engine; ``jobs``
    spreads it (see :func:`batch`), with the same draws for the same ``seed``.

    A replicate that cannot be fitted (moderators that do not vary in it) is counted and left out. Raises
    ModelInputError for fewer than 2 replicates, for a single study, and where hardly a replicate could be fitted.
    """
    drawing = check_choice(Resampling, kind, "kind")
    replicates = check_count(replicates, "replicates", 2)
    if result.k == 1:
        raise ModelInputError("A single study cannot be drawn again in another way: the bootstrap needs two or more.")
    rng = np.random.default_rng(seed)
    if drawing == Resampling.PARAMETRIC:
        spread = np.sqrt(result.v + result.tau2)
        draws = result.fitted + spread * rng.standard_normal((replicates, result.k))
        make = result.stack.with_effects
    else:
        draws = rng.integers(0, result.k, size=(replicates, result.k))
        make = partial(_with_studies, result.stack)
    fit = fit_many(make, (draws,), result.k, result.settings, jobs=jobs)
    if np.sum(fit.reason == Unfitted.FITTED) < _FEWEST_FITTED:
        raise ModelInputError(f"Hardly a replicate could be fitted: {fit.reason[fit.reason != Unfitted.FITTED][0]}")
    return Bootstrap(result, drawing, fit, seed)


def _with_studies(stack: Stack, rows: NDArray[np.intp]) -> Stack:
    parts = (stack.y, stack.v, stack.x, None, stack.given)
    return Stack(*(None if part is None else part[0][rows] for part in parts))


def _quantities(fit: StackFit) -> Array:
    """The coefficients, tau2 and I2 of each fit, shape (n, p + 2)."""
    return np.column_stack([fit.beta, fit.tau2, fit.i2])


def _quantiles(replicates: Array, levels: Array) -> Array:
    return np.array([np.nan if np.isnan(q) else np.quantile(r, q) for r, q in zip(replicates.T, levels, strict=True)])


def _corrected_levels(levels: Array, replicates: Array, estimates: Array, without: Array) -> Array:
    """The levels at which BCa takes quantiles (Efron and Tibshirani 1993, equations 14.9 to 14.15), shape (q, 2).

    ``without`` are the estimates without each study, for the acceleration. NaN where the correction is not defined.
    """
    below = ((replicates < estimates).mean(0) + (replicates <= estimates).mean(0)) / 2.0
    deviations = np.nanmean(without, 0) - without
    with np.errstate(divide="ignore", invalid="ignore"):
        acceleration = np.nansum(deviations**3, 0) / (6.0 * np.nansum(deviations**2, 0) ** 1.5)
        bias = ndtri(below)[:, None]
        shifted = bias + ndtri(levels)
        corrected = ndtr(bias + shifted / (1.0 - acceleration[:, None] * shifted))
    return np.where(np.isfinite(bias), corrected, np.nan)


def _reason(levels: Array, replicates: Array) -> str:
    if not np.isnan(levels).any():
        return ""
    if np.ptp(replicates) == 0:
        return "All replicates agree, so there is nothing to correct: take percentile limits."
    return "All replicates lie on one side of the estimate, so BCa is not defined: take percentile limits."
