"""The fit of a whole stack of analyses at once, and of more analyses than fit into memory or onto one machine.

Batch, permutation tests, leave-one-out, GOSH and the bootstrap all stand on :func:`fit_many`: each says how its
analyses are made from rows of some array (of effects, signs, subsets, ...), and gets one :class:`StackFit` back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc

from toolkit.meta.display import number, p_value, with_limits
from toolkit.meta.heterogeneity import Tau2, cochran_q, estimate_tau2, i2_h2
from toolkit.meta.inference import critical_value, estimate_coefficients, two_sided_p
from toolkit.meta.rank import is_deficient
from toolkit.meta.roots import MAX_ITERATIONS
from toolkit.meta.settings import Tau2Estimator, Test

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from toolkit.meta.settings import Settings
    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

_BLOCK_CELLS = 10_000  # numbers of one array of a block, so that what a block needs stays in the processor's cache
_PARCEL_CELLS = 1_000_000  # those that are worth sending to another process: about a quarter of a second of work


class Unfitted(StrEnum):
    """Why an analysis of a stack has no fit; empty where it has one."""

    FITTED = ""
    NO_STUDY = "There is no study."
    TOO_FEW = "There are fewer studies than coefficients."
    DEPENDENT = "The moderators are linearly dependent in these studies."
    UNSETTLED = f"The estimate of tau2 did not settle in {MAX_ITERATIONS} steps."


class StackFit(NamedTuple):
    """Fits of n analyses with p coefficients each; numbers of an analysis without a fit are NaN, ``reason`` says why.

    ``beta`` (n, p) and ``covariance`` (n, p, p) are on the analysis scale, all others have the shape (n,). ``df`` is
    infinite where the quantile is normal: for a z test, and where no degrees of freedom are left for another one.
    ``scale`` is Knapp and Hartung's factor on the covariance, 1 for other tests.
    ``reason`` holds members of :class:`Unfitted`.
    """

    k: Array
    beta: Array
    covariance: Array
    scale: Array
    df: Array
    tau2: Array
    tau2_se: Array
    i2: Array
    h2: Array
    q: Array
    q_df: Array
    reason: NDArray[np.object_]

    @property
    def standard_errors(self) -> Array:
        """Standard errors of the coefficients, shape (n, p)."""
        return np.sqrt(np.diagonal(self.covariance, axis1=-2, axis2=-1))

    @property
    def statistics(self) -> Array:
        """Test statistics of the coefficients against 0, shape (n, p)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.beta / self.standard_errors

    @property
    def p_values(self) -> Array:
        """Two-sided p-values of the coefficients, shape (n, p)."""
        return two_sided_p(self.statistics, self.df[:, None])

    def limits(self, level: float) -> tuple[Array, Array]:
        """Lower and upper confidence limits of the coefficients, each of shape (n, p)."""
        half = critical_value(level, self.df)[:, None] * self.standard_errors
        return self.beta - half, self.beta + half

    def shown(self, level: float) -> list[str]:
        """The first coefficient of each fit in words, with its interval, test and tau2."""
        low, high = self.limits(level)
        columns = zip(self.beta[:, 0], low[:, 0], high[:, 0], self.p_values[:, 0], self.tau2, strict=True)
        return [
            f"{with_limits(estimate, lower, upper, level)}, p {p_value(p)}, tau² {number(tau2)}"
            for estimate, lower, upper, p, tau2 in columns
        ]

    def columns(self, level: float) -> dict[str, NDArray]:
        """What a table of many means has, a row an analysis: the first coefficient, its test, and the heterogeneity.

        k, estimate, se, statistic, df (missing for a normal quantile), p_value, ci_low, ci_high, tau2, tau2_se, i2
        (percent), h2, q, q_df, q_p.
        """
        low, high = self.limits(level)
        return {
            "k": self.k.astype(np.int64),
            "estimate": self.beta[:, 0],
            "se": self.standard_errors[:, 0],
            "statistic": self.statistics[:, 0],
            "df": np.where(np.isinf(self.df), np.nan, self.df),
            "p_value": self.p_values[:, 0],
            "ci_low": low[:, 0],
            "ci_high": high[:, 0],
            "tau2": self.tau2,
            "tau2_se": self.tau2_se,
            "i2": self.i2,
            "h2": self.h2,
            "q": self.q,
            "q_df": self.q_df,
            "q_p": np.where(self.q_df == 0, 1.0, chdtrc(self.q_df, self.q)),
        }


def usable_test(settings: Settings) -> Test:
    """The test asked for, but z in place of Knapp and Hartung's for a common effect, which that one is not made for."""
    scaled = settings.test in (Test.KNHA, Test.ADHOC)
    return Test.Z if scaled and settings.estimator == Tau2Estimator.EE else settings.test


