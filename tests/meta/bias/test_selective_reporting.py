"""Adequate power, sensitivity to a selection ratio, p-curves and p-uniform* against R; invariances; bad input."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit
from scipy.stats import norm

from toolkit import meta
from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.bias.p_uniform_star import _Problem

REFERENCE = Path(__file__).parents[2] / "reference"
DATA = json.loads((REFERENCE / "selective_reporting.json").read_text())["data"]
PROGRAMS = json.loads((REFERENCE / "selective_programs.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CLOSED, ITERATED = TOLERANCE["closed-form"], TOLERANCE["iterated"]


def pooled(name, tau2="EE", sign=1.0, order=slice(None)):
    y, v = np.array(DATA[name]["y"]), np.array(DATA[name]["v"])
    return meta.random_effects(sign * y[order], v[order], tau2=tau2)


def assert_close(found, wanted, tolerance):
    """Equal to R's number; None where R has none."""
    assert (found is None) == (wanted is None)
    if wanted is not None:
        assert found == pytest.approx(wanted, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("name", DATA)
def test_the_average_of_adequately_powered_studies_equals_that_of_lm(name):
    found, wanted = meta.weighted_average_adequate_power(pooled(name)), DATA[name]["waap"]
    ours = (found.uwls, found.uwls_se, found.estimate, found.se, found.p_value)
    theirs = tuple(wanted[field] for field in ("uwls", "uwls_se", "estimate", "se", "p"))
    assert ours == pytest.approx(theirs, rel=CLOSED)
    assert found.adequate.sum() == wanted["adequate"]
    assert found.restricted == (wanted["adequate"] >= 2)
    assert found.to_frame().shape[0] == 1


@pytest.mark.parametrize("name", DATA)
def test_a_mean_corrected_for_a_selection_ratio_equals_that_of_r(name):
    wanted = DATA[name]["sensitivity"]
    fixed, robust = (
        meta.publication_bias_sensitivity(pooled(name, tau2), selection_ratio=3, q=wanted["q"])
        for tau2 in ("EE", "REML")
    )
    assert robust.affirmative.sum() == wanted["affirmative"]
    assert (fixed.estimate, fixed.se) == pytest.approx((wanted["fixed"], wanted["fixed_se"]), rel=CLOSED)
    assert (robust.estimate, robust.se) == pytest.approx((wanted["robust"], wanted["robust_se"]), rel=ITERATED)
    assert_close(fixed.worst, wanted["worst_fixed"], CLOSED)
    assert_close(fixed.s_value, wanted["s_fixed"], ITERATED)
    assert_close(fixed.s_value_limit, wanted["s_fixed_limit"], ITERATED)
    assert_close(robust.s_value, wanted["s_robust"], ITERATED)
    assert_close(robust.s_value_limit, wanted["s_robust_limit"], ITERATED)


@pytest.mark.parametrize("name", DATA)
def test_a_p_curve_equals_its_definition_in_r(name):
    found, wanted = meta.p_curve(pooled(name)), DATA[name]["curve"]
    assert (found.k, found.k_half) == (wanted["k"], wanted["half"])
    ours = (found.right_skew, found.right_skew_half, found.flat, found.flat_half)
    theirs = tuple(wanted[field] for field in ("skew", "skew_half", "flat", "flat_half"))
    assert ours == pytest.approx(theirs, rel=ITERATED, abs=ITERATED)
    powers = (found.power, found.power_low, found.power_high)
    assert powers == pytest.approx([wanted[field] for field in ("power", "power_low", "power_high")], abs=ITERATED)


@pytest.mark.parametrize("name", DATA)
def test_p_uniform_star_equals_its_definition_in_r(name):
    found, wanted = meta.p_uniform_star(pooled(name)), DATA[name]["star"]
    tolerance = TOLERANCE["profile-likelihood"]
    assert found.k_significant == wanted["k"]
    for field in ("estimate", "ci_low", "ci_high", "tau2"):
        assert_close(getattr(found, field), wanted[field], tolerance)
    ours = (found.loglik, found.statistic, found.tau2_statistic)
    assert ours == pytest.approx((wanted["loglik"], wanted["lrt"], wanted["lrt_tau2"]), rel=1e-8, abs=1e-8)
    assert (found.tau2 == 0) == (wanted["tau2"] == 0)


@pytest.mark.parametrize("name", DATA)
def test_a_p_curve_equals_that_of_the_authors_program(name):
    found, wanted = meta.p_curve(pooled(name)), PROGRAMS[name]["curve"]
    assert (found.k, found.k_half, found.evidential_value) == (wanted["k"], wanted["half"], wanted["present"])
    tolerance = TOLERANCE["p-curve-program"]
    names = {"skew": "right_skew", "skew_half": "right_skew_half", "flat": "flat"}
    for theirs, ours in names.items():
        assert getattr(found, ours) == pytest.approx(wanted[theirs], abs=tolerance)
        assert getattr(found, f"{ours}_p") == pytest.approx(wanted[f"{theirs}_p"], abs=tolerance)
    assert found.power == pytest.approx(wanted["power"], abs=0.005 + tolerance)  # whole percents
    limits = (found.power_low, found.power_high)
    assert limits == pytest.approx((wanted["power_low"], wanted["power_high"]), abs=tolerance)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_the_half_curve_has_uniform_p_values_at_a_power_of_a_third(share):
    """Of a single result with p below 0.025; the authors' program has none below 2/3."""

    def beyond(z, shift):
        return norm.sf(z - shift) + norm.cdf(-z - shift)

    shift = brentq(lambda d: beyond(norm.isf(0.025), d) - 1 / 3, 0, 5)
    half = beyond(norm.isf(0.0125), shift)
    z = brentq(lambda z: beyond(z, shift) - (1 - share) * half, norm.isf(0.0125), 20)
    found = meta.p_curve(meta.random_effects([z], [1.0], tau2="EE"))
    assert found.flat_half_p == pytest.approx(share, abs=1e-8)


@pytest.mark.parametrize("name", DATA)
def test_p_uniform_star_equals_the_likelihood_of_puniform(name):
    found, wanted = meta.p_uniform_star(pooled(name)), PROGRAMS[name]["star"]
    tolerance = TOLERANCE["profile-likelihood"]
    for field in ("estimate", "ci_low", "ci_high", "tau2"):
        assert_close(getattr(found, field), wanted[field], tolerance)
    assert found.loglik == pytest.approx(wanted["loglik"], abs=1e-8)
    assert (found.statistic, found.tau2_statistic) == pytest.approx((wanted["l0"], wanted["l_het"]), abs=1e-8)
    assert found.tau2_p_value == pytest.approx(wanted["p_het"] if found.tau2 else 1.0, rel=1e-6)
    assert found.convergence.converged


@given(st.floats(-1, 1), st.floats(1e-3, 1))
@settings(max_examples=25, deadline=None)
def test_p_uniform_star_has_the_derivatives_of_its_likelihood(mean, tau2):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    problem = _Problem(-y, v, -y > 1.96 * np.sqrt(v), *np.zeros((3, 2)))
    step, theta = 1e-6, np.array([mean, tau2])
    at = problem.at(theta)
    sides = [(problem.at(theta + part), problem.at(theta - part)) for part in step * np.eye(2)]
    gradient = [(up.loglik - down.loglik) / (2 * step) for up, down in sides]
    hessian = [(up.gradient - down.gradient) / (2 * step) for up, down in sides]
    np.testing.assert_allclose(at.gradient, gradient, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(at.hessian, hessian, rtol=1e-5, atol=1e-4)


def test_the_bcg_trials_have_the_s_values_that_publication_bias_prints():
    """The examples of pubbias_meta and pubbias_svalue in the documentation of PublicationBias 2.3.0.

    https://mathurlabstanford.github.io/PublicationBias/reference/: common-effect weights with t limits on k - 1.
    """
    level = 2.0 * ndtr(stdtrit(12, 0.975)) - 1.0  # whose normal quantile is that of t
    result = meta.random_effects(DATA["bcg"]["y"], DATA["bcg"]["v"], tau2="EE", level=level)
    none, some = (meta.publication_bias_sensitivity(result, selection_ratio=5, q=q) for q in (0.0, np.log(0.9)))
    assert (none.estimate, none.ci_low) == pytest.approx((-0.156, -0.263), abs=5e-4)
    assert (none.se, none.ci_high) == pytest.approx((0.0491, -0.0485), abs=5e-5)
    assert none.affirmative.sum() == 8
    assert none.s_value is None  # "Not possible"
    assert none.s_value_limit == pytest.approx(7.58431, abs=6e-6)
    assert (some.s_value, some.s_value_limit) == pytest.approx((8.261336, 3.406779), abs=6e-7)


def test_the_bcg_trials_have_no_robust_s_value_either():
    """The same page: under the robust model no ratio moves the estimate to 0 ("Not possible")."""
    result = meta.random_effects(DATA["bcg"]["y"], DATA["bcg"]["v"], tau2="REML")
    assert meta.publication_bias_sensitivity(result).s_value is None


@pytest.mark.parametrize("factor", [-1.0, 1e-4, 1e3])
def test_p_uniform_star_follows_the_unit_of_the_effects(factor):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    one = meta.p_uniform_star(meta.random_effects(y, v, tau2="EE"))
    other = meta.p_uniform_star(meta.random_effects(factor * y, factor**2 * v, tau2="EE"))
    assert other.estimate == pytest.approx(factor * one.estimate, rel=1e-5)
    assert other.tau2 == pytest.approx(factor**2 * one.tau2, rel=1e-5)
    assert sorted([other.ci_low / factor, other.ci_high / factor]) == pytest.approx([one.ci_low, one.ci_high], rel=1e-5)


def test_significant_results_without_a_maximum_are_refused():
    v = np.array([0.01, 0.02, 0.03, 0.04])
    with pytest.raises(ConvergenceError, match="no maximum near the effects"):
        meta.p_uniform_star(meta.random_effects(1.97 * np.sqrt(v), v, tau2="EE"))


@pytest.mark.parametrize("name", DATA)
def test_an_endogenous_kink_equals_its_definition_in_r(name):
    found, wanted = meta.endogenous_kink(pooled(name)), DATA[name]["kink"]
    assert_close(found.beta[1] if found.p == 2 else None, wanted["bias"], CLOSED)
    for field in ("kink", "sd", "estimate", "se"):
        assert_close(getattr(found, field), wanted[field], CLOSED)
    assert "Kink at" in str(found)
    assert len(found.to_frame()) == found.p


def test_an_endogenous_kink_needs_standard_errors_that_differ():
    with pytest.raises(ModelInputError, match="same standard error"):
        meta.endogenous_kink(meta.random_effects([0.1, 0.2, 0.3, 0.4], [0.1] * 4, tau2="EE"))


@pytest.mark.parametrize("name", DATA)
def test_a_mirror_image_in_another_order_is_corrected_alike(name):
    back = slice(None, None, -1)
    for method in (meta.publication_bias_sensitivity, meta.weighted_average_adequate_power):
        one, other = method(pooled(name)), method(pooled(name, sign=-1.0, order=back))
        assert other.estimate == pytest.approx(-one.estimate, rel=1e-9)
        assert other.se == pytest.approx(one.se, rel=1e-9)
    assert meta.p_curve(pooled(name, sign=-1.0, order=back)).power == pytest.approx(meta.p_curve(pooled(name)).power)


def test_the_ratio_of_the_s_value_moves_the_estimate_to_q():
    for tau2 in ("EE", "REML"):
        result = pooled("baskerville", tau2)
        plain, extreme = (meta.publication_bias_sensitivity(result, selection_ratio=ratio) for ratio in (1.0, 1e6))
        q = (plain.estimate + extreme.estimate) / 2.0
        ratio = meta.publication_bias_sensitivity(result, q=q).s_value
        assert meta.publication_bias_sensitivity(result, selection_ratio=ratio).estimate == pytest.approx(q, rel=1e-9)


def test_results_show_themselves():
    assert "Selection ratio 2" in str(meta.publication_bias_sensitivity(pooled("bcg"), selection_ratio=2.0))
    assert "13 studies (8 significant)" in str(meta.p_uniform_star(pooled("bcg")))
    assert "8 of 13 studies significant" in str(meta.p_curve(pooled("bcg")))
    assert "fewer than 2" in str(meta.weighted_average_adequate_power(pooled("hackshaw")))


def test_what_cannot_be_computed_is_refused():
    single = meta.random_effects([0.1], [0.1])
    with pytest.raises(ModelInputError, match="no p-curve"):
        meta.p_curve(single)
    with pytest.raises(ModelInputError, match="2 studies or more"):
        meta.p_uniform_star(single)
    with pytest.raises(ModelInputError, match="needs 2 or more"):
        meta.weighted_average_adequate_power(single)
    with pytest.raises(ModelInputError, match="selection_ratio"):
        meta.publication_bias_sensitivity(pooled("bcg"), selection_ratio=0.5)
    with pytest.raises(ModelInputError, match="alpha"):
        meta.publication_bias_sensitivity(pooled("bcg"), alpha=5)
