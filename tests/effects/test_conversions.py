"""From one measure to another."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.effects import (
    correlation_to_smd,
    effect_sizes,
    from_interval,
    odds_ratio_to_risk_ratio,
    odds_ratio_to_smd,
    risk_ratio_to_odds_ratio,
    smd_to_correlation,
    smd_to_odds_ratio,
)
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
TABLES = json.loads((REFERENCE / "conversions.json").read_text())["margins"]
EFFECTS = json.loads((REFERENCE / "effect_sizes.json").read_text())["effects"]


def table(raw):
    a, b, c, d = (np.array(raw[name], float) for name in ("ai", "bi", "ci", "di"))
    return {"events_1": a, "total_1": a + b, "events_2": c, "total_2": c + d}


@pytest.mark.parametrize(("code", "trait"), [("OR2DL", "logistic"), ("OR2DN", "normal")])
def test_odds_ratios_become_the_differences_that_escalc_makes_of_their_tables(code, trait):
    case = next(case for case in EFFECTS if case["measure"] == code and case["data"] == "bcg")
    odds = effect_sizes("OR", **table(case["raw"]))
    found = odds_ratio_to_smd(odds["y"], odds["v"], trait=trait)
    np.testing.assert_allclose(found.y, case["y"], rtol=1e-9)
    np.testing.assert_allclose(found.v, case["v"], rtol=1e-9)
    back = smd_to_odds_ratio(found.y, found.v, trait=trait)
    np.testing.assert_allclose((back.y, back.v), (odds["y"], odds["v"]), rtol=1e-9)


def test_the_worked_examples_of_borenstein_2009_chapter_7():
    found = odds_ratio_to_smd(0.9069, 0.0676)
    assert (found.y.item(), found.v.item()) == pytest.approx((0.5000, 0.0205), abs=5e-5)
    found = correlation_to_smd(0.50, 0.0058)
    assert (found.y.item(), found.v.item()) == pytest.approx((1.1547, 0.0550), abs=5e-5)
    found = smd_to_correlation(1.1547, 0.0550)
    assert (found.y.item(), found.v.item()) == pytest.approx((0.50, 0.0058), abs=5e-5)


@pytest.mark.parametrize("case", TABLES, ids=lambda case: "-".join(map(str, case["cells"])))
def test_odds_and_risk_ratios_of_a_table_become_each_other_at_its_baseline_risk(case):
    risk = case["baseline_risk"]
    assert odds_ratio_to_risk_ratio(case["log_or"], 0.1, baseline_risk=risk).y == pytest.approx(
        [case["log_rr"]], abs=1e-12
    )
    assert risk_ratio_to_odds_ratio(case["log_rr"], 0.1, baseline_risk=risk).y == pytest.approx(
        [case["log_or"]], abs=1e-12
    )


@given(st.floats(-2, 2), st.floats(0.01, 2), st.floats(0.01, 0.9))
def test_variances_go_by_the_slope_and_there_and_back_is_where_one_was(y, v, risk):
    step = 1e-5
    there = odds_ratio_to_risk_ratio(y, v, baseline_risk=risk)
    ends = [odds_ratio_to_risk_ratio(y + side, v, baseline_risk=risk).y.item() for side in (-step, step)]
    assert there.v.item() == pytest.approx(((ends[1] - ends[0]) / (2 * step)) ** 2 * v, rel=1e-4)
    back = risk_ratio_to_odds_ratio(there.y, there.v, baseline_risk=risk)
    assert (back.y.item(), back.v.item()) == pytest.approx((y, v), rel=1e-6, abs=1e-9)


@given(st.floats(-3, 3), st.floats(0.01, 2))
def test_differences_and_correlations_of_equal_groups_are_inverse(d, v):
    there = smd_to_correlation(d, v)
    back = correlation_to_smd(there.y, there.v)
    assert (back.y.item(), back.v.item()) == pytest.approx((d, v), rel=1e-9, abs=1e-12)


def test_a_rare_event_leaves_the_ratio_nearly_as_it_was():
    found = odds_ratio_to_risk_ratio(np.log(2), 0.1, baseline_risk=1e-6)
    assert found.natural == pytest.approx([2], rel=1e-5)


def test_groups_of_unequal_size_give_a_smaller_correlation():
    assert smd_to_correlation(0.5, 0.1, n_1=90, n_2=10).y < smd_to_correlation(0.5, 0.1).y
    assert smd_to_correlation(0.5, 0.1, n_1=50, n_2=50).y == smd_to_correlation(0.5, 0.1).y


def test_a_percent_change_is_pooled_as_the_log_of_its_ratio():
    y, v = from_interval("PERCENT", [-20], [-36], [0])
    np.testing.assert_allclose((y, v), from_interval("RATIO", [0.8], [0.64], [1.0]))


def test_a_conversion_shows_what_it_assumed():
    found = odds_ratio_to_risk_ratio([0.5, 0.6], [0.1, 0.2], baseline_risk=[0.1, 0.3])
    assert "0.1 to 0.3" in str(found)
    assert "known without error" in found._repr_html_()
    assert found.to_frame().attrs["assumed"] == found.assumed
    assert found.to_frame().attrs["measure"] == "RR"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: odds_ratio_to_smd([0.1], [0]), r"v must be above 0; found 0\.0 in row 0"),
        (lambda: odds_ratio_to_smd(0.1, 0.1, trait="probit"), "trait must be logistic or normal"),
        (lambda: correlation_to_smd([0.2, 1.0], [0.1, 0.1]), "Give r itself, not Fisher's z"),
        (lambda: odds_ratio_to_risk_ratio(0.1, 0.1, baseline_risk=30), r"30% is 0\.3"),
        (lambda: risk_ratio_to_odds_ratio(1.0, 0.1, baseline_risk=0.5), "keep the risk in group 1 below 1"),
        (lambda: smd_to_correlation(0.1, 0.1, n_1=20), "Give both n_1 and n_2"),
        (lambda: odds_ratio_to_smd([0.1, None], [0.1, 0.1]), "Missing or infinite: y in row 1"),
    ],
)
def test_what_cannot_be_converted_is_told_with_its_rows(call, message):
    with pytest.raises(ModelInputError, match=message):
        call()
