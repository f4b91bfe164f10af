"""Cluster-robust inference against R's clubSandwich and metafor."""

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
VALUES = json.loads((REFERENCE / "dependent_effects.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
UNIVARIATE = [
    pytest.param(case, id=f"{case['data']}-{len(case['moderators'])}-{'weights' if case.get('weights') else 'inverse'}")
    for case in VALUES["univariate"]
]


def data_of(case):
    return pd.DataFrame(VALUES["sets"][case["data"]])


def fitted(case):
    data = data_of(case)
    chosen = {"weights": case["weights"]} if case.get("weights") else {}
    if not case["moderators"]:
        return meta.random_effects(data.y, data.v, test="z", **chosen)
    return meta.regression(data.y, data.v, data[case["moderators"]], test="z", **chosen)


def assert_kinds_agree(result, study, kinds, tolerance):
    for wanted in kinds:
        found = meta.robust(result, study, kind=wanted["kind"])
        wished = np.array(wanted["covariance"])
        scale = np.sqrt(np.outer(np.diag(wished), np.diag(wished)))
        assert np.abs(found.covariance - wished).max() <= tolerance * scale.max()
        assert found.df == pytest.approx(wanted["df"], rel=tolerance)
        assert found.coefficients.p_value.to_numpy() == pytest.approx(wanted["p"], rel=10 * tolerance, abs=tolerance)
        saddlepoint = found.saddlepoint().p_value.to_numpy()
        assert saddlepoint == pytest.approx(wanted["p_saddlepoint"], abs=10 * tolerance)
        for test in wanted["wald"]:
            shown = found.wald_test(method=test["method"])
            assert shown.statistic == pytest.approx(test["statistic"], rel=10 * tolerance)
            if test["df_denom"] is not None and np.isfinite(float(test["df_denom"])):
                assert shown.df_denom == pytest.approx(test["df_denom"], rel=10 * tolerance)
            if test["p"] is not None:
                assert shown.p_value == pytest.approx(test["p"], rel=100 * tolerance, abs=tolerance)
            else:
                assert shown.p_value is None
                assert "degrees of freedom" in shown.reason


def assert_equals_metafors_robust(found, wanted, tolerance):
    table = found.coefficients
    for name in ("se", "ci_low", "ci_high"):
        assert table[name].to_numpy() == pytest.approx(wanted[name], rel=tolerance, abs=tolerance)
    assert table.p_value.to_numpy() == pytest.approx(wanted["p"], rel=10 * tolerance, abs=tolerance)
    if wanted["qm_p"] is not None:
        assert found.qm == pytest.approx(wanted["qm"], rel=10 * tolerance)
        assert found.qm_p == pytest.approx(wanted["qm_p"], rel=100 * tolerance)


@pytest.mark.parametrize("case", UNIVARIATE)
def test_covariances_and_tests_of_univariate_fits_equal_those_of_clubsandwich(case):
    assert_kinds_agree(fitted(case), data_of(case).study, case["kinds"], TOLERANCE["iterated"])


@pytest.mark.parametrize("case", [case for case in UNIVARIATE if case.values[0].get("robust")])
def test_robust_inference_equals_that_of_metafors_robust(case):
    result, study, wanted = fitted(case), data_of(case).study, case["robust"]
    plain = meta.robust(result, study, kind="CR1p", test="naive-tp")
    assert_equals_metafors_robust(plain, wanted["metafor"], TOLERANCE["iterated"])
    assert_equals_metafors_robust(meta.robust(result, study), wanted["clubsandwich"], TOLERANCE["iterated"])


def test_a_single_constraint_by_htz_is_the_satterthwaite_t_test():
    data = pd.DataFrame(VALUES["sets"]["satcoaching"])
    found = meta.robust(meta.regression(data.y, data.v, data[["verbal", "hours"]]), data.study)
    for row, term in enumerate(found.terms):
        test = found.wald_test([term])
        assert test.statistic == pytest.approx(found.coefficients.statistic.iloc[row] ** 2)
        assert test.df_denom == pytest.approx(found.df[row])
        assert test.p_value == pytest.approx(found.coefficients.p_value.iloc[row])


def test_moderators_are_tested_with_all_their_columns():
    data = pd.DataFrame(VALUES["sets"]["satcoaching"])
    frame = pd.DataFrame({"era": np.where(data.year > 4, "late", np.where(data.year > -4, "middle", "early"))})
    found = meta.robust(meta.regression(data.y, data.v, frame), data.study)
    by_name, by_matrix = found.wald_test(moderators="era"), found.wald_test(np.eye(3)[1:])
    assert by_name.df_num == 2
    assert by_name.statistic == by_matrix.statistic == found.omnibus.statistic
    with pytest.raises(ModelInputError, match="no moderator 'eras'"):
        found.wald_test(moderators="eras")


def test_few_degrees_of_freedom_are_said_to_be_too_few():
    data = pd.DataFrame(VALUES["sets"]["konstantopoulos2011"])
    found = meta.robust(meta.regression(data.y, data.v, data[["year", "alone"]]), data.study)
    assert any("Do not trust" in note for note in found.notes)
    assert not meta.robust(meta.random_effects(data.y, data.v), data.study).notes
    assert "Do not trust" in found.summary()
    assert "CR2" in found._repr_html_()


def test_effects_in_clusters_of_one_have_the_covariance_of_independent_effects():
    y, v = np.array([0.1, 0.5, 0.2, 0.7, -0.1]), np.array([0.01, 0.04, 0.02, 0.09, 0.05])
    found = meta.robust(meta.random_effects(y, v, tau2="EE"), range(5), kind="CR0")
    w = 1 / v
    assert found.se**2 == pytest.approx(np.sum(w**2 * (y - np.sum(w * y) / w.sum()) ** 2) / w.sum() ** 2)


def test_wrong_clusters_are_refused_with_their_rows():
    result = meta.random_effects([0.1, 0.2, 0.4], [0.1, 0.1, 0.2])
    with pytest.raises(ModelInputError, match="3 studies and 2 clusters"):
        meta.robust(result, ["a", "b"])
    with pytest.raises(ModelInputError, match="missing in row 1"):
        meta.robust(result, ["a", None, "b"])
    with pytest.raises(ModelInputError, match="one cluster"):
        meta.robust(result, ["a", "a", "a"])
    with pytest.raises(ModelInputError, match="kind must be one of CR0"):
        meta.robust(result, ["a", "b", "b"], kind="CR9")


def test_corrections_that_do_not_exist_are_refused():
    data = pd.DataFrame(VALUES["sets"]["konstantopoulos2011"])
    alone = meta.regression(data.y, data.v, data[["alone"]])
    with pytest.raises(ModelInputError, match="cluster 56 alone tells"):
        meta.robust(alone, data.study, kind="CR3")
    two = meta.regression([0.1, 0.4, 0.2, 0.3], [0.1, 0.2, 0.1, 0.1], [0, 1, 2, 4])
    with pytest.raises(ModelInputError, match="CR1p no degrees of freedom"):
        meta.robust(two, ["a", "a", "b", "b"], kind="CR1p")


def test_more_constraints_than_clusters_tell_of_have_a_reason():
    draw = np.random.default_rng(4)
    y, v, x = draw.normal(size=10), draw.uniform(0.1, 0.3, 10), draw.normal(size=(10, 3))
    found = meta.robust(meta.regression(y, v, x), ["a"] * 5 + ["b"] * 5)
    assert found.omnibus.p_value is None
    assert "cannot tell of 3 constraints" in found.omnibus.reason
    assert found.qm is None
    assert "cannot tell" in found.summary()


def test_a_coefficient_that_no_two_clusters_tell_of_is_said_to_be_so():
    result = meta.random_effects([0.3, 0.1], [0.1, 0.2], weights=[1, 0])
    assert any("No two clusters tell of mean" in note for note in meta.robust(result, [1, 2]).notes)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-6, 6))
