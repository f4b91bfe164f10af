"""The fit of one univariate model: tau2, coefficients and heterogeneity, with what a reader should be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from toolkit import __version__
from toolkit.errors import ConvergenceError
from toolkit.meta.estimates import MEAN
from toolkit.meta.heterogeneity import Tau2, cochran_q, estimate_tau2, i2_h2
from toolkit.meta.inference import Coefficients, estimate_coefficients
from toolkit.meta.regression_result import MetaRegression
from toolkit.meta.results import MetaResult
from toolkit.meta.roots import MAX_ITERATIONS
from toolkit.meta.settings import Convergence, Settings, Tau2Estimator, Test

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.design import Design
    from toolkit.meta.studies import Studies


def fit_mean(studies: Studies, settings: Settings) -> MetaResult:
    """Fit a mean. Raises ConvergenceError where the search for tau2 does not settle."""
    return MetaResult(**_fields(studies, None, (MEAN,), settings))


def fit_design(studies: Studies, made: Design, settings: Settings) -> MetaRegression:
    """Fit the regression of these studies with a model matrix that is made already; raises as :func:`fit_mean` does."""
    return MetaRegression(**_fields(studies, made.x, made.terms, settings), design=made)


def _fields(
    studies: Studies, x: NDArray[np.float64] | None, terms: tuple[str, ...], settings: Settings
) -> dict[str, Any]:
    """What every result holds, by name."""
    stack = studies.as_stack(x)
    tau2 = _known_tau2(settings.known_tau2) or estimate_tau2(stack, settings.estimator)
    if not tau2.converged[0]:
        raise ConvergenceError(
            f"The {settings.estimator} estimate of tau2 did not settle in {MAX_ITERATIONS} steps "
            f"(last value {tau2.value[0]:g}). Check for variances that differ by many orders of magnitude, "
            "or use the estimator DL, which needs no search."
        )
    q_df = len(studies.y) - stack.p
    test, notes = _test_to_use(settings, q_df)
    found = estimate_coefficients(stack, tau2.value, test)
    q = cochran_q(stack)
    i2, h2 = i2_h2(stack, settings.estimator, tau2.value, q)
    se = float(tau2.se[0])
    return dict(
        studies=studies,
        settings=settings,
        test=test,
        terms=terms,
        x=x,
        beta=found.beta[0],
        covariance=found.covariance[0],
        df=None if found.df is None else float(q_df),
        tau2=float(tau2.value[0]),
        tau2_se=None if np.isnan(se) else se,
        i2=float(i2[0]),
        h2=float(h2[0]),
        q=float(q[0]),
        q_df=q_df,
        q_p=float(chdtrc(q_df, q[0])) if q_df else 1.0,
        convergence=Convergence(True, int(tau2.iterations[0]), int(tau2.maxima[0])),
        notes=(*notes, *_cautions(test, found, tau2)),
        version=__version__,
    )


def _known_tau2(value: float | None) -> Tau2 | None:
    """A tau2 that was given, in the form of an estimate that took no search."""
    if value is None:
        return None
    one = np.ones(1, np.int64)
    return Tau2(np.array([value]), np.array([np.nan]), one - 1, np.ones(1, bool), one)


def _test_to_use(settings: Settings, q_df: int) -> tuple[Test, tuple[str, ...]]:
    """The test asked for, or z where that one has no meaning, with the reason."""
    if q_df == 0 and settings.test != Test.Z:
        return Test.Z, (f"As many coefficients as studies leave no degrees of freedom: z in place of {settings.test}.",)
    if settings.estimator == Tau2Estimator.EE and settings.test in (Test.KNHA, Test.ADHOC):
        return Test.Z, (f"Knapp and Hartung's test is for random effects: z in place of {settings.test}.",)
    return settings.test, ()


def _cautions(test: Test, found: Coefficients, tau2: Tau2) -> list[str]:
    """What a reader of the result should know (Wiksten, Rücker and Schwarzer 2016, Stat Med 35:2503; see ``Test``)."""
    cautions = []
    if test == Test.KNHA and found.scale[0] == 0:
        cautions.append("All effects agree, so the Knapp-Hartung standard error is 0: use test='adhoc' or 'z'.")
    elif test == Test.KNHA and tau2.value[0] == 0 and found.scale[0] < 1:
        cautions.append(
            "tau2 is 0 and the Knapp-Hartung standard error is below that of the common-effect model "
            f"(by a factor of {np.sqrt(found.scale[0]):.2g}): compare with test='adhoc'."
        )
    if tau2.maxima[0] > 1:
        cautions.append(f"The likelihood has {tau2.maxima[0]} local maxima in tau2; the highest was taken.")
    return cautions
