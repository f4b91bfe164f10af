"""Selection models against R's metafor; their derivatives, invariances and bad input."""

import itertools
import json
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf, ndtr, ndtri

from toolkit import meta
from toolkit.effects import effect_sizes
from toolkit.errors import ModelInputError
from toolkit.meta.bias.selection_likelihood import SelectionLikelihood, SmoothSelection, StepSelection
from toolkit.meta.bias.weight_functions import SmoothWeight

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "selection_models.json").read_text())["data"]
TOLERANCES = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CUTS = [0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.5, 0.65, 0.75, 0.9, 0.95, 0.99, 0.995]
FIXED = [1, 0.99, 0.95, 0.8, 0.75, 0.65, 0.6, 0.55, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
MODELS = {
    "stepfun_05_5": {"steps": [0.05, 0.5]},
    "stepfun_two_sided": {"steps": [0.05], "alternative": "two-sided"},
    "stepfun_fixed": {"steps": CUTS, "weights": FIXED},
    "halfnorm_step": {"weight": "halfnorm", "steps": [0.05]},
    "negexp_se": {"weight": "negexp", "precision": "se"},
    "halfnorm_v": {"weight": "halfnorm", "precision": "v"},
}
CASES = [(name, model) for name, data in VALUES.items() for model in data["fits"]]
RANDOM = np.random.default_rng(8)
V = RANDOM.uniform(0.01, 0.2, 15)
Y = 0.2 + RANDOM.normal(size=15) * np.sqrt(V + 0.03)
Y[:2] = [0.9, -0.3]


def fit(data, model):
    y, v = np.array(data["y"]), np.array(data["v"])
    estimator = "EE" if model.endswith("_common") else "ML"
    if model.endswith("_moderator"):
        plain = meta.regression(y, v, np.array(data["x"])[:, None], tau2=estimator, test="z")
    else:
        plain = meta.random_effects(y, v, tau2=estimator, test="z")
    kind = model.removesuffix("_moderator").removesuffix("_common").removesuffix("_025")
    options = MODELS.get(model, {} if kind == "stepfun" else {"weight": kind})
    return meta.selection_model(plain, **({"alternative": "greater"} | options))


@pytest.mark.parametrize(("name", "model"), CASES)
def test_a_selection_model_equals_that_of_metafor_or_has_a_higher_likelihood(name, model):
    data = VALUES[name]
    found, r = fit(data, model), data["fits"][model]
    smooth = not model.startswith("stepfun")
    assert found.convergence.converged
    assert found.loglik > r["loglik"] - (2e-4 if smooth else 1e-8)
    if found.loglik > r["loglik"] + 1e-5:
        return  # metafor's optimiser stopped before the maximum
    tolerance = TOLERANCES["smooth-selection" if smooth else "step-selection"]
    np.testing.assert_allclose(found.beta, r["beta"], atol=tolerance * found.standard_errors.max())
    np.testing.assert_allclose(found.tau2, r["tau2"], rtol=tolerance, atol=tolerance * np.mean(data["v"]))
    np.testing.assert_allclose(found.delta, r["delta"], rtol=10 * tolerance, atol=tolerance)
    assert found.lrt_df == r["lrt_df"]
    np.testing.assert_allclose(found.lrt, r["lrt"], atol=tolerance)
    np.testing.assert_allclose(found.information.aicc, r["aicc"], atol=tolerance)
    np.testing.assert_allclose(found.information.bic, r["bic"], atol=tolerance)
    if found.tau2 > 0 and r["se"][0] is not None and np.isfinite(found.standard_errors).all():
        of_hessian = TOLERANCES["smooth-selection-se" if smooth else "step-selection-se"]
        np.testing.assert_allclose(found.standard_errors, r["se"], rtol=of_hessian)
        np.testing.assert_allclose(found.delta_se, np.array(r["delta_se"], float), rtol=of_hessian)


def test_most_fits_are_compared_number_by_number():
    higher = [fit(VALUES[name], model).loglik > VALUES[name]["fits"][model]["loglik"] + 1e-5 for name, model in CASES]
    assert sum(higher) <= len(CASES) / 4


@pytest.mark.parametrize("two_sided", [False, True])
@pytest.mark.parametrize("kind", list(meta.Weight))
def test_gradient_and_hessian_are_those_of_the_likelihood(kind, two_sided):
    z = Y / np.sqrt(V)
    if kind == meta.Weight.STEPFUN:
        p = np.array([0.01, 0.3, 0.7] * 5)
        selection = StepSelection(p, np.array([0.025, 0.5, 1.0]), two_sided)
    else:
        selection = SmoothSelection(z, SmoothWeight(kind), two_sided, np.sqrt(V / V.max()))
    likelihood = SelectionLikelihood(Y, V, np.column_stack([np.ones(15), V]), selection)
    theta = np.concatenate([[0.2, 0.5, 0.04], [0.8, 1.4][: selection.count]])

    def at(theta):
        return likelihood.at(theta[:2], theta[2], theta[3:])

    steps = 1e-5 * np.eye(len(theta))
    first = [(at(theta + h).loglik - at(theta - h).loglik) / 2e-5 for h in steps]
    second = [(at(theta + h).gradient - at(theta - h).gradient) / 2e-5 for h in steps]
    np.testing.assert_allclose(at(theta).gradient, first, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(at(theta).hessian, second, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("step", [0.0, 0.05])
@pytest.mark.parametrize("kind", [kind for kind in meta.Weight if kind != meta.Weight.STEPFUN])
@pytest.mark.parametrize("two_sided", [False, True])
def test_the_likelihood_is_that_of_the_definition_by_adaptive_integration(kind, two_sided, step):
    # A second computation, not an outside value: metafor's integrals have four digits.
    y, v, mean, tau2, delta = 0.4, 0.04, 0.1, 0.02, np.array([0.8, 1.4])[: SmoothWeight(kind).count]
    smooth = SmoothWeight(kind, step)

    def weight(effect):
        z = effect / np.sqrt(v)
        p, upper = (2 * ndtr(-abs(z)), erf(abs(z) / np.sqrt(2))) if two_sided else (ndtr(-z), ndtr(z))
        return float(np.exp(smooth.values(np.array([p]), np.array([upper]), 1.0, delta).log[0]))

    def density(effect):
        return float(np.exp(-0.5 * (effect - mean) ** 2 / (v + tau2)) / np.sqrt(2 * np.pi * (v + tau2)))

    edge = smooth.p_min and float(-ndtri(smooth.p_min / (1 + two_sided)))
    at_step = float(-ndtri(step / (1 + two_sided))) if step else 0.0
    breaks = {0.0, *(sign * z * np.sqrt(v) for sign in (-1, 1) for z in (edge, at_step))}
    if two_sided:
        breaks |= {sign * ndtri(0.5 + smooth.p_min / 2) * np.sqrt(v) for sign in (-1, 1)}
    ends = [-3.0, *sorted(breaks), 3.0]
    parts = [quad(lambda e: weight(e) * density(e), a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in pairwise(ends)]
    selection = SmoothSelection(np.array([y / np.sqrt(v)]), smooth, two_sided, None)
    found = SelectionLikelihood(np.array([y]), np.array([v]), np.ones((1, 1)), selection)
    expected = np.log(weight(y) * density(y) / sum(parts))
    assert found.at(np.array([mean]), tau2, delta).loglik == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("options", [{}, {"weight": "negexp"}])
@pytest.mark.parametrize("unit", [1e-6, 1e3])
def test_neither_the_unit_nor_the_order_nor_the_direction_of_the_effects_matters(options, unit):
    plain = meta.selection_model(meta.random_effects(Y, V), **options)
    scaled = meta.selection_model(meta.random_effects(-unit * Y[::-1], unit**2 * V[::-1]), **options)
    assert scaled.estimate / -unit == pytest.approx(plain.estimate, abs=1e-6 * plain.se)
    assert scaled.tau2 / unit**2 == pytest.approx(plain.tau2, abs=1e-6)
    np.testing.assert_allclose(scaled.delta, plain.delta, rtol=1e-5, atol=1e-8)


def test_equal_weights_are_no_selection():
    plain = meta.random_effects(Y, V, tau2="ML", test="z")
    fixed = meta.selection_model(plain, steps=[0.025], weights=[1, 1])
    assert fixed.estimate == pytest.approx(plain.estimate)
    assert fixed.se == pytest.approx(plain.se, rel=0.2)
    assert fixed.loglik == pytest.approx(plain.loglik)
    assert fixed.lrt_p is None


def test_the_weight_function_falls_at_its_steps():
    model = meta.selection_model(meta.random_effects(Y, V), steps=[0.025, 0.5])
    np.testing.assert_array_equal(model.weight_function([0.001, 0.025, 0.1, 0.9]), model.delta[[0, 0, 1, 2]])
    smooth = meta.selection_model(meta.random_effects(Y, V), weight="halfnorm")
    assert smooth.weight_function([0.5])[0] == pytest.approx(np.exp(-smooth.delta[0] / 4))
    assert "Weight" in model.summary()
    with pytest.raises(ModelInputError, match="between 0 and 1"):
        model.weight_function([2.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": [0.025, 0.026]}, "No p-value lies between 0.025 and 0.026"),
        ({"steps": [1.5]}, "between 0 and 1"),
        ({"weight": "cubic"}, "weight must be one of"),
        ({"weight": "beta", "steps": [0.05]}, "beta none"),
        ({"precision": "se"}, "smooth weight functions"),
        ({"weights": [1, 2, 3]}, "2 numbers above 0"),
        ({"alternative": "up"}, "alternative must be one of"),
    ],
)
def test_what_cannot_be_fitted_is_refused(options, message):
    with pytest.raises(ModelInputError, match=message):
        meta.selection_model(meta.random_effects(Y, V), **options)


def test_few_studies_and_own_weights_are_refused():
    with pytest.raises(ModelInputError, match="too few"):
        meta.selection_model(meta.random_effects([0.1, 0.5], [0.01, 0.01]), weight="beta")
    with pytest.raises(ModelInputError, match="without weights"):
        meta.selection_model(meta.random_effects(Y, V, weights="equal"))


SMALL = json.loads((REFERENCE / "asymmetry.json").read_text())["data"]
SEARCHED = {name: (np.array(data["y"]), np.array(data["v"])) for name, data in (VALUES | SMALL).items()}
# dat.egger2001: magnesium after a heart attack. Selection can be all of the heterogeneity there.
MAGNESIUM = effect_sizes(
    "OR",
    events_1=[1, 9, 2, 1, 10, 1, 1, 0, 6, 1, 2, 5, 4, 90, 4, 2216],
    total_1=[40, 135, 200, 48, 150, 59, 25, 22, 76, 27, 89, 23, 130, 1159, 107, 29011],
    events_2=[2, 23, 7, 1, 8, 9, 3, 1, 11, 7, 12, 13, 8, 118, 17, 2103],
    total_2=[36, 135, 200, 46, 148, 56, 23, 21, 75, 27, 80, 33, 122, 1157, 108, 29039],
)
SEARCHED["magnesium"] = MAGNESIUM["y"].to_numpy(), MAGNESIUM["v"].to_numpy()


@pytest.mark.parametrize("side", ["greater", "less"])
@pytest.mark.parametrize("kind", ["stepfun", "beta", "negexp", "power"])
@pytest.mark.parametrize("name", SEARCHED)
def test_no_point_of_a_grid_among_the_effects_has_a_higher_likelihood(name, kind, side):
    y, v = SEARCHED[name]
    sign = 1.0 if side == "greater" else -1.0
    plain = meta.random_effects(y, v, tau2="ML", test="z")
    found = meta.selection_model(plain, weight=kind, alternative=side)
    z = sign * y / np.sqrt(v)
    if kind == "stepfun":
        selection = StepSelection(ndtr(-z), np.array([0.025, 1.0]), False)
    else:
        selection = SmoothSelection(z, SmoothWeight(meta.Weight(kind)), False, None)
    likelihood = SelectionLikelihood(sign * y, v, sign * np.ones((len(y), 1)), selection)
    deltas = np.geomspace(0.02, 20.0, 5)
    if kind == "stepfun":
        deltas = np.log(deltas)
    grid = itertools.product(
        np.linspace(np.quantile(y, 0.1), np.quantile(y, 0.9), 15),
        np.array([0.0, 0.3, 1.0, 2.0]) * max(plain.tau2, 0.1 * float(np.median(v))),
        itertools.product(deltas, repeat=selection.count),
    )
    highest = max(likelihood.at(np.array([mean]), tau2, np.array(delta)).loglik for mean, tau2, delta in grid)
    assert found.loglik > highest


@pytest.mark.parametrize("precision", [None, "se"])
def test_many_studies_are_worked_through_in_blocks_to_the_same_likelihood(precision):
    random = np.random.default_rng(3)
    v = random.uniform(0.01, 0.2, 300)
    y = 0.2 + random.normal(size=300) * np.sqrt(v + 0.03)
    z, x, weight = y / np.sqrt(v), np.ones((300, 1)), SmoothWeight(meta.Weight.HALFNORM)
    scale = None if precision is None else np.sqrt(v / v.max())
    at = np.array([0.1]), 0.02, np.array([1.5])

    def likelihood(rows):
        own = None if scale is None else scale[rows]
        return SelectionLikelihood(y[rows], v[rows], x[rows], SmoothSelection(z[rows], weight, False, own)).at(*at)

    whole, parts = likelihood(slice(None)), [likelihood(slice(start, start + 7)) for start in range(0, 300, 7)]
    assert whole.loglik == pytest.approx(sum(part.loglik for part in parts), rel=1e-12)
    np.testing.assert_allclose(whole.gradient, sum(part.gradient for part in parts), rtol=1e-9)
    np.testing.assert_allclose(whole.hessian, sum(part.hessian for part in parts), rtol=1e-9)
