"""Multilevel models against R's metafor, lmerTest and pbkrtest, and what holds for any data."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "multilevel.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CASES = [
    pytest.param(case, id=f"{case['data']}-{case['random']}-{case['method']}-{'+'.join(case['x'])}-{case.get('rho')}")
    for case in VALUES["models"]
]
KON = pd.DataFrame(VALUES["sets"]["konstantopoulos2011"])


def fitted(case, test):
    data = pd.DataFrame(VALUES["sets"][case["data"]])
    nested = case["random"] == "nested"
    return meta.multilevel(
        data.y,
        data.v,
        data[["study", "effect"]] if nested else data[["study", "year"]],
        crossed=not nested,
        rho=case.get("rho"),
        moderators=data[case["x"]] if case["x"] else None,
        method=case["method"],
        test=test,
    )


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("test", ["z", "t"])
def test_a_fit_equals_that_of_metafor(coefficients_equal, case, test):
    coefficients_equal(fitted(case, test), case[test], test)


@pytest.mark.parametrize("case", CASES)
def test_variances_and_their_shares_equal_those_of_metafor(close, case):
    found = fitted(case, "z")
    assert close(found.sigma2, case["sigma2"], 1e-3 * np.mean(found.v), "variance-components")
    assert close(found.i2, case["i2"], 0.1, "variance-components")
    assert list(found.n_levels.values()) == case["n_levels"]


@pytest.mark.parametrize("case", CASES)
def test_heterogeneity_and_likelihood_equal_those_of_metafor(close, case):
    found = fitted(case, "z")
    assert (found.q, found.q_p) == pytest.approx((case["q"], case["q_p"]), rel=TOLERANCE["closed-form"])
    assert close((found.qm, found.qm_p), (case["qm"], case["qm_p"]), 0.1, "multilevel")
    for likelihood in ("ML", "REML"):
        criteria = found.information(likelihood)
        ordered = (criteria.loglik, criteria.deviance, criteria.aic, criteria.bic, criteria.aicc)
        assert close(ordered, case[likelihood], 1.0, "multilevel")


@pytest.mark.parametrize("case", [case for case in CASES if "prediction" in case.values[0]])
def test_a_prediction_interval_equals_that_of_metafor(close, case):
    found = fitted(case, "z")
    interval = found.prediction_interval()
    assert close((interval.low, interval.high), case["prediction"], found.se, "multilevel")


@pytest.mark.parametrize("case", CASES)
def test_predicted_random_effects_equal_those_of_metafor(close, case):
    found = fitted(case, "z")
    frames = list(found.deviations().values())
    for frame, wanted, variance in zip(frames, case["deviations"], case["sigma2"], strict=True):
        if variance < 1e-8:
            assert (frame[["estimate", "se"]] == 0).all(axis=None)
            continue
        mine = frame.loc[[_unit(name, frame.index) for name in wanted["name"]]]
        scale = np.sqrt(variance)
        assert close(mine.estimate, wanted["estimate"], scale, "variance-components")
        assert close(mine.se, wanted["se"], scale, "variance-components")


def _unit(name, index):
    """metafor writes whole numbers without a decimal, pandas keeps what it read."""
    return name if name in index else "/".join(f"{float(part):g}" for part in name.split("/"))


def test_limits_of_variances_equal_those_of_metafor():
    found = fitted(VALUES["models"][0], "z").component_intervals()
    for wanted, (_, row) in zip(VALUES["limits"], found.iterrows(), strict=True):
        for limit, own in ((wanted["low"], row.ci_low), (wanted["high"], row.ci_high)):
            if limit is not None:  # metafor does not find the upper limit of the second variance
                assert own == pytest.approx(limit, rel=TOLERANCE["profile-likelihood"])
    assert found.ci_high.notna().all()


def test_a_profile_equals_fits_of_metafor_with_a_variance_held():
    profile = VALUES["profile"]
    found = fitted(VALUES["models"][0], "z").profile("study", profile["sigma2"])
    assert found == pytest.approx(profile["loglik"], abs=TOLERANCE["multilevel"])


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger"])
def test_degrees_of_freedom_and_adjusted_errors_equal_those_of_lmertest_and_pbkrtest(test):
    wanted = VALUES["degrees_of_freedom"]
    found = meta.multilevel(
        KON.y, np.full(len(KON), 1e-10), KON[["study", "effect"]], moderators=KON[["year"]], test=test
    )
    assert found.sigma2 == pytest.approx(wanted["sigma2"], rel=TOLERANCE["mixed-model"])
    assert found.beta == pytest.approx(wanted["beta"], rel=TOLERANCE["mixed-model"])
    assert found.df == pytest.approx(wanted[f"{test.replace('-', '_')}_df"], rel=TOLERANCE["mixed-model"])
    if test == "kenward-roger":
        assert np.allclose(found.covariance, wanted["kenward_roger_covariance"], rtol=TOLERANCE["mixed-model"], atol=0)


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger"])
@pytest.mark.parametrize("wanted", VALUES["degrees_of_freedom"]["joint"], ids=["two", "three"])
def test_joint_tests_of_moderators_equal_those_of_lmertest_and_pbkrtest(wanted, test):
    moderators = KON.assign(square=(KON.year / 10.0) ** 2)[wanted["terms"]]
    found = meta.multilevel(KON.y, np.full(len(KON), 1e-10), KON[["study", "effect"]], moderators=moderators, test=test)
    theirs = wanted[test.replace("-", "_")]
    assert found.qm == pytest.approx(theirs["f"], rel=TOLERANCE["mixed-model"])
    assert found.qm_df == (len(moderators.columns), pytest.approx(theirs["df"], rel=TOLERANCE["mixed-model"]))
    assert found.qm_p == pytest.approx(theirs["p"], rel=TOLERANCE["mixed-model"])


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger"])
def test_the_joint_test_of_one_moderator_is_its_own(test):
    found = meta.multilevel(KON.y, KON.v, KON[["study", "effect"]], moderators=KON[["year"]], test=test)
    assert found.qm == pytest.approx(float(found.coefficients.statistic["year"]) ** 2)
    assert found.qm_p == pytest.approx(float(found.coefficients.p_value["year"]))


def test_kenward_rogers_test_gives_way_where_its_covariance_is_not_positive_definite():
    rng = np.random.default_rng(0)
    replaced = 0
    for _ in range(60):
        k = int(rng.integers(4, 8))
        y, v, x = rng.normal(size=k), rng.uniform(0.01, 1, k), rng.normal(size=(k, 2))
        study = rng.integers(0, 3, k)
        found = meta.multilevel(y, v, np.c_[study, np.arange(k)], moderators=x, test="kenward-roger")
        assert np.linalg.eigvalsh(found.covariance)[0] > 0
        assert 0 <= found.qm_p <= 1
        if found.test == "satterthwaite":
            replaced += 1
            assert "Satterthwaite's test in its place" in str(found.summary())
    assert replaced


def test_one_effect_a_study_is_the_random_effects_model():
    y, v = KON.y[::5], KON.v[::5]
    found, plain = meta.multilevel(y, v, np.arange(len(y)), test="z"), meta.random_effects(y, v, test="z")
    assert found.sigma2[0] == pytest.approx(plain.tau2, rel=1e-9)
    assert (found.estimate, found.se) == pytest.approx((plain.estimate, plain.se), rel=1e-9)
    assert found.loglik == pytest.approx(plain.loglik, rel=1e-12)
    assert found.i2[0] == pytest.approx(plain.i2, rel=1e-9)


def test_a_matrix_a_working_covariance_and_rho_are_the_same():
    study = KON.study.to_numpy()
    matrix = 0.6 * np.sqrt(np.outer(KON.v, KON.v)) * (study[:, None] == study)
    np.fill_diagonal(matrix, KON.v)
    working = meta.working_covariance(KON.v, study, rho=0.6)
    groups = KON[["study", "effect"]]
    fits = [
        meta.multilevel(KON.y, KON.v, groups, rho=0.6),
        *(meta.multilevel(KON.y, v, groups) for v in (matrix, working)),
    ]
    for other in fits[1:]:
        assert other.theta == pytest.approx(fits[0].theta, rel=1e-9)
        assert other.se == pytest.approx(fits[0].se, rel=1e-12)


def test_effects_that_agree_have_variances_of_exactly_zero():
    found = meta.multilevel([0.3, 0.31, 0.29, 0.3], np.full(4, 0.1), {"study": [1, 1, 2, 2], "effect": range(4)})
    assert found.sigma2.tolist() == [0.0, 0.0]
    assert found.se == pytest.approx(np.sqrt(0.1 / 4), rel=1e-12)


def test_a_level_with_one_unit_has_no_variance_and_says_so():
    found = meta.multilevel([0.1, 0.9, 0.4], [0.01, 0.02, 0.01], {"study": [1, 1, 1], "effect": [1, 2, 3]})
    assert found.sigma2[0] == 0
    assert found.sigma2[1] > 0
    assert any("study has one unit" in note for note in found.notes)


def test_a_single_effect_has_its_own_standard_error():
    found = meta.multilevel([0.4], [0.04], {"study": [1], "effect": [1]})
    assert (found.estimate, found.se) == pytest.approx((0.4, 0.2), rel=1e-12)
    assert found.df is None


def test_levels_that_cannot_be_told_apart_are_named():
    found = meta.multilevel(KON.y[:12], KON.v[:12], {"study": range(12), "effect": range(12)})
    assert any("apart" in note for note in found.notes)


def test_rows_of_a_fit_can_be_fitted_alone():
    whole = meta.multilevel(KON.y, KON.v, KON[["study", "effect"]], rho=0.4)
    rows = np.flatnonzero(KON.study != 11)
    part = KON.iloc[rows]
    direct = meta.multilevel(part.y, part.v, part[["study", "effect"]], rho=0.4)
    assert whole.refitted(rows).theta == pytest.approx(direct.theta, rel=1e-9)
    assert whole.refitted(rows).estimate == pytest.approx(direct.estimate, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-5, 5), st.floats(-3, 3))
def test_order_unit_and_origin_do_not_matter(seed, power, shift):
    rng = np.random.default_rng(seed)
    k = 24
    study, v = np.repeat(np.arange(6), 4), rng.uniform(0.01, 0.2, k)
    y = rng.normal(0, 0.3, 6)[study] + rng.normal(0, np.sqrt(v + 0.02))
    unit, order = 10.0**power, rng.permutation(k)
    one = meta.multilevel(y, v, {"study": study, "effect": np.arange(k)})
    other = meta.multilevel(
        unit * (y + shift)[order], unit**2 * v[order], {"study": study[order], "effect": np.arange(k)[order]}
    )
    assert other.estimate / unit - shift == pytest.approx(one.estimate, abs=1e-7)
    assert other.se / unit == pytest.approx(one.se, rel=1e-6)
    assert other.theta / unit**2 == pytest.approx(one.theta, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_tiny_and_huge_variances_settle(size):
    rng = np.random.default_rng(4)
    study = np.repeat(np.arange(8), 3)
    y = np.sqrt(size) * (rng.normal(0, 1, 8)[study] + rng.normal(0, 0.5, 24))
    found = meta.multilevel(y, np.full(24, 0.1 * size), {"study": study, "effect": np.arange(24)})
    assert found.convergence.converged
    assert found.sigma2[0] > 0.1 * size


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": {"study": [1, None, 2]}}, "study: The cluster is missing in row 1"),
        ({"groups": {"study": [1, 2]}}, "study: There are 3 studies and 2 clusters"),
        ({"rho": 1.5}, "rho must lie between"),
        ({"method": "DL"}, "REML, ML"),
        ({"test": "F"}, "kenward-roger"),
        ({"test": "kenward-roger", "method": "ML"}, "for REML"),
        ({"v": np.ones((3, 2))}, "its shape is"),
        ({"v": np.array([[1, 2, 0], [2, 1, 0], [0, 0, 1.0]])}, "rows 0, 1 is not positive definite"),
        ({"v": np.array([[1, 0.5, 0], [0.2, 1, 0], [0, 0, 1.0]])}, "not symmetric: compare row 0 with column 1"),
        ({"v": np.eye(3), "rho": 0.5, "groups": {"study": [1, 1, 2]}}, None),
        ({"v": [0.1, -1, 0.2]}, "v must be above 0"),
    ],
)
def test_wrong_input_is_refused_with_its_rows(changes, message):
    given = {"y": [0.1, 0.2, 0.3], "v": [0.1, 0.1, 0.2], "groups": {"study": [1, 1, 2]}} | changes
    y, v, groups = given.pop("y"), given.pop("v"), given.pop("groups")
    with pytest.raises(ModelInputError, match=message or "already"):
        meta.multilevel(y, v, groups, **given)


def test_a_result_shows_levels_variances_and_the_prediction_interval():
    text = meta.multilevel(KON.y, KON.v, KON[["study", "effect"]]).summary()
    for part in ("11 of study", "56 of study/effect", "Estimate", "Prediction interval", "sigma² of study", "I²"):
        assert part in text


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger"])
def test_without_an_estimated_variance_the_tests_are_z(test):
    groups = {"study": [1, 1, 2, 2], "effect": range(4)}
    found = meta.multilevel([0.3, 0.31, 0.29, 0.3], np.full(4, 0.1), groups, test=test)
    assert found.df is None
    assert any("all are 0" in note for note in found.notes)


def test_predictions_for_a_moderator_that_is_missing_are_refused():
    found = meta.multilevel(KON.y, KON.v, KON[["study", "effect"]], moderators=KON[["year"]])
    assert found.predict(pd.DataFrame({"year": [0.0]})).estimate.iloc[0] == pytest.approx(found.beta[0], rel=1e-12)
    with pytest.raises(ModelInputError, match="missing"):
        found.predict(pd.DataFrame({"year": [float("nan")]}))


def test_arguments_of_a_fit_that_mean_nothing_are_told():
    y, v, study = np.linspace(0, 1, 12), np.full(12, 0.02), np.repeat(range(4), 3)
    found = meta.multilevel(y, v, {"study": study, "effect": range(12)})
    for call, message in (
        (lambda: found.profile(None, [0.1]), "no component None"),
        (lambda: found.profile("study", "x"), "values must be numbers"),
        (lambda: found.profile("study", [0.1, np.inf]), "must lie from 0"),
        (lambda: found.information("FE"), "likelihood must be ML or REML"),
        (lambda: meta.random_effects(y, v).information(None), "likelihood must be ML or REML"),
        (lambda: meta.multilevel(y, v, study, method=np.array(["ML", "REML"])), "method must be one of"),
        (lambda: meta.multilevel(y, v, study, moderators="dose", data=y), "needs a DataFrame"),
        (lambda: meta.correlated_hierarchical_effects(y, v, study).sensitivity("x"), "rhos must be numbers"),
        (lambda: meta.robust_variance_estimation(y, v, study).sensitivity([None]), "rho must lie between"),
    ):
        with pytest.raises(ModelInputError, match=message):
            call()


def test_with_as_many_coefficients_as_effects_a_restricted_fit_has_no_bic():
    found = meta.multilevel([0.3], [0.02], {"study": [1]})
    assert found.bic is None
    assert np.isfinite(found.information("ML").bic)
