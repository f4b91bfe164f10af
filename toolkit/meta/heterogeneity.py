"""Between-study variance tau2: its estimators, their standard errors, and Q, I2 and H2.

All functions work on a :class:`~toolkit.meta.stack.Stack` of n analyses and give arrays of shape (n,). tau2 has the
unit of y squared. Names of estimators: EE equal (common) effect, DL DerSimonian-Laird, HE Hedges, HS Hunter-Schmidt,
HSk Hunter-Schmidt with a small-sample correction, SJ Sidik-Jonkman, ML and REML (restricted) maximum likelihood,
EB empirical Bayes, PM Paule-Mandel. Reviews of all: Viechtbauer 2005, J Educ Behav Stat 30:261; Veroniki et al.
2016, Res Synth Methods 7:55 (equations below are theirs, with moderators as in Viechtbauer et al. 2015,
Psychol Methods 20:360). Variants as in R's metafor 3.8: DLIT iterates DerSimonian and Laird's equation, SJIT that of
Sidik and Jonkman (its limit is the Paule-Mandel estimate), PMM is Paule-Mandel with the median of the chi-square
distribution as target, GENQ the moment estimator with weights of the user's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import chdtri

from toolkit.errors import ModelInputError
from toolkit.meta.maximum_likelihood import maximum_likelihood
from toolkit.meta.roots import Bracket, Tau2, bracketed_root, typical_variance
from toolkit.meta.settings import Tau2Estimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.projection import Projection
    from toolkit.meta.settings import Settings
    from toolkit.meta.stack import Stack

    Array = NDArray[np.float64]


class GeneralisedQ(NamedTuple):
    """The equation Q(tau2) = target of Paule and Mandel, and of Q-profile limits (Viechtbauer 2007, Stat Med 26:37)."""

    target: Array

    def sides(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Observed and expected."""
        return np.vecdot(p.w * residuals, residuals), self.target

    def slopes(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Their derivatives with respect to tau2."""
        py = p.w * residuals
        return -np.vecdot(py, py), np.zeros_like(self.target)

    def take(self, rows: NDArray[np.intp]) -> GeneralisedQ:
        """The equation of these analyses alone."""
        return GeneralisedQ(self.target[rows])


class IteratedMoment(NamedTuple):
    """The fixed point tau2 = (Q(tau2) - (k - p)) / tr(P) of metafor's DLIT; tau2 tr(P) is k - p - tr(P V)."""

    df: Array
    v: Array

    def sides(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Observed and expected."""
        return np.vecdot(p.w * residuals, residuals), 2.0 * self.df - p.trace(self.v)

    def slopes(self, p: Projection, residuals: Array) -> tuple[Array, Array]:
        """Their derivatives with respect to tau2."""
        py = p.w * residuals
        return -np.vecdot(py, py), p.trace_product(self.v)

    def take(self, rows: NDArray[np.intp]) -> IteratedMoment:
        """The equation of these analyses alone."""
        return IteratedMoment(self.df[rows], self.v[rows])


def estimate_tau2(stack: Stack, estimator: Tau2Estimator) -> Tau2:
    """tau2 of each analysis by one estimator; 0 where there are no more studies than coefficients.

    Moment estimates are cut at 0 before anything else is computed from them. ML and REML are global maxima. Raises
    ModelInputError for GENQ without weights.
    """
    if estimator == Tau2Estimator.GENQ and stack.given is None:
        raise ModelInputError("The estimator GENQ needs weights of your own: give weights=, a number a study.")
    n = len(stack.y)
    enough = stack.df > 0
    none = np.zeros(n, np.int64)
    if estimator == Tau2Estimator.EE or not enough.any():
        return Tau2(np.zeros(n), np.full(n, np.nan), none, np.ones(n, bool), none + 1)
    if not enough.all():
        return _estimate_where(stack, estimator, enough)
    match estimator:
        case Tau2Estimator.ML | Tau2Estimator.REML:
            return maximum_likelihood(stack, restricted=estimator == Tau2Estimator.REML)
        case Tau2Estimator.EB | Tau2Estimator.PM | Tau2Estimator.SJIT | Tau2Estimator.PMM:
            target = chdtri(stack.df, 0.5) if estimator == Tau2Estimator.PMM else stack.df
            value, iterations, converged = generalised_q_root(stack, target)
            return Tau2(value, _se_paule_mandel(stack, value), iterations, converged, none + 1)
        case Tau2Estimator.DLIT:
            value, iterations, converged = _root_from_zero(stack, IteratedMoment(stack.df, stack.v))
            se = _se_moment(stack, stack.project(stack.weights(value)), value)
            return Tau2(value, se, iterations, converged, none + 1)
    value, se = _MOMENTS[estimator](stack)
    return Tau2(value, se, none, np.ones(n, bool), none + 1)


def generalised_q_root(stack: Stack, target: Array) -> tuple[Array, NDArray[np.int64], NDArray[np.bool_]]:
    """The tau2 at which Q(tau2) equals ``target`` (0 where Q(0) is already below), iterations and convergence."""
    return _root_from_zero(stack, GeneralisedQ(target))


def _root_from_zero(
    stack: Stack, equation: GeneralisedQ | IteratedMoment
) -> tuple[Array, NDArray[np.int64], NDArray[np.bool_]]:
    """The root of Q(tau2) = expected, 0 where Q(0) is already below; iterations and convergence.

    Q falls strictly as tau2 grows while what is expected does not, and Q is at most the unweighted sum of squares over
    tau2: that is the bracket.
    """
    n = len(stack.y)
    value, iterations, converged = np.zeros(n), np.zeros(n, np.int64), np.ones(n, bool)
    at_zero, expected = _sides_at(stack, equation, np.zeros(n))
    rows = np.flatnonzero(at_zero > expected)
    if len(rows):
        part, equation, at_zero, expected = stack.take(rows), equation.take(rows), at_zero[rows], expected[rows]
        high = part.unweighted.form(part.y) / expected * 1.01
        observed, wanted = _sides_at(part, equation, high)
        ends = Bracket(np.zeros(len(rows)), high, np.log(at_zero / expected), np.log(observed / wanted))
        value[rows], iterations[rows], converged[rows] = bracketed_root(part, equation, ends)
    return value, iterations, converged


def _sides_at(stack: Stack, equation: GeneralisedQ | IteratedMoment, tau2: Array) -> tuple[Array, Array]:
    p = stack.project(stack.weights(tau2))
    return equation.sides(p, p.residuals(stack.y))


def cochran_q(stack: Stack) -> Array:
    """Cochran's Q: the weighted residual sum of squares with inverse-variance weights (Cochran 1954)."""
    return np.where(stack.df > 0, stack.at_zero.form(stack.y), 0.0)


def tau2_by_maximum_likelihood(stack: Stack, settings: Settings, tau2: float) -> Array:
    """The tau2 (1,) that maximises the likelihood of one analysis; ``tau2`` itself where it is held, or is that one."""
    if settings.estimates_tau2 and settings.estimator != Tau2Estimator.ML:
        return estimate_tau2(stack, Tau2Estimator.ML).value
    return np.array([tau2])


def typical_within_variance(stack: Stack) -> Array:
    """The typical sampling variance of Higgins and Thompson (2002, Stat Med 21:1539, equation 9), (k - p) / tr(P).

    0 where there are no more studies than coefficients.
    """
    enough = stack.df > 0
    trace = np.where(enough, stack.at_zero.trace(), 1.0)
    return np.where(enough, stack.df / trace, 0.0)


def i2_h2(stack: Stack, estimator: Tau2Estimator, tau2: Array, q: Array) -> tuple[Array, Array]:
    """I2 in percent, and H2. From tau2 over the typical variance; for the common-effect model from Q (I2 >= 0)."""
    enough = stack.df > 0
    if estimator == Tau2Estimator.EE:
        df = np.where(enough, stack.df, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            i2 = np.where(q > df, 100.0 * (q - df) / q, 0.0)
        return np.where(enough, i2, 0.0), np.where(enough, q / df, 1.0)
    typical = np.where(enough, typical_within_variance(stack), 1.0)
    return 100.0 * tau2 / (typical + tau2), tau2 / typical + 1.0


def _estimate_where(stack: Stack, estimator: Tau2Estimator, enough: NDArray[np.bool_]) -> Tau2:
    n = len(stack.y)
    rows = np.flatnonzero(enough)
    parts = estimate_tau2(stack.take(rows), estimator)
    whole = Tau2(np.zeros(n), np.full(n, np.nan), np.zeros(n, np.int64), np.ones(n, bool), np.ones(n, np.int64))
    for target, part in zip(whole, parts, strict=True):
        target[rows] = part
    return whole


def _dersimonian_laird(stack: Stack) -> tuple[Array, Array]:
    """(Q - (k - p)) / tr(P) at inverse-variance weights (DerSimonian and Laird 1986, Control Clin Trials 7:177)."""
    p = stack.at_zero
    tau2 = np.maximum((p.form(stack.y) - stack.df) / p.trace(), 0.0)
    return tau2, _se_moment(stack, p, tau2)


def _se_moment(stack: Stack, p: Projection, tau2: Array) -> Array:
    """Standard error of DerSimonian and Laird's estimate, with the weights of this projection (as metafor has it)."""
    trace = p.trace()
    # A sum of squares; below 0 by rounding where one study has nearly all the weight.
    variance = 2.0 * stack.df + 4.0 * tau2 * trace + 2.0 * tau2**2 * np.maximum(p.trace_product(), 0.0)
    return np.sqrt(variance) / trace


def _generalised_moment(stack: Stack) -> tuple[Array, Array]:
    """(y'P y - tr(P V)) / tr(P) at weights of the user's own (DerSimonian and Kacker 2007, Contemp Clin Trials 28:105).

    With inverse-variance weights it is DL, with equal ones HE.
    """
    p = stack.project(stack.given_weights())
    trace = p.trace()
    tau2 = np.maximum((p.form(stack.y) - p.trace(stack.v)) / trace, 0.0)
    spread = p.trace_product(stack.v, stack.v) + 2.0 * tau2 * p.trace_product(stack.v) + tau2**2 * p.trace_product()
    return tau2, np.sqrt(2.0 * spread) / trace


def _hedges(stack: Stack) -> tuple[Array, Array]:
    """(RSS - tr(P V)) / (k - p) with equal weights (Hedges and Olkin 1985, chapter 9)."""
    p = stack.unweighted
    trace = p.trace(stack.v)
    tau2 = np.maximum((p.form(stack.y) - trace) / stack.df, 0.0)
    variance = 2.0 * p.trace_product(stack.v, stack.v) + 4.0 * tau2 * trace + 2.0 * tau2**2 * stack.df
    return tau2, np.sqrt(variance) / stack.df


def _hunter_schmidt(stack: Stack) -> tuple[Array, Array]:
    """(Q - k) / sum(w) (Hunter and Schmidt 2004, Methods of Meta-Analysis)."""
    return _hunter_schmidt_scaled(stack, np.ones_like(stack.df))


def _hunter_schmidt_corrected(stack: Stack) -> tuple[Array, Array]:
    """(k / (k - p) Q - k) / sum(w) (Brannick et al. 2019, Organ Res Methods 22:490)."""
    return _hunter_schmidt_scaled(stack, stack.k / stack.df)


def _hunter_schmidt_scaled(stack: Stack, factor: Array) -> tuple[Array, Array]:
    p = stack.at_zero
    total = np.add.reduce(p.w, -1)
    tau2 = np.maximum((factor * p.form(stack.y) - stack.k) / total, 0.0)
    variance = 2.0 * stack.df + 4.0 * tau2 * p.trace() + 2.0 * tau2**2 * p.trace_product()
    return tau2, factor * np.sqrt(variance) / total


def _sidik_jonkman(stack: Stack) -> tuple[Array, Array]:
    """The two-step estimate of Sidik and Jonkman (2005, Appl Stat 54:367), from the variance of y about its mean."""
    present = np.ones_like(stack.v) if stack.present is None else stack.present
    mean = np.vecdot(present, stack.y) / stack.k
    first = np.vecdot(present, (stack.y - mean[..., None]) ** 2) / stack.k
    p = stack.project(stack.weights(first))
    ratio = first / stack.df
    tau2 = ratio * p.form(stack.y)
    variance = (
        2.0 * p.trace_product(stack.v, stack.v)
        + 4.0 * tau2 * p.trace_product(stack.v)
        + 2.0 * tau2**2 * p.trace_product()
    )
    return tau2, ratio * np.sqrt(variance)


def _se_paule_mandel(stack: Stack, tau2: Array) -> Array:
    return np.sqrt(2.0 * stack.k**2 / stack.df) / np.add.reduce(stack.weights(tau2), -1)


_MOMENTS = {
    Tau2Estimator.DL: _dersimonian_laird,
    Tau2Estimator.HE: _hedges,
    Tau2Estimator.HS: _hunter_schmidt,
    Tau2Estimator.HSK: _hunter_schmidt_corrected,
    Tau2Estimator.SJ: _sidik_jonkman,
    Tau2Estimator.GENQ: _generalised_moment,
}

__all__ = [
    "GeneralisedQ",
    "Tau2",
    "cochran_q",
    "estimate_tau2",
    "generalised_q_root",
    "i2_h2",
    "typical_variance",
    "typical_within_variance",
]
