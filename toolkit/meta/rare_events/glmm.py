"""Generalised linear mixed models of counts: effects of rare events without a variance of each study's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc

from toolkit.effects import effect_sizes
from toolkit.errors import ModelInputError
from toolkit.meta.design import design, intercept_design
from toolkit.meta.display import studies
from toolkit.meta.heterogeneity import estimate_tau2, typical_within_variance
from toolkit.meta.rank import is_deficient
from toolkit.meta.rare_events.count_models import UNCONDITIONAL, CountModel, baselines_of, check_model, terms_of
from toolkit.meta.rare_events.mixed_likelihood import MixedLikelihood
from toolkit.meta.rare_events.mixed_result import MixedModelResult
from toolkit.meta.rare_events.random_baselines import RandomBaselines
from toolkit.meta.rare_events.separation import effect_edges, refuse_separation
from toolkit.meta.rare_events.strata import check_counts
from toolkit.meta.settings import Convergence, Tau2Estimator, check_level, check_one_of
from toolkit.meta.studies import Studies, study_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.rare_events.mixed_likelihood import Term
    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

_METHODS = ("ML", "EE")
_LEAST_SPREAD = 0.1  # of the random effects, where the search begins: at 0 the likelihood is level


def glmm(
    measure: str,
    *,
    model: str | None = None,
    method: str = "ML",
    moderators: pd.DataFrame | pd.Series | ArrayLike | str | None = None,
    data: pd.DataFrame | None = None,
    level: float = 0.95,
    labels: Sequence[object] | None = None,
    **raw: ArrayLike,
) -> MixedModelResult:
    """Fit a generalised linear mixed model to counts; effects are on the log scale.

    ``measure`` is OR (``events_1, total_1, events_2, total_2``), IRR (``events_1, time_1, events_2, time_2``), PLO
    (``events, total``: log odds) or IRLN (``events, time``: log rate), each (k,). ``model`` is one of
    :class:`CountModel` for two groups, UM.FS by default. ``method`` is ML, with normally distributed true effects, or
    EE for a common one. ``moderators`` and ``data`` are those of :func:`regression`; the effect is theirs then, and
    tau2 and the tests of heterogeneity are residual. Likelihoods are integrated over the random effect to some ten
    digits (metafor: 7 points of quadrature), but for UM.RS by Laplace's approximation, as in metafor. Studies with a
    missing count are left out, and so are those without events in both groups (or with nothing but events), which say
    nothing of a ratio; notes tell their numbers.

    Raises ModelInputError for counts and moderators that cannot be used, with their rows, and for a model that the
    measure does not have; ConvergenceError where the likelihood has no maximum.
    """
    chosen, level = check_model(measure, model), check_level(level)
    check_one_of(_METHODS, method, "method")
    frame = check_counts(raw)
    own = effect_sizes(measure, **frame)
    names = study_labels(labels, len(own))
    rows, notes = _telling(frame)
    frame = {name: column[rows] for name, column in frame.items()}
    of_effects = intercept_design(len(rows)) if moderators is None else design(moderators, len(own), data=data)
    if moderators is not None:
        of_effects = of_effects.of_rows(rows)
        _refuse_lost_rank(of_effects.x, of_effects.terms)
    x, back = _of_unit_size(of_effects.x)
    known = Studies(own["y"].to_numpy()[rows], own["v"].to_numpy()[rows]).as_stack(x)
    refuse_separation(measure, chosen, frame, x, of_effects.terms)
    terms = terms_of(measure, chosen, frame)
    if chosen == CountModel.UM_RS:
        fit = _with_random_baselines(terms, baselines_of(measure, frame), x, known, method)
    else:
        baselines = baselines_of(measure, frame) if chosen == CountModel.UM_FS else np.empty(0)
        fit = _by_quadrature(terms, baselines, x, known, method)
    q_df, q_lrt = len(rows) - len(fit.beta), max(0.0, 2.0 * (fit.saturated - fit.common))
    share = fit.tau**2 / float(typical_within_variance(known)[0]) if fit.tau > 0 else 0.0
    return MixedModelResult(
        measure,
        chosen,
        method,
        tuple(names[row] for row in rows),
        None if moderators is None else of_effects,
        back @ fit.beta,
        back @ fit.covariance @ back.T,
        level,
        fit.tau**2,
        100.0 * share / (1.0 + share),
        1.0 + share,
        q_lrt,
        q_df,
        float(chdtrc(q_df, q_lrt)) if q_df else 1.0,
        fit.q_wald,
        float(chdtrc(q_df, fit.q_wald)) if q_df else 1.0,
        fit.baseline_variance,
        fit.loglik,
        fit.parameters,
        len(rows) * (2 if chosen in UNCONDITIONAL else 1),
        Convergence(True, fit.steps, 1),
        tuple(notes),
    )


class _Fit(NamedTuple):
    """A fit, with the log-likelihoods of a common effect and of one for each study, and Wald's test of the same."""

    beta: Array
    tau: float
    covariance: Array
    loglik: float
    common: float
    saturated: float
    q_wald: float
    parameters: int
    steps: int
    baseline_variance: float | None = None


