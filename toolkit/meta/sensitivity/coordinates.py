"""Where studies lie in the field's diagnostic plots; what draws them is no concern of this room.

Everything is on the analysis scale of the fit (log for ratios).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects import effect_sizes
from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number, studies
from toolkit.meta.inference import critical_value
from toolkit.meta.sensitivity.deletion import delete_each
from toolkit.meta.sensitivity.residuals import residuals
from toolkit.meta.settings import check_level
from toolkit.meta.studies import study_labels
from toolkit.numbers import confidence_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_ARMS = {"OR": "PLO", "RR": "PLN", "RD": "PR", "AS": "PAS", "IRR": "IRLN", "IRD": "IR", "IRSD": "IRS"}
_STEPS = 101


@dataclass(frozen=True, eq=False, repr=False)
class StudyPoints(Shown):
    """A point a study, ``x`` and ``y`` of shape (k,); ``x_meaning`` and ``y_meaning`` say what they are.

    A coordinate that cannot be computed is NaN and ``reasons`` says why.
    """

    plot: str
    labels: tuple[str, ...]
    x: Array
    y: Array
    x_meaning: str
    y_meaning: str
    reasons: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a study: x, y, reason."""
        import pandas as pd

        return pd.DataFrame(
            {"x": self.x, "y": self.y, "reason": self.reasons}, index=pd.Index(self.labels, name="label")
        )

    def _title(self) -> str:
        return f"{self.plot}, {studies(len(self.labels))}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [("x", self.x_meaning), ("y", self.y_meaning)]
        if np.isfinite(self.y).any():
            top = int(np.nanargmax(np.abs(self.y)))
            lines.append(("Farthest from 0 in y", f"{self.labels[top]} ({number(self.x[top])}, {number(self.y[top])})"))
        return lines + [("Not available", reason) for reason in dict.fromkeys(filter(None, self.reasons))]


class Contour(NamedTuple):
    """The limits of one level, each of shape (g,)."""

    level: float
    low: Array
    high: Array


