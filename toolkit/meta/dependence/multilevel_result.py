"""A fitted multilevel model: the variances of its levels with their limits, shares of heterogeneity, predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.component_profile import Component
from toolkit.meta.dependence.component_result import DependentResult
from toolkit.meta.display import number
from toolkit.meta.frozen import read_only
from toolkit.meta.inference import critical_value, interval_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.random_levels import RandomLevels
    from toolkit.meta.intervals import PredictionInterval

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelResult(DependentResult):
    """A fitted multilevel model of k effects; ``refit`` fits it to some of its rows."""

    refit: Callable[[Integers], MultilevelResult]

    @property
    def random(self) -> RandomLevels:
        """The levels of the random effects."""
        return self.model.structure

    @property
    def sigma2(self) -> Array:
        """The variance of each level's random effects, from the outermost on."""
        return self.theta

    @property
    def n_levels(self) -> dict[str, int]:
        """How many units each level has."""
        return {name: len(level) for name, level in zip(self.random.names, self.random.levels, strict=True)}

    @cached_property
    def i2(self) -> Array:
        """The percentage of the variance that is heterogeneity of each level, (q,); their sum is the total I2.

        The sampling variance that is typical is (k - p) / tr(P), with P the projection by the inverse sampling
        covariance (Higgins and Thompson 2002, Stat Med 21:1539, for several variances as metafor documents).
        All are 0 where there are as many coefficients as effects.
        """
        if not self.q_df:
            return read_only(np.zeros(len(self.theta)))
        p = self.p
        trace, moment, square = 0.0, np.zeros((p, p)), np.zeros((p, p))
        for group in self.model.groups:
            inverse = np.linalg.inv(group.v)
            weighted = inverse @ group.x
            trace += float(np.einsum("bss->", inverse))
            moment += np.einsum("bsp,bsr->pr", group.x, weighted)
            square += np.einsum("bsp,bsr->pr", weighted, weighted)
        typical = self.q_df / (trace - float(np.trace(np.linalg.solve(moment, square))))
        return read_only(100.0 * self.theta / (self.theta.sum() + typical))

    @property
    def variance_of_effects(self) -> Array:
        """The variance of the true effects about their means, the sum of sigma2, for each effect (k,)."""
        return np.full(self.k, self.theta.sum())

    def prediction_interval(self, *, level: float | None = None) -> PredictionInterval:
        """The interval in which the true effect of a new study is expected: estimate ± quantile sqrt(se² + all sigma2).

        On the analysis scale, for a mean alone (for moderators see ``predict``), with the quantile of the fit's test.
        """
        return self._prediction(float(self.theta.sum()), level)

    def deviations(self) -> dict[str, pd.DataFrame]:
        """For each level its units' predicted random effects: estimate, se, ci_low, ci_high (``ranef()`` in R).

        Best linear unbiased predictions with the variances of their errors (Robinson 1991, Stat Sci 6:15). For
        ``test="t"`` limits have as many degrees of freedom as the level has more units than there are coefficients.
        """
        return {name: self._deviations(at) for at, name in enumerate(self.random.names)}

    def _deviations(self, at: int) -> pd.DataFrame:
        import pandas as pd

        level, sigma2 = self.random.levels[at], float(self.theta[at])
        count = len(level)
        pulled, weight, lean = np.zeros(count), np.zeros(count), np.zeros((count, self.p))
        for group, inverse in zip(self.model.groups, self._gls.inverses, strict=True):
            residuals = group.y - group.x @ self.beta
            codes = level.codes[group.rows]
            np.add.at(pulled, codes, (inverse @ residuals[:, :, None])[:, :, 0])
            np.add.at(lean, codes, inverse @ group.x)
            same = codes[:, :, None] == codes[:, None, :]
            np.add.at(weight, codes, (inverse * same).sum(-1))
        known = self._gls.covariance
        variance = sigma2 - sigma2**2 * (weight - np.einsum("cp,pr,cr->c", lean, known, lean))
        quantile = critical_value(self.level, self._df_of_units(count))
        columns = interval_columns(sigma2 * pulled, np.maximum(variance, 0.0), quantile)
        return pd.DataFrame(columns, index=pd.Index(level.names, name=self.random.names[at]))

    def refitted(self, rows: Integers) -> MultilevelResult:
        """The same model fitted to these rows alone."""
        return self.refit(rows)

    def _components(self) -> list[Component]:
        spread = np.maximum(self.theta, self.theta.sum() / len(self.theta))
        starts = [self.theta, np.where(self.held, 0.0, spread)]
        reason = "the variance was not estimated"
        return [
            Component(name, value, 0.0, np.inf, self.model, at, float, starts, self.held, reason if held else "")
            for at, (name, value, held) in enumerate(
                zip(self.random.names, self.theta.tolist(), self.held.tolist(), strict=True)
            )
        ]

    def _title(self) -> str:
        units = ", ".join(f"{count:,} of {name}" for name, count in self.n_levels.items())
        return f"Multilevel model, {self.k:,} effects ({units}; {self.method}, {self.test})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = self._coefficient_lines()
        if self.design.terms == ("intercept",):
            lines[0] = ("Estimate", lines[0][1])
            predicted = self.prediction_interval()
            lines.append(("Prediction interval", f"{number(predicted.low)} to {number(predicted.high)}"))
        for name, variance, share in zip(self.random.names, self.theta, self.i2, strict=True):
            lines.append((f"sigma² of {name}", f"{number(variance)} (I² {share:.1f}%)"))
        return lines + self._fit_lines()
