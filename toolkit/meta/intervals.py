"""Intervals: of the heterogeneity (Q-profile, generalised Q, profile likelihood) and of what a new study may find."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

from toolkit.meta.display import Shown, number
from toolkit.meta.heterogeneity import cochran_q, generalised_q_root, typical_variance
from toolkit.meta.inference import critical_value
from toolkit.meta.likelihood import log_likelihood
from toolkit.meta.projection import DesignProjection
from toolkit.meta.quadratic_forms import upper_tail
from toolkit.meta.roots import bisected_root
from toolkit.numbers import confidence_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]


class IntervalMethod(StrEnum):
    """How an interval of the heterogeneity is made."""

    Q_PROFILE = "Q-profile"
    GENERALISED_Q = "generalised-Q"
    PROFILE_LIKELIHOOD = "profile-likelihood"


NOTHING_TO_PREDICT = "A common-effect model says that all studies share one effect, so there is nothing to predict."
"""Why a common-effect model has no prediction interval."""


class PredictionMethod(StrEnum):
    """Which quantile and standard error make a prediction interval.

    ``fit`` those of the fit's own test, as metafor does; ``HTS k-2`` t with k - 2 degrees of freedom and the standard
    error of a z test (Higgins, Thompson and Spiegelhalter 2009, J R Stat Soc A 172:137; Riley et al. 2011, BMJ
    342:d549); ``HTS k-1`` the same with k - 1.
    """

    FIT = "fit"
    HTS_K2 = "HTS k-2"
    HTS_K1 = "HTS k-1"


@dataclass(frozen=True)
class PredictionInterval(Shown):
    """Where the true effect of a new, similar study is expected, on the analysis scale.

    ``low`` and ``high`` are None, and ``reason`` says why, where there is no such interval.
    ``df`` are the degrees of freedom of the t quantile, None for a normal one.
    """

    low: float | None
    high: float | None
    level: float
    df: float | None = None
    reason: str = ""
    method: PredictionMethod = PredictionMethod.FIT

    def _title(self) -> str:
        return f"{confidence_level(self.level)} prediction interval"

    def _lines(self) -> list[tuple[str, str]]:
        if self.low is None or self.high is None:
            return [("Not available", self.reason)]
        quantile = "normal" if self.df is None else f"t, {self.df:g} df"
        lines = [("Interval", f"{number(self.low)} to {number(self.high)}"), ("Quantile", quantile)]
        return lines if self.method == PredictionMethod.FIT else [*lines, ("Method", str(self.method))]

    def to_frame(self) -> pd.DataFrame:
        """One row: low, high, level, df, method, reason."""
        return self._one_row("low", "high", "level", "df", "method", "reason")


def interval_of_new_study(
    estimate: float,
    se: float,
    tau2: float,
    level: float,
    df: float | None,
    method: PredictionMethod = PredictionMethod.FIT,
) -> PredictionInterval:
    """estimate ± quantile sqrt(tau2 + se²): t with ``df`` degrees of freedom, normal for None."""
    half = float(critical_value(level, df)) * float(np.sqrt(tau2 + se**2))
    return PredictionInterval(estimate - half, estimate + half, level, df, method=method)


@dataclass(frozen=True)
class HeterogeneityInterval(Shown):
    """Estimates and confidence limits of tau2, tau, I2 (percent) and H2, each as (estimate, low, high).

    The limits are None, and ``reason`` says why, where there are none. ``note`` tells of an unusual interval.
    """

    method: IntervalMethod
    level: float
    tau2: tuple[float, float | None, float | None]
    tau: tuple[float, float | None, float | None]
    i2: tuple[float, float | None, float | None]
    h2: tuple[float, float | None, float | None]
    note: str = ""
    reason: str = ""

    def _title(self) -> str:
        return f"Heterogeneity, {confidence_level(self.level)} interval ({self.method})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = []
        for name, label in (("tau2", "tau²"), ("tau", "tau"), ("i2", "I² (%)"), ("h2", "H²")):
            estimate, low, high = getattr(self, name)
            limits = "" if low is None or high is None else f" ({number(low)} to {number(high)})"
            lines.append((label, number(estimate) + limits))
        return lines + [("Note", text) for text in (self.note, self.reason) if text]

    def to_frame(self) -> pd.DataFrame:
        """A row each for tau2, tau, i2 and h2: estimate, ci_low, ci_high."""
        import pandas as pd

        rows = {name: getattr(self, name) for name in ("tau2", "tau", "i2", "h2")}
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "ci_low", "ci_high"])


def q_profile_limits(stack: Stack, level: float) -> tuple[Array, Array, Array]:
    """Limits of tau2 where Q(tau2) equals the chi-square quantiles (Viechtbauer 2007, Stat Med 26:37, equation 6).

    Gives low, high and whether the interval is empty (Q at tau2 = 0 is below the lower quantile, so that even no
    heterogeneity is too much; both limits are 0 then), each of shape (n,). Needs more studies than coefficients.
    """
    tail = (1.0 - level) / 2.0
    upper_quantile, lower_quantile = chdtri(stack.df, tail), chdtri(stack.df, 1.0 - tail)
    low, _, _ = generalised_q_root(stack, upper_quantile)
    high, _, _ = generalised_q_root(stack, lower_quantile)
    return low, high, cochran_q(stack) < lower_quantile


def generalised_q_limits(stack: Stack, weights: Array, level: float) -> tuple[float, float, bool]:
    """Limits of tau2 from the exact distribution of y'P y at fixed weights (Jackson 2013, Res Synth Methods 4:220).

    The form is a sum of chi-squares, weighted by the eigenvalues of S P S with S² = diag(v + tau2). For one analysis;
    ``weights`` (k,) are any, and with moderators the method is that of Jackson et al. (2014, BMC Med Res Methodol
    14:103). Gives low, high and whether the interval is empty, as :func:`q_profile_limits` does. Time grows with k³.
    """
    tail, v = (1.0 - level) / 2.0, stack.v[0]
    p = DesignProjection(weights, np.ones((len(v), 1)) if stack.x is None else stack.x[0])
    form, basis = float(p.form(stack.y[0])), p.basis()

    def upper(tau2: float) -> float:
        spread = v + tau2
        turned = np.sqrt(spread)[:, None] * basis
        eigenvalues = np.linalg.eigvalsh(np.diag(weights * spread) - turned @ turned.T)
        return upper_tail(form, np.maximum(eigenvalues[stack.p :], 0.0))

    shift, at_zero = float(typical_variance(stack)[0]), upper(0.0)
    if at_zero > 1.0 - tail:
        return 0.0, 0.0, True
    beyond = shift
    while upper(beyond) <= 1.0 - tail:
        beyond *= 4.0
    low = 0.0 if at_zero >= tail else bisected_root(lambda tau2: upper(tau2) - tail, 0.0, beyond, shift)
    return low, bisected_root(lambda tau2: upper(tau2) - (1.0 - tail), 0.0, beyond, shift), False


def profile_likelihood_limits(stack: Stack, tau2: float, level: float, *, restricted: bool) -> tuple[float, float]:
    """Limits of tau2 where twice the log-likelihood has fallen by the chi-square quantile with 1 degree of freedom.

    Hardy and Thompson 1996, Stat Med 15:619. For one analysis, whose maximum is at ``tau2``.
    """
    drop = 0.5 * float(chdtri(1.0, 1.0 - level))
    highest = log_likelihood(stack, np.array([tau2]), restricted=restricted)[0]

    def above(trial: float) -> float:
        return float(log_likelihood(stack, np.array([trial]), restricted=restricted)[0] - highest) + drop

    shift = float(typical_variance(stack)[0])
    low = 0.0 if tau2 == 0 or above(0.0) >= 0 else bisected_root(above, 0.0, tau2, shift)
    beyond = max(2.0 * tau2, shift)
    while above(beyond) > 0:
        beyond *= 4.0
    return low, bisected_root(above, tau2, beyond, shift)
