"""Log-likelihoods of the normal random-effects model, profiled over the coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]

LOG_2PI = float(np.log(2 * np.pi))


class InformationCriteria(NamedTuple):
    """Fit statistics of one model: log-likelihood, deviance, and the Akaike and Bayes criteria (lower is better).

    ``bic`` is None for a restricted likelihood with as many coefficients as effects, which has no observation left.
    """

    loglik: float
    deviance: float
    aic: float
    bic: float | None
    aicc: float


def is_restricted(likelihood: str) -> bool:
    """Whether the likelihood named is the restricted one. Raises ModelInputError for another name than ML or REML."""
    if not isinstance(likelihood, str) or likelihood not in ("ML", "REML"):
        raise ModelInputError(f"likelihood must be ML or REML; got {likelihood!r}.")
    return likelihood == "REML"


def log_likelihood(stack: Stack, tau2: Array | float, *, restricted: bool) -> Array:
    """Log-likelihood of each analysis at ``tau2`` (a value an analysis), shape (n,).

    The restricted form holds the constant log det(X'X) / 2 that metafor and lme4 have (Harville 1974, Biometrika
    61:383), which makes it independent of the coding of the moderators.
    """
    return log_likelihood_of_residual(stack, tau2, stack.project(stack.weights(tau2)).form(stack.y), restricted)


def log_likelihood_of_residual(stack: Stack, tau2: Array | float, residual: Array | float, restricted: bool) -> Array:
    """The same with the weighted residual sum of squares given, for coefficients that are not the best at ``tau2``."""
    ml = -0.5 * (stack.k * LOG_2PI + stack.sum_log_variances(tau2) + residual)
    if not restricted:
        return ml
    plain = stack.project(_presence(stack)).log_determinant()
    weighted = stack.project(stack.weights(tau2)).log_determinant()
    return ml + 0.5 * (stack.p * LOG_2PI + plain - weighted)


def information_criteria(
    loglik: float, saturated: float | None, k: int, p: int, parameters: int, *, restricted: bool
) -> InformationCriteria:
    """Criteria from a log-likelihood with this many parameters, with metafor's counts of observations.

    The deviance of an unrestricted fit is taken from the saturated model, that of a restricted one from 0.
    """
    n = k - p if restricted else k
    corrected = max(n, parameters + 2)
    deviance = -2.0 * (loglik - (0.0 if restricted or saturated is None else saturated))
    return InformationCriteria(
        loglik,
        0.0 if k <= p and not restricted else deviance,
        -2.0 * loglik + 2 * parameters,
        -2.0 * loglik + parameters * float(np.log(n)) if n > 0 else None,
        -2.0 * loglik + 2 * parameters * corrected / (corrected - parameters - 1),
    )


def information_of_fit(
    marginal: Stack, v: Array, residuals: Array, parameters: int, likelihood: Literal["ML", "REML"]
) -> InformationCriteria:
    """Criteria of one fitted model from its ``residuals`` (k,) and its number of ``parameters``.

    ``marginal`` is a stack of this one analysis with the variances of the effects in the model, ``v`` (k,) are the
    sampling variances.
    """
    restricted = is_restricted(likelihood)
    residual = float(np.sum(residuals**2 / marginal.v[0]))
    loglik = float(log_likelihood_of_residual(marginal, np.zeros(1), residual, restricted)[0])
    saturated = saturated_log_likelihood(v)
    return information_criteria(loglik, saturated, len(v), marginal.p, parameters, restricted=restricted)


def saturated_log_likelihood(v: Array) -> float:
    """Log-likelihood of the model with an effect for each study, the reference of the deviance."""
    return float(-0.5 * np.sum(LOG_2PI + np.log(v)))


def _presence(stack: Stack) -> Array:
    return np.ones_like(stack.v) if stack.present is None else stack.present
