"""A fitted meta-regression: what it has beyond a model with a single mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import joint_test
from toolkit.meta.heterogeneity import cochran_q, estimate_tau2
from toolkit.meta.inference import critical_value, interval_columns, wald_test
from toolkit.meta.results import MetaResult
from toolkit.meta.settings import Tau2Estimator, check_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.design import Design

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class MetaRegression(MetaResult):
    """A fitted meta-regression; tau2, I2, H2 and Q are residual, what the moderators do not explain.

    ``design`` is the model matrix with the names of its moderators.
    """

    design: Design

    @cached_property
    def r2(self) -> float | None:
        """The percentage of the heterogeneity that the moderators explain.

        None for a model without an intercept or without a moderator, and where tau2 was given.
        """
        if self.design.intercept is None or self.p == 1 or self.settings.known_tau2 is not None:
            return None
        null = self.studies.as_stack(None)
        if self.settings.estimator == Tau2Estimator.EE:
            given = null.given_weights()
            if given is None:
                total, left = float(cochran_q(null)[0]), self.q
            else:
                total = float(null.project(given).form(null.y)[0])
                left = float(self.stack.project(given).form(null.y)[0])
            if total == 0 or not self.q_df:
                return 0.0 if total == 0 else None
            return max(0.0, 100.0 * (1.0 - left / self.q_df * (self.k - 1) / total))
        without = float(estimate_tau2(null, self.settings.estimator).value[0])
        return max(0.0, 100.0 * (without - self.tau2) / without) if without > 0 else 0.0

    @property
    def qm(self) -> float:
        """Omnibus (Wald) statistic of all moderators: chi-square for z, F for t, knha and adhoc."""
        return self._omnibus[0]

    @property
    def qm_df(self) -> tuple[int, float | None]:
        """Its degrees of freedom; the second is None for a chi-square."""
        return len(self.design.tested), self.df

    @property
    def qm_p(self) -> float:
        """Its p-value."""
        return self._omnibus[1]

    def moderator_tests(self) -> pd.DataFrame:
        """A row a moderator (all columns of a category at once): Wald statistic, df_1, df_2, p_value.

        As the omnibus test: chi-square, with df_2 missing, for z, and F for the other tests.
        """
        import pandas as pd

        names = [name for name in dict.fromkeys(self.design.moderators) if name]
        rows = []
        for name in names:
            columns = self.design.positions(name)
            statistic, p = self._wald(columns)
            rows.append((statistic, len(columns), np.nan if self.df is None else self.df, p))
        index = pd.Index(names, name="moderator")
        return pd.DataFrame(rows, index=index, columns=["statistic", "df_1", "df_2", "p_value"])

    def predict(self, rows: pd.DataFrame | ArrayLike | None = None, *, level: float | None = None) -> pd.DataFrame:
        """Predicted mean effects for new rows of moderators (None: those of the studies), on the analysis scale.

        Columns: estimate, se, ci_low, ci_high, and, but for a common-effect model, pi_low and pi_high: the interval in
        which the true effect of a study with these moderators is expected. All use the quantile of the fit's own test.
        """
        import pandas as pd

        level = self.level if level is None else check_level(level)
        if rows is None:
            x, index = self.design.x, pd.Index(self.labels, name="label")
        else:
            x, index = self.design.for_rows(rows)
        estimate = x @ self.beta
        variance = np.vecdot(x @ self.covariance, x)
        quantile = critical_value(level, self.df)
        columns = interval_columns(estimate, variance, quantile)
        if self.settings.estimator != Tau2Estimator.EE:
            half = quantile * np.sqrt(self.tau2 + variance)
            columns |= {"pi_low": estimate - half, "pi_high": estimate + half}
        return pd.DataFrame(columns, index=index)

    def vif(self) -> pd.DataFrame:
        """Variance inflation of each moderator: generalised factor ``gvif`` of its ``m`` columns, and ``gsif``.

        Fox and Monette (1992, J Am Stat Assoc 87:178), from the correlations of the coefficients but for the intercept;
        gvif is the usual VIF where m = 1, and gsif = gvif^(1 / 2m) is the factor on standard errors. A model with one
        moderator has a factor of 1.
        """
        import pandas as pd

        columns = [column for column in range(self.p) if column != self.design.intercept]
        covariance = self.covariance[np.ix_(columns, columns)]
        scale = np.sqrt(np.diagonal(covariance))
        correlation = covariance / np.outer(scale, scale)
        names = [self.design.moderators[column] for column in columns]
        rows = []
        for name in dict.fromkeys(names):
            own = np.array([other == name for other in names])
            parts = np.linalg.det(correlation[np.ix_(own, own)]) * np.linalg.det(correlation[np.ix_(~own, ~own)])
            gvif = float(parts / np.linalg.det(correlation))
            rows.append((int(own.sum()), gvif, gvif ** (0.5 / own.sum())))
        index = pd.Index(list(dict.fromkeys(names)), name="moderator")
        return pd.DataFrame(rows, index=index, columns=["m", "gvif", "gsif"])

    def to_frame(self) -> pd.DataFrame:
        """As for every fitted model, with the omnibus test and R2 beside it."""
        df_1, df_2 = self.qm_df
        omnibus = {"qm": self.qm, "qm_df_1": df_1, "qm_df_2": df_2, "qm_p": self.qm_p, "r2": self.r2}
        return super().to_frame().assign(**omnibus)

    @cached_property
    def _omnibus(self) -> tuple[float, float]:
        return self._wald(list(self.design.tested))

    def _wald(self, columns: list[int]) -> tuple[float, float]:
        """Statistic and p-value of the hypothesis that these coefficients are all 0."""
        return wald_test(self.beta[columns], self.covariance[np.ix_(columns, columns)], self.df)

    def _only(self, values: Array) -> float:
        if len(values) > 1:
            raise ModelInputError(
                f"This model has {self.p} coefficients ({', '.join(self.terms)}): read them from `coefficients`, and "
                "effects for given moderators, with their intervals, from `predict`."
            )
        return float(values[0])

    def _title(self) -> str:
        return f"Meta-regression, {self._how()}"

    def _lines(self) -> list[tuple[str, str]]:
        omnibus = [("Moderators", joint_test(self.qm, self.qm_df, self.qm_p))]
        explained = [] if self.r2 is None else [("R²", f"{self.r2:.1f}% of the heterogeneity")]
        lines = super()._lines()
        return [*lines[: self.p], *omnibus, *explained, *lines[self.p :]]
