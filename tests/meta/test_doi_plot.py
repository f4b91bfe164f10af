"""The Doi plot and the LFK index."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "without_pooling.json").read_text())["doi"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["closed-form"]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: case["data"])
def test_scores_and_index_equal_those_of_the_definition(case):
    plot = meta.doi_plot(meta.random_effects(case["y"], case["v"]))
    np.testing.assert_allclose(plot.z, case["z"], rtol=TOLERANCE)
    assert plot.lfk == pytest.approx(case["lfk"], rel=TOLERANCE)


def test_the_papers_example_has_major_asymmetry():
    case = VALUES[0]
    assert meta.doi_plot(meta.random_effects(case["y"], case["v"])).asymmetry == "major"


def test_the_order_of_studies_does_not_matter_and_labels_go_with_them():
    case = VALUES[1]
    there = meta.random_effects(case["y"], case["v"], labels=list("abcdefghijklm"))
    back = meta.random_effects(case["y"][::-1], case["v"][::-1], labels=list("mlkjihgfedcba"))
    assert meta.doi_plot(there).lfk == pytest.approx(meta.doi_plot(back).lfk)
    assert meta.doi_plot(there).to_frame().index.tolist() == meta.doi_plot(back).to_frame().index.tolist()


def test_effects_in_other_units_have_the_same_index():
    case = VALUES[1]
    y, v = np.array(case["y"]), np.array(case["v"])
    there = meta.doi_plot(meta.random_effects(y, v)).lfk
    assert meta.doi_plot(meta.random_effects(100 * y + 3, 1e4 * v)).lfk == pytest.approx(there)


@pytest.mark.parametrize(("y", "reason"), [([0.3], "one study"), ([0.3, 0.3], "All effects are equal")])
def test_what_has_no_asymmetry_has_a_reason(y, reason):
    plot = meta.doi_plot(meta.random_effects(y, [0.1] * len(y)))
    assert plot.lfk is None
    assert reason in plot.summary()
    assert plot.asymmetry == "unknown"
