"""Sums of weighted chi-squares, and the intervals that stand on them or on a quantile by name."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtrc

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.meta.quadratic_forms import upper_tail

Y = np.array([0.1, 0.5, -0.2, 0.9, 0.3, 0.35])
V = np.array([0.02, 0.03, 0.04, 0.05, 0.02, 0.01])


@pytest.mark.parametrize(("q", "wanted"), [(0.1, 0.9458), (0.7, 0.5064), (2.0, 0.1240)])
def test_tails_are_those_of_imhof_1961(q, wanted):
    # Biometrika 48:419, table 1, first form: 0.6, 0.3 and 0.1 with one degree of freedom each.
    assert upper_tail(q, np.array([0.6, 0.3, 0.1])) == pytest.approx(wanted, abs=5.1e-5)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.floats(1e-3, 5), st.floats(1e-6, 1e6))
def test_equal_weights_give_the_chi_square_distribution(m, share, weight):
    wanted = chdtrc(m, share * m)
    found = upper_tail(share * m * weight, np.full(m, weight))
    assert found == pytest.approx(wanted, rel=1e-10, abs=1e-12 if wanted > 0.5 else 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-6, 3), min_size=2, max_size=6, unique_by=lambda x: round(x, 2)), st.floats(-2, 3))
def test_pairs_of_weights_give_a_sum_of_exponentials(logs, log_q):
    # Weights in pairs are exponential variables, whose sum has a closed tail; it needs many digits.
    getcontext().prec = 80
    scales, q = [Decimal(10.0**value) for value in logs], 10.0**log_q
    tail = Decimal(0)
    for own in scales:
        others = math.prod((own / (own - other) for other in scales if other is not own), start=Decimal(1))
        tail += others * (-Decimal(q) / (2 * own)).exp()
    wanted = float(tail)
    found = upper_tail(q, np.repeat([float(scale) for scale in scales], 2))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-250 if wanted < 0.5 else 1e-12)


def test_a_form_of_no_size_has_no_tail():
    assert upper_tail(0.0, np.array([1.0])) == 1.0
    assert upper_tail(1.0, np.array([0.0])) == 0.0


def test_generalised_q_limits_are_the_q_profile_where_variances_are_equal():
    result = meta.random_effects(Y, np.full(6, 0.03))
    general, profile = (result.heterogeneity_interval(method).tau2 for method in ("generalised-Q", "Q-profile"))
    assert general == pytest.approx(profile, rel=1e-8)


@pytest.mark.parametrize("unit", [1e-5, 1e4])
def test_generalised_q_limits_move_with_the_unit(unit):
    plain = meta.random_effects(Y, V).heterogeneity_interval("generalised-Q").tau2
    scaled = meta.random_effects(Y * unit, V * unit**2).heterogeneity_interval("generalised-Q").tau2
    assert np.array(scaled) / unit**2 == pytest.approx(plain, rel=1e-8)


def test_a_generalised_q_interval_can_be_empty():
    found = meta.random_effects([0.1, 0.1001, 0.0999, 0.1], [0.04, 0.02, 0.03, 0.05]).heterogeneity_interval(
        "generalised-Q"
    )
    assert found.tau2[1:] == (0.0, 0.0)
    assert "empty" in found.note


def test_a_known_tau2_has_no_limits():
    found = meta.random_effects(Y, V, tau2=0.05).heterogeneity_interval()
    assert found.tau2 == (0.05, None, None)
    assert "known number" in found.reason


def test_prediction_intervals_by_name_differ_in_quantile_and_standard_error():
    result = meta.random_effects(Y, V)
    own, wide, narrow = (result.prediction_interval(method) for method in ("fit", "HTS k-2", "HTS k-1"))
    assert (own.df, wide.df, narrow.df) == (5, 4, 5)
    assert wide.high - wide.low > narrow.high - narrow.low
    assert "HTS k-2" in wide.summary()
    assert wide.to_frame().loc[0, "method"] == "HTS k-2"


def test_two_studies_have_no_interval_with_k_minus_2_degrees_of_freedom():
    result = meta.random_effects(Y[:2], V[:2])
    assert "k - 2 degrees of freedom does not exist" in result.prediction_interval("HTS k-2").reason
    assert result.prediction_interval("HTS k-1").low is not None
    assert "nothing to predict" in meta.random_effects(Y, V, tau2="EE").prediction_interval("HTS k-1").reason


def test_an_unknown_method_is_told_with_those_there_are():
    with pytest.raises(ModelInputError, match="method must be one of fit, HTS k-2, HTS k-1"):
        meta.random_effects(Y, V).prediction_interval("HTS")


def test_the_inverse_variance_heterogeneity_model_keeps_the_mean_of_a_common_effect():
    found = meta.inverse_variance_heterogeneity(Y, V, labels=list("abcdef"))
    common = meta.random_effects(Y, V, tau2="EE", test="z")
    assert found.estimate == pytest.approx(common.estimate)
    assert found.se > common.se
    np.testing.assert_allclose(found.weights, common.weights)
    assert found.labels[0] == "a"
    assert "own weights" in found.summary()
