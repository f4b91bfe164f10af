"""A fitted multivariate model: variances and correlations of the true effects of several outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError, suggestion
from toolkit.meta.dependence.component_result import DependentResult
from toolkit.meta.dependence.inner_profile import profiled_components
from toolkit.meta.dependence.inner_structures import InnerStructure, correlations, parameters
from toolkit.meta.display import number
from toolkit.meta.frozen import read_only
from toolkit.meta.inference import critical_value, interval_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.component_profile import Component
    from toolkit.meta.dependence.inner_effects import InnerEffects
    from toolkit.meta.intervals import PredictionInterval

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
        """The variances and correlations by name, each once; NaN for a level without effects."""
        found = parameters(self.structure, self._g, self.inner_levels)
        if self._has_one_variance:
            return found
        return found | {f"tau2 of {name}": np.nan for name in self.absent_levels}

    @property
    def absent_levels(self) -> tuple[str, ...]:
        """Inner levels that no effect is at: those that lost all where a model was fitted to some of its rows."""
        inner = self.random.inner
        return tuple(name for name, size in zip(inner.names, inner.sizes.tolist(), strict=True) if not size)

    @property
    def variance_of_effects(self) -> Array:
        """The variance of the true effects about their means, tau2 of its inner level for each effect (k,)."""
        return self.tau2[self.random.inner.codes]

    def prediction_interval(self, inner: str | None = None, *, level: float | None = None) -> PredictionInterval:
        """The interval in which the true effect of a new study at level ``inner`` is expected.

        estimate ± quantile sqrt(se² + tau2 of that level), on the analysis scale, for a mean alone (for moderators see
        ``predict``). Where all levels have one variance (CS, ID) none needs to be named.

        Raises ModelInputError for a level that the model does not have, and where one is needed.
        """
        return self._prediction(float(self._variances_at(inner)[0]), level)

    def predict(
        self,
        rows: pd.DataFrame | ArrayLike | None = None,
        *,
        inner: str | Sequence[str] | None = None,
        level: float | None = None,
    ) -> pd.DataFrame:
        """Predicted mean effects for new rows of moderators (None: those of the effects), on the analysis scale.

        Columns: estimate, se, ci_low, ci_high, and where the variance of the true effects is known pi_low and pi_high,
        the interval in which the true effect of a new study is expected: for the effects themselves, for structures
        with one variance, and for new rows with their ``inner`` level, one for all or one a row. Limits have the least
        degrees of freedom of the coefficients that the row has a part of (as metafor's).
        """
        if rows is None:
            if inner is not None:
                raise ModelInputError("inner is for new rows: the effects have levels of their own.")
            return self._predicted(None, level, self.variance_of_effects)
        if inner is None and not self._has_one_variance:
            return self._predicted(rows, level, None)
        return self._predicted(rows, level, self._variances_at(inner))

    def deviations(self) -> pd.DataFrame:
        """The predicted random effects of each outer unit at its inner levels: estimate, se, ci_low, ci_high.

        A row a pair (outer, inner) that has effects, as ``ranef()`` in R. Best linear unbiased predictions with the
        variances of their errors (Robinson 1991, Stat Sci 6:15). For ``test="t"`` limits have as many degrees of
        freedom as there are more units than coefficients.
        """
        import pandas as pd

        inner, outer, m = self.random.inner, self.random.outer, len(self.inner_levels)
        count = len(outer)
        pulled, lean = np.zeros((count, m)), np.zeros((count, m, self.p))
        weight = np.zeros((count, m, m))
        for group, inverse in zip(self.model.groups, self._gls.inverses, strict=True):
            level, unit = inner.codes[group.rows], outer.codes[group.rows]
            residuals = group.y - group.x @ self.beta
            np.add.at(pulled, (unit, level), (inverse @ residuals[:, :, None])[:, :, 0])
            np.add.at(lean, (unit, level), inverse @ group.x)
            same = unit[:, :, None] == unit[:, None, :]
            of_pair = np.broadcast_to(unit[:, :, None], same.shape), np.broadcast_to(level[:, :, None], same.shape)
            np.add.at(weight, (*of_pair, np.broadcast_to(level[:, None, :], same.shape)), inverse * same)
        known = weight - lean @ self._gls.covariance @ np.swapaxes(lean, 1, 2)
        estimate = pulled @ self._g
        variance = np.diagonal(self._g) - np.einsum("st,utv,vs->us", self._g, known, self._g)
        units, levels = np.unique(np.stack([outer.codes, inner.codes]), axis=1)
        columns = interval_columns(
            estimate[units, levels],
            np.maximum(variance[units, levels], 0.0),
            critical_value(self.level, self._df_of_units(count)),
        )
        names = [[outer.names[at] for at in units], [inner.names[at] for at in levels]]
        return pd.DataFrame(columns, index=pd.MultiIndex.from_arrays(names, names=["outer", "inner"]))

    def marginal_at(self, other: MultivariateResult) -> list[tuple[Integers, Array]]:
        """The marginal covariance with the variances and correlations of another fit of the same model."""
        return self.model.marginal(self.random.shape.theta_at(other.covariance_of_effects.to_numpy()))

    def refitted(self, rows: Integers) -> MultivariateResult:
        """The same model fitted to these rows alone."""
        return self.refit(rows)

    @cached_property
    def _g(self) -> Array:
        return self.random.shape.covariance(self.theta)

    @property
    def _has_one_variance(self) -> bool:
        return len(self.inner_levels) == 1 or self.structure in (InnerStructure.CS, InnerStructure.ID)

    def _variances_at(self, inner: str | Sequence[str] | None) -> Array:
        """tau2 at these levels, of all where they share one."""
        if inner is None:
            if self._has_one_variance:
                return self.tau2[:1]
            raise ModelInputError(
                f"Each inner level has a variance of its own: give inner, one of {', '.join(self.inner_levels)}."
            )
        names = [str(name) for name in ([inner] if isinstance(inner, str) or not np.iterable(inner) else inner)]
        wrong = [name for name in names if name not in self.inner_levels or name in self.absent_levels]
        if wrong:
            raise ModelInputError(
                f"There is no inner level {wrong[0]!r}; the model has {', '.join(self.inner_levels)}."
                f"{suggestion(wrong[0], self.inner_levels)}"
            )
        return self.tau2[[self.inner_levels.index(name) for name in names]]

    def _components(self) -> list[Component]:
        return profiled_components(self.model, self._g, self.held)

    def _title(self) -> str:
        sizes = f"{self.k:,} effects at {len(self.inner_levels)} levels in {len(self.random.outer):,} units"
        return f"Multivariate model, {sizes} ({self.structure}; {self.method}, {self.test})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(name.replace("tau2", "tau²"), value) for name, value in self.components.items()]
        shown = [(name, number(None if np.isnan(value) else value)) for name, value in lines]
        return self._coefficient_lines() + shown + self._fit_lines()
