"""2x2 tables from their margins and one statistic."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.effects import effect_sizes, table_from_margins
from toolkit.errors import ModelInputError

CASES = json.loads((Path(__file__).parents[1] / "reference/conversions.json").read_text())["margins"]


def counts(a, b, c, d):
    return [a, a + b, c, c + d]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case["cells"])))
@pytest.mark.parametrize("statistic", ["odds_ratio", "phi", "yates", "plain"])
def test_the_statistics_that_r_makes_of_a_table_give_it_back(case, statistic):
    a, b, c, d = case["cells"]
    name = statistic if statistic in ("odds_ratio", "phi") else "chi_square"
    found = table_from_margins(a + b + c + d, a + b, a + c, **{name: case[statistic]}, yates=statistic == "yates")
    assert found.iloc[0].tolist() == counts(a, b, c, d)


def test_rounded_statistics_give_the_example_table_of_conv_2x2_back():
    # Help page of metafor's conv.2x2: cells 36, 86, 20, 98 from OR 2.05, phi 0.15 and chi-square 4.61, each rounded.
    given = {"odds_ratio": 2.05, "phi": 0.15, "chi_square": 4.61}
    for name, value in given.items():
        assert table_from_margins(240, 122, 56, **{name: value}).iloc[0].tolist() == [36, 122, 20, 118]


def test_margins_that_contradict_the_statistic_leave_the_row_missing():
    # The same page: phi 0.54 with 400 people, 200 in group 1, and 50 events is incompatible.
    found = table_from_margins([400, 400], [200, 200], [248, 50], phi=[0.54, 0.54])
    assert found.iloc[0].tolist() == [176, 200, 72, 200]
    assert found.iloc[1].isna().any()
    assert "not possible" in found.attrs["missing"][1]


@given(st.lists(st.integers(1, 500), min_size=4, max_size=4))
def test_a_table_survives_its_odds_ratio(cells):
    a, b, c, d = cells
    found = table_from_margins(sum(cells), a + b, a + c, odds_ratio=(a * d) / (b * c))
    assert found.iloc[0].tolist() == counts(*cells)


def test_the_frame_goes_into_effect_sizes():
    table = table_from_margins([240, 400], [122, 200], [56, 248], odds_ratio=[2.05, 13.04])
    y = effect_sizes("OR", **table)["y"]
    np.testing.assert_allclose(np.exp(y), [2.05, 13.04], rtol=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Give one of odds_ratio, phi and chi_square; got none"),
        ({"phi": 0.1, "odds_ratio": 2}, "got odds_ratio, phi"),
        ({"phi": 1.2}, "phi must lie from -1 to 1"),
        ({"odds_ratio": -0.3}, "Give the natural value, not its log"),
    ],
)
def test_statistics_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ModelInputError, match=message):
        table_from_margins(240, 122, 56, **arguments)


def test_margins_that_cannot_be_are_refused():
    with pytest.raises(ModelInputError, match=r"total_1 must lie between 0 and total; found 240\.0 in row 0"):
        table_from_margins(240, 240, 56, phi=0.1)
