"""Numbers as they are printed: rounding that neither hides nor invents anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.numbers import confidence_level, count, estimate, fixed, interval, p_value, percent, significant


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (5.1, 2, "5.10"),
        (-0.354, 2, "−0.35"),
        (-0.001, 2, "0.00"),
        (0.0, 0, "0"),
        (float("inf"), 2, "∞"),
        (1e6, 1, "1000000.0"),
    ],
)
def test_fixed_decimals_keep_zeros_and_set_a_true_minus(value, digits, text):
    assert fixed(value, digits) == text


def test_a_missing_number_is_not_printed():
    with pytest.raises(ValueError, match="NaN"):
        fixed(float("nan"))


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.956, "1.96"), (0.0042, "0.0042"), (0.0996, "0.100"), (12.345, "12.35"), (1234.5, "1234"), (0, "0.00")],
)
def test_small_numbers_keep_two_digits_and_large_ones_lose_their_decimals(value, text):
    assert significant(value) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1.96, 1.4, 2.76), "1.96 (1.40 to 2.76)"),
        ((0.1, -0.096, 0.3), "0.10 (−0.10 to 0.30)"),
        ((0.078, 0.065, 0.093), "0.078 (0.065 to 0.093)"),
        ((1.0003, 1.0001, 1.0005), "1.0003 (1.0001 to 1.0005)"),
        ((20.09, 0.25, 1608.4), "20.09 (0.25 to 1608)"),
        ((0.5, 0.0012, 5), "0.50 (0.0012 to 5.00)"),
        ((0.0, 0.0, 0.0), "0.00 (0.00 to 0.00)"),
        ((2.0, 1.0, float("inf")), "2.00 (1.00 to ∞)"),
    ],
)
def test_an_estimate_and_its_limits_have_the_same_decimals_and_no_limit_vanishes(numbers, text):
    assert estimate(*numbers) == text


@given(st.floats(-50, 50), st.floats(1e-4, 20), st.floats(1e-4, 20))
def test_the_printed_limits_lie_on_their_sides_of_the_estimate(value, below, above):
    low, high = interval(value - below, value + above).replace("−", "-").split(" to ")
    assert float(low) < float(high)
    assert abs(float(low) - (value - below)) <= 0.0051


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "<0.001"), (0.0312, "0.031"), (0.9996, ">0.999"), (1, ">0.999"), (0, "<0.001")]
)
def test_a_p_value_is_never_0_or_1(p, text):
    assert p_value(p) == text


def test_a_p_value_lies_between_0_and_1():
    with pytest.raises(ValueError, match=r"got 1\.2"):
        p_value(1.2)


def test_counts_have_commas_and_are_whole():
    assert (count(1409218), count(20.0)) == ("1,409,218", "20")
    with pytest.raises(ValueError, match=r"got 2\.5"):
        count(2.5)


def test_a_level_keeps_its_digits():
    assert [confidence_level(level) for level in (0.95, 0.975, 0.999, 0.57)] == ["95%", "97.5%", "99.9%", "57%"]


def test_a_share_becomes_a_percentage():
    assert (percent(0.25), percent(0.9995, 1)) == ("25%", "100.0%")
