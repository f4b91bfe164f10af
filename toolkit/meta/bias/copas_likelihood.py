"""The likelihood of Copas and Shi's selection model at given selection parameters, with exact derivatives.

A study with effect y and standard error s is published if u + delta > 0, where u = gamma0 + gamma1 / s and delta is
standard normal with correlation rho to the sampling error of y. The variance of y in all studies, published or not, is
sigma² = s² / (1 - c² rho²), s² being that of the published, c² = lambda(u) (u + lambda(u)) and lambda(u) = phi(u) /
Phi(u). Then y is normal with mean mu + beta s and variance w = sigma² + tau², and the density of a published effect is
that times Phi(v) / Phi(u), where v = (u w + rho sigma (y - mu - beta s)) / sqrt(w (w - rho² sigma²)) (Copas and Shi
2000, Biostatistics 1:250, and 2001, Stat Methods Med Res 10:251). ``beta`` is 0 but in the test of residual selection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import erfcx, log_ndtr

from toolkit.meta.likelihood import LOG_2PI

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_ROOT_HALF, _ROOT_TWO_OVER_PI = float(np.sqrt(0.5)), float(np.sqrt(2.0 / np.pi))


class Derivatives(NamedTuple):
    """Log-likelihoods (n,) with gradients (n, 4) and Hessians (n, 4, 4) in theta = (mu, beta, rho, tau2)."""

    loglik: Array
    gradient: Array
    hessian: Array


class CopasProblems(NamedTuple):
    """The effects ``y`` (k,) with standard errors ``s`` under n selections at once, to search many of them together.

    ``u`` (n, k) are the probits of publication; ``hazard`` and ``c2`` (n, k), the lambda(u) and c² of the module, and
    ``constant`` (n,) depend on them alone.
    """

    y: Array
    s: Array
    u: Array
    hazard: Array
    c2: Array
    constant: Array

    def take(self, rows: NDArray[np.intp]) -> CopasProblems:
        """These selections alone, or again."""
        return CopasProblems(self.y, self.s, *(part[rows] for part in self[2:]))

    def at(self, theta: Array) -> Derivatives:
        """The log-likelihoods at theta (n, 4) and their derivatives."""
        y, s, u, c2 = self.y, self.s, self.u, self.c2
        mu, beta, rho, tau2 = (theta[:, j, None] for j in range(4))
        # Of each variable: the derivatives by rho, r = y - mu - beta s standing by itself.
        r = y - mu - beta * s
        g = 1.0 - c2 * rho * rho
        sigma2 = s * s / g
        a, a1, a2 = rho * s / np.sqrt(g), s * g**-1.5, 3.0 * c2 * rho * s * g**-2.5  # a = rho sigma
        w, w1, w2 = sigma2 + tau2, 2.0 * c2 * rho * sigma2 / g, 2.0 * c2 * sigma2 * (g + 4.0 * c2 * rho * rho) / g**2
        d = tau2 + sigma2 * (1.0 - rho) * (1.0 + rho)  # w - a², without its cancellation
        d1, d2 = w1 - 2.0 * a * a1, w2 - 2.0 * (a1 * a1 + a * a2)
        q = w * d
        q_rho, q_tau = (w1 * d + w * d1) / q, (w + d) / q
        n, n_rho = u * w + a * r, u * w1 + a1 * r
        h = q**-0.5
        h_rho, h_tau = -0.5 * q_rho * h, -0.5 * q_tau * h
        h_rho_rho = h * (0.75 * q_rho**2 - 0.5 * (w2 * d + 2.0 * w1 * d1 + w * d2) / q)
        h_rho_tau = h * (0.75 * q_rho * q_tau - 0.5 * (w1 + d1) / q)
        h_tau_tau = h * (0.75 * q_tau**2 - 1.0 / q)
        v = n * h
        v_r, v_rho, v_tau = a * h, n_rho * h + n * h_rho, u * h + n * h_tau
        v_rho_rho = (u * w2 + a2 * r) * h + 2.0 * n_rho * h_rho + n * h_rho_rho
        v_rho_tau = n_rho * h_tau + u * h_rho + n * h_rho_tau
        v_tau_tau = 2.0 * u * h_tau + n * h_tau_tau
        slope = _inverse_mills(v)
        bend = -slope * (slope + v)
        square = r * r / w
        f1, f2 = 0.5 * (square - 1.0) / w, (0.5 - square) / w**2  # by w
        f_r = slope * v_r - r / w
        f_rho, f_tau = f1 * w1 + slope * v_rho, f1 + slope * v_tau
        f_r_r = bend * v_r**2 - 1.0 / w
        f_r_rho = r * w1 / w**2 + bend * v_r * v_rho + slope * (a1 * h + a * h_rho)
        f_r_tau = r / w**2 + bend * v_r * v_tau + slope * a * h_tau
        f_rho_rho = f2 * w1**2 + f1 * w2 + bend * v_rho**2 + slope * v_rho_rho
        f_rho_tau = f2 * w1 + bend * v_rho * v_tau + slope * v_rho_tau
        f_tau_tau = f2 + bend * v_tau**2 + slope * v_tau_tau
        loglik = self.constant + np.sum(log_ndtr(v) - 0.5 * (np.log(w) + square), -1)
        gradient = np.stack([-f_r.sum(-1), -f_r @ s, f_rho.sum(-1), f_tau.sum(-1)], -1)
        hessian = np.empty((len(theta), 4, 4))
        hessian[:, 0, 0], hessian[:, 0, 1], hessian[:, 1, 1] = f_r_r.sum(-1), f_r_r @ s, f_r_r @ (s * s)
        hessian[:, 0, 2], hessian[:, 1, 2] = -f_r_rho.sum(-1), -f_r_rho @ s
        hessian[:, 0, 3], hessian[:, 1, 3] = -f_r_tau.sum(-1), -f_r_tau @ s
        hessian[:, 2, 2], hessian[:, 2, 3], hessian[:, 3, 3] = (x.sum(-1) for x in (f_rho_rho, f_rho_tau, f_tau_tau))
        rows, columns = np.tril_indices(4, -1)
        hessian[:, rows, columns] = hessian[:, columns, rows]
        return Derivatives(loglik, gradient, hessian)


def copas_problems(y: Array, s: Array, u: Array) -> CopasProblems:
    """The problems of these effects and standard errors (k,) with probits of publication (n, k)."""
    hazard = _inverse_mills(u)
    constant = -np.sum(log_ndtr(u), -1) - 0.5 * len(y) * LOG_2PI
    return CopasProblems(y, s, u, hazard, hazard * (u + hazard), constant)


def _inverse_mills(u: Array) -> Array:
    """phi(u) / Phi(u), without underflow where Phi is 0 to machine precision."""
    return _ROOT_TWO_OVER_PI / erfcx(-_ROOT_HALF * u)
