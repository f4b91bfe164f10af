"""Footnote marks: letters in reading order, one letter a text."""

from toolkit.tables import Column, Footnote, Table
from toolkit.tables.marks import marks


def test_marks_run_in_reading_order_and_equal_texts_share_one(table):
    marked = marks(table)
    assert marked.notes == (
        ("a", "Two-sided."),
        ("b", "Computed from public_data."),
        ("c", "By design."),
        ("d", "Read in a review."),
    )
    assert marked.of_column("effect") == "a"
    assert marked.of_group("Cohorts & <others>") == "c"
    assert (marked.of_cell(0, "effect"), marked.of_cell(1, "effect"), marked.of_cell(2, "n")) == ("b", "d", "d")
    assert marked.of_cell(2, "effect") == marked.of_group("Hostile") == ""


def test_two_notes_on_one_cell_have_two_marks():
    table = Table("T", [Column("a", "A")], [["1"]], footnotes=[Footnote(t, column="a", row=0) for t in ("x", "y", "x")])
    assert marks(table).of_cell(0, "a") == "a,b"


def test_after_z_comes_aa():
    notes = [Footnote(f"note {number}", column="a", row=number) for number in range(54)]
    table = Table("T", [Column("a", "A")], [["1"]] * 54, footnotes=notes)
    letters = [letter for letter, _ in marks(table).notes]
    assert letters[24:28] == ["y", "z", "aa", "ab"]
    assert letters[51:54] == ["az", "ba", "bb"]
