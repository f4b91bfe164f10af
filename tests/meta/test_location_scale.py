"""Location-scale models: derivatives, bounds, special cases and bad input."""

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.scale_likelihood import Link, ScaleModel

RANDOM = np.random.default_rng(5)
K = 30
FRAME = pd.DataFrame({"dose": RANDOM.uniform(0, 3, K), "site": list("abc" * 10)})
V = RANDOM.uniform(0.01, 0.1, K)
Y = 0.3 + RANDOM.normal(size=K) * np.sqrt(V + np.exp(-3 + FRAME["dose"].to_numpy()))


@pytest.mark.parametrize("link", Link)
@pytest.mark.parametrize("restricted", [True, False])
def test_gradient_and_hessian_are_those_of_the_likelihood(link, restricted):
    x = np.column_stack([np.ones(K), FRAME["dose"]])
    model = ScaleModel(Y, V, x, x, link, restricted)
    alpha = np.array([-1.0, 0.4]) if link == Link.LOG else np.array([0.2, 0.05])
    gradient, hessian = model.derivatives(alpha)
    step = 1e-5 * np.eye(2)
    numeric = [(model.loglik(alpha + h) - model.loglik(alpha - h)) / 2e-5 for h in step]
    second = [(model.derivatives(alpha + h)[0] - model.derivatives(alpha - h)[0]) / 2e-5 for h in step]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(hessian, second, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("link", Link)
@pytest.mark.parametrize("estimator", ["ML", "REML"])
def test_one_scale_for_all_is_a_meta_regression(link, estimator):
    plain = meta.regression(Y, V, FRAME[["dose"]], tau2=estimator)
    scaled = meta.location_scale(Y, V, FRAME[["dose"]], scale="1", data=FRAME, link=link, tau2=estimator)
    np.testing.assert_allclose(scaled.tau2, plain.tau2, rtol=1e-6)
    np.testing.assert_allclose(scaled.coefficients, plain.coefficients, rtol=1e-5)
    assert scaled.loglik == pytest.approx(plain.loglik, rel=1e-9)
    assert scaled.q == pytest.approx(plain.q)


def test_a_scale_of_groups_has_the_groups_own_tau2():
    # With a mean a group as well, ML of each group alone is what the model gives (López-López et al. do the same).
    groups = FRAME["site"]
    model = meta.location_scale(Y, V, FRAME[["site"]], scale=FRAME[["site"]], tau2="ML")
    alone = meta.subgroups(Y, V, groups, tau2="ML")
    for name in alone.names:
        np.testing.assert_allclose(model.tau2[groups == name], alone[name].tau2, rtol=1e-6)


@pytest.mark.parametrize("link", Link)
def test_the_unit_of_a_scale_moderator_does_not_matter(link):
    plain = meta.location_scale(Y, V, scale=FRAME["dose"], link=link)
    scaled = meta.location_scale(Y, V, scale=FRAME["dose"] * 1e4, link=link)
    np.testing.assert_allclose(scaled.tau2, plain.tau2, rtol=1e-5)
    np.testing.assert_allclose(scaled.alpha[1] * 1e4, plain.alpha[1], rtol=1e-5)


@pytest.mark.parametrize("unit", [1e-5, 1e3])
def test_the_unit_of_the_effects_does_not_matter(unit):
    plain = meta.location_scale(Y, V, scale=FRAME["dose"])
    scaled = meta.location_scale(Y * unit, V * unit**2, scale=FRAME["dose"])
    np.testing.assert_allclose(scaled.tau2 / unit**2, plain.tau2, rtol=1e-5)


def test_a_log_link_without_a_maximum_says_so_and_offers_the_identity():
    alike = np.full(K, 0.3) + 1e-3 * RANDOM.normal(size=K)
    with pytest.raises(ConvergenceError, match="link='identity'"):
        meta.location_scale(alike, V, scale=FRAME["dose"])
    found = meta.location_scale(alike, V, scale=FRAME["dose"], link="identity")
    assert found.tau2.max() < 1e-6
    assert found.scale_test is None
    assert "at its bound" in found.notes[0]
    assert list(found.scale_coefficients.columns) == ["estimate"]
    assert "tau²: dose" in found.summary()


def test_the_bound_of_the_identity_link_is_reached_where_metafor_stops_short_of_it():
    # dat.lau1992's shape: tau2 falls over the years to 0. No inner point is better than the one found.
    years = np.arange(12.0)
    y = np.array([1.5, -1.2, 0.9, -0.7, 0.5, -0.3, 0.15, 0.05, 0.1, 0.12, 0.09, 0.1])
    v = np.full(12, 0.02)
    found = meta.location_scale(y, v, scale=years, link="identity", tau2="ML")
    assert found.tau2[-1] == pytest.approx(0, abs=1e-9)
    model = ScaleModel(y, v, np.ones((12, 1)), np.column_stack([np.ones(12), years]), Link.IDENTITY, False)
    grid = [np.array([a, -a * share / 11]) for a in np.linspace(0.05, 3, 60) for share in np.linspace(0, 1, 60)]
    assert found.loglik >= max(model.loglik(alpha) for alpha in grid) - 1e-9


def test_predictions_have_the_heterogeneity_of_their_own_row():
    model = meta.location_scale(Y, V, FRAME[["dose"]], scale=FRAME[["dose"]])
    table = model.predict(pd.DataFrame({"dose": [0.5, 2.5]}))
    assert table["tau2"].tolist() == pytest.approx(np.exp(model.alpha[0] + model.alpha[1] * np.array([0.5, 2.5])))
    assert (table["pi_high"] - table["pi_low"]).is_monotonic_increasing
    np.testing.assert_allclose(model.predict()["tau2"], model.tau2)
    mean = meta.location_scale(Y, V, scale=FRAME["dose"].to_numpy())
    assert mean.predict(scale_rows=[0.5, 2.5]).shape == (2, 7)


def test_a_summary_and_a_frame_show_both_parts():
    model = meta.location_scale(Y, V, FRAME[["site"]], scale=FRAME[["dose"]])
    assert model.to_frame().loc[("scale", "dose"), "estimate"] == model.alpha[1]
    for part in ("Location-scale model, 30 studies (REML, knha, log link)", "site[T.b]", "log tau²: dose"):
        assert part in model.summary()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2": "DL"}, "fitted by ML or REML; got tau2='DL'"),
        ({"tau2": 0.1}, "fitted by ML or REML; got tau2=0.1"),
        ({"link": "sqrt"}, "link must be one of log, identity"),
        ({"scale": FRAME["dose"][:4]}, "There are 30 studies and 4 rows"),
        ({"scale": pd.DataFrame({"a": 2 * FRAME["dose"], "b": FRAME["dose"]})}, "b is a combination of a"),
    ],
)
def test_what_cannot_be_fitted_is_told(options, message):
    with pytest.raises(ModelInputError) as raised:
        meta.location_scale(Y, V, **{"scale": FRAME["dose"], **options})
    assert message in str(raised.value)


def test_too_few_studies_are_refused():
    with pytest.raises(ModelInputError, match="2 studies are too few"):
        meta.location_scale(Y[:2], V[:2], scale=[1.0, 2.0])
