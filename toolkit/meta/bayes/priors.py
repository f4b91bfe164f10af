"""Prior distributions: of tau, the standard deviation between studies, and of mu, the mean effect.

All are on the analysis scale of the effects. A prior of tau is a distribution on tau itself, not on tau2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf, gammaincc, gammaln, ndtr, stdtr

from toolkit.errors import ModelInputError
from toolkit.meta.settings import check_number, check_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


_LARGEST = 1e100
_LOG_RANGE = 300.0


class TauPrior:
    """A distribution on tau >= 0.

    ``tail`` is the power a of its tail tau^-a, infinite for lighter tails; it decides which posteriors and moments
    exist. ``support`` are the ends, ``scales`` values of tau between which its density bends.
    """

    tail = np.inf
    proper = True

    @property
    def support(self) -> tuple[float, float]:
        """Where the density is above 0."""
        return 0.0, np.inf

    @property
    def scales(self) -> tuple[float, ...]:
        """Values of tau between which the density bends."""
        raise NotImplementedError

    def density(self, tau: ArrayLike) -> Array:
        """Density at these values of tau, of their shape; 0 outside the support."""
        values = np.asarray(tau, float)
        low, high = self.support
        inside = (values >= low) & (values <= high) & (values < np.inf)
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(inside, np.exp(self.log_density(np.where(inside, values, high if low else 1.0))), 0.0)

    def cdf(self, tau: ArrayLike) -> Array:
        """Probability of a tau up to these values, of their shape."""
        low, high = self.support
        return self._cdf(np.clip(np.asarray(tau, float), low, high))

    def log_density(self, tau: Array) -> Array:
        """Logarithm of the density at values inside the support, of their shape."""
        return self._log_density(tau)

    def slope(self, tau: float) -> float:
        """Derivative of the log density, at a value above 0."""
        return self._slope(tau)

    def _log_density(self, tau: Array) -> Array:
        raise NotImplementedError

    def _slope(self, tau: float) -> float:
        raise NotImplementedError

    def _cdf(self, tau: Array) -> Array:
        raise NotImplementedError


class _Scaled(TauPrior):
    scale: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            _keep_positive(self, name, value)

    @property
    def scales(self) -> tuple[float, ...]:
        """Values of tau between which the density bends."""
        return (self.scale,)


@dataclass(frozen=True)
class HalfNormal(_Scaled):
    """The positive half of a normal distribution with mean 0 and standard deviation ``scale``."""

    scale: float

    def _log_density(self, tau: Array) -> Array:
        return 0.5 * np.log(2 / np.pi) - np.log(self.scale) - 0.5 * (tau / self.scale) ** 2

    def _slope(self, tau: float) -> float:
        return -tau / self.scale**2

    def _cdf(self, tau: Array) -> Array:
        return erf(tau / (self.scale * np.sqrt(2)))


@dataclass(frozen=True)
class HalfT(_Scaled):
    """The positive half of a t distribution with ``df`` degrees of freedom, stretched by ``scale``."""

    scale: float
    df: float

    @property
    def tail(self) -> float:
        """The power of the tail."""
        return self.df + 1.0

    def _log_density(self, tau: Array) -> Array:
        constant = gammaln((self.df + 1) / 2) - gammaln(self.df / 2) - 0.5 * np.log(self.df * np.pi)
        power = 0.5 * (self.df + 1) * np.log1p((tau / self.scale) ** 2 / self.df)
        return np.log(2) + constant - np.log(self.scale) - power

    def _slope(self, tau: float) -> float:
        return -(self.df + 1) * tau / (self.df * self.scale**2 + tau**2)

    def _cdf(self, tau: Array) -> Array:
        return 1.0 - 2.0 * stdtr(self.df, -tau / self.scale)


@dataclass(frozen=True)
class HalfCauchy(_Scaled):
    """The positive half of a Cauchy distribution; ``scale`` is its median."""

    scale: float
    tail = 2.0

    def _log_density(self, tau: Array) -> Array:
        return np.log(2 / np.pi) - np.log(self.scale) - np.log1p((tau / self.scale) ** 2)

    def _slope(self, tau: float) -> float:
        return -2 * tau / (self.scale**2 + tau**2)

    def _cdf(self, tau: Array) -> Array:
        return 2 / np.pi * np.arctan(tau / self.scale)


@dataclass(frozen=True)
class Exponential(_Scaled):
    """An exponential distribution with mean ``scale`` (rate 1 / scale)."""

    scale: float

    def _log_density(self, tau: Array) -> Array:
        return -np.log(self.scale) - tau / self.scale

    def _slope(self, tau: float) -> float:
        return -1 / self.scale

    def _cdf(self, tau: Array) -> Array:
        return -np.expm1(-tau / self.scale)


@dataclass(frozen=True)
class InverseGamma(_Scaled):
    """An inverse gamma distribution on tau (not tau2): density proportional to tau^(-shape - 1) exp(-scale / tau)."""

    shape: float
    scale: float

    @property
    def tail(self) -> float:
        """The power of the tail."""
        return self.shape + 1.0

    def _log_density(self, tau: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = -(self.shape + 1) * np.log(tau) - self.scale / tau
        return np.where(tau > 0, self.shape * np.log(self.scale) - gammaln(self.shape) + spread, -np.inf)

    def _slope(self, tau: float) -> float:
        return (self.scale / tau - self.shape - 1) / tau

    def _cdf(self, tau: Array) -> Array:
        with np.errstate(divide="ignore"):
            return gammaincc(self.shape, self.scale / tau)


@dataclass(frozen=True)
class LogNormal(TauPrior):
    """log(tau) is normal with ``mean`` and ``sd``.

    Published priors (Turner et al. 2015, Stat Med 34:984; Rhodes et al. 2015, J Clin Epidemiol 68:52) are mostly given
    for tau2: halve both numbers.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _keep_positive(self, "sd", self.sd)
        _keep_number(self, "mean", self.mean)
        if abs(self.mean) + 10.0 * self.sd > _LOG_RANGE:
            raise ModelInputError(
                f"LogNormal has the mean and the sd of log(tau), not of tau; with {self.mean:g} and {self.sd:g} tau is "
                "beyond the range of numbers."
            )

    @property
    def scales(self) -> tuple[float, ...]:
        """Values of tau between which the density bends."""
        return tuple(np.exp(self.mean + self.sd * np.array([-10.0, 0.0, 10.0])))

    def _log_density(self, tau: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            at = np.log(tau)
            found = -at - np.log(self.sd) - 0.5 * np.log(2 * np.pi) - 0.5 * ((at - self.mean) / self.sd) ** 2
        return np.where(tau > 0, found, -np.inf)

    def _slope(self, tau: float) -> float:
        return -(1 + (np.log(tau) - self.mean) / self.sd**2) / tau

    def _cdf(self, tau: Array) -> Array:
        with np.errstate(divide="ignore"):
            return ndtr((np.log(tau) - self.mean) / self.sd)


@dataclass(frozen=True)
class Uniform(TauPrior):
    """Every tau between ``lower`` and ``upper`` is as likely as any other."""

    upper: float
    lower: float = 0.0

    def __post_init__(self) -> None:
        for name in ("upper", "lower"):
            _keep_number(self, name, getattr(self, name))
        if not 0 <= self.lower < self.upper:
            raise ModelInputError(
                f"Uniform needs 0 <= lower < upper, both finite; got lower {self.lower!r} and upper {self.upper!r}. "
                "For a uniform prior without an upper end use Flat()."
            )

    @property
    def support(self) -> tuple[float, float]:
        """The ends."""
        return self.lower, self.upper

    @property
    def scales(self) -> tuple[float, ...]:
        """Values of tau between which the density bends."""
        return (self.upper,)

    def _log_density(self, tau: Array) -> Array:
        return np.full(np.shape(tau), -np.log(self.upper - self.lower))

    def _slope(self, tau: float) -> float:
        return 0.0

    def _cdf(self, tau: Array) -> Array:
        return (tau - self.lower) / (self.upper - self.lower)


@dataclass(frozen=True)
class Flat(TauPrior):
    """Density 1 everywhere: on the real line for mu, on tau >= 0 for tau. Improper: it has no Bayes factors."""

    tail = 0.0
    proper = False

    @property
    def scales(self) -> tuple[float, ...]:
        """Values of tau between which the density bends."""
        return ()

    def _log_density(self, tau: Array) -> Array:
        return np.zeros(np.shape(tau))

    def _slope(self, tau: float) -> float:
        return 0.0

    def _cdf(self, tau: Array) -> Array:
        raise ModelInputError("A flat prior has no cdf: its density does not integrate to 1. Use Uniform(upper).")


@dataclass(frozen=True)
class Jeffreys(TauPrior):
    """The Jeffreys prior of tau for studies with sampling variances ``v``, given mu; improper.

    Its density is the root of the sum of (tau / (v_i + tau2))^2 (Roever 2020, J Stat Softw 93(6), section 2.2).
    """

    v: Sequence[float]
    tail = 1.0
    proper = False

    def __post_init__(self) -> None:
        values = check_numbers(self.v, "v")
        if values.ndim != 1 or not len(values) or not ((values > 0) & (values < np.inf)).all():
            raise ModelInputError(f"Jeffreys needs the sampling variances of the studies, all above 0; got {self.v!r}.")
        object.__setattr__(self, "v", tuple(values.tolist()))

    def __str__(self) -> str:
        return "Jeffreys"

    @property
    def scales(self) -> tuple[float, ...]:
        """Values of tau between which the density bends."""
        return ()

    def _log_density(self, tau: Array) -> Array:
        part = np.asarray(tau)[..., None] / (np.array(self.v) + np.square(tau)[..., None])
        with np.errstate(divide="ignore"):
            return 0.5 * np.log(np.square(part).sum(-1))

    def _slope(self, tau: float) -> float:
        marginal = np.array(self.v) + tau**2
        squares = (tau / marginal) ** 2
        return float((squares * (1 / tau - 2 * tau / marginal)).sum() / squares.sum())

    def _cdf(self, tau: Array) -> Array:
        raise ModelInputError("The Jeffreys prior has no cdf: its density does not integrate to 1.")


@dataclass(frozen=True)
class Normal:
    """A normal distribution for mu, with ``mean`` and standard deviation ``sd``."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _keep_positive(self, "sd", self.sd)
        _keep_number(self, "mean", self.mean)


def check_tau_prior(prior: object) -> TauPrior:
    """The prior of tau, if it is one. Raises ModelInputError otherwise."""
    if not isinstance(prior, TauPrior):
        kinds = "HalfNormal, HalfCauchy, HalfT, Exponential, InverseGamma, LogNormal, Uniform, Jeffreys or Flat"
        raise ModelInputError(f"prior must be a distribution of tau, as HalfNormal(0.5): {kinds}; got {prior!r}.")
    return prior


def check_mu_prior(mu: object) -> Normal | Flat:
    """The prior of mu, if it is one. Raises ModelInputError otherwise."""
    if not isinstance(mu, Normal | Flat):
        raise ModelInputError(f"mu must be Normal(mean, sd) or Flat(), the prior of the mean effect; got {mu!r}.")
    return mu


def _keep_positive(prior: object, name: str, value: float) -> None:
    """The parameter as a float, where it is above 0 and its square is in the range of numbers."""
    kind = type(prior).__name__
    found = check_number(value, f"{kind}'s {name}")
    if not 1.0 / _LARGEST <= found <= _LARGEST:
        raise ModelInputError(f"{kind} needs a {name} above 0 (from {1 / _LARGEST:g} to {_LARGEST:g}); got {value!r}.")
    object.__setattr__(prior, name, found)


def _keep_number(prior: object, name: str, value: float) -> None:
    object.__setattr__(prior, name, check_number(value, f"{type(prior).__name__}'s {name}"))
