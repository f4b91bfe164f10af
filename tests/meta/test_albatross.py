"""Albatross contours: against R's metap."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "without_pooling.json").read_text())["albatross"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["closed-form"]
P, N = [0.03, 0.4, 0.001, 0.2], [60, 45, 120, 15]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case['measure']} {case['effect']}")
def test_a_contour_equals_that_of_metap_and_studies_on_it_have_its_effect(case):
    n = meta.contour_sizes(case["measure"], case["effect"], case["p"])
    np.testing.assert_allclose(n, case["n"], rtol=TOLERANCE)
    large = n > 1
    plot = meta.albatross(np.array(case["p"])[large], n[large], np.ones(large.sum()), measure=case["measure"])
    np.testing.assert_allclose(plot.points["effect"], case["effect"], rtol=1e-9)


def test_the_reference_covers_every_measure():
    assert {case["measure"] for case in VALUES} == set(meta.ContourMeasure)


def test_points_lie_on_the_side_that_their_effects_point_to():
    plot = meta.albatross(P, N, [1, -1, 1, -1])
    assert np.sign(plot.points["x"]).tolist() == [1, -1, 1, -1]
    assert np.sign(plot.points["effect"]).tolist() == [1, -1, 1, -1]
    np.testing.assert_allclose(plot.points["y"], np.log10(N) ** 2)


def test_contours_come_in_mirrored_pairs_and_end_near_the_largest_study():
    plot = meta.albatross(P, N, [1, 1, 1, 1], measure="OR", effects=[2])
    assert sorted(set(plot.contours["effect"])) == [0.5, 2]
    assert plot.contours["n"].max() <= 1.5 * max(N)
    assert (plot.contours.groupby("effect").size() > 20).all()


def test_a_sample_too_small_for_a_contour_has_no_effect():
    assert meta.albatross([1e-9], [4], [1]).points["effect"].isna().all()
    assert meta.albatross([0.5], [3], [1], measure="COR").points["effect"].isna().all()


def test_the_result_shows_itself():
    assert "4 studies, contours of SMD" in meta.albatross(P, N, [1, 1, -1, 1]).summary()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, 0], [9, 9], [1, 1]), "p must lie above 0"),
        (([0.1, 0.2], [9, 1], [1, 1]), r"n must be above 1; found 1\.0 in row 1"),
        (([0.1, 0.2], [9, 9], [1, 2]), r"directions must be \+1 or -1"),
        (([0.1, 0.2], [9], [1, 1]), "n has 1"),
    ],
)
def test_numbers_that_cannot_be_are_told_with_their_rows(arguments, message):
    with pytest.raises(ModelInputError, match=message):
        meta.albatross(*arguments)


@pytest.mark.parametrize(("measure", "effects"), [("COR", [1.2]), ("OR", [0.8]), ("SMD", [])])
def test_contours_that_cannot_be_are_refused(measure, effects):
    with pytest.raises(ModelInputError, match=f"effects of {measure} must lie between"):
        meta.albatross(P, N, [1, 1, 1, 1], measure=measure, effects=effects)
