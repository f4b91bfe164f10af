"""Writing the library: the old file or the new one, whatever happens, and never over another editor's work."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time

import pytest

from toolkit.bibliography import Library
from toolkit.bibliography.saving import LibraryChangedError

TEXT = "@misc{a, year = 1}\n"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "library.bib"
    path.write_text(TEXT)
    return path


def test_a_write_leaves_the_last_version_beside_it(path):
    Library.read(path).set("a", "year", "2").write()
    assert path.read_text() == "@misc{a, year = 2}\n"
    assert path.with_name("library.bib.bak").read_text() == TEXT
    assert sorted(item.name for item in path.parent.iterdir()) == ["library.bib", "library.bib.bak"]


def test_a_library_that_nobody_changed_is_not_written(path):
    before = path.stat().st_mtime_ns
    Library.read(path).write()
    assert path.stat().st_mtime_ns == before
    assert not path.with_name("library.bib.bak").exists()


def test_a_file_that_another_program_saved_is_not_overwritten(path):
    library = Library.read(path)
    path.write_text("@misc{b, year = 3}\n")
    with pytest.raises(LibraryChangedError, match=r"library\.bib was changed"):
        library.set("a", "year", "2").write()
    path.unlink()
    with pytest.raises(LibraryChangedError):
        library.set("a", "year", "2").write()


def test_edits_are_written_step_by_step_but_two_lines_of_edits_do_not_overwrite_each_other(path):
    first = Library.read(path)
    second = first.set("a", "year", "2")
    second.write()
    third = second.set("a", "note", "x")
    third.write()
    third.write()
    assert "note" in path.read_text()
    with pytest.raises(LibraryChangedError):
        first.set("a", "year", "4").write()


def test_a_new_library_is_written_where_none_was(tmp_path):
    missing = Library.read(tmp_path / "new.bib")
    assert [finding.rule for finding in missing.findings] == ["missing-file"]
    missing.write(tmp_path / "copy.bib")
    assert (tmp_path / "copy.bib").read_bytes() == b""


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_permissions_and_links_stay(path):
    path.chmod(0o640)
    link = path.with_name("link.bib")
    link.symlink_to(path.name)
    Library.read(link).set("a", "year", "2").write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert path.read_text() == "@misc{a, year = 2}\n"


WRITER = """
import sys
from toolkit.bibliography import Library
library = Library.read(sys.argv[1])
print("ready", flush=True)
year = 0
while True:
    year += 1
    library = library.set("a", "year", str(year) * 50000)
    library.write()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_writer_that_is_killed_leaves_one_whole_version(path):
    for _ in range(12):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(random.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        library = Library.read(path)
        assert (list(library), library.findings) == (["a"], ())
        year = library["a"].own["year"]
        assert year == year[: len(year) // 50000 or 1] * (50000 if len(year) > 1 else 1)
