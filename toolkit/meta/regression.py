"""Meta-regression: how effects depend on what is known of their studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from toolkit.meta.design import design
from toolkit.meta.fitting import fit_design
from toolkit.meta.settings import check_settings
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from toolkit.meta.regression_result import MetaRegression


def regression(
    y: ArrayLike,
    v: ArrayLike,
    moderators: pd.DataFrame | pd.Series | ArrayLike | str,
    *,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
    data: pd.DataFrame | None = None,
    labels: Sequence[object] | None = None,
    weights: ArrayLike | Literal["equal"] | None = None,
) -> MetaRegression:
    """Regress effects ``y`` with sampling variances ``v``, both (k,) and on the analysis scale, on moderators.

    y_i = x_i'beta + u_i + e_i with var(u_i) = tau2, the residual heterogeneity, and var(e_i) = v_i (Viechtbauer et al.
    2015, Psychol Methods 20:360). ``moderators`` is an array (k,) or (k, m); a DataFrame, whose columns of text become
    categories with the first level as reference; or a formula, as "dose + C(country)", read by formulaic with the
    variables of ``data``. An intercept is added (a formula can take it out: "0 + country"). The other arguments are
    those of :func:`random_effects`.

    The omnibus test of the moderators is chi-square for z and F for the other tests. R2 is the fall of tau2 by the
    moderators in percent, cut at 0 (Raudenbush 2009, in Cooper, Hedges and Valentine, Handbook of Research Synthesis);
    for a common-effect model the adjusted R2 of the weighted regression.

    Raises ModelInputError for numbers and moderators that cannot be used, with their rows; for moderators that are
    combinations of others, with their names; and ConvergenceError where the search for tau2 does not settle.
    """
    studies, settings = check_studies(y, v, labels, weights), check_settings(tau2, test, level)
    return fit_design(studies, design(moderators, len(studies.y), data=data), settings)
