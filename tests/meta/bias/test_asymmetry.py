"""Tests of funnel plot asymmetry, trim and fill and fail-safe numbers against R's metafor; bad input."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
DATA = json.loads((REFERENCE / "asymmetry.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
EGGERS = [(name, key) for name, data in DATA.items() for key in data["egger"]]
TRIMMED = [(name, key) for name, data in DATA.items() for key in data["trimfill"]]
NUMBERS = [(name, key) for name, data in DATA.items() for key in data["fsn"]]


def pooled(name, tau2="EE"):
    return meta.random_effects(DATA[name]["y"], DATA[name]["v"], tau2=tau2, test="z")


def assert_close(found, wanted, tolerance):
    """Equal to R's number; both absent where R has none (null or an empty object)."""
    if isinstance(wanted, int | float):
        assert found == pytest.approx(wanted, rel=tolerance, abs=tolerance)
    else:
        assert found is None


@pytest.mark.parametrize(("name", "key"), EGGERS)
def test_a_regression_test_equals_that_of_metafor(name, key):
    model, predictor = key.split(" ", 1)
    found = meta.egger(pooled(name, "REML"), predictor=predictor, model=model, n=DATA[name]["n"])
    tolerance = TOLERANCE["closed-form" if model == "lm" else "iterated"]
    for field, wanted in DATA[name]["egger"][key].items():
        assert_close(getattr(found, field), wanted, tolerance)


@pytest.mark.parametrize("name", DATA)
def test_the_rank_test_equals_that_of_metafor(name):
    found, wanted = meta.rank_test(pooled(name)), DATA[name]["rank"]
    assert (found.tau, found.p_value) == pytest.approx((wanted["tau"], wanted["p_value"]), rel=1e-9)


@pytest.mark.parametrize(("name", "key"), TRIMMED)
def test_trim_and_fill_equals_that_of_metafor(name, key):
    tau2, estimator, side = key.split()
    found = meta.trim_and_fill(pooled(name, tau2), estimator=estimator, side=None if side == "auto" else side)
    wanted, tolerance = DATA[name]["trimfill"][key], TOLERANCE["iterated" if tau2 == "REML" else "closed-form"]
    assert (found.side, found.k0) == (wanted["side"], wanted["k0"])
    assert_close(found.k0_se, wanted["k0_se"], tolerance)
    assert_close(found.k0_p, wanted["k0_p"], tolerance)
    for field in ("estimate", "se", "tau2"):
        assert_close(getattr(found.filled, field), wanted[field], tolerance)
    np.testing.assert_allclose(found.filled_y, wanted["filled_y"], atol=tolerance)
    np.testing.assert_allclose(found.filled_v, wanted["filled_v"], rtol=1e-9)


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_a_failsafe_number_equals_that_of_metafor(name, kind):
    found, wanted = meta.failsafe_n(pooled(name), method=kind), DATA[name]["fsn"][kind]
    assert found.number == wanted["number"]
    assert_close(found.p_value, wanted["p_value"], TOLERANCE["closed-form"])


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_a_failsafe_number_at_another_alpha_equals_that_of_metafor(name, kind):
    found, wanted = meta.failsafe_n(pooled(name), method=kind, alpha=0.001), DATA[name]["strict"][kind]
    assert found.number == wanted["number"]


@pytest.mark.parametrize("name", DATA)
def test_orwins_number_of_a_weighted_mean_equals_that_of_metafor(name):
    wanted = DATA[name]["orwin_weighted"]
    found = meta.failsafe_n(pooled(name), method="Orwin", weighted=True, target=wanted["target"])
    assert (found.number, found.mean) == (wanted["number"], pytest.approx(wanted["mean"], rel=1e-9))


def test_equal_variances_cannot_be_tested_for_asymmetry():
    same = meta.random_effects([0.1, 0.2, 0.5], [0.1, 0.1, 0.1])
    with pytest.raises(ModelInputError, match="too similar"):
        meta.egger(same)
    with pytest.raises(ModelInputError, match="no order"):
        meta.rank_test(same)


def test_sizes_are_asked_for_where_the_predictor_needs_them():
    with pytest.raises(ModelInputError, match="needs n="):
        meta.egger(pooled("hackshaw1998"), predictor="1/n")


def test_moderators_stay_in_the_regression_and_leave_no_limit_estimate():
    data = DATA["hackshaw1998"]
    found = meta.egger(meta.regression(data["y"], data["v"], np.arange(len(data["y"]))))
    assert found.terms == ("intercept", "x1", "se")
    assert found.estimate is None


@given(st.permutations(range(23)), st.floats(1e-5, 1e5), st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_order_unit_and_shift_do_not_change_the_tests(order, unit, shift):
    y, v = np.array(DATA["baskerville2012"]["y"]), np.array(DATA["baskerville2012"]["v"])
    whole = meta.random_effects(y, v, tau2="DL", test="z")
    moved = meta.random_effects(unit * (y[order] + shift), unit**2 * v[order], tau2="DL", test="z")
    for model in ("lm", "rma"):
        found, wanted = meta.egger(moved, model=model), meta.egger(whole, model=model)
        assert found.statistic == pytest.approx(wanted.statistic, rel=1e-6)
        assert found.estimate / unit - shift == pytest.approx(wanted.estimate, rel=1e-6, abs=1e-6)
    assert meta.rank_test(moved).tau == pytest.approx(meta.rank_test(whole).tau)
    found, wanted = meta.trim_and_fill(moved), meta.trim_and_fill(whole)
    assert (found.k0, found.side) == (wanted.k0, wanted.side)
    assert found.filled.estimate / unit - shift == pytest.approx(wanted.filled.estimate, rel=1e-6, abs=1e-6)


@given(st.permutations(range(37)), st.floats(1e-5, 1e5), st.booleans())
@settings(max_examples=20, deadline=None)
def test_order_unit_and_sign_do_not_change_failsafe_numbers(order, unit, turned):
    y, v = np.array(DATA["hackshaw1998"]["y"]), np.array(DATA["hackshaw1998"]["v"])
    other = meta.random_effects((-unit if turned else unit) * y[order], unit**2 * v[order], tau2="EE")
    for method in meta.FailSafe:
        found = meta.failsafe_n(other, method=method)
        assert found.number == meta.failsafe_n(pooled("hackshaw1998"), method=method).number


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_extreme_variances_and_one_dominating_study_are_tested(scale):
    v = scale * np.array([1e-6, 1.0, 1.1, 1.2, 1.3])
    result = meta.random_effects(np.sqrt(scale) * np.array([0.1, 0.4, -0.2, 0.9, 1.5]), v, tau2="DL")
    assert 0 < meta.egger(result).p_value < 1
    assert 0 < meta.rank_test(result).p_value <= 1
    assert meta.trim_and_fill(result).k0 >= 0
    assert meta.pet_peese(result).estimate == pytest.approx(np.sqrt(scale) * 0.1, rel=1e-2)
