"""What each study's counts say of a linear predictor: binomial, Poisson and noncentral hypergeometric likelihoods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from scipy.special import expit, gammaln, logit, xlogy

from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_MOST_COUNTS = 50_000  # of one study, over which an exact likelihood sums
_REACH, _LEAST_REACH = 9.0, 20.0  # of a window of these, in standard deviations and in counts


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
        share = np.where((events > 0) & (events < total), events / total, 0.5)  # the edges have a line of their own
        apart = eta - logit(share)
        # log(1 - share + share exp(apart)), exact near the best predictor, where counts of a billion leave no digits
        # to a difference of logarithms; beyond 600 the exponential would overflow.
        near = np.minimum(apart, 600.0)
        growth = np.log1p(share * np.expm1(near)) + (apart - near)
        loss = np.where(events == 0, np.logaddexp(0.0, eta), growth - share * apart)
        loss = np.where(events == total, np.logaddexp(0.0, -eta), loss)
        return Slopes(
            self.best()[:, None] - total * loss,
            events - total * probability,
            -total * probability * (1.0 - probability),
        )

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
        apart = np.minimum(eta, 700.0) - np.log(np.maximum(events, 1e-300))
        loss = np.where(events > 0, events * (np.expm1(np.minimum(apart, 700.0)) - apart), mean)
        return Slopes(self.best()[:, None] - loss, events - mean, -mean)

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

    ``lowest`` (k,) is the smallest possible count, and ``ways`` (k, m) has the logarithms of the numbers of ways to the
    counts from there on, minus infinity beyond the largest.
    """

    events: Array
    events_of_both: Array
    total_1: Array
    total_2: Array
    lowest: Array
    ways: Array

    @classmethod
    def of(cls, events_1: Array, total_1: Array, events_2: Array, total_2: Array) -> NoncentralHypergeometric:
        """The conditional distribution of ``events_1`` in two groups.

        Raises ModelInputError for counts that are not whole, and for more possible counts than can be summed.
        """
        both = events_1 + events_2
        low, high = np.maximum(0.0, both - total_2), np.minimum(total_1, both)
        for row in range(len(both)):
            if not all(float(part[row]).is_integer() for part in (events_1, total_1, events_2, total_2)):
                raise ModelInputError(
                    f"CM.EL needs whole counts; found {events_1[row]:g} of {total_1[row]:g} and {events_2[row]:g} of "
                    f"{total_2[row]:g}. Use model='UM.FS'."
                )
            if high[row] - low[row] > _MOST_COUNTS:
                raise ModelInputError(
                    f"CM.EL sums over all counts that the first group could have, {high[row] - low[row]:,.0f} for "
                    f"{events_1[row]:.0f} of {total_1[row]:.0f} and {events_2[row]:.0f} of {total_2[row]:.0f}. Use "
                    "model='UM.FS', which is as good for so many events."
                )
        values = low[:, None] + np.arange(int((high - low).max()) + 1)
        possible = values <= high[:, None]
        inside = np.where(possible, values, low[:, None])
        ways = _log_choose(total_1[:, None], inside) + _log_choose(total_2[:, None], both[:, None] - inside)
        return cls(events_1, both, total_1, total_2, low, np.where(possible, ways, -np.inf))

    def at(self, eta: Array) -> Slopes:
        """See :class:`Counts`."""
        k, m = self.ways.shape
        found = (self.events - self.lowest).astype(np.intp)
        mean, variance = expected_events(
            *(part[:, None] for part in (self.total_1, self.total_2, self.events_of_both)), eta
        )
        # Beyond so many standard deviations (and a few counts, where these are near 0) nothing is left of the sum.
        width = min(m, 2 * int(_REACH * np.sqrt(variance.max()) + _LEAST_REACH) + 1)
        middle = width // 2
        if width < m:
            first = np.clip(np.rint(mean - self.lowest[:, None]).astype(np.intp) - middle, 0, m - width)
            ways = np.lib.stride_tricks.sliding_window_view(self.ways, width, axis=1)[np.arange(k)[:, None], first]
        else:
            first, ways = np.zeros(eta.shape, np.intp), self.ways[:, None, :]
        steps = np.arange(width) - float(middle)
        logs = ways + eta[..., None] * steps
        top = logs.max(-1)
        np.exp(np.subtract(logs, top[..., None], out=logs), out=logs)
        total, one, two = np.moveaxis(logs @ np.stack([steps**0, steps, steps**2], axis=1), -1, 0)
        one, two = one / total, two / total
        apart = first + middle - found[:, None]
        own = np.take_along_axis(self.ways, found[:, None], axis=1)
        return Slopes(own - eta * apart - top - np.log(total), -(apart + one), np.minimum(one**2 - two, 0.0))

    def best(self) -> Array:
        """See :class:`Counts`."""
        eta, _ = self.own()
        inside = np.isfinite(eta)
        return np.where(inside, self.at(np.where(inside, eta, 0.0)[:, None]).loglik[:, 0], 0.0)

    def own(self) -> tuple[Array, Array]:
        """See :class:`Counts`."""
        low = self.events == self.lowest
        high = self.events == np.minimum(self.total_1, self.events_of_both)
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


def expected_events(total_1: Array, total_2: Array, events: Array, log_ratio: Array | float) -> tuple[Array, Array]:
    """Mean and variance, in large samples, of the events in group 1 given those in both and the log odds ratio.

    Breslow and Day (1980, Statistical Methods in Cancer Research 1, equations 4.30 and 4.31).
    """
    share = expit(log_ratio)
    a, b = 2.0 * share - 1.0, share * (total_1 + events) + (1.0 - share) * (total_2 - events)
    root = np.sqrt(np.maximum(b**2 - 4.0 * a * share * total_1 * events, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(b >= 0, 2.0 * share * total_1 * events / (b + root), (b - root) / (2.0 * a))
        mean = np.clip(np.nan_to_num(mean), np.maximum(0.0, events - total_2), np.minimum(total_1, events))
        cells = 1.0 / mean + 1.0 / (events - mean) + 1.0 / (total_1 - mean) + 1.0 / (total_2 - events + mean)
    return mean, 1.0 / cells


def _log_choose(total: Array, chosen: Array) -> Array:
    return gammaln(total + 1.0) - gammaln(chosen + 1.0) - gammaln(total - chosen + 1.0)
