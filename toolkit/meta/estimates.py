"""What every fitted model says of its coefficients: estimates, standard errors, tests and confidence limits."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, p_value, with_limits
from toolkit.meta.frozen import read_only
from toolkit.meta.inference import coefficient_table, critical_value, two_sided_p

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


MEAN = "mean"
"""The name of the coefficient of a model without moderators."""


class Estimates(Shown):
    """A result with p coefficients, all on the analysis scale of the effects that went in (log for ratios).

    A subclass has the names of its coefficients ``terms``, their estimates ``beta`` (p,) and ``covariance`` (p, p);
    ``df``, the degrees of freedom of their t tests: None for z, one number, or a number a coefficient (p,); and
    ``level``, the coverage of the intervals.
    """

    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    df: Array | float | None
    level: float

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.beta)

    @property
    def estimate(self) -> float:
        """The pooled effect (models with several coefficients: see ``coefficients``)."""
        return self._only(self.beta)

    @property
    def se(self) -> float:
        """Standard error of the pooled effect."""
        return self._only(self.standard_errors)

    @property
    def statistic(self) -> float:
        """Test statistic of the pooled effect against 0 on the analysis scale: z, or t with ``df``."""
        return self._only(self._statistics)

    @property
    def p_value(self) -> float:
        """Two-sided p-value of the pooled effect."""
        return self._only(self._p_values)

    @property
    def ci_low(self) -> float:
        """Lower confidence limit of the pooled effect."""
        return self._only(self._limits[0])

    @property
    def ci_high(self) -> float:
        """Upper confidence limit of the pooled effect."""
        return self._only(self._limits[1])

    @cached_property
    def standard_errors(self) -> Array:
        """Standard errors of the coefficients, shape (p,)."""
        return read_only(np.sqrt(np.diagonal(self.covariance)))

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """A row a term: estimate, se, statistic, df, p_value, ci_low, ci_high; df is missing for a z test."""
        return coefficient_table(self.terms, self.beta, self.standard_errors, self.df, self.level)

    @cached_property
    def _statistics(self) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.beta / self.standard_errors

    @cached_property
    def _p_values(self) -> Array:
        return two_sided_p(self._statistics, self.df)

    @cached_property
    def _limits(self) -> tuple[Array, Array]:
        half = critical_value(self.level, self.df) * self.standard_errors
        return self.beta - half, self.beta + half

    def _only(self, values: Array) -> float:
        if len(values) > 1:
            raise ModelInputError(
                f"This model has {self.p} coefficients ({', '.join(self.terms)}): read them from `coefficients`."
            )
        return float(values[0])

    def _coefficient_lines(self) -> list[tuple[str, str]]:
        """A line a coefficient, for what a result shows of itself."""
        lines = []
        for row in range(self.p):
            low, high = self._limits[0][row], self._limits[1][row]
            name = "Estimate" if self.terms == (MEAN,) else self.terms[row]
            text = with_limits(self.beta[row], low, high, self.level)
            lines.append((name, f"{text}, p {p_value(self._p_values[row])}"))
        return lines


class MeanByZ(Estimates):
    """A result with one mean, tested by z."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The one coefficient."""
        return (MEAN,)

    @property
    def df(self) -> None:
        """The test is z."""
        return None
