"""Notebooks run without a browser: the same copy each time, and a failure told with its cell."""

from __future__ import annotations

import json

import pytest

from toolkit.errors import NotebookError
from toolkit.report.notebooks import run_notebook


@pytest.fixture
def write_notebook(tmp_path, notebook_text):
    def write(*sources):
        path = tmp_path / "page.ipynb"
        path.write_text(notebook_text(*sources))
        return path

    return write


def outputs(path):
    return [cell["outputs"] for cell in json.loads(path.read_text())["cells"]]


def test_two_runs_give_identical_files(write_notebook, tmp_path):
    path = write_notebook(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2], [3, 4]);",
        "print('done')",
        "import pandas as pd\npd.Series([1, 2])",
    )
    before = path.read_bytes()
    copies = []
    for name in ("one", "two"):
        target = tmp_path / name / "page.ipynb"
        run_notebook(path, target)
        copies.append((target.read_bytes(), target.with_suffix(".html").read_bytes()))
    assert copies[0] == copies[1]
    assert path.read_bytes() == before
    assert "done" in str(outputs(tmp_path / "one/page.ipynb")[1][0]["text"])


def test_every_figure_of_a_notebook_is_shown(write_notebook, tmp_path):
    draw = "plots.effect_direction(['Doe 2001'], ['supports']);"
    target = tmp_path / "out/page.ipynb"
    run_notebook(write_notebook(f"from toolkit import plots\n{draw}", draw, draw), target)
    assert [len(found) for found in outputs(target)] == [1, 1, 1]


def test_a_failing_cell_is_named_with_its_code_and_the_reason(write_notebook, tmp_path):
    path = write_notebook("x = 1", "x / 0  # the culprit", "y = 2")
    target = tmp_path / "out/page.ipynb"
    with pytest.raises(
        NotebookError, match=r"page\.ipynb, cell 2 of 3: ZeroDivisionError: division by zero\n    x / 0  # the culprit"
    ):
        run_notebook(path, target)
    assert outputs(target)[1][0]["output_type"] == "error", "the copy shows the error where it arose"


def test_the_page_loads_nothing_from_elsewhere(write_notebook, tmp_path):
    target = tmp_path / "out/page.ipynb"
    run_notebook(write_notebook("1 + 1"), target)
    page = target.with_suffix(".html").read_text()
    assert "<script src=" not in page
    assert "cdnjs" not in page
    assert "jsdelivr" not in page


def test_a_page_lists_its_contents_and_links_lead_to_pages(tmp_path):
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title\n\nSee [it](20-other.ipynb)."},
        {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "## Does it help?"},
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path = tmp_path / "page.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    run_notebook(path, tmp_path / "out/page.ipynb")
    page = (tmp_path / "out/page.html").read_text()
    assert 'href="20-other.html"' in page
    assert 'href="#Does-it-help%3F"' in page
    assert 'id="Does-it-help?"' in page
    assert "20-other.ipynb" in (tmp_path / "out/page.ipynb").read_text(), "the notebook itself leads to notebooks"
