"""MAIVE: corrections for bias that rest on sample sizes, where reported standard errors may be too good to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bias.endogenous_kink import deviation_of_true_effects, kink_of, kinked_design
from toolkit.meta.bias.instrumented_variances import FirstStage, instrument_variances
from toolkit.meta.bias.maive_result import Maive, MaiveMethod, MaiveWeights, SecondStage
from toolkit.meta.bias.pet_peese import ConditionalEstimate
from toolkit.meta.bias.robust_line import RobustLine, fit_line
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.sandwich import SandwichKind
from toolkit.meta.inference import critical_value
from toolkit.meta.projection import MeanProjection
from toolkit.meta.settings import check_choice, check_level, check_one_of
from toolkit.meta.studies import Studies, check_sizes, check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

_FEWEST, _FEWEST_CLUSTERS = 4, 3
_CHOICE_LEVEL = 0.95  # PEESE where the interval of PET's mean at this level excludes 0
_KINDS = (SandwichKind.CR0, SandwichKind.CR1, SandwichKind.CR2)


class _Data(NamedTuple):
    """What a second stage is fitted to.

    ``se`` the standard errors it regresses on, ``variances`` the inverse weights, ``spread`` the variances against
    which true effects vary, all (k,).
    """

    y: Array
    se: Array
    variances: Array
    spread: Array
    clusters: Clusters
    kind: SandwichKind
    level: float

    def line(self, *columns: Array) -> RobustLine:
        """The regression on a constant and these columns."""
        x = np.column_stack([np.ones(len(self.y)), *columns])
        return fit_line(self.y, x, self.variances, self.clusters, self.kind, self.level)


def maive(
    y: ArrayLike,
    v: ArrayLike,
    n: ArrayLike,
    *,
    method: str = MaiveMethod.PET_PEESE,
    weights: str = MaiveWeights.EQUAL,
    instrument: bool = True,
    first_stage: str = FirstStage.LEVELS,
    cluster: Sequence[object] | pd.Series | ArrayLike | None = None,
    kind: str = SandwichKind.CR2,
    waive: bool = False,
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> Maive:
    """Correct a mean for bias with sample sizes as instrument (Irsova, Bom, Havranek and Rachinger 2025, Nat Commun).

    Where the reported variances ``v`` (k,) of effects ``y`` (k,) come from the same search for significance as the
    effects, inverse-variance weights and regressions on standard errors go wrong. MAIVE (doi
    10.1038/s41467-025-63261-0) regresses on the variances that sample sizes ``n`` (k,) predict: by ``first_stage``
    "levels" (default) v on 1 / n, "log" log v on log n, see :func:`instrument_variances`. ``method`` is PET, PEESE,
    PET-PEESE (default) or EK (:class:`MaiveMethod`), ``weights`` equal (default), reported or adjusted
    (:class:`MaiveWeights`). ``cluster`` (k,) names the study of each effect; ``kind`` is CR2 (default), CR1 or CR0,
    without clusters those for heteroskedasticity alone (CR2 is HC2 then). ``instrument=False`` regresses on the
    reported standard errors. ``waive=True`` lowers the weights of studies whose variance is below the first stage, or
    far from it (:meth:`InstrumentedVariances.decay`). Standard errors take the fitted variances as known; the
    Anderson-Rubin interval does not. Study fixed effects are not there.

    As the authors' R package (MAIVE 0.2.6), but for four things. The Hausman test has the variance of the estimate
    alone, as their manual has it; the package has since taken off that of a further fit, and gives none where that is
    larger. The Anderson-Rubin interval is exact, and its errors are left by the reported standard errors, as in their
    first program; with fitted ones, as later, it would not widen as the first stage weakens. For EK without weights the
    variance of true effects is what exceeds the variances regressed on (in the package what exceeds 1, whatever the
    unit), and effects are turned so that the first mean is positive. WAIVE multiplies the weights, where the package up
    to 0.4.1 divides them.

    Raises ModelInputError for bad numbers, fewer than 4 effects or 3 clusters, sizes or variances that are all the
    same, a first stage that gives a variance of 0 or less, and effects that leave no error.
    """
    given = check_studies(y, v, labels)
    sizes, level = check_sizes(n, given), check_level(level)
    chosen, weighting = check_choice(MaiveMethod, method, "method"), check_choice(MaiveWeights, weights, "weights")
    stage, covariance = check_choice(FirstStage, first_stage, "first_stage"), check_choice(SandwichKind, kind, "kind")
    clusters = check_clusters(range(len(given.y)) if cluster is None else cluster, len(given.y))
    _refuse(given, clusters, covariance)
    first = instrument_variances(given, sizes, stage, clusters, covariance)
    predictor = first.variances if instrument else given.v
    base = {MaiveWeights.EQUAL: np.ones(len(sizes)), MaiveWeights.REPORTED: given.v}.get(weighting, first.variances)
    share = first.decay() if waive else 1.0
    spread = (predictor if weighting == MaiveWeights.EQUAL else base) / share
    shared = clusters, covariance, level
    data = _Data(given.y, np.sqrt(predictor), base / share, spread, *shared)
    plain = _Data(given.y, np.sqrt(given.v), given.v, given.v, *shared)
    return Maive(
        given,
        sizes,
        chosen,
        weighting,
        bool(instrument),
        bool(waive),
        first,
        _second_stage(data, chosen),
        _second_stage(plain, chosen),
        level,
    )


def _second_stage(data: _Data, method: MaiveMethod) -> SecondStage:
    pet = data.line(data.se)
    if method == MaiveMethod.PET:
        return SecondStage(pet, pet, ConditionalEstimate.PET)
    told = abs(pet.statistic) > critical_value(_CHOICE_LEVEL, len(data.y) - 2.0)
    line, chosen = pet, ConditionalEstimate.PET
    if method == MaiveMethod.PEESE or told:
        line, chosen = data.line(data.se**2), ConditionalEstimate.PEESE
    if method != MaiveMethod.EK:
        return SecondStage(line, pet, chosen)
    weights = 1.0 / data.spread
    sd = deviation_of_true_effects(float(MeanProjection(weights).form(data.y)), len(data.y) - 2.0, weights)
    kink = kink_of(abs(line.estimate), sd)
    return SecondStage(data.line(*kinked_design(data.se, kink).T[1:]), pet, chosen, kink, sd)


def _refuse(given: Studies, clusters: Clusters, kind: SandwichKind) -> None:
    check_one_of(_KINDS, kind, "kind")
    if len(given.y) < _FEWEST:
        raise ModelInputError(f"MAIVE needs {_FEWEST} effects or more, for two regressions; there are {len(given.y)}.")
    if len(clusters) < _FEWEST_CLUSTERS:
        raise ModelInputError(f"MAIVE needs {_FEWEST_CLUSTERS} clusters or more; there are {len(clusters)}.")
