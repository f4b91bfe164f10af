"""Best linear unbiased predictions: where the true effects of the studies lie, given all of them.

Raudenbush and Bryk 1985, J Educ Stat 10:75. Each effect is drawn towards its fitted value, the more the larger its v is
beside tau2. ``fitted`` and ``fitted_variance`` (k,) are the fitted values and their variances; each function gives
predictions and their variances, of shape (k,).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]


def true_effects(studies: Studies, tau2: float, fitted: Array, fitted_variance: Array) -> tuple[Array, Array]:
    """The studies' true effects, on the analysis scale."""
    share = _share(studies, tau2)
    return share * studies.y + (1.0 - share) * fitted, share * studies.v + (1.0 - share) ** 2 * fitted_variance


def deviations(studies: Studies, tau2: float, fitted: Array, fitted_variance: Array) -> tuple[Array, Array]:
    """The same less their fitted values (the random effects u)."""
    share = _share(studies, tau2)
    return share * (studies.y - fitted), share * studies.v + share**2 * fitted_variance


def _share(studies: Studies, tau2: float) -> Array:
    """How much of a study's distance from its fitted value is its own, shape (k,)."""
    if studies.weights is not None:
        raise ModelInputError(
            "Best linear unbiased predictions stand on inverse-variance weights: fit without weights of your own."
        )
    return tau2 / (tau2 + studies.v)
