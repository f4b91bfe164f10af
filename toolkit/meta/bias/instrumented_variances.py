"""Sampling variances as sample sizes alone would have them: the first stage of an instrumental variable regression."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bias.robust_line import ROUNDING, fit_line
from toolkit.meta.display import Shown, number, studies
from toolkit.meta.projection import DesignProjection
from toolkit.meta.rank import is_constant

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.sandwich import SandwichKind
    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]

WEAK_F = 10.0
"""Below this F a first stage is called weak (Staiger and Stock 1997, Econometrica 65:557)."""

_NORMAL_MAD = 1.4826  # the standard deviation of a normal distribution in units of its median absolute deviation
_FAR = 2.0
_LEAST_SHARE = 0.05


class FirstStage(StrEnum):
    """What is regressed on what: variances on 1 / n, or their logarithms on log n."""

    LEVELS = "levels"
    LOG = "log"


@dataclass(frozen=True, eq=False)
class InstrumentedVariances(Shown):
    """The first stage: variances (k,) fitted to sample sizes, and how much these tell of them.

    ``intercept`` is None where it was left out. ``f`` is the square of the slope over its robust variance, infinite
    where sizes give the variances exactly. ``residuals`` and ``instrument`` (k,) are on the scale of ``first_stage``.
    """

    first_stage: FirstStage
    instrument: Array
    intercept: float | None
    slope: float
    f: float
    variances: Array
    residuals: Array

    @property
    def is_weak(self) -> bool:
        """Whether F is below 10."""
        return self.f < WEAK_F

    @property
    def standard_errors(self) -> Array:
        """The instrumented standard errors, (k,)."""
        return np.sqrt(self.variances)

    def decay(self) -> Array:
        """Weights of the studies, (k,) with a mean of 1, that fall where variances are too small or far from the fit.

        WAIVE, as in the authors' program: exp(-max(-z, 0) - max(|z| - 2, 0)² / 4), not below 0.05, where z are the
        residuals over 1.4826 times their median absolute deviation (over their standard deviation where that is 0).
        """
        spread = _NORMAL_MAD * np.median(np.abs(self.residuals - np.median(self.residuals)))
        spread = spread if spread > 0 else np.std(self.residuals, ddof=1)
        z = self.residuals / spread if spread > 0 else np.zeros(len(self.residuals))
        share = np.exp(-np.maximum(-z, 0.0) - np.maximum(np.abs(z) - _FAR, 0.0) ** 2 / 4.0)
        share = np.maximum(share, _LEAST_SHARE)
        return share / share.mean()

    def to_frame(self) -> pd.DataFrame:
        """A row a study: instrument, variance, standard_error, residual."""
        import pandas as pd

        columns = {
            "instrument": self.instrument,
            "variance": self.variances,
            "standard_error": self.standard_errors,
            "residual": self.residuals,
        }
        return pd.DataFrame(columns)

    def _title(self) -> str:
        return f"First stage ({self.first_stage}), {studies(len(self.variances))}"

    def _lines(self) -> list[tuple[str, str]]:
        intercept = "left out, as it was below 0" if self.intercept is None else number(self.intercept)
        return [("Intercept", intercept), ("Slope", number(self.slope)), ("F", self.strength)]

    @property
    def strength(self) -> str:
        """F in words."""
        return f"{number(self.f)}, weak (below {WEAK_F:g})" if self.is_weak else number(self.f)


def instrument_variances(
    studies: Studies, sizes: Array, first_stage: FirstStage, clusters: Clusters, kind: SandwichKind
) -> InstrumentedVariances:
    """Fit the variances of ``studies`` to sample ``sizes`` (k,) by least squares without weights.

    ``levels``: v on a constant and 1 / n, without the constant where it is below 0 (Irsova et al. 2025). ``log``: log v
    on a constant and log n, taken back by the smearing factor, the mean of the exponentiated residuals (Duan 1983, J Am
    Stat Assoc 78:605). The covariance of the slope is the sandwich of this ``kind``.

    Raises ModelInputError for sizes or variances that are all the same, and where a fitted variance is not above 0.
    """
    k = len(sizes)
    log = first_stage == FirstStage.LOG
    instrument, outcome = (np.log(sizes), np.log(studies.v)) if log else (1.0 / sizes, studies.v)
    for name, values in (("sample sizes", sizes), ("variances", studies.v)):
        if is_constant(values):
            raise ModelInputError(f"All {name} are the same: they tell nothing of precision. See pet_peese, or egger.")
    ones = np.ones(k)
    x = np.column_stack([ones, instrument])
    beta = DesignProjection(ones, x).coefficients(outcome)
    if not log and beta[0] < 0:
        x = instrument[:, None]
        beta = DesignProjection(ones, x).coefficients(outcome)
    residuals = outcome - x @ beta
    if np.abs(residuals).max() <= ROUNDING * np.abs(outcome).max():
        residuals, f = np.zeros(k), np.inf
    else:
        f = float(beta[-1] ** 2 / fit_line(outcome, x, ones, clusters, kind).covariance[-1, -1])
    variances = np.exp(x @ beta) * np.mean(np.exp(residuals)) if log else x @ beta
    _refuse(studies, variances)
    intercept = float(beta[0]) if len(beta) > 1 else None
    return InstrumentedVariances(first_stage, instrument, intercept, float(beta[-1]), f, variances, residuals)


def _refuse(studies: Studies, variances: Array) -> None:
    if variances.min() <= 0:
        rows = np.flatnonzero(variances <= 0)
        named = ", ".join(f"row {row} ({studies.labels[row]})" for row in rows[:5].tolist())
        raise ModelInputError(
            f"The first stage gives {len(rows)} of {len(variances)} studies a variance of 0 or less: {named}. Reported "
            "variances fall as 1 / n grows: check the sizes, or take first_stage='log'."
        )
    if is_constant(variances):
        raise ModelInputError("Reported variances have nothing to do with sample sizes: the first stage has no slope.")
