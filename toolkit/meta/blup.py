"""Best linear unbiased predictions: where the true effects of the studies lie, given all of them.

Raudenbush and Bryk 1985, J Educ Stat 10:75. Each effect is drawn towards its fitted value, the more the larger its v is
beside tau2. Limits use the quantile of the fit's own test, as metafor's ``blup()`` and ``ranef()`` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.inference import critical_value

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


def true_effects(result: MetaResult) -> pd.DataFrame:
    """The studies' true effects on the analysis scale: estimate, se, ci_low, ci_high a study."""
    share = _share(result)
    estimate = share * result.y + (1.0 - share) * result.fitted
    return _frame(result, estimate, share * result.v + (1.0 - share) ** 2 * _fitted_variance(result))


def deviations(result: MetaResult) -> pd.DataFrame:
    """The same less their fitted values (the random effects u): estimate, se, ci_low, ci_high a study."""
    share = _share(result)
    return _frame(result, share * result.residuals, share * result.v + share**2 * _fitted_variance(result))


def _share(result: MetaResult) -> Array:
    """How much of a study's distance from its fitted value is its own, shape (k,)."""
    if result.studies.weights is not None:
        raise ModelInputError(
            "Best linear unbiased predictions stand on inverse-variance weights: fit without weights of your own."
        )
    return result.tau2 / (result.tau2 + result.v)


def _fitted_variance(result: MetaResult) -> Array:
    x = result.model_matrix
    return np.vecdot(x @ result.covariance, x)


def _frame(result: MetaResult, estimate: Array, variance: Array) -> pd.DataFrame:
    import pandas as pd

    se = np.sqrt(variance)
    half = critical_value(result.level, result.df) * se
    columns = {"estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half}
    return pd.DataFrame(columns, index=pd.Index(result.labels, name="label"))
