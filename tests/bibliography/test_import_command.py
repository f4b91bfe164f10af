"""`evidence refs import` and `refs rename`: shown first, written with --apply, logged."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from toolkit.bibliography import Library
from toolkit.cli import app
from toolkit.records import read_records

RIS = """\
TY  - JOUR
TI  - A study of something else
AU  - Poe, Cy
PY  - 2020
DO  - 10.1000/new
DB  - Scopus
ER  -
TY  - JOUR
TI  - A study
AU  - Doe, Ann
PY  - 2001
DO  - https://doi.org/10.1000/study-1
VL  - 7
ER  -
"""


@pytest.fixture
def review(files):
    root = files.write()
    (root / "export.txt").write_text(RIS)
    return root


def run(*arguments):
    return CliRunner().invoke(app, ["refs", *(str(argument) for argument in arguments)])


def test_by_default_it_only_shows(review):
    before = (review / "references/library.bib").read_bytes()
    result = run("import", review / "export.txt", "--review", review)
    assert result.exit_code == 0
    for part in ("new", "poe2020study", "enriches", "study-1", "volume", "2 found, 1 new, 1 duplicates, 1 enriched"):
        assert part in result.output
    assert (review / "references/library.bib").read_bytes() == before
    assert not (review / "data/searches.csv").exists()


def test_apply_writes_the_library_and_the_log(review):
    result = run("import", review / "export.txt", "--review", review, "--apply", "--date", "2026-11-24", "--json")
    assert json.loads(result.output)["counts"]["new"] == 1
    library = Library.read(review / "references/library.bib")
    assert library["study-1"].text("volume") == "7"
    assert library["poe2020study"].text("title") == "A study of something else"
    (search,) = read_records(review).searches.values()
    assert (search.source, search.date, search.file) == ("Scopus", "2026-11-24", "export.txt")
    assert (search.found, search.new, search.duplicates, search.enriched) == (2, 1, 1, 1)


def test_a_file_without_records_is_an_exit_code_of_one(review):
    (review / "letter.txt").write_text("Dear colleague")
    result = run("import", review / "letter.txt", "--review", review)
    assert result.exit_code == 1
    assert "format is not known" in result.output


def test_rename_names_the_files_that_changed(review):
    result = run("rename", "study-1", "doe2001a", "--review", review)
    assert result.exit_code == 0
    assert "references/library.bib" in result.output
    assert "data/estimates.csv" in result.output
