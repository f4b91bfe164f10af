"""Comparison of fitted models: nested ones by the likelihood ratio, many at once by an information criterion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError
from toolkit.meta.design import INTERCEPT, Design, design
from toolkit.meta.display import Shown, joint_test, number, studies
from toolkit.meta.fitting import fit_design
from toolkit.meta.inference import critical_value, two_sided_p
from toolkit.meta.rank import explain
from toolkit.meta.settings import Tau2Estimator, check_choice, check_settings
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.regression_result import MetaRegression
    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_MOST_MODERATORS = 12


class Criterion(StrEnum):
    """Criteria by which models are weighed; all are of the full likelihood (ML), and lower is better."""

    AICC = "AICc"
    AIC = "AIC"
    BIC = "BIC"


@dataclass(frozen=True)
class LikelihoodRatioTest(Shown):
    """Whether a model fits better than a simpler one within it: twice the difference of the log-likelihoods.

    ``statistic`` and ``p_value`` are None, and ``reason`` says why, where the two likelihoods cannot be compared.
    """

    statistic: float | None
    df: int
    p_value: float | None
    reason: str = ""

    def _title(self) -> str:
        return "Likelihood-ratio test of nested models"

    def _lines(self) -> list[tuple[str, str]]:
        if self.reason:
            return [("Not available", self.reason)]
        return [("Test", joint_test(self.statistic, (self.df, None), self.p_value))]

    def to_frame(self) -> pd.DataFrame:
        """One row with all fields."""
        return self._one_row("statistic", "df", "p_value", "reason")


def likelihood_ratio_test(full: MetaResult, reduced: MetaResult) -> LikelihoodRatioTest:
    """Compare two nested models of the same studies, chi-square with as many df as there are more parameters in one.

    Models with different moderators need estimator ML (or EE), since restricted likelihoods of different model
    matrices are not on one scale; models of other estimators have no likelihood that was maximised: a result with a
    reason for both. Raises ModelInputError for models of different studies, and for those that are not nested.
    """
    if full.checksum != reduced.checksum:
        raise ModelInputError("The two models were fitted to different studies: a comparison needs the same y and v.")
    df = _parameters(full) - _parameters(reduced)
    if df < 1 or not _spans(full, reduced):
        raise ModelInputError(
            f"The reduced model ({', '.join(reduced.terms)}) is not nested in the full one ({', '.join(full.terms)}): "
            "give the larger model first, and moderators of the smaller that are in the larger as well."
        )
    reason = _no_comparison(full, reduced)
    if reason:
        return LikelihoodRatioTest(None, df, None, reason)
    statistic = 2.0 * (full.loglik - reduced.loglik)
    return LikelihoodRatioTest(statistic, df, float(chdtrc(df, max(statistic, 0.0))))


def _parameters(model: MetaResult) -> int:
    return model.p + model.settings.estimates_tau2


def _spans(full: MetaResult, reduced: MetaResult) -> bool:
    """Whether each column of the reduced model matrix is a combination of those of the full one."""
    return bool(explain(reduced.model_matrix, full.model_matrix).is_combination.all())


def _no_comparison(full: MetaResult, reduced: MetaResult) -> str:
    estimators = {full.settings.estimator, reduced.settings.estimator} - {Tau2Estimator.EE}
    if full.studies.weights is not None or reduced.studies.weights is not None:
        return "Coefficients with weights of your own do not maximise the likelihood."
    if len(estimators) > 1 or not estimators <= {Tau2Estimator.ML, Tau2Estimator.REML}:
        found = ", ".join(sorted(str(estimator) for estimator in estimators))
        return f"Both models must be fitted by ML (or both by REML); they were fitted by {found}."
    if Tau2Estimator.REML in estimators:
        if full.p != reduced.p:
            return "Restricted likelihoods (REML) of models with different moderators cannot be compared: use ML."
        return "" if full.settings.estimator == reduced.settings.estimator else "Compare with a REML model at tau2=0.0."
    return ""


@dataclass(frozen=True, eq=False, repr=False)
class ModelSet(Shown):
    """Models with all subsets of some moderators, weighed by an information criterion, best first.

    ``moderators`` and ``results`` belong together; ``values`` are the criterion, ``weights`` (which add up to 1) are
    proportional to exp(-value / 2). ``level`` is that of the averaged intervals.
    """

    criterion: Criterion
    moderators: tuple[tuple[str, ...], ...]
    results: tuple[MetaRegression, ...]
    values: Array
    weights: Array
    level: float

    @property
    def best(self) -> MetaRegression:
        """The model with the lowest value of the criterion."""
        return self.results[0]

    def importance(self) -> pd.Series:
        """The sum of the weights of the models that each moderator is in, largest first."""
        import pandas as pd

        names = sorted({name for chosen in self.moderators for name in chosen})
        sums = {
            name: sum(w for w, chosen in zip(self.weights, self.moderators, strict=True) if name in chosen)
            for name in names
        }
        return pd.Series(sums, name="importance", dtype=float).sort_values(ascending=False, kind="stable")

    def averaged(self) -> pd.DataFrame:
        """Model-averaged coefficients, a row a term: estimate, se, statistic, p_value, ci_low, ci_high, importance.

        The average runs over all models, with 0 where a model lacks the term; se is the unconditional one of Buckland,
        Burnham and Augustin (1997, Biometrics 53:603), in the form with the squared bias under one root: sqrt(sum of
        weight times (variance + (estimate - average)^2)) (Burnham and Anderson 2004, Sociol Methods Res 33:261). Tests
        and limits are normal.
        """
        import pandas as pd

        terms = list(dict.fromkeys(term for result in self.results for term in result.terms))
        estimates, variances = np.zeros((2, len(self.results), len(terms)))
        present = np.zeros((len(self.results), len(terms)), bool)
        for row, result in enumerate(self.results):
            columns = [terms.index(term) for term in result.terms]
            estimates[row, columns], present[row, columns] = result.beta, True
            variances[row, columns] = result.standard_errors**2
        estimate = self.weights @ estimates
        se = np.sqrt(self.weights @ (variances + (estimates - estimate) ** 2))
        half = critical_value(self.level, None) * se
        statistic = estimate / se
        columns = {
            "estimate": estimate,
            "se": se,
            "statistic": statistic,
            "p_value": two_sided_p(statistic, None),
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "importance": self.weights @ present,
        }
        return pd.DataFrame(columns, index=pd.Index(terms, name="term"))

    def to_frame(self) -> pd.DataFrame:
        """A row a model, best first: moderators, p, loglik, the criterion, its distance from the best, and weight."""
        import pandas as pd

        columns = {
            "moderators": [" + ".join(chosen) or INTERCEPT for chosen in self.moderators],
            "p": [result.p for result in self.results],
            "loglik": [result.information("ML").loglik for result in self.results],
            self.criterion.lower(): self.values,
            "distance": self.values - self.values[0],
            "weight": self.weights,
        }
        return pd.DataFrame(columns)

    def _title(self) -> str:
        return f"{len(self.results)} models of {studies(self.best.k)} by {self.criterion}"

    def _lines(self) -> list[tuple[str, str]]:
        shown = zip(self.moderators[:5], self.values, self.weights, strict=False)
        return [
            (" + ".join(chosen) or INTERCEPT, f"{self.criterion} {number(value)}, weight {number(weight, 3)}")
            for chosen, value, weight in shown
        ]


def model_set(
    y: ArrayLike,
    v: ArrayLike,
    moderators: pd.DataFrame | ArrayLike | str,
    *,
    criterion: Literal["AICc", "AIC", "BIC"] = "AICc",
    tau2: str = "ML",
    test: str = "knha",
    level: float = 0.95,
    data: pd.DataFrame | None = None,
    labels: Sequence[object] | None = None,
) -> ModelSet:
    """Fit the regressions on all subsets of the moderators and weigh them (Burnham and Anderson 2004).

    Arguments are those of :func:`regression`; a subset takes a category as a whole, and each has the intercept. The
    criterion is that of the full likelihood whatever ``tau2`` is, since restricted likelihoods of different moderators
    are not on one scale; ML is the estimator that it is meant for.

    Raises ModelInputError as :func:`regression` does, and for more than 12 moderators (4,096 models).
    """
    chosen = check_choice(Criterion, criterion, "criterion")
    studies, settings = check_studies(y, v, labels), check_settings(tau2, test, level)
    full = design(moderators, len(studies.y), data=data)
    names = [name for name in dict.fromkeys(full.moderators) if name != INTERCEPT]
    if len(names) > _MOST_MODERATORS:
        raise ModelInputError(
            f"All subsets of {len(names)} moderators are 2^{len(names)} models: choose {_MOST_MODERATORS} at most."
        )
    subsets = [subset for size in range(len(names) + 1) for subset in combinations(names, size)]
    results = [fit_design(studies, _part(full, subset), settings) for subset in subsets]
    values = np.array([getattr(result.information("ML"), chosen.lower()) for result in results])
    order = np.argsort(values, kind="stable")
    weights = np.exp(-0.5 * (values[order] - values.min()))
    return ModelSet(
        chosen,
        tuple(subsets[index] for index in order),
        tuple(results[index] for index in order),
        values[order],
        weights / weights.sum(),
        settings.level,
    )


def _part(full: Design, subset: Sequence[str]) -> Design:
    """The design with the intercept and these moderators alone."""
    columns = [position for position, name in enumerate(full.moderators) if name == INTERCEPT or name in subset]
    return full.take(columns)
