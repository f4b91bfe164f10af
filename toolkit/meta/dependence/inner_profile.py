"""Variances and correlations of an inner factor as parameters of a search, each to be profiled by itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import acos, sqrt
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.component_profile import Component
from toolkit.meta.dependence.inner_effects import meetings
from toolkit.meta.dependence.inner_structures import (
    AllCorrelations,
    CommonCorrelation,
    InnerStructure,
    correlations,
    parameters,
    starting_points,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from toolkit.meta.dependence.covariance_model import CovarianceModel
    from toolkit.meta.dependence.inner_effects import InnerEffects
    from toolkit.meta.dependence.inner_structures import InnerCovariance

    Array = NDArray[np.float64]


def profiled_components(model: CovarianceModel, covariance: Array, held: NDArray[np.bool_]) -> list[Component]:
    """The variances and correlations of a fit with this ``covariance`` (m, m) of the true effects, each once.

    ``held`` are the parameters of the search that were not estimated.
    """
    structure = model.structure
    by_level = structure.kind not in (InnerStructure.CS, InnerStructure.ID)
    untold = held[: len(covariance)] if by_level else np.full(len(covariance), held.all())
    estimates = parameters(structure.kind, covariance, structure.inner.names)
    shape = structure.shape
    if structure.kind == InnerStructure.CS and len(shape.low) > 1:
        shape = CommonCorrelation(len(covariance))
    return [
        _component(model, covariance, shape, untold, name, value, *place)
        for (name, value), place in zip(estimates.items(), _places(structure, untold), strict=True)
    ]


def _places(structure: InnerEffects, untold: NDArray[np.bool_]) -> Iterator[tuple[list[int], int, bool]]:
    """For each component an order of the levels, its position among the parameters then, and whether it is idle.

    A correlation is a parameter of the unstructured covariance where its two levels come first.
    """
    m, kind = len(untold), structure.kind
    order = list(range(m))
    shared = kind in (InnerStructure.CS, InnerStructure.ID)
    variances = 1 if shared else m
    for at in range(variances):
        yield order, at, bool(untold.all() if shared else untold[at])
    told = meetings(structure.inner, structure.outer) & np.outer(~untold, ~untold)
    if m > 1 and kind in (InnerStructure.CS, InnerStructure.HCS):
        yield order, variances, not told.any()
    if kind == InnerStructure.UN:
        for one, other in combinations(order, 2):
            rest = [level for level in order if level not in (one, other)]
            yield [one, other, *rest], m, not told[one, other]


def _component(
    model: CovarianceModel,
    covariance: Array,
    shape: InnerCovariance,
    untold: NDArray[np.bool_],
    name: str,
    estimate: float,
    order: list[int],
    at: int,
    idle: bool,
) -> Component:
    if idle:
        reason = "the data do not tell of it, so that it was not estimated"
        return Component(name, estimate, estimate, estimate, model, 0, float, [], untold, reason)
    moved = replace(model, structure=model.structure.reordered(order, shape))
    deviations = np.isinf(shape.high)
    held = np.zeros(len(deviations), bool)
    if deviations.sum() == len(untold) > 1:
        held[deviations] = untold[order]
    own = _inside(covariance[np.ix_(order, order)])
    points = [shape.theta_at(own), *starting_points(shape, np.full(len(own), np.diagonal(own).mean()))]
    starts = [np.where(held, 0.0, point) for point in points]
    if deviations[at]:
        return Component(name, estimate, 0.0, np.inf, moved, at, float if shape.is_linear else sqrt, starts, held)
    if isinstance(shape, AllCorrelations):
        return Component(name, estimate, -1.0, 1.0, moved, at, acos, starts, held)
    return Component(name, estimate, float(shape.low[at]), float(shape.high[at]), moved, at, float, starts, held)


def _inside(covariance: Array) -> Array:
    """A positive definite covariance near to this one, to start from."""
    variances = np.diagonal(covariance)
    deviations = np.sqrt(np.maximum(variances, 1e-4 * (variances.max() or 1.0)))
    rho = (1.0 - 1e-3) * correlations(covariance) + 1e-3 * np.eye(len(covariance))
    return rho * np.outer(deviations, deviations)
