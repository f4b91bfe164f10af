"""A fitted multivariate model: variances and correlations of the true effects of several outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.component_result import DependentResult
from toolkit.meta.dependence.inner_structures import InnerStructure, correlations, parameters
from toolkit.meta.display import number
from toolkit.meta.frozen import read_only

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.inner_effects import InnerEffects

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class MultivariateResult(DependentResult):
    """A fitted multivariate model of k effects at m inner levels within outer units; ``refit`` fits some of its rows.

    ``theta`` holds the parameters of the search; see :attr:`tau2`, :attr:`rho` and :attr:`components` for those of the
    model.
    """

    refit: Callable[[Integers], MultivariateResult]

    @property
    def random(self) -> InnerEffects:
        """The random effects: their structure, inner levels and outer units."""
        return self.model.structure

    @property
    def structure(self) -> InnerStructure:
        """UN, CS, HCS, DIAG or ID."""
        return self.random.kind

    @property
    def inner_levels(self) -> tuple[str, ...]:
        """The names of the m inner levels."""
        return self.random.inner.names

    @cached_property
    def tau2(self) -> Array:
        """The variance of the true effects at each inner level, (m,)."""
        return read_only(np.diagonal(self._g).copy())

    @cached_property
    def rho(self) -> Array:
        """The correlations of the true effects of one outer unit, (m, m); 0 where one of the two does not vary."""
        return read_only(correlations(self._g))

    @property
    def covariance_of_effects(self) -> pd.DataFrame:
        """The covariance (m, m) of the true effects of one outer unit, by inner level (metafor's G)."""
        import pandas as pd

        return pd.DataFrame(self._g, index=list(self.inner_levels), columns=list(self.inner_levels))

    @property
    def components(self) -> dict[str, float]:
        """The variances and correlations by name, each once."""
        return parameters(self.structure, self._g, self.inner_levels)

    def refitted(self, rows: Integers) -> MultivariateResult:
        """The same model fitted to these rows alone."""
        return self.refit(rows)

    @cached_property
    def _g(self) -> Array:
        return self.random.shape.covariance(self.theta)

    def _title(self) -> str:
        sizes = f"{self.k:,} effects at {len(self.inner_levels)} levels in {len(self.random.outer):,} units"
        return f"Multivariate model, {sizes} ({self.structure}; {self.method}, {self.test})"

    def _lines(self) -> list[tuple[str, str]]:
        shown = [(name.replace("tau2", "tau²"), number(value)) for name, value in self.components.items()]
        return self._coefficient_lines() + shown + self._fit_lines()