def find_tau2(stack: Stack, settings: Settings) -> Tau2:
    """tau2 of each analysis: as estimated, or as it was given."""
    if settings.known_tau2 is None:
        return estimate_tau2(stack, settings.estimator)
    n = len(stack.y)
    none = np.zeros(n, np.int64)
    return Tau2(np.full(n, settings.known_tau2), np.full(n, np.nan), none, np.ones(n, bool), none + 1)


def fit_stack(stack: Stack, settings: Settings) -> StackFit:
    """Fit all analyses of a stack; each fit equals that of the analysis alone.

    Where as many coefficients as studies leave no degrees of freedom, tests and intervals are those of z.
    """
    reason = _unfitted(stack)
    if (reason != Unfitted.FITTED).any():
        rows = np.flatnonzero(reason == Unfitted.FITTED)
        return _spread(fit_stack(stack.take(rows), settings) if len(rows) else None, stack, reason, rows)
    tau2 = find_tau2(stack, settings)
    found = estimate_coefficients(stack, tau2.value, usable_test(settings))
    q = cochran_q(stack)
    i2, h2 = i2_h2(stack, settings.estimator, tau2.value, q)
    df = np.full_like(q, np.inf) if found.df is None else np.where(stack.df > 0, stack.df, np.inf)
    fit = StackFit(
        stack.k,
        found.beta,
        found.covariance,
        found.scale,
        df,
        tau2.value,
        tau2.se,
        i2,
        h2,
        q,
        np.asarray(stack.df),
        reason,
    )
    if tau2.converged.all():
        return fit
    settled = np.flatnonzero(tau2.converged)
    reason[~tau2.converged] = Unfitted.UNSETTLED
    return _spread(StackFit(*(values[settled] for values in fit)), stack, reason, settled)


def fit_many(
    make: Callable[..., Stack], parts: Sequence[NDArray], k: int, settings: Settings, *, jobs: int | None = None
) -> StackFit:
    """Fit one analysis a row of ``parts``: ``make`` turns some rows of each of them into a stack of ``k`` studies wide.

    Rows are worked through in blocks, so that memory grows with ``parts`` alone. More than a million cells (analyses
    times studies) are split into parcels for joblib: ``jobs`` is its ``n_jobs`` (-1 for all processors), and a
    ``joblib.parallel_config`` around the call chooses the back end, such as a Dask cluster. ``make`` must be picklable
    for that. How the work was spread changes no result beyond rounding.
    """
    n, size = len(parts[0]), max(_PARCEL_CELLS // k, 1)
    if n <= size:
        return _fit_parcel(make, parts, k, settings)
    from joblib import Parallel, delayed  # here: small jobs need no second process

    parcels = ([part[start : start + size] for part in parts] for start in range(0, n, size))
    return _join(Parallel(n_jobs=jobs)(delayed(_fit_parcel)(make, parcel, k, settings) for parcel in parcels))


def _fit_parcel(make: Callable[..., Stack], parts: Sequence[NDArray], k: int, settings: Settings) -> StackFit:
    size = max(_BLOCK_CELLS // k, 1)
    starts = range(0, len(parts[0]), size)
    return _join([fit_stack(make(*(part[start : start + size] for part in parts)), settings) for start in starts])


def _join(fits: Sequence[StackFit]) -> StackFit:
    return fits[0] if len(fits) == 1 else StackFit(*map(np.concatenate, zip(*fits, strict=True)))


def _unfitted(stack: Stack) -> NDArray[np.object_]:
    """The reason why each analysis cannot be fitted, or FITTED."""
    reason = np.full(len(stack.y), Unfitted.FITTED, object)
    if stack.x is not None and (stack.present is not None or len(stack.x) > 1):
        x = stack.x if stack.present is None else stack.x * stack.present[..., None]
        reason[is_deficient(x)] = Unfitted.DEPENDENT
    if stack.present is not None or stack.y.shape[-1] < stack.p:
        reason[stack.df < 0] = Unfitted.TOO_FEW
        reason[stack.k == 0] = Unfitted.NO_STUDY
    return reason


def _spread(fit: StackFit | None, stack: Stack, reason: NDArray[np.object_], rows: NDArray[np.intp]) -> StackFit:
    """Fits of some rows among all of them, NaN elsewhere."""
    n, p = len(stack.y), stack.p
    shapes = {"beta": (n, p), "covariance": (n, p, p)}
    whole = StackFit(*(np.full(shapes.get(name, (n,)), np.nan) for name in StackFit._fields))
    whole = whole._replace(k=np.array(stack.k), reason=reason)
    if fit is not None:
        for target, values in zip(whole, fit, strict=True):
            target[rows] = values
    return whole
