"""The test of excess significance against metafor's tes; exact probabilities by counting; bad input; invariances."""

import json
import tomllib
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
DATA = json.loads((REFERENCE / "small_studies.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["excess-significance"]
CASES = [(name, key) for name, data in DATA.items() for key in data["excess"]]


def pooled(name, tau2="DL"):
    return meta.random_effects(DATA[name]["y"], DATA[name]["v"], tau2=tau2, test="z")


@pytest.mark.parametrize(("name", "key"), CASES)
def test_counts_power_p_values_and_limits_equal_those_of_metafor(name, key):
    estimator, alternative, excess, test = key.replace("two.sided", "two-sided").replace("binom", "binomial").split()
    wanted = DATA[name]["excess"][key]
    found = meta.excess_significance(pooled(name, estimator), alternative=alternative, excess=excess, test=test)
    assert found.observed == wanted["observed"] == found.significant.sum()
    np.testing.assert_allclose(found.power, wanted["power"], rtol=TOLERANCE, atol=TOLERANCE)
    assert found.expected == pytest.approx(wanted["expected"], rel=TOLERANCE, abs=TOLERANCE)
    assert found.p_value == pytest.approx(wanted["p_value"], rel=TOLERANCE, abs=TOLERANCE)
    assert found.statistic == (None if test != "chi2" else pytest.approx(wanted["x2"], rel=1e-3, abs=TOLERANCE))
    assert len(found.limits) == len(wanted["limit"])
    for limit, printed in zip(found.limits, wanted["limit"], strict=True):
        assert limit == (None if printed is None else pytest.approx(printed, abs=2e-4))  # uniroot stops at 1.2e-4


def test_the_p_value_at_the_limit_is_the_one_asked_for():
    plain = meta.excess_significance(pooled("dorn2007", "EE"))
    there = meta.random_effects(np.full(19, plain.limits[0]), DATA["dorn2007"]["v"], tau2="EE", test="z")
    chances = np.poly1d([1.0])
    for power in meta.excess_significance(there).power:
        chances = chances * np.poly1d([power, 1 - power])
    assert chances.coeffs[::-1][plain.observed :].sum() == pytest.approx(0.1, rel=1e-8)


def test_exact_probabilities_are_those_of_all_outcomes_counted():
    result = meta.random_effects([0.9, 0.1, 0.7, 0.4], [0.1, 0.02, 0.2, 0.05], tau2="DL", test="z")
    found = meta.excess_significance(result)
    total = 0.0
    for outcome in product([0, 1], repeat=4):
        if sum(outcome) >= found.observed:
            total += np.prod(np.where(outcome, found.power, 1.0 - found.power))
    assert found.p_value == pytest.approx(total, rel=1e-12)


def test_a_regression_has_the_power_at_its_fitted_values_and_no_limit():
    data = DATA["bcg"]
    found = meta.excess_significance(meta.regression(data["y"], data["v"], np.arange(13.0)))
    assert found.limits == ()
    assert found.observed == 8
    assert found.expected == pytest.approx(found.power.sum())


def test_a_wrong_alpha_or_word_is_refused():
    with pytest.raises(ModelInputError, match="alpha"):
        meta.excess_significance(pooled("bcg"), alpha=5)
    with pytest.raises(ModelInputError, match="test must be"):
        meta.excess_significance(pooled("bcg"), test="fisher")


@pytest.mark.parametrize("v", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("test", list(meta.ExcessTest))
def test_one_study_of_any_precision_has_a_p_value(v, test):
    found = meta.excess_significance(meta.random_effects([0.5], [v], tau2="EE"), alternative="less", test=test)
    assert 0 <= found.p_value <= 1
    assert found.observed == 0


@given(st.permutations(range(13)), st.floats(1e-6, 1e6), st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_order_unit_and_shift_carry_through(order, unit, shift):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    whole = meta.excess_significance(meta.random_effects(y, v, tau2="EE"))
    moved = meta.random_effects(unit * (y[order] + shift), unit**2 * v[order], tau2="EE")
    found = meta.excess_significance(moved, null=unit * shift)
    assert found.p_value == pytest.approx(whole.p_value, rel=1e-7)
    assert found.limits[0] / unit - shift == pytest.approx(whole.limits[0], rel=1e-6)
