"""Writing: the writer by suffix, the same bytes each time, the whole file or the old one."""

import os

import pytest

from toolkit.tables import TableError, write
from toolkit.tables.write import WRITERS


@pytest.mark.parametrize("suffix", WRITERS)
def test_two_writes_give_the_same_bytes(table, tmp_path, suffix):
    first = write(table, tmp_path / f"one{suffix}")
    second = write(table, tmp_path / "deeper" / f"two{suffix}")
    assert first.read_bytes() == second.read_bytes() != b""


@pytest.mark.parametrize("suffix", WRITERS)
def test_an_empty_table_can_be_written(tmp_path, suffix):
    from toolkit.tables import Column, Table

    assert write(Table("Nothing was left out", [Column("study", "Study")], []), tmp_path / f"t{suffix}").stat().st_size


def test_an_unknown_suffix_is_refused_with_those_that_are_known(table, tmp_path):
    with pytest.raises(TableError, match=r"suffix '\.pdf', use one of \.csv, \.docx, \.html, \.md, \.tex"):
        write(table, tmp_path / "t.pdf")
    assert not list(tmp_path.iterdir())


def test_the_suffix_may_be_in_capitals(table, tmp_path):
    assert write(table, tmp_path / "T.HTML").read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(table, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(table, path)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]
