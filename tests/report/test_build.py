"""`evidence build`: everything is made, only what changed is made again, one failure does not take the rest down."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from toolkit import open_review
from toolkit.cli import app
from toolkit.errors import OutputFolderError
from toolkit.report import build

SUFFIXES = ("csv", "docx", "html", "md", "tex")


@pytest.fixture
def with_notebook(files, notebook_text):
    def write(*sources):
        root = files.write()
        (root / "notebooks").mkdir(exist_ok=True)
        (root / "notebooks/10-page.ipynb").write_text(notebook_text(*sources))
        return root

    return write


ASK = 'from toolkit import open_review\nreview = open_review()\nreview.synthesize("q1")'


def state(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_everything_is_made_then_nothing_then_only_what_changed(with_notebook, files):
    root = with_notebook(ASK)
    first = build(open_review(root))
    folder = root / "build"
    assert first.succeeded, first.failures
    made = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert made == {
        "manifest.json",
        "tables/trace.csv",
        *(f"tables/verdicts.{suffix}" for suffix in SUFFIXES),
        *(f"tables/evidence/{key}.{suffix}" for key in ("q1", "q2") for suffix in SUFFIXES),
        *(f"figures/{key}.{suffix}" for key in ("q1", "q2") for suffix in ("png", "svg")),
        "notebooks/10-page.ipynb",
        "notebooks/10-page.html",
    }
    before = state(folder)
    second = build(open_review(root))
    assert (second.made, second.unchanged) == ((), len(first.made))
    assert state(folder) == before, "a build with nothing changed touches no file"

    files.estimates[3]["outcome"] = "harm, read again"  # a row of q2, for which the notebook does not ask
    files.write()
    third = build(open_review(root))
    assert set(third.made) == {"figure q2", "evidence table q2", "verdict table verdicts", "trace trace"}
    assert "harm, read again" in (folder / "tables/evidence/q2.md").read_text()
    assert "harm, read again" not in (folder / "tables/evidence/q1.md").read_text()

    (folder / "figures/q1.svg").write_text("edited by hand")
    (folder / "tables/evidence/q1.md").unlink()
    fourth = build(open_review(root))
    assert set(fourth.made) == {"figure q1", "evidence table q1"}
    assert state(folder)[folder / "figures/q1.svg"][0] == before[folder / "figures/q1.svg"][0]


def test_what_nothing_makes_any_more_is_removed(files, question):
    root = files.write()
    build(open_review(root))
    files.questions = question()
    files.estimates.pop()
    files.write()
    summary = build(open_review(root))
    assert "figures/q2.svg" in summary.removed
    assert not list((root / "build").rglob("q2.*"))


def test_a_build_that_is_stopped_goes_on_where_it_was(files):
    root = files.write()
    first = build(open_review(root))
    manifest = root / "build/manifest.json"
    kept = dict(list(json.loads(manifest.read_text()).items())[:3])
    manifest.write_text(json.dumps(kept))  # as it stood when the build was stopped
    second = build(open_review(root))
    assert second.unchanged == 3
    assert len(second.made) == len(first.made) - 3


def test_a_failing_notebook_is_told_and_the_rest_is_built(with_notebook):
    root = with_notebook(ASK, "review.synthesize('nothing like it')")
    result = CliRunner().invoke(app, ["build", "--review", str(root)])
    assert result.exit_code == 1
    assert "10-page.ipynb, cell 2 of 2: UnknownNameError: There is no question 'nothing like it'" in result.output
    assert (root / "build/tables/verdicts.html").is_file()
    again = build(open_review(root))
    assert [failure.product for failure in again.failures] == ["notebook 10-page"], "a failure is tried again"


def test_a_failed_product_leaves_no_file_of_an_earlier_build(with_notebook, files):
    root = with_notebook(ASK)
    page = root / "build/notebooks/10-page.html"
    assert build(open_review(root)).succeeded
    (root / "notebooks/10-page.ipynb").write_text("{not json")
    (root / "build/figures/q1.png").unlink()
    (root / "build/figures/q1.png").mkdir()  # so that the figure cannot be written
    result = CliRunner().invoke(app, ["build", "--review", str(root)])
    assert result.exit_code == 1
    assert not page.exists()
    assert not (root / "build/figures/q1.svg").exists()
    for file in ("notebooks/10-page.html", "notebooks/10-page.ipynb", "figures/q1.svg"):
        assert f"Removed: {file} (of an earlier build)" in result.output
    assert (root / "build/figures/q2.svg").is_file()


def test_a_notebook_that_fails_now_leaves_its_new_copy_with_the_error(with_notebook):
    root = with_notebook(ASK)
    build(open_review(root))
    with_notebook("1 / 0")
    for _ in range(2):
        (failure,) = build(open_review(root)).failures
        assert failure.removed == ()
        assert "ZeroDivisionError" in (root / "build/notebooks/10-page.html").read_text()


@pytest.mark.parametrize("content", ["", "{not json", "[]", '{"cells": 3}'])
def test_a_broken_notebook_fails_alone(files, content):
    root = files.write()
    (root / "notebooks").mkdir()
    (root / "notebooks/10-page.ipynb").write_text(content)
    summary = build(open_review(root))
    assert [failure.product for failure in summary.failures] == ["notebook 10-page"]
    assert (root / "build/tables/verdicts.html").is_file()


@pytest.mark.parametrize("folder", [".", "data", "notebooks/out", "references"])
def test_a_build_never_writes_into_the_reviews_own_folders(files, folder):
    root = files.write()
    before = state(root)
    with pytest.raises(OutputFolderError, match="own files"):
        build(open_review(root), folder=root / folder)
    assert state(root) == before


def test_a_review_with_errors_is_not_built(files):
    files.estimates[0]["value"] = "two"
    root = files.write()
    result = CliRunner().invoke(app, ["build", "--review", str(root)])
    assert result.exit_code == 1
    assert "data/estimates.csv:2 value: 'two': not a number" in str(result.exception)
    assert not (root / "build").exists()


def test_the_summary_says_what_was_made_and_what_to_open(files):
    root = files.write()
    result = CliRunner().invoke(app, ["build", "--review", str(root)])
    assert result.exit_code == 0, result.output
    assert re.search(
        r"Made: 2 evidence tables, 2 figures, 1 trace, 1 verdict table; 0 unchanged; \d+\.\d s", result.output
    )
    assert "verdicts.html" in result.output
