"""The wild cluster bootstrap: limits of coefficients from residuals whose signs are drawn again by clusters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.bias.robust_line import fit_line
from toolkit.meta.dependence.sandwich import SandwichKind
from toolkit.meta.display import Shown, with_limits
from toolkit.meta.projection import DesignProjection
from toolkit.meta.settings import check_count

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.bias.robust_line import RobustLine

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WildBootstrap(Shown):
    """Limits of the coefficients of ``line``, from the t ``statistics`` (replicates, p) of the replicates.

    They have CR1 standard errors, and are missing where a replicate leaves no error. ``se`` (p,) are those of ``line``
    by CR1, which the quantiles of t are multiplied by.
    """

    line: RobustLine
    se: Array
    statistics: Array
    level: float

    @property
    def ci_low(self) -> float:
        """Lower limit of the mean."""
        return float(self._limits[0][0])

    @property
    def ci_high(self) -> float:
        """Upper limit of the mean."""
        return float(self._limits[1][0])

    @cached_property
    def _limits(self) -> tuple[Array, Array]:
        tail = (1.0 - self.level) / 2.0
        high, low = np.nanquantile(self.statistics, [1.0 - tail, tail], axis=0)
        return self.line.beta - high * self.se, self.line.beta - low * self.se

    def to_frame(self) -> pd.DataFrame:
        """A row a coefficient: estimate, se, ci_low, ci_high."""
        import pandas as pd

        low, high = self._limits
        columns = {"estimate": self.line.beta, "se": self.se, "ci_low": low, "ci_high": high}
        return pd.DataFrame(columns, index=pd.Index(self.line.terms, name="term"))

    def _title(self) -> str:
        return f"Wild bootstrap of {len(self.line.clusters)} clusters, {len(self.statistics):,} replicates"

    def _lines(self) -> list[tuple[str, str]]:
        rows = self.to_frame().itertuples()
        return [(str(row.Index), with_limits(row.estimate, row.ci_low, row.ci_high, self.level)) for row in rows]


def wild_bootstrap(line: RobustLine, replicates: int, seed: int) -> WildBootstrap:
    """Draw the sign of each cluster's residuals again (Cameron, Gelbach and Miller 2008, Rev Econ Stat 90:414).

    Rademacher signs about the fit itself, with the null hypothesis not imposed; the limits are those of studentised
    coefficients, estimate - t(1 - tail) se and estimate - t(tail) se, as in the authors' program of MAIVE. The
    predictor is taken as it is. Raises ModelInputError for fewer than 2 replicates.
    """
    replicates = check_count(replicates, "replicates", 2)
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=(replicates, len(line.clusters)))
    return with_signs(line, signs)


def with_signs(line: RobustLine, signs: Array) -> WildBootstrap:
    """The bootstrap with these signs, (replicates, J)."""
    plain = fit_line(line.y, line.x, line.variances, line.clusters, SandwichKind.CR1)
    projection = DesignProjection(1.0 / line.variances, line.x)
    errors = signs[:, line.clusters.codes] * line.residuals
    shifts = projection.coefficients(errors)
    left = projection.residuals(errors) / line.variances
    clusters, order = len(line.clusters), np.argsort(line.clusters.codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(line.clusters.sizes)[:-1]])
    totals = [np.add.reduceat((left * column)[:, order], starts, axis=1) for column in line.x.T]
    scores = np.stack(totals, axis=-1) @ projection.covariance()
    se = np.sqrt(clusters / (clusters - 1.0) * np.sum(scores**2, axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistics = np.where(se > 0, shifts / se, np.nan)
    return WildBootstrap(line, plain.standard_errors, statistics, line.level)
