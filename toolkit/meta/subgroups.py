"""Subgroup analysis: a pooled effect for each group of studies, and whether the groups differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

from toolkit.errors import ModelInputError
from toolkit.meta.design import design
from toolkit.meta.display import Shown, joint_test, number, studies, with_limits
from toolkit.meta.fitting import fit_design, fit_mean
from toolkit.meta.settings import Tau2Estimator, check_settings
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from toolkit.meta.regression_result import MetaRegression
    from toolkit.meta.results import MetaResult


@dataclass(frozen=True, eq=False, repr=False)
class Subgroups(Shown):
    """Pooled effects of the groups ``names``, in ``results``, and of all studies, ``overall``.

    ``q_between`` tests that the groups have one effect: chi-square with ``df_between`` = (groups - 1, None), or F with
    (groups - 1, k - groups) where the groups share tau2 and the test is not z. It is None, and ``reason`` says why,
    where it cannot be computed. ``regression`` is the model behind it where the groups share tau2, None otherwise.
    """

    names: tuple[str, ...]
    results: tuple[MetaResult, ...]
    overall: MetaResult
    q_between: float | None
    df_between: tuple[int, float | None]
    p_between: float | None
    regression: MetaRegression | None
    reason: str = ""

    def __getitem__(self, name: str) -> MetaResult:
        """The result of one group."""
        return self.results[self.names.index(name)]

    def to_frame(self) -> pd.DataFrame:
        """A row a group: k, estimate, se, ci_low, ci_high, p_value, tau2, i2 (percent), q, q_p."""
        import pandas as pd

        columns = ("k", "estimate", "se", "ci_low", "ci_high", "p_value", "tau2", "i2", "q", "q_p")
        rows = [[getattr(result, column) for column in columns] for result in self.results]
        return pd.DataFrame(rows, index=pd.Index(self.names, name="group"), columns=list(columns))

    def _title(self) -> str:
        shared = "one tau² for all" if self.regression is not None else "a tau² for each"
        return f"{len(self.names)} subgroups of {studies(self.overall.k)} ({shared})"

    def _lines(self) -> list[tuple[str, str]]:
        lines = [(name, _shown(result)) for name, result in zip(self.names, self.results, strict=True)]
        lines.append(("All studies", _shown(self.overall)))
        if self.reason:
            return [*lines, ("Between groups", f"not available: {self.reason}")]
        return [*lines, ("Between groups", joint_test(self.q_between, self.df_between, self.p_between))]


def subgroups(
    y: ArrayLike,
    v: ArrayLike,
    groups: Sequence[object] | pd.Series,
    *,
    common_tau2: bool = False,
    tau2: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> Subgroups:
    """Pool each group of studies alone; ``groups`` names the group of each study (k,).

    By default each group has a tau2 of its own, and the groups are compared by the weighted sum of squares of their
    effects with weights 1 / se² (Borenstein and Higgins 2013, Prev Sci 14:134). With ``common_tau2`` tau2 is estimated
    once, as what is left of the heterogeneity after the groups (steadier where groups are small), each group is pooled
    at that value, and the comparison is the omnibus test of a regression on the groups. Other arguments are those of
    :func:`random_effects`.

    Raises ModelInputError for a missing group, with its rows, and where there is one group only.
    """
    studies, settings = check_studies(y, v, labels), check_settings(tau2, test, level)
    names, codes = _codes(groups, len(studies.y))
    overall = fit_mean(studies, settings)
    regression = None
    if common_tau2:
        regression = fit_design(studies, design(_frame(names, codes), len(studies.y)), settings)
        if settings.estimator != Tau2Estimator.EE:
            settings = settings._replace(known_tau2=regression.tau2)
    parts = [np.flatnonzero(codes == code) for code in range(len(names))]
    results = tuple(fit_mean(studies.take(rows), settings) for rows in parts)
    if regression is not None:
        between = regression.qm, regression.qm_df, regression.qm_p
        return Subgroups(names, results, overall, *between, regression)
    return _compared(names, results, overall)


def _compared(names: tuple[str, ...], results: tuple[MetaResult, ...], overall: MetaResult) -> Subgroups:
    """The groups by their own standard errors."""
    df = len(names) - 1
    exact = [name for name, result in zip(names, results, strict=True) if result.se == 0]
    if exact:
        reason = f"the standard error of {', '.join(exact)} is 0; use test='adhoc' or 'z', or common_tau2=True"
        return Subgroups(names, results, overall, None, (df, None), None, None, reason)
    effects = np.array([result.estimate for result in results])
    w = np.array([result.se**-2.0 for result in results])
    q = float(np.sum(w * (effects - np.sum(w * effects) / np.sum(w)) ** 2))
    return Subgroups(names, results, overall, q, (df, None), float(chdtrc(df, q)), None)


def _codes(groups: Sequence[object] | pd.Series, k: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the groups, in the order of a categorical or sorted, and the number of each study's group."""
    import pandas as pd

    column = pd.Series(groups).reset_index(drop=True)
    if len(column) != k:
        raise ModelInputError(f"There are {studies(k)} and {len(column)} groups: name the group of each study.")
    rows = np.flatnonzero(column.isna()).tolist()
    if rows:
        raise ModelInputError(f"The group is missing in row {', '.join(map(str, rows[:5]))}: name it, or leave it out.")
    category = column.astype("category").cat.remove_unused_categories().cat
    names = tuple(str(name) for name in category.categories)
    if len(names) < 2:
        raise ModelInputError(f"All studies are in one group ({names[0]}): there is nothing to compare.")
    return names, category.codes.to_numpy()


def _frame(names: tuple[str, ...], codes: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"group": pd.Categorical.from_codes(codes, names)})


def _shown(result: MetaResult) -> str:
    effect = with_limits(result.estimate, result.ci_low, result.ci_high, result.level)
    return f"{effect}, {studies(result.k)}, tau² {number(result.tau2)}, I² {result.i2:.1f}%"
