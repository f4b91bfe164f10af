"""Shares of true effects beyond a threshold."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "without_pooling.json").read_text())["shares"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["iterated"]
Y, V = VALUES[0]["y"], VALUES[0]["v"]


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case['data']} {case['test']} {case['threshold']}")
def test_a_share_and_its_interval_equal_those_of_mathur_and_vanderweele(case):
    found = meta.share_beyond(meta.random_effects(case["y"], case["v"], test=case["test"]), case["threshold"])
    for name in ("share", "se", "ci_low", "ci_high", "probability"):
        assert getattr(found, name) == pytest.approx(case[name], rel=TOLERANCE, abs=1e-9)


def test_above_and_below_add_up_to_all():
    result = meta.random_effects(Y, V)
    above, below = (meta.share_beyond(result, -0.2, side=side) for side in ("above", "below"))
    assert above.share + below.share == pytest.approx(1)
    assert above.probability + below.probability == pytest.approx(1)
    assert above.se == pytest.approx(below.se)
    assert (above.ci_low, above.ci_high) == pytest.approx((1 - below.ci_high, 1 - below.ci_low))


def test_the_limits_of_the_prediction_interval_leave_their_tails_outside():
    result = meta.random_effects(Y, V)
    interval = result.prediction_interval(level=0.9)
    assert meta.share_beyond(result, interval.high).probability == pytest.approx(0.05)
    assert meta.share_beyond(result, interval.low, side="below").probability == pytest.approx(0.05)


def test_a_share_near_0_or_1_comes_with_a_warning():
    result = meta.random_effects(Y, V)
    assert "poor" in meta.share_beyond(result, 1.0).note
    assert meta.share_beyond(result, result.estimate).note == ""
    assert "ten studies" in meta.share_beyond(meta.random_effects(Y[:6], V[:6]), -1.0).note


def test_without_heterogeneity_all_effects_lie_on_one_side_and_the_interval_has_a_reason():
    result = meta.random_effects([0.1, 0.12, 0.11], [0.04, 0.05, 0.03])
    found = meta.share_beyond(result, 0.05)
    assert (found.share, found.se) == (1.0, None)
    assert "estimated as 0" in found.reason
    assert 0.5 < found.probability < 1


@pytest.mark.parametrize(
    "result",
    [
        meta.random_effects([0.1, 0.5], [0.04, 0.05], tau2="EE", test="z"),
        meta.random_effects([0.1], [0.04]),
    ],
)
def test_without_a_distribution_of_true_effects_there_is_a_reason(result):
    found = meta.share_beyond(result, 0.0)
    assert found.share is None
    assert found.probability is None
    assert "no distribution" in found.summary()


def test_a_tau2_without_standard_error_gives_a_share_without_an_interval():
    found = meta.share_beyond(meta.random_effects(Y, V, tau2=0.3), 0.0)
    assert np.isfinite(found.share)
    assert found.ci_low is None
    assert "standard error of tau²" in found.reason


def test_bad_thresholds_and_sides_are_refused():
    result = meta.random_effects(Y, V)
    with pytest.raises(ModelInputError, match="threshold must be a number"):
        meta.share_beyond(result, float("nan"))
    with pytest.raises(ModelInputError, match="side must be one of above, below"):
        meta.share_beyond(result, 0.0, side="beyond")
