"""The CHE workflow against metafor and clubSandwich."""

import json
from pathlib import Path

import pandas as pd
import pytest

from toolkit import meta

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "dependent_effects.json").read_text())
CASES = [pytest.param(case, id=f"{case['data']}-{case['rho']}") for case in VALUES["workflows"]]
TOLERANCE = 1e-4  # rma.mv maximises by nlminb


def fitted(case, rho):
    data = pd.DataFrame(VALUES["sets"][case["data"]])
    moderators = data[case["moderators"]] if case["moderators"] else None
    return meta.correlated_hierarchical_effects(data.y, data.v, data.study, rho=rho, moderators=moderators)


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_robust_errors_equal_those_of_metafor_and_clubsandwich(case):
    found = fitted(case, case["rho"])
    table = found.coefficients
    assert table.estimate.to_numpy() == pytest.approx(case["beta"], rel=TOLERANCE, abs=1e-6)
    assert table.se.to_numpy() == pytest.approx(case["se"], rel=TOLERANCE)
    assert table.df.to_numpy() == pytest.approx(case["df"], rel=TOLERANCE)
    assert table.p_value.to_numpy() == pytest.approx(case["p"], rel=10 * TOLERANCE)
    assert list(found.components.values()) == pytest.approx(case["sigma2"], rel=TOLERANCE, abs=1e-6)


@pytest.mark.parametrize("data", ["konstantopoulos2011", "berkey1998"])
def test_sensitivity_gives_the_workflow_of_each_rho(data):
    cases = [case for case in VALUES["workflows"] if case["data"] == data]
    table = fitted(cases[0], 0.6).sensitivity(rhos=[case["rho"] for case in cases])
    for case in cases:
        rows = table.loc[case["rho"]]
        assert rows.estimate.to_numpy() == pytest.approx(case["beta"], rel=TOLERANCE, abs=1e-6)
        assert rows.se.to_numpy() == pytest.approx(case["se"], rel=TOLERANCE)


def test_a_result_shows_the_assumed_correlation_and_the_variances():
    found = fitted(VALUES["workflows"][0], 0.6)
    assert "rho 0.6" in found.summary()
    assert "Variances" in found.summary()
    assert found.to_frame().rho.iloc[0] == 0.6
