"""From a published number back to its rows: where each comes from and what was made of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit.vocabulary import EffectDirection, Method

if TYPE_CHECKING:
    from toolkit.records import Claim, Question
    from toolkit.synthesis.judged import Judged
    from toolkit.synthesis.select import Row

_PRINTED = (
    "measure value ci_low ci_high ci_level se p_value events_1 total_1 events_2 total_2 "
    "mean_1 sd_1 mean_2 sd_2 time_1 time_2"
).split()


TRACE_COLUMNS = [
    *"question estimate study sample citation reference read_in source_url source_locator role status".split(),
    *"design direction orientation adjusted".split(),
    *_PRINTED,
    *"transformation y v weight used reason_left_out note".split(),
]
"""The columns of a trace, the same for a question without rows."""


def trace_frame(synthesis: Judged) -> pd.DataFrame:
    """A row an estimate: source, figures as printed, transformation, y and v (analysis scale), weight in per cent.

    ``used`` says whether the row made the result: pooled where numbers were pooled, its direction counted otherwise.
    """
    weights = {}
    if synthesis.result is not None:
        shares = np.asarray(synthesis.result.weights, dtype=float)
        weights = {
            row.estimate.estimate: float(share) for row, share in zip(synthesis.pooled_rows, shares, strict=True)
        }
    return pd.DataFrame([_record(row, synthesis, weights) for row in synthesis.rows], columns=TRACE_COLUMNS)


def _record(row: Row, synthesis: Judged, weights: dict[str, float]) -> dict[str, Any]:
    estimate = row.estimate
    pooled = synthesis.method is Method.POOL
    used = row.is_pooled if pooled else synthesis.method is Method.DIRECTION and row.has_vote
    effect = row.effect
    return {
        "question": estimate.question,
        "estimate": estimate.estimate,
        "study": estimate.study,
        "sample": estimate.sample,
        "citation": row.label,
        "reference": estimate.reference,
        "read_in": estimate.read_in or "",
        "source_url": estimate.source_url or "",
        "source_locator": estimate.source_locator or "",
        "role": estimate.role.value,
        "status": estimate.status.value,
        "design": estimate.design.value,
        "direction": estimate.direction.value,
        "orientation": estimate.orientation.value,
        "adjusted": estimate.adjusted.value,
        **{name: _printed(getattr(estimate, name)) for name in _PRINTED},
        "transformation": effect.transformation if effect else "",
        "y": effect.y if effect else math.nan,
        "v": effect.v if effect else math.nan,
        "weight": weights.get(estimate.estimate, math.nan),
        "used": used,
        "reason_left_out": "" if used else _reason(row, synthesis),
        "note": estimate.note or "",
    }


def _reason(row: Row, synthesis: Judged) -> str:
    if row.left_out and not (row.has_vote and synthesis.method is Method.DESCRIBE):
        return row.left_out
    return "described only: too few comparable findings to pool or count"


def _printed(value: object) -> str:
    return "" if value is None else str(value)


def summary_record(synthesis: Judged) -> dict[str, Any]:
    """A synthesis as one row of ``review.verdicts()``; effects on the natural scale, running as the question asks."""
    question, result = synthesis.question, synthesis.result
    record = question_record(synthesis.claim, question) | {
        "method": synthesis.method.value,
        "outcome": synthesis.verdict.outcome.value,
        "reason": synthesis.verdict.reason,
        "samples": len(synthesis.pooled_rows) or len(synthesis.votes),
        "participants": synthesis.participants,
        "supports": synthesis.count(EffectDirection.SUPPORTS),
        "contradicts": synthesis.count(EffectDirection.CONTRADICTS),
        "neither": sum(vote.sign == 0 for vote in synthesis.votes),
        "rows": len(synthesis.rows),
        "rows_used": int(trace_frame(synthesis)["used"].sum()) if synthesis.rows else 0,
    }
    if result is not None:
        prediction = result.prediction_interval()
        names = ["estimate", "ci_low", "ci_high"]
        limits = [result.estimate, result.ci_low, result.ci_high]
        if not prediction.reason:
            names += ["prediction_low", "prediction_high"]
            limits += [prediction.low, prediction.high]
        natural = synthesis.measure.back_transform(np.array(limits))
        record |= dict(zip(names, (float(number) for number in natural), strict=True))
        record |= {"tau2": result.tau2, "i2": result.i2, "q_p": result.q_p}
    if synthesis.sign_test is not None:
        record["sign_test_p"] = synthesis.sign_test.p_value
    return {column: record.get(column) for column in VERDICT_COLUMNS}


def question_record(claim: Claim, question: Question | None) -> dict[str, Any]:
    """The columns of ``review.verdicts()`` that say what was asked."""
    record: dict[str, Any] = {"claim": claim.claim, "claim_text": claim.text, "theme": claim.theme.value}
    if question is not None:
        published = question.published
        record |= {
            "question": question.question,
            "title": question.title,
            "predicted": question.predicted.value,
            "measure": question.measure.value if question.measure else None,
            "smallest_effect": float(question.smallest_effect) if question.smallest_effect is not None else None,
            "planned_method": question.method.value,
            "published": published.reference if published else None,
            "published_value": float(published.value) if published and published.value is not None else None,
            "caveat": question.caveat,
        }
    return record


VERDICT_COLUMNS = (
    "claim question title outcome reason method planned_method predicted measure smallest_effect samples participants "
    "estimate ci_low ci_high prediction_low prediction_high tau2 i2 q_p sign_test_p supports contradicts neither "
    "rows rows_used published published_value theme caveat claim_text"
).split()
"""The columns of ``review.verdicts()``, the same for each question."""

VERDICT_COUNTS = ("samples", "participants", "supports", "contradicts", "neither", "rows", "rows_used")
"""Those of them that hold whole numbers, or nothing."""
