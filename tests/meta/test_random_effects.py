"""What random_effects does whatever the data: invariances, edges, a second implementation, and bad input."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta import heterogeneity

ESTIMATORS = [estimator for estimator in meta.Tau2Estimator if estimator != "GENQ"]  # it needs weights


@st.composite
def study_sets(draw, min_k=2):
    k = draw(st.integers(min_k, 12))
    # Effects of the order of 1, standard errors from a thousandth of that to a hundred times it.
    y = draw(st.lists(st.integers(-3000, 3000), min_size=k, max_size=k))
    log_v = draw(st.lists(st.floats(-6, 4), min_size=k, max_size=k))
    return np.array(y) / 1000, 10.0 ** np.array(log_v)


def numbers(result):
    return np.array([result.estimate, result.se, result.ci_low, result.ci_high, result.tau2, result.q])


def assert_same(found, wanted, size):
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7 * size)


@settings(max_examples=60, deadline=None)
@given(study_sets(), st.sampled_from(ESTIMATORS), st.randoms(use_true_random=False))
def test_the_order_of_studies_does_not_matter(data, estimator, random):
    y, v = data
    order = list(range(len(y)))
    random.shuffle(order)
    assert_same(
        numbers(meta.random_effects(y[order], v[order], tau2=estimator)),
        numbers(meta.random_effects(y, v, tau2=estimator)),
        1.0,
    )


@settings(max_examples=60, deadline=None)
@given(study_sets(), st.sampled_from(ESTIMATORS), st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
def test_the_unit_of_measurement_does_not_matter(data, estimator, unit):
    y, v = data
    plain = numbers(meta.random_effects(y, v, tau2=estimator))
    scaled = numbers(meta.random_effects(y * unit, v * unit**2, tau2=estimator))
    assert_same(scaled / [unit, unit, unit, unit, unit**2, 1.0], plain, 1.0)


@settings(max_examples=60, deadline=None)
@given(study_sets(), st.sampled_from(ESTIMATORS), st.sampled_from([-5.0, 3.0, 100.0]))
def test_a_constant_added_to_all_effects_moves_the_mean_alone(data, estimator, shift):
    y, v = data
    plain = numbers(meta.random_effects(y, v, tau2=estimator))
    moved = numbers(meta.random_effects(y + shift, v, tau2=estimator))
    assert_same(moved - np.array([1, 0, 1, 1, 0, 0]) * shift, plain, 1.0)


@settings(max_examples=60, deadline=None)
@given(study_sets(), st.sampled_from(ESTIMATORS))
def test_the_mean_lies_among_the_effects_and_weights_add_up(data, estimator):
    y, v = data
    result = meta.random_effects(y, v, tau2=estimator)
    assert y.min() - 1e-9 <= result.estimate <= y.max() + 1e-9
    assert result.weights.sum() == pytest.approx(100)
    assert result.tau2 >= 0
    assert 0 <= result.i2 <= 100


@settings(max_examples=60, deadline=None)
@given(study_sets(min_k=3), st.booleans())
def test_no_tau2_has_a_higher_likelihood_than_the_estimate(data, restricted):
    y, v = data
    result = meta.random_effects(y, v, tau2="REML" if restricted else "ML")
    trial = np.concatenate([[0.0], np.geomspace(1e-8, 1e4, 500)])
    from toolkit.meta.likelihood import log_likelihood
    from toolkit.meta.stack import Stack

    stack = Stack(np.broadcast_to(y, (len(trial), len(y))), np.broadcast_to(v, (len(trial), len(y))))
    assert result.loglik >= log_likelihood(stack, trial, restricted=restricted).max() - 1e-7


@settings(max_examples=40, deadline=None)
@given(study_sets(min_k=3))
def test_q_profile_limits_solve_their_equation(data):
    from scipy.special import chdtrc

    y, v = data
    found = meta.random_effects(y, v).heterogeneity_interval()
    for limit, tail in ((found.tau2[1], 0.025), (found.tau2[2], 0.975)):
        w = 1 / (v + limit)
        q = np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2)
        if limit > 0:
            assert chdtrc(len(y) - 1, q) == pytest.approx(tail, abs=1e-6)
        else:
            assert chdtrc(len(y) - 1, q) >= tail - 1e-9


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("test", meta.Test)
def test_one_study_is_its_own_mean_and_says_what_cannot_be_computed(estimator, test):
    result = meta.random_effects([0.3], [0.04], tau2=estimator, test=test)
    assert (result.estimate, result.se, result.tau2, result.test) == (0.3, 0.2, 0.0, "z")
    assert result.tau2_se is None
    assert result.prediction_interval().reason
    assert result.heterogeneity_interval().tau2[1:] == (None, None)
    assert result.heterogeneity_interval().reason
    assert bool(result.notes) == (test != "z")


def test_a_single_study_takes_the_whole_weight_when_it_dominates():
    result = meta.random_effects([0.5, 3.0, -2.0], [1e-12, 50.0, 80.0])
    assert result.estimate == pytest.approx(0.5)
    assert result.tau2 == 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_effects_that_agree_exactly_have_no_heterogeneity(estimator):
    result = meta.random_effects([0.4, 0.4, 0.4], [0.1, 0.2, 0.3], tau2=estimator)
    assert result.tau2 == pytest.approx(0, abs=1e-30)
    assert result.estimate == pytest.approx(0.4)


def test_a_knapp_hartung_standard_error_of_zero_is_pointed_out():
    result = meta.random_effects([0.4, 0.4, 0.4], [0.1, 0.2, 0.3])
    assert result.se == 0
    assert "use test='adhoc'" in result.notes[0]
    assert meta.random_effects([0.4, 0.4, 0.4], [0.1, 0.2, 0.3], test="adhoc").se > 0


def test_a_knapp_hartung_interval_below_the_common_effect_one_is_pointed_out():
    result = meta.random_effects([0.3, 0.31, 0.3], [0.02, 0.05, 0.03])
    assert result.tau2 == 0
    assert "compare with test='adhoc'" in result.notes[0]


def test_knapp_hartung_is_not_used_for_a_common_effect():
    result = meta.random_effects([0.1, 0.4, 0.2], [0.02, 0.05, 0.03], tau2="EE")
    assert result.test == "z"
    assert result.settings.test == "knha"
    assert "z in place of knha" in result.notes[0]
    assert "share one effect" in result.prediction_interval().reason


def test_statsmodels_gives_the_same_where_it_is_right():
    from statsmodels.stats.meta_analysis import combine_effects

    y = np.array([0.1, 0.5, -0.2, 0.9, 0.3, 0.35])
    v = np.array([0.02, 0.03, 0.04, 0.05, 0.02, 0.01])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method, estimator, tolerance in (("chi2", "DL", 1e-9), ("iterated", "PM", 1e-4)):
            theirs = combine_effects(y, v, method_re=method, use_t=True)
            ours = meta.random_effects(y, v, tau2=estimator)
            assert ours.tau2 == pytest.approx(theirs.tau2, rel=tolerance)
            assert ours.estimate == pytest.approx(theirs.mean_effect_re, rel=tolerance)
            assert ours.se == pytest.approx(theirs.sd_eff_w_re_hksj, rel=tolerance)
    common = meta.random_effects(y, v, tau2="EE", test="z")
    assert (common.estimate, common.se) == pytest.approx((theirs.mean_effect_fe, theirs.sd_eff_w_fe), rel=1e-12)
    assert common.q == pytest.approx(theirs.q, rel=1e-12)


@pytest.mark.parametrize(
    ("y", "v", "options", "message"),
    [
        ([0.1, 0.2], [0.1], {}, "y has 2 values and v has 1"),
        ([], [], {}, "There is no study"),
        ([0.1, "n.s."], [0.1, 0.1], {}, "found 'n.s.' in row 1"),
        ([0.1, 1j], [0.1, 0.1], {}, "found 1j in row 1"),
        (np.array([1.0, 1j]), [0.1, 0.1], {}, "(1+0j) in row 0, 1j in row 1"),
        (np.array(["2020-01-01", "NaT"], "M8[D]"), [0.1, 0.1], {}, "y must hold one number a study"),
        (
            pd.Series(pd.date_range("2020-01-01", periods=2)),
            [0.1, 0.1],
            {},
            "Timestamp('2020-01-01 00:00:00') in row 0",
        ),
        ([0.1, 0.2], pd.Series(pd.to_timedelta([1, 2])), {}, "v must hold one number a study"),
        ([0.1, 0.2], [0.1, 0.1], {"labels": 5}, "labels must be a list, a label a study; got 5"),
        ([0.1, None], [0.1, 0.1], {"labels": ["Ann", "Bo"]}, "y is missing or infinite in 1 of 2 studies (row 1 (Bo)"),
        ([0.1, 0.2, 0.3], [0.1, -0.1, 0.0], {}, "v must be above 0 in 2 of 3 studies (row 1: -0.1; row 2: 0)"),
        ([[0.1]], [[0.1]], {}, "y must have the shape (k,), one number a study; its shape is (1, 1)"),
        ([0.1], [np.inf], {}, "v is missing or infinite"),
        ([0.1, 0.2], [0.1, 0.1], {"labels": ["Ann"]}, "1 labels for 2 studies"),
        ([0.1], [0.1], {"tau2": "FE"}, "tau2 must be one of EE, DL"),
        ([0.1], [0.1], {"test": "hksj"}, "test must be one of z, t, knha, adhoc"),
        ([0.1], [0.1], {"level": 95}, "level must lie between 0 and 1"),
    ],
)
def test_bad_input_is_told_what_was_found_and_where(y, v, options, message):
    with pytest.raises(ModelInputError) as raised:
        meta.random_effects(y, v, **options)
    assert message in str(raised.value)


def test_a_search_that_does_not_settle_raises(monkeypatch):
    def unsettled(stack, equation, ends):
        n = len(stack.y)
        return np.full(n, 0.1), np.full(n, 100), np.zeros(n, bool)

    monkeypatch.setattr(heterogeneity, "bracketed_root", unsettled)
    with pytest.raises(ConvergenceError, match=r"did not settle in 100 steps \(last value 0\.1\)"):
        meta.random_effects([0.1, 0.9, 2.0], [0.01, 0.01, 0.02], tau2="PM")
