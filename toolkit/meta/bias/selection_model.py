"""Selection models: what would the pooled effect be, were results published whatever their p-values?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr

from toolkit.errors import ModelInputError
from toolkit.meta.bias.fit_check import check_fit
from toolkit.meta.bias.selection_likelihood import Derivatives, SelectionLikelihood, SmoothSelection, StepSelection
from toolkit.meta.bias.selection_result import SelectionModel
from toolkit.meta.bias.selection_search import Maximum, Problem, harmonic_mean, highest
from toolkit.meta.bias.weight_functions import SmoothWeight, Weight
from toolkit.meta.dependence.dependent_fit import refuse_own_weights
from toolkit.meta.display import number, studies
from toolkit.meta.heterogeneity import tau2_by_maximum_likelihood
from toolkit.meta.inference import estimate_coefficients
from toolkit.meta.likelihood import log_likelihood
from toolkit.meta.settings import Convergence, Test, check_choice, check_numbers
from toolkit.meta.without_pooling.p_values import Alternative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_FEW = 4


class _Start(NamedTuple):
    """Where a search begins: tau2 as a share of the plain fit's, and units of sampling variance; every delta."""

    share: float
    units: float
    delta: float


# The plain fit, and no tau2 at all, for selection can be all of the heterogeneity; of log weights. Further starts find
# nothing higher in 1,500 fits of a step function; smooth functions need one with a large tau2 as well.
_OF_STEPS = _Start(1.0, 0.0, 0.0), _Start(0.0, 0.0, float(np.log(3.0)))
_OF_SMOOTH = _Start(1.0, 0.0, 1.0), _Start(3.0, 0.01, 0.2), _Start(0.0, 0.0, 3.0)


def selection_model(
    result: MetaResult,
    *,
    steps: Sequence[float] | None = None,
    weight: str = Weight.STEPFUN,
    alternative: str | None = None,
    precision: str | None = None,
    weights: ArrayLike | None = None,
) -> SelectionModel:
    """Fit the model of ``result`` again, allowing that results were selected for publication by their p-values.

    Hedges (1992, Stat Sci 7:246) and Vevea and Hedges (1995, Psychometrika 60:419), as metafor's ``selmodel``: the
    density of each published effect is that of the model times a weight of its p-value (see :class:`Weight`), over the
    probability of being published. ``steps`` are p-values where a step function changes (0.025 if None: the
    three-parameter model; [0.025, 0.5] the four-parameter one), or one value up to which a smooth function is 1.
    ``alternative`` is the side that is published: "greater", "less" or "two-sided" (p-values of that side); None takes
    the side of the sum of the z values. ``precision`` "se" or "v" has the selection depend on it (smooth functions;
    scaled to 1 at the least precise study). ``weights`` fixes the weights of a step function's intervals, the first
    included (Vevea and Woods 2005, Psychol Methods 10:428), so that none is estimated.

    Always by maximum likelihood with z tests; a common-effect ``result`` keeps tau2 at 0, a known tau2 is kept. The
    maximum is the highest reached from the model without selection and from a tau2 of 0; ``notes`` say where there is
    another, and where the likelihood is higher far away or without end.
    Delta is sought between 0 and 100, as in metafor. Standard errors are from the observed information. Where the
    estimate of tau2 is 0 they are those of a known tau2 of 0, as for a common-effect ``result``. (metafor's search
    stops at a tau2 just above 0. Its numerical second derivatives in tau2 then cross the bound and are huge, which
    gives the same standard errors to four digits; where it stops at about 1e-5 or more, before the maximum, its
    standard errors are larger, in our comparisons by up to 40%.)

    Raises ModelInputError for steps outside 0 to 1, an interval after the first without p-values, too few studies
    for the parameters, and for own weights of the studies.
    """
    check_fit(result, "A selection model")
    kind = check_choice(Weight, weight, "weight")
    refuse_own_weights(result, "A selection model")
    side = _side(result, alternative)
    cuts = _check_steps(kind, steps)
    sign = -1.0 if side == Alternative.LESS else 1.0
    z = sign * result.y / np.sqrt(result.v)
    p = 2.0 * ndtr(-np.abs(z)) if side == Alternative.TWO_SIDED else ndtr(-z)
    counts = np.bincount(np.searchsorted(cuts, p), minlength=len(cuts)) if len(cuts) else np.empty(0, int)
    fixed = _fixed(kind, weights, cuts)
    if fixed is None:
        _check_counts(counts, cuts)
    two_sided = side == Alternative.TWO_SIDED
    if kind == Weight.STEPFUN:
        if precision is not None:
            raise ModelInputError("precision is for smooth weight functions; a step function has none.")
        selection = StepSelection(p, cuts, two_sided, fixed)
    else:
        smooth = SmoothWeight(kind, float(cuts[0]) if len(cuts) else 0.0)
        selection = SmoothSelection(z, smooth, two_sided, _precision(result, precision))
    if result.k < result.p + result.settings.estimates_tau2 + selection.count:
        raise ModelInputError(
            f"{studies(result.k)} are too few for a model with {selection.count} selection parameters."
        )
    likelihood = SelectionLikelihood(sign * result.y, result.v, sign * result.model_matrix, selection)
    return _fit(result, kind, tuple(cuts.tolist()), side, likelihood, tuple(counts.tolist()))


