"""The sign test on directions of effect."""

import pytest

from toolkit import meta
from toolkit.errors import ModelInputError


def test_directions_are_counted_and_ties_left_out():
    found = meta.sign_test([1, 1, 1, -1, 0, 1, 0])
    assert (found.positive, found.negative, found.ties, found.n) == (4, 1, 2, 5)
    assert found.proportion == 0.8
    assert found.p_value == pytest.approx(0.375)


def test_the_p_value_is_twice_the_smaller_binomial_tail():
    assert meta.sign_test([1] * 10).p_value == pytest.approx(2 * 0.5**10)
    assert meta.sign_test([1, 1, 1, -1, -1, -1]).p_value == 1


def test_turning_all_directions_mirrors_the_result():
    found, turned = meta.sign_test([1, 1, -1, 1]), meta.sign_test([-1, -1, 1, -1])
    assert found.p_value == turned.p_value
    assert (found.ci_low, found.ci_high) == pytest.approx((1 - turned.ci_high, 1 - turned.ci_low))


@pytest.mark.parametrize("directions", [[], [0, 0]])
def test_without_any_direction_there_is_a_reason_and_no_number(directions):
    found = meta.sign_test(directions)
    assert found.p_value is None
    assert "nothing to test" in found.reason
    assert "nothing to test" in found.summary()


def test_the_result_shows_itself():
    found = meta.sign_test([1, 1, -1])
    assert "Proportion positive" in found.summary()
    assert found.to_frame().loc[0, "n"] == 3
    assert found._repr_html_().startswith("<table>")


@pytest.mark.parametrize(
    ("directions", "message"),
    [([1, 0.3], "found 0.3 in row 1"), (["up"], r"must hold \+1, -1 or 0"), ([[1]], "must have the shape")],
)
def test_sizes_and_words_are_refused(directions, message):
    with pytest.raises(ModelInputError, match=message):
        meta.sign_test(directions)
