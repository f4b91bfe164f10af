"""Generalised linear mixed models of counts: effects of rare events without a variance of each study's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.effects import effect_sizes
from toolkit.errors import ModelInputError
from toolkit.meta.display import joint_test, number, studies
from toolkit.meta.estimates import MeanByZ
from toolkit.meta.heterogeneity import estimate_tau2
from toolkit.meta.inference import critical_value
from toolkit.meta.intervals import PredictionInterval
from toolkit.meta.likelihood import InformationCriteria, information_criteria
from toolkit.meta.rare_events.count_terms import Binomial, NoncentralHypergeometric, Poisson
from toolkit.meta.rare_events.mixed_likelihood import MixedLikelihood, Parameters, Surface, Term, maximise
from toolkit.meta.rare_events.strata import label_names
from toolkit.meta.settings import Convergence, Tau2Estimator, check_choice, check_level
from toolkit.meta.studies import Studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.rare_events.count_terms import Counts

    Array = NDArray[np.float64]


class CountModel(StrEnum):
    """Models of two groups, by metafor's codes.

    ``UM.FS`` unconditional, with a fixed effect of each study's level; ``CM.EL`` conditional on the events of both
    groups, with the exact (noncentral hypergeometric, or binomial for rates) likelihood; ``CM.AL`` the same for odds
    ratios with a binomial approximation that is good for rare events (Stijnen, Hamza and Ozdemir 2010, Stat Med
    29:3046).
    """

    UM_FS = "UM.FS"
    CM_EL = "CM.EL"
    CM_AL = "CM.AL"


_MODELS = {
    "OR": (CountModel.UM_FS, CountModel.CM_EL, CountModel.CM_AL),
    "IRR": (CountModel.UM_FS, CountModel.CM_EL),
    "PLO": (),
    "IRLN": (),
}
_METHODS = ("ML", "EE")
_LEAST_SPREAD = 0.1  # of the random effects, where the search begins: at 0 the likelihood is level


@dataclass(frozen=True, eq=False, repr=False)
class MixedModelResult(MeanByZ):
    """A fitted mixed model of counts of k studies: the effect on the log scale, tested by z, and tau2.

    ``model`` is None for a single group. ``q_lrt`` compares the common-effect model with one of an effect for each
    study (likelihood ratio, ``q_df`` degrees of freedom). ``i2`` (percent) and ``h2`` set tau2 beside the typical
    variance of the studies' own effects.
    """

    measure: str
    model: CountModel | None
    method: str
    labels: tuple[str, ...]
    beta: Array
    covariance: Array
    level: float
    tau2: float
    i2: float
    h2: float
    q_lrt: float
    q_df: int
    q_p: float
    loglik: float
    parameters: int
    observations: int
    convergence: Convergence
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies that the model is fitted to."""
        return len(self.labels)

    def information(self) -> InformationCriteria:
        """Log-likelihood, AIC, BIC and AICc, with an observation a study (two for UM.FS)."""
        return information_criteria(self.loglik, None, self.observations, 1, self.parameters, restricted=False)

    def prediction_interval(self) -> PredictionInterval:
        """The interval in which the true effect of a new study is expected, on the log scale, by z."""
        if self.method == "EE":
            reason = "A common-effect model says that all studies share one effect, so there is nothing to predict."
            return PredictionInterval(None, None, self.level, reason=reason)
        half = float(critical_value(self.level, None)) * float(np.sqrt(self.tau2 + self.se**2))
        return PredictionInterval(self.estimate - half, self.estimate + half, self.level)

    def to_frame(self) -> pd.DataFrame:
        """The estimate with its test, k, tau2, I2 and the likelihood-ratio test of heterogeneity."""
        return self.coefficients.assign(
            k=self.k, tau2=self.tau2, i2=self.i2, h2=self.h2, q_lrt=self.q_lrt, q_df=self.q_df, q_p=self.q_p,
            model="" if self.model is None else str(self.model), method=self.method, level=self.level,
        )  # fmt: skip

    def _title(self) -> str:
        how = self.method if self.model is None else f"{self.model}, {self.method}"
        return f"Generalised linear mixed model, {self.measure}, {studies(self.k)} ({how})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = self._coefficient_lines()
        lines.append(("Heterogeneity", f"tau² {number(self.tau2)}, I² {self.i2:.1f}%, H² {number(self.h2)}"))
        lines.append(("Same effect (likelihood ratio)", joint_test(self.q_lrt, (self.q_df, None), self.q_p)))
        return lines + [("Note", note) for note in self.notes]


