"""Any fit without each cluster in turn: does one study, paper or sample carry the result?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.cluster_deletion import fits_without_each
from toolkit.meta.dependence.clusters import Clusters, check_clusters
from toolkit.meta.dependence.dependent_fit import components_of, refuse_own_weights, working_groups
from toolkit.meta.display import Shown, with_limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from toolkit.meta.dependence.dependent_fit import DependentFit
    from toolkit.meta.results import MetaResult


@dataclass(frozen=True, eq=False, repr=False)
class LeaveOneClusterOut(Shown):
    """The fits of ``result`` without each of its clusters; None, with a reason, where there is none.

    A fit with a reason lacks a level of the random effects (an outcome that this cluster alone has), whose variance is
    then NaN.
    """

    result: MetaResult | DependentFit
    clusters: Clusters
    fits: tuple[MetaResult | DependentFit | None, ...]
    reasons: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a cluster that was left out and a term, on the analysis scale; ``reason`` says which numbers it lacks.

        Columns: k, estimate, se, statistic, df, p_value, ci_low, ci_high, the variance components, reason.
        """
        import pandas as pd

        empty = pd.DataFrame(
            np.nan, index=pd.Index(self.result.terms, name="term"), columns=self.result.coefficients.columns
        )
        tables = []
        for fit, reason, size in zip(self.fits, self.reasons, self.clusters.sizes, strict=True):
            table = empty if fit is None else fit.coefficients
            parts = dict.fromkeys(components_of(self.result), np.nan) if fit is None else components_of(fit)
            table = table.assign(**parts, reason=reason)
            table.insert(0, "k", self.result.k - size)
            tables.append(table)
        return pd.concat(tables, keys=self.clusters.names, names=["cluster"])

    def _title(self) -> str:
        return f"Leave one cluster out, {len(self.clusters):,} clusters"

    def _lines(self) -> list[tuple[str, str]]:
        lines = []
        for name, fit, reason in zip(self.clusters.names, self.fits, self.reasons, strict=True):
            shown = [] if fit is None else [_shown(fit)]
            lines.append((f"without {name}", "; ".join([*shown, *filter(None, [reason])])))
        return lines


def leave_one_cluster_out(
    result: MetaResult | DependentFit, cluster: Sequence[object] | pd.Series | ArrayLike
) -> LeaveOneClusterOut:
    """Fit the model again without each ``cluster`` (k,) in turn, by its own estimator, test and level.

    Raises ModelInputError for a missing cluster, for one that a random effect of the model crosses, and for a fit with
    weights of the user's own.
    """
    refuse_own_weights(result, "Leaving clusters out")
    clusters = check_clusters(cluster, result.k)
    working_groups(result, clusters)  # refuses clusters that a random effect of the model crosses
    fits, reasons = fits_without_each(result, clusters)
    return LeaveOneClusterOut(result, clusters, tuple(fits), reasons)


def _shown(fit: MetaResult | DependentFit) -> str:
    table = fit.coefficients
    rows = zip(table.index, table.estimate, table.ci_low, table.ci_high, strict=True)
    shown = [(term, with_limits(value, low, high, fit.level)) for term, value, low, high in rows]
    return shown[0][1] if len(shown) == 1 else "; ".join(f"{term} {text}" for term, text in shown)
