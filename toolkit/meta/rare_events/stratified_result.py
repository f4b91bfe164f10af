"""A pooled effect of stratified counts: estimate, tests, and the heterogeneity of the studies about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import joint_test, number, p_value, studies
from toolkit.meta.estimates import MeanByZ
from toolkit.meta.rare_events.strata import Strata, own_heterogeneity

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class StratumTest(NamedTuple):
    """A chi-square test of the strata: ``statistic``, ``df``, ``p_value``, and where there is none the ``reason``."""

    statistic: float | None
    df: int
    p_value: float | None
    reason: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class StratifiedResult(MeanByZ):
    """A common effect of k studies with two groups, on the analysis scale (log for ratios), tested by z.

    ``association`` is the test that there is no effect (Cochran-Mantel-Haenszel), ``homogeneity`` those that the effect
    is the same in all strata (Breslow-Day, Tarone); None where a method has none. ``q`` (Cochran's, of the studies'
    own effects), ``i2`` in percent and ``h2`` describe how they vary about it. ``refit`` pools some of the studies.
    """

    strata: Strata
    method: str
    beta: Array
    covariance: Array
    level: float
    q: float
    q_df: int
    q_p: float
    association: StratumTest | None
    homogeneity: dict[str, StratumTest]
    notes: tuple[str, ...]
    refit: Callable[[Strata], StratifiedResult]

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.strata.labels)

    @property
    def labels(self) -> tuple[str, ...]:
        """The studies' labels."""
        return self.strata.labels

    @cached_property
    def i2(self) -> float:
        """The percentage of Q beyond its degrees of freedom, 0 or more; 0 for a single study."""
        return max(0.0, 100.0 * (self.q - self.q_df) / self.q) if self.q > 0 and self.q_df > 0 else 0.0

    @cached_property
    def h2(self) -> float:
        """Q over its degrees of freedom; 1 for a single study."""
        return self.q / self.q_df if self.q_df > 0 else 1.0

    def leave_one_out(self) -> pd.DataFrame:
        """The pooled effect without each study in turn: estimate, se, ci_low, ci_high, p_value, q, q_p, i2, reason.

        ``reason`` says why a row has no numbers.
        """
        rows = np.arange(self.k)
        return self._series([rows[rows != row] for row in rows], self.labels)

    def cumulative(self) -> pd.DataFrame:
        """The pooled effect of the first study, of the first two, and so on, with the same columns."""
        rows = np.arange(self.k)
        return self._series([rows[: row + 1] for row in rows], self.labels)

    def to_frame(self) -> pd.DataFrame:
        """The estimate with its test, k, Q, I2 and the method."""
        return self.coefficients.assign(
            k=self.k, q=self.q, q_df=self.q_df, q_p=self.q_p, i2=self.i2, method=self.method, level=self.level
        )

    def _series(self, subsets: list[NDArray[np.intp]], labels: tuple[str, ...]) -> pd.DataFrame:
        import pandas as pd

        names = ("estimate", "se", "ci_low", "ci_high", "p_value", "q", "q_p", "i2")
        values = []
        for rows in subsets:
            try:
                if not len(rows):
                    raise ModelInputError("There is no other study.")
                fit = self.refit(self.strata.take(rows))
                values.append([*(getattr(fit, name) for name in names), ""])
            except ModelInputError as error:
                values.append([np.nan] * len(names) + [str(error)])
        return pd.DataFrame(values, columns=[*names, "reason"], index=pd.Index(labels, name="label"))

    def _title(self) -> str:
        return f"{self.method}, {self.strata.measure}, {studies(self.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        lines = self._coefficient_lines()
        lines.append(("Q", f"{number(self.q)} on {self.q_df} df, p {p_value(self.q_p)}, I² {self.i2:.1f}%"))
        tests = {} if self.association is None else {"No effect (Cochran-Mantel-Haenszel)": self.association}
        for name, test in (tests | {f"Same effect ({name})": test for name, test in self.homogeneity.items()}).items():
            lines.append((name, test.reason or joint_test(test.statistic, (test.df, None), test.p_value)))
        return lines + [("Note", note) for note in self.notes]


def stratified_result(
    strata: Strata,
    method: str,
    estimate: float,
    se: float,
    level: float,
    refit: Callable[[Strata], StratifiedResult],
    *,
    association: StratumTest | None = None,
    homogeneity: dict[str, StratumTest] | None = None,
) -> StratifiedResult:
    """The result with the heterogeneity of the studies' own effects about it."""
    q, known, q_p = own_heterogeneity(strata, estimate)
    silent = len(strata.labels) - known
    notes = (f"{studies(silent)} without an effect of their own stay out of Q.",) if silent else ()
    return StratifiedResult(
        strata,
        method,
        np.array([estimate]),
        np.array([[se**2]]),
        level,
        q,
        max(known - 1, 0),
        q_p,
        association,
        homogeneity or {},
        notes,
        refit,
    )
