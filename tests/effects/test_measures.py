"""The registry of measures: scales, null values, and the way there and back."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from toolkit.effects import MEASURES, Scale, find_measure
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
FILES = ("metafor_univariate.json", "effect_sizes.json")
CASES = [case for file in FILES for case in json.loads((REFERENCE / file).read_text())["back_transform"]]
SLOPES = json.loads((REFERENCE / "conversions.json").read_text())["slopes"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["measure"])
def test_back_transformations_equal_those_of_metafor(case):
    found = MEASURES[case["measure"]].back_transform(case["y"], size=case["size"])
    np.testing.assert_allclose(found, case["natural"], rtol=TOLERANCE["transformation"], atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["measure"])
def test_transformations_lead_back_to_the_values_of_escalc(case):
    # The size of a Freeman-Tukey value is the study's own there, and the mean of all in the back-transformation.
    if case["size"] is None:
        found = MEASURES[case["measure"]].transform(case["natural"])
        np.testing.assert_allclose(found, case["y"], rtol=TOLERANCE["transformation"], atol=1e-12)


@pytest.mark.parametrize("case", SLOPES, ids=lambda case: case["measure"])
def test_slopes_equal_the_derivatives_that_r_finds(case):
    assert MEASURES[case["measure"]].slope(case["value"]) == pytest.approx(case["slope"], rel=1e-9)


def test_the_reference_covers_every_scale():
    covered = {MEASURES[case["measure"]].scale for case in CASES}
    assert covered | {Scale.IDENTITY} == set(Scale)


@pytest.mark.parametrize("code", MEASURES)
def test_transforming_and_back_gives_the_natural_value(code):
    natural = np.array([0.02, 0.3, 0.5, 0.97])
    measure = MEASURES[code]
    there = measure.transform(natural, size=40.0)
    np.testing.assert_allclose(measure.back_transform(there, size=40.0), natural, rtol=1e-9)


@pytest.mark.parametrize("code", MEASURES)
def test_the_null_value_is_zero_on_the_analysis_scale(code):
    measure = MEASURES[code]
    if measure.null is not None:
        assert measure.transform(measure.null) == 0


@pytest.mark.parametrize("code", [code for code, m in MEASURES.items() if "DOUBLE" not in m.scale.name])
def test_the_slope_is_the_derivative_of_the_transformation(code):
    measure, at, step = MEASURES[code], np.array([0.2, 0.6]), 1e-6
    numeric = (measure.transform(at + step) - measure.transform(at - step)) / (2 * step)
    np.testing.assert_allclose(measure.slope(at), numeric, rtol=1e-6)


def test_values_beyond_a_bounded_scale_come_back_as_its_end():
    assert MEASURES["PAS"].back_transform([-0.1, 2.0]).tolist() == [0, 1]
    assert MEASURES["PFT"].back_transform([0.0, 2.0], size=10).tolist() == pytest.approx([0, 1])
    assert MEASURES["IRS"].back_transform(-1.0) == 0


def test_large_logits_do_not_overflow():
    assert MEASURES["PLO"].back_transform([-800.0, 800.0]).tolist() == [0, 1]


@pytest.mark.parametrize(("code", "value"), [("OR", 0.0), ("ZCOR", 1.0), ("PLO", 1.0), ("PAS", 1.1), ("IRS", -1.0)])
def test_a_value_outside_the_domain_is_named_with_its_row(code, value):
    with pytest.raises(ModelInputError, match=r"in row 1\."):
        MEASURES[code].transform([0.5, value])


def test_freeman_tukey_measures_ask_for_the_size():
    with pytest.raises(ModelInputError, match="PFT needs size="):
        MEASURES["PFT"].back_transform(0.5)


def test_an_unknown_code_is_answered_with_the_nearest():
    with pytest.raises(ModelInputError, match="Did you mean 'SMD"):
        find_measure("SMDX")
