"""Graphical display of study heterogeneity (GOSH): the model fitted to all subsets of the studies, or to many.

Olkin, Dahabreh and Trikalinos 2012, Res Synth Methods 3:214. Nothing is drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import Shown, number, studies
from toolkit.meta.settings import check_count
from toolkit.meta.stack_fit import StackFit, Unfitted, fit_many

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

_LARGEST = 10_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Gosh(Shown):
    """Fits of ``result``'s model to subsets of its studies.

    ``included`` (subsets, k) says which studies each holds; row i of ``fit`` belongs to its row i. ``exact`` where
    these are all subsets with enough studies, otherwise they were drawn at random with ``seed``.
    """

    result: MetaResult
    included: NDArray[np.bool_]
    fit: StackFit
    exact: bool
    seed: int

    def to_frame(self) -> pd.DataFrame:
        """A row a subset, on the analysis scale: k, a column a coefficient, tau2, i2 (percent), h2, q, reason.

        The column of a mean is called estimate, those of other coefficients after their terms.
        """
        import pandas as pd

        names = ("estimate",) if self.result.p == 1 else self.result.terms
        fit = self.fit
        columns = {"k": fit.k.astype(np.int64)} | dict(zip(names, fit.beta.T, strict=True))
        rest = {"tau2": fit.tau2, "i2": fit.i2, "h2": fit.h2, "q": fit.q, "reason": fit.reason.astype(str)}
        return pd.DataFrame(columns | rest)

    def by_study(self) -> pd.DataFrame:
        """A row a study: medians over the subsets with it and over those without it, and their difference.

        Columns: a with, without and difference each for the first coefficient, for tau2 and for i2 (percent). A study
        whose differences stand out is one that the fits cluster by.
        """
        import pandas as pd

        columns = {}
        for name, values in (("estimate", self.fit.beta[:, 0]), ("tau2", self.fit.tau2), ("i2", self.fit.i2)):
            present = [np.nanmedian(values[here]) for here in self.included.T]
            absent = [np.nanmedian(values[~here]) for here in self.included.T]
            columns |= {f"{name}_with": present, f"{name}_without": absent}
            columns[f"{name}_difference"] = np.subtract(present, absent)
        return pd.DataFrame(columns, index=pd.Index(self.result.labels, name="label"))

    def _title(self) -> str:
        return f"GOSH: {'all' if self.exact else 'random'} {len(self.included):,} subsets of {studies(self.result.k)}"

    def _lines(self) -> list[tuple[str, str]]:
        fitted = self.fit.reason == Unfitted.FITTED
        lines = []
        values = [
            *zip(self.result.terms, self.fit.beta.T, strict=True),
            ("tau²", self.fit.tau2),
            ("I² (%)", self.fit.i2),
        ]
        for name, column in values:
            low, middle, high = np.quantile(column[fitted], [0.025, 0.5, 0.975])
            lines.append((name, f"median {number(middle)}, 95% of subsets {number(low)} to {number(high)}"))
        missing = int((~fitted).sum())
        return lines + ([("Note", f"{missing:,} subsets could not be fitted.")] if missing else [])


def gosh(result: MetaResult, *, subsets: int = 100_000, seed: int = 0, jobs: int | None = None) -> Gosh:
    """Fit the model of ``result`` to subsets of its studies, by the same estimator and test.

    All subsets with at least as many studies as coefficients are taken, in binary order (the first study changes
    fastest), where there are no more than ``subsets``. Otherwise that many are drawn from ``seed``, with repetition:
    each study is in with probability 1/2, and a draw of too few studies is made again, as in metafor. ``jobs`` spreads
    the work (see :func:`batch`). Memory grows with subsets times k.

    Raises ModelInputError for a single study, and for less than two or more than ten million subsets.
    """
    k, p = result.k, result.p
    if k == 1:
        raise ModelInputError("A single study has no other subset than itself: GOSH needs two studies or more.")
    subsets = check_count(subsets, "subsets", 2, _LARGEST)
    exact = sum(comb(k, size) for size in range(p, k + 1)) <= subsets
    included = _all_subsets(k, p) if exact else _random_subsets(k, p, subsets, np.random.default_rng(seed))
    fit = fit_many(result.stack.subsets, (included,), k, result.settings, jobs=jobs)
    return Gosh(result, included, fit, exact, seed)


def _all_subsets(k: int, smallest: int) -> NDArray[np.bool_]:
    included = (np.arange(2**k)[:, None] >> np.arange(k)) & 1 == 1
    return included[included.sum(1) >= smallest]


def _random_subsets(k: int, smallest: int, number: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    included = rng.integers(0, 2, size=(number, k), dtype=np.uint8).view(bool)
    while len(short := np.flatnonzero(included.sum(1) < smallest)):
        included[short] = rng.integers(0, 2, size=(len(short), k), dtype=np.uint8).view(bool)
    return included
