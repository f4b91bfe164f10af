"""The pooled effect without each study in turn: does one of them carry the result?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, studies
from toolkit.meta.sensitivity.deletion import Deletions, delete_each
from toolkit.meta.stack_fit import Unfitted

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.results import MetaResult


@dataclass(frozen=True, eq=False, repr=False)
class LeaveOneOut(Shown):
    """The fits of ``result`` without each of its studies, a row of ``deletions.fit`` each."""

    result: MetaResult
    deletions: Deletions

    def to_frame(self) -> pd.DataFrame:
        """A row a study that was left out, on the analysis scale.

        ``reason`` says why a row has no numbers, or a standard error of 0, and what to do.

        Columns: k, estimate, se, statistic, df, p_value, ci_low, ci_high, tau2, tau2_se, i2 (percent), h2, q, q_df,
        q_p, reason.
        """
        import pandas as pd

        columns = self.deletions.fit.columns(self.result.level) | {"reason": self.reasons}
        return pd.DataFrame(columns, index=pd.Index(self.result.labels, name="label"))

    @property
    def reasons(self) -> tuple[str, ...]:
        """A text a study: why there is no effect without it, or why its standard error is 0; empty otherwise."""
        pairs = zip(self.deletions.fit.reason, self.deletions.reasons, strict=True)
        return tuple(str(found) if found == Unfitted.NO_STUDY else reason for found, reason in pairs)

    def _title(self) -> str:
        decide = self._deciding()
        return (
            f"Leave-one-out, {studies(self.result.k)} "
            f"({decide or 'none'} of them {'decides' if decide < 2 else 'decide'} on which side of 0 the interval lies)"
        )

    def _deciding(self) -> int:
        """How many studies there are without which the interval lies on another side of 0, or includes it."""
        low, high = self.deletions.fit.limits(self.result.level)
        sides = _side(low[:, 0], high[:, 0])
        return int(np.sum((sides != _side(self.result.ci_low, self.result.ci_high)) & ~np.isnan(low[:, 0])))

    def _lines(self) -> list[tuple[str, str]]:
        fit = self.deletions.fit
        rows = zip(self.result.labels, fit.shown(self.result.level), fit.reason, self.reasons, strict=True)
        return [
            (f"without {label}", f"{text}. {reason}".removesuffix(". ") if found == Unfitted.FITTED else reason)
            for label, text, found, reason in rows
        ]


def _side(low: ArrayLike, high: ArrayLike) -> NDArray[np.int64]:
    """1 for intervals above 0, -1 for those below it, 0 for those that include it."""
    return np.greater(low, 0).astype(int) - np.less(high, 0)


def leave_one_out(result: MetaResult) -> LeaveOneOut:
    """Pool the studies again without each of them in turn, by the fit's own estimator, test and level.

    All k models are one call of the engine. Where one study is left it is tested by z, as a fit of its own would be.
    Raises ModelInputError for a regression, whose coefficients :func:`influence` follows (DFBETAS).
    """
    if result.x is not None:
        raise ModelInputError(
            "Leave-one-out is for a mean: this model has moderators. Use influence, whose DFBETAS say how much each "
            "study moves each coefficient."
        )
    return LeaveOneOut(result, delete_each(result))
