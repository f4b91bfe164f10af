"""Effect sizes that carry one kind of outcome to the other: what an event says of the trait below it, and back.

A threshold on a normal or logistic trait turns means into events, so that a table can be read as a standardised mean
difference, two means as an odds ratio, and either as a correlation. Arrays of shape (k,) in, ``(y, v)`` out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from toolkit.effects.binary import odds_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.effects.binary import Cells
    from toolkit.effects.continuous import TwoMeans

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]

# The standard deviation of the logistic distribution, and Cox's factor for the normal one.
LOGISTIC = np.pi / np.sqrt(3)
NORMAL = 1.65


def probit_difference(table: Cells) -> Effect:
    """Difference of probit-transformed risks, a standardised mean difference of a normal trait.

    Sánchez-Meca et al. (2003, Psychol Methods 8:448).
    """
    risk_1, risk_2 = table.a / table.n_1, table.c / table.n_2
    z_1, z_2 = ndtri(risk_1), ndtri(risk_2)
    v_1 = 2 * np.pi * risk_1 * (1 - risk_1) * np.exp(z_1**2) / table.n_1
    v_2 = 2 * np.pi * risk_2 * (1 - risk_2) * np.exp(z_2**2) / table.n_2
    return z_1 - z_2, v_1 + v_2


def logistic_d(table: Cells) -> Effect:
    """Standardised mean difference of a logistic trait: log odds ratio times √3/π (Chinn 2000, Stat Med 19:3127)."""
    y, v = odds_ratio(table)
    return y / LOGISTIC, v / LOGISTIC**2


def normal_d(table: Cells) -> Effect:
    """Standardised mean difference of a normal trait: log odds ratio over 1.65 (Cox and Snell 1989)."""
    y, v = odds_ratio(table)
    return y / NORMAL, v / NORMAL**2


def logistic_odds_ratio(two: TwoMeans) -> Effect:
    """Log odds ratio behind two means of a logistic trait: d times π/√3 (Chinn 2000)."""
    y, v = _uncorrected_d(two)
    return LOGISTIC * y, LOGISTIC**2 * v


def normal_odds_ratio(two: TwoMeans) -> Effect:
    """Log odds ratio behind two means of a normal trait: d times 1.65 (Cox and Snell 1989)."""
    y, v = _uncorrected_d(two)
    return NORMAL * y, NORMAL**2 * v


def point_biserial(two: TwoMeans, variance: str = "LS") -> Effect:
    """Correlation of group and outcome. ``variance``: ST for groups of fixed size (LS is the same), CS for one sample.

    Jacobs and Viechtbauer (2017, Res Synth Methods 8:161).
    """
    d, d_variance = _uncorrected_d(two)
    n_1, n_2 = two.n_1, two.n_2
    n = n_1 + n_2
    size = two.df / n_1 + two.df / n_2
    y = d / np.sqrt(d**2 + size)
    if variance == "CS":
        return y, (1 - y**2) ** 2 * (n * y**2 / (4 * n_1 * n_2) + (2 - 3 * y**2) / (2 * n))
    return y, size**2 / (size + d**2) ** 3 * d_variance


def biserial(two: TwoMeans) -> Effect:
    """Correlation of the outcome with the normal trait that a threshold splits into the two groups.

    Jacobs and Viechtbauer (2017), with Soper's approximate variance (1914, Biometrika 10:384). The estimate may lie
    beyond ±1; its variance is then that at ±1.
    """
    y, _ = point_biserial(two)
    n = two.n_1 + two.n_2
    share_1, share_2 = two.n_1 / n, two.n_2 / n
    cut = -ndtri(share_1)
    density = np.exp(-(cut**2) / 2) / np.sqrt(2 * np.pi)
    y = np.sqrt(share_1 * share_2) / density * y
    bounded = np.clip(y, -1, 1)
    skew = (1 - share_1 * cut / density) * (1 + share_2 * cut / density)
    v = (share_1 * share_2 / density**2 - (1.5 + skew) * bounded**2 + bounded**4) / (n - 1)
    return y, v


def _uncorrected_d(two: TwoMeans) -> Effect:
    d = (two.mean_1 - two.mean_2) / two.pooled_sd
    return d, 1 / two.n_1 + 1 / two.n_2 + d**2 / (2 * (two.n_1 + two.n_2))
