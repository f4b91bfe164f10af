"""The pooled mean of independent effects, under a random-effects or a common-effect model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from toolkit.meta.fitting import fit_mean
from toolkit.meta.settings import check_settings
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from toolkit.meta.results import MetaResult


def random_effects(
    y: ArrayLike,
    v: ArrayLike,
    *,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
    weights: ArrayLike | Literal["equal"] | None = None,
) -> MetaResult:
    """Pool effects ``y`` with sampling variances ``v``, both of shape (k,) and on the analysis scale (log for ratios).

    y_i = mu + u_i + e_i with var(u_i) = tau2 and var(e_i) = v_i; mu is the mean weighted by 1 / (v_i + tau2)
    (Viechtbauer 2005, J Educ Behav Stat 30:261). ``tau2`` names the estimator: REML, ML, DL, PM, EB, HE, HS, HSk, SJ,
    EE for the common-effect model (tau2 = 0), one of the variants in :class:`Tau2Estimator`; or it is a number, the
    known tau2. ``weights`` of your own, or "equal", replace the inverse variances in the mean; its standard error is
    then the one that they give under this model, and tau2 does not depend on them (but by GENQ). ``test`` is knha
    (Knapp and Hartung), adhoc (the same, never narrower than t), t or z; a single study is tested by z, and so is a
    common-effect model in place of knha, both with a note. ``level`` is the coverage of the intervals; ``labels`` name
    the studies in messages, tables and plots.

    Raises ModelInputError for numbers that cannot be used, with their rows, and ConvergenceError where the search for
    tau2 does not settle.
    """
    return fit_mean(check_studies(y, v, labels, weights), check_settings(tau2, test, level))


def inverse_variance_heterogeneity(
    y: ArrayLike, v: ArrayLike, *, level: float = 0.95, labels: Sequence[object] | None = None
) -> MetaResult:
    """The IVhet model of Doi et al. (2015, Contemp Clin Trials 45:130), for effects as in :func:`random_effects`.

    The mean is weighted by 1 / v, as for a common effect, so that small studies gain no weight from heterogeneity; its
    standard error has the variances v + tau2, with tau2 by DerSimonian and Laird, and the test is z. Raises as
    :func:`random_effects` does.
    """
    studies = check_studies(y, v, labels)
    return fit_mean(replace(studies, weights=1.0 / studies.v), check_settings("DL", "z", level))
