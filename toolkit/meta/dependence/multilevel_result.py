"""A fitted multilevel model: the variances of its levels with their limits, shares of heterogeneity, predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.dependence.component_result import DependentResult
from toolkit.meta.dependence.component_search import maximise
from toolkit.meta.display import number
from toolkit.meta.frozen import read_only
from toolkit.meta.inference import critical_value, interval_columns
from toolkit.meta.intervals import PredictionInterval
from toolkit.meta.settings import check_level

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.random_levels import RandomLevels

    Array = NDArray[np.float64]
    Integers = NDArray[np.int64]

_MOST_DOUBLINGS = 60


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
        """
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

    def prediction_interval(self, *, level: float | None = None) -> PredictionInterval:
        """The interval in which the true effect of a new study is expected: estimate ± quantile sqrt(se² + all sigma2).

        On the analysis scale, for a mean alone (for moderators see ``predict``), with the quantile of the fit's test.
        """
        level = self.level if level is None else check_level(level)
        df = self._least_df
        half = float(critical_value(level, df)) * float(np.sqrt(self.theta.sum() + self.se**2))
        return PredictionInterval(self.estimate - half, self.estimate + half, level, df)

    def deviations(self) -> dict[str, pd.DataFrame]:
        """For each level its units' predicted random effects: estimate, se, ci_low, ci_high (``ranef()`` in R).

        Best linear unbiased predictions with the variances of their errors (Robinson 1991, Stat Sci 6:15).
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
        quantile = critical_value(self.level, self._least_df)
        columns = interval_columns(sigma2 * pulled, np.maximum(variance, 0.0), quantile)
        return pd.DataFrame(columns, index=pd.Index(level.names, name=self.random.names[at]))

    def component_intervals(self, *, level: float | None = None) -> pd.DataFrame:
        """Profile-likelihood limits of each variance: sigma2, ci_low, ci_high, a row a level.

        The other variances and the coefficients are fitted anew at each value (``confint()`` of metafor). A limit is
        missing where the likelihood stays high to the end of the search.
        """
        import pandas as pd

        level = self.level if level is None else check_level(level)
        rows = [self._limits_of(at, level) for at in range(len(self.theta))]
        index = pd.Index(self.random.names, name="level")
        return pd.DataFrame(rows, index=index, columns=["sigma2", "ci_low", "ci_high"])

    def profile(self, component: str, values: Array) -> Array:
        """The log-likelihood with one variance held at each of ``values`` and all else fitted anew."""
        at = self.random.names.index(component)
        return np.array([self._profiled(at, float(value)) for value in values])

    def refitted(self, rows: Integers) -> MultilevelResult:
        """The same model fitted to these rows alone."""
        return self.refit(rows)

    def _profiled(self, at: int, value: float) -> float:
        fixed = np.arange(len(self.theta)) == at
        start = np.where(fixed, value, self.theta)
        other = np.where(fixed, value, np.maximum(self.theta, self.theta.sum() / len(self.theta)))
        return maximise(self.model, [start, other], fixed).gls.loglik

    def _limits_of(self, at: int, level: float) -> tuple[float, float, float]:
        from scipy.optimize import brentq  # here: 0.1 s that most fits do not need

        estimate = float(self.theta[at])
        wanted = self.loglik - 0.5 * float(critical_value(level, None)) ** 2

        def above(value: float) -> float:
            return self._profiled(at, value) - wanted

        low = 0.0
        if estimate > 0 and above(0.0) < 0:
            low = brentq(above, 0.0, estimate, xtol=1e-12 * estimate, rtol=1e-10)
        step = max(estimate, float(self.theta.sum()), 0.01 * float(np.median(self.v)))
        high, found = estimate + step, np.nan
        for _ in range(_MOST_DOUBLINGS):
            if above(high) < 0:
                found = brentq(above, estimate, high, xtol=1e-12 * high, rtol=1e-10)
                break
            high *= 2.0
        return estimate, low, found

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
