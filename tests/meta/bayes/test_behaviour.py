"""What must hold of any posterior: invariances, extremes, limits, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

finite = st.floats(-3, 3)
studies = st.lists(st.tuples(finite, st.floats(0.01, 2)), min_size=2, max_size=8)
some = settings(max_examples=25, deadline=None)


def summary(result):
    return result.to_frame().loc[["mu", "tau"], ["median", "mean", "sd", "ci_low", "ci_high"]].to_numpy(float)


@some
@given(studies, st.randoms())
def test_the_order_of_studies_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    wanted, found = (
        summary(meta.bayesian(*zip(*order, strict=True), prior=meta.HalfNormal(0.5))) for order in (rows, shuffled)
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-8)


@some
@given(studies, st.floats(-50, 50), st.sampled_from([1e-6, 1e-3, 7.0, 1e5]))
def test_shift_and_scale_of_the_effects_shift_and_scale_the_posterior(rows, shift, scale):
    y, v = (np.array(column) for column in zip(*rows, strict=True))
    wanted = summary(meta.bayesian(y, v, prior=meta.HalfT(0.5, 4), mu=meta.Normal(0, 1))) * scale
    prior, mu = meta.HalfT(0.5 * scale, 4), meta.Normal(shift * scale, scale)
    found = summary(meta.bayesian((y + shift) * scale, v * scale**2, prior=prior, mu=mu))
    wanted[0, [0, 1, 3, 4]] += shift * scale
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7 * scale)


@pytest.mark.parametrize("v", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_equal_effects_with_equal_variances_of_any_size_have_their_mean_as_centre(k, v):
    result = meta.bayesian(np.full(k, 0.3), np.full(k, v), prior=meta.HalfNormal(np.sqrt(v)))
    assert result.estimate == pytest.approx(0.3, abs=1e-8 * np.sqrt(v))
    assert result.ci_high - 0.3 == pytest.approx(0.3 - result.ci_low, rel=1e-7)
    assert result.tau.mode == 0


def test_variances_twenty_four_orders_apart_give_finite_answers():
    result = meta.bayesian([0.1, 0.5, 3.0], [1e-12, 1.0, 1e12], prior=meta.HalfNormal(0.5))
    assert np.isfinite(summary(result)).all()
    assert result.shrinkage().loc["Study 1", "median"] == pytest.approx(0.1, abs=1e-5)


def test_a_tight_prior_at_zero_gives_the_common_effect_model():
    y, v = [0.1, 0.4, 0.6], [0.02, 0.05, 0.03]
    found, wanted = meta.bayesian(y, v, prior=meta.HalfNormal(1e-7)), meta.random_effects(y, v, tau2="EE", test="z")
    assert found.estimate == pytest.approx(wanted.estimate, rel=1e-9)
    np.testing.assert_allclose((found.ci_low, found.ci_high), (wanted.ci_low, wanted.ci_high), rtol=1e-7)


def test_one_study_under_a_flat_mean_leaves_the_prior_of_tau_as_it_was():
    prior = meta.HalfCauchy(0.4)
    result = meta.bayesian([0.3], [0.1], prior=prior)
    at = np.array([0.01, 0.4, 3.0])
    np.testing.assert_allclose(result.tau.density(at), prior.density(at), rtol=1e-10)
    np.testing.assert_allclose(result.tau.cdf(at), prior.cdf(at), rtol=1e-10)
    assert result.mu.mean is None
    assert result.i2 is None
    assert "tau" in str(result)


@pytest.mark.parametrize(("k", "prior"), [(1, meta.Flat()), (2, meta.Flat()), (1, meta.Jeffreys([1.0]))])
def test_an_improper_prior_of_too_few_studies_is_refused_with_the_remedy(k, prior):
    with pytest.raises(ModelInputError, match="HalfNormal"):
        meta.bayesian(np.zeros(k), np.ones(k), prior=prior)


def test_a_prior_without_a_posterior_is_shown_with_its_reason_beside_the_others():
    result = meta.bayesian([0.1, 0.3], [0.1, 0.1], prior=meta.HalfNormal(0.5))
    frame = meta.prior_sensitivity(result, [meta.Flat(), meta.Uniform(2)]).to_frame()
    assert "does not integrate" in frame["reason"].iloc[1]
    assert frame["estimate"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prior": 0.5}, "prior must be a distribution of tau"),
        ({"prior": meta.Normal(0, 1)}, "prior must be a distribution of tau"),
        ({"mu": meta.HalfNormal(1)}, "mu must be Normal"),
        ({"interval": "widest"}, "interval must be one of shortest, central"),
        ({"level": 95}, "level"),
        ({"v": [0.1, 0, 0.2]}, "row 1"),
    ],
)
def test_what_cannot_be_used_is_refused(arguments, message):
    with pytest.raises(ModelInputError, match=message):
        meta.bayesian(**{"y": [0.1, 0.2, 0.3], "v": [0.1, 0.1, 0.2], **arguments})


@pytest.mark.parametrize(
    "make",
    [
        lambda: meta.HalfNormal(0),
        lambda: meta.HalfT(1, -1),
        lambda: meta.LogNormal(0, 0),
        lambda: meta.Uniform(1, 2),
        lambda: meta.Normal(np.nan, 1),
        lambda: meta.Jeffreys([]),
        lambda: meta.Flat().cdf(1),
    ],
)
def test_priors_that_are_none_are_refused(make):
    with pytest.raises(ModelInputError):
        make()


@pytest.mark.parametrize(
    "arguments",
    [
        {"prior": meta.Flat()},
        {"mu": meta.Flat()},
        {"prior_probabilities": [1, 1]},
        {"prior_probabilities": [1, -1, 1, 1]},
        {"prior_probabilities": [1, 0, 1, 0]},
    ],
)
def test_a_model_average_needs_proper_priors_and_four_probabilities(arguments):
    usual = {"prior": meta.HalfNormal(0.5), "mu": meta.Normal(0, 1)}
    with pytest.raises(ModelInputError):
        meta.bayesian_model_average([0.1, 0.2], [0.1, 0.1], **{**usual, **arguments})


def test_a_model_average_of_one_model_is_that_model():
    y, v, priors = [0.1, 0.5, 0.4], [0.1, 0.05, 0.2], {"prior": meta.HalfNormal(0.5), "mu": meta.Normal(0, 1)}
    average = meta.bayesian_model_average(y, v, **priors, prior_probabilities=[0, 0, 0, 1])
    single = meta.bayesian(y, v, **priors)
    assert average.estimate == pytest.approx(single.estimate, rel=1e-12)
    assert average.averaged_mean == pytest.approx(single.mu.mean, rel=1e-12)
    assert "only one side" in average.effect_inclusion.reason


def test_overwhelming_evidence_keeps_its_logarithm():
    average = meta.bayesian_model_average(
        [50.0, 50.1], [1e-3, 1e-3], prior=meta.HalfNormal(0.05), mu=meta.Normal(0, 100)
    )
    assert average.effect_inclusion.log_bf10 > 700
    assert np.isfinite(average.effect_inclusion.log_bf10)


def test_quantiles_end_where_the_distribution_does_and_refuse_what_is_no_probability():
    result = meta.bayesian([0.1, 0.5, 0.4], [0.1, 0.05, 0.2], prior=meta.Uniform(2))
    np.testing.assert_array_equal(result.mu.quantile([0, 1]), [-np.inf, np.inf])
    np.testing.assert_array_equal(result.tau.quantile([[0], [1]]), [[0], [2]])
    for part in (result.mu, result.tau):
        assert part.cdf(part.quantile([1e-12, 0.2, 1 - 1e-12])) == pytest.approx([1e-12, 0.2, 1 - 1e-12], abs=1e-14)
        with pytest.raises(ModelInputError, match="probability"):
            part.quantile(95)


def test_results_show_themselves():
    result = meta.bayesian([0.1, 0.5, 0.4], [0.1, 0.05, 0.2], prior=meta.HalfNormal(0.5), mu=meta.Normal(0, 1))
    assert "HalfNormal(scale=0.5)" in str(result)
    assert "BF10" in result._repr_html_()
    assert "Inclusion BF" in str(
        meta.bayesian_model_average(result.y, result.v, prior=result.prior, mu=result.mu_prior)
    )
    assert "HalfCauchy" in str(meta.prior_sensitivity(result, [meta.HalfCauchy(0.5)]))
    assert result.effect_bayes_factor.to_frame().shape == (1, 5)


def outside(call):
    with pytest.raises(ModelInputError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("kind", [meta.HalfNormal, meta.HalfCauchy, meta.Exponential])
@pytest.mark.parametrize("scale", [0, -1.0, np.nan, np.inf, "a", None, [1.0, 2.0], 1e-320])
def test_the_scale_of_a_prior_is_a_number_above_0(kind, scale):
    message = outside(lambda: kind(scale))
    assert kind.__name__ in message
    assert "scale" in message


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: meta.LogNormal(np.nan, 1), "mean must be a number"),
        (lambda: meta.LogNormal(800, 1), "not of tau"),
        (lambda: meta.Normal("a", 1), "mean must be a number"),
        (lambda: meta.Uniform("a"), "upper must be a number"),
        (lambda: meta.Uniform(1, lower=2), "0 <= lower < upper"),
        (lambda: meta.Jeffreys(3), "sampling variances"),
        (lambda: meta.Jeffreys(["a"]), "must be numbers"),
    ],
)
def test_other_parameters_of_priors_are_numbers(call, words):
    assert words in outside(call)


def test_a_jeffreys_prior_of_other_variances_is_refused_and_shown_without_them():
    y, v = [0.1, 0.3, 0.2], [0.02, 0.05, 0.01]
    assert "other variances" in outside(lambda: meta.bayesian(y, v, prior=meta.Jeffreys([0.1, 0.2, 0.3])))
    assert "tau ~ Jeffreys, mu" in meta.bayesian(y, v, prior=meta.Jeffreys(v)).summary()


def test_a_quantile_or_interval_is_asked_for_by_a_probability():
    result = meta.bayesian([0.1, 0.3, 0.2], [0.02, 0.05, 0.01], prior=meta.HalfNormal(0.5))
    for part in (result.mu, result.tau, result.predicted):
        assert "probability" in outside(lambda part=part: part.quantile(1.1))
        assert "must be numbers" in outside(lambda part=part: part.quantile("a"))
        assert "level must lie" in outside(lambda part=part: part.interval(95, "shortest"))
        assert "kind must be one of" in outside(lambda part=part: part.interval(0.9, "hdi"))
        assert float(part.density(np.inf)) == 0
        assert float(part.cdf(np.inf)) == pytest.approx(1, abs=1e-12)


def test_sensitivity_takes_one_prior_and_refuses_another_result():
    y, v = [0.1, 0.3, 0.2], [0.02, 0.05, 0.01]
    result = meta.bayesian(y, v, prior=meta.HalfNormal(0.5))
    assert len(meta.prior_sensitivity(result, meta.HalfNormal(1)).results) == 2
    assert "result of bayesian" in outside(lambda: meta.prior_sensitivity(meta.random_effects(y, v), []))


def test_a_null_that_cannot_be_computed_leaves_the_result_to_be_read():
    v = np.array([0.02, 0.05, 0.01, 0.1])
    result = meta.bayesian(1e6 + np.array([0.1, 0.3, 0.2, 0.9]), v, prior=meta.Uniform(1), mu=meta.Normal(0, 1e8))
    assert result.effect_bayes_factor.log_bf10 is None or result.effect_bayes_factor.log_bf10 > 1e6
    assert "New study" in result.summary()


@pytest.mark.parametrize(("level", "shown"), [(0.95, "95%"), (0.999, "99.9%"), (0.07, "7%")])
def test_a_level_is_shown_with_its_digits(level, shown):
    y, v = [0.1, 0.3, 0.2], [0.02, 0.05, 0.01]
    assert f"({shown} shortest CrI" in meta.bayesian(y, v, prior=meta.HalfNormal(0.5), level=level).summary()
    assert f"({shown} CI" in meta.random_effects(y, v, level=level).summary()