@dataclass(frozen=True, eq=False, repr=False)
class FunnelPoints(Shown):
    """Effects ``y`` against standard errors ``se``, both of shape (k,), with contours about ``reference``.

    ``contours`` hold the limits at the standard errors ``contour_se``, both of shape (g,). With a reference of 0, an
    effect outside the contour of level 0.95 has p < 0.05.
    """

    labels: tuple[str, ...]
    y: Array
    se: Array
    reference: float
    contour_se: Array
    contours: tuple[Contour, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a study: y, se."""
        import pandas as pd

        return pd.DataFrame({"y": self.y, "se": self.se}, index=pd.Index(self.labels, name="label"))

    def _title(self) -> str:
        return f"Funnel of {studies(len(self.labels))}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [("Reference", number(self.reference))]
        for level, low, high in self.contours:
            inside = (self.y >= np.interp(self.se, self.contour_se, low)) & (
                self.y <= np.interp(self.se, self.contour_se, high)
            )
            lines.append((f"Inside {confidence_level(level)}", f"{inside.sum()} of {len(self.y)}"))
        return lines


def baujat(result: MetaResult) -> StudyPoints:
    """What each study adds to Q, and how far it moves the fit (Baujat et al. 2002, Stat Med 21:2641).

    ``x`` is the squared Pearson residual (for a common effect, the study's part of Q); ``y`` the squared change of its
    fitted value when it is left out, over the variance of that value without it. As metafor's ``baujat()``, for means
    and regressions.
    """
    deleted = delete_each(result)
    variance = np.where(deleted.fit.scale > 0, deleted.predicted_variance, np.nan)
    kind = "result" if result.x is None else "fitted value"
    return StudyPoints(
        "Baujat plot",
        result.labels,
        result.residuals**2 / (result.v + result.tau2),
        (result.fitted - deleted.predicted) ** 2 / variance,
        "contribution to heterogeneity: squared Pearson residual",
        f"influence on the {kind}: its squared change without the study, in variances",
        deleted.reasons,
    )


def radial(result: MetaResult, *, centred: bool = False) -> StudyPoints:
    """Galbraith's radial plot: y / s against 1 / s, with s = sqrt(v + tau2) (Galbraith 1988, Stat Med 7:889).

    A line from the origin to a point has the study's effect as its slope; the pooled effect's line has the points
    within ±2 about it. ``centred`` takes the pooled effect from y. Raises ModelInputError for a regression.
    """
    if result.x is not None:
        raise ModelInputError("A radial plot is for a mean: this model has moderators. Plot its residuals in a funnel.")
    spread = np.sqrt(result.v + result.tau2)
    y = result.residuals if centred else result.y
    return StudyPoints(
        "Radial plot",
        result.labels,
        1.0 / spread,
        y / spread,
        "precision: 1 / sqrt(v + tau²)",
        "effect less the pooled effect, over sqrt(v + tau²)" if centred else "effect over sqrt(v + tau²)",
        ("",) * result.k,
    )


def labbe(measure: str, *, labels: Sequence[object] | None = None, **raw: ArrayLike) -> StudyPoints:
    """The outcome of group 1 (y) against that of group 2 (x), on the scale of the measure (L'Abbé et al. 1987).

    ``measure`` is one of OR (log odds), RR (log risks), RD (risks), AS (arcsines), IRR (log rates), IRD (rates), IRSD
    (square roots of rates); ``raw`` are its counts as in :func:`toolkit.effects.effect_sizes`. Studies with the same
    effect lie on a line of slope 1. A zero cell of a group is corrected as for that group alone (1/2 by default).
    Annals of Internal Medicine 107:224. Raises ModelInputError for another measure and for counts that are impossible.
    """
    if measure not in _ARMS:
        raise ModelInputError(f"A L'Abbé plot compares two groups of counts: {', '.join(_ARMS)}; got {measure!r}.")
    size = "time" if measure.startswith("IR") else "total"
    wanted = {f"{name}_{group}" for name in ("events", size) for group in (1, 2)}
    if set(raw) != wanted:
        raise ModelInputError(f"{measure} needs {', '.join(sorted(wanted))}; got {', '.join(sorted(raw)) or 'none'}.")
    first, second = (
        effect_sizes(_ARMS[measure], **{"events": raw[f"events_{group}"], size: raw[f"{size}_{group}"]})
        for group in (1, 2)
    )
    k = len(first)
    names = study_labels(labels, k)
    missing = second.attrs["missing"] | first.attrs["missing"]
    return StudyPoints(
        "L'Abbé plot",
        names,
        second["y"].to_numpy(),
        first["y"].to_numpy(),
        f"group 2, as {_ARMS[measure]}",
        f"group 1, as {_ARMS[measure]}",
        tuple(missing.get(row, "") for row in range(k)),
    )


def funnel(
    result: MetaResult,
    *,
    reference: float | None = None,
    levels: Sequence[float] = (0.90, 0.95, 0.99),
    add_tau2: bool = False,
) -> FunnelPoints:
    """A funnel: effects against standard errors, with the limits that chance alone gives effects at ``reference``.

    reference ± z sqrt(se² + tau2 if ``add_tau2``) at each of ``levels``. ``reference`` is the pooled effect (Light and
    Pillemer 1984, Summing Up); 0 gives the contour-enhanced funnel of Peters et al. (2008, J Clin Epidemiol 61:991).
    For a regression, residuals and their standard errors about 0, as in metafor. Raises ModelInputError for a level
    that is no coverage.
    """
    if result.x is None:
        y, se, centre = result.y, np.sqrt(result.v), result.estimate
    else:
        found = residuals(result)
        y, se, centre = found.residual, found.se, 0.0
    centre = centre if reference is None else float(reference)
    grid = np.linspace(0.0, float(se.max()), _STEPS)
    spread = np.sqrt(grid**2 + (result.tau2 if add_tau2 else 0.0))
    contours = []
    for level in levels:
        half = float(critical_value(check_level(level), None)) * spread
        contours.append(Contour(level, centre - half, centre + half))
    return FunnelPoints(result.labels, y, se, centre, grid, tuple(contours))
