"""What cluster-robust inference gives back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.hotelling import Evidence, RobustWaldTest, WaldMethod, test_of
from toolkit.meta.display import number, p_value
from toolkit.meta.estimates import Estimates
from toolkit.meta.settings import check_choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.dependence.clusters import Clusters
    from toolkit.meta.dependence.sandwich import Moments, SandwichKind
    from toolkit.meta.design import Design

    Array = NDArray[np.float64]

TRUSTED_DF = 4.0


class RobustTest(StrEnum):
    """How single coefficients are tested with a sandwich covariance of J clusters (names as in clubSandwich).

    ``satterthwaite`` t with degrees of freedom of its own for each coefficient (Bell and McCaffrey 2002); ``naive-t`` t
    with J - 1; ``naive-tp`` t with J - p for p coefficients, as metafor's ``robust``; ``z`` normal.
    """

    SATTERTHWAITE = "satterthwaite"
    NAIVE_T = "naive-t"
    NAIVE_TP = "naive-tp"
    Z = "z"


_OMNIBUS = {
    RobustTest.SATTERTHWAITE: WaldMethod.HTZ,
    RobustTest.NAIVE_T: WaldMethod.NAIVE_F,
    RobustTest.NAIVE_TP: WaldMethod.NAIVE_FP,
    RobustTest.Z: WaldMethod.CHI_SQUARE,
}


@dataclass(frozen=True, eq=False, repr=False)
class RobustResult(Estimates):
    """Coefficients of a fitted model with a cluster-robust covariance, on the analysis scale of its effects.

    ``model`` is the fit that they come from (None where there is none), ``clusters`` says which effects belong
    together, ``kind`` which correction was made, ``moments`` what the degrees of freedom are computed from. ``df``
    (p,) is None for z tests. ``untold`` (p,) are coefficients that one cluster alone tells of; ``agree`` says whether
    all effects are as fitted but for rounding. In either case the standard error is 0, and there is no test.
    """

    model: Estimates | None
    clusters: Clusters
    kind: SandwichKind
    test: RobustTest
    terms: tuple[str, ...]
    beta: Array
    covariance: Array
    moments: Moments
    df: Array | None
    level: float
    design: Design | None
    untold: NDArray[np.bool_]
    agree: bool
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of effects."""
        return len(self.clusters.codes)

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.clusters)

    @property
    def qm(self) -> float | None:
        """F statistic (chi-square for z) of the moderators, or of the mean where there is none; see ``omnibus``."""
        found = self.omnibus
        if found.statistic is None:
            return None
        return found.statistic * (found.df_num if found.method == WaldMethod.CHI_SQUARE else 1)

    @property
    def qm_df(self) -> tuple[int, float | None]:
        """Its degrees of freedom; the second is None for a chi-square."""
        return self.omnibus.df_num, self.omnibus.df_denom

    @property
    def qm_p(self) -> float | None:
        """Its p-value."""
        return self.omnibus.p_value

    @cached_property
    def omnibus(self) -> RobustWaldTest:
        """The test of all moderators at once that goes with ``test``: HTZ, F or chi-square."""
        return self.wald_test(method=_OMNIBUS[self.test])

    def wald_test(
        self,
        constraints: ArrayLike | Sequence[str] | None = None,
        *,
        moderators: str | Sequence[str] | None = None,
        method: str = "HTZ",
    ) -> RobustWaldTest:
        """Test q linear combinations of the coefficients against 0 at once.

        ``constraints`` is a matrix (q, p), or the names of the coefficients that are tested; ``moderators`` names
        moderators with all their columns instead. By default all coefficients but the intercept are tested, or the
        intercept where it is alone. ``method`` is one of :class:`WaldMethod`, HTZ by default.

        Raises ModelInputError for unknown names, and for constraints that are combinations of others or have another
        width than p.
        """
        chosen = check_choice(WaldMethod, method, "method")
        matrix = self._constraints(constraints, moderators)
        if self.agree:
            reason = "all effects agree with the model, so that their robust covariance is 0."
            return RobustWaldTest(chosen, None, len(matrix), None, None, self.n_clusters, reason)
        names = [term for term, untold in zip(self.terms, self.untold & (matrix != 0).any(0), strict=True) if untold]
        if names:
            reason = f"no two clusters tell of {', '.join(names)}, whose robust variance is 0 by construction."
            return RobustWaldTest(chosen, None, len(matrix), None, None, self.n_clusters, reason)
        moments = self.moments.of(matrix)
        covariance = matrix @ self.covariance @ matrix.T
        return test_of(Evidence(matrix @ self.beta, covariance, moments, self.n_clusters, self.p), chosen)

    def saddlepoint(self) -> pd.DataFrame:
        """p-values of the coefficients by a saddlepoint approximation: a row a term with saddlepoint, p_value.

        Of the distribution of the squared t statistic under the working model (McCaffrey and Bell 2006, Stat Med
        25:4081), as clubSandwich computes it; the cost grows with the cube of the number of clusters. Missing where the
        standard error is 0.
        """
        import pandas as pd

        rows = [
            _saddlepoint(float(t), self.moments.matrix(at)) if np.isfinite(t) else (np.nan, np.nan)
            for at, t in enumerate(self._statistics)
        ]
        return pd.DataFrame(rows, columns=["saddlepoint", "p_value"], index=pd.Index(self.terms, name="term"))

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """A row a term: estimate, se, statistic, df, p_value, ci_low, ci_high; no test of an ``untold`` coefficient."""
        table = super().coefficients
        table.loc[self._untested, ["statistic", "p_value"]] = np.nan
        return table

    @property
    def _untested(self) -> NDArray[np.bool_]:
        return self.untold | self.agree

    @cached_property
    def _statistics(self) -> Array:
        return np.where(self._untested, np.nan, super()._statistics)

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, a row a term, with the number of effects and clusters and the settings beside them."""
        shared = {"k": self.k, "clusters": self.n_clusters, "kind": str(self.kind), "test": str(self.test)}
        return self.coefficients.assign(**shared, level=self.level)

    def _constraints(self, constraints: ArrayLike | Sequence[str] | None, moderators: object) -> Array:
        identity = np.eye(self.p)
        if moderators is not None:
            if constraints is not None:
                raise ModelInputError("Give constraints or moderators, not both.")
            if self.design is None:
                raise ModelInputError("This model has no moderators: its only coefficient is the mean.")
            names = list(moderators) if isinstance(moderators, list | tuple) else [moderators]
            return identity[[column for name in names for column in self.design.positions(name)]]
        if constraints is None:
            return identity[list((0,) if self.design is None else self.design.tested)]
        given = np.asarray(constraints)
        if given.dtype.kind in "UO":
            absent = [name for name in given.ravel().tolist() if name not in self.terms]
            if absent:
                raise ModelInputError(
                    f"There is no coefficient {', '.join(map(repr, absent))}; the model has {', '.join(self.terms)}."
                )
            return identity[[self.terms.index(name) for name in given.ravel().tolist()]]
        matrix = np.atleast_2d(given.astype(float))
        if matrix.shape[1] != self.p or np.linalg.matrix_rank(matrix) < len(matrix):
            raise ModelInputError(
                f"constraints must be a matrix of full row rank with a column for each of {', '.join(self.terms)}; "
                f"its shape is {matrix.shape}."
            )
        return matrix

    def _title(self) -> str:
        return (
            f"Cluster-robust inference ({self.kind}, {self.test}), {self.k:,} effects in {self.n_clusters:,} clusters"
        )

    def _lines(self) -> list[tuple[str, str]]:
        lines = self._coefficient_lines()
        if self.df is not None:
            lines.append(("Degrees of freedom", ", ".join(number(value) for value in self.df)))
        if self.p > 1:
            found = self.omnibus
            shown = f"F {number(found.statistic)}, p {p_value(found.p_value)} ({found.method})"
            lines.append(("Moderators", found.reason or shown))
        return lines + [("Note", note) for note in self.notes]


def _saddlepoint(t: float, matrix: Array) -> tuple[float, float]:
    """The saddlepoint and the p-value of a t statistic whose variance is the quadratic form of ``matrix``."""
    values = np.maximum(np.linalg.eigvalsh(matrix), 0.0)
    g = np.concatenate([[1.0], -(t**2) * values / values.sum()])

    from scipy.optimize import brentq  # here: 0.1 s that most results do not need

    edge = 0.5 / (g.min() if t**2 < 1 else g.max())
    s = edge * brentq(lambda share: np.sum(g / (1.0 - 2.0 * g * edge * share)), 0.0, 1.0 - 1e-12)
    if abs(s) <= 0.01:
        return s, float(0.5 - np.sum(g**3) / (3.0 * np.sqrt(np.pi) * np.sum(g**2) ** 1.5))
    r = np.sign(s) * np.sqrt(np.sum(np.log1p(-2.0 * g * s)))
    q = s * np.sqrt(2.0 * np.sum(g**2 / (1.0 - 2.0 * g * s) ** 2))
    density = np.exp(-(r**2) / 2.0) / np.sqrt(2.0 * np.pi)
    return s, float(ndtr(-r) - density * (1.0 / r - 1.0 / q))
