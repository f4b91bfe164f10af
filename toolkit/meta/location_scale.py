"""Location-scale models: moderators of the effects, and moderators of how much the effects vary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError
from toolkit.meta.design import Design, design, index_of, intercept_design
from toolkit.meta.display import Shown, number, p_value, studies, with_limits
from toolkit.meta.heterogeneity import cochran_q, estimate_tau2
from toolkit.meta.inference import coefficient_table, critical_value, estimate_coefficients, interval_columns, wald_test
from toolkit.meta.likelihood import InformationCriteria, information_of_fit
from toolkit.meta.scale_likelihood import Link, ScaleModel, maximise
from toolkit.meta.settings import Settings, Tau2Estimator, Test, check_choice, check_settings
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class LocationScale(Shown):
    """A fitted location-scale model of k studies.

    ``beta`` (p,) and ``covariance`` belong to the mean effect, ``alpha`` (q,) and ``alpha_covariance`` to log(tau2) or
    tau2 (see ``link``); the latter is None, and ``notes`` say why, where a tau2 is 0 at the bound. ``tau2`` (k,) is
    that of each study. ``q`` is Cochran's, of what the location leaves. Effects are on the analysis scale.
    """

    studies: Studies
    settings: Settings
    link: Link
    location: Design
    scale: Design
    beta: Array
    covariance: Array
    alpha: Array
    alpha_covariance: Array | None
    tau2: Array
    q: float
    q_df: int
    q_p: float
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.studies.y)

    @property
    def df(self) -> float | None:
        """Degrees of freedom k - p of the tests of the location, None for z."""
        return None if self.settings.test == Test.Z else float(self.k - len(self.beta))

    @property
    def scale_df(self) -> float | None:
        """Degrees of freedom k - q of the tests of the scale, None for z."""
        return None if self.settings.test == Test.Z else float(self.k - len(self.alpha))

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Coefficients of the mean, a row a term: estimate, se, statistic, df, p_value, ci_low, ci_high."""
        se = np.sqrt(np.diagonal(self.covariance))
        return coefficient_table(self.location.terms, self.beta, se, self.df, self.settings.level)

    @cached_property
    def scale_coefficients(self) -> pd.DataFrame:
        """The same of log(tau2) or tau2; with estimates alone where there are no standard errors."""
        if self.alpha_covariance is None:
            import pandas as pd

            return pd.DataFrame({"estimate": self.alpha}, index=pd.Index(self.scale.terms, name="term"))
        se = np.sqrt(np.diagonal(self.alpha_covariance))
        return coefficient_table(self.scale.terms, self.alpha, se, self.scale_df, self.settings.level)

    @property
    def moderator_test(self) -> tuple[float, float]:
        """Omnibus Wald statistic of the moderators of the mean, and its p-value."""
        columns = list(self.location.tested)
        return wald_test(self.beta[columns], self.covariance[np.ix_(columns, columns)], self.df)

    @property
    def scale_test(self) -> tuple[float, float] | None:
        """The same for those of the scale; None where there are no standard errors."""
        if self.alpha_covariance is None:
            return None
        columns = list(self.scale.tested)
        return wald_test(self.alpha[columns], self.alpha_covariance[np.ix_(columns, columns)], self.scale_df)

    @property
    def loglik(self) -> float:
        """Log-likelihood: the restricted one for REML, the full one for ML."""
        return self.information(str(self.settings.estimator)).loglik

    def information(self, likelihood: Literal["ML", "REML"]) -> InformationCriteria:
        """Log-likelihood, deviance, AIC, BIC and AICc by either likelihood, at the fitted values."""
        marginal = self.studies.as_stack(self.location.x).at(self.tau2)
        residuals = self.studies.y - self.location.x @ self.beta
        parameters = len(self.beta) + len(self.alpha)
        return information_of_fit(marginal, self.studies.v, residuals, parameters, likelihood)

    def predict(
        self, rows: pd.DataFrame | ArrayLike | None = None, *, scale_rows: pd.DataFrame | ArrayLike | None = None
    ) -> pd.DataFrame:
        """Predicted means for new rows of moderators (None: those of the studies), and where new true effects lie.

        Columns: estimate, se, ci_low, ci_high, tau2, pi_low, pi_high, on the analysis scale. ``scale_rows`` are the
        moderators of the scale where they do not stand in ``rows`` as well.
        """
        import pandas as pd

        if rows is None and scale_rows is None:
            x, z, index = self.location.x, self.scale.x, pd.Index(self.studies.labels, name="label")
        else:
            given = rows if rows is not None else scale_rows
            x = self.location.recipe.columns(given).x
            z = self.scale.recipe.columns(given if scale_rows is None else scale_rows).x
            index = index_of(given)
        estimate, variance = x @ self.beta, np.vecdot(x @ self.covariance, x)
        linear = z @ self.alpha
        tau2 = np.exp(linear) if self.link == Link.LOG else np.maximum(linear, 0.0)
        quantile = critical_value(self.settings.level, self.df)
        half = quantile * np.sqrt(variance + tau2)
        columns = interval_columns(estimate, variance, quantile)
        columns |= {"tau2": tau2, "pi_low": estimate - half, "pi_high": estimate + half}
        return pd.DataFrame(columns, index=index)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients of both parts, under their names "location" and "scale"."""
        import pandas as pd

        return pd.concat({"location": self.coefficients, "scale": self.scale_coefficients}, names=["part"])

    def _title(self) -> str:
        how = f"{self.settings.estimator}, {self.settings.test}, {self.link} link"
        return f"Location-scale model, {studies(self.k)} ({how})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(term, _shown(row, self.settings.level)) for term, row in self.coefficients.iterrows()]
        name = "log tau²" if self.link == Link.LOG else "tau²"
        for term, row in self.scale_coefficients.iterrows():
            lines.append((f"{name}: {term}", _shown(row, self.settings.level)))
        lines.append(("tau² of the studies", f"{number(self.tau2.min())} to {number(self.tau2.max())}"))
        return lines + [("Note", note) for note in self.notes]


def location_scale(
    y: ArrayLike,
    v: ArrayLike,
    moderators: pd.DataFrame | pd.Series | ArrayLike | str | None = None,
    *,
    scale: pd.DataFrame | pd.Series | ArrayLike | str,
    link: Literal["log", "identity"] = "log",
    tau2: Literal["REML", "ML"] = "REML",
    test: str = "knha",
    level: float = 0.95,
    data: pd.DataFrame | None = None,
    labels: Sequence[object] | None = None,
) -> LocationScale:
    """Regress effects on ``moderators`` (None: a mean alone), and their heterogeneity on those in ``scale``.

    y_i = x_i'beta + u_i + e_i with var(u_i) = tau2_i and log(tau2_i) = z_i'alpha, or tau2_i = z_i'alpha >= 0 for the
    identity link (Viechtbauer and López-López 2022, Res Synth Methods 13:697). ``y`` and ``v`` (k,) are on the
    analysis scale; moderators are given as for :func:`regression`. Standard errors of alpha come from the observed
    information.

    Raises ModelInputError as :func:`regression` does, and for another estimator than ML and REML; ConvergenceError
    where the likelihood has no maximum (log link with studies that agree too well).
    """
    studies, settings = check_studies(y, v, labels), check_settings(tau2, test, level)
    if settings.estimator not in (Tau2Estimator.ML, Tau2Estimator.REML) or settings.known_tau2 is not None:
        raise ModelInputError(f"A location-scale model is fitted by ML or REML; got tau2={tau2!r}.")
    chosen, k = check_choice(Link, link, "link"), len(studies.y)
    location = intercept_design(k) if moderators is None else design(moderators, k, data=data)
    variation = design(scale, k, data=data)
    if k <= max(location.x.shape[1], variation.x.shape[1]):
        raise ModelInputError(
            f"{k} {'study is' if k == 1 else 'studies are'} too few for this model: use fewer moderators."
        )
    return _fit(studies, settings, chosen, location, variation)


def _fit(studies: Studies, settings: Settings, link: Link, location: Design, scale: Design) -> LocationScale:
    stack = studies.as_stack(location.x)
    common = float(estimate_tau2(stack, settings.estimator).value[0])
    restricted = settings.estimator == Tau2Estimator.REML
    model = ScaleModel(studies.y, studies.v, location.x, scale.x, link, restricted)
    fit = maximise(model, common)
    heterogeneity = np.maximum(model.tau2(fit.alpha), 0.0)
    found = estimate_coefficients(stack.at(heterogeneity), np.zeros(1), settings.test)
    q, q_df = float(cochran_q(stack)[0]), len(studies.y) - location.x.shape[1]
    notes = ()
    if fit.covariance is None:
        notes = ("tau² of some studies is 0, at its bound, so the scale coefficients have no standard errors.",)
    return LocationScale(
        studies,
        settings,
        link,
        location,
        scale,
        found.beta[0],
        found.covariance[0],
        fit.alpha,
        fit.covariance,
        heterogeneity,
        q,
        q_df,
        float(chdtrc(q_df, q)),
        notes,
    )


def _shown(row: pd.Series, level: float) -> str:
    if "se" not in row:
        return number(row["estimate"])
    return f"{with_limits(row['estimate'], row['ci_low'], row['ci_high'], level)}, p {p_value(row['p_value'])}"
