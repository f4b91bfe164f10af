"""CSV: the grid comes back, and no cell is a formula."""

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.tables import Column, Table
from toolkit.tables.render.csv import document, guarded


def parsed(table):
    return list(csv.reader(io.StringIO(document(table).decode("utf-8-sig"), newline="")))


def test_the_grid_comes_back_with_group_and_notes_as_columns(table):
    header, *rows = parsed(table)
    assert header == ["Group", "Study", "Design", "n (people)", "Odds ratio (95% CI)", "What was | compared", "Notes"]
    assert [row[0] for row in rows] == ["", *["Cohorts & <others>"] * 2, *["Hostile"] * 2, ""]
    assert rows[1][1:6] == ["'=cmd|' /C calc'!A0", "<script>alert(1)</script>", "", "5.10", "\\input{x}"]
    assert rows[2][1:6] == ["日本 α ≥ – ’", "%_&#$~^{}", "-2", "−0.5 (−1.0 to 0.2)", "line one\nline two"]
    assert rows[1][6] == "Odds ratio (95% CI): Read in a review."
    assert rows[3][6] == ""


def test_a_table_without_groups_and_footnotes_has_its_own_columns_only():
    assert parsed(Table("T", [Column("a", "A")], [["1"], [""]])) == [["A"], ["1"], [""]]


def test_the_file_says_that_it_is_utf_8_and_pandas_reads_it(table):
    assert document(table).startswith(b"\xef\xbb\xbf")
    frame = pd.read_csv(io.BytesIO(document(table)), dtype=str, keep_default_na=False)
    assert frame.columns[0] == "Group"
    assert frame["Odds ratio (95% CI)"][1] == "5.10"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "-", "+44 20 7946"]
)
def test_what_a_spreadsheet_could_run_gets_an_apostrophe(cell):
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["-2", "+1", "-0.50", "1e5", "-1.5E-3", "12%", "-.5", "1.96 (1.40 to 2.76)", "<0.001", ""]
)
def test_plain_numbers_and_plain_text_stay_as_they_are(cell):
    assert guarded(cell) == cell


def test_the_minus_sign_of_a_number_is_one_that_programs_read():
    assert guarded("−0.35") == "-0.35"
    assert guarded("−0.35 (−0.50 to −0.20)") == "−0.35 (−0.50 to −0.20)"


@given(data=st.data())
def test_any_table_comes_back_and_holds_no_formula(tables, data):
    table = data.draw(tables)
    header, *rows = parsed(table)
    first = 1 if table.row_groups else 0
    width = len(table.columns)
    assert header[first : first + width] == [guarded(column.title) for column in table.columns]
    assert [row[first : first + width] for row in rows] == [[guarded(cell) for cell in row] for row in table.rows]
    for cell in [cell for row in [header, *rows] for cell in row]:
        assert not re.match(r"\s*[=+\-@＝＋－＠]", cell) or re.fullmatch(r"[-+][\d.]+([eE][-+]?\d+)?%?", cell)


@given(st.text())
def test_the_guard_loses_nothing(cell):
    assert guarded(cell).removeprefix("'").replace("−", "-") == cell.removeprefix("'").replace("−", "-")
