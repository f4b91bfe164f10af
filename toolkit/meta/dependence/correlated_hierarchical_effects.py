"""Correlated and hierarchical effects: three levels, a guessed correlation, and standard errors that do not need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from toolkit.meta.dependence.dependent_fit import components_of
from toolkit.meta.dependence.multilevel import multilevel
from toolkit.meta.dependence.robust import robust
from toolkit.meta.dependence.robust_result import RobustResult
from toolkit.meta.display import number
from toolkit.meta.settings import check_correlation, check_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike


class _Given(NamedTuple):
    """What a fit is made of, to be made again with another rho."""

    y: ArrayLike
    v: ArrayLike
    study: Sequence[object] | pd.Series | ArrayLike
    options: dict[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class CorrelatedHierarchicalEffects(RobustResult):
    """Robust inference (CR2, Satterthwaite) for a three-level fit whose sampling errors correlate by ``rho``.

    ``model`` is the three-level fit, with its variance components, likelihood and predictions.
    """

    rho: float
    given: _Given

    @property
    def components(self) -> dict[str, float]:
        """Variances between studies, and between effects within a study."""
        return components_of(self.model)

    def sensitivity(self, rhos: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8)) -> pd.DataFrame:
        """The workflow with other values of rho: a row a rho and term.

        Columns: estimate, se, statistic, df, p_value, ci_low, ci_high, and the variance components.
        """
        import pandas as pd

        fits = [_fit(self.given, rho) for rho in np.ravel(check_numbers(rhos, "rhos")).tolist()]
        tables = [fit.coefficients.assign(**fit.components) for fit in fits]
        return pd.concat(tables, keys=[fit.rho for fit in fits], names=["rho"])

    def to_frame(self) -> pd.DataFrame:
        """The coefficients, with rho and the variance components beside them."""
        return super().to_frame().assign(rho=self.rho, **self.components)

    def _title(self) -> str:
        size = f"{self.k:,} effects in {self.n_clusters:,} studies"
        return f"Correlated and hierarchical effects (rho {self.rho:g}, {self.kind}), {size}"

    def _lines(self) -> list[tuple[str, str]]:
        shown = ", ".join(f"{name} {number(value)}" for name, value in self.components.items())
        return [*super()._lines(), ("Variances", shown)]


def correlated_hierarchical_effects(
    y: ArrayLike,
    v: ArrayLike,
    study: Sequence[object] | pd.Series | ArrayLike,
    *,
    moderators: pd.DataFrame | pd.Series | ArrayLike | str | None = None,
    data: pd.DataFrame | None = None,
    rho: float = 0.6,
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> CorrelatedHierarchicalEffects:
    """Pool or regress dependent effects by the CHE working model with cluster-robust inference.

    Pustejovsky and Tipton (2022, Prev Sci 23:425): effects ``y`` (k,) of a ``study`` have sampling errors with
    variances ``v`` that correlate by ``rho``; true effects vary between studies and within them (REML); standard
    errors are CR2 by study with Satterthwaite degrees of freedom, valid even where rho and the model are wrong. See
    :meth:`CorrelatedHierarchicalEffects.sensitivity` for other values of rho. ``moderators`` as for :func:`regression`.

    Raises ModelInputError for numbers that cannot be used, with their rows, and for fewer than two studies, and
    ConvergenceError where the search for the variances does not settle.
    """
    options = {"moderators": moderators, "data": data, "level": level, "labels": labels}
    return _fit(_Given(y, v, study, options), rho)


def _fit(given: _Given, rho: float) -> CorrelatedHierarchicalEffects:
    groups = {"study": given.study, "effect": np.arange(np.size(given.y))}
    model = multilevel(given.y, given.v, groups, rho=check_correlation(rho), **given.options)
    inference = robust(model, given.study)
    fields = {name: getattr(inference, name) for name in RobustResult.__dataclass_fields__}
    return CorrelatedHierarchicalEffects(**fields, rho=float(rho), given=given)
