"""PET-PEESE against R's lm(): both regressions, which is chosen, bad input and invariances."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

DATA = json.loads((Path(__file__).parents[2] / "reference" / "small_studies.json").read_text())["data"]
FIELDS = ("estimate", "se", "statistic", "p_value", "ci_low", "ci_high")


def pooled(name):
    return meta.random_effects(DATA[name]["y"], DATA[name]["v"])


@pytest.mark.parametrize("name", DATA)
def test_both_regressions_and_the_chosen_estimate_equal_those_of_r(name):
    found, wanted = meta.pet_peese(pooled(name)), DATA[name]
    for kind in ("pet", "peese"):
        row = found.to_frame().loc[kind.upper()]
        assert [row[field] for field in FIELDS] == pytest.approx([wanted[kind][field] for field in FIELDS], rel=1e-9)
    chosen = "peese" if wanted["pet"]["p_value"] < 0.1 else "pet"
    assert found.chosen == chosen.upper()
    for field in FIELDS:
        assert getattr(found, field) == pytest.approx(wanted[chosen][field], rel=1e-9)
    assert found.df == len(wanted["y"]) - 2


def test_the_choice_goes_by_the_p_value_of_pet():
    result = pooled("bcg")
    p = meta.pet_peese(result).pet_p
    assert meta.pet_peese(result, alpha=p + 0.01).chosen == "PEESE"
    assert meta.pet_peese(result, alpha=p - 0.01).chosen == "PET"
    assert "PET's p is not < 0.1" in meta.pet_peese(result).summary()


def test_moderators_equal_variances_and_a_wrong_alpha_are_refused():
    data = DATA["bcg"]
    with pytest.raises(ModelInputError, match="moderators"):
        meta.pet_peese(meta.regression(data["y"], data["v"], np.arange(len(data["y"]))))
    with pytest.raises(ModelInputError, match="too similar"):
        meta.pet_peese(meta.random_effects([0.1, 0.2, 0.5], [0.1, 0.1, 0.1]))
    with pytest.raises(ModelInputError, match="alpha"):
        meta.pet_peese(pooled("bcg"), alpha=10)
    with pytest.raises(ModelInputError, match="more than 2 studies"):
        meta.pet_peese(meta.random_effects([0.1, 0.2], [0.1, 0.2]))


@given(st.permutations(range(13)), st.floats(1e-6, 1e6))
@settings(max_examples=25, deadline=None)
def test_order_and_unit_do_not_change_the_correction(order, unit):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    whole = meta.pet_peese(meta.random_effects(y, v, tau2="DL"))
    found = meta.pet_peese(meta.random_effects(unit * y[order], unit**2 * v[order], tau2="DL"))
    assert found.estimate / unit == pytest.approx(whole.estimate, rel=1e-8)
    assert found.p_value == pytest.approx(whole.p_value, rel=1e-8)
