"""Limit meta-analysis against metasens; bad input; invariances."""

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
DATA = json.loads((REFERENCE / "limit_meta_analysis.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["iterated"]


def pooled(name, tau2="REML"):
    return meta.random_effects(DATA[name]["y"], DATA[name]["v"], tau2=tau2, test="z")


@pytest.mark.parametrize("name", DATA)
def test_a_limit_meta_analysis_equals_that_of_metasens(name):
    wanted = DATA[name]
    found = meta.limit_meta_analysis(pooled(name))
    size = wanted["methods"]["beta0"]["se"]
    for field in ("slope", "bias", "limit_effects", "g2", "q", "q_small", "q_residual"):
        np.testing.assert_allclose(getattr(found, field), wanted[field], rtol=TOLERANCE, atol=TOLERANCE * size)
    for method, numbers in wanted["methods"].items():
        found = meta.limit_meta_analysis(pooled(name), method=method)
        for field, value in numbers.items():
            assert getattr(found, field) == pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE * size)


def test_a_common_effect_model_leaves_the_line_of_eggers_regression():
    result = pooled("bcg", "EE")
    found = meta.limit_meta_analysis(result)
    assert found.estimate == pytest.approx(meta.egger(result).estimate, rel=1e-12)
    assert found.g2 == 0
    assert found.q_small + found.q_residual == pytest.approx(result.q)
    assert "Small-study effects" in found.summary()
    assert found.to_frame()["q_small_p"].iloc[0] == found.q_small_p


def test_moderators_few_studies_and_equal_variances_are_refused():
    data = DATA["bcg"]
    with pytest.raises(ModelInputError, match="moderators"):
        meta.limit_meta_analysis(meta.regression(data["y"], data["v"], np.arange(13.0)))
    with pytest.raises(ModelInputError, match="3 studies"):
        meta.limit_meta_analysis(meta.random_effects([0.1, 0.2], [0.1, 0.2]))
    with pytest.raises(ModelInputError, match="same standard error"):
        meta.limit_meta_analysis(meta.random_effects([0.1, 0.2, 0.5], [0.1, 0.1, 0.1]))


@given(st.permutations(range(13)), st.floats(1e-6, 1e6), st.floats(-5, 5))
@settings(max_examples=25, deadline=None)
def test_order_unit_and_shift_carry_through(order, unit, shift):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    whole = meta.limit_meta_analysis(meta.random_effects(y, v, tau2="DL"))
    found = meta.limit_meta_analysis(meta.random_effects(unit * (y[order] + shift), unit**2 * v[order], tau2="DL"))
    assert found.estimate / unit - shift == pytest.approx(whole.estimate, rel=1e-7, abs=1e-9)
    assert found.se / unit == pytest.approx(whole.se, rel=1e-7)
    assert found.q_small == pytest.approx(whole.q_small, rel=1e-7)