def _telling(frame: dict[str, Array]) -> tuple[NDArray[np.intp], list[str]]:
    """The rows that say something of the effect, and notes on those that do not.

    Raises ModelInputError where there is none.
    """
    complete = ~np.isnan(np.array(list(frame.values()))).any(0)
    if not complete.any():
        raise ModelInputError("There is no study with all its counts: there is nothing to fit.")
    edges = effect_edges(frame)
    silent = complete & edges.few & edges.many  # a study's own ratio is 0 over 0
    rows = np.flatnonzero(complete & ~silent)
    if not len(rows):
        raise ModelInputError("No study has both events and people without them: there is nothing to fit.")
    notes = [f"{studies(int(silent.sum()))} without events to compare left out."] if silent.any() else []
    if not complete.all():
        notes.append(f"{studies(int((~complete).sum()))} with missing counts left out.")
    return rows, notes


def _refuse_lost_rank(x: Array, terms: tuple[str, ...]) -> None:
    if len(x) < x.shape[1] or is_deficient(x):
        raise ModelInputError(
            f"The {studies(len(x))} that tell something of the effect do not suffice for {', '.join(terms)}: the "
            "others have no events to compare, or missing counts. Use fewer moderators."
        )


def _of_unit_size(x: Array) -> tuple[Array, Array]:
    """The model matrix with orthogonal columns of mean square 1, and what turns its coefficients into those of ``x``.

    Searches would not settle where a moderator is a year, or has another unit far from 1.
    """
    q, r = np.linalg.qr(x)
    size = np.sign(np.diagonal(r)) * np.sqrt(len(x))
    return q * size, np.linalg.solve(r, np.diag(size))


def _by_quadrature(terms: list[Term], baselines: Array, x: Array, known: Stack, method: str) -> _Fit:
    likelihood = MixedLikelihood(terms, x, has_baselines=len(baselines) > 0)
    p = likelihood.p
    mean = known.at_zero.coefficients(known.y)[0]
    common = found = likelihood.maximum(np.array([*mean, 0.0, *baselines]), random=False)
    steps = common.steps
    if method == "ML" and len(x) > p:
        start = np.where(np.arange(len(common.at)) == p, max(_spread(known), _LEAST_SPREAD), common.at)
        varied = likelihood.maximum(start, random=True)
        steps += varied.steps
        # At a tau of 0 the likelihood is level, so that the search only nears it.
        if varied.at[p] >= 1e-5 and varied.surface.loglik > common.surface.loglik + 1e-9:
            found = varied
    free = [row for row in range(len(found.at)) if row != p or found.at[p] > 0]
    covariance = np.linalg.inv(-found.surface.hessian[np.ix_(free, free)])[:p, :p]
    return _Fit(
        found.at[:p], float(found.at[p]), covariance, found.surface.loglik, common.surface.loglik,
        likelihood.saturated, _wald(*likelihood.own_effects(), x), p + len(baselines) + (method == "ML"), steps,
    )  # fmt: skip


def _with_random_baselines(terms: list[Term], baselines: Array, x: Array, known: Stack, method: str) -> _Fit:
    likelihood = RandomBaselines(terms, x)
    mean = known.at_zero.coefficients(known.y)[0]
    common = found = likelihood.fit(float(np.mean(baselines)), mean, 0.0)
    steps, p, k = common.steps, len(mean), len(x)
    if method == "ML" and k > p:
        found = likelihood.fit(common.baseline, common.beta, max(_spread(known), _LEAST_SPREAD))
        steps += found.steps
    saturated, q_wald = common.loglik, 0.0
    if k > p:
        best = likelihood.saturated(common, known.y[0])
        saturated, q_wald = best.loglik, _residual_form(best.information, best.effects, x)
    return _Fit(
        found.beta, found.tau, found.covariance, found.loglik, common.loglik, saturated, q_wald,
        p + 2 + (method == "ML"), steps, found.sigma**2,
    )  # fmt: skip


def _spread(known: Stack) -> float:
    """DerSimonian and Laird's tau of the studies' own effects."""
    return float(np.sqrt(estimate_tau2(known, Tau2Estimator.DL).value[0]))


def _wald(y: Array, v: Array, x: Array) -> float:
    """Wald's statistic that effects follow the model matrix, of those that are finite."""
    known = np.isfinite(y) & np.isfinite(v)
    return _residual_form(np.diag(1.0 / v[known]), y[known], x[known])


def _residual_form(information: Array, y: Array, x: Array) -> float:
    """y'P y, with P the residual-forming matrix of these effects' information; x may lack rank."""
    lean = x.T @ information
    form = y @ information @ y - (lean @ y) @ np.linalg.pinv(lean @ x) @ (lean @ y)
    return max(0.0, float(form))