def test_order_of_rows_and_units_do_not_matter(seed, power):
    draw = np.random.default_rng(seed)
    k = 14
    study = draw.integers(0, 5, k)
    study[:5] = range(5)
    y, v = draw.normal(size=k), draw.uniform(0.05, 0.5, k)
    x = draw.normal(size=k)
    unit, order = 10.0**power, draw.permutation(k)
    found = meta.robust(meta.regression(y, v, x), study)
    other = meta.robust(meta.regression(unit * y[order], unit**2 * v[order], x[order]), study[order])
    assert other.df == pytest.approx(found.df, rel=1e-6)
    assert other.standard_errors / unit == pytest.approx(found.standard_errors, rel=1e-6)


@pytest.mark.parametrize("small", [1e-12, 1e-6, 1e6, 1e12])
def test_variances_far_apart_in_different_clusters_do_not_spoil_the_result(small):
    y = np.array([0.1, 0.3, 0.5, 0.2, 0.6, 0.4])
    v = np.array([small, small, 1.0, 1.0, 1.0, 1.0])
    found = meta.robust(meta.random_effects(y, v, tau2="EE"), [1, 1, 2, 2, 3, 3])
    assert 0 < found.se < np.inf
    assert np.isfinite(found.df).all()


@pytest.mark.parametrize("effect", [0.0, 0.3, 1 / 3])
@pytest.mark.parametrize("kind", ["CR0", "CR1p", "CR2", "CR3"])
def test_effects_that_all_agree_have_no_robust_test_and_a_note(effect, kind):
    study = np.repeat(range(4), 3)
    y, v = np.full(12, effect), np.linspace(0.02, 0.2, 12)
    found = meta.robust(meta.multilevel(y, v, {"study": study}), study, kind=kind)
    assert (found.se, found.estimate) == (0.0, pytest.approx(effect))
    assert np.isnan([found.statistic, found.p_value]).all()
    assert found.coefficients[["statistic", "p_value"]].isna().all(axis=None)
    assert found.qm is None
    assert "all effects agree" in found.omnibus.reason
    assert found.saddlepoint().isna().all(axis=None)
    assert any("All effects agree with the model" in note for note in found.notes)
    assert "p –" in found.summary()


