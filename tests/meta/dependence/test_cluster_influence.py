"""Clusters left out of a fit, against R's metafor for rma.mv, and orchard plots against its predictions."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "dependent_effects.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
IDS = [f"{case['data']}-{len(case['moderators'])}-{case['rho']}" for case in VALUES["multilevel"]]
MULTILEVEL = [pytest.param(case, id=name) for case, name in zip(VALUES["multilevel"], IDS, strict=True)]
WITH_INFLUENCE = [case for case in MULTILEVEL if case.values[0].get("influence")]


@dataclass
class GivenFit:
    """A three-level fit at the variance components that metafor found."""

    terms: tuple
    y: np.ndarray
    v: np.ndarray
    model_matrix: np.ndarray
    marginal: list
    beta: np.ndarray
    covariance: np.ndarray
    level: float = 0.95

    @property
    def k(self):
        return len(self.y)

    @property
    def labels(self):
        return tuple(map(str, range(self.k)))


def at_components_of_metafor(case):
    data = pd.DataFrame(VALUES["sets"][case["data"]])
    y, v, study = data.y.to_numpy(), data.v.to_numpy(), data.study.to_numpy()
    same, k = study[:, None] == study, len(data)
    marginal = np.where(same, (case["rho"] or 0) * np.sqrt(np.outer(v, v)), 0.0)
    np.fill_diagonal(marginal, v)
    marginal += case["sigma2"][0] * same + case["sigma2"][1] * np.eye(k)
    x = np.column_stack([np.ones(k), *(data[name] for name in case["moderators"])])
    inverse = np.linalg.inv(marginal)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    rows = [np.flatnonzero(study == name)[None] for name in pd.unique(study)]
    blocks = [(own, marginal[own[0][:, None], own[0]][None]) for own in rows]
    terms = ("intercept", *case["moderators"])
    return GivenFit(terms, y, v, x, blocks, covariance @ (x.T @ inverse @ y), covariance), study


def numbers(values):
    """Values of R with its nulls as NaN."""
    return np.array(values, dtype=float)


def sorted_as(found, clusters):
    return [found.clusters.names.index(name) for name in clusters]


@pytest.mark.parametrize("case", MULTILEVEL)
def test_sandwich_covariances_of_three_level_models_equal_those_of_clubsandwich(case):
    fit, study = at_components_of_metafor(case)
    for wanted in case["kinds"]:
        found = meta.robust(fit, study, kind=wanted["kind"])
        scale = np.max(np.diag(wanted["covariance"]))
        assert np.abs(found.covariance - numbers(wanted["covariance"])).max() <= TOLERANCE["closed-form"] * scale
        assert found.df == pytest.approx(wanted["df"], rel=TOLERANCE["closed-form"])
        assert found.saddlepoint().p_value.to_numpy() == pytest.approx(wanted["p_saddlepoint"], abs=1e-7)
        for test in wanted["wald"]:
            tested = list(range(1, found.p)) or [0]
            shown = found.wald_test(np.eye(found.p)[tested], method=test["method"])
            assert shown.statistic == pytest.approx(test["statistic"], rel=1e-8)
            if test["p"] is not None:
                assert shown.p_value == pytest.approx(test["p"], rel=1e-7)


@pytest.mark.parametrize("case", WITH_INFLUENCE)
def test_influence_of_clusters_at_kept_components_equals_that_of_metafor(case):
    fit, study = at_components_of_metafor(case)
    found, wanted = meta.cluster_influence(fit, study, refit=False), case["influence"]
    order = sorted_as(found, wanted["clusters"])
    for ours, theirs in (
        (found.cooks_distance[order], "cooks_fixed"),
        (found.dfbetas[order], "dfbetas_fixed"),
        (found.studentised, "rstudent_fixed"),
        (found.standardised, "rstandard"),
        (found.chi_square[order], "chi_square"),
        (found.hat, "hat"),
        (found.weight, "weights"),
    ):
        assert ours == pytest.approx(numbers(wanted[theirs]), rel=1e-8, abs=1e-10, nan_ok=True)
    points = found.baujat()
    assert points.x[order] == pytest.approx(wanted["baujat"]["x"], rel=1e-8)
    assert points.y[order] == pytest.approx(wanted["baujat"]["y"], rel=1e-8)


@pytest.mark.parametrize("case", VALUES["clustered"], ids=lambda case: str(case["moderators"]))
def test_clusters_left_out_of_a_model_that_is_fitted_again_equal_those_of_metafor(case):
    data = pd.DataFrame(VALUES["sets"]["konstantopoulos2011"])
    if case["moderators"]:
        result = meta.regression(data.y, data.v, data[["year"]], test="z")
    else:
        result = meta.random_effects(data.y, data.v, test="z")
    found = meta.cluster_influence(result, data.study)
    order = sorted_as(found, case["clusters"])
    tolerance = 1e-5  # rma.mv maximises by nlminb, which stops at a change of 1e-10 in the log-likelihood
    assert found.cooks_distance[order] == pytest.approx(case["cooks"], rel=10 * tolerance, abs=tolerance)
    assert found.dfbetas[order] == pytest.approx(numbers(case["dfbetas"]), rel=10 * tolerance, abs=tolerance)
    assert found.studentised == pytest.approx(case["rstudent"], rel=tolerance, abs=tolerance)
    assert found.chi_square_deleted[order] == pytest.approx(case["chi_square_deleted"], rel=10 * tolerance)
    table = meta.leave_one_cluster_out(result, data.study).to_frame()
    for name, wanted in zip(case["clusters"], case["left_out"], strict=True):
        rows = table.loc[name]
        assert rows.estimate.to_numpy() == pytest.approx(wanted["beta"], rel=1e-6)
        assert rows.se.to_numpy() == pytest.approx(wanted["se"], rel=1e-6)
        assert rows.tau2.iloc[0] == pytest.approx(wanted["tau2"], rel=1e-5)


def test_with_one_effect_a_cluster_the_points_are_those_of_the_baujat_plot():
    data = pd.DataFrame(VALUES["sets"]["berkey1998"])
    result = meta.random_effects(data.y, data.v, test="z")
    found, wanted = meta.cluster_influence(result, range(10)).baujat(), meta.baujat(result)
    assert found.x == pytest.approx(wanted.x)
    assert found.y == pytest.approx(wanted.y, rel=1e-6)


def test_a_cluster_without_which_a_coefficient_is_lost_has_a_reason():
    data = pd.DataFrame(VALUES["sets"]["konstantopoulos2011"])
    result = meta.regression(data.y, data.v, data[["year", "alone"]])
    found = meta.cluster_influence(result, data.study)
    at = found.clusters.names.index("56")
    assert np.isnan(found.cooks_distance[at])
    assert "nothing tells of alone" in found.reasons[at]
    assert (
        "nothing tells of alone" in meta.leave_one_cluster_out(result, data.study).to_frame().loc["56"].reason.iloc[0]
    )
    assert "Not available" in found.summary()


def test_own_weights_and_crossed_clusters_are_refused():
    result = meta.random_effects([0.1, 0.2, 0.4], [0.1, 0.1, 0.2], weights="equal")
    with pytest.raises(ModelInputError, match="inverse-variance weights"):
        meta.cluster_influence(result, [1, 1, 2])
    fit, study = at_components_of_metafor(VALUES["multilevel"][0])
    with pytest.raises(ModelInputError, match="outermost level"):
        meta.robust(fit, np.arange(len(study)))


@pytest.mark.parametrize("name", VALUES["orchards"])
def test_trunk_branch_and_twig_equal_the_predictions_of_metafor(name):
    data = pd.DataFrame(VALUES["sets"]["satcoaching"])
    if name == "mean":
        found = meta.orchard(meta.random_effects(data.y, data.v, test="t"))
    else:
        frame = pd.DataFrame({"test": np.where(data.verbal == 1, "verbal", "mathematics"), "hours": data.hours})
        found = meta.orchard(meta.regression(data.y, data.v, frame, test="t"), moderator="test")
        assert found.groups == ("mathematics", "verbal")
        assert (found.fruit().group == frame.test.to_numpy()).all()
    for column, wanted in VALUES["orchards"][name].items():
        assert getattr(found, column) == pytest.approx(wanted, rel=1e-6, abs=1e-8)
    assert found.precision == pytest.approx(1 / np.sqrt(data.v))
    assert len(found.to_frame()) == len(found.groups)


def test_an_orchard_of_a_number_is_refused():
    data = pd.DataFrame(VALUES["sets"]["satcoaching"])
    with pytest.raises(ModelInputError, match="is a number"):
        meta.orchard(meta.regression(data.y, data.v, data[["hours"]]), moderator="hours")
    with pytest.raises(ModelInputError, match="no moderators"):
        meta.orchard(meta.random_effects(data.y, data.v), moderator="hours")


def dependent_effects():
    draw = np.random.default_rng(5)
    study, v = np.repeat(range(6), 3), draw.uniform(0.02, 0.1, 18)
    y = 0.2 + draw.normal(size=6)[study] * 0.3 + draw.normal(size=18) * np.sqrt(v)
    return y, v, study, draw.normal(size=18)


@pytest.mark.parametrize("test", ["t", "satterthwaite", "z"])
def test_an_orchard_of_a_multilevel_regression_has_the_limits_of_its_predictions(test):
    y, v, study, dose = dependent_effects()
    frame = pd.DataFrame({"arm": np.array(["a", "b"])[np.arange(18) % 2], "dose": dose})
    fit = meta.multilevel(y, v, {"study": study, "effect": range(18)}, moderators=frame, test=test)
    means = pd.DataFrame({"arm": ["a", "b"], "dose": dose.mean()})
    wanted = fit.predict(means)
    found = meta.orchard(fit, moderator="arm").to_frame()
    columns = ["trunk", "branch_low", "branch_high", "twig_low", "twig_high"]
    np.testing.assert_allclose(found[columns], wanted[["estimate", "ci_low", "ci_high", "pi_low", "pi_high"]])
    whole = meta.orchard(fit)
    assert len(whole.to_frame()) == 1
    assert "predicted" in whole.summary()


def test_an_effect_that_a_coefficient_takes_up_has_no_standardised_residual():
    y, v, study, _ = dependent_effects()
    alone = (np.arange(18) == 4).astype(float)
    found = meta.cluster_influence(meta.regression(y, v, alone), study)
    assert np.flatnonzero(np.isnan(found.standardised)).tolist() == [4]
    assert [bool(reason) for reason in found.reasons] == [False, True, False, False, False, False]
    pair = meta.cluster_influence(meta.regression(y, v, np.eye(18)[:, [3, 9]]), range(18))
    assert [at for at, reason in enumerate(pair.reasons) if reason] == [3, 9]
    saturated = meta.cluster_influence(meta.regression(y, v, np.eye(18)[:, 1:]), study)
    assert np.isnan(saturated.standardised).all()


def test_moderators_that_are_combinations_but_for_rounding_have_no_cluster_influence():
    y, v, study, dose = dependent_effects()
    fit = meta.regression(y, v, np.column_stack([dose, dose + 1e-9 * np.arange(18) % 7]))
    with pytest.raises(ModelInputError, match="rounding error"):
        meta.cluster_influence(fit, study)
