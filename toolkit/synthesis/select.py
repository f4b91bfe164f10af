"""Which rows of a question are pooled, which are counted by direction, and why the others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.synthesis.harmonise import Effect, Unusable, harmonise
from toolkit.vocabulary import EffectDirection, Role, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from toolkit.bibliography import Reference
    from toolkit.records import Claim, Document, Estimate, Question

_LEFT_OUT = {
    Role.DIRECTION: "has a direction but no usable number",
    Role.REVIEW: "a published pooled result, to compare with",
    Role.CONTEXT: "descriptive, shown and never pooled",
}
_PRINTED = "a number is printed, but the reviewers count its direction only: the note says why"
_RECALLED = "recalled, not seen again at a source: never used by default"

AGREEMENT = 0.70
"""Share of a sample's findings that must point one way for the sample to count that way; else it is conflicting.

Source: Hilton Boon & Thomson, Research Synthesis Methods 2021;12:29-33, doi 10.1002/jrsm.1458.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a question with its citation, its effect where it has one, and why it is not pooled where it is not."""

    estimate: Estimate
    label: str
    effect: Effect | None
    left_out: str

    @property
    def is_pooled(self) -> bool:
        """Whether the row belongs to the question's main analysis."""
        return not self.left_out

    @property
    def has_vote(self) -> bool:
        """Whether the row's direction is counted: primary and direction rows that were seen at a source."""
        return self.estimate.role in (Role.PRIMARY, Role.DIRECTION) and self.estimate.status is not Status.RECALLED


@dataclass(frozen=True, slots=True)
class Vote:
    """Where the findings of one independent sample point; ``conflicting`` where fewer than 70 % agree."""

    sample: str
    rows: tuple[Row, ...]
    direction: EffectDirection | None

    @property
    def sign(self) -> int:
        """+1 for the claim, -1 against it, 0 for neither."""
        return {EffectDirection.SUPPORTS: 1, EffectDirection.CONTRADICTS: -1}.get(self.direction, 0)

    @property
    def word(self) -> str:
        """The direction as a word."""
        return self.direction.value if self.direction is not None else "conflicting"


@dataclass(frozen=True, slots=True)
class SharedFigure:
    """The same figures of the same study under another question: the two results are not independent."""

    estimate: str
    other_estimate: str
    other_question: str
    other_claim: str


@dataclass(frozen=True)
class Selection:
    """A question with its rows, before anything is computed from them.

    ``references`` holds the references that the question and its rows name, by key.
    """

    document: Document
    claim: Claim
    question: Question
    rows: tuple[Row, ...]
    shared: tuple[SharedFigure, ...]
    references: Mapping[str, Reference]

    @cached_property
    def votes(self) -> tuple[Vote, ...]:
        """The direction of each independent sample."""
        return votes(self.rows)

    def count(self, direction: EffectDirection | None) -> int:
        """How many samples point this way (``None``: conflicting findings)."""
        return sum(vote.direction is direction for vote in self.votes)


def select(estimates: Iterable[Estimate], question: Question, labels: Mapping[str, str]) -> tuple[Row, ...]:
    """All rows of a question, the pooled ones first, each with the reason where it is left out.

    ``labels`` gives the citation of each estimate by its key.
    """
    estimates = tuple(estimates)
    judged = {item.estimate: _judged(item, question) for item in estimates}
    primary = {item.sample: item for item in estimates if item.role is Role.PRIMARY}
    rows = []
    for estimate in estimates:
        effect, reason = judged[estimate.estimate]
        if estimate.role is Role.ADDITIONAL and not reason:
            beside = primary.get(estimate.sample)
            reason = _beside_primary(beside, is_pooled=beside is not None and not judged[beside.estimate][1])
        rows.append(Row(estimate, labels[estimate.estimate], effect, reason))
    return tuple(sorted(rows, key=lambda row: not row.is_pooled))


def _judged(estimate: Estimate, question: Question) -> tuple[Effect | None, str]:
    """The effect of a row, and why it is left out as far as the row itself says so."""
    found = harmonise(estimate, question) if estimate.role in (Role.PRIMARY, Role.ADDITIONAL, Role.REVIEW) else None
    effect = found if isinstance(found, Effect) else None
    if estimate.status is Status.RECALLED:
        return effect, _RECALLED
    if estimate.role is Role.DIRECTION and (estimate.has_interval or estimate.se is not None):
        return effect, _PRINTED
    if estimate.role is Role.PRIMARY:
        return effect, found.reason if isinstance(found, Unusable) else ""
    return effect, _LEFT_OUT.get(estimate.role, "")


def _beside_primary(primary: Estimate | None, *, is_pooled: bool) -> str:
    """Why an additional row is left out, by what became of its sample's primary row."""
    if primary is None:
        return "additional, so never in the main analysis; its sample has no primary row"
    if is_pooled:
        return "another row of its sample stands in the main analysis"
    why = "is recalled and not used" if primary.status is Status.RECALLED else "has no number that is pooled here"
    return f"additional to the primary row of its sample ({primary.estimate}), which {why}"


def votes(rows: Iterable[Row]) -> tuple[Vote, ...]:
    """The direction of each independent sample, in file order: one vote a sample, however many findings it has."""
    samples: dict[str, list[Row]] = {}
    for row in rows:
        if row.has_vote:
            samples.setdefault(row.estimate.sample, []).append(row)
    return tuple(Vote(sample, tuple(found), _common_direction(found)) for sample, found in samples.items())


def _common_direction(rows: list[Row]) -> EffectDirection | None:
    directions = [row.estimate.direction for row in rows]
    most = max(directions, key=directions.count)
    return most if directions.count(most) >= AGREEMENT * len(directions) else None
