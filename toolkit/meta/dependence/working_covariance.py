"""Working covariances from what is known of a study: outcomes, repeated measures, times, and groups that are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.known_covariance import NotPositiveDefinite, WorkingCovariance, covariance_of
from toolkit.meta.settings import check_choice, check_correlation, is_number, real_numbers
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Column = Sequence[object] | pd.Series | ArrayLike


class _Arms(NamedTuple):
    """Two groups that each effect compares, with the times at which and the sizes with which they were measured."""

    group: tuple[Integers, Integers]
    time: tuple[Array, Array]
    size: tuple[Array, Array]
    phi: float


def working_covariance(
    v: ArrayLike,
    cluster: Column,
    *,
    rho: float | pd.DataFrame | None = None,
    obs: Column | None = None,
    types: Column | None = None,
    rho_types: float | pd.DataFrame | None = None,
    time: Column | None = None,
    time_2: Column | None = None,
    phi: float | None = None,
    group_1: Column | None = None,
    group_2: Column | None = None,
    size_1: Column | None = None,
    size_2: Column | None = None,
    subgroup: Column | None = None,
    not_positive_definite: str = "error",
) -> WorkingCovariance:
    """The covariance matrix of the sampling errors of effects with variances ``v`` (k,), as metafor's ``vcalc``.

    Errors of different ``cluster`` (or ``subgroup`` of a cluster) are independent. Within one the correlation of two
    effects is a product of two factors.

    - Outcomes: ``rho`` for two effects of one of the ``types`` (constructs) that differ in ``obs`` (by default each row
      is an observation of its own), ``rho_types`` for two of different types. Either is a number or a DataFrame, a
      correlation matrix with the levels of obs or types as row and column names.
    - Groups and times: each effect compares ``group_1`` (treated; by default one for all) with ``group_2`` (control; by
      default another for all), of sizes ``size_1`` and ``size_2`` (by default equal), measured at ``time`` and
      ``time_2`` (by default the same). Effects that share a group correlate by their shares of its variance, which is
      1/2 for a shared control of equal size (Gleser and Olkin 2009); a group correlates with itself d units of time
      later by ``phi`` to the power of d.

    ``not_positive_definite`` says what happens to correlations that contradict each other: error, nearest or keep, see
    :class:`NotPositiveDefinite`.

    Raises ModelInputError for missing or wrong values, with their rows, for a correlation outside -1 to 1, for a level
    that is absent from a matrix of correlations, and where what a correlation needs is not given.
    """
    treatment = check_choice(NotPositiveDefinite, not_positive_definite, "not_positive_definite")
    variances = check_studies(np.zeros(np.shape(v)), v).v
    k = len(variances)
    clusters = _clusters(cluster, subgroup, k)
    _refuse_halves(types, rho_types, time, time_2, phi, group_1, group_2, size_1, size_2)
    if rho is None and obs is not None:
        raise ModelInputError("obs needs rho, the correlation of different observations.")
    observed = (np.arange(k), None, 0.0)
    if obs is not None or is_number(rho):
        observed = (*_levels(np.arange(k) if obs is None else obs, "obs", k), rho)
    elif rho is not None and not hasattr(rho, "columns"):
        check_correlation(rho)
    elif rho is not None:
        raise ModelInputError("A matrix of correlations rho needs obs, which names a row of it for each effect.")
    # Where only types, times or groups are said to differ, nothing else does.
    only_others = rho is None and any(given is not None for given in (types, time, group_1))
    if only_others:
        observed = (np.zeros(k, np.int64), None, 1.0)
    typed = (np.zeros(k, np.int64), None, 1.0) if types is None else (*_levels(types, "types", k), rho_types)
    within, between = _table(*observed, "rho"), _table(*typed, "rho_types")
    arms = _arms(k, group_1, group_2, time, time_2, size_1, size_2, 1.0 if phi is None else phi)
    correlations = []
    for _, rows in clusters.members:
        own, kind = observed[0][rows], typed[0][rows]
        same = kind[:, :, None] == kind[:, None, :]
        outcomes = np.where(same, within(own), between(kind))
        matrices = outcomes * _of_arms(arms, rows)
        matrices[:, range(rows.shape[1]), range(rows.shape[1])] = 1.0
        correlations.append(matrices)
    return covariance_of(clusters, tuple(correlations), variances, treatment)


def _clusters(cluster: Column, subgroup: Column | None, k: int) -> Clusters:
    clusters = check_clusters(cluster, k)
    if subgroup is None:
        return clusters
    within = check_clusters(subgroup, k)
    pairs = [f"{clusters.names[a]}, {within.names[b]}" for a, b in zip(clusters.codes, within.codes, strict=True)]
    return check_clusters(pairs, k)


def _refuse_halves(*given: object) -> None:
    types, rho_types, time, time_2, phi, group_1, group_2, size_1, size_2 = (value is not None for value in given)
    for wrong, message in (
        (types != rho_types, "types and rho_types, the correlation of effects of different types, go together"),
        ((time or time_2) != phi, "time and phi, the correlation over one unit of time, go together"),
        (group_2 and not group_1, "group_2 needs group_1"),
        (time_2 and not (time and group_2), "time_2 needs time and group_2"),
        (size_2 and not (size_1 and group_2), "size_2 needs size_1 and group_2"),
    ):
        if wrong:
            raise ModelInputError(f"{message}: give both, or neither.")


def _levels(column: Column, name: str, k: int) -> tuple[Integers, tuple[str, ...]]:
    """Codes and names of the levels of a column."""
    found = check_clusters(column, k, name)
    return found.codes, found.names


def _table(codes: Integers, names: tuple[str, ...] | None, rho: float | pd.DataFrame, argument: str):
    """A function from codes (m, n) to correlations (m, n, n)."""
    if not hasattr(rho, "columns"):
        value = check_correlation(rho, argument)
        return lambda found: np.where(found[:, :, None] == found[:, None, :], 1.0, value)
    frame = rho.set_axis(rho.index.map(str), axis=0).set_axis(rho.columns.map(str), axis=1)
    absent = [name for name in names if name not in frame.index or name not in frame.columns]
    if absent:
        raise ModelInputError(f"{argument} has no row and column {', '.join(absent)}: it must name every level.")
    matrix = frame.loc[list(names), list(names)].to_numpy(float)
    if not (np.abs(matrix) <= 1).all() or np.abs(matrix - matrix.T).max() > 1e-12:
        raise ModelInputError(f"{argument} must be a symmetric matrix of correlations between -1 and 1.")
    filled = matrix.copy()
    np.fill_diagonal(filled, 1.0)
    return lambda found: filled[found[:, :, None], found[:, None, :]]


def _arms(
    k: int,
    group_1: Column | None,
    group_2: Column | None,
    time: Column | None,
    time_2: Column | None,
    size_1: Column | None,
    size_2: Column | None,
    phi: float,
) -> _Arms:
    phi = check_correlation(phi, "phi", low=0.0)
    first = np.zeros(k, object) if group_1 is None else np.asarray(group_1, object)
    if first.shape != (k,) or (group_2 is not None and np.asarray(group_2, object).shape != (k,)):
        raise ModelInputError(f"Name group_1 and group_2 of each of the {k} effects.")
    second = np.asarray(group_2, object) if group_2 is not None else np.full(k, None)
    codes, _ = _levels(np.concatenate([first, first if group_2 is None else second]), "group_1 and group_2", 2 * k)
    groups = codes[:k], np.full(k, -1) if group_2 is None else codes[k:]
    one = _numbers(time, "time", k, 0.0), _numbers(size_1, "size_1", k, 1.0)
    times = one[0], one[0] if time_2 is None else _numbers(time_2, "time_2", k, 0.0)
    sizes = one[1], one[1] if size_2 is None else _numbers(size_2, "size_2", k, 1.0)
    if min(sizes[0].min(), sizes[1].min()) <= 0:
        raise ModelInputError("size_1 and size_2 must be above 0: the numbers of people in the groups.")
    return _Arms(groups, times, sizes, phi)


def _numbers(column: Column | None, name: str, k: int, default: float) -> Array:
    if column is None:
        return np.full(k, default)
    try:
        values = real_numbers(column)
    except (TypeError, ValueError):
        raise ModelInputError(f"{name} must be a number for each of the {k} effects; it holds text or dates.") from None
    if values.shape != (k,) or not np.isfinite(values).all():
        raise ModelInputError(f"{name} must be a number for each of the {k} effects.")
    return values


def _of_arms(arms: _Arms, rows: Integers) -> Array:
    """Correlations (m, n, n) of differences between two groups, from the groups and times that they share."""

    def shared(a: int, b: int, pair: tuple[tuple[object, ...], tuple[object, ...]]) -> Array:
        i, j = pair
        same = arms.group[a][rows][i] == arms.group[b][rows][j]
        apart = np.abs(arms.time[a][rows][i] - arms.time[b][rows][j])
        return same * arms.phi**apart / np.sqrt(arms.size[a][rows][i] * arms.size[b][rows][j])

    every = (..., slice(None), None), (..., None, slice(None))
    own = (...,), (...,)
    both = shared(0, 0, every) - shared(0, 1, every) - shared(1, 0, every) + shared(1, 1, every)
    variance = 1.0 / arms.size[0][rows] + 1.0 / arms.size[1][rows] - 2.0 * shared(0, 1, own)
    if (variance <= 0).any():
        raise ModelInputError("An effect compares a group with itself at the same time: check group_1 and group_2.")
    return both / np.sqrt(variance[:, :, None] * variance[:, None, :])
