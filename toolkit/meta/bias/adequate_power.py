"""Unrestricted weighted least squares, and the weighted average of the adequately powered studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_mean
from toolkit.meta.bias.least_squares import least_squares
from toolkit.meta.display import number, studies
from toolkit.meta.estimates import MEAN, Estimates

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_POWERED = 2.8  # 1.96 + 0.84: the effect in standard errors that 80% of two-sided tests at 0.05 find


@dataclass(frozen=True, eq=False)
class AdequatePower(Estimates):
    """The mean of the adequately powered studies, or of all where fewer than 2 are.

    ``uwls`` and ``uwls_se`` are the unrestricted weighted least squares of all studies, ``adequate`` (k,) says which
    studies have a standard error up to abs(uwls) / 2.8, and ``restricted`` whether the estimate is of these alone.
    """

    result: MetaResult
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    df: float
    level: float
    uwls: float
    uwls_se: float
    adequate: NDArray[np.bool_]
    restricted: bool

    def to_frame(self) -> pd.DataFrame:
        """One row: the estimate, its test and interval, and what it was made of."""
        return self.coefficients.assign(
            k=self.result.k, adequate=int(self.adequate.sum()), restricted=self.restricted, uwls=self.uwls,
            uwls_se=self.uwls_se,
        )  # fmt: skip

    def _title(self) -> str:
        return f"Weighted average of the adequately powered (WAAP-WLS), {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        used = "" if self.restricted else "; fewer than 2, so all are averaged"
        return [
            *self._coefficient_lines(),
            ("Adequately powered", f"{studies(int(self.adequate.sum()))}{used}"),
            ("All studies (UWLS)", f"{number(self.uwls)}, standard error {number(self.uwls_se)}"),
        ]


def weighted_average_adequate_power(result: MetaResult) -> AdequatePower:
    """Average the studies with 80% power to find the mean of all: the hybrid WAAP-WLS.

    Stanley, Doucouliagos and Ioannidis (2017, Stat Med 36:1580). Both means are unrestricted weighted least squares:
    weights 1 / v, the variance multiplied by the residual dispersion however small, t tests on the number of studies
    less 1. Where fewer than 2 studies are adequately powered the mean of all is taken. On the analysis scale; the
    estimator of ``result`` is not used.

    Raises ModelInputError for a regression, for a single study, and where the effects averaged are all the same.
    """
    check_mean(result, "An average of adequately powered studies")
    if result.k == 1:
        raise ModelInputError("A single study has no dispersion: unrestricted weighted least squares needs 2 or more.")
    beta, covariance, df = least_squares(result.y, result.v)
    uwls, uwls_se = float(beta[0]), float(np.sqrt(covariance[0, 0]))
    adequate = np.sqrt(result.v) <= abs(uwls) / _POWERED
    restricted = int(adequate.sum()) >= 2
    if restricted:
        beta, covariance, df = least_squares(result.y[adequate], result.v[adequate])
    return AdequatePower(result, (MEAN,), beta, covariance, df, result.level, uwls, uwls_se, adequate, restricted)
