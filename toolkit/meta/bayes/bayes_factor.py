"""Bayes factors: how much better one model predicted the data than another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.display import Shown, number

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BayesFactor(Shown):
    """The Bayes factor against a null hypothesis: above 1 the data speak against it, below 1 for it.

    ``log_bf10`` is its natural logarithm, None where it cannot be computed; ``reason`` then says why.
    """

    null: str
    log_bf10: float | None
    reason: str = ""

    @property
    def bf10(self) -> float | None:
        """The alternative's marginal likelihood over that of the null; infinite beyond the range of a double."""
        with np.errstate(over="ignore"):
            return None if self.log_bf10 is None else float(np.exp(self.log_bf10))

    @property
    def bf01(self) -> float | None:
        """Its inverse, as bayesmeta gives it: the evidence for the null."""
        with np.errstate(over="ignore"):
            return None if self.log_bf10 is None else float(np.exp(-self.log_bf10))

    def to_frame(self) -> pd.DataFrame:
        """One row with all fields."""
        return self._one_row("null", "bf10", "bf01", "log_bf10", "reason")

    def _title(self) -> str:
        return f"Bayes factor against {self.null}"

    def _lines(self) -> list[tuple[str, str]]:
        if self.reason:
            return [("Not available", self.reason)]
        return [("BF10", number(self.bf10)), ("BF01", number(self.bf01))]