def glmm(
    measure: str,
    *,
    model: str | None = None,
    method: str = "ML",
    level: float = 0.95,
    points: int = 15,
    labels: Sequence[object] | None = None,
    **raw: ArrayLike,
) -> MixedModelResult:
    """Fit a generalised linear mixed model to counts; the effect is on the log scale.

    ``measure`` is OR (``events_1, total_1, events_2, total_2``), IRR (``events_1, time_1, events_2, time_2``), PLO
    (``events, total``: log odds) or IRLN (``events, time``: log rate), each (k,). ``model`` is one of
    :class:`CountModel` for two groups, UM.FS by default. ``method`` is ML, with normally distributed true effects, or
    EE for a common one. The integral over a random effect has ``points`` of adaptive Gauss-Hermite quadrature
    (metafor: 7), and more where these are too few to find the maximum. Studies without events in both groups (or with
    nothing but events) say nothing of a ratio and are left out.

    Raises ModelInputError for counts that cannot be used, with their rows, and for a model that the measure does not
    have; ConvergenceError where the likelihood has no maximum.
    """
    if measure not in _MODELS:
        raise ModelInputError(f"measure must be one of {', '.join(_MODELS)}; got {measure!r}.")
    if method not in _METHODS:
        raise ModelInputError(f"method must be one of {', '.join(_METHODS)}; got {method!r}.")
    chosen = _check_model(measure, model)
    own = effect_sizes(measure, **raw)
    frame = {name: np.array(column, dtype=float) for name, column in raw.items()}
    names = label_names(labels, len(own))
    rows, silent = _telling(measure, chosen, frame)
    notes = [f"{studies(silent)} without events to compare left out."] if silent else []
    frame = {name: column[rows] for name, column in frame.items()}
    _refuse_separation(measure, frame)
    known = Studies(own["y"].to_numpy()[rows], own["v"].to_numpy()[rows])
    likelihood, alpha = _likelihood(measure, chosen, frame, points)
    found, surface, steps, common = _fit(likelihood, _start(known, alpha), method)
    tau2, typical = found.tau**2, _typical(known.v)
    best = float(sum(term.counts.best().sum() for term in likelihood.terms))
    q_lrt, q_df = max(0.0, 2.0 * (best - common)), len(rows) - 1
    free = [0, *([1] if tau2 > 0 else []), *range(2, len(surface.gradient))]
    covariance = np.linalg.inv(-surface.hessian[np.ix_(free, free)])[:1, :1]
    levels = likelihood.k if likelihood.has_levels else 0
    return MixedModelResult(
        measure,
        chosen,
        method,
        tuple(names[row] for row in rows),
        np.array([found.theta]),
        covariance,
        check_level(level),
        tau2,
        100.0 * tau2 / (tau2 + typical) if tau2 > 0 else 0.0,
        tau2 / typical + 1.0 if tau2 > 0 else 1.0,
        q_lrt,
        q_df,
        float(chdtrc(q_df, q_lrt)) if q_df else 1.0,
        surface.loglik,
        1 + levels + (method == "ML"),
        likelihood.k * (2 if levels else 1),
        Convergence(True, steps, 1),
        tuple(notes),
    )


def _check_model(measure: str, model: str | None) -> CountModel | None:
    known = _MODELS[measure]
    if not known:
        if model is not None:
            raise ModelInputError(f"{measure} is of a single group and has no model to choose; got {model!r}.")
        return None
    chosen = known[0] if model is None else check_choice(CountModel, model, "model")
    if chosen not in known:
        raise ModelInputError(f"{measure} can be fitted by {', '.join(known)}; got {model!r}.")
    return chosen


def _telling(measure: str, model: CountModel | None, frame: dict[str, Array]) -> tuple[NDArray[np.intp], int]:
    """The rows that say something of the effect, and how many complete ones do not.

    Raises ModelInputError where there is none.
    """
    complete = ~np.isnan(np.array(list(frame.values()))).any(0)
    silent = np.zeros(len(complete), bool)
    if model is not None:
        events = frame["events_1"] + frame["events_2"]
        everyone = frame["total_1"] + frame["total_2"] if measure == "OR" else np.inf
        silent = complete & ((events == 0) | (events == everyone))
    rows = np.flatnonzero(complete & ~silent)
    if not len(rows):
        raise ModelInputError("No study has both events and people without them: there is nothing to fit.")
    return rows, int(silent.sum())


