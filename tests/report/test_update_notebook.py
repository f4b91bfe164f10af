"""The notebook on updating the library: it runs, twice the same, and the new study joins the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.report.notebooks import run_notebook

PROJECT = Path(__file__).parents[2]
NOTEBOOK = PROJECT / "notebooks/80-updating-the-library.ipynb"


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))  # the kernel runs this toolkit, not an installed one
        for name in ("one", "two"):
            target = tmp_path_factory.mktemp(name) / "page.ipynb"
            run_notebook(NOTEBOOK, target)
            found.append((target.read_bytes(), target.with_suffix(".html").read_bytes()))
    return found


def outputs(copies, cell):
    (found,) = [item for item in json.loads(copies[0][0])["cells"] if item["id"] == cell]
    return json.dumps(found["outputs"])


def test_it_runs_twice_with_the_same_bytes(copies):
    assert copies[0] == copies[1]


def test_the_study_and_its_figures_are_in_the_second_synthesis_only(copies):
    assert "Example" not in outputs(copies, "before-view")
    assert "from 3 independent samples" in outputs(copies, "before-view")
    assert "example2025arrest" not in outputs(copies, "study-check")
    assert "example2025arrest" in outputs(copies, "check-view")


def test_it_leaves_the_review_as_it_was(copies):
    assert "example2025" not in (PROJECT / "references/library.bib").read_text(encoding="utf-8")


def test_it_is_thin():
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert not any(
                line.lstrip().startswith(("def ", "class ")) for line in "".join(cell["source"]).splitlines()
            )
