"""All estimates of the pooled samples together, beside the planned analysis with one estimate a sample.

Estimates of one sample share its people, so that they are correlated by an unknown amount. They are pooled as
correlated and hierarchical effects (Pustejovsky & Tipton, Prevention Science 2022;23:425-438, doi
10.1007/s11121-021-01246-3), with standard errors that hold whatever the correlation. The planned analysis decides on
the verdict; this one shows whether the choice of a row a sample did.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from toolkit import meta
from toolkit.meta.dependence.robust_result import TRUSTED_DF
from toolkit.synthesis.verdict import judge_pooled
from toolkit.synthesis.wording import MEASURE_NAMES, natural_interval
from toolkit.vocabulary import Role, Status

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.meta import CorrelatedHierarchicalEffects
    from toolkit.synthesis.judged import Judged
    from toolkit.synthesis.select import Row
    from toolkit.vocabulary import Outcome

RHO = 0.6
"""The correlation between the sampling errors of two estimates of a sample that is assumed unless another is given."""

_RHOS = (0.0, 0.3, 0.6, 0.9)


@dataclass(frozen=True, repr=False)
class AllEstimates:
    """The pooled effect of all usable estimates of a question's samples, or the ``reason`` why there is none.

    ``rows`` are those that went in; ``outcome`` is the verdict that this result alone would give.
    """

    synthesis: Judged
    rows: tuple[Row, ...]
    result: CorrelatedHierarchicalEffects | None = None
    outcome: Outcome | None = None
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """This result by assumed correlation, below the planned one: estimates, samples, effect on the natural scale.

        Columns: analysis, rho, estimates, samples, effect, ci_low, ci_high, df, outcome.
        """
        import pandas as pd

        planned = self.synthesis.result
        lines = [] if planned is None else [self._line("one estimate a sample, as planned", None, planned)]
        if self.result is not None:
            for rho in sorted({*_RHOS, self.result.rho}):
                lines.append(self._line("all estimates of these samples", rho, self._at(rho)))
        return pd.DataFrame(lines)

    def _at(self, rho: float) -> CorrelatedHierarchicalEffects:
        return self.result if rho == self.result.rho else _fit(self.synthesis, self.rows, rho)

    def _line(self, analysis: str, rho: float | None, result) -> dict[str, object]:
        limits = (result.estimate, result.ci_low, result.ci_high)
        effect, low, high = (float(number) for number in self.synthesis.measure.back_transform(limits))
        return {
            "analysis": analysis,
            "rho": rho,
            "estimates": result.k,
            "samples": len({row.estimate.sample for row in self.synthesis.pooled_rows}),
            "effect": effect,
            "ci_low": low,
            "ci_high": high,
            "df": float(np.ravel(result.df)[0]) if result.df is not None else float("nan"),
            "outcome": judge_pooled(self.synthesis.question, result.ci_low, result.ci_high)[0].value,
        }

    def summary(self) -> str:
        """Both results in plain words, and whether they come to the same verdict."""
        if self.result is None:
            return self.reason
        synthesis, ours = self.synthesis, self.result
        name = MEASURE_NAMES[synthesis.question.measure]
        agree = "the same verdict" if self.outcome is synthesis.verdict.outcome else f"then {self.outcome.value}"
        planned = synthesis.result
        return (
            f"All {len(self.rows)} estimates of the {planned.k} samples: {name} "
            f"{natural_interval(synthesis, ours.estimate, ours.ci_low, ours.ci_high)}, {agree}; one estimate a sample, "
            f"as planned: {natural_interval(synthesis, planned.estimate, planned.ci_low, planned.ci_high)}. "
            f"Correlated and hierarchical effects (rho {ours.rho:g}), cluster-robust (CR2, {float(ours.df[0]):.1f} "
            f"degrees of freedom).{_few(float(ours.df[0]))}"
        )

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<AllEstimates {self.synthesis.question.question}: {len(self.rows)} rows>"

    def _repr_html_(self) -> str:
        return f"<p style='max-width:52em'>{escape(self.summary())}</p>"


def pool_all_estimates(synthesis: Judged, rho: float = RHO) -> AllEstimates:
    """Pool all usable estimates of the samples in the main analysis, ``rho`` being the correlation within a sample.

    Usable are primary and additional rows that were seen at a source and have a number on the question's scale.
    """
    pooled = synthesis.pooled_rows
    if not pooled:
        return AllEstimates(synthesis, (), reason="Nothing was pooled for this question.")
    samples = {row.estimate.sample for row in pooled}
    rows = tuple(row for row in synthesis.rows if row.estimate.sample in samples and _is_usable(row))
    if len(rows) == len(pooled):
        reason = f"Each of the {len(samples)} samples has one usable estimate, so there is nothing to add."
        return AllEstimates(synthesis, rows, reason=reason)
    result = _fit(synthesis, rows, rho)
    return AllEstimates(synthesis, rows, result, judge_pooled(synthesis.question, result.ci_low, result.ci_high)[0])


def _few(df: float) -> str:
    """What to think of an interval with so few degrees of freedom (Tipton 2015, Psychol Methods 20:375)."""
    return " With fewer than 4 this interval should not be relied on." if df < TRUSTED_DF else ""


def _is_usable(row: Row) -> bool:
    seen = row.estimate.status is not Status.RECALLED
    return row.effect is not None and row.estimate.role in (Role.PRIMARY, Role.ADDITIONAL) and seen


def _fit(synthesis: Judged, rows: tuple[Row, ...], rho: float) -> CorrelatedHierarchicalEffects:
    return meta.correlated_hierarchical_effects(
        [row.effect.y for row in rows],
        [row.effect.v for row in rows],
        [row.estimate.sample for row in rows],
        rho=rho,
        level=synthesis.question.plan.level,
        labels=[row.label for row in rows],
    )
