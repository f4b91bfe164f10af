"""What each study's counts say of a linear predictor: binomial, Poisson and noncentral hypergeometric likelihoods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from scipy.special import expit, gammaln, xlogy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class Slopes(NamedTuple):
    """A log-likelihood with its first and second derivatives in the linear predictor, each (k, n)."""

    loglik: Array
    first: Array
    second: Array


class Counts(Protocol):
    """The counts of k studies under one distribution."""

    def at(self, eta: Array) -> Slopes:
        """The log-likelihood at linear predictors (k, n)."""

    def best(self) -> Array:
        """The highest log-likelihood that each study can have, (k,)."""

    def own(self) -> tuple[Array, Array]:
        """The linear predictor of each study where that is, and its variance, (k,); not finite where it is infinite."""


@dataclass(frozen=True, eq=False)
class Binomial:
    """``events`` (k,) of ``total`` (k,), with the log odds as linear predictor."""

    events: Array
    total: Array

    def at(self, eta: Array) -> Slopes:
        """See :class:`Counts`."""
        events, total = self.events[:, None], self.total[:, None]
        probability = expit(eta)
        log_of_all = np.maximum(eta, 0.0) + np.log1p(np.exp(-np.abs(eta)))
        loglik = _log_choose(total, events) + events * eta - total * log_of_all
        return Slopes(loglik, events - total * probability, -total * probability * (1.0 - probability))

    def best(self) -> Array:
        """See :class:`Counts`."""
        share = self.events / self.total
        return (
            _log_choose(self.total, self.events)
            + xlogy(self.events, share)
            + xlogy(self.total - self.events, 1.0 - share)
        )

    @np.errstate(divide="ignore")
    def own(self) -> tuple[Array, Array]:
        """See :class:`Counts`."""
        rest = self.total - self.events
        return np.log(self.events) - np.log(rest), 1.0 / self.events + 1.0 / rest


@dataclass(frozen=True, eq=False)
class Poisson:
    """``events`` (k,) in person-time (k,), whose logarithm is in the linear predictor."""

    events: Array

    def at(self, eta: Array) -> Slopes:
        """See :class:`Counts`."""
        events, mean = self.events[:, None], np.exp(np.minimum(eta, 700.0))
        return Slopes(events * eta - mean - gammaln(events + 1.0), events - mean, -mean)

    def best(self) -> Array:
        """See :class:`Counts`."""
        return xlogy(self.events, self.events) - self.events - gammaln(self.events + 1.0)

    @np.errstate(divide="ignore")
    def own(self) -> tuple[Array, Array]:
        """See :class:`Counts`."""
        return np.log(self.events), 1.0 / self.events


@dataclass(frozen=True, eq=False)
class NoncentralHypergeometric:
    """``events`` (k,) in the first group given those in both, with the log odds ratio as linear predictor.

    ``values`` (k, m) are the possible counts and ``base`` (k, m) the logarithms of their numbers of ways, minus
    infinity beyond them.
    """

    events: Array
    values: Array
    base: Array

    @classmethod
    def of(cls, events_1: Array, total_1: Array, events_2: Array, total_2: Array) -> NoncentralHypergeometric:
        """The conditional distribution of ``events_1`` in two groups."""
        events = events_1 + events_2
        low, high = np.maximum(0.0, events - total_2), np.minimum(total_1, events)
        values = low[:, None] + np.arange(int((high - low).max()) + 1)
        possible = values <= high[:, None]
        inside = np.where(possible, values, low[:, None])
        ways = _log_choose(total_1[:, None], inside) + _log_choose(total_2[:, None], events[:, None] - inside)
        return cls(events_1, inside, np.where(possible, ways, -np.inf))

    def at(self, eta: Array) -> Slopes:
        """See :class:`Counts`."""
        shape, events = eta.shape, self.events[:, None]
        apart = self.values - events  # sums about the count that was found, for digits
        logs = eta[:, :, None] * apart[:, None, :]
        logs += self.base[:, None, :]
        top = logs.max(-1)
        np.exp(np.subtract(logs, top[..., None], out=logs), out=logs)
        powers = np.stack([np.ones_like(apart), apart, apart**2], axis=-1)
        total, first, second = np.moveaxis(logs @ powers, -1, 0).reshape(3, *shape)
        mean = first / total
        own = np.take_along_axis(self.base, np.argmax(self.values == events, axis=1)[:, None], axis=1)
        return Slopes(own - top - np.log(total), -mean, np.minimum(mean**2 - second / total, 0.0))

    def best(self) -> Array:
        """See :class:`Counts`."""
        eta, _ = self.own()
        inside = np.isfinite(eta)
        return np.where(inside, self.at(np.where(inside, eta, 0.0)[:, None]).loglik[:, 0], 0.0)

    def own(self) -> tuple[Array, Array]:
        """See :class:`Counts`."""
        highest = np.where(np.isfinite(self.base), self.values, 0.0).max(1)
        low, high = self.events == self.values.min(1), self.events == highest
        eta = np.zeros((len(self.events), 1))
        for _ in range(100):
            found = self.at(eta)
            step = np.clip(-found.first / np.minimum(found.second, -1e-12), -2.0, 2.0)
            step[low | high] = 0.0
            eta = eta + step
            if np.abs(step).max(initial=0.0) < 1e-12:
                break
        variance = -1.0 / np.minimum(self.at(eta).second[:, 0], -1e-300)
        own = np.where(low, -np.inf, np.where(high, np.inf, eta[:, 0]))
        return own, np.where(low | high, np.inf, variance)


def _log_choose(total: Array, chosen: Array) -> Array:
    return gammaln(total + 1.0) - gammaln(chosen + 1.0) - gammaln(total - chosen + 1.0)