def test_effects_on_a_line_of_the_moderator_have_no_robust_test():
    study, x = np.repeat(range(4), 3), np.linspace(0.1, 0.7, 12)
    for found in (
        meta.robust(meta.regression(1 + x / 3, np.linspace(0.02, 0.2, 12), x), study),
        meta.robust_variance_estimation(1 + x / 3, np.linspace(0.02, 0.2, 12), study, moderators=x),
        meta.correlated_hierarchical_effects(1 + x / 3, np.linspace(0.02, 0.2, 12), study, moderators=x),
    ):
        assert found.coefficients.p_value.isna().all()
        assert found.coefficients.estimate.tolist() == pytest.approx([1, 1 / 3])
        assert any("All effects agree" in note for note in found.notes)
    saturated = meta.robust(meta.regression(1 + x, np.full(12, 0.1), np.eye(12)[:, 1:]), study)
    assert any("as many coefficients" in note for note in saturated.notes)
    with pytest.raises(ModelInputError, match="no moderator 3"):
        saturated.wald_test(moderators=3)
    assert np.isfinite(meta.robust(meta.random_effects(1e6 + x, np.full(12, 0.1)), study).p_value)


def test_what_is_no_fit_with_marginal_variances_is_refused():
    y, v, study = np.linspace(0, 1, 12), np.full(12, 0.1), np.repeat(range(4), 3)
    robust = meta.robust(meta.random_effects(y, v), study)
    for other in (None, y, "text", meta.bayesian(y, v), robust):
        for call in (
            lambda fit: meta.robust(fit, study),
            lambda fit: meta.cluster_influence(fit, study),
            lambda fit: meta.leave_one_cluster_out(fit, study),
            meta.orchard,
        ):
            with pytest.raises(ModelInputError, match="takes a fit of random_effects"):
                call(other)
