"""How a review, a claim and a synthesis show themselves in a notebook: plain HTML, every word escaped, no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from toolkit.synthesis.wording import prediction_text, published_text, synthesis_sentences
from toolkit.vocabulary import ClaimKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from toolkit.records import Claim, Document
    from toolkit.synthesis.judged import Judged

# A sign stands beside the colour, so that nothing is said by colour alone.
_MARKS = {
    Outcome.CLEARLY_SUPPORTED: ("▲▲", "#0b6e4f"),
    Outcome.SUPPORTED: ("▲", "#0b6e4f"),
    Outcome.CONTRADICTED: ("▼", "#a4262c"),
    Outcome.TOO_SMALL: ("≈", "#5c5c5c"),
    Outcome.INCONCLUSIVE: ("?", "#5c5c5c"),
    Outcome.DIRECTION_SUPPORTS: ("△", "#0b6e4f"),
    Outcome.DIRECTION_CONTRADICTS: ("▽", "#a4262c"),
    Outcome.DIRECTION_INCONCLUSIVE: ("?", "#5c5c5c"),
    Outcome.DESCRIBED: ("–", "#5c5c5c"),
    Outcome.NO_EVIDENCE: ("∅", "#5c5c5c"),
}

_CARD = "border-left:4px solid {colour};padding:.1em 0 .1em 1em;margin:.5em 0;max-width:52em;line-height:1.45"

_NAME_CELL = "text-align:left;font-weight:normal;opacity:.75;padding:0 1em 0 0;vertical-align:top"


@dataclass(frozen=True)
class ClaimView:
    """A claim with the syntheses of its questions; a claim's verdict lists its questions and never averages them."""

    claim: Claim
    syntheses: tuple[Judged, ...]

    def verdicts(self) -> pd.DataFrame:
        """A row a question with its verdict, as in ``review.verdicts()``."""
        import pandas as pd

        from toolkit.synthesis.trace import VERDICT_COLUMNS, summary_record

        return pd.DataFrame([summary_record(item) for item in self.syntheses], columns=VERDICT_COLUMNS)

    def __str__(self) -> str:
        lines = [f"{self.claim.claim}. {self.claim.text}"]
        lines += [f"  {item.question.title}: {item.verdict}" for item in self.syntheses]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        claim = self.claim
        place = [f"{claim.locator} of the document", f"{claim.kind.value} claim"]
        if claim.form is not None:
            place.append(f"{claim.form.value} prediction")
        if claim.notes:
            place.append(f"the document cites its note {', '.join(map(str, claim.notes))}")
        parts = [f"<p style='margin:.3em 0'><strong>{escape(claim.claim)}.</strong> {escape(claim.text)}</p>"]
        parts.append(f"<p style='margin:.3em 0;opacity:.75'>{escape('; '.join(place))}.</p>")
        if claim.tested_by:
            parts.append(f"<p style='margin:.3em 0'>Tested by the question: {escape(claim.tested_by)}</p>")
        if claim.kind is ClaimKind.NORMATIVE:
            parts.append(
                f"<p style='margin:.3em 0'>A claim about what policy ought to do; it rests on the empirical claims "
                f"{escape(', '.join(claim.rests_on))} and is not tested by itself.</p>"
            )
        if self.syntheses:
            items = "".join(
                f"<li>{badge(item.verdict.outcome)} {escape(item.question.title)}</li>" for item in self.syntheses
            )
            parts.append(f"<ul style='list-style:none;padding:0;margin:.3em 0'>{items}</ul>")
        elif claim.kind is not ClaimKind.NORMATIVE:
            parts.append("<p style='margin:.3em 0'><strong>No usable evidence: no question tests it.</strong></p>")
        return f"<div style='{_CARD.format(colour='#2f5d8a')}'>{''.join(parts)}</div>"


def badge(outcome: Outcome) -> str:
    """An outcome with its sign and colour, as HTML."""
    mark, colour = _MARKS[outcome]
    return f"<strong style='color:{colour}'>{mark}&nbsp;{escape(outcome.value)}</strong>"


@dataclass(frozen=True)
class QuestionView:
    """A question as it was asked: its PECO parts, the prediction under the claim, and the plan."""

    synthesis: Judged

    @property
    def _parts(self) -> list[tuple[str, str | None]]:
        question = self.synthesis.question
        return [
            ("Population", question.population),
            ("Exposure", question.exposure),
            ("Comparator", question.comparator),
            ("Outcome", question.outcome),
            ("Prediction", prediction_text(self.synthesis)),
            ("Reason for the smallest effect", question.smallest_effect_reason),
            ("Plan", plan_text(self.synthesis)),
        ]

    def __str__(self) -> str:
        lines = [f"{name}: {text}" for name, text in self._parts if text]
        return "\n".join([self.synthesis.question.title, *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr style='background:none'><th style='{_NAME_CELL}'>{name}</th>"
            f"<td style='text-align:left;padding:0'>{escape(text)}</td></tr>"
            for name, text in self._parts
            if text
        )
        return f"<table style='border-collapse:collapse;margin:.3em 0;max-width:60em'>{rows}</table>"


def synthesis_html(synthesis: Judged) -> str:
    """A synthesis as a card: the verdict in words, the published result, and the limits."""
    question = synthesis.question
    first, *others = synthesis_sentences(synthesis)
    reason = escape(first.split(": ", 1)[-1])
    parts = [
        f"<p style='margin:.3em 0'><strong>{escape(question.title)}</strong></p>",
        f"<p style='margin:.5em 0'>{badge(synthesis.verdict.outcome)}: {reason} {escape(' '.join(others))}</p>",
    ]
    if question.published is not None:
        citation = synthesis.citations.get(question.published.reference, question.published.reference)
        parts.append(f"<p style='margin:.3em 0'>Published: {escape(published_text(question.published, citation))}.</p>")
    if question.caveat:
        parts.append(f"<p style='margin:.3em 0'><em>Limits.</em> {escape(question.caveat)}</p>")
    return f"<div style='{_CARD.format(colour=_MARKS[synthesis.verdict.outcome][1])}'>{''.join(parts)}</div>"


def plan_text(synthesis: Judged) -> str:
    """What was planned for a question, and what was done where that differs."""
    question, plan = synthesis.question, synthesis.question.plan
    planned = {
        "pool": f"pool, {plan.tau2} with {'Hartung-Knapp' if plan.test == 'knha' else plan.test} intervals",
        "direction": "count the directions of effect",
        "describe": "describe",
    }
    text = planned[question.method.value]
    return text if synthesis.method == question.method else f"{text}; done: {planned[synthesis.method.value]}"


def review_html(document: Document, counts: Mapping[str, int], statuses: Mapping[str, int]) -> str:
    """A review as a card: what it holds and what its evidence is not.

    ``counts`` says how many records of each kind there are, ``statuses`` how many estimates of each status.
    """
    held = ", ".join(f"{number} {kind}" for kind, number in counts.items())
    how = ", ".join(f"{number} {status}" for status, number in statuses.items())
    return (
        f"<div style='{_CARD.format(colour='#2f5d8a')}'>"
        f"<p style='margin:.3em 0'><strong>{escape(document.title)}</strong></p>"
        f"<p style='margin:.3em 0'>{escape(held)}. Of the estimates, {escape(how)}.</p>"
        f"<p style='margin:.3em 0'><em>Limits.</em> {escape(document.limits)}</p></div>"
    )
