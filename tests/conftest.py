"""A small review in a temporary folder, sound as it stands, that tests break in one place each."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from toolkit.records.estimate import Estimate
from toolkit.records.schema import DATAPACKAGE, datapackage_text
from toolkit.records.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

# The same examples in each run of CI, new ones at a developer's desk.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("desk", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

PROJECT = Path(__file__).parents[1]

PRINCIPLE = """\
[document]
title = "A principle"
source = "A guide"
limits = "This is not a systematic review."

[[claim]]
claim = "C1"
text = "Harm follows."
locator = "paragraph 1"
kind = "empirical"
form = "directional"
theme = "exclusion"

[[claim]]
claim = "C2"
text = "The effect is small."
locator = "paragraph 2"
kind = "empirical"
form = "negligible"
theme = "exclusion"

[[claim]]
claim = "N1"
text = "Policy should do better."
locator = "paragraph 3"
kind = "normative"
rests_on = ["C1"]
theme = "remedies"
"""

QUESTION = """
[[question]]
question = "{question}"
claim = "{claim}"
theme = "exclusion"
title = "Does it?"
population = "people"
exposure = "a sanction"
comparator = "none"
outcome = "harm"
predicted = "{predicted}"
measure = "{measure}"
smallest_effect = {smallest}
smallest_effect_reason = "it would matter"
method = "{method}"
caveat = "Few studies."
"""

ENTRY = """\
@article{{{key},
  author = {{Doe, Ann}},
  title = {{A study}},
  year = {{2001}},
  doi = {{10.1000/{key}}}
}}

"""

ESTIMATE = {
    "role": "primary",
    "exposure": "a sanction",
    "outcome": "harm",
    "measure": "OR",
    "value": "2.0",
    "ci_low": "1.5",
    "ci_high": "2.67",
    "ci_level": "95",
    "adjusted": "yes",
    "orientation": "as-asked",
    "direction": "supports",
    "status": "verified",
    "source_url": "https://example.org/report",
    "source_locator": "Table 1",
}

STUDY = {"design": "cohort", "country": "SE", "population": "adults", "n_total": "100"}


def question_text(
    question: str = "q1",
    claim: str = "C1",
    predicted: str = "increase",
    measure: str = "OR",
    smallest: str = "1.2",
    method: str = "pool",
) -> str:
    """A question of ``questions.toml``."""
    return QUESTION.format(
        question=question, claim=claim, predicted=predicted, measure=measure, smallest=smallest, method=method
    )


def table_text(model: type, rows: list[dict[str, str]]) -> str:
    """Rows as CSV text with all columns of a model."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(model.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass
class ReviewFiles:
    """The files of a small review; ``write`` puts them on the disk and returns the folder."""

    root: Path
    principle: str
    questions: str
    studies: list[dict[str, str]]
    estimates: list[dict[str, str]]
    library: str

    def write(self) -> Path:
        (self.root / "data").mkdir(exist_ok=True)
        (self.root / "references").mkdir(exist_ok=True)
        (self.root / "data/principle.toml").write_text(self.principle, encoding="utf-8")
        (self.root / "data/questions.toml").write_text(self.questions, encoding="utf-8")
        (self.root / "data/studies.csv").write_text(table_text(Study, self.studies), encoding="utf-8")
        (self.root / "data/estimates.csv").write_text(table_text(Estimate, self.estimates), encoding="utf-8")
        (self.root / "references/library.bib").write_text(self.library, encoding="utf-8")
        (self.root / DATAPACKAGE).write_text(datapackage_text(), encoding="utf-8")
        return self.root


def review_of(root: Path, rows: list[dict[str, str]], questions: str = "") -> ReviewFiles:
    """A review whose estimates are ``rows`` (what they leave out is filled in), a study, sample and report a row."""
    estimates, studies, library = [], [], ""
    for number, row in enumerate(rows, 1):
        study = row.get("study", f"study-{number}")
        estimates.append(
            {"estimate": f"E{number}", "question": "q1", "study": study, "reference": study} | ESTIMATE | row
        )
        if study not in {known["study"] for known in studies}:
            studies.append({"study": study, "references": study, "sample": f"sample-{study}"} | STUDY)
            library += ENTRY.format(key=study)
    if not questions:
        questions = question_text() + question_text("q2", "C2", "negligible-decrease", smallest="0.9")
    return ReviewFiles(root, PRINCIPLE, questions, studies, estimates, library)


@pytest.fixture
def make_review(tmp_path: Path) -> Callable[..., ReviewFiles]:
    """A function that makes a review of rows (dicts that say what differs from a sound primary row)."""

    def make(rows: list[dict[str, str]], *questions: str) -> ReviewFiles:
        return review_of(tmp_path, rows, "".join(questions))

    return make


@pytest.fixture
def question() -> Callable[..., str]:
    """A function that writes a question of ``questions.toml``."""
    return question_text


@pytest.fixture
def files(make_review: Callable[..., ReviewFiles]) -> ReviewFiles:
    """A sound review: three studies on ``q1`` and one on ``q2``."""
    return make_review([{}, {}, {}, {"question": "q2", "direction": "contradicts"}])


@pytest.fixture(scope="session")
def shipped():
    """The review that this project ships."""
    from toolkit import open_review

    return open_review(PROJECT)


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """A skipped test proves nothing, so it is told loudly; in CI, which installs what tests need, it is a failure."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section(f"{len(skipped)} SKIPPED: these prove nothing here", red=True)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
