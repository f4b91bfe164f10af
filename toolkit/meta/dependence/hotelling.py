"""Tests of several coefficients at once with a sandwich covariance of few clusters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtrc, fdtrc

from toolkit.meta.display import Shown, number, p_value

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.sandwich import Moments

    Array = NDArray[np.float64]


# Below this eigenvalue of its correlations a covariance is singular.
_SINGULAR = 1e-12
_LEAST_DF = 0.5  # there are 1 or more but for rounding
_DOMINATED = "one cluster has nearly all the weight, so that the robust covariance does not vary."


class WaldMethod(StrEnum):
    """How the distribution of a Wald statistic Q of q constraints is approximated (names as in clubSandwich).

    ``HTZ`` Hotelling's T2 with degrees of freedom by Zhang (2012, Tech Stat 54:135), the one that keeps its level in
    the simulations of Tipton and Pustejovsky (2015); ``HTA`` and ``HTB`` the same with other degrees of freedom;
    ``EDF`` and ``EDT`` by an eigendecomposition (Fai and Cornelius 1996, J Stat Comput Simul 54:363, and a mean of
    normalised t statistics); ``Naive-F`` F with J - 1 degrees of freedom for J clusters, ``Naive-Fp`` with J - p;
    ``chi-sq`` chi-square, as if there were many clusters.
    """

    HTZ = "HTZ"
    HTA = "HTA"
    HTB = "HTB"
    EDF = "EDF"
    EDT = "EDT"
    NAIVE_F = "Naive-F"
    NAIVE_FP = "Naive-Fp"
    CHI_SQUARE = "chi-sq"


class Evidence(NamedTuple):
    """What a test is made of: q differences from 0 with their sandwich covariance and its moments."""

    difference: Array
    covariance: Array
    moments: Moments
    clusters: int
    coefficients: int


@dataclass(frozen=True, eq=False, repr=False)
class RobustWaldTest(Shown):
    """F statistic, its degrees of freedom and p-value of the hypothesis that q combinations of coefficients are 0.

    ``df_denom`` is None for a chi-square test (``statistic`` is then chi-square / q). Where the approximation leaves
    no degrees of freedom the p-value is None, where the covariance is singular the statistic as well, and ``reason``
    says so.
    """

    method: WaldMethod
    statistic: float | None
    df_num: int
    df_denom: float | None
    p_value: float | None
    clusters: int
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row: method, statistic, df_num, df_denom, p_value, clusters, reason."""
        return self._one_row("method", "statistic", "df_num", "df_denom", "p_value", "clusters", "reason")

    def _title(self) -> str:
        return f"Cluster-robust Wald test ({self.method}, {self.clusters} clusters)"

    def _lines(self) -> list[tuple[str, str]]:
        df = f"{self.df_num} df" if self.df_denom is None else f"{self.df_num} and {self.df_denom:.4g} df"
        lines = [("F", f"{number(self.statistic)} on {df}, p {p_value(self.p_value)}")]
        return lines + ([("Reason", self.reason)] if self.reason else [])


def test_of(evidence: Evidence, method: WaldMethod) -> RobustWaldTest:
    """The Wald test of this evidence."""
    q, clusters = len(evidence.difference), evidence.clusters
    if _is_singular(evidence.covariance) or _is_singular(evidence.moments.expected()):
        reason = (
            f"{clusters} clusters cannot tell of {q} constraints at once: their sandwich covariance is singular. Test "
            "fewer coefficients."
        )
        return RobustWaldTest(method, None, q, None, None, clusters, reason)
    wald = float(evidence.difference @ np.linalg.solve(evidence.covariance, evidence.difference))
    naive = {WaldMethod.NAIVE_F: clusters - 1.0, WaldMethod.NAIVE_FP: clusters - evidence.coefficients}
    if method == WaldMethod.CHI_SQUARE:
        return RobustWaldTest(method, wald / q, q, None, float(chdtrc(q, wald)), clusters)
    if method in naive:
        return _f_test(method, wald / q, q, float(naive[method]), clusters)
    if method in (WaldMethod.EDF, WaldMethod.EDT):
        return _by_eigenvalues(evidence, wald, method)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = _hotelling_df(evidence.moments.covariances(), method)
    if not np.isfinite(df):
        return RobustWaldTest(method, None, q, None, None, clusters, _DOMINATED)
    return _f_test(method, max(df - q + 1.0, 0.0) / df * wald / q, q, df - q + 1.0, clusters)


