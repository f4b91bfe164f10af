"""Sensitivity to publication bias: how much likelier affirmative results would have to be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.bias.robust_line import ROUNDING
from toolkit.meta.dependence.dependent_fit import refuse_own_weights
from toolkit.meta.display import number, studies, with_limits
from toolkit.meta.estimates import MEAN, Estimates
from toolkit.meta.fitting import fit_mean
from toolkit.meta.inference import critical_value
from toolkit.meta.settings import check_fraction, check_number
from toolkit.meta.studies import Studies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_GRID = 201  # of 1 / eta, from 1 to 0, between whose points a crossing is sought


@dataclass(frozen=True, eq=False)
class PublicationBiasSensitivity(Estimates):
    """The mean, were affirmative results ``selection_ratio`` times as likely to be published as the others.

    ``affirmative`` (k,) are the significant results on the favoured side, whose ``sign`` is 1 or -1. ``worst`` is the
    mean of the others alone, as if the ratio were infinite; None where there are none. ``s_value`` is the ratio that
    would bring the estimate to ``q``, ``s_value_limit`` that for the nearer confidence limit: 1 where it is there
    already, None where no ratio can. All on the analysis scale.
    """

    result: MetaResult
    selection_ratio: float
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    df: float | None
    level: float
    affirmative: NDArray[np.bool_]
    sign: int
    worst: float | None
    q: float
    s_value: float | None
    s_value_limit: float | None

    def to_frame(self) -> pd.DataFrame:
        """One row: the corrected estimate, the worst case and the S-values."""
        return self.coefficients.assign(
            selection_ratio=self.selection_ratio, worst=self.worst, q=self.q, s_value=self.s_value,
            s_value_limit=self.s_value_limit,
        )  # fmt: skip

    def _title(self) -> str:
        return f"Sensitivity to publication bias, {studies(self.result.k)} ({int(self.affirmative.sum())} affirmative)"

    def _lines(self) -> list[tuple[str, str]]:
        corrected = with_limits(self.estimate, self.ci_low, self.ci_high, self.level)
        ratios = [number(value) if value is not None else "none can" for value in (self.s_value, self.s_value_limit)]
        return [
            (f"Selection ratio {number(self.selection_ratio)}", corrected),
            ("Worst case", number(self.worst)),
            (f"Ratio for an estimate of {number(self.q)}", ratios[0]),
            (f"Ratio for a limit of {number(self.q)}", ratios[1]),
        ]


def publication_bias_sensitivity(
    result: MetaResult, *, selection_ratio: float = 1.0, q: float = 0.0, alpha: float = 0.05
) -> PublicationBiasSensitivity:
    """Correct a mean for a given selection of affirmative results, and find the selection that would undo it.

    Mathur and VanderWeele (2020, J R Stat Soc C 69:1091). Affirmative are results with a two-sided p below ``alpha``
    on the side of the estimate of ``result``; the others get ``selection_ratio`` times their weight. A common-effect
    ``result`` has weights 1 / v and z tests; any other weights 1 / (v + tau2), at its tau2, and the robust variance of
    independent studies with the factor k / (k - 1) and t tests on k - 1. (The R package PublicationBias has by
    default the small-sample variance of robumeta in its place, and clusters; the estimates are the same for REML.)
    The worst case is the model of ``result`` fitted to the other results alone, with a tau2 of their own; the S-values
    keep the tau2 of all.

    Raises ModelInputError for a regression, own weights, a selection ratio below 1, an alpha outside 0 to 1, and for a
    random-effects model of a single study or of effects that all agree.
    """
    check_mean(result, "A sensitivity to publication bias")
    refuse_own_weights(result, "A sensitivity to publication bias")
    selection_ratio = check_number(selection_ratio, "selection_ratio", 1.0)
    alpha, q = check_fraction(alpha, "alpha"), check_number(q, "q")
    robust = result.settings.estimates_tau2 or result.tau2 > 0
    if robust and result.k == 1:
        raise ModelInputError("A single study has no robust variance: use a common-effect model.")
    if robust and np.abs(result.y - result.y.mean()).max() <= ROUNDING * np.abs(result.y).max():
        raise ModelInputError(
            "All effects agree exactly, so that there is no robust variance and no test: use a common-effect model."
        )
    sign = 1 if result.estimate >= 0 else -1
    z = sign * result.y / np.sqrt(result.v)
    affirmative = 2.0 * ndtr(-z) < alpha
    mean, variance = _mean(result, affirmative, 1.0 / selection_ratio, robust)
    others = np.flatnonzero(~affirmative)
    worst = None
    if len(others):
        worst = fit_mean(Studies(result.y[others], result.v[others]), result.settings).estimate
    df = float(result.k - 1) if robust else None
    width = float(critical_value(result.level, df))
    ratios = [_ratio(result, affirmative, robust, sign, q, each) for each in (0.0, width)]
    return PublicationBiasSensitivity(
        result, float(selection_ratio), (MEAN,), np.array([mean]), np.array([[variance]]), df, result.level,
        affirmative, sign, worst, q, *ratios,
    )  # fmt: skip


def _mean(result: MetaResult, affirmative: NDArray[np.bool_], share: float, robust: bool) -> tuple[float, float]:
    """The mean and its variance, with affirmative results weighted by ``share``, which is 1 / eta."""
    w = np.where(affirmative, share, 1.0) / (result.v + result.tau2)
    mean = float(w @ result.y / w.sum())
    if not robust:
        return mean, float(w**2 @ result.v / w.sum() ** 2)
    factor = result.k / (result.k - 1.0)
    return mean, float(factor * (w**2 @ (result.y - mean) ** 2) / w.sum() ** 2)


def _ratio(
    result: MetaResult, affirmative: NDArray[np.bool_], robust: bool, sign: int, q: float, width: float
) -> float | None:
    """The least ratio at which the mean, less ``width`` standard errors towards 0, is q."""
    from scipy.optimize import brentq  # here: slow to import

    def beyond(share: float) -> float:
        mean, variance = _mean(result, affirmative, share, robust)
        return sign * (mean - q) - width * float(np.sqrt(variance))

    shares = np.linspace(1.0, 0.0, _GRID)
    if beyond(1.0) <= 0:
        return 1.0
    if affirmative.all():
        return None
    values = np.array([beyond(share) for share in shares])
    crossed = np.flatnonzero(values <= 0)
    if not len(crossed):
        return None
    row = crossed[0]
    share = brentq(beyond, shares[row], shares[row - 1], xtol=1e-14, rtol=1e-14)
    return 1.0 / float(share) if share > 0 else None
