"""The log-likelihood over tau2, profiled over the coefficients: where its maxima lie and how sharp they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number
from toolkit.meta.heterogeneity import typical_variance
from toolkit.meta.intervals import q_profile_limits
from toolkit.meta.likelihood import log_likelihood
from toolkit.meta.settings import Tau2Estimator

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_STEPS = 101


@dataclass(frozen=True, eq=False, repr=False)
class ProfileLikelihood(Shown):
    """The log-likelihood at values of tau2, both of shape (g,), and at the fit's own tau2.

    ``likelihood`` tells the full one (ML) from the restricted one (REML). A fit by another estimator need not be at
    the maximum of either.
    """

    tau2: Array
    loglik: Array
    likelihood: Literal["ML", "REML"]
    fitted_tau2: float
    fitted_loglik: float

    def to_frame(self) -> pd.DataFrame:
        """A row a value of tau2: tau2, loglik."""
        import pandas as pd

        return pd.DataFrame({"tau2": self.tau2, "loglik": self.loglik})

    def _title(self) -> str:
        return f"Profile of the {self.likelihood} log-likelihood at {len(self.tau2)} values of tau²"

    def _lines(self) -> list[tuple[str, str]]:
        best = int(np.argmax(self.loglik))
        return [
            ("tau²", f"{number(self.tau2[0])} to {number(self.tau2[-1])}"),
            ("Highest", f"{number(self.loglik[best], 6)} at tau² {number(self.tau2[best])}"),
            ("At the fit", f"{number(self.fitted_loglik, 6)} at tau² {number(self.fitted_tau2)}"),
        ]


def profile_likelihood(result: MetaResult, *, tau2: ArrayLike | None = None) -> ProfileLikelihood:
    """The log-likelihood of a fit over ``tau2`` (in the unit of y squared), the coefficients being the best at each.

    Restricted for a REML fit, full for every other estimator (Hardy and Thompson 1996, Stat Med 15:619). Without
    ``tau2``, 101 values from 0 to the larger of twice the estimate and the upper 95% Q-profile limit. Raises
    ModelInputError for values of tau2 that are negative or missing, for a common-effect model, and for a fit without
    degrees of freedom.
    """
    if result.settings.estimator == Tau2Estimator.EE or result.q_df < 1:
        cause = "A common-effect model has no tau2" if result.q_df else f"k = {result.k} leaves no degree of freedom"
        raise ModelInputError(f"{cause}, so there is no likelihood to profile: fit more studies by ML or REML.")
    stack = result.stack
    likelihood: Literal["ML", "REML"] = "REML" if result.settings.estimator == Tau2Estimator.REML else "ML"
    values = _grid(result) if tau2 is None else _checked(tau2)
    loglik = log_likelihood(stack.take(np.zeros(len(values), np.intp)), values, restricted=likelihood == "REML")
    return ProfileLikelihood(values, loglik, likelihood, result.tau2, result.information(likelihood).loglik)


def _grid(result: MetaResult) -> Array:
    stack = result.stack
    high = max(2.0 * result.tau2, float(q_profile_limits(stack, 0.95)[1][0]))
    return np.linspace(0.0, high or float(typical_variance(stack)[0]), _STEPS)


def _checked(tau2: ArrayLike) -> Array:
    values = np.array(tau2, dtype=float, ndmin=1)
    wrong = np.flatnonzero(~((values >= 0) & (values < np.inf)))
    if values.ndim != 1 or not len(values):
        raise ModelInputError(f"tau2 must be a list of values of shape (g,); its shape is {values.shape}.")
    if len(wrong):
        found = ", ".join(f"{values[row]:g} in row {row}" for row in wrong[:5])
        raise ModelInputError(f"tau2 must be numbers of 0 or more; found {found}.")
    return values
