"""Residuals of a fit: raw, standardised, studentised, Pearson and Cholesky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.display import Shown, number, studies
from toolkit.meta.sensitivity.deletion import quadratic
from toolkit.meta.sensitivity.influence import influence

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]

_LEVERAGE_OF_ONE = 1.0 - 1e-9
_COLUMNS = "fitted residual se standardised studentised pearson cholesky".split()


@dataclass(frozen=True, eq=False, repr=False)
class Residuals(Shown):
    """Residuals of k studies on the analysis scale, each of shape (k,).

    ``residual`` observed less fitted effect and ``se`` its standard error; ``standardised`` their ratio (internally
    studentised). ``studentised`` (externally) compares the effect with its prediction from the other studies.
    ``pearson`` the residual over sqrt(v + tau2). A residual that cannot be computed is NaN and ``reasons`` says why.
    """

    labels: tuple[str, ...]
    fitted: Array
    residual: Array
    se: Array
    standardised: Array
    studentised: Array
    pearson: Array
    reasons: tuple[str, ...]

    @property
    def cholesky(self) -> Array:
        """Residuals whitened by the Cholesky factor of the marginal covariance; here it is diagonal: Pearson's."""
        return self.pearson

    def to_frame(self) -> pd.DataFrame:
        """A row a study: fitted, residual, se, standardised, studentised, pearson, cholesky, reason."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in _COLUMNS} | {"reason": self.reasons}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def _title(self) -> str:
        return f"Residuals of {studies(len(self.labels))}"

    def _lines(self) -> list[tuple[str, str]]:
        size = np.nan_to_num(np.abs(self.studentised))
        lines = [
            (label, f"{number(residual)}, standardised {number(inner, 3)}, studentised {number(outer, 3)}")
            for label, residual, inner, outer, far in zip(
                self.labels, self.residual, self.standardised, self.studentised, size > 1.96, strict=True
            )
            if far
        ]
        lines.append(("Beyond ±1.96", f"{len(lines)} of {len(self.labels)} studentised residuals"))
        return lines + [("Not available", reason) for reason in dict.fromkeys(filter(None, self.reasons))]


def residuals(result: MetaResult) -> Residuals:
    """All residuals of a mean or a regression (Viechtbauer and Cheung 2010, Res Synth Methods 1:112, section 2.1).

    The variance of a raw residual is the diagonal of (I - H) M (I - H)', with the hat matrix H and M = diag(v + tau2);
    for a study that alone decides a coefficient it is 0, as its residual is, and the standardised residual is given as
    0. As in metafor, Knapp and Hartung's factor enters the studentised residuals alone.
    """
    residual = result.residuals
    others = influence(result)
    se = np.sqrt(_variance(result))
    standardised = np.divide(residual, se, out=np.zeros(result.k), where=se > 0)
    return Residuals(
        result.labels,
        result.fitted,
        residual,
        se,
        standardised,
        others.studentised,
        residual / np.sqrt(result.v + result.tau2),
        others.reasons,
    )


def _variance(result: MetaResult) -> Array:
    stack = result.stack
    marginal = result.v + result.tau2
    if stack.given is None:
        variance = marginal * stack.project(stack.weights(np.array([result.tau2]))).complement()[0]
    else:
        own = stack.project(stack.given)
        drawn = quadratic(result.model_matrix, own.covariance_under(marginal)[0])
        variance = marginal * (1.0 - 2.0 * own.hat()[0]) + drawn
    decides_alone = stack.project(np.ones((1, result.k))).hat()[0] > _LEVERAGE_OF_ONE
    return np.where(decides_alone, 0.0, np.maximum(variance, 0.0))
