"""When a column of a model matrix is a combination of others: one rule, for one matrix and for stacks of them.

A column is a combination of others where these leave no more than a billionth of its length unexplained, whatever its
unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NEGLIGIBLE = 1e-9


class Explained(NamedTuple):
    """Columns from others, all of length 1: the ``shares`` (p, m) of the others in each, and what is ``left`` (m,)."""

    shares: Array
    left: Array

    @property
    def is_combination(self) -> NDArray[np.bool_]:
        """Whether each column is a combination of the others, shape (m,); a column of zeros is."""
        return self.left <= NEGLIGIBLE


def explain(z: Array, x: Array) -> Explained:
    """The columns of ``z`` (k, m) by least squares from those of ``x`` (k, p), which are no combinations themselves."""
    z, x = _scaled(z), _scaled(x)
    shares = np.linalg.lstsq(x, z, rcond=None)[0]
    return Explained(shares, np.linalg.norm(z - x @ shares, axis=0))


def is_constant(values: Array) -> bool:
    """Whether the values (k,) are all the same but for rounding."""
    return bool(explain(values[:, None], np.ones((len(values), 1))).is_combination[0])


def is_deficient(x: Array) -> NDArray[np.bool_]:
    """Whether any column of each matrix in ``x`` (..., k, p) is a combination of those before it."""
    new = np.abs(np.diagonal(np.linalg.qr(x, mode="r"), axis1=-2, axis2=-1))
    return (new <= NEGLIGIBLE * np.sqrt(np.add.reduce(x * x, -2))).any(-1)


def _scaled(x: Array) -> Array:
    lengths = np.linalg.norm(x, axis=0)
    return x / np.where(lengths > 0, lengths, 1.0)
