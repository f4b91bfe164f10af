"""Henmi and Copas' interval against metafor's hc; extremes and invariances."""

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
DATA = json.loads((REFERENCE / "small_studies.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())


@pytest.mark.parametrize("name", DATA)
def test_the_interval_equals_that_of_metafor(name):
    found = meta.henmi_copas(meta.random_effects(DATA[name]["y"], DATA[name]["v"]))
    for field, wanted in DATA[name]["henmi_copas"].items():
        assert getattr(found, field) == pytest.approx(wanted, rel=TOLERANCE["henmi-copas"])
    assert found.to_frame()["estimate"][0] == found.estimate
    assert "DL" in found.summary()


def test_the_interval_does_not_hang_on_the_estimator_but_on_the_level():
    data = DATA["bcg"]
    found = meta.henmi_copas(meta.random_effects(data["y"], data["v"]))
    other = meta.henmi_copas(meta.random_effects(data["y"], data["v"], tau2="EE", test="z"))
    assert found == other
    wide = meta.henmi_copas(meta.random_effects(data["y"], data["v"], level=0.9999))
    assert wide.ci_low < found.ci_low
    narrow = meta.henmi_copas(meta.random_effects(data["y"], data["v"], level=0.05))
    assert found.ci_low < narrow.ci_low < found.estimate


def test_moderators_and_single_studies_are_refused():
    data = DATA["bcg"]
    with pytest.raises(ModelInputError, match="moderators"):
        meta.henmi_copas(meta.regression(data["y"], data["v"], np.arange(13.0)))
    with pytest.raises(ModelInputError, match="2 studies"):
        meta.henmi_copas(meta.random_effects([0.1], [0.1]))


@pytest.mark.parametrize(
    ("y", "v"),
    [
        ([0.1, 0.9], [0.1, 0.2]),
        ([0.1, 0.9, 0.5], [0.1, 0.1, 0.1]),
        ([0.1, 0.9, 0.5], [1e-12, 1e12, 1.0]),
        ([0.1, 5.9, 0.5, -3.0], [1e-6, 0.2, 0.2, 0.2]),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3]),
        ([0.5, 0.9, 0.1, 1.8], [1e-14, 1e-2, 1e-2, 1e12]),
    ],
)
def test_few_alike_and_dominating_studies_have_an_interval(y, v):
    found = meta.henmi_copas(meta.random_effects(y, v, tau2="DL"))
    assert found.ci_low < found.estimate < found.ci_high < np.inf


@given(st.permutations(range(13)), st.floats(1e-6, 1e6), st.floats(-10, 10))
@settings(max_examples=25, deadline=None)
def test_order_unit_and_shift_carry_through(order, unit, shift):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    whole = meta.henmi_copas(meta.random_effects(y, v, tau2="DL"))
    found = meta.henmi_copas(meta.random_effects(unit * (y[order] + shift), unit**2 * v[order], tau2="DL"))
    assert found.ci_low / unit - shift == pytest.approx(whole.ci_low, rel=1e-7, abs=1e-7)
    assert found.ci_high / unit - shift == pytest.approx(whole.ci_high, rel=1e-7, abs=1e-7)
