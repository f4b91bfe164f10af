"""Trim and fill: how many studies a funnel plot lacks on one side, and the mean with those put back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.display import Shown, number, p_value, studies, with_limits
from toolkit.meta.fitting import fit_mean
from toolkit.meta.rank import is_constant
from toolkit.meta.settings import check_choice
from toolkit.meta.stack_fit import fit_stack
from toolkit.meta.studies import Studies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_MAX_ITERATIONS = 100


class MissingEstimator(StrEnum):
    """Estimators of the number of missing studies (Duval and Tweedie 2000, J Am Stat Assoc 95:89)."""

    L0 = "L0"
    R0 = "R0"
    Q0 = "Q0"


class MissingSide(StrEnum):
    """The side of the funnel plot on which studies are missing."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, eq=False)
class TrimAndFill(Shown):
    """The number of studies missing on one ``side``, ``k0``, and the model with as many put in: ``filled``.

    ``k0_se`` is its standard error, None where its formula has no value; ``k0_p``, for R0 alone, tests that no study is
    missing. ``filled_y`` and ``filled_v`` (k0,), on the analysis scale, mirror the outermost studies at the trimmed
    mean. ``result`` is the model that was asked about.
    """

    result: MetaResult
    filled: MetaResult
    estimator: MissingEstimator
    side: MissingSide
    k0: int
    k0_se: float | None
    k0_p: float | None
    iterations: int

    @property
    def filled_y(self) -> Array:
        """Effects of the studies put in, shape (k0,)."""
        return self.filled.y[self.result.k :]

    @property
    def filled_v(self) -> Array:
        """Sampling variances of the studies put in, shape (k0,)."""
        return self.filled.v[self.result.k :]

    def to_frame(self) -> pd.DataFrame:
        """The filled model, one row, with the side, k0, its standard error and its p-value beside it."""
        beside = {"side": str(self.side), "k0": self.k0, "k0_se": self.k0_se, "k0_p": self.k0_p}
        return self.filled.to_frame().assign(**beside)

    def _title(self) -> str:
        return f"Trim and fill ({self.estimator}), {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        test = "" if self.k0_p is None else f", p {p_value(self.k0_p)}"
        missing = f"{self.k0} on the {self.side} (standard error {number(self.k0_se)}){test}"
        models = (("As observed", self.result), ("With these filled in", self.filled))
        shown = [(name, with_limits(m.estimate, m.ci_low, m.ci_high, m.level)) for name, m in models]
        return [("Missing studies", missing), *shown]


def trim_and_fill(result: MetaResult, *, estimator: str = "L0", side: str | None = None) -> TrimAndFill:
    """Estimate the studies that a funnel plot lacks, and pool again with their mirror images put in.

    Duval and Tweedie (2000, J Am Stat Assoc 95:89; 2000, Biometrics 56:455). All fits are by the estimator, test and
    level of ``result`` (metafor 3.8-1 tests the filled model by z whatever the test of the fit). ``side`` None: right
    where the effects fall with their standard errors, else left. Of studies with the same effect those that come last
    are mirrored first, as in metafor.

    Raises ModelInputError for a regression and for a single study, and ConvergenceError where the number does not
    settle or all studies would be trimmed.
    """
    kind = check_choice(MissingEstimator, estimator, "estimator")
    check_mean(result, "Trim and fill", " Use egger in their presence.")
    if result.k == 1:
        raise ModelInputError("A single study has no funnel plot to trim: trim and fill needs k of 2 or more.")
    chosen = _side_by_regression(result) if side is None else check_choice(MissingSide, side, "side")
    sign = -1.0 if chosen == MissingSide.RIGHT else 1.0
    order = np.argsort(sign * result.y, kind="stable")
    k0, k0_se, mean, iterations = _settle(result, sign * result.y[order], order, kind)
    k0_p = float(0.5 ** (k0 + 1)) if kind == MissingEstimator.R0 else None
    outer = order[result.k - k0 :]
    filled = _fill(result, outer, sign * mean) if k0 else result
    return TrimAndFill(result, filled, kind, chosen, k0, k0_se, k0_p, iterations)


def _side_by_regression(result: MetaResult) -> MissingSide:
    se = np.sqrt(result.v)
    if is_constant(se):
        return MissingSide.LEFT
    x = np.column_stack([np.ones(result.k), se])
    slope = fit_stack(result.studies.as_stack(x), result.settings).beta[0, 1]
    return MissingSide.RIGHT if slope < 0 else MissingSide.LEFT


def _settle(
    result: MetaResult, y: Array, order: NDArray[np.intp], kind: MissingEstimator
) -> tuple[int, float | None, float, int]:
    """The number of missing studies, its standard error, the trimmed mean and the iterations; ``y`` rises."""
    k, k0 = result.k, 0
    present = np.arange(k)
    v, weights = result.v[order], None if result.studies.weights is None else result.studies.weights[order]
    whole = Studies(y, v, None, weights).as_stack(None)
    for iteration in range(1, _MAX_ITERATIONS + 1):
        stack = whole.subsets((present < k - k0)[None]) if k0 else whole
        mean = float(fit_stack(stack, result.settings).beta[0, 0])
        before, (estimate, se) = k0, _missing(y - mean, kind)
        if not np.isfinite(estimate) or estimate >= k - 0.5:
            raise ConvergenceError(f"By {kind} all studies would be trimmed: use another estimator of their number.")
        k0 = max(0, round(estimate))
        if k0 == before:
            return k0, se, mean, iteration
    raise ConvergenceError(f"The number of missing studies did not settle in {_MAX_ITERATIONS} steps: use R0 or L0.")


@np.errstate(invalid="ignore")
def _missing(residuals: Array, kind: MissingEstimator) -> tuple[float, float | None]:
    """The estimated number, not yet rounded, and its standard error."""
    k = len(residuals)
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(residuals), kind="stable")] = np.arange(1, k + 1)
    if kind == MissingEstimator.R0:
        if not residuals.any():
            return 0.0, float(np.sqrt(2.0))
        k0 = k - ranks[residuals < 0].max(initial=0.0) - 1.0
        return float(k0), float(np.sqrt(2.0 * max(0.0, k0) + 2.0))
    total = ranks[residuals > 0].sum()
    if kind == MissingEstimator.L0:
        k0 = (4.0 * total - k * (k + 1)) / (2 * k - 1)
        factor = 4.0 / (2 * k - 1)
    else:
        k0 = k - 0.5 - np.sqrt(2.0 * k**2 - 4.0 * total + 0.25)
        factor = 2.0 / np.sqrt((k - 0.5) ** 2 - k0 * (2 * k - k0 - 1))
    own = k * (k + 1) * (2 * k + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0
    variance = (own - 18 * k * k0**2 - 18 * k * k0 + 6 * k**2 * k0) / 24
    se = float(factor * np.sqrt(variance))
    return float(k0), se if np.isfinite(se) else None


def _fill(result: MetaResult, outer: NDArray[np.intp], mean: float) -> MetaResult:
    """The model with the ``outer`` studies mirrored at the trimmed mean put in."""
    own = result.studies
    names = tuple(f"Filled {number}" for number in range(1, len(outer) + 1))
    weights = None if own.weights is None else np.append(own.weights, own.weights[outer])
    filled = 2.0 * mean - own.y[outer]
    joined = Studies(np.append(own.y, filled), np.append(own.v, own.v[outer]), own.labels + names, weights)
    return fit_mean(joined, result.settings)
