"""Likelihoods of counts against scipy's distributions and quadrature, and in more digits than floats have."""

from decimal import Decimal, getcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, stats

from toolkit.meta.rare_events.count_terms import Binomial, NoncentralHypergeometric, Poisson
from toolkit.meta.rare_events.mixed_likelihood import MixedLikelihood, Term
from toolkit.meta.rare_events.random_baselines import RandomBaselines

column = np.atleast_1d


@given(
    total_1=st.integers(1, 400), total_2=st.integers(1, 400), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    eta=st.floats(-6, 6),
)  # fmt: skip
def test_noncentral_hypergeometric_probabilities_and_moments_equal_their_definition(total_1, total_2, shares, eta):
    events_1, events_2 = round(shares[0] * total_1), round(shares[1] * total_2)
    assume(0 < events_1 + events_2 < total_1 + total_2)
    assert_conditional_likelihood_is_right(events_1, total_1, events_2, total_2, eta)


@pytest.mark.parametrize("eta", [-8.0, -0.1, 0.0, 2.0, 9.0])
def test_sums_over_thousands_of_possible_counts_leave_nothing_out(eta):
    assert_conditional_likelihood_is_right(3000, 9000, 5000, 9500, eta)


def assert_conditional_likelihood_is_right(events_1, total_1, events_2, total_2, eta):
    """By scipy's central hypergeometric distribution, tilted by exp(eta x), summed over all that is possible."""
    events = events_1 + events_2
    values = np.arange(max(0, events - total_2), min(total_1, events) + 1.0)
    logs = stats.hypergeom(total_1 + total_2, total_1, events).logpmf(values) + values * eta
    shares = np.exp(logs - logs.max())
    mean = np.average(values, weights=shares)
    variance = np.average((values - mean) ** 2, weights=shares)
    counts = NoncentralHypergeometric.of(*(column(float(n)) for n in (events_1, total_1, events_2, total_2)))
    found = counts.at(np.array([[eta]]))
    loglik = logs[values == events_1][0] - logs.max() - np.log(shares.sum())
    assert found.loglik[0, 0] == pytest.approx(loglik, rel=1e-9, abs=1e-9)
    assert found.first[0, 0] == pytest.approx(events_1 - mean, rel=1e-9, abs=1e-8)
    assert found.second[0, 0] == pytest.approx(-variance, rel=1e-6, abs=1e-9)


@given(
    kind=st.sampled_from([Binomial, Poisson]), events=st.integers(0, 60), more=st.integers(0, 60),
    effect=st.floats(-6, 6), tau=st.floats(0.01, 9),
)  # fmt: skip
def test_the_integral_over_a_random_effect_equals_scipys_quadrature(kind, events, more, effect, tau):
    assume(events + more > 0)
    if kind is Binomial:
        terms, distribution = Binomial(column(float(events)), column(float(events + more))), stats.binom
    else:
        terms, distribution = Poisson(column(float(events))), stats.poisson

    def density(z):
        eta = effect + tau * z
        parameters = (events + more, 1 / (1 + np.exp(-eta))) if kind is Binomial else (np.exp(eta),)
        return distribution.pmf(events, *parameters) * stats.norm.pdf(z)

    pieces = pairwise(np.linspace(-20, 20, 161))
    area = sum(integrate.fixed_quad(density, *ends, n=40)[0] for ends in pieces)
    assume(area > 1e-60)
    likelihood = MixedLikelihood([Term(terms, np.zeros(1), 0.0, 1.0)], np.ones((1, 1)), False)
    assert likelihood.surface(np.array([effect, tau])).loglik == pytest.approx(np.log(area), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("events", "total"), [(10**6, 10**9), (3, 10**9), (999_999_990, 10**9)])
def test_binomial_likelihoods_of_a_billion_people_keep_their_digits(events, total):
    getcontext().prec = 60
    share = Decimal(events) / total
    eta = np.log(events / (total - events)) + 1e-4
    probability = 1 / (1 + (-Decimal(float(eta))).exp())
    wanted = events * (probability / share).ln() + (total - events) * ((1 - probability) / (1 - share)).ln()
    counts = Binomial(column(float(events)), column(float(total)))
    assert counts.at(np.array([[eta]])).loglik[0, 0] - counts.best()[0] == pytest.approx(float(wanted), abs=1e-7)


def test_without_variance_laplaces_approximation_is_the_likelihood_of_common_risks():
    events, totals = ([3.0, 4.0], [7.0, 9.0]), ([30.0, 40.0], [35.0, 45.0])
    terms = [
        Term(Binomial(np.array(count), np.array(total)), np.zeros(2), 1.0, share)
        for count, total, share in zip(events, totals, (0.5, -0.5), strict=True)
    ]
    found = RandomBaselines(terms, np.ones((2, 1))).fit(-2.0, np.zeros(1), 0.2)
    assert (found.sigma, found.tau) == (0, 0)
    risks = 1 / (1 + np.exp(-(found.baseline + np.array([found.beta[0], 0.0]))))
    assert risks == pytest.approx([0.1, 0.2], abs=1e-7)
    logs = [stats.binom.logpmf(*parts) for parts in zip(events, totals, risks, strict=True)]
    assert found.loglik == pytest.approx(np.sum(logs), abs=1e-9)
