"""The table value: what it takes, what it refuses and what it says when it does."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from toolkit.numbers import count, fixed
from toolkit.tables import Column, Footnote, RowGroup, Table, TableError

COLUMNS = [Column("study", "Study"), Column("effect", "Effect", align="right")]
ROWS = [("Huang 2011", "1.96"), ("Bull 2024", "5.10")]


def test_a_table_cannot_be_changed_and_equal_parts_make_equal_tables():
    table = Table("Studies", COLUMNS, ROWS, abbreviations={"OR": "odds ratio"})
    assert table == Table("Studies", tuple(COLUMNS), tuple(ROWS), abbreviations=[("OR", "odds ratio")])
    assert hash(table) == hash(dataclasses.replace(table))
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.title = "Other"


def test_a_number_that_was_not_formatted_is_refused_with_its_place():
    with pytest.raises(TableError, match=r"Row 1, column 'effect': a cell is text, got 5\.1 \(float\)"):
        Table("Studies", COLUMNS, [("Huang 2011", "1.96"), ("Bull 2024", 5.10)])


def test_a_row_with_too_few_cells_is_refused():
    with pytest.raises(TableError, match="Row 0 must have 2 cells"):
        Table("Studies", COLUMNS, [("Huang 2011",)])


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"columns": [], "rows": []}, "at least one column"),
        ({"columns": [*COLUMNS, COLUMNS[0]], "rows": []}, "more than once: 'study'"),
        ({"title": " "}, "needs a title"),
        ({"label": "tab studies}"}, "got 'tab studies}'"),
        ({"notes": "one text"}, "notes is a list of texts"),
        ({"row_groups": [RowGroup("Cohorts", 0, 3)]}, "'Cohorts' has rows 0 to 2"),
        ({"row_groups": [RowGroup("A", 0, 2), RowGroup("B", 1, 2)]}, "'B' has rows 1 to 1"),
        ({"row_groups": [RowGroup("A", 0, 1), RowGroup("A", 1, 2)]}, "Two row groups are headed 'A'"),
        ({"footnotes": [Footnote("x", column="efect")]}, "column 'efect'.*Did you mean 'effect'"),
        ({"footnotes": [Footnote("x", column="effect", row=2)]}, "row 2, the table has rows 0 to 1"),
        ({"footnotes": [Footnote("x", group="Cohorts")]}, "row group 'Cohorts', which the table has not"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(TableError, match=message):
        Table(**({"title": "Studies", "columns": COLUMNS, "rows": ROWS} | parts))


@pytest.mark.parametrize("place", [{}, {"row": 1}, {"group": "A", "column": "effect"}, {"group": "A", "row": 0}])
def test_a_footnote_stands_on_one_place(place):
    with pytest.raises(TableError, match="must stand on a column, a column and a row, or a row group"):
        Footnote("x", **place)


def test_a_column_refuses_an_unknown_alignment_and_a_width_that_is_none():
    with pytest.raises(TableError, match="got 'decimal'"):
        Column("n", "n", align="decimal")
    with pytest.raises(TableError, match=r"width must be a positive number, got 0"):
        Column("n", "n", width=0)


def test_text_that_some_format_cannot_hold_is_cleaned_once_for_all_of_them():
    table = Table("Title\x00", [Column("a", "A")], [[" one\r\ntwo\x0bthree\u2028four\x1b\ud800 "]])
    assert table.title == "Title\ufffd"
    assert table.rows == (("one\ntwo\nthree\nfour\ufffd\ufffd",),)


def test_a_frame_becomes_a_table_with_its_numbers_formatted_once():
    frame = pd.DataFrame(
        {"study": ["Huang 2011", "Bull 2024", None], "n": [14736, 20, 30], "effect": [1.956, 5.1, np.nan]}
    )
    table = Table.from_frame(
        frame,
        title="Studies",
        columns=[Column("study", "Study"), Column("effect", "Effect"), Column("n", "n")],
        formats={"effect": fixed, "n": count},
        missing="–",
    )
    assert table.rows == (("Huang 2011", "1.96", "14,736"), ("Bull 2024", "5.10", "20"), ("–", "–", "30"))


def test_whole_numbers_and_text_need_no_formatter():
    frame = pd.DataFrame({"k": pd.array([3, None], dtype="Int64"), "study": ["0012", "x"]})
    table = Table.from_frame(frame, title="T", columns=[Column("k", "k"), Column("study", "Study")])
    assert table.rows == (("3", "0012"), ("", "x"))


@pytest.mark.parametrize("value", [0.1 + 0.2, True, ("a",)])
def test_a_value_without_a_formatter_is_refused_rather_than_printed_somehow(value):
    frame = pd.DataFrame({"x": pd.Series([value], dtype=object)})
    with pytest.raises(TableError, match=r"Column 'x' holds .* needs an entry in formats"):
        Table.from_frame(frame, title="T", columns=[Column("x", "x")])


@pytest.mark.parametrize(
    "wrong", [{"formats": {"efect": fixed}}, {"group_by": "efect"}, {"columns": [Column("efect", "E")]}]
)
def test_an_unknown_column_of_a_frame_is_named_with_the_nearest_one(wrong):
    frame = pd.DataFrame({"effect": ["1"]})
    arguments = {"title": "T", "columns": [Column("effect", "E")]} | wrong
    with pytest.raises(TableError, match=r"no column 'efect'\. Did you mean 'effect'"):
        Table.from_frame(frame, **arguments)


def test_a_frame_is_grouped_by_the_runs_of_a_column():
    frame = pd.DataFrame({"role": ["primary", "primary", "review"], "study": ["a", "b", "c"]})
    columns = [Column("study", "Study")]
    table = Table.from_frame(frame, title="T", columns=columns, group_by="role")
    assert table.row_groups == (RowGroup("primary", 0, 2), RowGroup("review", 2, 3))
    with pytest.raises(TableError, match="Two row groups are headed 'primary'"):
        Table.from_frame(frame.iloc[[0, 2, 1]], title="T", columns=columns, group_by="role")


def test_sections_cover_all_rows_once_also_those_outside_the_groups(table):
    runs = [(group and group.heading, start, stop) for group, start, stop in table.sections()]
    assert runs == [(None, 0, 1), ("Cohorts & <others>", 1, 3), ("Hostile", 3, 5), (None, 5, 6)]


def test_a_table_shows_itself_in_a_notebook_with_its_style(table):
    shown = table._repr_html_()
    assert shown.startswith("<style>")
    assert "<script>" not in shown
    assert "Huang 2011" in shown
