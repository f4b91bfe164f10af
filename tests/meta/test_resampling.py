"""Leave-one-out, GOSH and the bootstrap against metafor, fit by fit, and what holds of them whatever the data."""

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
from toolkit.meta import stack_fit
from toolkit.meta.sensitivity.bootstrap import Bootstrap, Resampling, _with_studies

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "metafor_resampling.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
DATA = {name: {key: np.array(values) for key, values in columns.items()} for name, columns in VALUES["data"].items()}
TWELVE_Y = np.array([0.3, 0.1, 0.8, -0.2, 0.4, 0.35, 0.05, 0.6, 0.15, 0.9, 0.2, 0.45])
TWELVE_V = np.array([0.02, 0.05, 0.04, 0.03, 0.01, 0.06, 0.02, 0.08, 0.03, 0.05, 0.02, 0.04])


def fitted(case, estimator="REML", test="knha"):
    data = DATA[case["data"]]
    estimator, test = case.get("estimator", estimator), case.get("test", test)
    if case.get("moderated"):
        return meta.regression(data["yi"], data["vi"], data["x"], tau2=estimator, test=test)
    return meta.random_effects(data["yi"], data["vi"], tau2=estimator, test=test)


def tolerance(result):
    return TOLERANCE["iterated" if result.settings.estimator in ("ML", "REML", "EB", "PM") else "closed-form"]


def assert_close(found, wanted, tolerance, size):
    """Equal where the reference has a number, relative to it or to what it is made of."""
    wanted = np.array(wanted, dtype=float)
    known = ~np.isnan(wanted)
    assert np.all(np.abs(found - wanted)[known] <= tolerance * np.maximum(np.abs(wanted), size)[known])


def identify(case):
    return "-".join(str(case[name]) for name in ("data", "estimator", "test", "kind", "moderated") if name in case)


@pytest.mark.parametrize("case", VALUES["leave_one_out"], ids=identify)
def test_leaving_each_study_out_equals_leave1out(case):
    result = fitted(case)
    found = meta.leave_one_out(result).to_frame()
    assert found.reason.eq("").all()
    sizes = dict.fromkeys(("estimate", "ci_low", "ci_high"), result.se) | {"i2": 0.1, "p_value": 1e-3, "q_p": 1e-3}
    sizes |= {"tau2": float(np.mean(result.v)) / 1000, "statistic": 1.0}
    for name in "estimate se statistic p_value ci_low ci_high q q_p tau2 i2 h2".split():
        assert_close(found[name], case[name], tolerance(result), sizes.get(name, 1e-12))


@pytest.mark.parametrize("case", VALUES["gosh"], ids=identify)
def test_all_subsets_equal_those_of_gosh(case):
    result = fitted(case)
    found = meta.gosh(result)
    assert found.exact
    by_size = np.argsort(found.fit.k, kind="stable")
    frame, spread = found.to_frame().iloc[by_size], float(np.mean(result.v)) / 1000
    assert frame.k.tolist() == case["k"]
    assert_close(found.fit.beta[by_size], case["beta"], tolerance(result), result.standard_errors.max())
    for name, size in {"q": 1e-9, "i2": 0.1, "tau2": spread}.items():
        assert_close(frame[name], case[name], tolerance(result), size)
    # gosh() has a short cut for DL that gives Q / df for H2, which rma() itself cuts at 1.
    h2 = np.array(case["h2"], dtype=float)
    assert_close(frame.h2, np.maximum(h2, 1) if result.settings.estimator == "DL" else h2, tolerance(result), 1.0)


@pytest.mark.parametrize("case", VALUES["bootstrap"], ids=identify)
def test_refits_to_the_draws_of_r_equal_those_of_metafor(case):
    result, draws = fitted(case), np.array(case["draws"])
    stack = _with_studies(result.stack, draws) if case["kind"] == "studies" else result.stack.with_effects(draws)
    found = stack_fit.fit_stack(stack, result.settings)
    assert_close(found.beta, case["beta"], tolerance(result), result.standard_errors.max())
    assert_close(found.tau2, case["tau2"], tolerance(result), float(np.mean(result.v)) / 1000)
    assert_close(found.i2, case["i2"], tolerance(result), 0.1)


def test_the_reference_covers_every_kind_of_resampling():
    assert {case["kind"] for case in VALUES["bootstrap"]} == set(Resampling)
    assert {case["moderated"] for part in ("gosh", "bootstrap") for case in VALUES[part]} == {True, False}
    assert VALUES["source"]["metafor"] == "3.8.1"


