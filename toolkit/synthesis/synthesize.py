"""A question's rows to its synthesis: pool where plan and numbers allow it, else count directions, else describe."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.synthesis.all_estimates import RHO, AllEstimates, pool_all_estimates
from toolkit.synthesis.display import QuestionView, synthesis_html
from toolkit.synthesis.judged import Judged, SensitivityResult
from toolkit.synthesis.select import Row, Selection, Vote
from toolkit.synthesis.verdict import Verdict, judge_directions, judge_pooled
from toolkit.synthesis.wording import synthesis_text
from toolkit.vocabulary import EffectDirection, Method, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from toolkit.meta import BiasPanel, MetaResult
    from toolkit.records import Plan, Question

FEWEST = 3
"""The fewest independent samples that are pooled, or whose directions are counted."""


@dataclass(frozen=True, repr=False)
class Synthesis(Judged):
    """What the evidence says on one question: it shows itself, puts itself in words, and can be traced to its rows."""

    @property
    def asked(self) -> QuestionView:
        """The question with its prediction and plan, ready to be shown."""
        return QuestionView(self)

    def trace(self) -> pd.DataFrame:
        """Every row of the question with its source, what was made of it, its weight, and why it was left out."""
        from toolkit.synthesis.trace import trace_frame

        return trace_frame(self)

    def left_out(self) -> pd.DataFrame:
        """The rows that the main analysis does not use, with the reason."""
        frame = self.trace()
        columns = ["estimate", "citation", "role", "status", "reason_left_out", "note"]
        return frame.loc[~frame["used"].astype(bool), columns].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """The synthesis as one row, natural scale; the same columns as ``review.verdicts()``."""
        import pandas as pd

        from toolkit.synthesis.trace import summary_record

        return pd.DataFrame([summary_record(self)])

    def all_estimates(self, rho: float = RHO) -> AllEstimates:
        """All usable estimates of the pooled samples together, as correlated and hierarchical effects.

        ``rho`` is the correlation between two estimates of a sample that is assumed; the standard errors do not hang on
        it. Without several estimates a sample the answer says so.
        """
        return pool_all_estimates(self, rho)

    def bias_panel(self) -> BiasPanel:
        """Tests of and adjustments for small-study effects in the planned result, or why there are none."""
        if self.result is None:
            raise ModelInputError("Nothing was pooled for this question, so there is no funnel to look at.")
        return meta.bias_panel(self.result)

    def summary(self) -> str:
        """The synthesis in plain words."""
        return synthesis_text(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Synthesis {self.question.question}: {self.verdict.outcome}, {len(self.rows)} rows>"

    def _repr_html_(self) -> str:
        return synthesis_html(self)


def synthesize(selection: Selection) -> Synthesis:
    """The synthesis of a question's rows by its plan.

    Pools where the plan says so and at least three independent samples have usable numbers; else counts directions
    where at least three samples have one; else describes. Each step down says why.
    """
    question = selection.question
    pooled = [row for row in selection.rows if row.is_pooled]
    fallbacks: list[str] = []
    if question.method is Method.POOL:
        if len(pooled) >= FEWEST:
            return _pool(selection, pooled)
        samples = _counted(len(pooled))
        fallbacks.append(f"Pooling was planned, but only {samples} usable numbers; it takes {FEWEST}.")
    directions = [vote for vote in selection.votes if vote.direction is not EffectDirection.UNCLEAR]
    if question.method is not Method.DESCRIBE:
        if len(directions) >= FEWEST:
            return _count(selection, directions, tuple(fallbacks))
        samples = _counted(len(directions))
        fallbacks.append(f"Directions were to be counted, but only {samples} a direction; it takes {FEWEST}.")
    return _describe(selection, tuple(fallbacks))


def _counted(number: int) -> str:
    return f"{number} independent sample has" if number == 1 else f"{number} independent samples have"


def _pool(selection: Selection, rows: list[Row]) -> Synthesis:
    result = _fit(selection.question.plan, rows)
    return Synthesis(
        **_parts(selection),
        method=Method.POOL,
        verdict=Verdict(*judge_pooled(selection.question, result.ci_low, result.ci_high)),
        result=result,
        sensitivity=tuple(_sensitivity(selection.question, rows, result)),
    )


def _sensitivity(question: Question, rows: list[Row], planned: MetaResult) -> Iterator[SensitivityResult]:
    """The planned sensitivity analyses, one without rows computed by this project, one with a safeguarded interval."""
    wanted = [(item.name, item.reason, item.leave_out) for item in question.plan.sensitivity]
    if computed := tuple(row.estimate.estimate for row in rows if row.estimate.status is Status.COMPUTED):
        reason = "computed from public data by this project, no published estimates"
        wanted.append(("without the rows computed by this project", reason, computed))
    for name, reason, left_out in wanted:
        kept = [row for row in rows if row.estimate.estimate not in left_out]
        result = _fit(question.plan, kept) if len(kept) >= FEWEST else None
        outcome = judge_pooled(question, result.ci_low, result.ci_high)[0] if result else None
        yield SensitivityResult(name, reason, left_out, result, outcome)
    common_effect = _fit(question.plan.model_copy(update={"tau2": "EE", "test": "z"}), rows)
    if planned.se < common_effect.se:
        # Effects that vary less than chance make the Knapp-Hartung interval too narrow (Roever et al. 2015,
        # BMC Med Res Methodol 15:99), so that it should not be read alone.
        guarded = _fit(question.plan.model_copy(update={"test": "adhoc"}), rows)
        name = "with an interval that is never narrower than that of the common-effect model"
        reason = "the effects vary less than chance would have them, which makes the planned interval narrow"
        yield SensitivityResult(name, reason, (), guarded, judge_pooled(question, guarded.ci_low, guarded.ci_high)[0])


def _fit(plan: Plan, rows: list[Row]) -> MetaResult:
    return meta.random_effects(
        [row.effect.y for row in rows],
        [row.effect.v for row in rows],
        tau2=plan.tau2,
        test=plan.test,
        level=plan.level,
        labels=[row.label for row in rows],
    )


def _count(selection: Selection, directions: list[Vote], fallbacks: tuple[str, ...]) -> Synthesis:
    test = meta.sign_test([vote.sign for vote in directions])
    if test.reason:
        verdict = Verdict(Outcome.DIRECTION_INCONCLUSIVE, "no sample points to the claim or against it")
    else:
        verdict = Verdict(*judge_directions(test.ci_low, test.ci_high))
    return Synthesis(**_parts(selection), method=Method.DIRECTION, verdict=verdict, sign_test=test, fallbacks=fallbacks)


def _describe(selection: Selection, fallbacks: tuple[str, ...]) -> Synthesis:
    if any(row.estimate.status is not Status.RECALLED for row in selection.rows):
        verdict = Verdict(Outcome.DESCRIBED, "too few comparable findings to test the claim")
    else:
        verdict = Verdict(Outcome.NO_EVIDENCE, "no finding was seen at a source")
    return Synthesis(**_parts(selection), method=Method.DESCRIBE, verdict=verdict, fallbacks=fallbacks)


def _parts(selection: Selection) -> dict[str, Any]:
    return {part.name: getattr(selection, part.name) for part in fields(Selection)}
