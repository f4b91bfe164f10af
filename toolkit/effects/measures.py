"""The effect measures: what each is called, on which scale it is pooled, and the way there and back.

A value is *natural* as a paper prints it (an odds ratio of 1.8, a correlation of 0.3), or on the *analysis scale* on
which its sampling distribution is near normal (log 1.8, Fisher's z of 0.3). Codes are those of metafor's ``escalc``
(Viechtbauer 2010, J Stat Softw 36(3)), plus five for values that are taken as reported: HR, RATIO, PERCENT, COEF and
GEN. A percent change is pooled as the log of its ratio, so that RATIO and PERCENT share their analysis scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from toolkit.effects.raw import describe_rows
from toolkit.errors import ModelInputError, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray


class Scale(StrEnum):
    """The analysis scale of a measure."""

    IDENTITY = "identity"
    LOG = "log"
    FISHER_Z = "fisher-z"
    LOGIT = "logit"
    ARCSINE = "arcsine"
    DOUBLE_ARCSINE = "double-arcsine"
    SQUARE_ROOT = "square-root"
    DOUBLE_SQUARE_ROOT = "double-square-root"
    HAKSTIAN_WHALEN = "hakstian-whalen"
    BONETT = "bonett"
    PERCENT = "percent"


class Group(StrEnum):
    """The family of a measure: what its natural values are and which null value they have."""

    RATIO = "ratio"
    DIFFERENCE = "difference"
    CORRELATION = "correlation"
    PROPORTION = "proportion"
    RATE = "rate"
    MEAN = "mean"
    RELIABILITY = "reliability"
    GENERIC = "generic"


# The natural values for which a scale is defined, as (low, high, whether the ends belong to it).
_DOMAIN: Mapping[Scale, tuple[float, float, bool]] = MappingProxyType(
    {
        Scale.IDENTITY: (-np.inf, np.inf, False),
        Scale.LOG: (0.0, np.inf, False),
        Scale.FISHER_Z: (-1.0, 1.0, False),
        Scale.LOGIT: (0.0, 1.0, False),
        Scale.ARCSINE: (0.0, 1.0, True),
        Scale.DOUBLE_ARCSINE: (0.0, 1.0, True),
        Scale.SQUARE_ROOT: (0.0, np.inf, True),
        Scale.DOUBLE_SQUARE_ROOT: (0.0, np.inf, True),
        Scale.HAKSTIAN_WHALEN: (-np.inf, 1.0, True),
        Scale.BONETT: (-np.inf, 1.0, False),
        Scale.PERCENT: (-100.0, np.inf, False),
    }
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One effect measure.

    ``null`` is the natural value of "no effect" (1 for ratios, 0 for differences and correlations, ``None`` where
    there is none, as for a proportion). ``raw`` names the arguments of
    :func:`toolkit.effects.effect_sizes`; it is empty for measures that are taken as reported.
    """

    code: str
    name: str
    scale: Scale
    null: float | None
    group: Group
    raw: tuple[str, ...] = ()

    def transform(self, value: ArrayLike, *, size: ArrayLike | None = None) -> NDArray[np.float64]:
        """Natural values on the analysis scale.

        ``size`` (number of people for PFT, person-time for IRFT) is needed by the Freeman-Tukey measures only.
        Raises ModelInputError for a value outside the measure's domain, such as a ratio of 0.
        """
        values = np.asarray(value, dtype=float)
        self._check_domain(values)
        match self.scale:
            case Scale.IDENTITY:
                return values.copy()
            case Scale.LOG:
                return np.log(values)
            case Scale.FISHER_Z:
                return np.arctanh(values)
            case Scale.LOGIT:
                return np.log(values) - np.log1p(-values)
            case Scale.ARCSINE:
                return np.arcsin(np.sqrt(values))
            case Scale.SQUARE_ROOT:
                return np.sqrt(values)
            case Scale.DOUBLE_ARCSINE:
                n = self._size(size)
                return (np.arcsin(np.sqrt(values * n / (n + 1))) + np.arcsin(np.sqrt((values * n + 1) / (n + 1)))) / 2
            case Scale.DOUBLE_SQUARE_ROOT:
                return (np.sqrt(values) + np.sqrt(values + 1 / self._size(size))) / 2
            case Scale.HAKSTIAN_WHALEN:
                return 1 - np.cbrt(1 - values)
            case Scale.BONETT:
                return -np.log1p(-values)
            case Scale.PERCENT:
                return np.log1p(values / 100)

    def back_transform(self, y: ArrayLike, *, size: ArrayLike | None = None) -> NDArray[np.float64]:
        """Values of the analysis scale as natural values, the inverse of :meth:`transform`.

        For a pooled PFT or IRFT give ``size`` as the harmonic mean of the studies' sizes (Miller 1978, Am Stat
        32:138). Values beyond the end of a bounded scale come back as that end.
        """
        y = np.asarray(y, dtype=float)
        match self.scale:
            case Scale.IDENTITY:
                return y.copy()
            case Scale.LOG:
                return np.exp(y)
            case Scale.FISHER_Z:
                return np.tanh(y)
            case Scale.LOGIT:
                return np.exp(-np.logaddexp(0.0, -y))
            case Scale.ARCSINE:
                return np.sin(np.clip(y, 0.0, np.pi / 2)) ** 2
            case Scale.SQUARE_ROOT:
                return np.clip(y, 0.0, None) ** 2
            case Scale.DOUBLE_ARCSINE:
                return self._inverse_double_arcsine(y, self._size(size))
            case Scale.DOUBLE_SQUARE_ROOT:
                time = self._size(size)
                y = np.clip(y, self.transform(0.0, size=time), None)
                return (1 / time - 8 * y**2 + 16 * time * y**4) / (16 * y**2 * time)
            case Scale.HAKSTIAN_WHALEN:
                return 1 - (1 - y) ** 3
            case Scale.BONETT:
                return -np.expm1(-y)
            case Scale.PERCENT:
                return 100 * np.expm1(y)

    def slope(self, value: ArrayLike) -> NDArray[np.float64]:
        """The derivative of :meth:`transform` at natural values, for the delta method."""
        values = np.asarray(value, dtype=float)
        self._check_domain(values)
        match self.scale:
            case Scale.IDENTITY:
                return np.ones_like(values)
            case Scale.LOG:
                return 1 / values
            case Scale.FISHER_Z:
                return 1 / (1 - values**2)
            case Scale.LOGIT:
                return 1 / (values * (1 - values))
            case Scale.ARCSINE:
                return 1 / (2 * np.sqrt(values * (1 - values)))
            case Scale.SQUARE_ROOT:
                return 1 / (2 * np.sqrt(values))
            case Scale.HAKSTIAN_WHALEN:
                return 1 / (3 * np.cbrt(1 - values) ** 2)
            case Scale.BONETT:
                return 1 / (1 - values)
            case Scale.PERCENT:
                return 1 / (100 + values)
            case _:
                raise ModelInputError(
                    f"A standard error cannot be carried to the {self.scale} scale of {self.code}, which depends on "
                    "the study's size: give the counts to effect_sizes instead."
                )

    def _check_domain(self, values: NDArray[np.float64]) -> None:
        low, high, closed = _DOMAIN[self.scale]
        outside = (values < low) | (values > high) if closed else (values <= low) | (values >= high)
        if np.any(outside & np.isfinite(values)):
            ends = f"from {low:g} to {high:g}" if closed else f"strictly between {low:g} and {high:g}"
            raise ModelInputError(
                f"{self.name} ({self.code}) must lie {ends} on the natural scale; "
                f"found {describe_rows(values, outside)}. "
                "Check the source: a limit printed as 0 is often a rounded one, and a log value is not a natural one."
            )

    def _size(self, size: ArrayLike | None) -> NDArray[np.float64]:
        if size is None:
            raise ModelInputError(f"{self.code} needs size= (people, or person-time) to change scale.")
        return np.asarray(size, dtype=float)

    def _inverse_double_arcsine(self, y: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
        y = np.clip(y, self.transform(0.0, size=n), self.transform(1.0, size=n))
        sine = np.sin(2 * y)
        root = np.sqrt(np.clip(1 - (sine + (sine - 1 / sine) / n) ** 2, 0.0, None))
        return (1 - np.sign(np.cos(2 * y)) * root) / 2


TABLE = ("events_1", "total_1", "events_2", "total_2")
PAIRS = ("both", "only_1", "only_2", "neither")
RATES = ("events_1", "time_1", "events_2", "time_2")
MEANS = ("mean_1", "sd_1", "n_1", "mean_2", "sd_2", "n_2")
CHANGE = ("mean_1", "sd_1", "mean_2", "sd_2", "n", "r")
CORRELATION = ("r", "n")
REGRESSION = ("t", "n", "predictors")
PROPORTION = ("events", "total")
RATE = ("events", "time")
MEAN = ("mean", "sd", "n")
ALPHA = ("alpha", "items", "n")


def _ratio(code: str, name: str, raw: tuple[str, ...] = ()) -> Measure:
    return Measure(code, name, Scale.LOG, 1.0, Group.RATIO, raw)


def _difference(code: str, name: str, raw: tuple[str, ...] = ()) -> Measure:
    return Measure(code, name, Scale.IDENTITY, 0.0, Group.DIFFERENCE, raw)


def _correlation(code: str, name: str, raw: tuple[str, ...], scale: Scale = Scale.IDENTITY) -> Measure:
    return Measure(code, name, scale, 0.0, Group.CORRELATION, raw)


_ALL = (
    _ratio("OR", "Odds ratio", TABLE),
    _ratio("RR", "Risk ratio", TABLE),
    _difference("RD", "Risk difference", TABLE),
    _difference("AS", "Arcsine difference", TABLE),
    _ratio("PETO", "Peto odds ratio", TABLE),
    _correlation("PHI", "Phi coefficient", TABLE),
    _correlation("YUQ", "Yule's Q", TABLE),
    _correlation("YUY", "Yule's Y", TABLE),
    _correlation("RTET", "Tetrachoric correlation", TABLE),
    _difference("PBIT", "Difference of probits", TABLE),
    _difference("OR2D", "Standardised mean difference (from odds ratio, logistic)", TABLE),
    _difference("OR2DL", "Standardised mean difference (from odds ratio, logistic)", TABLE),
    _difference("OR2DN", "Standardised mean difference (from odds ratio, normal)", TABLE),
    _difference("MPRD", "Risk difference (matched pairs)", PAIRS),
    _ratio("MPRR", "Risk ratio (matched pairs)", PAIRS),
    _ratio("MPOR", "Marginal odds ratio (matched pairs)", PAIRS),
    _ratio("MPORC", "Conditional odds ratio (matched pairs)", PAIRS),
    _ratio("MPPETO", "Peto odds ratio (matched pairs)", PAIRS),
    _ratio("MPORM", "Marginal odds ratio (matched pairs, from margins)", (*TABLE, "r")),
    _ratio("IRR", "Incidence rate ratio", RATES),
    _difference("IRD", "Incidence rate difference", RATES),
    _difference("IRSD", "Difference of square-root rates", RATES),
    _difference("MD", "Mean difference", MEANS),
    _difference("SMD", "Standardised mean difference", MEANS),
    _difference("SMDH", "Standardised mean difference (unequal variances)", MEANS),
    _difference("SMD1", "Standardised mean difference (group 2's SD)", ("mean_1", "n_1", "mean_2", "sd_2", "n_2")),
    _difference("SMD1H", "Standardised mean difference (group 2's SD, unequal variances)", MEANS),
    _ratio("ROM", "Ratio of means", MEANS),
    _ratio("CVR", "Coefficient of variation ratio", MEANS),
    _ratio("VR", "Variability ratio", ("sd_1", "n_1", "sd_2", "n_2")),
    _correlation("RPB", "Point-biserial correlation", MEANS),
    _correlation("RBIS", "Biserial correlation", MEANS),
    _ratio("D2OR", "Odds ratio (from means, logistic)", MEANS),
    _ratio("D2ORL", "Odds ratio (from means, logistic)", MEANS),
    _ratio("D2ORN", "Odds ratio (from means, normal)", MEANS),
    _difference("MC", "Mean change", CHANGE),
    _difference("SMCC", "Standardised mean change (SD of change)", CHANGE),
    _difference("SMCR", "Standardised mean change (SD at time 1)", ("mean_1", "sd_1", "mean_2", "n", "r")),
    _difference("SMCRH", "Standardised mean change (SD at time 1, unequal variances)", CHANGE),
    _ratio("ROMC", "Ratio of means (change)", CHANGE),
    _ratio("CVRC", "Coefficient of variation ratio (change)", CHANGE),
    _ratio("VRC", "Variability ratio (change)", ("sd_1", "sd_2", "n", "r")),
    _correlation("COR", "Correlation", CORRELATION),
    _correlation("UCOR", "Correlation (bias-corrected)", CORRELATION),
    _correlation("ZCOR", "Correlation", CORRELATION, Scale.FISHER_Z),
    _correlation("PCOR", "Partial correlation", REGRESSION),
    _correlation("ZPCOR", "Partial correlation", REGRESSION, Scale.FISHER_Z),
    _correlation("SPCOR", "Semipartial correlation", (*REGRESSION, "r2")),
    Measure("PR", "Proportion", Scale.IDENTITY, None, Group.PROPORTION, PROPORTION),
    Measure("PLN", "Proportion", Scale.LOG, None, Group.PROPORTION, PROPORTION),
    Measure("PLO", "Proportion", Scale.LOGIT, None, Group.PROPORTION, PROPORTION),
    Measure("PAS", "Proportion", Scale.ARCSINE, None, Group.PROPORTION, PROPORTION),
    Measure("PFT", "Proportion", Scale.DOUBLE_ARCSINE, None, Group.PROPORTION, PROPORTION),
    Measure("IR", "Incidence rate", Scale.IDENTITY, None, Group.RATE, RATE),
    Measure("IRLN", "Incidence rate", Scale.LOG, None, Group.RATE, RATE),
    Measure("IRS", "Incidence rate", Scale.SQUARE_ROOT, None, Group.RATE, RATE),
    Measure("IRFT", "Incidence rate", Scale.DOUBLE_SQUARE_ROOT, None, Group.RATE, RATE),
    Measure("MN", "Mean", Scale.IDENTITY, None, Group.MEAN, MEAN),
    Measure("MNLN", "Mean", Scale.LOG, None, Group.MEAN, MEAN),
    Measure("SMN", "Standardised mean", Scale.IDENTITY, None, Group.MEAN, MEAN),
    Measure("SDLN", "Standard deviation", Scale.LOG, None, Group.MEAN, ("sd", "n")),
    Measure("CVLN", "Coefficient of variation", Scale.LOG, None, Group.MEAN, MEAN),
    _ratio("REH", "Relative excess heterozygosity", ("homozygous_1", "heterozygous", "homozygous_2")),
    Measure("ARAW", "Cronbach's alpha", Scale.IDENTITY, None, Group.RELIABILITY, ALPHA),
    Measure("AHW", "Cronbach's alpha", Scale.HAKSTIAN_WHALEN, None, Group.RELIABILITY, ALPHA),
    Measure("ABT", "Cronbach's alpha", Scale.BONETT, None, Group.RELIABILITY, ALPHA),
    _ratio("HR", "Hazard ratio"),
    _ratio("RATIO", "Ratio"),
    Measure("PERCENT", "Percent change", Scale.PERCENT, 0.0, Group.DIFFERENCE),
    _difference("COEF", "Regression coefficient"),
    Measure("GEN", "Effect", Scale.IDENTITY, 0.0, Group.GENERIC),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.code: measure for measure in _ALL})


def find_measure(code: str) -> Measure:
    """The measure with this code. Raises ModelInputError, with the nearest codes, where there is none."""
    try:
        return MEASURES[code]
    except KeyError:
        raise ModelInputError(
            f"There is no effect measure {code!r}.{suggestion(str(code), MEASURES)} Known codes: {', '.join(MEASURES)}."
        ) from None
