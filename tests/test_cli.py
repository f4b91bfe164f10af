"""The `evidence` command: exit codes, JSON for scripts, and errors as one clear message."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.errors import ReviewNotFoundError


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_check_is_zero_on_a_sound_review(files):
    result = run("check", "--review", files.write())
    assert (result.exit_code, result.output.strip()) == (0, "0 errors, 0 warnings")


def test_check_is_zero_with_warnings_only(files):
    files.estimates[0]["direction"] = "contradicts"
    result = run("check", "--review", files.write())
    assert result.exit_code == 0
    assert "0 errors, 1 warning" in result.output


def test_check_is_one_on_an_error_and_shows_the_whole_finding(files):
    files.estimates[0]["role"] = "main"
    result = run("check", "--review", files.write())
    assert result.exit_code == 1
    for part in ("error", "data/estimates.csv", "2", "role", "main", "vocabulary", "E1", "primary"):
        assert part in result.output


def test_check_gives_json_to_scripts(files):
    files.estimates[0]["role"] = "main"
    result = run("check", "--json", "--review", files.write())
    (finding,) = json.loads(result.output)
    assert result.exit_code == 1
    assert {key: finding[key] for key in ("severity", "file", "line", "column", "value", "rule", "record")} == {
        "severity": "error",
        "file": "data/estimates.csv",
        "line": 2,
        "column": "role",
        "value": "main",
        "rule": "vocabulary",
        "record": "E1",
    }
    assert finding["hint"]


def test_a_cell_cannot_style_the_terminal(files):
    files.estimates[0]["role"] = "[red]main[/red]\x1b[31m"
    result = run("check", "--review", files.write())
    assert "[red]main" in result.output
    assert "\x1b[31m" not in result.output


@pytest.mark.parametrize("command", ["check", "build", "questions", "schema"])
def test_a_misspelt_review_folder_never_stands_for_the_review_above_it(files, command):
    missing = files.write() / "typo" / "folder"
    result = run(command, "--review", missing)
    assert result.exit_code == 1
    assert isinstance(result.exception, ReviewNotFoundError)
    assert f"There is no folder {missing}" in str(result.exception)
    assert not (files.root / "build").exists()


def test_a_folder_inside_the_review_stands_for_it(files):
    assert run("check", "--review", files.write() / "data").exit_code == 0


def test_synthesize_prints_the_verdict_in_words_or_as_json(files):
    root = files.write()
    assert "Clearly supported" in run("synthesize", "q1", "--review", root).output
    record = json.loads(run("synthesize", "q1", "--json", "--review", root).output)
    assert (record["outcome"], record["samples"]) == ("clearly supported", 3)


def test_synthesize_says_what_was_asked_and_what_the_limits_are(files):
    output = run("synthesize", "q1", "--review", files.write()).output
    assert "Prediction: more of the outcome" in output
    assert "Limits: Few studies." in output


def test_questions_lists_them_with_their_verdicts(files):
    output = run("questions", "C1", "--review", files.write()).output
    assert output.splitlines() == ["C1. Harm follows.", "  ▲▲ q1: clearly supported"]


def test_a_thousand_findings_of_one_kind_are_told_in_a_few_lines(files, make_review):
    files = make_review([{"value": "1,8"}] * 30)
    output = run("check", "--review", files.write()).output
    assert "... and 25 more like it in data/estimates.csv value (number)" in output
    assert "30 errors" in output
    assert len(json.loads(run("check", "--json", "--review", files.root).output)) >= 30


def test_the_version_is_told():
    assert run("--version").output.startswith("evidence 0.")


def test_schema_writes_the_data_package_anew(files):
    root = files.write()
    (root / "data/datapackage.json").write_text("{}")
    assert run("schema", "--review", root).exit_code == 0
    assert run("check", "--review", root).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["check"], "No review in"), (["synthesize", "q1"], "No review in")],
)
def test_an_error_is_one_message_and_no_traceback(tmp_path, arguments, message):
    code = "from toolkit.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--review", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
