"""How many true effects lie beyond a smallest effect of interest: the random-effects distribution read as shares."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import ndtr, stdtr

from toolkit.meta.display import Shown, number, with_limits
from toolkit.meta.inference import critical_value
from toolkit.meta.settings import Tau2Estimator, check_choice, check_level, check_number

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.meta.results import MetaResult


class Side(StrEnum):
    """On which side of the threshold effects are counted."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True)
class ShareBeyond(Shown):
    """True effects beyond a threshold on the analysis scale.

    ``share`` is the estimated share of the true effects, with its standard error and interval; ``probability`` is
    that of the true effect of one new study, which also knows that the mean is uncertain. What cannot be computed is
    None, and ``reason`` says why; ``note`` warns where the interval is known to be poor.
    """

    threshold: float
    side: Side
    level: float
    share: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    probability: float | None
    reason: str = ""
    note: str = ""

    def _title(self) -> str:
        return f"True effects {self.side} {number(self.threshold)}"

    def _lines(self) -> list[tuple[str, str]]:
        share = number(self.share, 3)
        if self.se:
            share = with_limits(self.share, self.ci_low, self.ci_high, self.level, 3)
        lines = [("Share", share), ("Probability for a new study", number(self.probability, 3))]
        lines += [("Not available", self.reason)] if self.reason else []
        return lines + ([("Note", self.note)] if self.note else [])

    def to_frame(self) -> pd.DataFrame:
        """One row with all fields."""
        return self._one_row(*"threshold side level share se ci_low ci_high probability reason note".split())


def share_beyond(
    result: MetaResult,
    threshold: float,
    *,
    side: Literal["above", "below"] = "above",
    level: float | None = None,
) -> ShareBeyond:
    """The share of true effects above (or below) ``threshold``, and the probability that a new study's effect is.

    The share is that of the normal distribution with mean ``estimate`` and variance tau2, its standard error by the
    delta method from those of both, taken to be independent (Mathur and VanderWeele 2019, Stat Med 38:1336). The
    interval is cut at 0 and 1; the authors advise ten studies or more, and against this interval where the share is
    below 0.15 or above 0.85. The probability comes from the predictive distribution behind the prediction interval:
    variance tau2 + se², normal for a z test and t with the fit's degrees of freedom otherwise.

    ``threshold`` is on the analysis scale (the log of a ratio). Raises ModelInputError for a fit with several
    coefficients and for a threshold that is no number.
    """
    chosen = check_choice(Side, side, "side")
    level = result.level if level is None else check_level(level)
    threshold = check_number(threshold, "threshold")
    distance = (result.estimate - threshold) * (1 if chosen == Side.ABOVE else -1)
    if result.settings.estimator == Tau2Estimator.EE or result.q_df < 1:
        reason = "Without an estimate of the variance between studies there is no distribution of true effects."
        return ShareBeyond(threshold, chosen, level, None, None, None, None, None, reason)
    spread = distance / np.sqrt(result.tau2 + result.se**2)
    probability = float(ndtr(spread) if result.df is None else stdtr(result.df, spread))
    if result.tau2 == 0:
        share = float(np.heaviside(distance, 0.0))
        reason = "tau² is estimated as 0, so that all studies share one effect: a share has no interval."
        return ShareBeyond(threshold, chosen, level, share, None, None, None, probability, reason)
    standardised = distance / np.sqrt(result.tau2)
    share = float(ndtr(standardised))
    if result.tau2_se is None:
        reason = "This fit has no standard error of tau², which the interval needs."
        return ShareBeyond(threshold, chosen, level, share, None, None, None, probability, reason)
    density = np.exp(-(standardised**2) / 2) / np.sqrt(2 * np.pi)
    moved = result.se**2 / result.tau2 + (result.tau2_se * standardised / (2 * result.tau2)) ** 2
    se = float(density * np.sqrt(moved))
    half = float(critical_value(level, None)) * se
    return ShareBeyond(
        threshold, chosen, level, share, se, max(0.0, share - half), min(1.0, share + half), probability, "",
        _warning(share, result.k),
    )  # fmt: skip


def _warning(share: float, k: int) -> str:
    if not 0.15 <= share <= 0.85:
        return "The interval is poor for a share below 0.15 or above 0.85."
    return "The interval is meant for ten studies or more." if k < 10 else ""
