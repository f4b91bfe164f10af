"""Copas and Shi's selection model: the pooled effect as ever fewer of the imprecise studies are published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.bias.copas_fits import NO_SELECTION, CopasFits, CopasPoint
from toolkit.meta.bias.fit_check import check_mean, check_precision_varies
from toolkit.meta.bias.trim_and_fill import MissingSide
from toolkit.meta.dependence.dependent_fit import refuse_own_weights
from toolkit.meta.display import Shown, number, p_value, studies, with_limits
from toolkit.meta.settings import Convergence, check_choice, check_count, check_fraction, check_number, check_numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_STEP = 0.05
_GRID = 12  # points a side of the grid that gives the slope
_FLAT = 1e-4  # of the least standard error: a surface that changes less is flat
_LEAST_PROBIT = -8.0  # of a probability of 6e-16


@dataclass(frozen=True, eq=False)
class CopasModel(Shown):
    """Fits along a path of growing selection, ``path``, the first without selection; effects on the analysis scale.

    Studies are thought to be missing on ``side``. The path is a straight line in the selection parameters, scaled to 0
    to 1 over ``gamma0_range`` and ``gamma1_range``, which leaves (1, 1) with ``slope``. ``adjusted`` is the point with
    the least selection whose p of residual selection is above ``alpha``; None, with a ``reason``, where there is
    none. ``convergence`` is that of all fits: their iterations together, and the most maxima of one.
    """

    result: MetaResult
    side: MissingSide
    slope: float
    gamma0_range: tuple[float, float]
    gamma1_range: tuple[float, float]
    alpha: float
    path: tuple[CopasPoint, ...]
    adjusted: CopasPoint | None
    reason: str
    convergence: Convergence
    notes: tuple[str, ...]

    def at(self, gamma0: float, gamma1: float) -> CopasPoint:
        """The fit at selection parameters of your own: a study is published with probability Phi(gamma0 + gamma1 / se).

        Raises ModelInputError for parameters that are not finite, for a negative gamma1, by which precise studies would
        be published less often, and for a probability of publication of 0.
        """
        gamma0, gamma1 = check_number(gamma0, "gamma0"), check_number(gamma1, "gamma1", 0.0)
        if gamma0 + gamma1 / np.sqrt(self.result.v.max()) < _LEAST_PROBIT:
            raise ModelInputError(f"With gamma0 {gamma0:g} and gamma1 {gamma1:g} a study would never be published.")
        return CopasFits(self.result, self.side).points(np.array([gamma0]), np.array([gamma1]))[0]

    def surface(self, points: int = 20) -> pd.DataFrame:
        """Estimates over a grid of ``points`` by ``points``: gamma0, gamma1, probability, estimate.

        ``probability`` is that of publishing the least precise study. Raises ModelInputError below 2 points.
        """
        import pandas as pd

        points = check_count(points, "points", 2)
        gamma0, gamma1 = (np.linspace(*ends, points) for ends in (self.gamma0_range, self.gamma1_range))
        fits = CopasFits(self.result, self.side)
        rows = {"gamma0": np.repeat(gamma0, points), "gamma1": np.tile(gamma1, points)}
        rows["probability"] = fits.probability(rows["gamma0"], rows["gamma1"])
        return pd.DataFrame(rows | {"estimate": fits.estimates(gamma0, gamma1).ravel()})

    def to_frame(self) -> pd.DataFrame:
        """The path, a row a point with the fields of :class:`CopasPoint`; ``adjusted`` marks the adjusted one."""
        import pandas as pd

        rows = [asdict(point) | {"adjusted": point is self.adjusted} for point in self.path]
        return pd.DataFrame(rows)

    def _title(self) -> str:
        return f"Copas selection model, {studies(self.result.k)}, missing on the {self.side}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [("Not adjusted", self._effect(self.path[0]))]
        if self.adjusted is None:
            lines.append(("Adjusted", self.reason))
        else:
            lines.append(("Adjusted", f"{self._effect(self.adjusted)}; {self.adjusted.unpublished:.1f} unpublished"))
        for point in self.path:
            shown = f"{self._effect(point)}; residual selection p {p_value(point.residual_p)}"
            lines.append((f"Published {point.probability:.2f}", f"{shown}; {point.unpublished:.1f} unpublished"))
        return lines + [("Note", note) for note in self.notes]

    def _effect(self, point: CopasPoint) -> str:
        limits = with_limits(point.estimate, point.ci_low, point.ci_high, self.result.level)
        return f"{limits}, p {p_value(point.p_value)}"


def copas_model(
    result: MetaResult,
    *,
    side: str | None = None,
    probabilities: ArrayLike | None = None,
    slope: float | None = None,
    alpha: float = 0.1,
) -> CopasModel:
    """Fit the selection model of Copas and Shi (2000, Biostatistics 1:247; 2001, Stat Methods Med Res 10:251).

    A study is published with probability Phi(gamma0 + gamma1 / se), more often where its error is on one side. The data
    hardly say how strong this selection is, so the mean, tau2 and rho, the correlation of publication with the studies'
    errors, are fitted by maximum likelihood under many given selections. As in R's metasens (Carpenter et al. 2009,
    J Clin Epidemiol 62:624) gamma1 goes from 0 to 1.29 / (1 / least se - 1 / largest se), gamma0 from -0.25 - (largest
    gamma1) / (largest se) to 2, and the path of growing selection leaves the corner of both maxima at right angles to
    the contours of the estimate, here to the plane that fits it best over a grid; ``slope`` sets its slope, in units of
    both ranges. Its points are at ``probabilities`` of publishing the study with the largest standard error; None takes
    0.95, 0.9, ... down to the end of the path. ``side`` is where studies are missing, "left" (rho of 0 or more) or
    "right"; None takes left where effects rise with their standard errors (weights 1 / v). metasens starts its search
    on that side but lets rho cross 0; here it does not, so that each point is the best fit of selection on that side.

    The p-value of residual selection is of the likelihood ratio for a term beta se in the mean (chi-square, 1 df);
    the number of unpublished studies is the sum of (1 - P) / P over the studies. The adjusted estimate has the least
    selection on the path whose p is above ``alpha``. Standard errors are from the observed information and tests
    are z; a common-effect ``result`` keeps tau2 at 0, a known tau2 is kept.

    Raises ModelInputError for a regression, own weights, below 4 studies, standard errors that are all the same, a
    slope below 0, arguments that are no numbers, and probabilities that the path does not reach.
    """
    chosen = None if side is None else check_choice(MissingSide, side, "side")
    check_mean(result, "The Copas model")
    refuse_own_weights(result, "The Copas model")
    if result.k < 4:
        raise ModelInputError("The Copas model and its test have 4 parameters: it needs 4 studies or more.")
    check_precision_varies(result)
    s = np.sqrt(result.v)
    alpha = check_fraction(alpha, "alpha")
    fits = CopasFits(result, _side(result) if chosen is None else chosen)
    gamma1 = 1.29 / float(1.0 / s.min() - 1.0 / s.max())
    gamma0 = -0.25 - gamma1 / float(s.max())
    ranges = (gamma0, 2.0), (0.0, gamma1)
    slope = _slope(fits, *ranges) if slope is None else check_number(slope, "slope", 0.0)
    path = fits.points(*np.vstack([NO_SELECTION, _path(fits, *ranges, slope, probabilities)]).T)
    passed = [point for point in path if point.residual_p > alpha]
    reason = ""
    if not passed:
        reason = "Effects go with standard errors beyond what any selection along the path explains: p of residual "
        reason += f"selection is {alpha:g} or less throughout."
    return CopasModel(
        result, fits.side, slope, *ranges, alpha, path, passed[0] if passed else None, reason,
        fits.convergence, fits.notes,
    )  # fmt: skip


def _side(result: MetaResult) -> MissingSide:
    s, w = np.sqrt(result.v), 1.0 / result.v
    rise = float(np.sum(w * (s - np.average(s, weights=w)) * result.y))
    return MissingSide.LEFT if rise > 0 else MissingSide.RIGHT


def _slope(fits: CopasFits, gamma0_range: tuple[float, float], gamma1_range: tuple[float, float]) -> float:
    """How steeply the estimate changes in gamma1 over how steeply in gamma0, both scaled; 0 where it does not change.

    Of least squares on a plane; a slope below 0 would lead out of the ranges, and is 0.
    """
    estimates = fits.estimates(np.linspace(*gamma0_range, _GRID), np.linspace(*gamma1_range, _GRID))
    if np.ptp(estimates) <= _FLAT * float(fits.s.min()):
        return 0.0
    centred = np.linspace(-1.0, 1.0, _GRID)
    by_gamma0, by_gamma1 = centred @ estimates.mean(1), centred @ estimates.mean(0)
    return max(0.0, float(by_gamma1 / by_gamma0)) if by_gamma0 else 0.0


def _path(
    fits: CopasFits,
    gamma0_range: tuple[float, float],
    gamma1_range: tuple[float, float],
    slope: float,
    probabilities: ArrayLike | None,
) -> Array:
    """The selection parameters (n, 2) of the points on the line, from the least selection to the most."""
    corner = np.array([gamma0_range[1], gamma1_range[1]])
    way = np.array([np.ptp(gamma0_range), slope * np.ptp(gamma1_range)]) / max(1.0, slope)
    first, last = (float(fits.probability(*(corner - t * way))) for t in (0.0, 1.0))
    if probabilities is None:
        wanted = np.arange(round(0.95 / _STEP), 0, -1) * _STEP
        wanted = wanted[(wanted <= first) & (wanted >= last)]
    else:
        wanted = np.unique(np.atleast_1d(check_numbers(probabilities, "probabilities")))[::-1]
        if not ((wanted <= first) & (wanted >= last)).all():
            raise ModelInputError(
                f"On this path the least precise study is published with probabilities from {number(last)} to "
                f"{number(first)}; probabilities beyond cannot be reached (see CopasModel.at)."
            )
    return corner - fits.steps(corner, way, wanted)[:, None] * way
