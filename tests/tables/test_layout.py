"""Column widths: no word broken where there is room, and a page on its side where there is none."""

import pytest

from toolkit.tables import Column, Table
from toolkit.tables.layout import column_shares, is_crowded, is_wide

SENTENCE = "childhood physical abuse as recalled by the participants at wave three of the study"


def test_shares_sum_to_one_and_follow_given_widths():
    table = Table("T", [Column("a", "A", width=30), Column("b", "B", width=10)], [["x" * 100, "y"]])
    assert column_shares(table) == pytest.approx((0.75, 0.25))


def test_a_long_text_leaves_short_columns_the_width_of_their_longest_word():
    table = Table(
        "T",
        [Column("n", "Participants", align="right"), *(Column(f"t{i}", f"Text {i}") for i in range(6))],
        [["1,409,218", *[SENTENCE] * 6]],
    )
    share = column_shares(table)[0]
    assert share * 140 >= len("Participants")


def test_an_interval_is_not_to_wrap():
    interval = "10.22 (7.62 to 13.71)"
    table = Table(
        "T",
        [Column("e", "Effect", align="right"), *(Column(f"t{i}", "Text") for i in range(4))],
        [[interval, *[SENTENCE] * 4]],
    )
    room = 140 if is_wide(table) else 90
    assert column_shares(table)[0] * room >= len(interval)


@pytest.mark.parametrize(("columns", "wide"), [(3, False), (12, True)])
def test_many_columns_need_a_page_on_its_side(columns, wide):
    table = Table("T", [Column(f"c{i}", f"Heading {i}") for i in range(columns)], [[SENTENCE] * columns])
    assert is_wide(table) is wide


def test_a_table_that_no_page_holds_is_crowded():
    columns = [Column(f"c{i}", "Heading") for i in range(12)]
    assert is_crowded(Table("T", columns, [["maltreatment-substantiated"] * 12]))
    assert not is_crowded(Table("T", columns, [["short"] * 12]))


def test_a_table_without_rows_and_headings_still_has_widths():
    assert column_shares(Table("T", [Column("a", ""), Column("b", "")], [])) == pytest.approx((0.5, 0.5))
