"""What a fitted model gives back: one frozen, self-describing value that every later step reads.

All effects are on the analysis scale of the ``y`` that went in (log for ratios); to read them as printed, use the
measure's ``back_transform`` in :mod:`toolkit.effects`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.meta.blup import deviations, true_effects
from toolkit.meta.display import number, p_value, studies
from toolkit.meta.estimates import Estimates
from toolkit.meta.frozen import read_only
from toolkit.meta.inference import critical_value, estimate_coefficients, interval_columns
from toolkit.meta.intervals import (
    NOTHING_TO_PREDICT,
    HeterogeneityInterval,
    IntervalMethod,
    PredictionInterval,
    PredictionMethod,
    generalised_q_limits,
    interval_of_new_study,
    profile_likelihood_limits,
    q_profile_limits,
)
from toolkit.meta.likelihood import InformationCriteria, information_of_fit
from toolkit.meta.settings import Convergence, Settings, Tau2Estimator, Test, check_choice, check_level
from toolkit.meta.stack import Stack
from toolkit.meta.studies import OfStudies

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class MetaResult(OfStudies, Estimates):
    """A fitted univariate model: k studies, p coefficients, between-study variance tau2.

    ``settings`` are as asked; ``test`` is the test that was used, and ``notes`` say where and why it differs, and what
    else a reader should know. ``x`` is the model matrix (k, p), None for a mean alone. ``tau2_se`` and ``df`` are None
    where there is none. I2 is in percent. ``version`` is the toolkit's.
    """

    studies: Studies
    settings: Settings
    test: Test
    terms: tuple[str, ...]
    x: Array | None
    beta: Array
    covariance: Array
    df: float | None
    tau2: float
    tau2_se: float | None
    i2: float
    h2: float
    q: float
    q_df: int
    q_p: float
    convergence: Convergence
    notes: tuple[str, ...]
    version: str

    @property
    def level(self) -> float:
        """Level of the confidence intervals."""
        return self.settings.level

    @cached_property
    def weights(self) -> Array:
        """Weights of the studies in percent, shape (k,): the user's own, or inverse variances 1 / (v + tau2)."""
        w = 1.0 / (self.v + self.tau2) if self.studies.weights is None else self.studies.weights
        return read_only(100.0 * w / w.sum())

    @property
    def fitted(self) -> Array:
        """Fitted effects of the studies, shape (k,)."""
        return np.full(self.k, self.beta[0]) if self.x is None else self.x @ self.beta

    @property
    def residuals(self) -> Array:
        """Observed less fitted effects, shape (k,)."""
        return self.y - self.fitted

    @property
    def loglik(self) -> float:
        """Log-likelihood: the restricted one for REML, the full one for every other estimator."""
        return self._own_information.loglik

    @property
    def aic(self) -> float:
        """Akaike's criterion of :attr:`loglik`."""
        return self._own_information.aic

    @property
    def bic(self) -> float | None:
        """The Bayes criterion of :attr:`loglik`."""
        return self._own_information.bic

    @property
    def aicc(self) -> float:
        """Akaike's criterion of :attr:`loglik`, corrected for small samples."""
        return self._own_information.aicc

    def information(self, likelihood: Literal["ML", "REML"]) -> InformationCriteria:
        """Log-likelihood, deviance, AIC, BIC and AICc by either likelihood, at the fitted values.

        REML values compare models with the same coefficients only.
        """
        parameters = self.p + self.settings.estimates_tau2
        return information_of_fit(self.stack.at(self.tau2), self.v, self.residuals, parameters, likelihood)

    def prediction_interval(
        self, method: str = PredictionMethod.FIT, *, level: float | None = None
    ) -> PredictionInterval:
        """The interval in which the true effect of a new study is expected, on the analysis scale.

        estimate ± quantile x sqrt(tau2 + se²). By default the quantile is that of the fit's own test, as in metafor: t
        with k - 1 degrees of freedom for ``t``, ``knha`` and ``adhoc``, normal for ``z``; for ``"HTS k-2"`` and ``"HTS
        k-1"`` see :class:`PredictionMethod`. A result with a reason, and no limits, for a common-effect model and where
        no degrees of freedom are left.
        """
        chosen = check_choice(PredictionMethod, method, "method")
        level = self.level if level is None else check_level(level)
        df, se = self.df, self.standard_errors
        if chosen != PredictionMethod.FIT:
            df = float(self.q_df - (chosen == PredictionMethod.HTS_K2))
            plain = estimate_coefficients(self.stack, np.array([self.tau2]), Test.Z)
            se = np.sqrt(np.diagonal(plain.covariance[0]))
        reason = ""
        if self.settings.estimator == Tau2Estimator.EE:
            reason = NOTHING_TO_PREDICT
        elif self.q_df < 1:
            reason = f"With k = {self.k} the variation between studies cannot be estimated."
        elif df is not None and df < 1:
            reason = f"With k = {self.k} the quantile with k - 2 degrees of freedom does not exist."
        if reason:
            return PredictionInterval(None, None, level, reason=reason, method=chosen)
        return interval_of_new_study(self.estimate, self._only(se), self.tau2, level, df, chosen)

    def heterogeneity_interval(
        self, method: str = IntervalMethod.Q_PROFILE, *, level: float | None = None
    ) -> HeterogeneityInterval:
        """Confidence limits of tau2, tau, I2 (percent) and H2: Q-profile, generalised-Q or profile-likelihood.

        Those of I2 and H2 are functions of those of tau2. Q-profile and generalised-Q limits are exact and do not
        depend on the estimator, so that an estimate can lie outside; the latter have the model's own weights, or
        1 / sqrt(v) where it has none. Profile-likelihood limits need ML or REML. A result with a reason, and no limits,
        for a common-effect model, a single study, or the wrong estimator.
        """
        chosen = check_choice(IntervalMethod, method, "method")
        level = self.level if level is None else check_level(level)
        reason, empty = self._no_interval(chosen), False
        limits: tuple[float | None, float | None] = (None, None)
        if not reason:
            *limits, empty = self._tau2_limits(chosen, level)
        note = "The effects vary less than chance alone would have them: the interval is empty, shown as 0 to 0."
        i2, h2 = zip(*(self._i2_h2(limit) for limit in limits), strict=True)
        tau = tuple(None if limit is None else float(np.sqrt(limit)) for limit in limits)
        return HeterogeneityInterval(
            chosen,
            level,
            (self.tau2, *limits),
            (float(np.sqrt(self.tau2)), tau[0], tau[1]),
            (self.i2, *i2),
            (self.h2, *h2),
            note if empty else "",
            reason,
        )

    def blup(self) -> pd.DataFrame:
        """Best linear unbiased predictions of the studies' true effects: estimate, se, ci_low, ci_high a study.

        See :mod:`toolkit.meta.blup`; limits use the quantile of the fit's own test, as metafor's do. Raises
        ModelInputError for a fit with weights of the user's own.
        """
        return self._predictions(true_effects)

    def deviations(self) -> pd.DataFrame:
        """The same less their fitted values: predictions of the studies' random effects (``ranef()`` in R)."""
        return self._predictions(deviations)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with k, tau2, I2, Q and the settings beside them."""
        shared = {
            "k": self.k,
            "tau2": self.tau2,
            "i2": self.i2,
            "h2": self.h2,
            "q": self.q,
            "q_df": self.q_df,
            "q_p": self.q_p,
            "estimator": str(self.settings.estimator),
            "test": str(self.test),
            "level": self.level,
        }
        return self.coefficients.assign(**shared)

    @property
    def model_matrix(self) -> Array:
        """The model matrix (k, p): ``x``, or a column of ones for a mean alone."""
        return np.ones((self.k, 1)) if self.x is None else self.x

    @cached_property
    def stack(self) -> Stack:
        """The model's data as a stack of one analysis, to be fitted again without a study, or with other weights."""
        return self.studies.as_stack(self.x)

    def _predictions(self, predict: Callable[..., tuple[Array, Array]]) -> pd.DataFrame:
        import pandas as pd

        x = self.model_matrix
        found = predict(self.studies, self.tau2, self.fitted, np.vecdot(x @ self.covariance, x))
        columns = interval_columns(*found, critical_value(self.level, self.df))
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    @cached_property
    def _own_information(self) -> InformationCriteria:
        return self.information("REML" if self.settings.estimator == Tau2Estimator.REML else "ML")

    def _no_interval(self, method: IntervalMethod) -> str:
        if self.settings.estimator == Tau2Estimator.EE:
            return "A common-effect model has no heterogeneity to give limits for."
        if self.settings.known_tau2 is not None:
            return "tau2 was given as a known number, not estimated."
        if self.q_df < 1:
            return f"With k = {self.k} the variation between studies cannot be estimated."
        likelihood = self.settings.estimator in (Tau2Estimator.ML, Tau2Estimator.REML)
        if method == IntervalMethod.PROFILE_LIKELIHOOD and not likelihood:
            return (
                f"Profile-likelihood limits belong to ML and REML; this model was fitted by {self.settings.estimator}."
            )
        return ""

    def _tau2_limits(self, method: IntervalMethod, level: float) -> tuple[float, float, bool]:
        """Limits of tau2, and whether the interval is empty."""
        if method == IntervalMethod.Q_PROFILE:
            low, high, empty = q_profile_limits(self.stack, level)
            return float(low[0]), float(high[0]), bool(empty[0])
        if method == IntervalMethod.GENERALISED_Q:
            given = self.studies.weights
            return generalised_q_limits(self.stack, 1.0 / np.sqrt(self.v) if given is None else given, level)
        restricted = self.settings.estimator == Tau2Estimator.REML
        return *profile_likelihood_limits(self.stack, self.tau2, level, restricted=restricted), False

    def _i2_h2(self, tau2: float | None) -> tuple[float | None, float | None]:
        if tau2 is None:
            return None, None
        typical = float(self._typical)
        return 100.0 * tau2 / (typical + tau2), tau2 / typical + 1.0

    @cached_property
    def _typical(self) -> float:
        return float(self.stack.df[0] / self.stack.project(self.stack.weights(0.0)).trace()[0])

    def _title(self) -> str:
        kind = "Common-effect" if self.settings.estimator == Tau2Estimator.EE else "Random-effects"
        return f"{kind} model, {self._how()}"

    def _how(self) -> str:
        estimator = self.settings.estimator if self.settings.known_tau2 is None else "known tau²"
        own = "" if self.studies.weights is None else ", own weights"
        return f"{studies(self.k)} ({estimator}, {self.test}{own})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = self._coefficient_lines()
        if self.x is None:
            predicted = self.prediction_interval()
            shown = predicted.reason or f"{number(predicted.low)} to {number(predicted.high)}"
            lines.append(("Prediction interval", shown))
        lines.append(("Heterogeneity", f"tau² {number(self.tau2)}, I² {self.i2:.1f}%, H² {number(self.h2)}"))
        lines.append(("Q", f"{number(self.q)} on {self.q_df} df, p {p_value(self.q_p)}"))
        return lines + [("Note", note) for note in self.notes]
