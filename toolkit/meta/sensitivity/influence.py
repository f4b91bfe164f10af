"""How much each study moves a fit: the model fitted again without it, and what changes.

Definitions are those of Viechtbauer and Cheung (2010, Res Synth Methods 1:112), who carry the case diagnostics of
Belsley, Kuh and Welsch (1980, Regression Diagnostics) and of Cook and Weisberg (1982, Residuals and Influence in
Regression) over to meta-analysis; details, the rule for an influential study among them, are as in R's metafor 3.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

from toolkit.meta.display import Shown, number, studies
from toolkit.meta.sensitivity.deletion import delete_each, quadratic
from toolkit.meta.settings import Test

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult
    from toolkit.meta.stack_fit import StackFit

    Array = NDArray[np.float64]

_MEASURES = "studentised dffits cooks_distance covariance_ratio tau2_deleted q_deleted hat weight".split()
_AGREE = (
    "All effects agree, so the Knapp-Hartung standard error is 0 and nothing can be measured in it: fit with "
    "test='adhoc' or 'z'."
)


@dataclass(frozen=True, eq=False, repr=False)
class Influence(Shown):
    """Case diagnostics of a fit with k studies and p coefficients; arrays are of shape (k,) unless said otherwise.

    ``studentised`` externally studentised residual: the effect less its prediction from the other studies, in standard
    errors of that difference. ``dffits`` the change of the fitted value, ``dfbetas`` (k, p) that of each coefficient,
    in standard errors. ``cooks_distance`` the change of all coefficients together, as a squared Mahalanobis distance.
    ``covariance_ratio`` the determinant of the coefficients' covariance without the study over that with it: below 1
    where the study makes the fit less precise. ``tau2_deleted`` and ``q_deleted`` tau2 and Q without it. ``hat`` the
    leverage, ``weight`` the weight in percent.

    What cannot be computed for a study is NaN, and its entry in ``reasons`` says why. ``notes`` tell what a reader
    should know of single deletions.
    """

    labels: tuple[str, ...]
    terms: tuple[str, ...]
    studentised: Array
    dffits: Array
    cooks_distance: Array
    covariance_ratio: Array
    tau2_deleted: Array
    q_deleted: Array
    hat: Array
    weight: Array
    dfbetas: Array
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_influential(self) -> NDArray[np.bool_]:
        """Whether a study is influential by metafor's rule, shape (k,).

        One of: ``|dffits| > 3 sqrt(p / (k - p))``; Cook's distance beyond the median of the chi-square distribution
        with p degrees of freedom; ``hat > 3 p / k``; any ``|dfbetas| > 1``. A rule of thumb, not a test.
        """
        k, p = self.dfbetas.shape
        dffits_limit = 3.0 * np.sqrt(p / (k - p)) if k > p else np.inf
        return (
            (np.abs(self.dffits) > dffits_limit)
            | (self.cooks_distance > chdtri(p, 0.5))
            | (self.hat > 3.0 * p / k)
            | (np.abs(self.dfbetas) > 1.0).any(-1)
        )

    def to_frame(self) -> pd.DataFrame:
        """A row a study: all measures, a column ``dfbetas_<term>`` a coefficient, is_influential and reason."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in _MEASURES}
        columns |= {f"dfbetas_{term}": self.dfbetas[:, column] for column, term in enumerate(self.terms)}
        columns |= {"is_influential": self.is_influential, "reason": self.reasons}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def _title(self) -> str:
        fit = "a mean" if len(self.terms) == 1 else f"{len(self.terms)} coefficients"
        return f"Influence of {studies(len(self.labels))} on {fit}"

    def _lines(self) -> list[tuple[str, str]]:
        found = np.flatnonzero(self.is_influential)
        lines = [(self.labels[row], self._describe(row)) for row in found]
        if not len(found):
            lines.append(("Influential", "no study by any of the four rules"))
        lines += [("Not available", reason) for reason in dict.fromkeys(filter(None, self.reasons))]
        return lines + [("Note", note) for note in self.notes]

    def _describe(self, row: int) -> str:
        return (
            f"influential: studentised residual {number(self.studentised[row], 3)}, "
            f"DFFITS {number(self.dffits[row], 3)}, Cook's distance {number(self.cooks_distance[row], 3)}, "
            f"hat {number(self.hat[row], 3)}, tau² without it {number(self.tau2_deleted[row])}"
        )


