"""A model fitted again without each of its studies in turn: what the diagnostics of a fit stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.frozen import Frozen
from toolkit.meta.stack_fit import StackFit, Unfitted, fit_many

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Deletions(Frozen):
    """The fits of ``result`` without study 1, 2, ..., k, a row of ``fit`` each; NaN where there is no such fit."""

    result: MetaResult
    fit: StackFit

    @property
    def predicted(self) -> Array:
        """The fitted value of each study from the others, shape (k,)."""
        return np.vecdot(self.result.model_matrix, self.fit.beta)

    @property
    def predicted_variance(self) -> Array:
        """The variance of that value, shape (k,)."""
        return quadratic(self.result.model_matrix, self.fit.covariance)

    @property
    def reasons(self) -> tuple[str, ...]:
        """A text a study: why there is no fit without it, or why nothing can be measured in that fit's standard errors.

        Empty where all is well.
        """
        rows = range(self.result.k)
        return tuple(self._reason(row) for row in rows)

    def _reason(self, row: int) -> str:
        result, label = self.result, self.result.labels[row]
        match self.fit.reason[row]:
            case Unfitted.NO_STUDY:
                return "There is no other study to compare with."
            case Unfitted.UNSETTLED:
                return (
                    f"Without {label} the {result.settings.estimator} estimate of tau2 did not settle: compare with "
                    "the estimator DL, which needs no search."
                )
            case Unfitted.FITTED:
                if self.fit.scale[row] > 0:
                    return ""
                return (
                    f"Without {label} all effects agree, so the Knapp-Hartung standard error is 0: fit with "
                    "test='adhoc' or 'z'."
                )
        return (
            f"Without {label} the other studies cannot tell the {result.p} coefficients apart "
            f"({', '.join(result.terms)}): it alone decides one of them."
        )


def delete_each(result: MetaResult) -> Deletions:
    """Fit the model of ``result`` without each study in turn, by the same estimator and test, all in stacks."""
    others = ~np.eye(result.k, dtype=bool)
    return Deletions(result, fit_many(result.stack.subsets, (others,), result.k, result.settings))


def quadratic(x: Array, covariance: Array) -> Array:
    """The variance x C x' of each row of ``x`` (k, p), with one covariance (p, p), or one a row (k, p, p)."""
    return np.vecdot((x[:, None] @ covariance)[:, 0], x)
