"""Posteriors against what bayesmeta and metaBMA print.

bayesmeta's posterior of tau is an integral to about eight digits; those of the mean and of the effects come from a grid
of tau that is allowed a divergence of 1% (its arguments delta and epsilon), so that they are right to about four.
"""

import numpy as np
import pytest

from toolkit import meta

EFFECT = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16]
SE = [14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6]


@pytest.fixture(scope="module")
def schools():
    return meta.bayesian(EFFECT, np.square(SE), prior=meta.HalfCauchy(25), mu=meta.Normal(0, 50))


def test_the_eight_schools_of_bayesmetas_vignette(schools):
    # CRAN's bayesmeta, inst/doc/bayesmeta.html, print(schools.example.1)
    tau, mu = schools.tau, schools.mu
    np.testing.assert_allclose(schools.joint_mode, (7.816294, 0), atol=5e-7)
    np.testing.assert_allclose(schools.maximum_likelihood, (7.870546, 0), atol=5e-7)
    printed_tau = (0.000000, 4.758539, 5.884511, 4.869904, 0.000000, 15.165894)
    np.testing.assert_allclose(
        (tau.mode, tau.median, tau.mean, tau.sd, *tau.interval(0.95, "shortest")), printed_tau, atol=6e-7
    )
    printed_mu = (7.929503, 7.962961, 7.985729, 4.995762, -1.823353, 17.824562)
    np.testing.assert_allclose(
        (mu.mode, mu.median, mu.mean, mu.sd, *mu.interval(0.95, "shortest")), printed_mu, atol=3e-3
    )


def test_three_measurements_under_the_jeffreys_prior():
    # Okumura, code of "R de tanoshimu Bayes tokei nyumon", section 6.5: bayesmeta(c(11,13,16), c(1,1,2), "Jeffreys")
    y, v = [11, 13, 16], [1, 1, 4]
    found = meta.bayesian(y, v, prior=meta.Jeffreys(v))
    tau, mu = found.tau, found.mu
    assert tau.sd is None
    assert mu.sd is None  # bayesmeta prints 3.947427: the integral diverges, its grid ends
    np.testing.assert_allclose((tau.median, tau.mean), (2.35487034, 3.67647047), rtol=2e-8)
    np.testing.assert_allclose(tau.mode, 1.39055194, rtol=2e-6)
    np.testing.assert_allclose(tau.interval(0.95, "shortest"), (0.02912476, 10.14895476), atol=2e-5)
    np.testing.assert_allclose(found.joint_mode, (12.66894, 1.0070604), rtol=2e-5)
    np.testing.assert_allclose(found.maximum_likelihood, (12.64934, 0.9470004), rtol=5e-4)
    summaries = (mu.mode, mu.median, mu.mean, *mu.interval(0.95, "shortest"))
    np.testing.assert_allclose(summaries, (12.693292, 12.855986, 12.980341, 7.485701, 18.955488), rtol=3e-4)
    printed = [
        [11.4712359, 12.9058835, 13.962664],
        [11.4313117, 12.9298433, 14.439061],
        [11.4133994, 12.9395931, 14.588030],
        [0.9927761, 0.9349359, 1.888808],
        [9.4594936, 11.1165736, 11.181006],
        [13.3319573, 14.7865567, 18.370448],
    ]
    columns = ["mode", "median", "mean", "sd", "ci_low", "ci_high"]
    np.testing.assert_allclose(found.shrinkage()[columns].T, printed, rtol=3e-4)


@pytest.fixture(scope="module")
def towels():
    """Scheibehenne et al. 2017, metaBMA's data set, as the help page of parameters::model_parameters prints it.

    Effects have two decimals; the weights printed beside them give the variances to four digits.
    """
    y = [0.38, 0.30, 0.21, 0.25, 0.29, -0.12, -1.46]
    weights = np.array([25.59, 53.97, 27.24, 34.57, 1.47, 16.25, 1.73])
    return y, 1 / weights


def test_the_towels_of_metabmas_tests(towels):
    # danheck/metaBMA, tests/testthat/test_scheibehenne2017.R; data with two decimals make 3% of a Bayes factor
    priors = {"prior": meta.HalfCauchy(0.25), "mu": meta.Normal(0, 0.3)}
    average, random = meta.bayesian_model_average(*towels, **priors), meta.bayesian(*towels, **priors)
    estimates = (average.mu.mean, *average.mu.interval(0.95, "shortest"))
    np.testing.assert_allclose(estimates, (0.2033756, 0.03867814, 0.37240522), atol=6e-3)
    np.testing.assert_allclose(random.mu.mean, 0.1848269, atol=3e-3)
    np.testing.assert_allclose(random.mu.interval(0.95, "shortest"), (-0.02162486, 0.38411546), atol=6e-3)
    # Their prior is cut at 0: its Bayes factor is that of the whole prior times P(mu > 0 | y) / P(mu > 0).
    towards = random.effect_bayes_factor.bf10 * random.probability_beyond(0.0) / 0.5
    assert towards == pytest.approx(4.055704, rel=0.03)
