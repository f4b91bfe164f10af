"""Univariate models against R's metafor: ten estimators, four tests, fifteen data sets, every number of the result."""

import json
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "metafor_univariate.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
MODELS = {model["data"]: model for model in VALUES["models"]}
ITERATED = ("ML", "REML", "EB", "PM")
FITS = [(data, *key.split()) for data, model in MODELS.items() for key in model["fits"]]
LIMITS = [(data, *key.split()) for data, model in MODELS.items() for key in model["limits"]]


@cache
def fitted(data, estimator, test):
    return meta.random_effects(MODELS[data]["y"], MODELS[data]["v"], tau2=estimator, test=test)


def kind(estimator):
    return TOLERANCE["iterated" if estimator in ITERATED else "closed-form"]


def assert_close(found, wanted, tolerance, size):
    """Equal within the tolerance, relative to the number or, where that is larger, to what it is made of."""
    if wanted is None:
        assert found is None
    else:
        assert abs(found - wanted) <= tolerance * max(abs(wanted), size), (found, wanted)


def sizes(result):
    spread = float(np.mean(result.v)) / 1000
    effects = dict.fromkeys(("estimate", "ci_low", "ci_high"), result.se)
    return {**effects, "statistic": 1.0, "p_value": 1e-3, "i2": 0.1, "tau2": spread, "tau2_se": spread, "q_p": 1e-3}


@pytest.mark.parametrize(("data", "estimator", "test"), FITS)
def test_a_fit_equals_that_of_metafor(data, estimator, test):
    result, wanted = fitted(data, estimator, test), MODELS[data]["fits"][f"{estimator} {test}"]
    assert result.test == wanted["test"]
    assert result.df == wanted["df"]
    size = sizes(result)
    names = "estimate se statistic p_value ci_low ci_high tau2 tau2_se i2 h2 q q_p"
    for name in names.split():
        assert_close(getattr(result, name), wanted[name], kind(estimator), size.get(name, 1e-12))


@pytest.mark.parametrize(("data", "estimator", "test"), FITS)
def test_a_prediction_interval_equals_that_of_metafor(data, estimator, test):
    result, wanted = fitted(data, estimator, test), MODELS[data]["fits"][f"{estimator} {test}"]
    interval = result.prediction_interval()
    if interval.reason:
        assert interval.low is None
        assert estimator == "EE" or result.k == 1
    else:
        assert_close(interval.low, wanted["pi_low"], kind(estimator), result.se)
        assert_close(interval.high, wanted["pi_high"], kind(estimator), result.se)


@pytest.mark.parametrize(("data", "estimator", "test"), FITS)
def test_log_likelihoods_and_information_criteria_equal_those_of_metafor(data, estimator, test):
    result, wanted = fitted(data, estimator, test), MODELS[data]["fits"][f"{estimator} {test}"]
    for likelihood in ("ML", "REML"):
        found = result.information(likelihood)._asdict()
        for name, value in wanted["information"][likelihood].items():
            if value is None:  # R's -Inf: -2 l + q log(0), which is no criterion
                assert (name, found[name]) == ("bic", None)
            else:
                assert_close(found[name], value, kind(estimator), 1.0)
    own = result.information("REML" if estimator == "REML" else "ML")
    assert (result.loglik, result.aic, result.bic, result.aicc) == (own.loglik, own.aic, own.bic, own.aicc)


@pytest.mark.parametrize(("data", "estimator", "method"), LIMITS)
def test_heterogeneity_limits_equal_those_of_metafor(data, estimator, method):
    result, wanted = fitted(data, estimator, "z"), MODELS[data]["limits"][f"{estimator} {method}"]
    name = {"QP": "Q-profile", "PL": "profile-likelihood"}[method]
    found, tolerance = result.heterogeneity_interval(name), TOLERANCE[name.lower()]
    spread = float(np.mean(result.v)) / 1000
    for quantity, size in {"tau2": spread, "i2": 0.1, "h2": 1.0}.items():
        for value, reference in zip(getattr(found, quantity), wanted[quantity], strict=True):
            assert_close(value, reference, tolerance, size)


@pytest.mark.parametrize("data", [data for data, model in MODELS.items() if model["blup"]])
def test_predicted_true_effects_equal_those_of_metafor(data):
    result, wanted = fitted(data, "REML", "knha"), MODELS[data]["blup"]
    found = result.blup()
    for column in ("estimate", "se", "ci_low", "ci_high"):
        np.testing.assert_allclose(found[column], wanted[column], rtol=TOLERANCE["iterated"], atol=1e-6 * result.se)


def test_the_reference_covers_every_estimator_and_test():
    estimators = set(meta.Tau2Estimator) - {"DLIT", "SJIT", "PMM", "GENQ"}  # these: test_variants.py
    tests = set(meta.Test)
    # metafor advises against Knapp and Hartung's test for a common effect, and so do we.
    wanted = {(e, t) for e in estimators for t in tests if not (e == "EE" and t in ("knha", "adhoc"))}
    for data in MODELS:
        assert {(estimator, test) for name, estimator, test in FITS if name == data} == wanted


def test_the_reference_covers_the_hard_cases():
    assert {"one_study", "two_studies_alike", "less_than_chance", "gibson2002_MD", "tiny_effects"} <= set(MODELS)
    assert {method for _, _, method in LIMITS} == {"QP", "PL"}
    assert VALUES["source"]["metafor"] == "3.8.1"


@pytest.mark.parametrize("case", VALUES["sign_test"], ids=lambda case: f"{case['positive']}-{case['negative']}")
def test_the_sign_test_equals_binom_test(case):
    found = meta.sign_test([1] * case["positive"] + [-1] * case["negative"])
    for name in ("p_value", "ci_low", "ci_high"):
        assert_close(getattr(found, name), case[name], TOLERANCE["exact-test"], 1e-12)