def _start(known: Studies, alpha: Array) -> Parameters:
    """Where the search begins: the mean and DerSimonian and Laird's tau of the studies' own effects."""
    mean = float(np.average(known.y, weights=1.0 / known.v))
    tau2 = estimate_tau2(known.as_stack(None), Tau2Estimator.DL).value[0] if len(known.y) > 1 else 0.0
    return Parameters(mean, float(np.sqrt(tau2)), alpha)


def _refuse_separation(measure: str, frame: dict[str, Array]) -> None:
    """Raise where a group has no event (or nothing but events) in any study, so that the ratio has no estimate."""
    for name in [name for name in frame if name.startswith("events")]:
        total = frame.get(name.replace("events", "total"))
        if frame[name].sum() == 0 or (total is not None and frame[name].sum() == total.sum()):
            raise ModelInputError(
                f"{name} are 0, or as large as their totals, in all studies: {measure} has no estimate. Pool the risk "
                "difference, or use peto."
            )


def _likelihood(
    measure: str, model: CountModel | None, frame: dict[str, Array], points: int
) -> tuple[MixedLikelihood, Array]:
    """The likelihood of a model, and where to begin with the studies' levels."""
    k = len(next(iter(frame.values())))
    zeros = np.zeros(k)

    def of_one(counts: Counts, offset: Array) -> tuple[MixedLikelihood, Array]:
        return MixedLikelihood([Term(counts, offset, 0.0, 1.0)], k, False, points), zeros

    if measure == "PLO":
        return of_one(Binomial(frame["events"], frame["total"]), zeros)
    if measure == "IRLN":
        return of_one(Poisson(frame["events"]), np.log(frame["time"]))
    first, second = frame["events_1"], frame["events_2"]
    sizes = [frame[name] for name in (("total_1", "total_2") if measure == "OR" else ("time_1", "time_2"))]
    if model == CountModel.UM_FS and measure == "OR":
        terms = [
            Term(Binomial(first, sizes[0]), zeros, 1.0, 0.5),
            Term(Binomial(second, sizes[1]), zeros, 1.0, -0.5),
        ]
        share = (first + second + 0.5) / (sizes[0] + sizes[1] + 1.0)
        return MixedLikelihood(terms, k, True, points), np.log(share / (1.0 - share))
    if model == CountModel.UM_FS:
        terms = [
            Term(Poisson(first), np.log(sizes[0]), 1.0, 0.5),
            Term(Poisson(second), np.log(sizes[1]), 1.0, -0.5),
        ]
        rates = (first + second + 0.5) / (sizes[0] + sizes[1])
        return MixedLikelihood(terms, k, True, points), np.log(rates)
    if model == CountModel.CM_EL and measure == "OR":
        return of_one(NoncentralHypergeometric.of(first, sizes[0], second, sizes[1]), zeros)
    return of_one(Binomial(first, first + second), np.log(sizes[0] / sizes[1]))


def _fit(likelihood: MixedLikelihood, start: Parameters, method: str) -> tuple[Parameters, Surface, int, float]:
    """The fit, its surface and steps, and the common-effect log-likelihood; tau is 0 where that is best."""
    common, flat, steps = maximise(likelihood, start._replace(tau=0.0), random=False)
    if method == "EE" or likelihood.k == 1:
        return common, flat, steps, flat.loglik
    found, surface, more = maximise(likelihood, common._replace(tau=max(start.tau, _LEAST_SPREAD)), random=True)
    if surface.loglik <= flat.loglik + 1e-9 or found.tau < 1e-5:
        return common, flat, steps + more, flat.loglik
    return found, surface, steps + more, flat.loglik


def _typical(v: Array) -> float:
    """The typical variance of Higgins and Thompson (2002) of the studies' own effects."""
    w = 1.0 / v[np.isfinite(v)]
    rest = w.sum() - np.sum(w**2) / w.sum()
    return float((len(w) - 1) / rest) if rest > 0 else float("inf")
