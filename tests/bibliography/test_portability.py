"""Entries that a second, common reader does not see are told, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.bibliography import Library
from toolkit.bibliography.portability import entries_unseen_elsewhere

LIBRARY = Path(__file__).parents[2] / "references/library.bib"


@pytest.mark.parametrize(
    "text",
    ["@ article {a, title = {x}}\n", "@article\n{a, title = {x}}\n", "@article{a, title = {x}, title = {y}}\n"],
)
def test_an_entry_that_bibtexparser_loses_is_told_with_its_line(text):
    library = Library.from_bytes(f"@book{{b, title = {{z}}}}\n\n{text}".encode())
    (finding,) = entries_unseen_elsewhere(library, name="library.bib")
    assert (finding.record, finding.line, finding.rule) == ("a", 3, "portability")
    assert finding.hint


def test_the_shipped_library_is_read_alike():
    assert entries_unseen_elsewhere(Library.read(LIBRARY), name="library.bib") == []
