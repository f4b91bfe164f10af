"""Permutation tests: p-values that do not lean on a distribution of the coefficients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, p_value
from toolkit.meta.regression_result import MetaRegression
from toolkit.meta.settings import check_count
from toolkit.meta.stack_fit import StackFit, Unfitted, fit_many

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult
    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

_LARGEST_EXACT = 10_000_000
_TIE = float(np.sqrt(np.finfo(float).eps))  # statistics nearer than this count as equal, as in metafor


@dataclass(frozen=True, eq=False, repr=False)
class PermutationTest(Shown):
    """Two-sided p-values of a model's coefficients, and of all its moderators together, from permutations.

    ``permutations`` is their number, that of all there are where ``exact``. ``unfitted`` of them could not be fitted
    and do not count. ``omnibus_p`` is None for a mean alone.
    """

    terms: tuple[str, ...]
    statistics: Array
    p_values: Array
    omnibus_p: float | None
    permutations: int
    exact: bool
    unfitted: int

    def _title(self) -> str:
        return f"Permutation test ({'all' if self.exact else 'random'} {self.permutations:,} permutations)"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(term, f"p {p_value(p)}") for term, p in zip(self.terms, self.p_values, strict=True)]
        omnibus = [] if self.omnibus_p is None else [("Moderators", f"p {p_value(self.omnibus_p)}")]
        missing = [("Note", f"{self.unfitted} permutations could not be fitted.")] if self.unfitted else []
        return [*lines, *omnibus, *missing]

    def to_frame(self) -> pd.DataFrame:
        """A row a term: statistic, p_value."""
        import pandas as pd

        index = pd.Index(self.terms, name="term")
        return pd.DataFrame({"statistic": self.statistics, "p_value": self.p_values}, index=index)


def permutation_test(
    result: MetaResult, *, permutations: int = 1000, exact: bool = False, seed: int = 0, jobs: int | None = None
) -> PermutationTest:
    """Test the coefficients of a fitted model by permutation.

    For a mean the signs of the effects are permuted (Follmann and Proschan 1999, Biometrics 55:732), for a regression
    the rows of moderators against the studies (Higgins and Thompson 2004, Stat Med 23:1663); tau2 is estimated anew
    each time, and the test statistic compared in absolute value with the observed one. Where there
    are no more than ``permutations`` different ones, or where ``exact`` asks for it, all are used. Otherwise that many
    are drawn, the observed one among them, from ``seed``. ``jobs`` spreads the work (see :func:`batch`).

    Raises ModelInputError where an exact test would take more than ten million permutations.
    """
    permutations = check_count(permutations, "permutations", 2)
    regression = (
        result if isinstance(result, MetaRegression) and (result.p > 1 or result.design.intercept is None) else None
    )
    groups = None if regression is None else np.unique(regression.design.x, axis=0, return_inverse=True)[1].ravel()
    number = 2**result.k if groups is None else _arrangement_count(groups)
    exact = exact or number <= permutations
    if exact and number > _LARGEST_EXACT:
        raise ModelInputError(f"An exact test needs {float(number):.3g} permutations: leave exact=True out.")
    rng = np.random.default_rng(seed)
    if regression is None:
        moves = _all_signs(result.k) if exact else rng.choice([-1.0, 1.0], size=(permutations, result.k))
        make = partial(_signed, result.studies.as_stack(None))
    else:
        first = np.arange(result.k)
        moves = _arrangements(groups) if exact else rng.permuted(np.tile(first, (permutations, 1)), axis=1)
        make = partial(_rearranged, result.stack)
    if not exact:
        moves[0] = 1.0 if regression is None else first
    fits = fit_many(make, (moves,), result.k, result.settings, jobs=jobs)
    return _compared(result, regression, fits, exact=exact)


def _compared(result: MetaResult, regression: MetaRegression | None, fits: StackFit, *, exact: bool) -> PermutationTest:
    fitted = fits.reason == Unfitted.FITTED
    observed = result.coefficients["statistic"].to_numpy()
    p = _share_as_large(np.abs(fits.statistics[fitted]), np.abs(observed))
    omnibus = None
    if regression is not None:
        tested = list(regression.design.tested)
        forms = _wald_forms(fits.beta[fitted][:, tested], fits.covariance[fitted][:, tested][:, :, tested])
        # An F statistic is the form over their number, which is what its ties are judged by.
        scale = 1.0 if result.df is None else len(tested)
        omnibus = float(_share_as_large(forms / scale, np.array(regression.qm)))
    return PermutationTest(result.terms, observed, p, omnibus, len(fitted), exact, int((~fitted).sum()))


def _share_as_large(values: Array, observed: Array) -> Array:
    known = ~np.isnan(values)
    return np.sum(known & (values >= observed - _TIE), 0) / np.sum(known, 0)


def _wald_forms(beta: Array, covariance: Array) -> Array:
    """beta' covariance^-1 beta of each fit, shape (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if beta.shape[1] == 1:
            return beta[:, 0] ** 2 / covariance[:, 0, 0]
        return np.vecdot(beta, np.linalg.solve(covariance, beta[..., None])[..., 0])


def _signed(stack: Stack, signs: Array) -> Stack:
    return stack.with_effects(signs * stack.y)


def _rearranged(stack: Stack, orders: NDArray[np.intp]) -> Stack:
    return stack.with_effects(np.broadcast_to(stack.y, orders.shape), stack.x[0][orders])


def _all_signs(k: int) -> Array:
    bits = (np.arange(2**k)[:, None] >> np.arange(k)) & 1
    return 1.0 - 2.0 * bits


def _arrangement_count(groups: NDArray[np.intp]) -> int:
    """How many different orders there are of studies of which those in a group are alike."""
    return math.factorial(len(groups)) // math.prod(math.factorial(size) for size in np.bincount(groups).tolist())


def _arrangements(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """All of them as rows of study numbers, shape (n, k): each group in turn takes places that are still free."""
    k = len(groups)
    orders = np.full((1, k), -1)
    for group in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == group)
        free = np.nonzero(orders < 0)[1].reshape(len(orders), -1)
        choices = np.array(list(combinations(range(free.shape[1]), len(members))))
        places = free[:, choices].reshape(-1, len(members))
        orders = np.repeat(orders, len(choices), axis=0)
        np.put_along_axis(orders, places, members, axis=1)
    return orders