def _fit(
    result: MetaResult,
    kind: Weight,
    steps: tuple[float, ...],
    side: Alternative,
    likelihood: SelectionLikelihood,
    counts: tuple[int, ...],
) -> SelectionModel:
    stack, settings, selection = result.stack, result.settings, likelihood.selection
    tau2 = tau2_by_maximum_likelihood(stack, settings, result.tau2)
    plain = estimate_coefficients(stack, tau2, Test.Z).beta[0]
    unit = harmonic_mean(result.v)
    p, d = result.p, selection.count
    held = not settings.estimates_tau2
    low = np.concatenate([np.full(p, -np.inf), [tau2[0] if held else 0.0], np.full(d, selection.bounds[0])])
    high = np.concatenate([np.full(p, np.inf), [tau2[0] if held else np.inf], np.full(d, selection.bounds[1])])
    size = np.max(np.abs(result.model_matrix), axis=0)
    scale = np.concatenate([np.sqrt(unit) / np.where(size > 0, size, 1.0), [unit], np.ones(d)])
    problem = Problem(likelihood, low, high, scale)
    if kind == Weight.STEPFUN:
        best = highest(problem, _starts(plain, _OF_STEPS, float(tau2[0]), unit, d))
        problem, best = _by_weights(problem, best)
    else:
        starts = _starts(plain, _OF_SMOOTH, float(tau2[0]), unit, d)
        best = highest(problem, starts, _far_start(likelihood, plain, unit))
    null = float(log_likelihood(stack, tau2, restricted=False)[0])
    covariance, tau2_se, delta_se, notes = _standard_errors(problem, best)
    delta = best.theta[p + 1 :]
    if kind == Weight.STEPFUN:
        delta = selection.fixed if selection.fixed is not None else np.concatenate([[1.0], delta])
        delta_se = np.concatenate([np.full(len(delta) - len(delta_se), np.nan), delta_se])
    few = [str(count) for count in counts if count < _FEW]
    if few:
        notes.append(f"Intervals with fewer than {_FEW} p-values ({', '.join(few)}): their weights are hardly known.")
    return SelectionModel(
        result, kind, steps, side, result.terms, best.theta[:p], covariance, float(best.theta[p]), tau2_se, delta,
        delta_se, best.at.loglik, null, d, counts, Convergence(best.converged, best.iterations, best.maxima),
        tuple(notes),
    )  # fmt: skip


def _starts(beta: Array, starts: Sequence[_Start], tau2: float, unit: float, d: int) -> list[Array]:
    return [
        np.concatenate([beta, [start.share * tau2 + start.units * unit], np.full(d, start.delta)]) for start in starts
    ]


def _by_weights(problem: Problem, best: Maximum) -> tuple[Problem, Maximum]:
    """A problem in log weights, and its maximum, in the weights themselves."""
    p = problem.likelihood.x.shape[1] + 1

    def natural(theta: Array) -> Array:
        return np.concatenate([theta[:p], np.exp(theta[p:])])

    theta = natural(best.theta)
    slopes = np.concatenate([np.ones(p), theta[p:]])
    hessian = best.at.hessian.copy()
    hessian[range(p, len(theta)), range(p, len(theta))] -= best.at.gradient[p:]
    at = Derivatives(best.at.loglik, best.at.gradient / slopes, hessian / (slopes * slopes[:, None]))
    farther = best.farther and best.farther._replace(theta=natural(best.farther.theta))
    problem = problem._replace(low=natural(problem.low), high=natural(problem.high))
    return problem, best._replace(theta=theta, at=at, farther=farther)


def _far_start(likelihood: SelectionLikelihood, beta: Array, unit: float) -> Array:
    """A mean far from the plain fit, on the side that is not published."""
    d, y = likelihood.selection.count, likelihood.y
    wide = float(np.var(y)) + unit
    shift = np.linalg.lstsq(likelihood.x, np.full(len(y), -2.0 * np.sqrt(wide)), rcond=None)[0]
    return np.concatenate([beta + shift, [4.0 * wide], np.ones(d)])


