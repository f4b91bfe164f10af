"""Posteriors against R: integrals over tau written out in bayesian.R and computed by integrate()."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "bayesian.json").read_text())
TOLERANCES = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
TOLERANCE, SEARCH = TOLERANCES["posterior"], TOLERANCES["posterior-mode"]
DATA = {name: (np.atleast_1d(case["y"]), np.atleast_1d(case["v"]), case["mu"]) for name, case in VALUES["data"].items()}
MODELS = [case for case in VALUES["models"] if case]


def name_of(case):
    return f"{case['data']} {case.get('prior', '')} {'flat' if case.get('flat') else ''}".strip()


def fit(case, interval="shortest"):
    y, v, mu = DATA[case["data"]]
    prior = getattr(meta, case["prior"])(*case["args"])
    return meta.bayesian(y, v, prior=prior, mu=meta.Flat() if case["flat"] else meta.Normal(*mu), interval=interval)


def agree(found, wanted, size):
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE, atol=TOLERANCE * size)


def check(found, wanted):
    """All summaries of a posterior distribution; those that R says do not exist are None."""
    size = np.ptp(wanted["central"])
    agree(found.median, wanted["median"], size)
    agree(found.interval(0.95, "central"), wanted["central"], size)
    agree(found.interval(0.95, "shortest"), wanted["shortest"], size)
    agree(found.quantile(wanted["cdf"]), wanted["at"], size)
    agree(found.cdf(wanted["at"]), wanted["cdf"], 1.0)
    agree(found.density(wanted["at"]), wanted["density"], 1 / size)
    for moment in ("mean", "sd"):
        assert (getattr(found, moment) is None) == (wanted[moment] is None)
        if wanted[moment] is not None:
            agree(getattr(found, moment), wanted[moment], size)


@pytest.mark.parametrize("case", MODELS, ids=name_of)
def test_the_posterior_of_tau_equals_its_integrals(case):
    found = fit(case).tau
    check(found, case["tau"])
    assert found.mode == pytest.approx(case["tau"]["mode"], rel=SEARCH, abs=SEARCH * np.ptp(case["tau"]["central"]))


@pytest.mark.parametrize("case", [case for case in MODELS if "mu" in case], ids=name_of)
def test_the_posterior_of_the_mean_equals_its_integrals(case):
    result = fit(case)
    check(result.mu, case["mu"])
    agree(result.estimate, case["mu"]["median"], np.ptp(case["mu"]["central"]))
    agree((result.ci_low, result.ci_high), case["mu"]["shortest"], np.ptp(case["mu"]["central"]))
    below = [result.probability_beyond(x, side="below") for x in case["mu"]["at"]]
    agree(below, case["mu"]["cdf"], 1.0)
    agree([1 - result.probability_beyond(x) for x in case["mu"]["at"]], case["mu"]["cdf"], 1.0)


@pytest.mark.parametrize("case", [case for case in MODELS if "predicted" in case], ids=name_of)
def test_the_predictive_distribution_equals_its_integrals(case):
    check(fit(case).predicted, case["predicted"])


@pytest.mark.parametrize("case", [case for case in MODELS if "effect" in case], ids=name_of)
def test_the_true_effect_of_a_study_equals_its_integrals(case):
    result = fit(case)
    check(result.effects[0], case["effect"])
    row = result.shrinkage().iloc[0]
    agree(row[["median", "mean", "sd"]], [case["effect"][key] for key in ("median", "mean", "sd")], 0.0)
    agree(row[["ci_low", "ci_high"]], case["effect"]["shortest"], np.ptp(case["effect"]["central"]))


@pytest.mark.parametrize("case", MODELS, ids=name_of)
def test_marginal_likelihoods_and_bayes_factors_equal_their_integrals(case):
    result = fit(case)
    agree(result.tau.panels.log_constant, case["log_constant"], 1.0)
    proper = result.prior.proper and not case["flat"]
    assert (result.log_marginal_likelihood is not None) == proper
    for factor, key in (
        (result.effect_bayes_factor, "log_bf_effect"),
        (result.heterogeneity_bayes_factor, "log_bf_heterogeneity"),
    ):
        assert (factor.log_bf10 is None) == (key not in case)
        assert bool(factor.reason) == (key not in case)
        if key in case:
            agree(factor.log_bf10, case[key], 1.0)
            assert factor.bf10 == pytest.approx(1 / factor.bf01)


@pytest.mark.parametrize("case", MODELS[:4], ids=name_of)
def test_central_intervals_are_those_of_the_quantiles(case):
    result = fit(case, interval="central")
    frame = result.to_frame()
    agree(frame.loc["tau", ["ci_low", "ci_high"]], case["tau"]["central"], np.ptp(case["tau"]["central"]))


@pytest.mark.parametrize("case", VALUES["averages"], ids=name_of)
def test_a_model_average_equals_its_integrals(case):
    y, v, mu = DATA[case["data"]]
    found = meta.bayesian_model_average(
        y,
        v,
        prior=meta.HalfNormal(*case["args"]),
        mu=meta.Normal(*mu),
        prior_probabilities=case["prior_probabilities"],
    )
    agree(found.log_marginal_likelihoods, case["log_marginal"], 1.0)
    agree(found.posterior_probabilities, case["posterior"], 0.0)
    agree(found.effect_inclusion.bf10, case["effect_bf"], 0.0)
    agree(found.heterogeneity_inclusion.bf10, case["heterogeneity_bf"], 0.0)
    check(found.mu, case["mu"])
    size = np.ptp(case["mu"]["central"])
    agree(found.estimate, case["mu"]["median"], size)
    agree((found.ci_low, found.ci_high), case["mu"]["shortest"], size)
    agree((found.averaged_mean, found.averaged_sd), (case["averaged_mean"], case["averaged_sd"]), size)
    agree(found.averaged_interval, case["averaged_interval"], size)
    agree(found.tau_mean, case["tau_mean"], 0.0)


@pytest.mark.parametrize("case", VALUES["priors"], ids=lambda case: case["prior"])
def test_priors_have_the_densities_and_probabilities_of_r(case):
    prior = getattr(meta, case["prior"])(*case["args"])
    np.testing.assert_allclose(prior.density(case["at"]), case["density"], rtol=1e-12, atol=1e-300)
    if prior.proper:
        np.testing.assert_allclose(prior.cdf(case["at"]), case["cdf"], rtol=1e-12, atol=1e-15)


def test_sensitivity_to_the_prior_shows_the_fits_under_each_of_them():
    cases = [case for case in MODELS if case["data"] == "bcg" and case["flat"] and "mu" in case]
    priors = {case["prior"]: getattr(meta, case["prior"])(*case["args"]) for case in cases}
    frame = meta.prior_sensitivity(fit(cases[0]), priors).to_frame()
    assert list(frame.index[1:]) == list(priors)
    for case in cases:
        row = frame.loc[case["prior"]]
        size = np.ptp(case["mu"]["central"])
        agree(row[["estimate", "tau"]].astype(float), [case["mu"]["median"], case["tau"]["median"]], size)
        agree(row[["ci_low", "ci_high"]].astype(float), case["mu"]["shortest"], size)
        agree(row[["tau_low", "tau_high"]].astype(float), case["tau"]["shortest"], size)
