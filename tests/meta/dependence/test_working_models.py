"""Robust variance estimation with working weights, against R's robumeta."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "dependent_effects.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["closed-form"]
CASES = [
    pytest.param(case, id=f"{case['data']}-{len(case['moderators'])}-{case['working']}-{case['small']}-{case['rho']}")
    for case in VALUES["robu"]
]


def fitted(case):
    data = pd.DataFrame(VALUES["sets"][case["data"]])
    return meta.robust_variance_estimation(
        data.y,
        data.v,
        data.study,
        working=case["working"],
        rho=case["rho"],
        small_sample=case["small"],
        moderators=data[case["moderators"]] if case["moderators"] else None,
    )


@pytest.mark.parametrize("case", CASES)
def test_coefficients_and_variances_equal_those_of_robu(case):
    found = fitted(case)
    table = found.coefficients
    size = np.max(case["se"])
    for ours, theirs in (("estimate", "beta"), ("se", "se"), ("ci_low", "ci_low"), ("ci_high", "ci_high")):
        assert table[ours].to_numpy() == pytest.approx(case[theirs], rel=TOLERANCE, abs=TOLERANCE * size)
    assert table.df.to_numpy() == pytest.approx(np.broadcast_to(case["df"], len(table)), rel=TOLERANCE)
    assert table.p_value.to_numpy() == pytest.approx(case["p"], rel=TOLERANCE, abs=TOLERANCE)
    for ours, theirs in ((found.tau2, "tau2"), (found.omega2, "omega2"), (found.i2, "i2")):
        if case.get(theirs) is None:
            assert ours is None
        else:
            assert ours == pytest.approx(case[theirs], rel=TOLERANCE, abs=TOLERANCE * np.mean(found.studies.v))


def test_sensitivity_gives_the_fits_of_each_rho():
    pairs = [case.values[0] for case in CASES if case.values[0]["working"] == "CORR" and case.values[0]["small"]]
    by_rho = {(case["data"], len(case["moderators"]), case["rho"]): case for case in pairs}
    for (data, m, rho), case in by_rho.items():
        other = by_rho[data, m, 0.8 if rho == 0 else 0]
        table = fitted(case).sensitivity(rhos=[other["rho"]])
        assert table.estimate.to_numpy() == pytest.approx(other["beta"], rel=1e-8, abs=1e-10)
        assert table.se.to_numpy() == pytest.approx(other["se"], rel=1e-8)
        assert table.tau2.iloc[0] == pytest.approx(other["tau2"], rel=1e-8)
    with pytest.raises(ModelInputError, match="no rho"):
        meta.robust_variance_estimation([0.1, 0.2, 0.4], [1, 1, 1], [1, 1, 2], working="HIER").sensitivity()


def test_one_effect_a_study_leaves_nothing_to_vary_within_studies():
    found = meta.robust_variance_estimation([0.1, 0.9, 0.4], [0.01, 0.02, 0.03], [1, 2, 3], working="HIER")
    assert found.omega2 == 0
    assert found.tau2 == pytest.approx(meta.random_effects([0.1, 0.9, 0.4], [0.01, 0.02, 0.03], tau2="DL").tau2)


def test_wrong_settings_are_refused():
    with pytest.raises(ModelInputError, match="rho must lie between 0 and 1"):
        meta.robust_variance_estimation([0.1, 0.2], [1, 1], [1, 2], rho=80)
    with pytest.raises(ModelInputError, match="one study"):
        meta.robust_variance_estimation([0.1, 0.2], [1, 1], [1, 1])
    with pytest.raises(ModelInputError, match="all the weight"):
        meta.robust_variance_estimation([0.1, 0.2, 0.3], [1e-12, 1e12, 1], [1, 2, 2])
    with pytest.raises(ModelInputError, match="working must be one of CORR, HIER"):
        meta.robust_variance_estimation([0.1, 0.2], [1, 1], [1, 2], working="CS")
    with pytest.raises(ModelInputError, match="no degrees of freedom"):
        meta.robust_variance_estimation(
            [0.1, 0.2, 0.3, 0.5], [1] * 4, [1, 1, 2, 2], small_sample=False, moderators=[0, 1, 2, 5]
        )


def test_a_result_shows_its_working_model():
    found = fitted(CASES[0].values[0])
    assert "CORR" in found.summary()
    assert found.to_frame().tau2.iloc[0] == found.tau2