@pytest.mark.parametrize(("interval", "method"), [("percentile", "percentile"), ("BCa", "BCa")])
def test_bootstrap_limits_equal_those_of_scipy_on_the_same_replicates(interval, method):
    from scipy import stats

    def pooled(y, v, axis=-1):
        return meta.batch(np.atleast_2d(y), np.atleast_2d(v)).estimate.to_numpy().reshape(np.shape(y)[:-1])

    result = meta.random_effects(TWELVE_Y, TWELVE_V)
    found = meta.bootstrap(result, replicates=999, kind="studies", seed=3)
    drawn = found.fit.beta[:, 0]
    none = stats.bootstrap((TWELVE_Y, TWELVE_V), pooled, paired=True, n_resamples=2, method="percentile", rng=1)
    none.bootstrap_distribution = drawn
    theirs = stats.bootstrap(
        (TWELVE_Y, TWELVE_V), pooled, paired=True, n_resamples=0, method=method, bootstrap_result=none
    )
    ours = found.to_frame(interval).loc["mean"]
    limits = theirs.confidence_interval
    assert (ours.ci_low, ours.ci_high) == pytest.approx((limits.low, limits.high), rel=TOLERANCE["closed-form"])
    assert ours.se == pytest.approx(theirs.standard_error, rel=TOLERANCE["closed-form"])


@pytest.mark.parametrize("kind", Resampling)
def test_a_bootstrap_is_the_same_for_the_same_seed_however_it_is_spread(monkeypatch, kind):
    result = meta.random_effects(TWELVE_Y, TWELVE_V)
    whole = meta.bootstrap(result, replicates=200, kind=kind, seed=5)
    monkeypatch.setattr(stack_fit, "_PARCEL_CELLS", 600)
    spread = meta.bootstrap(result, replicates=200, kind=kind, seed=5, jobs=2)
    np.testing.assert_allclose(spread.fit.beta, whole.fit.beta, rtol=1e-12)
    assert not np.array_equal(meta.bootstrap(result, replicates=200, kind=kind, seed=6).fit.beta, whole.fit.beta)


def test_a_parametric_bootstrap_finds_the_standard_error_of_the_model():
    result = meta.random_effects(TWELVE_Y, TWELVE_V, test="z")
    frame = meta.bootstrap(result, replicates=20_000).to_frame()
    assert frame.se["mean"] == pytest.approx(result.se, rel=0.05)
    assert abs(frame.bias["mean"]) < 0.05 * result.se
    assert frame.ci_low["tau2"] == 0


def test_bootstrap_limits_that_are_not_defined_say_why():
    alike = meta.random_effects([0.4, 0.4, 0.4], [0.1, 0.2, 0.3])
    frame = meta.bootstrap(alike, replicates=50, kind="studies").to_frame("BCa")
    assert frame.reason["tau2"] == "All replicates agree, so there is nothing to correct: take percentile limits."
    with pytest.raises(ModelInputError, match="interval='percentile'"):
        meta.bootstrap(alike, replicates=50).to_frame("BCa")


def test_replicates_without_moderator_variation_are_left_out_and_counted():
    result = meta.regression(TWELVE_Y[:4], TWELVE_V[:4], np.array([0, 0, 0, 1.0]))
    found = meta.bootstrap(result, replicates=100, kind="studies")
    unfitted = int((found.fit.reason != "").sum())
    assert 0 < unfitted < 100
    assert f"{unfitted} replicates could not be fitted" in found.summary()
    assert np.isfinite(found.to_frame()[["estimate", "se", "ci_low"]].to_numpy()).all()


def test_random_subsets_follow_their_seed_and_hold_half_of_the_studies():
    result = meta.random_effects(TWELVE_Y, TWELVE_V)
    found = meta.gosh(result, subsets=3000, seed=4)
    assert not found.exact
    assert found.included.mean() == pytest.approx(0.5, abs=0.02)
    assert found.included.any(1).all()
    np.testing.assert_array_equal(meta.gosh(result, subsets=3000, seed=4).fit.beta, found.fit.beta)
    row = 17
    chosen = found.included[row]
    alone = meta.random_effects(TWELVE_Y[chosen], TWELVE_V[chosen])
    assert found.to_frame().estimate[row] == pytest.approx(alone.estimate)


