"""From effects, random effects and settings to a fitted model: what models of dependent effects have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit import __version__
from toolkit.errors import ModelInputError
from toolkit.meta.dependence.component_result import cochran_q
from toolkit.meta.dependence.component_tests import DependentTest, tested
from toolkit.meta.dependence.covariance_model import BlockGroup, CovarianceModel
from toolkit.meta.dependence.random_levels import connected_blocks
from toolkit.meta.heterogeneity import estimate_tau2
from toolkit.meta.rank import NEGLIGIBLE
from toolkit.meta.settings import Convergence, Tau2Estimator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.component_search import Maximum
    from toolkit.meta.dependence.covariance_model import Structure
    from toolkit.meta.dependence.sampling_covariance import SamplingCovariance
    from toolkit.meta.design import Design
    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]

_METHODS = ("REML", "ML")


def check_method(method: str) -> str:
    """REML or ML. Raises ModelInputError for another."""
    if not isinstance(method, str) or method not in _METHODS:
        raise ModelInputError(f"method must be one of {', '.join(_METHODS)}; got {method!r}.")
    return method


def covariance_model(
    sampling: SamplingCovariance,
    made: Design,
    levels: Sequence[Clusters],
    structure: Callable[[list[Integers]], Structure],
    method: str,
) -> CovarianceModel:
    """The model of effects that ``levels`` and sampling covariances join; ``structure`` is made from blocks' rows."""
    blocks = connected_blocks(sampling.k, (*levels, *sampling.clusters))
    covariances = blocks.matrices(sampling.blocks)
    rows = [own for _, own in blocks.members]
    groups = tuple(
        BlockGroup(own, sampling.studies.y[own], made.x[own], matrices)
        for own, matrices in zip(rows, covariances, strict=True)
    )
    constant = float(np.linalg.slogdet(made.x.T @ made.x)[1])
    return CovarianceModel(groups, structure(rows), method == "REML", constant)


def result_fields(
    model: CovarianceModel,
    at: Maximum,
    sampling: SamplingCovariance,
    made: Design,
    levels: Sequence[Clusters],
    test: DependentTest,
    level: float,
    held: NDArray[np.bool_],
    n_components: int,
    notes: Sequence[str],
) -> dict[str, Any]:
    """The fields of a :class:`DependentResult` at this maximum, tested with the units of ``levels``.

    ``held`` are the parameters that were not estimated, ``n_components`` variances and correlations were.
    """
    used, covariance, df, joint, told = tested(test, at, made, levels)
    q, q_df, q_p = cochran_q(model)
    return {
        "studies": sampling.studies,
        "design": made,
        "model": model,
        "theta": at.theta,
        "settled": at.free,
        "held": held,
        "n_components": n_components,
        "test": used,
        "beta": at.gls.beta,
        "covariance": covariance,
        "df": df,
        "joint": joint,
        "level": level,
        "q": q,
        "q_df": q_df,
        "q_p": q_p,
        "convergence": Convergence(True, at.iterations, at.maxima),
        "notes": (*told, *notes),
        "version": __version__,
    }


def explained_units(x: Array, units: Clusters) -> NDArray[np.bool_]:
    """Whether the model matrix ``x`` (k, p) has a mean of its own for each of the units, (J,).

    REML works on what is left of the effects when the columns of x are taken out, and such a unit's random effect goes
    with them: the restricted likelihood does not depend on the variance of a level that has no other units.
    """
    basis = np.linalg.qr(x / np.linalg.norm(x, axis=0))[0]
    sums = np.zeros((len(units), x.shape[1]))
    np.add.at(sums, units.codes, basis)
    return units.sizes - np.vecdot(sums, sums) <= NEGLIGIBLE * units.sizes


def heterogeneity_to_start_from(studies: Studies, made: Design) -> float:
    """DerSimonian and Laird's tau2 as if effects were independent, or a tenth of their sampling variance if more."""
    x = None if made.terms == ("intercept",) else made.x
    k, p = made.x.shape
    found = float(estimate_tau2(studies.as_stack(x), Tau2Estimator.DL).value[0]) if k > p else 0.0
    return max(found, 0.1 / float(np.mean(1.0 / studies.v)))
