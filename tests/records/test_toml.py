"""Entries of a TOML file have their lines, however TOML lets their headings be written."""

import pytest

from toolkit.records.fields import Record
from toolkit.records.toml import read_entries, read_toml


class Animal(Record):
    """An entry with a key and text."""

    animal: str
    note: str = ""


def lines_of(tmp_path, text):
    path = tmp_path / "animals.toml"
    path.write_bytes(text.encode())
    file = read_toml(path, path.name, tables=("entry",))
    assert file.findings == ()
    read = read_entries(file, "entry", Animal)
    assert read.findings == ()
    return read.lines


@pytest.mark.parametrize(
    "heading", ["[[entry]]", "[[entry]]  # the first of all", "  [[ entry ]]", '[["entry"]]', "[['entry']]\t#[[entry]]"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headings_with_comments_spaces_and_quotation_marks(tmp_path, heading, end):
    text = f'# animals\n{heading}\nanimal = "cat"\n\n{heading}\nnote = "x # [[entry]]"\nanimal = "dog"\n'
    assert lines_of(tmp_path, text.replace("\n", end)) == {"cat": 3, "dog": 7}


@pytest.mark.parametrize("mark", ['"""', "'''"])
@pytest.mark.parametrize("inside", ["", "x'y", 'x"y', "# no comment", "\u2028", "\\\\"])
def test_headings_within_long_strings_are_text(tmp_path, mark, inside):
    note = f"note = {mark}\n[[entry]]\nanimal = 1 {inside}\n{mark}"
    text = f'[[entry]]\n{note}\nanimal = "cat" # {mark}\n[[entry]]\nanimal = "dog"\n'
    assert lines_of(tmp_path, text) == {"cat": 6, "dog": 8}