test_of.__test__ = False  # not a test case for pytest


def _is_singular(covariance: Array) -> bool:
    scale = np.sqrt(np.diagonal(covariance))
    if not (scale > 0).all():
        return True
    return bool(np.linalg.eigvalsh(covariance / np.outer(scale, scale))[0] < _SINGULAR)


def _f_test(method: WaldMethod, statistic: float, q: int, df: float, clusters: int) -> RobustWaldTest:
    if df > 0:
        return RobustWaldTest(method, statistic, q, df, float(fdtrc(q, df, statistic)), clusters)
    reason = (
        f"{clusters} clusters leave no degrees of freedom for a joint test of {q} constraints ({df:.2g}): "
        "test fewer coefficients, or read their own tests."
    )
    return RobustWaldTest(method, statistic, q, df, None, clusters, reason)


def _hotelling_df(covariances: Array, method: WaldMethod) -> float:
    """Degrees of freedom of the Wishart distribution that is nearest to that of the sandwich covariance."""
    q = len(covariances)
    variances = np.einsum("stst->st", covariances)
    if method == WaldMethod.HTZ:
        return float(q * (q + 1) / variances.sum())
    if method == WaldMethod.HTA:
        return float(2.0 * variances.sum() / np.sum(covariances**2))
    pairs = [(s, t) for s in range(q) for t in range(s + 1)]
    lower = [covariances[pair + other] for at, pair in enumerate(pairs) for other in pairs[: at + 1]]
    return float(2.0 * sum(variances[pair] for pair in pairs) / np.sum(np.square(lower)))


def _by_eigenvalues(evidence: Evidence, wald: float, method: WaldMethod) -> RobustWaldTest:
    q = len(evidence.difference)
    values, vectors = np.linalg.eigh(evidence.moments.expected())
    half = vectors * values**-0.5 @ vectors.T
    spread, axes = np.linalg.eigh(half @ evidence.covariance @ half)
    if spread[0] <= _SINGULAR * spread[-1]:
        return RobustWaldTest(method, None, q, None, None, evidence.clusters, _DOMINATED)
    turned = axes.T @ half
    df = evidence.moments.of(turned).satterthwaite()
    if not (df > _LEAST_DF).all():
        return RobustWaldTest(method, None, q, None, None, evidence.clusters, _DOMINATED)
    if method == WaldMethod.EDT:
        z = _normalised(turned @ evidence.difference / np.sqrt(spread), df)
        mean = float(np.mean(z**2))
        return RobustWaldTest(method, mean, q, None, float(chdtrc(q, q * mean)), evidence.clusters)
    delta, df_denom = _matched_f(np.maximum(df, 4.1), q)
    statistic = delta * wald / q
    if df_denom is None:
        return RobustWaldTest(method, statistic, q, None, float(chdtrc(q, q * statistic)), evidence.clusters)
    return _f_test(method, statistic, q, df_denom, evidence.clusters)


def _normalised(t: Array, df: Array) -> Array:
    """Normal deviates of t statistics (Wallace 1959, Ann Math Stat 30:1121)."""
    a = df - 0.5
    b = 48.0 * a**2
    c = np.sqrt(a * np.log1p(t**2 / df))
    last = 4.0 * c**7 + 33.0 * c**5 + 240.0 * c**3 + 855.0 * c
    return c + (c**3 + 3.0 * c) / b - last / (10.0 * b**2 + 8.0 * b * c**4 + 1000.0 * b)


def _matched_f(df: Array, q: int) -> tuple[float, float | None]:
    """Factor and denominator degrees of freedom of the F distribution with the moments of a sum of squared t."""
    mean = float(np.sum(df / (df - 2.0)))
    variance = float(2.0 * np.sum(df**2 * (df - 1.0) / ((df - 2.0) ** 2 * (df - 4.0))))
    excess = q * variance - 2.0 * mean**2
    if excess <= 0:
        return q / mean, None
    factor = (mean**2 * (q - 2) + 2.0 * q * variance) / (mean * (variance + mean**2))
    return factor, 4.0 + 2.0 * mean**2 * (q + 2) / excess