def test_gosh_shows_the_study_that_the_fits_cluster_by():
    result = fitted({"data": "outlier"})
    shifts = meta.gosh(result).by_study()
    assert shifts.estimate_difference.abs().idxmax() == "Study 5"
    assert shifts.i2_difference.idxmax() == "Study 5"


def test_subsets_whose_moderators_do_not_vary_say_so():
    result = meta.regression(TWELVE_Y[:5], TWELVE_V[:5], np.array([0, 0, 0, 1.0, 1.0]))
    frame = meta.gosh(result).to_frame()
    assert (frame.reason == "The moderators are linearly dependent in these studies.").sum() == 5  # 4 of 0s, 1 of 1s
    assert frame[frame.reason == ""].notna().all(axis=None)


def test_leave_one_out_names_the_studies_that_decide():
    result = meta.random_effects([0.5, 0.45, 0.6, 0.05], [0.02, 0.03, 0.02, 0.02], test="z", labels=list("abcd"))
    found = meta.leave_one_out(result)
    assert list(found.to_frame().index) == list("abcd")
    assert "none of them decides" in found.summary()
    weak = meta.leave_one_out(meta.random_effects([0.1, 0.6, 0.2], [0.05, 0.02, 0.05], test="z"))
    assert "2 of them decide" in weak.summary()


def test_two_studies_leave_one_that_is_tested_by_z_and_one_leaves_none():
    two = meta.leave_one_out(meta.random_effects([0.2, 0.4], [0.04, 0.01])).to_frame()
    assert two.estimate.tolist() == [0.4, 0.2]
    assert two.se.tolist() == pytest.approx([0.1, 0.2])
    assert two.df.isna().all()
    one = meta.leave_one_out(meta.random_effects([0.2], [0.04])).to_frame()
    assert one.reason.tolist() == ["There is no study."]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-30, 30), st.floats(-6, 6)), min_size=2, max_size=7), st.sampled_from(["DL", "REML"])
)
def test_subsets_of_one_less_are_the_leave_one_out_fits_at_any_size_of_variance(studies, estimator):
    y, log_v = np.array(studies).T
    result = meta.random_effects(y, 10.0**log_v, tau2=estimator)
    subsets = meta.gosh(result)
    without = meta.leave_one_out(result).to_frame()
    for study in range(result.k):
        row = np.flatnonzero((subsets.included.sum(1) == result.k - 1) & ~subsets.included[:, study])
        np.testing.assert_allclose(subsets.fit.beta[row, 0], without.estimate.iloc[study], rtol=1e-9, atol=1e-12)
    full = subsets.included.all(1)
    np.testing.assert_allclose(subsets.fit.tau2[full], result.tau2, rtol=1e-8, atol=1e-14)


def test_results_show_themselves():
    result = meta.random_effects(TWELVE_Y, TWELVE_V)
    for shown in (meta.gosh(result, subsets=100), meta.bootstrap(result, replicates=100), meta.leave_one_out(result)):
        assert shown.summary()
        assert "<table>" in shown._repr_html_()
        assert isinstance(shown.to_frame(), pd.DataFrame)
    assert isinstance(meta.bootstrap(result, replicates=10), Bootstrap)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda one, model: meta.gosh(one), "needs two studies or more"),
        (lambda one, model: meta.gosh(model, subsets=1), "subsets must be a whole number from 2 to 10,000,000; got 1"),
        (lambda one, model: meta.bootstrap(one), "needs two or more"),
        (
            lambda one, model: meta.bootstrap(model, replicates=1),
            "a whole number of 2 or more; got 1",
        ),
        (lambda one, model: meta.bootstrap(model, kind="rows"), "kind must be one of parametric, studies"),
        (lambda one, model: meta.leave_one_out(model), "Use influence"),
    ],
)
def test_what_cannot_be_resampled_is_told_with_its_remedy(call, message):
    one = meta.random_effects([0.2], [0.04])
    model = meta.regression(TWELVE_Y, TWELVE_V, np.arange(12.0))
    with pytest.raises(ModelInputError) as raised:
        call(one, model)
    assert message in str(raised.value)


def test_a_slope_without_an_intercept_is_tested_by_moving_its_moderator():
    frame = pd.DataFrame({"x": [1.0, 3.0, 2.0, 5.0, 4.0]})
    result = meta.regression([0.1, 0.4, 0.2, 0.9, 0.5], [0.02] * 5, "0 + x", data=frame)
    found = meta.permutation_test(result)
    assert found.permutations == 120
    assert found.p_values[0] >= 1 / 120  # once compared with the statistics of means, and p was 0
