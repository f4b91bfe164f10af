"""Effect sizes of reliability: Cronbach's alpha of a scale of ``items``, in a sample of ``n`` people.

Arrays of shape (k,) in, ``(y, v)`` on the analysis scale out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.effects.raw import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Effect = tuple[Array, Array]


class Alphas(NamedTuple):
    """Alpha coefficients, numbers of items and of people, each of shape (k,)."""

    alpha: Array
    items: Array
    n: Array


def alphas(columns: Mapping[str, Array]) -> Alphas:
    """The checked columns. Raises ModelInputError for an alpha above 1, fewer than two items, and no people."""
    alpha, items, n = columns["alpha"], columns["items"], columns["n"]
    require(alpha <= 1, "alpha", alpha, "be 1 or less", "Check that it is a reliability, not a percentage.")
    require(items >= 2, "items", items, "be 2 or more", "Alpha needs at least two items.")
    require(n > 0, "n", n, "be above 0", "Check the sample size.")
    return Alphas(alpha, items, n)


def raw_alpha(scale: Alphas) -> Effect:
    """Alpha itself (van Zyl et al. 2000, Psychometrika 65:271)."""
    unit = 2 * scale.items / ((scale.items - 1) * (scale.n - 2))
    return scale.alpha.copy(), unit * (1 - scale.alpha) ** 2


def cube_root_alpha(scale: Alphas) -> Effect:
    """One minus the cube root of 1 - alpha (Hakstian and Whalen 1976, Psychometrika 41:219)."""
    error = 1 - scale.alpha
    v = 18 * scale.items * (scale.n - 1) * error ** (2 / 3) / ((scale.items - 1) * (9 * scale.n - 11) ** 2)
    return 1 - np.cbrt(error), v


def log_alpha(scale: Alphas) -> Effect:
    """Minus the log of 1 - alpha (Bonett 2002, J Educ Behav Stat 27:335)."""
    return -np.log(1 - scale.alpha), 2 * scale.items / ((scale.items - 1) * (scale.n - 2))
