"""The files of a review, read once: the only reader of ``data/``."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import Finding, ReviewNotFoundError, Severity
from toolkit.records.estimate import Estimate
from toolkit.records.principle import Claim, Document, Question
from toolkit.records.search import SEARCHES, Search, read_searches
from toolkit.records.study import INHERITED, Study
from toolkit.records.tables import TableRead, read_table
from toolkit.records.toml import TomlFile, read_entries, read_toml
from toolkit.records.validation import validate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

PRINCIPLE = "data/principle.toml"
QUESTIONS = "data/questions.toml"
STUDIES = "data/studies.csv"
ESTIMATES = "data/estimates.csv"
LIBRARY = "references/library.bib"


@dataclass(frozen=True)
class Records:
    """All records of a review by key, in file order, with the findings made while reading.

    ``rejected`` holds the rows of the estimates, with their lines, that make no record. ``lines`` maps a file to the
    line of each key; ``incomplete`` names the files that could not be read to their end, about whose keys nothing can
    be said.
    """

    root: Path
    document: Document | None
    claims: Mapping[str, Claim]
    questions: Mapping[str, Question]
    studies: Mapping[str, Study]
    estimates: Mapping[str, Estimate]
    searches: Mapping[str, Search] = field(default_factory=dict)
    rejected: tuple[tuple[int, Mapping[str, str]], ...] = field(repr=False, default=())
    lines: Mapping[str, Mapping[str, int]] = field(repr=False, default_factory=dict)
    findings: tuple[Finding, ...] = ()
    incomplete: frozenset[str] = frozenset()

    @cached_property
    def estimates_by_question(self) -> Mapping[str, tuple[Estimate, ...]]:
        """The estimates of each question, in file order."""
        groups: dict[str, list[Estimate]] = {}
        for estimate in self.estimates.values():
            groups.setdefault(estimate.question, []).append(estimate)
        return {question: tuple(rows) for question, rows in groups.items()}

    def questions_of(self, claim: str) -> tuple[Question, ...]:
        """The questions that test a claim, in file order."""
        return tuple(question for question in self.questions.values() if question.claim == claim)

    def estimates_frame(self) -> pd.DataFrame:
        """The estimates as a frame, a row each, figures as printed (``Decimal``), study cells filled in."""
        import pandas as pd

        columns = list(Estimate.model_fields)
        rows = [[getattr(row, column) for column in columns] for row in self.estimates.values()]
        return pd.DataFrame(rows, columns=columns, dtype=object)


def find_root(start: Path | str | None = None) -> Path:
    """The folder of the review that holds ``start`` (by default the working folder).

    :raises ReviewNotFoundError: it does not exist, or neither it nor any folder above it holds ``data/principle.toml``.
    """
    begin = Path(start) if start is not None else Path.cwd()
    begin = begin.resolve()
    if not begin.exists():  # else a misspelt folder would stand for the review above it
        raise ReviewNotFoundError(f"There is no folder {begin}: correct its name, or leave it out to use the one here.")
    for folder in (begin, *begin.parents):
        if (folder / PRINCIPLE).is_file():
            return folder
    raise ReviewNotFoundError(
        f"No review in {begin} or above it: a review is a folder that holds {PRINCIPLE}. "
        "Change into it, or give its folder."
    )


def read_records(root: Path) -> Records:
    """Read all records of the review in ``root``. Nothing is raised for broken files: they become findings."""
    principle = read_toml(root / PRINCIPLE, PRINCIPLE, tables=("document", "claim"))
    document, document_findings = _document(principle)
    claims = read_entries(principle, "claim", Claim)
    question_file = read_toml(root / QUESTIONS, QUESTIONS, tables=("question",))
    questions = read_entries(question_file, "question", Question)
    studies = read_table(root / STUDIES, STUDIES, Study)
    estimates = read_table(root / ESTIMATES, ESTIMATES, Estimate, complete_row=_inherit(studies))
    searches = read_searches(root)
    tables = {PRINCIPLE: claims, QUESTIONS: questions, STUDIES: studies, ESTIMATES: estimates, SEARCHES: searches}
    return Records(
        root=root,
        document=document,
        claims=claims.records,
        questions=questions.records,
        studies=studies.records,
        estimates=estimates.records,
        searches=searches.records,
        rejected=estimates.rejected,
        lines={name: table.lines for name, table in tables.items()},
        findings=(
            *principle.findings,
            *document_findings,
            *claims.findings,
            *question_file.findings,
            *questions.findings,
            *studies.findings,
            *estimates.findings,
            *searches.findings,
        ),
        incomplete=frozenset(name for name, table in tables.items() if not table.complete),
    )


def _document(file: TomlFile) -> tuple[Document | None, list[Finding]]:
    if file.content is None:
        return None, []
    if not isinstance(file.content.get("document"), dict):
        hint = "begin the file with [document] and its title, source and limits"
        return None, [
            Finding(Severity.ERROR, file.name, "required", "there is no [document]", hint, line=1, column="document")
        ]
    return validate(Document, file.content["document"], file=file.name, key="title", line_of=lambda _: None)


def _inherit(studies: TableRead[Study]) -> Callable[[dict[str, str]], tuple[dict[str, str], frozenset[str]]]:
    """A function that fills the empty cells of an estimate's row from its study."""
    cells = {
        key: {column: str(value) for column in INHERITED if (value := getattr(study, column)) is not None}
        for key, study in studies.records.items()
    }

    def complete(row: dict[str, str]) -> tuple[dict[str, str], frozenset[str]]:
        study = row.get("study", "")
        if study in cells:
            return {**cells[study], **row}, frozenset()
        return row, frozenset(INHERITED)

    return complete
