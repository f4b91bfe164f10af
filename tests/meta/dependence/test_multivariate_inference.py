"""Limits, predictions, random effects and criteria of models of dependent effects against R's metafor, and edges."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

VALUES = json.loads((Path(__file__).parents[2] / "reference/multivariate_inference.json").read_text())
RILEY, ASSINK = pd.DataFrame(VALUES["riley2003"]), pd.DataFrame(VALUES["assink2016"])
MODELS = [pytest.param(case, id=case["structure"]) for case in VALUES["models"]]
TYPICAL = float(np.sqrt(RILEY.v.mean()))


def fitted(case, **options):
    means = {"moderators": "0 + C(inner)", "data": RILEY} if case.get("means") else {}
    return meta.multivariate(
        RILEY.y, RILEY.v, RILEY.inner, RILEY.outer, structure=case["structure"], **means, **options
    )


def nested(**options):
    return meta.multilevel(ASSINK.y, ASSINK.v, ASSINK[["study", "effect"]], **options)


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], float)


def same_criteria(close, found, wanted):
    for likelihood in ("ML", "REML"):
        one = found.information(likelihood)
        ordered = (one.loglik, one.deviance, one.aic, one.bic, one.aicc)
        assert close(ordered, numbers(wanted[likelihood]), 1.0, "multilevel")


def same_predictions(close, table, wanted, scale):
    for column in ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high"):
        assert close(table[column], numbers(wanted[column]), scale, "multilevel"), column


@pytest.mark.parametrize("case", MODELS)
def test_limits_of_variances_and_correlations_equal_those_of_metafor(close, case):
    found = fitted(case).component_intervals()
    for (name, row), wanted in zip(found.iterrows(), case["tau2"] + case["rho"], strict=True):
        for own, other in zip(row[["estimate", "ci_low", "ci_high"]], wanted, strict=True):
            if other is not None:  # metafor stops where a fit on the way does not converge
                assert close([own], [other], 1e-2 * RILEY.v.mean(), "variance-components"), name


@pytest.mark.parametrize("case", MODELS)
def test_the_profile_at_the_limits_of_metafor_has_fallen_by_the_quantile(case):
    found = fitted(case)
    for name, (_, *limits) in zip(found.components, case["tau2"] + case["rho"], strict=True):
        inside = [limit for limit in limits if limit is not None and abs(limit) not in (0.0, 1.0)]
        assert found.loglik - found.profile(name, inside) == pytest.approx(0.5 * 3.841458820694124, abs=1e-5), name


@pytest.mark.parametrize("case", MODELS)
def test_the_likelihood_at_a_limit_has_fallen_by_the_quantile(case):
    found = fitted(case)
    for name, row in found.component_intervals(level=0.9).iterrows():
        for limit in (row.ci_low, row.ci_high):
            if limit not in (0.0, -1.0, 1.0):
                drop = found.loglik - found.profile(name, [limit])[0]
                assert drop == pytest.approx(0.5 * 2.705543454095404, abs=1e-6)


@pytest.mark.parametrize("case", MODELS)
def test_predictions_of_a_multivariate_model_equal_those_of_metafor(close, case):
    table = fitted(case).predict()
    if not case["means"]:
        table = table.iloc[:1]
    same_predictions(close, table, case["predict"], TYPICAL)


@pytest.mark.parametrize("case", MODELS)
def test_random_effects_of_a_multivariate_model_equal_those_of_metafor(close, case):
    found, wanted = fitted(case).deviations(), case["ranef"]
    names = [tuple(part.strip() for part in name.split("|"))[::-1] for name in wanted["names"]]
    table = found.loc[names]
    for column in ("estimate", "se", "ci_low"):
        assert close(table[column], wanted[column], TYPICAL, "variance-components")


@pytest.mark.parametrize("case", MODELS)
def test_criteria_count_what_metafor_counts(close, case):
    same_criteria(close, fitted(case), case["criteria"])


def test_predictions_and_random_effects_of_a_multilevel_model_equal_those_of_metafor(close):
    found, wanted = nested(moderators="x + published", data=ASSINK), VALUES["nested"]
    assert found.df.tolist() == wanted["df"]
    scale = float(np.sqrt(ASSINK.v.mean()))
    same_predictions(close, found.predict(), wanted["predict"], scale)
    for fit, values in ((found, wanted), (nested(), VALUES["mean"])):
        study, effect = fit.deviations().values()
        for table, own in ((study, values["study"]), (effect, values["effect"])):
            table = table.loc[own["names"]]
            for column in ("estimate", "se", "ci_low"):
                assert close(table[column], own[column], scale, "variance-components")


@pytest.mark.parametrize("case", VALUES["once"], ids=lambda case: case["structure"])
def test_a_level_with_one_effect_has_a_variance_where_the_mean_is_shared(close, case):
    inner = np.where(np.arange(len(RILEY)) == 0, "once", RILEY.inner)
    found = meta.multivariate(RILEY.y, RILEY.v, inner, RILEY.outer, structure=case["structure"])
    assert found.loglik >= case["criteria"]["REML"][0] - 1e-8
    order = [sorted(set(inner), key=str.lower).index(name) for name in found.inner_levels]
    assert close(found.tau2, np.array(case["tau2"])[order], 1e-2 * RILEY.v.mean(), "variance-components")
    same_criteria(close, found, case["criteria"])
    assert any("one effect, which alone tells" in note for note in found.notes)


@pytest.mark.parametrize("case", VALUES["never"], ids=lambda case: case["structure"])
def test_levels_that_never_meet_have_a_correlation_of_zero_that_is_not_counted(close, case):
    rows = RILEY.drop_duplicates("outer")
    found = meta.multivariate(rows.y, rows.v, rows.inner, rows.outer, structure=case["structure"])
    assert found.rho[0, 1] == 0
    wanted = case["tau2"] if len(case["tau2"]) > 1 else case["tau2"] * 2
    assert close(found.tau2, wanted, 1e-2 * RILEY.v.mean(), "variance-components")
    same_criteria(close, found, case["criteria"])
    assert any("No unit has two levels" in note for note in found.notes)
    assert found.component_intervals().reason.iloc[-1].startswith("the data do not tell")


def test_a_correlation_that_is_not_told_is_zero_at_the_edge_as_well():
    """Four levels, of which the first is in one unit alone, with correlations of 1 between the others."""
    rng = np.random.default_rng(3)
    outer, inner = np.repeat(np.arange(12), 3), np.tile(["b", "c", "d"], 12)
    y = rng.normal(0, 1, 12)[outer] + rng.normal(0, 0.05, 36)
    y, outer, inner = np.append(y, 0.5), np.append(outer, 99), np.append(inner, "a")
    found = meta.multivariate(y, np.full(37, 0.09), inner, outer)
    assert found.inner_levels == ("a", "b", "c", "d")
    assert found.rho[0, 1:].tolist() == [0, 0, 0]
    assert found.n_components == 4 + 3


def test_fewer_units_than_coefficients_leave_one_degree_of_freedom_as_in_metafor(close):
    rows, wanted = ASSINK[ASSINK.study == 1], VALUES["single"]
    found = meta.multilevel(rows.y, rows.v, rows[["study", "effect"]])
    assert found.df.tolist() == wanted["df"] == [1.0]
    assert found.ci_low == pytest.approx(wanted["ci_low"][0], rel=1e-4)
    same_criteria(close, found, wanted["criteria"])
    assert found.component_intervals().reason.iloc[0] == "the variance was not estimated"
    assert any("1 degree of freedom" in note for note in found.notes)


def test_a_variance_that_the_coefficients_explain_is_held_and_told():
    found = nested(moderators=ASSINK.study.astype(str).rename("paper"))
    assert found.sigma2[0] == 0
    assert found.n_components == 1
    assert any("The coefficients tell all that the units of study do" in note for note in found.notes)
    assert np.isfinite(found.component_intervals().loc["study/effect", "ci_high"])
    where = (RILEY.inner == "DFS") | (RILEY.outer == RILEY.outer[RILEY.inner == "OS"].iloc[0])
    rows = RILEY[where]
    one = meta.multivariate(rows.y, rows.v, rows.inner, rows.outer, moderators="0 + C(inner)", data=rows)
    assert one.tau2[one.inner_levels.index("OS")] == 0
    assert any("effects at OS" in note for note in one.notes)


def test_a_variance_of_zero_is_told():
    found = meta.multilevel([0.3, 0.31, 0.3, 0.29], np.full(4, 0.1), {"study": [1, 1, 2, 2], "effect": range(4)})
    assert any(note.startswith("The estimated variance of study and of study/effect is 0") for note in found.notes)
    other = meta.multivariate([0.3, 0.31, 0.3, 0.29], np.full(4, 0.1), ["a", "b"] * 2, [1, 1, 2, 2])
    assert any(note.startswith("The estimated variance of a and of b is 0") for note in other.notes)


def test_a_new_study_is_predicted_as_in_metafor_where_all_levels_share_a_variance(close):
    case = next(case for case in VALUES["models"] if not case["means"])
    found, wanted = fitted(case).prediction_interval(), case["predict"]
    assert close([found.low, found.high], wanted["pi_low"] + wanted["pi_high"], TYPICAL, "multilevel")


def test_a_new_study_is_predicted_at_its_level():
    found = fitted({"structure": "UN"})
    low = [found.prediction_interval(name).low for name in found.inner_levels]
    half = found.estimate - np.array(low)
    assert half**2 - found.se**2 * (half[0] ** 2 / (found.se**2 + found.tau2[0])) == pytest.approx(
        found.tau2 * (half[0] ** 2 / (found.se**2 + found.tau2[0])), rel=1e-9
    )
    with pytest.raises(ModelInputError, match="variance of its own: give inner, one of DFS, OS"):
        found.prediction_interval()
    with pytest.raises(ModelInputError, match="no inner level 'PFS'; the model has DFS, OS"):
        found.prediction_interval("PFS")
    common = fitted({"structure": "CS"})
    assert common.prediction_interval().high > common.ci_high


def test_a_profile_of_something_else_is_refused():
    found = fitted({"structure": "CS"})
    with pytest.raises(ModelInputError, match="no component 'sigma2' in this model; it has tau2, rho"):
        found.profile("sigma2", [0.1])
    with pytest.raises(ModelInputError, match="rho must lie from -1 to 1; got 2"):
        found.profile("rho", [2.0])


@pytest.mark.parametrize("kind", ["UN", "HCS", "CS"])
def test_a_fit_without_a_cluster_that_alone_has_a_level_lacks_its_variance(kind):
    few = RILEY.iloc[:30]
    inner = np.where(few.outer == few.outer[3], "rare", few.inner)
    found = meta.multivariate(few.y, few.v, inner, few.outer, structure=kind)
    left = meta.leave_one_cluster_out(found, few.outer)
    at = left.clusters.names.index(str(few.outer[3]))
    kept = np.flatnonzero(few.outer != few.outer[3])
    direct = meta.multivariate(few.y[kept], few.v[kept], few.inner[kept], few.outer[kept], structure=kind)
    assert left.fits[at].estimate == pytest.approx(direct.estimate, rel=1e-6)
    assert left.fits[at].loglik == pytest.approx(direct.loglik, abs=1e-7)
    assert "no effect is at rare" in left.reasons[at]
    row = left.to_frame().loc[left.clusters.names[at]].iloc[0]
    assert row.estimate == pytest.approx(direct.estimate, rel=1e-6)
    if kind != "CS":
        assert np.isnan(row["tau2 of rare"])
    assert "nan" not in left.fits[at].summary()
    influence = meta.cluster_influence(found, few.outer)
    assert np.isnan(influence.cooks_distance[at])
    assert influence.reasons[at] == left.reasons[at]


def test_an_orchard_of_outcomes_adds_the_variance_of_each_and_no_correlation():
    found = fitted({"structure": "UN", "means": True})
    table = meta.orchard(found, moderator="C(inner)").to_frame()
    predicted = found.predict().groupby(RILEY.inner.to_numpy()).first()
    assert table.twig_low.to_numpy() == pytest.approx(predicted.pi_low.loc[list(table.index)].to_numpy(), rel=1e-12)
    with pytest.raises(ModelInputError, match="several variances"):
        meta.orchard(found)


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (["1", 1, "2", "2"], "The cluster 1 is given in two ways \\(int and str\\)"),
        (["a", " ", "b", "b"], "The cluster is missing in row 1"),
        ("a", "one column with the name of a cluster for each effect; got 'a'"),
        (None, "one column with the name of a cluster"),
        (np.array([["a", "b"]] * 4), "one column"),
        (pd.DataFrame({"a": list("aabb")}), "one column"),
    ],
)
def test_clusters_that_are_no_column_of_names_are_refused(label, message):
    y, v = [0.1, 0.2, 0.5, 0.4], [0.1, 0.1, 0.2, 0.1]
    fit = meta.random_effects(y, v)
    for attempt in (
        lambda: meta.robust(fit, label),
        lambda: meta.cluster_influence(fit, label),
        lambda: meta.leave_one_cluster_out(fit, label),
        lambda: meta.aggregate(y, v, label, rho=0.5),
        lambda: meta.working_covariance(v, label, rho=0.5),
        lambda: meta.robust_variance_estimation(y, v, label),
        lambda: meta.correlated_hierarchical_effects(y, v, label),
        lambda: meta.multivariate(y, v, ["o", "p"] * 2, label),
    ):
        with pytest.raises(ModelInputError, match=message):
            attempt()


@pytest.mark.parametrize("rho", ["0.5", None, [0.5], np.array([0.1, 0.2]), np.nan, 1.5])
def test_a_correlation_that_is_no_number_between_its_bounds_is_refused(rho):
    y, v, study = [0.1, 0.2, 0.5, 0.4], [0.1, 0.1, 0.2, 0.1], list("aabb")
    attempts = [
        lambda: meta.robust_variance_estimation(y, v, study, rho=rho),
        lambda: meta.correlated_hierarchical_effects(y, v, study, rho=rho),
    ]
    if rho is not None:
        attempts += [
            lambda: meta.multilevel(y, v, study, rho=rho),
            lambda: meta.aggregate(y, v, study, rho=rho),
            lambda: meta.working_covariance(v, study, rho=rho),
        ]
    for attempt in attempts:
        with pytest.raises(ModelInputError, match="rho must lie between"):
            attempt()


@pytest.mark.parametrize("v", [["a"] * 4, 0.1, None, [[0.1, 0.2]]])
def test_variances_that_are_no_numbers_are_refused_by_aggregate(v):
    with pytest.raises(ModelInputError):
        meta.aggregate([0.1, 0.2, 0.5, 0.4], v, list("aabb"), rho=0.5)


def test_effects_that_agree_give_no_saddlepoint_and_no_warning():
    y, v, study = np.full(8, 0.3), np.linspace(0.05, 0.2, 8), np.repeat(list("abcd"), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for effects in (y, 0 * y):
            robust = meta.robust(meta.multilevel(effects, v, study), study)
            assert robust.saddlepoint().p_value.isna().all()
            found = meta.cluster_influence(meta.random_effects(effects, v), study)
            assert np.isnan(found.cooks_distance).all()
            assert "standard errors of the fit are 0" in found.summary()


def test_one_effect_has_no_heterogeneity_to_share():
    found = meta.multilevel([0.3], [0.02], {"study": ["a"], "effect": [1]})
    assert found.i2.tolist() == [0.0, 0.0]
    assert "I² 0.0%" in found.summary()


@pytest.mark.parametrize("seed", range(5))
def test_variances_of_all_sizes_give_the_standard_error_of_a_moment_estimate_without_warning(seed):
    rng = np.random.default_rng(seed)
    v = rng.permutation(10.0 ** np.linspace(-12, 12, 12))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = meta.regression(rng.normal(size=12), v, rng.normal(size=12), tau2="DL")
    assert found.tau2_se is None or np.isfinite(found.tau2_se)


def test_a_coefficient_that_one_cluster_alone_tells_of_is_not_tested():
    rng = np.random.default_rng(2)
    study, group = np.repeat(np.arange(8), 3), np.repeat(["b"] + ["a"] * 7, 3)
    fit = meta.multilevel(rng.normal(size=24), np.full(24, 0.1), study, moderators=pd.DataFrame({"group": group}))
    found = meta.robust(fit, study, kind="CR1")
    assert found.untold.tolist() == [False, False]
    own = meta.multilevel(
        rng.normal(size=24), np.full(24, 0.1), study, moderators="0 + group", data=pd.DataFrame({"group": group})
    )
    found = meta.robust(own, study, kind="CR1")
    assert found.untold.tolist() == [False, True]
    assert np.isnan(found.coefficients.p_value.iloc[1])
    assert np.isfinite(found.coefficients.p_value.iloc[0])
    assert "no two clusters tell of" in found.wald_test().reason
    assert found.wald_test([[1, 0]]).p_value is not None
    assert "nan" not in found.summary()


@pytest.mark.parametrize("structure", ["UN", "HCS"])
def test_a_profile_over_variances_that_cannot_be_inverted_gives_limits_or_a_reason(structure):
    draw = np.random.default_rng(7)
    v, study = draw.uniform(0.01, 0.2, 16), np.arange(16) * 6 // 16
    y = 0.2 + draw.normal(size=16) * np.sqrt(v + 0.05)
    found = meta.multivariate(y, v, np.arange(16) % 2, study, structure=structure, moderators=2000.0 + np.arange(16))
    table = found.component_intervals()
    assert (table[["ci_low", "ci_high"]].notna().all(axis=1) | (table.reason != "")).all()
    assert np.isfinite(found.profile(table.index[0], [0.0, 0.1])).all()
