"""A fitted model of dependent effects: what it says of coefficients and fit, whatever its random effects are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError, suggestion
from toolkit.meta.dependence.component_profile import Component, profile_limits, profile_log_likelihood
from toolkit.meta.dependence.component_tests import DependentTest
from toolkit.meta.dependence.covariance_model import CovarianceModel, Gls
from toolkit.meta.display import joint_test, number, p_value
from toolkit.meta.estimates import Estimates
from toolkit.meta.frozen import read_only
from toolkit.meta.inference import critical_value, df_of_rows, interval_columns, wald_test
from toolkit.meta.intervals import PredictionInterval, interval_of_new_study
from toolkit.meta.likelihood import LOG_2PI, InformationCriteria, information_criteria, is_restricted
from toolkit.meta.settings import Convergence, check_level, check_numbers
from toolkit.meta.studies import OfStudies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.component_tests import Joint
    from toolkit.meta.design import Design
    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class DependentResult(OfStudies, Estimates):
    """A fitted model of k dependent effects with q parameters ``theta`` of the random effects' covariance.

    ``df`` holds the degrees of freedom of each coefficient, None for z, and ``joint`` those of the test of several.
    ``q`` is Cochran's Q with the whole sampling covariance, of what the moderators leave. ``model`` holds data and
    structure, ``settled`` the parameters that are not at a bound, ``held`` those that were not estimated;
    ``n_components`` variances and correlations were. Everything is on the analysis scale.
    """

    studies: Studies
    design: Design
    model: CovarianceModel
    theta: Array
    settled: NDArray[np.bool_]
    held: NDArray[np.bool_]
    n_components: int
    test: DependentTest
    beta: Array
    covariance: Array
    df: Array | None
    joint: Joint
    level: float
    q: float
    q_df: int
    q_p: float
    convergence: Convergence
    notes: tuple[str, ...]
    version: str

    @property
    def terms(self) -> tuple[str, ...]:
        """The names of the coefficients."""
        return self.design.terms

    @property
    def model_matrix(self) -> Array:
        """The model matrix (k, p)."""
        return self.design.x

    @property
    def method(self) -> str:
        """REML or ML."""
        return "REML" if self.model.restricted else "ML"

    @property
    def components(self) -> dict[str, float]:
        """The parameters of the random effects by name."""
        return dict(zip(self.model.structure.names, self.theta.tolist(), strict=True))

    @property
    def fitted(self) -> Array:
        """Fitted effects, shape (k,)."""
        return self.model_matrix @ self.beta

    @property
    def residuals(self) -> Array:
        """Observed less fitted effects, shape (k,)."""
        return self.y - self.fitted

    @cached_property
    def weights(self) -> Array:
        """What each effect counts in the mean, in percent, (k,): row sums of the inverse marginal covariance."""
        found = np.empty(self.k)
        for group, inverse in zip(self.model.groups, self._gls.inverses, strict=True):
            found[group.rows] = inverse.sum(-1)
        return read_only(100.0 * found / found.sum())

    @property
    def marginal(self) -> list[tuple[Integers, Array]]:
        """The marginal covariance: rows (b, s) and matrices (b, s, s) of blocks of each size."""
        return self.model.marginal(self.theta)

    def marginal_at(self, other: Self) -> list[tuple[Integers, Array]]:
        """The same with the variance components of another fit of the same model."""
        return self.model.marginal(other.theta)

    @property
    def loglik(self) -> float:
        """Log-likelihood: the restricted one for REML, the full one for ML."""
        return self._gls.loglik

    @property
    def aic(self) -> float:
        """Akaike's criterion of :attr:`loglik`."""
        return self.information(self.method).aic

    @property
    def bic(self) -> float | None:
        """The Bayes criterion of :attr:`loglik`."""
        return self.information(self.method).bic

    @property
    def aicc(self) -> float:
        """Akaike's criterion of :attr:`loglik`, corrected for small samples."""
        return self.information(self.method).aicc

    def information(self, likelihood: Literal["ML", "REML"]) -> InformationCriteria:
        """Log-likelihood, deviance, AIC, BIC and AICc by either likelihood, at the fitted values."""
        restricted = is_restricted(likelihood)
        loglik = self.model.gls(self.theta, restricted=restricted).loglik
        saturated = -0.5 * (self.k * LOG_2PI + sum(np.linalg.slogdet(g.v)[1].sum() for g in self.model.groups))
        parameters = self.p + self.n_components
        return information_criteria(loglik, float(saturated), self.k, self.p, parameters, restricted=restricted)

    @property
    def qm(self) -> float:
        """Omnibus (Wald) statistic of the moderators, or of the mean: chi-square for z, F otherwise (see ``test``)."""
        return self._omnibus[0]

    @property
    def qm_df(self) -> tuple[int, float | None]:
        """Its degrees of freedom; the second, which depends on ``test``, is None for a chi-square."""
        return len(self.design.tested), self.joint.df

    @property
    def qm_p(self) -> float:
        """Its p-value."""
        return self._omnibus[1]

    def predict(self, rows: pd.DataFrame | ArrayLike | None = None, *, level: float | None = None) -> pd.DataFrame:
        """Predicted mean effects for new rows of moderators (None: those of the effects), on the analysis scale.

        Columns: estimate, se, ci_low, ci_high, and pi_low and pi_high: the interval in which the true effect of a new
        study with these moderators is expected. Limits have the least degrees of freedom of the coefficients that the
        row has a part of (as metafor's).
        """
        return self._predicted(rows, level, self.variance_of_effects[: None if rows is None else 1])

    @property
    def variance_of_effects(self) -> Array:
        """The variance of the true effects about their means, all random effects together, for each effect (k,)."""
        raise NotImplementedError

    def component_intervals(self, *, level: float | None = None) -> pd.DataFrame:
        """Profile-likelihood limits of each variance and correlation of the random effects, a row each.

        Columns: estimate, ci_low, ci_high, reason. The others and the coefficients are fitted anew at each value
        (``confint()`` of metafor). A limit at a bound (0, or a correlation of -1 or 1) is the bound; where a limit is
        missing ``reason`` says why.
        """
        import pandas as pd

        level = self.level if level is None else check_level(level)
        scale = max(float(self.variance_of_effects.mean()), 0.01 * float(np.median(self.v)))
        found = self._components()
        rows = [(one.estimate, *profile_limits(one, self.loglik, scale, level)) for one in found]
        index = pd.Index([one.name for one in found], name="component")
        return pd.DataFrame(rows, index=index, columns=["estimate", "ci_low", "ci_high", "reason"])

    def profile(self, component: str, values: ArrayLike) -> Array:
        """The log-likelihood with one variance or correlation held at each of ``values`` and all else fitted anew.

        Raises ModelInputError for a component that the model does not have or did not estimate, and for a value outside
        its bounds.
        """
        found = {one.name: one for one in self._components()}
        if not isinstance(component, str) or component not in found:
            raise ModelInputError(
                f"There is no component {component!r} in this model; it has {', '.join(found)}."
                f"{suggestion(component, found)}"
            )
        one, held_at = found[component], np.atleast_1d(check_numbers(values, "values"))
        if one.reason:
            raise ModelInputError(f"There is no profile of {component}: {one.reason}.")
        wrong = ~((held_at >= one.low) & (held_at <= one.high) & np.isfinite(held_at))
        if wrong.any():
            raise ModelInputError(f"{component} must lie from {one.low:g} to {one.high:g}; got {held_at[wrong][0]:g}.")
        return np.array([profile_log_likelihood(one, value) for value in held_at.tolist()])

    def _components(self) -> list[Component]:
        """The variances and correlations, in the order of :attr:`components`, ready to be profiled."""
        raise NotImplementedError

    def _prediction(self, variance: float, level: float | None) -> PredictionInterval:
        """estimate ± quantile sqrt(se² + variance), with the quantile of the fit's test."""
        level = self.level if level is None else check_level(level)
        return interval_of_new_study(self.estimate, self.se, variance, level, self._least_df)

    def _predicted(
        self, rows: pd.DataFrame | ArrayLike | None, level: float | None, variance: Array | None
    ) -> pd.DataFrame:
        """Means of these rows, and where there is a ``variance`` of the true effects about them what it adds."""
        import pandas as pd

        if rows is None:
            x, index = self.model_matrix, pd.Index(self.labels, name="label")
        else:
            x, index = self.design.for_rows(rows)
        quantile = critical_value(self.level if level is None else check_level(level), df_of_rows(x, self.df))
        mean, own = x @ self.beta, np.vecdot(x @ self.covariance, x)
        columns = interval_columns(mean, own, quantile)
        if variance is not None:
            half = quantile * np.sqrt(own + variance)
            columns |= {"pi_low": mean - half, "pi_high": mean + half}
        return pd.DataFrame(columns, index=index)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with k, the variance components, Q and the settings beside them."""
        shared = {"k": self.k, **self.components, "q": self.q, "q_df": self.q_df, "q_p": self.q_p}
        return self.coefficients.assign(**shared, method=self.method, test=str(self.test), level=self.level)

    @cached_property
    def _gls(self) -> Gls:
        return self.model.gls(self.theta)

    @cached_property
    def _omnibus(self) -> tuple[float, float]:
        columns = list(self.design.tested)
        covariance = self.covariance[np.ix_(columns, columns)]
        return wald_test(self.beta[columns], covariance / self.joint.scale, self.joint.df)

    def _df_of_units(self, count: int) -> float | None:
        """Degrees of freedom of the predicted random effects of a level with this many units (as metafor's)."""
        return max(float(count - self.p), 1.0) if self.test == DependentTest.T else self._least_df

    @property
    def _least_df(self) -> float | None:
        return None if self.df is None else float(self.df.min())

    def _fit_lines(self) -> list[tuple[str, str]]:
        lines = [("Q", f"{number(self.q)} on {self.q_df} df, p {p_value(self.q_p)}")]
        if self.p > 1:
            lines.insert(0, ("Moderators", joint_test(self.qm, self.qm_df, self.qm_p)))
        return lines + [("Note", note) for note in self.notes]


def cochran_q(model: CovarianceModel) -> tuple[float, int, float]:
    """Cochran's Q about the coefficients with the sampling covariances alone, its degrees of freedom and p-value."""
    common = model.gls(np.zeros(len(model.structure.low)))
    df = model.k - len(common.beta)
    return common.residual, df, float(chdtrc(df, common.residual)) if df else 1.0
