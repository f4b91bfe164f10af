"""Tests of asymmetry for counts of two groups against R's lm(); studies without contrast; bad input; invariances."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

DATA = json.loads((Path(__file__).parents[2] / "reference" / "counts_asymmetry.json").read_text())["data"]
COUNTS = ("a", "n1", "c", "n2")


@pytest.mark.parametrize("method", list(meta.CountTest))
@pytest.mark.parametrize("name", DATA)
def test_a_test_of_counts_equals_that_of_r(name, method):
    found = meta.asymmetry_of_counts(*(DATA[name][column] for column in COUNTS), method=method)
    for field, wanted in DATA[name][method].items():
        assert getattr(found, field) == pytest.approx(wanted, rel=1e-9)


def test_studies_without_a_contrast_are_left_out_and_named():
    found = meta.asymmetry_of_counts(*(DATA["no_events"][column] for column in COUNTS))
    assert found.left_out == (0,)
    assert found.k == 5
    assert "rows 0" in found.summary()
    assert found.to_frame().index.tolist() == ["intercept", "1/n"]


def test_equal_sizes_few_studies_and_impossible_counts_are_refused():
    with pytest.raises(ModelInputError, match="same in all studies"):
        meta.asymmetry_of_counts([1, 2, 3], [9, 9, 9], [2, 1, 4], [9, 9, 9])
    with pytest.raises(ModelInputError, match="3 studies"):
        meta.asymmetry_of_counts([0, 2, 3], [8, 9, 9], [0, 1, 4], [9, 9, 9])
    with pytest.raises(ModelInputError, match="above total_1"):
        meta.asymmetry_of_counts([10, 2, 3], [8, 9, 9], [0, 1, 4], [9, 9, 9])
    with pytest.raises(ModelInputError, match="method must be"):
        meta.asymmetry_of_counts([1, 2, 3], [8, 9, 9], [0, 1, 4], [9, 9, 9], method="Begg")


@given(st.permutations(range(19)), st.sampled_from(list(meta.CountTest)))
@settings(max_examples=20, deadline=None)
def test_order_does_not_matter_and_groups_exchanged_turn_the_sign(order, method):
    columns = [np.array(DATA["dorn2007"][column]) for column in COUNTS]
    whole = meta.asymmetry_of_counts(*columns, method=method)
    shuffled = meta.asymmetry_of_counts(*(column[list(order)] for column in columns), method=method)
    assert shuffled.p_value == pytest.approx(whole.p_value, rel=1e-8)
    turned = meta.asymmetry_of_counts(*columns[2:], *columns[:2], method=method)
    assert turned.slope == pytest.approx(-whole.slope, rel=1e-8)
