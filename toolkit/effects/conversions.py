"""From one effect measure to another, where no raw numbers are at hand, with a note on what the step assumed.

``y`` and ``v`` go in and come out on the analysis scale (log for OR and RR, as they are for SMD and COR), single
numbers or arrays of shape (k,). Variances are carried over by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.effects.latent import LOGISTIC, NORMAL
from toolkit.effects.measures import find_measure
from toolkit.effects.raw import complete_columns, require
from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


class Trait(StrEnum):
    """The distribution of the trait below an event: logistic (Hasselblad and Hedges) or normal (Cox and Snell)."""

    LOGISTIC = "logistic"
    NORMAL = "normal"


@dataclass(frozen=True, eq=False, repr=False)
class Conversion:
    """Effect sizes of another measure: ``y`` and ``v`` of shape (k,) on its analysis scale, and what was assumed."""

    measure: str
    y: Array
    v: Array
    assumed: str

    @property
    def natural(self) -> Array:
        """The effects as they would be printed (a ratio, not its log)."""
        return find_measure(self.measure).back_transform(self.y)

    def to_frame(self) -> pd.DataFrame:
        """Columns y and v, as from ``effect_sizes``; the measure and what was assumed stand in ``attrs``."""
        import pandas as pd

        frame = pd.DataFrame({"y": self.y, "v": self.v})
        frame.attrs.update(measure=self.measure, assumed=self.assumed)
        return frame

    def __str__(self) -> str:
        return f"Converted to {self.measure}. {self.assumed}\n{self.to_frame()}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<p>Converted to {self.measure}. {self.assumed}</p>{self.to_frame().to_html()}"


def odds_ratio_to_smd(y: ArrayLike, v: ArrayLike, *, trait: str = "logistic") -> Conversion:
    """Log odds ratios as standardised mean differences: times √3/π (Chinn 2000, Stat Med 19:3127), or over 1.65.

    ``trait``: the distribution that the event splits, "logistic", or "normal" for Cox and Snell's factor 1.65 (1989).
    """
    effects, variances = _effects(y, v)
    factor = _factor(trait)
    return Conversion("SMD", effects / factor, variances / factor**2, _threshold(trait))


def smd_to_odds_ratio(y: ArrayLike, v: ArrayLike, *, trait: str = "logistic") -> Conversion:
    """Standardised mean differences as log odds ratios, the inverse of :func:`odds_ratio_to_smd`."""
    effects, variances = _effects(y, v)
    factor = _factor(trait)
    return Conversion("OR", factor * effects, factor**2 * variances, _threshold(trait))


def smd_to_correlation(
    y: ArrayLike, v: ArrayLike, *, n_1: ArrayLike | None = None, n_2: ArrayLike | None = None
) -> Conversion:
    """Standardised mean differences as correlations of group and outcome.

    r = d / √(d² + a), v_r = a² v / (d² + a)³, with a = (n_1 + n_2)² / (n_1 n_2), which is 4 for groups of equal size
    (Borenstein et al. 2009, Introduction to Meta-Analysis, chapter 7). Raises ModelInputError if one size is given
    without the other.
    """
    if (n_1 is None) != (n_2 is None):
        raise ModelInputError("Give both n_1 and n_2, or neither for groups of equal size.")
    columns = complete_columns({"y": y, "v": v} | ({} if n_1 is None else {"n_1": n_1, "n_2": n_2}))
    d, variances = _checked(columns)
    a, assumed = 4.0, "The two groups are taken to be of equal size"
    if n_1 is not None:
        for name in ("n_1", "n_2"):
            require(columns[name] > 0, name, columns[name], "be above 0", "Check the group size.")
        a = (columns["n_1"] + columns["n_2"]) ** 2 / (columns["n_1"] * columns["n_2"])
        assumed = "The groups' sizes are taken as fixed"
    total = d**2 + a
    assumed += ", and the correlation as that of group and outcome, not of a trait below the groups."
    return Conversion("COR", d / np.sqrt(total), a**2 * variances / total**3, assumed)


def correlation_to_smd(y: ArrayLike, v: ArrayLike) -> Conversion:
    """Correlations as standardised mean differences: d = 2 r / √(1 - r²), v_d = 4 v / (1 - r²)³.

    Borenstein et al. (2009), chapter 7; ``y`` is r itself, not Fisher's z. Raises ModelInputError for |r| of 1 or more.
    """
    r, variances = _effects(y, v)
    require(np.abs(r) < 1, "y", r, "lie between -1 and 1", "Give r itself, not Fisher's z.")
    rest = 1 - r**2
    assumed = "One of the two variables is taken to split a normal trait into two groups of equal size."
    return Conversion("SMD", 2 * r / np.sqrt(rest), 4 * variances / rest**3, assumed)


def odds_ratio_to_risk_ratio(y: ArrayLike, v: ArrayLike, *, baseline_risk: ArrayLike) -> Conversion:
    """Log odds ratios as log risk ratios: RR = OR / (1 - p + p OR), with p the risk in group 2.

    Zhang and Yu (1998, JAMA 280:1690); Cochrane Handbook 15.4.4.3. Raises ModelInputError for risks beyond 0 and 1.
    """
    effects, variances, risk = _with_risk(y, v, baseline_risk)
    denominator = 1 - risk + risk * np.exp(effects)
    slope = (1 - risk) / denominator
    return Conversion("RR", effects - np.log(denominator), slope**2 * variances, _risk(risk))


def risk_ratio_to_odds_ratio(y: ArrayLike, v: ArrayLike, *, baseline_risk: ArrayLike) -> Conversion:
    """Log risk ratios as log odds ratios: OR = RR (1 - p) / (1 - p RR), with p the risk in group 2.

    The inverse of :func:`odds_ratio_to_risk_ratio`. Raises ModelInputError also where the risk in group 1, p RR, would
    be 1 or more.
    """
    effects, variances, risk = _with_risk(y, v, baseline_risk)
    other = risk * np.exp(effects)
    require(other < 1, "baseline_risk", risk, "keep the risk in group 1 below 1", "Check the risk and the ratio.")
    return Conversion("OR", effects + np.log1p(-risk) - np.log1p(-other), variances / (1 - other) ** 2, _risk(risk))


def _effects(y: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    return _checked(complete_columns({"y": y, "v": v}))


def _checked(columns: dict[str, Array]) -> tuple[Array, Array]:
    require(columns["v"] > 0, "v", columns["v"], "be above 0", "It is the squared standard error.")
    return columns["y"], columns["v"]


def _with_risk(y: ArrayLike, v: ArrayLike, baseline_risk: ArrayLike) -> tuple[Array, Array, Array]:
    columns = complete_columns({"y": y, "v": v, "baseline_risk": baseline_risk})
    risk = columns["baseline_risk"]
    require((risk > 0) & (risk < 1), "baseline_risk", risk, "lie between 0 and 1", "30% is 0.3.")
    return *_checked(columns), risk


def _factor(trait: str) -> float:
    try:
        return {Trait.LOGISTIC: LOGISTIC, Trait.NORMAL: NORMAL}[Trait(trait)]
    except ValueError:
        raise ModelInputError(f"trait must be logistic or normal; got {trait!r}.") from None


def _threshold(trait: str) -> str:
    return f"The event is taken to be a {trait} trait beyond a threshold, of equal spread in both groups."


def _risk(risk: Array) -> str:
    shown = f"{risk.min():.3g}" if np.ptp(risk) == 0 else f"{risk.min():.3g} to {risk.max():.3g}"
    return f"The risk in group 2 is taken to be {shown}, and as known without error."
