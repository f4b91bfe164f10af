"""What a product depends on: told from its inputs, so that only what changed is made again."""

from __future__ import annotations

import json

import pytest

from toolkit import open_review
from toolkit.report.inputs import Inputs, notebook_code, used_by


@pytest.mark.parametrize(
    ("code", "used"),
    [
        ('review.synthesize("a")\nreview.claim("C1")\nreview.question("b").title', {"a", "C1", "b"}),
        ("x = 1", set()),
        ('review = open_review()\nreview.synthesize("a")', {"a"}),
        ("review", None),
        ("review.verdicts()", None),
        ('key = "a"\nreview.synthesize(key)', None),
        ("[review.synthesize(item) for item in items]", None),
        ("other = review", None),
        ("not python at all", None),
    ],
)
def test_what_a_notebook_asks_for_is_told_or_everything_is_assumed(code, used):
    assert used_by(code) == used


@pytest.mark.parametrize(
    "code",
    [
        "review = open_review()\nreview",
        "r = open_review()\nr.synthesize('q1')",
        "open_review().synthesize('q1')",
        "import toolkit\nr = toolkit.open_review()",
        "from pathlib import Path\nPath('../data/estimates.csv').read_text()",
        "open('../data/estimates.csv')",
        "%run other.ipynb",
        "!cat ../data/estimates.csv",
    ],
)
def test_what_cannot_be_proven_depends_on_everything(code):
    assert used_by(code) is None


def test_only_code_cells_are_code():
    cells = [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}, {"cell_type": "markdown", "source": "# a"}]
    assert notebook_code(json.dumps({"cells": cells}).encode()) == "x = 1\ny = 2"


def digests(files):
    inputs = Inputs(open_review(files.write()))
    return inputs.question("q1"), inputs.question("q2"), inputs.everything


def test_a_question_depends_on_its_own_rows_only(files):
    before = digests(files)
    files.estimates[0]["note"] = "read again"
    after = digests(files)
    assert (before[0] != after[0], before[1] == after[1], before[2] != after[2]) == (True, True, True)


@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        ("questions", "it would matter", "it matters"),
        ("principle", "Harm follows.", "Much harm follows."),
        ("library", "{A study}", "{Another study}"),
    ],
)
def test_a_question_depends_on_its_words_its_claim_and_its_references(files, place, old, new):
    before = digests(files)
    setattr(files, place, getattr(files, place).replace(old, new, 1))
    after = digests(files)
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_a_question_depends_on_figures_that_come_to_stand_under_another(make_review, question):
    rows = [{"question": name} for name in ("q1", "q1", "q1", "q2", "q2")]
    files = make_review(rows, question(), question("q2", "C2", "negligible-decrease", smallest="0.9"))
    before = digests(files)
    files.estimates[3]["study"] = files.estimates[3]["reference"] = "study-1"  # the value and limits of E1
    after = digests(files)
    assert before[0] != after[0]


def test_nothing_changed_gives_the_same_digests(files):
    assert digests(files) == digests(files)


def test_a_notebook_depends_on_the_files_beside_it_and_a_broken_one_on_everything(files):
    root = files.write()
    (root / "notebooks").mkdir()
    path = root / "notebooks/10-page.ipynb"
    path.write_text('{"cells": 3}')
    broken = Inputs(open_review(root)).notebook(path)
    (root / "notebooks/example.bib").write_text("@book{a, title = {x}}")
    assert Inputs(open_review(root)).notebook(path) != broken
