"""The review: the object that a researcher holds, from the files of a folder to verdicts and back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase
from typing import TYPE_CHECKING

from toolkit.bibliography import Library
from toolkit.errors import Finding, InvalidReviewError, Severity, UnknownNameError
from toolkit.records import Records, find_root, read_records
from toolkit.records.check import check
from toolkit.records.store import LIBRARY
from toolkit.synthesis.display import ClaimView, review_html
from toolkit.synthesis.select import Selection, SharedFigure, select
from toolkit.synthesis.synthesize import Synthesis, synthesize
from toolkit.vocabulary import ClaimKind, Outcome, Status

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from toolkit.records import Claim, Document, Estimate, Question


def open_review(path: Path | str | None = None) -> Review:
    """Open the review that holds a folder (by default the working folder).

    :raises ReviewNotFoundError: no review in the folder or above it.
    :raises InvalidReviewError: the records hold errors; the message lists them, ``findings`` has all.
    """
    review = Review(*_read(find_root(path)))
    if any(finding.severity is Severity.ERROR for finding in review.findings):
        raise InvalidReviewError(review.findings)
    return review


def check_review(path: Path | str | None = None) -> tuple[Finding, ...]:
    """All findings on the review that holds a folder, errors and warnings; nothing is raised for broken files."""
    return Review(*_read(find_root(path))).findings


def _read(root: Path) -> tuple[Records, Library]:
    return read_records(root), Library.read(root / LIBRARY, name=LIBRARY)


@dataclass(frozen=True)
class Review:
    """The records of a review with its reference library: synthesise a question, list all verdicts, trace a row."""

    records: Records
    library: Library

    @property
    def root(self) -> Path:
        """The folder of the review."""
        return self.records.root

    @property
    def document(self) -> Document:
        """The document under review."""
        return self.records.document

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What `evidence check` finds."""
        return tuple(check(self.records, self.library))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims, in the order of the document."""
        return tuple(self.records.claims.values())

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions, in file order."""
        return tuple(self.records.questions.values())

    def questions_of(self, claim: str) -> tuple[Question, ...]:
        """The questions that test a claim, in file order."""
        return self.records.questions_of(claim)

    def question(self, key: str) -> Question:
        """A question by its key."""
        return _find("question", key, self.records.questions)

    def claim(self, key: str) -> ClaimView:
        """A claim with its questions and their verdicts, ready to be shown."""
        claim = _find("claim", key, self.records.claims)
        return ClaimView(claim, tuple(self.synthesize(item.question) for item in self.records.questions_of(key)))

    def synthesize(self, question: str) -> Synthesis:
        """The synthesis of a question by its plan in ``questions.toml``. Asked twice, it is computed once."""
        if question not in self._syntheses:
            self._syntheses[question] = synthesize(self.select(question))
        return self._syntheses[question]

    def syntheses(self) -> tuple[Synthesis, ...]:
        """The syntheses of all questions, claim by claim in the order of the document."""
        return tuple(
            self.synthesize(question.question) for claim in self.claims for question in self.questions_of(claim.claim)
        )

    def select(self, question: str) -> Selection:
        """The rows of a question with what they were made of, before anything is pooled or counted."""
        found = self.question(question)
        estimates = self.records.estimates_by_question.get(question, ())
        labels = {row.estimate: self._labels[row.study, row.reference] for row in estimates}
        return Selection(
            document=self.document,
            claim=self.records.claims[found.claim],
            question=found,
            rows=select(estimates, found, _distinct(labels, estimates)),
            shared=self._shared_figures(estimates),
            citations=self._citations(found, estimates),
        )

    def verdicts(self) -> pd.DataFrame:
        """A row a question with its verdict, effects on the natural scale; claims without a question have a row too."""
        import pandas as pd

        from toolkit.synthesis.trace import VERDICT_COLUMNS, VERDICT_COUNTS, question_record, summary_record

        rows = []
        for claim in self.claims:
            questions = self.records.questions_of(claim.claim)
            rows += [summary_record(self.synthesize(question.question)) for question in questions]
            if not questions:
                record = question_record(claim, None)
                record["outcome"] = Outcome.NO_EVIDENCE.value
                record["reason"] = "no question tests it"
                if claim.kind is ClaimKind.NORMATIVE:
                    record["outcome"] = "normative"
                    record["reason"] = f"rests on {', '.join(claim.rests_on)}"
                rows.append({column: record.get(column) for column in VERDICT_COLUMNS})
        return pd.DataFrame(rows, columns=VERDICT_COLUMNS).astype(dict.fromkeys(VERDICT_COUNTS, "Int64"))

    def estimates(self) -> pd.DataFrame:
        """All estimates as a frame, figures as printed."""
        return self.records.estimates_frame()

    def _citations(self, question: Question, estimates: tuple[Estimate, ...]) -> dict[str, str]:
        keys = {key for row in estimates for key in (row.reference, row.read_in) if key}
        if question.published is not None:
            keys.add(question.published.reference)
        return {key: self.library[key].short for key in sorted(keys)}

    @cached_property
    def _syntheses(self) -> dict[str, Synthesis]:
        return {}

    @cached_property
    def _labels(self) -> dict[tuple[str, str], str]:
        """How a study's rows are called: by its report, or by its own name where its report is a review of many."""
        studies_of: dict[str, set[str]] = {}
        pairs = dict.fromkeys((row.study, row.reference) for row in self.records.estimates.values())
        for study, reference in pairs:
            studies_of.setdefault(reference, set()).add(study)
        return {
            (study, reference): self.library[reference].short
            if len(studies_of[reference]) == 1
            else " ".join(word[:1].upper() + word[1:] for word in study.split("-"))
            for study, reference in pairs
        }

    @cached_property
    def _figures(self) -> dict[tuple, list[Estimate]]:
        """The rows by their figures, groups and direction of the contrast left aside, to see which stand twice."""
        figures: dict[tuple, list[Estimate]] = {}
        for row in self.records.estimates.values():
            if (key := _figure_key(row)) is not None:
                figures.setdefault(key, []).append(row)
        return figures

    def _shared_figures(self, estimates: tuple[Estimate, ...]) -> tuple[SharedFigure, ...]:
        shared = []
        for row in estimates:
            key = _figure_key(row)
            for other in self._figures.get(key, ()) if key is not None else ():
                if other.question != row.question:
                    claim = self.records.questions[other.question].claim
                    shared.append(SharedFigure(row.estimate, other.estimate, other.question, claim))
        return tuple(shared)

    def counts(self) -> dict[str, int]:
        """How many records of each kind there are."""
        return {
            "claims": len(self.claims),
            "questions": len(self.questions),
            "studies": len(self.records.studies),
            "estimates": len(self.records.estimates),
            "references": len(self.library),
        }

    def __repr__(self) -> str:
        return f"Review: {', '.join(f'{number} {kind}' for kind, number in self.counts().items())}"

    def _repr_html_(self) -> str:
        return review_html(self.document, self.counts(), self.status_counts())

    def status_counts(self) -> dict[str, int]:
        """How many estimates were verified, derived, computed or only recalled."""
        counts = Counter(row.status for row in self.records.estimates.values())
        return {status.value: counts[status] for status in Status}


def _find(kind: str, key: str, known):
    try:
        return known[key]
    except KeyError:
        raise UnknownNameError(kind, key, known) from None


def _figure_key(row: Estimate) -> tuple | None:
    counts = frozenset({(row.events_1, row.total_1), (row.events_2, row.total_2)} - {(None, None)})
    value = (row.value, row.ci_low, row.ci_high) if row.value is not None else None
    if value is None and len(counts) < 2:
        return None
    return (row.study, row.measure, value if value is not None else counts)


def _distinct(labels: dict[str, str], estimates: tuple[Estimate, ...]) -> dict[str, str]:
    """Labels with (a), (b) ... where several samples of a question would be called the same."""
    samples: dict[str, dict[str, None]] = {}
    for row in estimates:
        samples.setdefault(labels[row.estimate], {}).setdefault(row.sample)
    letters = {
        (label, sample): f" ({ascii_lowercase[place] if place < 26 else place + 1})"
        for label, found in samples.items()
        if len(found) > 1
        for place, sample in enumerate(found)
    }
    return {
        row.estimate: labels[row.estimate] + letters.get((labels[row.estimate], row.sample), "") for row in estimates
    }
