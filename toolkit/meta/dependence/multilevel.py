"""Multilevel meta-analysis: effects that share a study, a laboratory or a country, by random effects of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.component_fit import (
    check_method,
    covariance_model,
    explained_units,
    heterogeneity_to_start_from,
    result_fields,
)
from toolkit.meta.dependence.component_search import Maximum, maximise
from toolkit.meta.dependence.component_tests import DependentTest
from toolkit.meta.dependence.multilevel_result import MultilevelResult
from toolkit.meta.dependence.random_levels import (
    crossed_levels,
    named_columns,
    nested_levels,
    random_levels,
)
from toolkit.meta.dependence.sampling_covariance import SamplingCovariance, check_sampling_covariance, correlated_within
from toolkit.meta.design import Design, design, intercept_design
from toolkit.meta.settings import check_choice, check_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.known_covariance import WorkingCovariance
    from toolkit.meta.dependence.random_levels import Groups

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


def multilevel(
    y: ArrayLike,
    v: ArrayLike | WorkingCovariance,
    groups: Groups,
    *,
    rho: float | None = None,
    crossed: bool = False,
    moderators: pd.DataFrame | pd.Series | ArrayLike | str | None = None,
    data: pd.DataFrame | None = None,
    method: str = "REML",
    test: str = "t",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> MultilevelResult:
    """Pool effects ``y`` (k,) by random effects of several levels, on the analysis scale (log for ratios).

    y_i = x_i'beta + u_1i + ... + u_qi + e_i: each level of ``groups`` has random effects with a variance sigma2 of its
    own (Konstantopoulos 2011, Res Synth Methods 2:61). ``groups`` is a DataFrame, a mapping or a list of columns that
    name the unit of each effect, from the outermost level on. Levels are nested, as ``~ 1 | study/effect`` in metafor;
    with ``crossed`` each column stands for itself, as ``list(~ 1 | study, ~ 1 | outcome)``. For a three-level model
    give the study and a column that numbers the effects.

    ``v`` holds sampling variances (k,), or their covariance matrix (k, k), or a :func:`working_covariance`; ``rho``
    makes the covariances rho sqrt(v_i v_j) of effects in one unit of the outermost level. ``moderators`` and ``data``
    are given as for :func:`regression`. ``method`` is REML or ML; ``test`` is t (by default), z or another of
    :class:`DependentTest`. Nested levels cost time and memory that are linear in the number of outermost units.

    Raises ModelInputError for numbers and groups that cannot be used, with their rows, for a covariance that is not
    positive definite, and for rho with a matrix; ConvergenceError where the variances do not settle.
    """
    check_method(method)
    chosen, level = check_choice(DependentTest, test, "test"), check_level(level)
    if chosen == DependentTest.KENWARD_ROGER and method != "REML":
        raise ModelInputError("The test of Kenward and Roger is for REML: fit by it, or use test='satterthwaite'.")
    sampling = check_sampling_covariance(y, v, labels)
    k = sampling.k
    names, levels = (crossed_levels if crossed else nested_levels)(named_columns(groups, k), k)
    if rho is not None:
        sampling = correlated_within(sampling, levels[0], rho)
    made = intercept_design(k) if moderators is None else design(moderators, k, data=data)
    return _fit(sampling, names, levels, made, method, chosen, level)


def _fit(
    sampling: SamplingCovariance,
    names: tuple[str, ...],
    levels: tuple[Clusters, ...],
    made: Design,
    method: str,
    test: DependentTest,
    level: float,
) -> MultilevelResult:
    model = covariance_model(sampling, made, levels, partial(random_levels, names, levels), method)
    single = np.array([len(unit) == 1 for unit in levels])
    explained = np.array([method == "REML" and bool(explained_units(made.x, unit).all()) for unit in levels])
    held = single | explained
    at = maximise(model, _starts(heterogeneity_to_start_from(sampling.studies, made), held), held)
    notes = _cautions(at, names, single, explained)

    def refit(rows: Integers) -> MultilevelResult:
        taken = tuple(unit.take(rows) for unit in levels)
        return _fit(sampling.take(rows), names, taken, made.of_rows(rows), method, test, level)

    fields = result_fields(model, at, sampling, made, levels, test, level, held, int((~held).sum()), notes)
    return MultilevelResult(**fields, refit=refit)


def _starts(total: float, held: NDArray[np.bool_]) -> list[Array]:
    """Equal shares of the heterogeneity, and nearly all of it in each level; none in those that are ``held`` at 0."""
    several = np.flatnonzero(~held)
    shares = [np.where(held, 0.0, 1.0 / max(len(several), 1))]
    if len(several) > 1:
        for at in several:
            share = np.where(held, 0.0, 0.02)
            share[at] = 1.0
            shares.append(share)
    return [total * share for share in shares]


def _cautions(
    at: Maximum, names: tuple[str, ...], single: NDArray[np.bool_], explained: NDArray[np.bool_]
) -> list[str]:
    """What a reader of the result should know."""
    told, called, kept = [], np.array(names), ~(single | explained)
    told += [f"{name} has one unit, so its variance is taken to be 0." for name in called[single]]
    told += [
        f"The coefficients tell all that the units of {name} do, so its variance is taken to be 0, and the standard "
        "errors do not count it."
        for name in called[explained & ~single]
    ]
    expected = at.curvature.expected[np.ix_(kept, kept)]
    if len(expected) and np.linalg.cond(expected) > 1e12:
        told.append(f"The data cannot tell the variances of {' and '.join(called[kept])} apart.")
    zero = called[kept & (at.theta == 0)]
    if len(zero):
        told.append(f"The estimated variance of {' and of '.join(zero)} is 0, the least that there can be.")
    if at.maxima > 1:
        told.append(f"The likelihood has {at.maxima} local maxima; the highest was taken.")
    return told