def influence(result: MetaResult) -> Influence:
    """Case diagnostics of a mean or a regression: see :class:`Influence`; all k refits are made at once.

    On the analysis scale of the fit. DFFITS, DFBETAS and the standard errors of studentised residuals are scaled by
    the fit without the study, Cook's distance by the full fit; with Knapp and Hartung's test both scales hold their
    factor, as in metafor's ``influence()``. A study without which the model cannot be fitted has a reason in place
    of numbers; so has a fit with a standard error of 0.
    """
    deleted = delete_each(result)
    fit = deleted.fit
    agree = bool((result.standard_errors == 0).any())
    undefined = (fit.scale == 0) | agree
    tau2, scale = np.where(undefined, np.nan, fit.tau2), np.where(undefined, np.nan, fit.scale)
    change = result.beta - fit.beta
    hat, fitted_variance = _leverage(result, tau2)
    cooks_distance, covariance_ratio = _joint_change(
        result, fit.covariance, np.where(undefined[:, None], np.nan, change)
    )
    return Influence(
        result.labels,
        result.terms,
        (result.y - deleted.predicted) / np.sqrt(scale * (result.v + tau2) + deleted.predicted_variance),
        (result.fitted - deleted.predicted) / np.sqrt(scale * fitted_variance),
        cooks_distance,
        covariance_ratio,
        fit.tau2,
        fit.q,
        hat,
        result.weights,
        change / np.sqrt(scale[:, None] * _variances_at(result, tau2)),
        (_AGREE,) * result.k if agree else deleted.reasons,
        _notes(result, fit),
    )


def _leverage(result: MetaResult, tau2: Array) -> tuple[Array, Array]:
    """The diagonal of the hat matrix, and the variances of the fitted values with a ``tau2`` a study, shape (k,).

    With inverse-variance weights the latter are metafor's hat (v + tau2), with hat values of the full fit.
    """
    stack = result.stack
    if stack.given is None:
        hat = stack.project(stack.weights(np.array([result.tau2]))).hat()[0]
        return hat, hat * (result.v + tau2)
    own = stack.project(stack.given)
    return own.hat()[0], quadratic(result.model_matrix, own.covariance_under(result.v + tau2[:, None]))


def _variances_at(result: MetaResult, tau2: Array) -> Array:
    """Variances of the coefficients, fitted to all studies, with each of these values of tau2: shape (k, p)."""
    stack = result.stack
    if stack.given is None:
        covariance = stack.project(1.0 / (result.v + tau2[:, None])).covariance()
    else:
        covariance = stack.project(stack.given).covariance_under(result.v + tau2[:, None])
    return np.diagonal(covariance, axis1=-2, axis2=-1)


def _joint_change(result: MetaResult, covariance: Array, change: Array) -> tuple[Array, Array]:
    """Cook's distances and covariance ratios, each of shape (k,); NaN where the change is."""
    if np.isnan(change).all():
        return np.full(result.k, np.nan), np.full(result.k, np.nan)
    distance = np.vecdot(change, np.linalg.solve(result.covariance, change[..., None])[..., 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(result.covariance)[1]
    return distance, np.where(np.isnan(distance), np.nan, np.exp(log_ratio))


def _notes(result: MetaResult, fit: StackFit) -> tuple[str, ...]:
    """What the numbers do not show: a tau2 that one study makes, and standard errors that are too small."""
    notes = []
    vanishes = np.flatnonzero(fit.tau2 == 0) if result.tau2 > 0 else np.empty(0, np.intp)
    if len(vanishes):
        notes.append(f"tau2 falls from {number(result.tau2)} to 0 without {_named(result, vanishes)}.")
    small = np.flatnonzero((fit.tau2 == 0) & (fit.scale > 0) & (fit.scale < 1))
    if result.test == Test.KNHA and len(small):
        notes.append(
            f"Without {_named(result, small)} tau2 is 0 and the Knapp-Hartung standard error is below that of the "
            f"common-effect model (by a factor of {np.sqrt(fit.scale[small].min()):.2g} at the least), which makes "
            "what is measured in it look large: compare with test='adhoc'."
        )
    return tuple(notes)


def _named(result: MetaResult, rows: NDArray[np.intp]) -> str:
    names = [result.labels[row] for row in rows[:5]]
    if len(rows) > 5:
        return f"any one of {len(rows)} studies ({', '.join(names)}, ...)"
    return " or ".join(names)
