"""Tests of funnel plot asymmetry, trim and fill and fail-safe numbers against R's metafor; bad input."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

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
    wanted, tolerance = DATA[name]["trimfill"][key], TOLERANCE["closed-form"]
    assert (found.side, found.k0) == (wanted["side"], wanted["k0"])
    assert_close(found.k0_se, wanted["k0_se"], tolerance)
    assert_close(found.k0_p, wanted["k0_p"], tolerance)
    for field in ("estimate", "se", "tau2"):
        assert_close(getattr(found.filled, field), wanted[field], tolerance)
    np.testing.assert_allclose(found.filled_y, wanted["filled_y"], atol=1e-9)
    np.testing.assert_allclose(found.filled_v, wanted["filled_v"], rtol=1e-9)


@pytest.mark.parametrize(("name", "kind"), NUMBERS)
def test_a_failsafe_number_equals_that_of_metafor(name, kind):
    found, wanted = meta.failsafe_n(pooled(name), method=kind), DATA[name]["fsn"][kind]
    assert found.number == wanted["number"]
    assert_close(found.p_value, wanted["p_value"], TOLERANCE["closed-form"])


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
