"""The pooled effect as studies accumulate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, studies
from toolkit.meta.stack_fit import StackFit, Unfitted, fit_many

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult


@dataclass(frozen=True, eq=False, repr=False)
class Cumulative(Shown):
    """A meta-analysis after each further study: row i of ``fit`` pools the first i + 1 of ``labels``.

    ``order`` (k,) are the studies' rows in the data, in the order of their arrival.
    """

    labels: tuple[str, ...]
    order: NDArray[np.intp]
    fit: StackFit
    level: float

    def to_frame(self) -> pd.DataFrame:
        """A row a study that was added, on the analysis scale; ``reason`` says why a row has no numbers.

        Columns: k, estimate, se, statistic, df, p_value, ci_low, ci_high, tau2, tau2_se, i2 (percent), h2, q, q_df,
        q_p, reason.
        """
        import pandas as pd

        reasons = [self._reason(row) for row in range(len(self.labels))]
        columns = self.fit.columns(self.level) | {"reason": reasons}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def _reason(self, row: int) -> str:
        if self.fit.reason[row] == Unfitted.FITTED:
            return ""
        return f"With the studies up to {self.labels[row]} (k = {row + 1}) there is no fit: {self.fit.reason[row]}"

    def _title(self) -> str:
        return f"Cumulative meta-analysis of {studies(len(self.labels))}"

    def _lines(self) -> list[tuple[str, str]]:
        texts = self.fit.shown(self.level)
        return [
            (f"{'' if row == 0 else '+ '}{label}", self._reason(row) or texts[row])
            for row, label in enumerate(self.labels)
        ]


def cumulative(result: MetaResult, *, order: ArrayLike | None = None) -> Cumulative:
    """Pool the first study, the first two, and so on (Lau et al. 1992, N Engl J Med 327:248), by the fit's settings.

    ``order`` holds a value a study by which they arrive, smallest first (years; variances, to begin with the most
    precise), ties as they stand; None for the order of the data. All k models are one call of the engine. The first
    study alone is tested by z. Raises ModelInputError for a regression, and for an order with missing values or of
    another length.
    """
    if result.x is not None:
        raise ModelInputError("A cumulative meta-analysis is for a mean: this model has moderators. Fit it without.")
    rows = np.arange(result.k) if order is None else _sorted_rows(order, result.k)
    arrived = np.argsort(rows) <= np.arange(result.k)[:, None]
    fit = fit_many(result.stack.subsets, (arrived,), result.k, result.settings)
    return Cumulative(tuple(result.labels[row] for row in rows), rows, fit, result.level)


def _sorted_rows(order: ArrayLike, k: int) -> NDArray[np.intp]:
    values = np.asarray(order)
    if values.shape != (k,):
        raise ModelInputError(f"order must hold one value for each of the {studies(k)}; its shape is {values.shape}.")
    missing = np.flatnonzero(values != values)
    if len(missing):
        raise ModelInputError(
            f"order is missing in row {', '.join(map(str, missing[:5]))}: give every study a value, or leave it out."
        )
    try:
        return np.argsort(values, kind="stable")
    except TypeError:
        raise ModelInputError("order mixes values that cannot be compared: give numbers, dates or texts.") from None
