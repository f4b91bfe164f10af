"""Means and standard deviations from medians, quartiles and extremes."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.effects import means_from_quantiles
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "conversions.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["closed-form"]
FIVE = VALUES["five"]
PARTS = {
    "extremes": {name: FIVE[name] for name in ("minimum", "median", "maximum")},
    "quartiles": {name: FIVE[name] for name in ("q1", "median", "q3")},
    "all-five": FIVE,
}

# Output of conv.fivenum(test = FALSE) of metafor 4.4 for the numbers 2, 6, 9, 17, 41, as quoted in a public test suite
# that uses it as its oracle: sample size, known numbers, mean, standard deviation (None: by another method there).
METAFOR_4_4 = [
    (7, "extremes", 15.021544795358952, 14.29106691143328),
    (7, "quartiles", 10.889285714285714, 10.103962147784886),
    (7, "all-five", 14.361220613598714, None),
    (30, "extremes", 11.972897250696676, 9.5575055212413016),
    (30, "quartiles", 10.782500000000001, 8.5626224066574625),
    (30, "all-five", 12.3038216208361, None),
    (100, "extremes", 10.403596372036779, 7.804399930371213),
    (100, "quartiles", 10.75975, 8.2742542328822122),
    (100, "all-five", 11.420082492316839, None),
]


def estimate(n, known, **options):
    return means_from_quantiles(n, **PARTS[known], test_skewness=False, **options).iloc[0]


@pytest.mark.parametrize(("n", "known", "mean", "sd"), METAFOR_4_4)
def test_estimates_equal_those_of_metafor_4_4(n, known, mean, sd):
    found = estimate(n, known)
    assert found["known"] == known
    assert found["mean"] == pytest.approx(mean, rel=TOLERANCE)
    if sd is not None:
        assert found["sd"] == pytest.approx(sd, rel=TOLERANCE)


def test_estimates_equal_the_printed_examples_of_the_package_metablue():
    # Example output of Luo.mean and Wan.std (metaBLUE 1.0.0, rdrr.io/cran/metaBLUE): minimum 1, median 4, maximum 10.
    found = means_from_quantiles(30, minimum=1, median=4, maximum=10).iloc[0]
    assert found["mean"] == pytest.approx(4.356748, abs=5e-7)
    assert found["sd"] == pytest.approx(2.205578, abs=5e-7)


@pytest.mark.parametrize("case", VALUES["shi"], ids=lambda case: str(case["n"]))
def test_the_standard_deviation_of_all_five_numbers_equals_equation_10_of_shi_2020(case):
    assert estimate(case["n"], "all-five")["sd"] == pytest.approx(case["sd"], rel=TOLERANCE)


@pytest.mark.parametrize("known", PARTS)
@pytest.mark.parametrize("case", VALUES["log_normal"], ids=lambda case: str(case["n"]))
def test_log_normal_estimates_equal_the_papers_equations(case, known):
    found = estimate(case["n"], known, distribution="log-normal")
    assert (found["mean"], found["sd"]) == pytest.approx(tuple(case[known]), rel=TOLERANCE)


def test_skewed_studies_are_left_out_as_in_the_documentation_of_conv_fivenum():
    # The help page says: none of the first three is significant; of the second three, the last is.
    gaps = {"minimum": [2, None, 2], "q1": [None, 4, 4], "median": [6, 6, 6], "n": [20, 20, 20]}
    even = means_from_quantiles(**gaps, q3=[None, 10, 10], maximum=[14, None, 14])
    assert even["mean"].notna().all()
    skewed = means_from_quantiles(**gaps, q3=[None, 10, 14], maximum=[14, None, 20])
    assert skewed["sd"].isna().tolist() == [False, False, True]
    assert "skewed" in skewed.attrs["missing"][2]
    logs = means_from_quantiles(**gaps, q3=[None, 10, 14], maximum=[14, None, 20], distribution="log-normal")
    assert logs["mean"].notna().all()


@given(st.floats(-50, 50), st.floats(0.01, 100), st.integers(5, 5000))
def test_estimates_move_and_stretch_with_the_data(shift, scale, n):
    plain = estimate(n, "all-five")
    moved = means_from_quantiles(
        n, **{name: value * scale + shift for name, value in FIVE.items()}, test_skewness=False
    ).iloc[0]
    assert moved["mean"] == pytest.approx(plain["mean"] * scale + shift, rel=1e-9, abs=1e-9)
    assert moved["sd"] == pytest.approx(plain["sd"] * scale, rel=1e-9)


def test_symmetric_numbers_give_their_centre():
    found = means_from_quantiles(50, minimum=0, q1=4, median=5, q3=6, maximum=10).iloc[0]
    assert found["mean"] == pytest.approx(5)
    assert found["skewness"] == 0


def test_without_a_median_there_is_a_standard_deviation_alone():
    found = means_from_quantiles(40, q1=2, q3=5)
    assert np.isnan(found["mean"][0])
    assert found["sd"][0] > 0
    assert found.attrs["missing"] == {0: "mean: no median"}


def test_studies_that_cannot_be_estimated_say_why():
    found = means_from_quantiles([4, 50, None], q1=[1, None, 1], median=[2, 2, 2], q3=[3, 3, 3])
    assert found["sd"].isna().all()
    assert "need 5" in found.attrs["missing"][0]
    assert "neither both extremes nor both quartiles" in found.attrs["missing"][1]
    assert found.attrs["missing"][2] == "n missing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"q1": [3], "median": [2], "q3": [4]}, "median must not be below q1; found 2.0 in row 0"),
        ({"minimum": [5], "median": [6], "maximum": [4]}, "maximum must not be below minimum"),
        ({"q1": [-1], "median": [2], "q3": [4], "distribution": "log-normal"}, "q1 must be above 0"),
        ({"q1": [1], "median": [2], "q3": [4], "distribution": "gamma"}, "distribution must be normal or log-normal"),
        ({"q1": ["n.r."], "median": [2], "q3": [4]}, "q1 must hold numbers; found 'n.r.' in row 0"),
    ],
)
def test_numbers_that_cannot_be_are_told_with_their_rows(arguments, message):
    with pytest.raises(ModelInputError, match=message):
        means_from_quantiles([30], **arguments)
