"""Coordinates of orchard plots: estimates with confidence and prediction intervals over every single effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.dependence.dependent_fit import check_dependent_fit, variance_of_effects
from toolkit.meta.display import Shown, number, with_limits
from toolkit.meta.inference import critical_value, df_of_rows
from toolkit.meta.rank import is_constant
from toolkit.meta.settings import check_level

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.dependence.dependent_fit import DependentFit
    from toolkit.meta.design import Design
    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Orchard(Shown):
    """An orchard plot (Nakagawa et al. 2021, Res Synth Methods 12:4), on the analysis scale of the fit.

    For each of g ``groups``, all (g,): the ``trunk`` is its estimate, the branch its confidence interval
    (``branch_low``, ``branch_high``), the twig its prediction interval (``twig_low``, ``twig_high``). The fruit are the
    effects ``y`` (k,) of ``members`` (k,), numbers of their groups, with ``precision`` 1 / sqrt(v) as their size.
    """

    groups: tuple[str, ...]
    level: float
    trunk: Array
    branch_low: Array
    branch_high: Array
    twig_low: Array
    twig_high: Array
    labels: tuple[str, ...]
    y: Array
    precision: Array
    members: NDArray[np.int64]

    def to_frame(self) -> pd.DataFrame:
        """A row a group: k, trunk, branch_low, branch_high, twig_low, twig_high."""
        import pandas as pd

        columns = {"k": np.bincount(self.members, minlength=len(self.groups))}
        names = ("trunk", "branch_low", "branch_high", "twig_low", "twig_high")
        return pd.DataFrame(columns | {name: getattr(self, name) for name in names}, index=pd.Index(self.groups))

    def fruit(self) -> pd.DataFrame:
        """A row an effect: group, y, precision."""
        import pandas as pd

        columns = {"group": [self.groups[at] for at in self.members], "y": self.y, "precision": self.precision}
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="label"))

    def _title(self) -> str:
        return f"Orchard plot of {len(self.y):,} effects"

    def _lines(self) -> list[tuple[str, str]]:
        rows = zip(self.trunk, self.branch_low, self.branch_high, self.twig_low, self.twig_high, strict=True)
        return [
            (name, f"{with_limits(trunk, low, high, self.level)}, predicted {number(least)} to {number(most)}")
            for name, (trunk, low, high, least, most) in zip(self.groups, rows, strict=True)
        ]


def orchard(result: MetaResult | DependentFit, *, moderator: str | None = None, level: float | None = None) -> Orchard:
    """Trunk, branch, twig and fruit of a fit: over all effects, or for each level of a categorical ``moderator``.

    Other moderators are held at their means over the effects (proportional weights, as orchaRd's default). Intervals
    have the quantile of the fit's own test, with the least degrees of freedom of the coefficients that make the trunk;
    a prediction interval adds the variance of the true effects. ``level``
    is that of the fit by default.

    Raises ModelInputError for a moderator that is not in the model, or has more values than categories would, and for
    a group whose true effects have several variances (a multivariate model with a variance for each outcome).
    """
    check_dependent_fit(result, "An orchard plot")
    level = result.level if level is None else check_level(level)
    x = result.model_matrix
    design = getattr(result, "design", None)
    if moderator is None:
        groups, members, rows = ("all",), np.zeros(len(x), np.int64), x.mean(0, keepdims=True)
    elif design is None:
        raise ModelInputError("This model has no moderators: leave moderator out.")
    else:
        groups, members, rows = _levels(design, moderator)
    trunk = rows @ result.beta
    variance = np.vecdot(rows @ result.covariance, rows)
    quantile = critical_value(level, df_of_rows(rows, result.df))
    branch = quantile * np.sqrt(variance)
    twig = quantile * np.sqrt(variance + _variances_of_groups(result, groups, members))
    return Orchard(
        groups=groups,
        level=level,
        trunk=trunk,
        branch_low=trunk - branch,
        branch_high=trunk + branch,
        twig_low=trunk - twig,
        twig_high=trunk + twig,
        labels=result.labels,
        y=result.y,
        precision=1.0 / np.sqrt(result.v),
        members=members,
    )


def _variances_of_groups(
    result: MetaResult | DependentFit, groups: tuple[str, ...], members: NDArray[np.int64]
) -> Array:
    """The variance of the true effects of each group, if its effects have one."""
    own = variance_of_effects(result)
    found = []
    for at, group in enumerate(groups):
        values = own[members == at]
        if not is_constant(values):
            raise ModelInputError(
                f"The true effects of {group} have several variances ({number(values.min())} to "
                f"{number(values.max())}), those of the model's inner levels: name a moderator that tells these levels "
                "apart."
            )
        found.append(values[0])
    return np.array(found)


def _levels(design: Design, moderator: str) -> tuple[tuple[str, ...], NDArray[np.int64], Array]:
    """Names of the levels, the level of each effect, and the row of the model matrix that stands for each level."""
    columns = design.positions(moderator)
    codings, members = np.unique(-design.x[:, columns], axis=0, return_inverse=True)
    codings, members = -codings[::-1], len(codings) - 1 - members.ravel()
    if not np.isin(codings, (0, 1)).all() or (codings.sum(1) > 1).any():
        raise ModelInputError(f"The moderator {moderator!r} is a number: orchard plots are for categories.")
    rows = np.tile(design.x.mean(0), (len(codings), 1))
    rows[:, columns] = codings
    names = tuple(_name(design, moderator, columns, coding) for coding in codings)
    return names, members, rows


def _name(design: Design, moderator: str, columns: list[int], coding: Array) -> str:
    if coding.any():
        term = design.terms[columns[int(np.argmax(coding))]]
        return term.rsplit("[", 1)[-1].removesuffix("]").removeprefix("T.") if "[" in term else term
    levels = dict(zip(getattr(design.recipe, "names", ()), getattr(design.recipe, "levels", ()), strict=True))
    return str(levels[moderator][0]) if levels.get(moderator) else f"reference of {moderator}"
