"""The likelihood of a location-scale model and its maximum: tau2 differs between studies as moderators say.

tau2_i = exp(z_i'alpha) or z_i'alpha; the coefficients of the mean are profiled out, so that the likelihood is one of
alpha alone. With P the matrix of :mod:`toolkit.meta.projection` at weights 1 / (v + tau2), its derivatives with respect
to tau2 are, for the restricted form, ((Py)_i^2 - P_ii) / 2 and P_ij^2 / 2 - (Py)_i P_ij (Py)_j; for the full form
w_i stands in place of P_ii, and P_ij^2 is w_i^2 where i = j and 0 elsewhere (Harville 1977, J Am Stat Assoc 72:320).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError
from toolkit.meta.likelihood import log_likelihood
from toolkit.meta.projection import DesignProjection
from toolkit.meta.stack import Stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_LARGEST_LOG = 300.0  # exp of more overflows once it is squared
_ARRIVED = 1e-3  # a search whose next step would change log(tau2) by no more has arrived


class Link(StrEnum):
    """What is linear in the moderators of the scale: the logarithm of tau2, or tau2 itself."""

    LOG = "log"
    IDENTITY = "identity"


class ScaleModel(NamedTuple):
    """Data of a location-scale model: y and v (k,), model matrices x (k, p) of the mean and z (k, q) of the scale."""

    y: Array
    v: Array
    x: Array
    z: Array
    link: Link
    restricted: bool

    def tau2(self, alpha: Array) -> Array:
        """The heterogeneity of each study, shape (k,)."""
        linear = self.z @ alpha
        return np.exp(np.minimum(linear, _LARGEST_LOG)) if self.link == Link.LOG else linear

    def loglik(self, alpha: Array) -> float:
        """Log-likelihood at the best coefficients of the mean; -inf where a tau2 is negative."""
        tau2 = self.tau2(alpha)
        if (tau2 < 0).any():
            return -np.inf
        stack = Stack(self.y[None], (self.v + tau2)[None], self.x[None])
        return float(log_likelihood(stack, np.zeros(1), restricted=self.restricted)[0])

    def derivatives(self, alpha: Array) -> tuple[Array, Array]:
        """Gradient (q,) and Hessian (q, q) of the log-likelihood in alpha."""
        tau2 = self.tau2(alpha)
        p = DesignProjection(1.0 / (self.v + tau2), self.x)
        py = p.w * p.residuals(self.y)
        hat, u = p.hat(), p.basis()
        slope = 0.5 * (py**2 - (p.w * (1.0 - hat) if self.restricted else p.w))
        first = (tau2 if self.link == Link.LOG else np.ones_like(tau2))[:, None] * self.z
        hessian = 0.5 * (first.T * p.w**2) @ first
        if self.restricted:
            crossed = first.T @ (u[:, :, None] * u[:, None, :]).reshape(len(u), -1)
            hessian += 0.5 * (crossed @ crossed.T) - (first.T * (p.w**2 * hat)) @ first
        pulled = py[:, None] * first
        hessian -= (pulled.T * p.w) @ pulled - (pulled.T @ u) @ (pulled.T @ u).T
        if self.link == Link.LOG:
            hessian += (self.z.T * (tau2 * slope)) @ self.z
        return first.T @ slope, hessian


class ScaleFit(NamedTuple):
    """The maximum: alpha (q,), its covariance from the observed information, None where a tau2 is 0 at the bound."""

    alpha: Array
    covariance: Array | None
    loglik: float


def maximise(model: ScaleModel, tau2: float) -> ScaleFit:
    """The highest maximum found from several starts; ``tau2`` is the heterogeneity of the model with one for all.

    Raises ConvergenceError where the likelihood rises for ever (log link: tau2 runs towards 0 for some studies).
    """
    # Orthogonal columns of unit length make one step size fit all scale coefficients.
    basis, back = np.linalg.qr(model.z)
    size = np.sqrt(len(model.y))
    turned, back = model._replace(z=basis * size), back / size
    search = _search_log if model.link == Link.LOG else _search_identity
    found = [search(turned, start) for start in _starts(turned, tau2)]
    gamma = max(found, key=turned.loglik)
    if model.link == Link.LOG:
        _refuse_unbounded(turned, gamma)
    inverse = np.linalg.inv(back)
    return ScaleFit(inverse @ gamma, _covariance(turned, gamma, inverse), turned.loglik(gamma))


def _starts(model: ScaleModel, tau2: float) -> list[Array]:
    """Constant tau2, at the estimate and above it, and, for the log link, what squared residuals suggest."""
    typical = len(model.v) / np.sum(1.0 / model.v)
    levels = [max(tau2, 0.01 * typical), tau2 + 0.3 * typical]
    if model.link == Link.IDENTITY:
        return [_constant(model, level) for level in levels]
    starts = [_constant(model, np.log(level)) for level in levels]
    p = DesignProjection(1.0 / (model.v + tau2), model.x)
    excess = np.maximum(p.residuals(model.y) ** 2 - model.v, 0.05 * model.v)
    return [*starts, np.linalg.lstsq(model.z, np.log(excess), rcond=None)[0]]


def _constant(model: ScaleModel, level: float) -> Array:
    """The coefficients nearest to one level for all studies (without an intercept in z that may not be exact)."""
    return np.linalg.lstsq(model.z, np.full(len(model.y), level), rcond=None)[0]


def _search_log(model: ScaleModel, start: Array) -> Array:
    from scipy.optimize import minimize  # here: 0.1 s that other models do not need

    found = minimize(
        lambda gamma: -model.loglik(gamma),
        start,
        jac=lambda gamma: -model.derivatives(gamma)[0],
        hess=lambda gamma: -model.derivatives(gamma)[1],
        method="trust-exact",
        options={"gtol": 1e-9, "maxiter": 500},
    )
    return _polished(model, found.x)


def _search_identity(model: ScaleModel, start: Array) -> Array:
    from scipy.optimize import minimize

    unit = float(np.mean(model.v))  # the search is told of alpha in units of the mean variance
    found = minimize(
        lambda scaled: -model.loglik(scaled * unit) if (model.z @ scaled >= 0).all() else 1e10,
        start / unit,
        jac=lambda scaled: -unit * model.derivatives(np.asarray(scaled) * unit)[0],
        constraints={"type": "ineq", "fun": lambda scaled: model.z @ scaled, "jac": lambda _: model.z},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    gamma = _within(model, found.x * unit, start)
    return gamma if (model.tau2(gamma) <= 1e-8 * unit).any() else _polished(model, gamma)


def _within(model: ScaleModel, gamma: Array, inner: Array) -> Array:
    """The point, drawn towards an inner one as far as rounding pushed a tau2 below 0."""
    low, inside = model.z @ gamma, model.z @ inner
    below = low < 0
    if not below.any():
        return gamma
    share = float(np.max(low[below] / (low[below] - np.maximum(inside[below], np.finfo(float).tiny))))
    return gamma + min(share * (1.0 + 1e-9), 1.0) * (inner - gamma)


def _polished(model: ScaleModel, gamma: Array) -> Array:
    """A few Newton steps from a point near the maximum, each taken only where the likelihood does not fall."""
    for _ in range(5):
        gradient, hessian = model.derivatives(gamma)
        if np.linalg.eigvalsh(hessian).max() >= 0:
            return gamma
        trial = gamma - np.linalg.solve(hessian, gradient)
        if not model.loglik(trial) >= model.loglik(gamma):
            return gamma
        gamma = trial
    return gamma


def _refuse_unbounded(model: ScaleModel, gamma: Array) -> None:
    """Raise where Newton's steps would go on; they are near 1 where the likelihood levels out as log(tau2) falls."""
    gradient, hessian = model.derivatives(gamma)
    if np.linalg.eigvalsh(hessian).max() < 0:
        step = np.linalg.solve(-hessian, gradient)
        if np.abs(model.z @ step).max() < _ARRIVED:
            return
    raise ConvergenceError(
        "The scale coefficients do not settle: the likelihood rises while tau2 of some studies runs towards 0 "
        f"(the smallest is {model.tau2(gamma).min():.3g}). Use link='identity', which allows tau2 = 0, or fewer "
        "moderators of the scale."
    )


def _covariance(model: ScaleModel, gamma: Array, inverse: Array) -> Array | None:
    at_bound = model.link == Link.IDENTITY and (model.tau2(gamma) <= 1e-8 * np.mean(model.v)).any()
    _, hessian = model.derivatives(gamma)
    if at_bound or np.linalg.eigvalsh(hessian).max() >= 0:
        return None
    return inverse @ np.linalg.inv(-hessian) @ inverse.T
