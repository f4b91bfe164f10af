"""The endogenous kink: a regression on the standard error that begins where selection may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_mean, check_precision_varies
from toolkit.meta.bias.least_squares import least_squares
from toolkit.meta.display import number, studies, with_limits
from toolkit.meta.estimates import Estimates
from toolkit.meta.inference import critical_value

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_CRITICAL = 1.96  # as in the authors' program


@dataclass(frozen=True, eq=False)
class EndogenousKink(Estimates):
    """The mean free of bias, ``estimate``, and the slope of the bias above a standard error of ``kink``.

    Coefficients are ``mean`` and, unless the kink lies above all standard errors, ``bias``. ``first`` is the mean by
    PET or PEESE that set the kink, ``sd`` the standard deviation of true effects that did. On the analysis scale.
    """

    result: MetaResult
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    df: float
    level: float
    kink: float
    first: float
    sd: float

    def _only(self, values: Array) -> float:
        return float(values[0])

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with the kink beside them."""
        return self.coefficients.assign(kink=self.kink)

    def _title(self) -> str:
        return f"Endogenous kink, {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        limits = with_limits(self.estimate, self.ci_low, self.ci_high, self.level)
        return [("Estimate", limits), ("Kink at a standard error of", number(self.kink))]


def endogenous_kink(result: MetaResult) -> EndogenousKink:
    """Regress effects on the excess of their standard errors over a kink (Bom and Rachinger 2019, RSM 10:497).

    As in the authors' Stata program: a mean by PET, or by PEESE where that of PET has a two-sided p below 0.05, and
    the variance of true effects k (Q / (k - 3) - 1) / sum(1 / v), Q the residual sum of squares of that regression,
    give the kink; then least squares with weights 1 / v and t tests. (A port of the program to R takes the residual
    degrees of freedom for those of the model, and 1 for k - 3.) Effects are turned so that the mean of ``result`` is
    positive.

    Raises ModelInputError for a regression, below 4 studies, for standard errors that are all the same, and for
    effects that agree with one of the regressions exactly.
    """
    check_mean(result, "The endogenous kink")
    if result.k < 4:
        raise ModelInputError(f"The endogenous kink needs 4 studies or more; there are {result.k}.")
    check_precision_varies(result)
    sign = 1.0 if result.estimate >= 0 else -1.0
    y, v, k = sign * result.y, result.v, result.k
    se, ones = np.sqrt(v), np.ones(k)
    x = np.column_stack([ones, se])
    line = least_squares(y, v, x)
    if abs(line.beta[0]) / np.sqrt(line.covariance[0, 0]) > critical_value(0.95, k - 2.0):
        x = np.column_stack([ones, v])
        line = least_squares(y, v, x)
    first = float(line.beta[0])
    q = float(np.sum((y - x @ line.beta) ** 2 / v))
    sd = deviation_of_true_effects(q, k - 3.0, 1.0 / v)
    kink = kink_of(first, sd)
    model = kinked_design(se, kink)
    beta, covariance, df = least_squares(y, v, model)
    terms = ("mean", "bias")[: len(beta)]
    return EndogenousKink(result, terms, sign * beta, covariance, df, result.level, kink, sign * first, sd)


def deviation_of_true_effects(q: float, df: float, weights: Array) -> float:
    """The root of k (q / df - 1) / sum(weights), 0 below that, for ``q`` the weighted squares of k residuals."""
    return float(np.sqrt(max(0.0, len(weights) * (q / df - 1.0) / weights.sum())))


def kink_of(first: float, sd: float) -> float:
    """The standard error above which selection may set in, for a mean ``first`` of effects with this deviation.

    0 where the mean is not above 1.96 of it.
    """
    reach = _CRITICAL * sd
    return (first - reach) * (first + reach) / (2.0 * _CRITICAL * first) if first > reach else 0.0


def kinked_design(se: Array, kink: float) -> Array:
    """A column of ones, and what of the standard errors is above the kink: all where none is below, none if all are."""
    if kink >= se.max():
        return np.ones((len(se), 1))
    return np.column_stack([np.ones(len(se)), se if kink <= se.min() else np.maximum(se - kink, 0.0)])
