"""Regression, subgroups, location-scale models, model comparison and own weights against R's metafor."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "metafor_models.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
DATA = {name: pd.DataFrame(columns) for name, columns in VALUES["data"].items()}
ITERATED = ("ML", "REML", "EB", "PM")
SLOW = ("DLIT", "SJIT", "PMM")


def kind(estimator):
    return TOLERANCE["slowly-iterated" if estimator in SLOW else "iterated" if estimator in ITERATED else "closed-form"]


def name_of(case):
    return "-".join(
        str(case[key]) for key in ("data", "formula", "scale", "estimator", "test", "weights") if key in case
    )


def assert_close(found, wanted, tolerance, size):
    """Equal within the tolerance, relative to the number or, where that is larger, to what it is made of."""
    if wanted is None:
        assert found is None
        return
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape
    assert (np.abs(found - wanted) <= tolerance * np.maximum(np.abs(wanted), size)).all(), (found, wanted)


def assert_fit(result, wanted, tolerance):
    assert result.test == wanted["test"]
    assert result.df == wanted["df"]
    se, spread = result.standard_errors, float(np.mean(result.v)) / 1000
    table = result.coefficients
    for column in ("estimate", "ci_low", "ci_high"):
        assert_close(table[column], wanted[column], tolerance, se)
    assert_close(table["se"], wanted["se"], tolerance, 1e-12)
    assert_close(table["statistic"], wanted["statistic"], tolerance, 1.0)
    assert_close(table["p_value"], wanted["p_value"], tolerance, 1e-3)
    for column, size in {"tau2": spread, "tau2_se": spread, "i2": 0.1, "h2": 1.0, "q": 1.0, "q_p": 1e-3}.items():
        assert_close(getattr(result, column), wanted[column], tolerance, size)
    for column in ("loglik", "aicc"):
        assert_close(getattr(result, column), wanted[column], tolerance, 1.0)


def effects(case):
    data = DATA[case["data"]]
    return data["yi"], data["vi"]


@pytest.mark.parametrize("case", VALUES["variants"], ids=name_of)
def test_a_further_estimator_equals_that_of_metafor(case):
    y, v = effects(case)
    weights = 1 / np.sqrt(v) if case["estimator"] == "GENQ" else None
    result = meta.random_effects(y, v, tau2=case["estimator"], test=case["test"], weights=weights)
    assert_fit(result, case, kind(case["estimator"]))


def test_metafor_reaches_every_further_estimator_somewhere():
    assert {case["estimator"] for case in VALUES["variants"]} == {"DLIT", "SJIT", "PMM", "GENQ"}


@pytest.mark.parametrize("case", VALUES["weighted"], ids=name_of)
def test_a_fit_with_weights_of_the_users_own_equals_that_of_metafor(case):
    y, v = effects(case)
    weights = {"equal": "equal", "inverse": 1 / v, "rank": np.arange(1, len(y) + 1)}[case["weights"]]
    result = meta.random_effects(y, v, tau2=case["estimator"], test=case["test"], weights=weights)
    assert_fit(result, case, kind(case["estimator"]))


@pytest.mark.parametrize("case", VALUES["known_tau2"], ids=name_of)
def test_a_fit_at_a_known_tau2_equals_that_of_metafor(case):
    y, v = effects(case)
    result = meta.random_effects(y, v, tau2=0.1)
    assert_fit(result, {**case, "tau2_se": None}, TOLERANCE["closed-form"])


def regressed(case):
    y, v = effects(case)
    return meta.regression(y, v, case["formula"], data=DATA[case["data"]], tau2=case["estimator"], test=case["test"])


@pytest.mark.parametrize("case", VALUES["regressions"], ids=name_of)
def test_a_regression_equals_that_of_metafor(case):
    result, tolerance = regressed(case), kind(case["estimator"])
    assert_fit(result, case, tolerance)
    assert result.qm_df == tuple(case["qm_df"])
    assert_close(result.qm, case["qm"], tolerance, 1.0)
    assert_close(result.qm_p, case["qm_p"], tolerance, 1e-3)
    assert_close(result.r2, case.get("r2"), tolerance, 0.1)


DETAILED = [case for case in VALUES["regressions"] if "predicted" in case]


@pytest.mark.parametrize("case", DETAILED, ids=name_of)
def test_predictions_and_predicted_true_effects_equal_those_of_metafor(case):
    result = regressed(case)
    for found, wanted in ((result.predict(), case["predicted"]), (result.blup(), case["blup"])):
        for column, values in wanted.items():
            assert_close(found[column], values, TOLERANCE["iterated"], found["se"])


@pytest.mark.parametrize("case", DETAILED, ids=name_of)
def test_limits_of_the_residual_heterogeneity_equal_those_of_metafor(case):
    result = regressed(case)
    for method in ("Q-profile", "profile-likelihood"):
        found = result.heterogeneity_interval(method).tau2
        wanted = case["limits"][method.lower().replace("-", "_")]
        assert_close(found, wanted, TOLERANCE[method.lower()], float(np.mean(result.v)) / 1000)


@pytest.mark.parametrize("case", [case for case in DETAILED if "moderators" in case], ids=name_of)
def test_tests_and_variance_inflation_of_each_moderator_equal_those_of_metafor(case):
    result = regressed(case)
    tests, inflation = result.moderator_tests().drop(index="intercept"), result.vif()
    for (moderator, test), wanted in zip(tests.iterrows(), case["moderators"], strict=True):
        assert_close(test["statistic"], wanted["statistic"], TOLERANCE["iterated"], 1.0)
        assert_close(test["p_value"], wanted["p_value"], TOLERANCE["iterated"], 1e-3)
        assert_close(inflation.loc[moderator, "gvif"], wanted["gvif"], TOLERANCE["iterated"], 1.0)


def test_predictions_for_new_rows_equal_those_of_metafor():
    wanted, data = VALUES["new_rows"], DATA["bcg"]
    new = pd.DataFrame({name: wanted[name] for name in ("alloc", "ablat")})
    by_frame = meta.regression(data["yi"], data["vi"], data[["ablat", "alloc"]], test="z")
    by_formula = meta.regression(data["yi"], data["vi"], "ablat + alloc", data=data, test="z")
    for result in (by_frame, by_formula):
        found = result.predict(new, level=0.90)
        for column in found:
            assert_close(found[column], wanted[column], TOLERANCE["iterated"], found["se"])


def test_the_reference_covers_every_estimator_and_test_of_a_regression():
    wanted = {
        (estimator, test)
        for estimator in set(meta.Tau2Estimator) - {"DLIT", "SJIT", "PMM", "GENQ"}
        for test in meta.Test
        if not (estimator == "EE" and test in ("knha", "adhoc"))
    }
    designs = {(case["data"], case["formula"]) for case in VALUES["regressions"]}
    assert len(designs) == 7
    for data, formula in designs:
        found = {
            (case["estimator"], case["test"])
            for case in VALUES["regressions"]
            if (case["data"], case["formula"]) == (data, formula)
        }
        assert found == wanted


@pytest.mark.parametrize("case", VALUES["permutations"], ids=name_of)
def test_an_exact_permutation_test_equals_that_of_metafor(case):
    y, v = effects(case)
    options = {"tau2": case["estimator"], "test": case["test"]}
    if case["formula"] == "1":
        result = meta.random_effects(y, v, **options)
    else:
        result = meta.regression(y, v, case["formula"], data=DATA[case["data"]], **options)
    found = meta.permutation_test(result)
    assert found.exact
    assert found.permutations == case["permutations"]
    assert_close(found.p_values, case["p_values"], TOLERANCE["exact-test"], 1.0)
    if result.p > 1:
        assert_close(found.omnibus_p, case["omnibus_p"], TOLERANCE["exact-test"], 1.0)


@pytest.mark.parametrize("case", VALUES["compared"], ids=lambda case: f"{case['full']} or {case['reduced']}")
def test_a_likelihood_ratio_test_equals_that_of_metafor(case):
    y, v = effects(case)
    full, reduced = (
        meta.regression(y, v, case[model], data=DATA[case["data"]], tau2="ML") for model in ("full", "reduced")
    )
    found = meta.likelihood_ratio_test(full, reduced)
    assert found.df == case["df"]
    assert_close(found.statistic, case["statistic"], TOLERANCE["iterated"], 1.0)
    assert_close(found.p_value, case["p_value"], TOLERANCE["iterated"], 1e-3)


@pytest.mark.parametrize("criterion", ["AICc", "AIC", "BIC"])
def test_all_subsets_of_moderators_are_weighed_as_metafor_fits_them(criterion):
    data = DATA["bangert"]
    names = ["length", "wic", "feedback", "info"]
    found = meta.model_set(data["yi"], data["vi"], data[names], criterion=criterion, test="z")
    wanted = {tuple(case["moderators"]): case for case in VALUES["subsets"]}
    assert set(found.moderators) == set(wanted)
    for moderators, result, value in zip(found.moderators, found.results, found.values, strict=True):
        case = wanted[moderators]
        assert_close(value, case[criterion], TOLERANCE["iterated"], 1.0)
        assert_close(result.beta, case["estimate"], TOLERANCE["iterated"], result.standard_errors)
        assert_close(result.standard_errors**2, case["variance"], TOLERANCE["iterated"], 1e-9)


def test_model_averages_equal_those_of_glmulti_and_mumin():
    # Seven moderators of dat.bangertdrowns2004, ML and AICc; figures of metafor's own test of its web page on the two
    # packages, https://www.metafor-project.org/doku.php/tips:model_selection_with_glmulti_and_mumin
    # (tests/testthat/test_tips_model_selection_with_glmulti_and_mumin.r: glmulti with Johnson's variance; MuMIn, full).
    data = DATA["seven"]
    names = ["length", "wic", "feedback", "info", "pers", "imag", "meta"]
    found = meta.model_set(data["yi"], data["vi"], data[names], test="z")
    order = ["intercept", "imag", "meta", "feedback", "length", "pers", "wic", "info"]
    averaged = found.averaged().loc[order]
    estimates = [0.108404, 0.351153, 0.051201, 0.036604, 0.002272, 0.013244, -0.017004, -0.018272]
    errors = [0.103105, 0.201648, 0.08529, 0.068926, 0.005019, 0.068788, 0.054466, 0.079911]
    importance = [1, 0.847824, 0.424365, 0.367132, 0.325539, 0.291322, 0.264263, 0.241566]
    values = [13.502247, 13.504515, 14.003149, 14.130949, 14.434335, 14.748334, 14.986646, 15.058191, 15.210613]
    weights = [0.067057, 0.066981, 0.0522, 0.048969, 0.042077, 0.035963, 0.031923, 0.030802, 0.028541, 0.025824]
    printed = TOLERANCE["printed-six-decimals"]
    np.testing.assert_allclose(averaged["estimate"], estimates, atol=printed)
    np.testing.assert_allclose(averaged["se"], errors, atol=printed)
    np.testing.assert_allclose(averaged["importance"], importance, atol=printed)
    np.testing.assert_allclose(found.values[:9], values, atol=printed)
    np.testing.assert_allclose(found.weights[:10], weights, atol=printed)
    np.testing.assert_allclose(found.importance()[order[1:]], importance[1:], atol=printed)


@pytest.mark.parametrize("case", VALUES["subgroups"], ids=name_of)
def test_subgroups_equal_those_of_metafor(case):
    (y, v), groups, tolerance = effects(case), DATA[case["data"]][case["group"]], kind(case["estimator"])
    found = meta.subgroups(y, v, groups, tau2=case["estimator"], test="z")
    for result, wanted in zip(found.results, case["levels"], strict=True):
        assert_fit(result, wanted, tolerance)
    assert_close(found.q_between, case["q_between"], tolerance, 1.0)
    assert_close(found.p_between, case["p_between"], tolerance, 1e-3)


@pytest.mark.parametrize("case", VALUES["subgroups"], ids=name_of)
def test_subgroups_that_share_tau2_equal_those_of_metafor(case):
    (y, v), groups, tolerance = effects(case), DATA[case["data"]][case["group"]], kind(case["estimator"])
    found = meta.subgroups(y, v, groups, tau2=case["estimator"], test="z", common_tau2=True)
    wanted, table = case["common"], found.to_frame()
    assert_close(found.regression.tau2, wanted["tau2"], tolerance, float(v.mean()) / 1000)
    assert_close(found.q_between, wanted["qm"], tolerance, 1.0)
    assert_close(found.p_between, wanted["qm_p"], tolerance, 1e-3)
    assert_close(table["estimate"], wanted["estimate"], tolerance, table["se"])
    assert_close(table["se"], wanted["se"], tolerance, 1e-12)


@pytest.mark.parametrize("case", VALUES["location_scale"], ids=lambda case: f"{name_of(case)}-{case['link']}")
def test_a_location_scale_model_equals_that_of_metafor(case):
    (y, v), tolerance = effects(case), TOLERANCE["location-scale"]
    found = meta.location_scale(
        y,
        v,
        None if case["location"] == "1" else case["location"],
        scale=case["scale"],
        link=case["link"],
        tau2=case["estimator"],
        test=case["test"],
        data=DATA[case["data"]],
    )
    location, scale = found.coefficients, found.scale_coefficients
    assert_close(location["estimate"], case["estimate"], tolerance, location["se"])
    assert_close(location["se"], case["se"], tolerance, 1e-9)
    assert_close(scale["estimate"], case["alpha"], tolerance, scale["se"])
    assert_close(scale["se"], case["alpha_se"], tolerance, 1e-9)
    assert_close(scale["p_value"], case["alpha_p"], tolerance, 1e-3)
    assert_close(found.tau2, case["tau2"], tolerance, float(v.mean()))
    assert_close(found.moderator_test[0], case["qm"], tolerance, 1.0)
    assert_close(found.scale_test[0], case["qs"], tolerance, 1.0)
    assert_close(found.scale_test[1], case["qs_p"], tolerance, 1e-3)
    assert_close(found.q, case["q"], TOLERANCE["closed-form"], 1.0)
    assert_close(found.loglik, case["loglik"], TOLERANCE["iterated"], 1.0)
    assert_close(found.information(case["estimator"]).aicc, case["aicc"], TOLERANCE["iterated"], 1.0)


def test_the_reference_covers_both_links_and_estimators_of_location_scale_models():
    found = {(case["link"], case["estimator"], case["test"]) for case in VALUES["location_scale"]}
    assert found == {
        (link, estimator, test) for link in ("log", "identity") for estimator in ("ML", "REML") for test in "zt"
    }


@pytest.mark.parametrize("case", VALUES["prediction_intervals"], ids=name_of)
def test_named_prediction_intervals_equal_those_of_metafor(case):
    y, v = effects(case)
    # The standard error is that of a z test whatever the fit's own.
    result = meta.random_effects(y, v, tau2=case["estimator"], test="knha")
    plain = meta.random_effects(y, v, tau2=case["estimator"], test="z").se
    for method, wanted in (("HTS k-2", case["k_2"]), ("HTS k-1", case["k_1"])):
        found = result.prediction_interval(method)
        assert_close([found.low, found.high], wanted, kind(case["estimator"]), plain)


@pytest.mark.parametrize(
    "case", [c for c in VALUES["weighted"] if (c["estimator"], c["weights"], c["test"]) == ("DL", "inverse", "z")]
)
def test_the_inverse_variance_heterogeneity_model_equals_metafors_weights(case):
    y, v = effects(case)
    assert_fit(meta.inverse_variance_heterogeneity(y, v), case, TOLERANCE["closed-form"])