def _standard_errors(problem: Problem, best: Maximum) -> tuple[Array, float | None, Array, list[str]]:
    """Covariance of beta, standard errors of tau2 and delta, and what a reader should know of them."""
    p, theta = problem.likelihood.x.shape[1], best.theta
    notes = [] if best.converged else ["The search did not settle: the estimates are the best values found."]
    estimated = problem.low < problem.high
    estimated[p] &= theta[p] > 0
    inside = estimated & (theta > problem.low) & (theta < problem.high)
    covariance = _covariance(problem, best, estimated)
    if covariance is None and (inside != estimated).any():
        estimated, covariance = inside, _covariance(problem, best, inside)
        notes.append("A parameter of the weight function is given at its bound: it has no standard error.")
    elif (inside != estimated).any():
        notes.append("A parameter of the weight function lies at its bound: read its standard error with caution.")
    if covariance is None:
        covariance = np.full((len(theta), len(theta)), np.nan)
        notes.append("The information is not positive definite here, so there are no standard errors.")
    se = np.sqrt(np.diagonal(covariance))
    if problem.low[p] < problem.high[p] and theta[p] == 0:
        notes.append("tau² is 0, at its bound, and has no standard error; the others are given this tau².")
    if best.maxima > 1:
        notes.append("The likelihood has several maxima; the highest that was found is taken.")
    if best.farther is not None:
        notes.append(_of_farther(best, p))
    tau2_se = float(se[p]) if estimated[p] and np.isfinite(se[p]) else None
    return covariance[:p, :p], tau2_se, se[p + 1 :], notes


def _of_farther(best: Maximum, p: int) -> str:
    farther = best.farther
    mean = f"mean {number(farther.theta[0])}, " if p == 1 else ""
    where = f"{mean}tau² {number(farther.theta[p])}{'' if farther.converged else ', no maximum'}"
    return (
        f"Elsewhere ({where}) the log-likelihood is higher by {number(farther.at.loglik - best.at.loglik, 2)}: these "
        "studies hardly settle the model. The highest maximum near the model without selection is taken."
    )


def _covariance(problem: Problem, best: Maximum, estimated: NDArray[np.bool_]) -> Array | None:
    """Inverse of the information of the parameters that are ``estimated``, NaN for others; None if not definite."""
    rows = np.flatnonzero(estimated)
    unit = np.outer(problem.scale[rows], problem.scale[rows])
    covariance = np.full((len(estimated), len(estimated)), np.nan)
    with np.errstate(all="ignore"):
        information = -best.at.hessian[np.ix_(rows, rows)] * unit
    if not np.isfinite(information).all():
        return None
    try:
        root = np.linalg.inv(np.linalg.cholesky(information))
    except np.linalg.LinAlgError:
        return None
    covariance[np.ix_(rows, rows)] = root.T @ root * unit
    return covariance if np.isfinite(np.diagonal(covariance)[rows]).all() else None


def _side(result: MetaResult, alternative: str | None) -> Alternative:
    if alternative is None:
        return Alternative.GREATER if np.sum(result.y / np.sqrt(result.v)) >= 0 else Alternative.LESS
    return check_choice(Alternative, alternative, "alternative")


def _check_steps(kind: Weight, steps: Sequence[float] | None) -> Array:
    if steps is None:
        return np.array([0.025, 1.0]) if kind == Weight.STEPFUN else np.empty(0)
    cuts = np.unique(np.append(np.atleast_1d(check_numbers(steps, "steps")), 1.0))
    if not (cuts[0] > 0 and cuts[-1] == 1.0):
        raise ModelInputError(f"steps must be p-values between 0 and 1; got {steps!r}.")
    if kind == Weight.BETA or (kind != Weight.STEPFUN and len(cuts) != 2) or len(cuts) < 2:
        raise ModelInputError("A step function has one step or more, a smooth weight function one at most, beta none.")
    return cuts


def _check_counts(counts: NDArray[np.int64], cuts: Array) -> None:
    """The first interval may be empty, for its weight is 1 and the others are relative to it."""
    for row in np.flatnonzero(counts[1:] == 0) + 1:
        raise ModelInputError(
            f"No p-value lies between {cuts[row - 1]:g} and {cuts[row]:g}, so its weight cannot be estimated: "
            "use other steps."
        )


def _fixed(kind: Weight, weights: ArrayLike | None, cuts: Array) -> Array | None:
    if weights is None:
        return None
    if kind != Weight.STEPFUN:
        raise ModelInputError("weights are for the intervals of a step function; a smooth weight function has none.")
    fixed = check_numbers(weights, "weights")
    if fixed.shape != cuts.shape or not (np.isfinite(fixed) & (fixed > 0)).all():
        raise ModelInputError(f"weights must be {len(cuts)} numbers above 0, one an interval of a step function.")
    return fixed / fixed[0]


def _precision(result: MetaResult, precision: str | None) -> Array | None:
    if precision is None:
        return None
    if precision not in ("se", "v"):
        raise ModelInputError(f"precision must be 'se', 'v' or None; got {precision!r}.")
    values = np.sqrt(result.v) if precision == "se" else result.v
    return values / values.max()
