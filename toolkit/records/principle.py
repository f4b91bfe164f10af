"""The document under review: its claims, and the questions (PECO) by which each claim is tested."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from toolkit.records.fields import FileName, Identifier, Number, Record, Text
from toolkit.vocabulary import ClaimForm, ClaimKind, EstimateMeasure, Method, Prediction, QuestionMeasure, Theme

TauEstimator = Literal["REML", "ML", "DL", "PM", "EB", "HE", "HS", "SJ", "EE"]
"""Short names of the estimators of the between-study variance; EE is the common-effect model."""


class Document(Record):
    """The document whose claims are reviewed, and what its evidence is not."""

    title: Annotated[Text, Field(description="the document, and the part of it under review")]
    source: Annotated[Text, Field(description="where the document comes from, as far as known")]
    limits: Annotated[Text, Field(description="what the evidence is not; shown on each page")]


class Claim(Record):
    """One sentence of the document, restated in the project's words, with its place (``[[claim]]`` in TOML)."""

    claim: Annotated[Identifier, Field(description="key of the claim")]
    text: Annotated[Text, Field(description="the claim, restated")]
    locator: Annotated[Text, Field(description="where it stands in the document")]
    kind: Annotated[ClaimKind, Field(description="empirical, normative or mixed")]
    form: Annotated[ClaimForm | None, Field(description="directional or negligible; empty for normative claims")] = None
    theme: Annotated[Theme, Field(description="the notebook that shows it")]
    tested_by: Annotated[
        Text | None, Field(description="the empirical question in a claim about what policy ought to do")
    ] = None
    notes: Annotated[tuple[int, ...], Field(description="numbers of the document's own notes")] = ()
    rests_on: Annotated[tuple[Identifier, ...], Field(description="claims that a normative claim rests on")] = ()


class PublishedResult(Record):
    """The best published pooled result for a question, on the natural scale, to compare with ours."""

    reference: Annotated[Identifier, Field(description="key in references/library.bib")]
    measure: EstimateMeasure | None = None
    value: Number | None = None
    ci_low: Number | None = None
    ci_high: Number | None = None


class Sensitivity(Record):
    """A further pooling that was asked for in advance: the same plan without the rows named."""

    name: Text
    leave_out: Annotated[tuple[Identifier, ...], Field(description="keys of the estimates left out", min_length=1)]
    reason: Text


class Plan(Record):
    """How a question is synthesised, written down before the result is known."""

    tau2: Annotated[TauEstimator, Field(description="estimator of the between-study variance")] = "REML"
    test: Annotated[Literal["z", "t", "knha"], Field(description="test and interval; knha is Hartung-Knapp")] = "knha"
    level: Annotated[float, Field(description="confidence level", gt=0, lt=1)] = 0.95
    sensitivity: tuple[Sensitivity, ...] = ()


class Question(Record):
    """A question in PECO form with its prediction, smallest effect of interest and plan (``[[question]]`` in TOML)."""

    question: Annotated[FileName, Field(description="key of the question; its figures and tables are named after it")]
    claim: Annotated[Identifier, Field(description="key of the claim that it tests")]
    theme: Theme
    title: Text
    population: Text
    exposure: Text
    comparator: Text | None = None
    outcome: Text
    predicted: Annotated[Prediction, Field(description="of the outcome with the exposure, under the claim")]
    measure: Annotated[QuestionMeasure | None, Field(description="scale of the pooled result")] = None
    smallest_effect: Annotated[Number | None, Field(description="smallest effect of interest, natural scale")] = None
    smallest_effect_reason: Text | None = None
    method: Annotated[Method, Field(description="pool, direction or describe")]
    plan: Plan = Plan()
    published: PublishedResult | None = None
    caveat: Annotated[Text | None, Field(description="where the question or its evidence is strained")] = None


def is_beyond_null(smallest: Decimal, predicted: Prediction, *, ratio: bool) -> bool:
    """Whether a smallest effect (natural scale) lies on the side of no effect to which the prediction points."""
    null = Decimal(1) if ratio else Decimal(0)
    return (smallest - null) * predicted.sign > 0
