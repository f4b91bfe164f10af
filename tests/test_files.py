"""Several files changed together: all of them or none, at whatever moment the process is killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from toolkit import files
from toolkit.bibliography import Library
from toolkit.bibliography.duplicates.review import plan_dedupe
from toolkit.bibliography.rename import rename_key
from toolkit.files import (
    UNFINISHED,
    Change,
    FileChangedError,
    UnfinishedChangeError,
    finish_change,
    write_together,
)

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def contents(root: Path) -> dict[str, bytes]:
    """All files but those that a killed writer leaves half-written beside them, under a name of their own."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".tmp"
    }


def put(root: Path, files: dict[str, bytes]) -> None:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            path.unlink()
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def killed_at(step: int, work) -> bool:
    """Do some work in a process that is killed just before the ``step``-th call that reaches the disk; false where
    the work was done before."""
    child = os.fork()
    if child == 0:
        left = step

        def counted(call):
            def killing(*arguments, **options):
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*arguments, **options)

            return killing

        os.replace, os.fsync, os.unlink = counted(os.replace), counted(os.fsync), counted(os.unlink)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def every_state(root: Path, work) -> list[dict[str, bytes]]:
    """The files after the process was killed at each step of some work, and the rest was done on the next start.

    At the end the work has been done.
    """
    before, states, step = contents(root), [], 1
    while killed_at(step, work):
        finish_change(root)
        states.append(contents(root))
        put(root, before)
        step += 1
    return states


def changes(root: Path) -> list[Change]:
    return [
        Change(root / "a.csv", b"old a", b"new a"),
        Change(root / "sub/b.csv", None, b"new b"),
        Change(root / "c.csv", b"old c", None),
    ]


@pytest.fixture
def root(tmp_path):
    put(tmp_path, {"a.csv": b"old a", "c.csv": b"old c"})
    return tmp_path


@posix
def test_a_process_that_is_killed_at_any_step_leaves_all_files_old_or_all_new(root):
    before = contents(root)
    states = every_state(root, lambda: write_together(root, changes(root)))
    assert len(states) > 8
    assert [state for state in states if state not in (before, {"a.csv": b"new a", "sub/b.csv": b"new b"})] == []
    assert before in states
    assert states[-1] != before


@pytest.fixture
def review(files):
    entry = (
        "@article{twin,\n  author = {Doe, Ann},\n  title = {A study},\n  year = {2001},\n  doi = {10.1000/study-1}\n}\n"
    )
    files.library += entry
    root = files.write()
    (root / "notebooks").mkdir()
    (root / "notebooks/one.ipynb").write_text(json.dumps({"cells": [{"source": ["as [@study-1] and [@twin]"]}]}))
    return root


@posix
@pytest.mark.parametrize("work", ["merge", "rename"])
def test_a_merge_or_renaming_that_is_killed_at_any_step_is_whole_after_the_next_start(review, work):
    def run() -> None:
        library = Library.read(review / "references/library.bib")
        if work == "merge":
            plan_dedupe(review, library).apply()
        else:
            rename_key(review, library, "study-1", "doe2001study")

    before = contents(review)
    states = every_state(review, run)
    after = contents(review)
    assert before != after
    assert len(states) > 15
    assert [state for state in states if state not in (before, after)] == []


@posix
def test_the_next_command_finishes_what_was_cut_off_and_the_check_tells_it(review):
    from typer.testing import CliRunner

    from toolkit import check_review
    from toolkit.cli import app

    library = review / "references/library.bib"
    step = 1
    while killed_at(step, lambda: rename_key(review, Library.read(library), "study-1", "doe2001study")):
        if "doe2001study" in (review / "data/estimates.csv").read_text() and "study-1" in library.read_text():
            break
        step += 1
        finish_change(review)
        if "doe2001study" in library.read_text():
            rename_key(review, Library.read(library), "doe2001study", "study-1")
    assert "unfinished-change" in [finding.rule for finding in check_review(review)]
    shown = CliRunner().invoke(app, ["refs", "check", "--review", str(review)])
    assert "Finished a change that was cut off: references/library.bib" in shown.output
    assert "study-1" not in Library.read(library)
    assert "unfinished-change" not in [finding.rule for finding in check_review(review)]


def test_a_write_that_fails_puts_the_other_files_back(root):
    before = contents(root)
    wrong = [*changes(root), Change(root / "a.csv/inside", None, b"a folder that is a file")]
    with pytest.raises(OSError, match=r"a\.csv"):
        write_together(root, wrong)
    assert contents(root) == before


def test_a_file_that_another_program_changed_stops_all(root):
    before = contents(root)
    with pytest.raises(FileChangedError, match=r"a\.csv was changed"):
        write_together(root, [*changes(root)[1:], Change(root / "a.csv", b"else", b"new")])
    assert contents(root) == before


def test_two_processes_that_do_the_same_change_leave_it_whole(root, monkeypatch):
    """The second one takes the first for cut off, and does all of it while the first is still at its first file."""
    put_file = files._put

    def first_file_then_the_other_process(path, content, **options):
        put_file(path, content, **options)
        monkeypatch.setattr(files, "_put", put_file)
        assert finish_change(root) == (root / "sub/b.csv", root / "c.csv")

    monkeypatch.setattr(files, "_put", first_file_then_the_other_process)
    write_together(root, changes(root))
    assert contents(root) == {"a.csv": b"new a", "sub/b.csv": b"new b"}


def stored(root: Path, **row) -> None:
    (root / UNFINISHED).write_text(json.dumps([{"path": "a.csv", "before": None, "after": "bmV3", **row}]))


def test_a_change_is_not_finished_over_what_somebody_wrote_meanwhile(root):
    stored(root)
    before = contents(root)
    with pytest.raises(UnfinishedChangeError, match=r"a\.csv.*it was changed since"):
        finish_change(root)
    with pytest.raises(UnfinishedChangeError):
        write_together(root, changes(root))
    assert contents(root) == before


@pytest.mark.parametrize("path", ["../outside.txt", "/outside.txt"])
def test_a_review_from_elsewhere_cannot_make_it_write_outside_the_review(root, path):
    stored(root, path=path)
    with pytest.raises(UnfinishedChangeError, match="outside the review"):
        finish_change(root)


@pytest.mark.parametrize("text", ["", "[1]", "{", '[{"path": 1}]'])
def test_a_journal_that_cannot_be_read_says_what_to_do(root, text):
    (root / UNFINISHED).write_text(text)
    with pytest.raises(UnfinishedChangeError, match="look at it, then delete it"):
        finish_change(root)
