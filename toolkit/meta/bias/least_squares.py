"""Unrestricted weighted least squares: weights 1 / v, a variance multiplied by the residual dispersion, t tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.inference import estimate_coefficients
from toolkit.meta.settings import Test
from toolkit.meta.stack import Stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NO_DISPERSION = (
    "The effects agree exactly with the model, which leaves no error to test against or to make an interval of. Check "
    "for effects that were entered twice or rounded."
)


class LeastSquares(NamedTuple):
    """Coefficients ``beta`` (p,) and their ``covariance`` (p, p), with ``df`` degrees of freedom."""

    beta: Array
    covariance: Array
    df: float


def least_squares(y: Array, v: Array, x: Array | None = None) -> LeastSquares:
    """Regress ``y`` (k,) on ``x`` (k, p), None for a mean, with weights 1 / ``v``: R's ``lm(y ~ x, weights = 1 / v)``.

    The dispersion is taken as it is, however small. Needs more studies than coefficients; raises ModelInputError where
    the effects have no dispersion about the model but for rounding.
    """
    found = estimate_coefficients(Stack(y[None], v[None], None if x is None else x[None]), np.zeros(1), Test.KNHA)
    if found.scale[0] == 0:
        raise ModelInputError(NO_DISPERSION)
    return LeastSquares(found.beta[0], found.covariance[0], float(found.df[0]))
