"""Profile-likelihood limits of one variance or correlation of the random effects, all else fitted anew at each value.

Hardy and Thompson (1996, Stat Med 15:619) for any parameter of the random effects, as metafor's ``confint`` for
``rma.mv``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError
from toolkit.meta.dependence.component_search import maximise
from toolkit.meta.inference import critical_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from toolkit.meta.dependence.covariance_model import CovarianceModel

    Array = NDArray[np.float64]

_MOST_DOUBLINGS = 30  # a billion times the variance


class Component(NamedTuple):
    """A variance or correlation with its ``estimate`` and bounds, and where it stands in the search.

    It is parameter ``at`` of ``model``, where its value is that of ``as_parameter``; ``starts`` hold the other
    parameters, of which ``held`` stay there. A ``reason`` says why it has no limits.
    """

    name: str
    estimate: float
    low: float
    high: float
    model: CovarianceModel
    at: int
    as_parameter: Callable[[float], float]
    starts: Sequence[Array]
    held: NDArray[np.bool_]
    reason: str = ""


class Limits(NamedTuple):
    """Limits of a component, NaN with a ``reason`` where there is none."""

    ci_low: float
    ci_high: float
    reason: str


def profile_log_likelihood(component: Component, value: float) -> float:
    """The highest log-likelihood with the component at this value.

    Raises ConvergenceError where the search for the other parameters does not settle.
    """
    fixed = component.held | (np.arange(len(component.held)) == component.at)
    starts = []
    for start in component.starts:
        start = start.copy()
        start[component.at] = component.as_parameter(value)
        starts.append(start)
    return maximise(component.model, starts, fixed).gls.loglik


def profile_limits(component: Component, loglik: float, scale: float, level: float) -> Limits:
    """Where twice the log-likelihood has fallen by the chi-square quantile from ``loglik``, that of the fit.

    A bound where it has not fallen so far is a limit itself. ``scale`` is a variance to step up by.
    """
    from scipy.optimize import brentq  # here: 0.1 s that most fits do not need

    if component.reason:
        return Limits(np.nan, np.nan, component.reason)
    wanted = loglik - 0.5 * float(critical_value(level, None)) ** 2

    def above(value: float) -> float:
        return profile_log_likelihood(component, value) - wanted

    def root(low: float, high: float) -> float:
        return float(brentq(above, low, high, xtol=1e-12 * max(abs(low), abs(high)), rtol=1e-10))

    low, estimate, high = component.low, component.estimate, component.high
    try:
        below = root(low, estimate) if estimate > low and above(low) < 0 else low
        if np.isfinite(high):
            return Limits(below, root(estimate, high) if estimate < high and above(high) < 0 else high, "")
        beyond = estimate + max(estimate, scale)
        for _ in range(_MOST_DOUBLINGS):
            if above(beyond) < 0:
                return Limits(below, root(estimate, beyond), "")
            beyond *= 2.0
    except ConvergenceError:
        return Limits(np.nan, np.nan, "the search for the other variances does not settle on the way to the limits")
    return Limits(below, np.nan, "the likelihood stays high however large the variance is")
