"""The tetrachoric correlation: that of two normal traits, each split by a threshold, behind a 2x2 table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri, owens_t

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.effects.binary import Cells

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


def tetrachoric(table: Cells) -> Effect:
    """Tetrachoric correlation by maximum likelihood (Pearson 1900, Phil Trans R Soc A 195:1).

    The model has as many parameters as the table, so the estimate is the correlation at which the bivariate normal
    distribution gives the observed share of the first cell, and the variance follows by the delta method from the
    multinomial one. ``escalc`` searches for the same maximum and finds it to about three digits.

    A table with one empty cell has the estimate ±1 and no variance; with an empty diagonal ±1 and variance 0; with an
    empty row or column none.
    """
    a, b, c, d = table
    n = a + b + c + d
    h, k = ndtri((a + b) / n), ndtri((a + c) / n)
    full = (a > 0) & (b > 0) & (c > 0) & (d > 0)
    rho = np.where(full, _solve(h, k, a / n, full), np.nan)
    v = np.where(full, _variance(table, h, k, rho), np.nan)
    margins = (a + b > 0) & (c + d > 0) & (a + c > 0) & (b + d > 0)
    rho = np.where(margins & ((b == 0) | (c == 0)), 1.0, rho)
    rho = np.where(margins & ((a == 0) | (d == 0)), -1.0, rho)
    empty_diagonal = margins & (((b == 0) & (c == 0)) | ((a == 0) & (d == 0)))
    return rho, np.where(empty_diagonal, 0.0, v)


def _solve(h: Array, k: Array, share: Array, full: NDArray[np.bool_]) -> Array:
    """The correlation with P(X < h, Y < k) = share, by bisection of its arcsine: the probability rises with it."""
    h, k = np.where(full, h, 0.0), np.where(full, k, 0.0)
    low, high = np.full_like(h, -np.pi / 2), np.full_like(h, np.pi / 2)
    for _ in range(60):
        middle = (low + high) / 2
        below = _joint(h, k, np.sin(middle)) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.sin((low + high) / 2)


def _joint(h: Array, k: Array, rho: Array) -> Array:
    """P(X < h, Y < k) of the standard bivariate normal distribution (Owen 1956, Ann Math Stat 27:1075)."""
    slack = np.sqrt((1 - rho) * (1 + rho))
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = owens_t(h, (k - rho * h) / (h * slack)) + owens_t(k, (h - rho * k) / (k * slack))
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    joint = (ndtr(h) + ndtr(k) - opposite) / 2 - tail
    return np.where((h == 0) & (k == 0), 0.25 + np.arcsin(rho) / (2 * np.pi), joint)


def _variance(table: Cells, h: Array, k: Array, rho: Array) -> Array:
    a, b, c, d = table
    n = a + b + c + d
    slack = np.sqrt(1 - rho**2)
    density = np.exp(-(h**2 - 2 * rho * h * k + k**2) / (2 * slack**2)) / (2 * np.pi * slack)
    # How the estimate moves with the shares of the cells; that of the last is one minus the others.
    row, column = ndtr((k - rho * h) / slack), ndtr((h - rho * k) / slack)
    slopes = (1 - row - column, -row, -column)
    first = sum(cell / n * slope for cell, slope in zip((a, b, c), slopes, strict=True))
    second = sum(cell / n * slope**2 for cell, slope in zip((a, b, c), slopes, strict=True))
    return (second - first**2) / (n * density**2)
