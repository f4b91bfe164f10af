"""The Copas selection model against metasens and the paper's own example; derivatives; bad input; invariances."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_ndtr

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.meta.bias.copas_likelihood import copas_problems
from toolkit.meta.bias.copas_search import Bounds, highest

REFERENCE = Path(__file__).parents[2] / "reference"
DATA = json.loads((REFERENCE / "copas.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["copas"]
SAME = 1e-6  # log-likelihoods that differ by less belong to the same maximum


def pooled(name, tau2="ML"):
    return meta.random_effects(DATA[name]["y"], DATA[name]["v"], tau2=tau2, test="z")


def r_path(name):
    """The points of metasens, its log-likelihoods with what it leaves out: what depends on the selection alone."""
    wanted = {field: np.array(values, float) for field, values in DATA[name].items() if isinstance(values, list)}
    se = np.sqrt(wanted["v"])
    probits = wanted["gamma0"][:, None] + wanted["gamma1"][:, None] / se
    constant = -log_ndtr(probits).sum(1) - 0.5 * len(se) * np.log(2 * np.pi)
    wanted["loglik"] = constant - wanted["negative_loglik"]
    wanted["loglik_beta"] = constant - wanted["negative_loglik_beta"]
    return wanted


def on_the_path_of_r(name):
    wanted = r_path(name)
    model = meta.copas_model(
        pooled(name), slope=DATA[name]["slope"], probabilities=wanted["probability"][1:], side=None
    )
    return model, model.to_frame(), wanted


@pytest.mark.parametrize("name", DATA)
def test_each_point_of_the_path_equals_that_of_metasens_or_has_a_higher_likelihood(name):
    model, found, wanted = on_the_path_of_r(name)
    assert model.side == ("left" if DATA[name]["left"] else "right")
    assert model.convergence.converged
    np.testing.assert_allclose(model.gamma0_range, DATA[name]["gamma0_range"], rtol=1e-9)
    np.testing.assert_allclose(model.gamma1_range, DATA[name]["gamma1_range"], rtol=1e-9)
    for field in ("gamma0", "gamma1", "probability", "unpublished"):
        np.testing.assert_allclose(found[field], wanted[field], rtol=1e-9, atol=1e-9)
    gain = found["loglik"].to_numpy() - wanted["loglik"]
    fuller = found["loglik"] + found["residual_statistic"] / 2
    assert (gain > -1e-9).all()
    assert (fuller - wanted["loglik_beta"] > -1e-9).all()
    same = gain < SAME
    assert same.sum() >= len(same) - 2
    scale = wanted["se"][same]
    assert (np.abs(found["estimate"][same] - wanted["estimate"][same]) < TOLERANCE * scale).all()
    np.testing.assert_allclose(np.sqrt(found["tau2"][same]), wanted["tau"][same], rtol=TOLERANCE, atol=TOLERANCE)
    same[0] = False  # without selection rho means nothing
    np.testing.assert_allclose(found["rho"][same], wanted["rho"][same], rtol=TOLERANCE)
    # At a bound of rho or tau the differences of 0.001 that metasens takes lead beyond it.
    inside = same & (np.abs(wanted["rho"]) < 0.99) & (wanted["tau"] > 0)
    np.testing.assert_allclose(found["se"][inside].astype(float), wanted["se"][inside], rtol=TOLERANCE)
    both = same & (fuller - wanted["loglik_beta"] < SAME).to_numpy()
    np.testing.assert_allclose(found["residual_p"][both], wanted["residual_p"][both], atol=TOLERANCE)
    assert both.sum() >= len(both) - 5


@pytest.mark.parametrize("name", DATA)
def test_the_adjusted_estimate_is_that_of_metasens(name):
    model, found, _ = on_the_path_of_r(name)
    row = DATA[name].get("adjusted")
    if row is None:
        assert model.adjusted is None
        assert model.reason in model.summary()
    else:
        assert model.adjusted is model.path[row]
        assert found["adjusted"].to_numpy().nonzero()[0].tolist() == [row]


@pytest.mark.parametrize("name", ["bcg", "dorn2007", "hackshaw1998"])
def test_the_surface_is_that_of_metasens(name):
    surface = meta.copas_model(pooled(name)).surface(20)
    wanted = np.array(DATA[name]["grid_estimate"])
    found = surface["estimate"].to_numpy().reshape(20, 20)
    np.testing.assert_allclose(surface["gamma0"][::20], DATA[name]["grid_gamma0"], rtol=1e-9)
    np.testing.assert_allclose(surface["gamma1"][:20], DATA[name]["grid_gamma1"], rtol=1e-9, atol=1e-12)
    # metasens has a single start, and ends at a lower maximum or early in some cells.
    assert np.mean(np.abs(found - wanted) < 1e-3 * DATA[name]["se"][0]) > 0.9


def test_passive_smoking_has_the_risk_that_copas_and_shi_print():
    """BMJ 2000;320:417: without selection an excess risk of 24% (13% to 36%), which falls as selection grows."""
    path = meta.copas_model(pooled("hackshaw1998")).to_frame()
    none = np.exp(path.loc[0, ["estimate", "ci_low", "ci_high"]].to_numpy(float))
    np.testing.assert_allclose(none, [1.24, 1.13, 1.36], atol=0.0125)
    assert path["estimate"].iloc[-1] < path["estimate"].iloc[0] / 2


def test_without_selection_the_model_and_the_test_are_those_of_maximum_likelihood():
    result = pooled("hackshaw1998")
    first = meta.copas_model(result).path[0]
    assert (first.estimate, first.tau2, first.loglik) == pytest.approx((result.estimate, result.tau2, result.loglik))
    assert (first.probability, first.rho, first.unpublished) == pytest.approx((1.0, 0.0, 0.0), abs=1e-12)
    line = meta.regression(result.y, result.v, np.sqrt(result.v), tau2="ML", test="z")
    assert first.residual_statistic == pytest.approx(2 * (line.loglik - result.loglik), rel=1e-6)


def test_the_slope_is_that_of_the_plane_through_the_estimates():
    model = meta.copas_model(pooled("bcg"))
    surface = model.surface(12)
    x, y = np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12), indexing="ij")
    design = np.column_stack([np.ones(144), x.ravel(), y.ravel()])
    plane = np.linalg.lstsq(design, surface["estimate"], rcond=None)[0]
    assert model.slope == pytest.approx(plane[2] / plane[1], rel=1e-9)
    assert model.slope == pytest.approx(DATA["bcg"]["slope"], rel=0.05)


def test_studies_that_are_not_missing_leave_the_estimate_as_it_is():
    """On the other side of the funnel plot rho is 0 throughout: the path is there all the same, and changes nothing."""
    model = meta.copas_model(pooled("egger2001"), side="left")
    assert model.slope == 0
    assert len(model.path) > 10
    assert {point.rho for point in model.path} == {0.0}
    assert [point.estimate for point in model.path] == pytest.approx([model.path[0].estimate] * len(model.path))


def test_points_of_ones_own_lie_on_the_path_too():
    model = meta.copas_model(pooled("dorn2007"))
    point = model.path[4]
    assert model.at(point.gamma0, point.gamma1).estimate == pytest.approx(point.estimate, rel=1e-6)
    assert [round(one.probability, 6) for one in model.path[:3]] == [1.0, 0.95, 0.9]


@pytest.mark.parametrize("name", DATA)
def test_no_other_start_leads_higher(name):
    result = pooled(name)
    model = meta.copas_model(result)
    sign = 1.0 if model.side == "left" else -1.0
    gammas = np.array([(point.gamma0, point.gamma1) for point in model.path[1:]])
    se, n = np.sqrt(result.v), len(gammas)
    problems = copas_problems(result.y, se, gammas[:, :1] + gammas[:, 1:] / se)
    ends = np.array([[-np.inf, np.inf], [0.0, 0.0], sorted([0.0, 0.9999 * sign]), [0.0, np.inf]])
    spread, random = result.y.std(), np.random.default_rng(1)
    for beta in (0.0, np.inf):
        ends[1] = -beta, beta
        bounds = Bounds(*(np.tile(end, (n, 1)) for end in ends.T), np.array([spread, 1.0, 1.0, spread**2]))
        starts = [
            np.column_stack([
                result.estimate + spread * random.normal(size=n), min(beta, 2.0) * random.normal(size=n),
                sign * random.uniform(size=n), spread**2 * random.choice([0.0, 0.1, 1.0], n),
            ])
            for _ in range(12)
        ]  # fmt: skip
        extra = [point.residual_statistic / 2 if beta else 0.0 for point in model.path[1:]]
        reached = np.array([point.loglik for point in model.path[1:]]) + extra
        assert (highest(problems, bounds, starts).at.loglik < reached + 1e-6).all()


@given(st.floats(-2, 2), st.floats(-1, 1), st.floats(-0.99, 0.99), st.floats(0, 1), st.floats(-2, 2), st.floats(0, 0.2))
@settings(max_examples=50, deadline=None)
def test_the_derivatives_are_those_of_the_likelihood(mu, beta, rho, tau2, gamma0, gamma1):
    y, se = np.array(DATA["bcg"]["y"]), np.sqrt(DATA["bcg"]["v"])
    step = 1e-6
    theta = np.array([mu, beta, rho, tau2 + step])
    problems = copas_problems(y, se, np.tile(gamma0 + gamma1 / se, (9, 1)))
    at = problems.at(np.concatenate([theta[None], theta + step * np.eye(4), theta - step * np.eye(4)]))
    gradient = (at.loglik[1:5] - at.loglik[5:]) / (2 * step)
    hessian = (at.gradient[1:5] - at.gradient[5:]) / (2 * step)
    np.testing.assert_allclose(at.gradient[0], gradient, rtol=1e-4, atol=1e-5 * np.abs(gradient).max() + 1e-5)
    np.testing.assert_allclose(at.hessian[0], hessian, rtol=1e-3, atol=1e-4 * np.abs(hessian).max() + 1e-5)


@given(st.permutations(range(13)), st.sampled_from([1e-4, 1.0, 1e4]), st.booleans(), st.floats(-2, 2))
@settings(max_examples=10, deadline=None)
def test_order_unit_sign_and_shift_carry_through(order, unit, mirrored, shift):
    y, v = np.array(DATA["bcg"]["y"]), np.array(DATA["bcg"]["v"])
    whole = meta.copas_model(meta.random_effects(y, v), slope=0.2, probabilities=[0.7])
    factor = -unit if mirrored else unit
    other = meta.random_effects(factor * (y[order] + shift), unit**2 * v[order])
    found = meta.copas_model(other, slope=0.2, probabilities=[0.7])
    assert (found.side == whole.side) != mirrored
    assert found.path[1].estimate / factor - shift == pytest.approx(whole.path[1].estimate, rel=1e-5)
    assert found.path[1].residual_p == pytest.approx(whole.path[1].residual_p, rel=1e-5)


def test_a_common_effect_and_a_known_tau2_are_kept():
    data = DATA["bcg"]
    for tau2, kept in (("EE", 0.0), (0.2, 0.2)):
        model = meta.copas_model(meta.random_effects(data["y"], data["v"], tau2=tau2, test="z"))
        assert {point.tau2 for point in model.path} == {kept}


def test_an_estimate_at_a_bound_of_rho_says_what_its_error_leaves_out():
    model = meta.copas_model(pooled("dorn2007"))
    assert any("rho lies at a bound" in note for note in model.notes)
    assert "<table>" in model._repr_html_()


def test_what_cannot_be_fitted_is_refused():
    data = DATA["bcg"]
    result = pooled("bcg")
    with pytest.raises(ModelInputError, match="moderators"):
        meta.copas_model(meta.regression(data["y"], data["v"], np.arange(13.0)))
    with pytest.raises(ModelInputError, match="weights of your own"):
        meta.copas_model(meta.random_effects(data["y"], data["v"], weights="equal"))
    with pytest.raises(ModelInputError, match="4 studies"):
        meta.copas_model(meta.random_effects(data["y"][:3], data["v"][:3]))
    with pytest.raises(ModelInputError, match="same standard error"):
        meta.copas_model(meta.random_effects(data["y"], np.full(13, 0.1)))
    with pytest.raises(ModelInputError, match="side"):
        meta.copas_model(result, side="up")
    with pytest.raises(ModelInputError, match="slope"):
        meta.copas_model(result, slope=-1)
    with pytest.raises(ModelInputError, match="alpha"):
        meta.copas_model(result, alpha=10)
    with pytest.raises(ModelInputError, match="cannot be reached"):
        meta.copas_model(result, probabilities=[0.01])
    model = meta.copas_model(result, probabilities=[0.8])
    with pytest.raises(ModelInputError, match="gamma1"):
        model.at(0, -1)
    with pytest.raises(ModelInputError, match="never be published"):
        model.at(-100, 0)
    with pytest.raises(ModelInputError, match="points must be a whole number of 2 or more"):
        model.surface(1)
