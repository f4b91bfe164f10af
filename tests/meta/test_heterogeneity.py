"""Estimators of tau2 over stacks of analyses, and where the search for a maximum has gone wrong elsewhere."""

import numpy as np
import pytest

from toolkit import meta
from toolkit.meta.heterogeneity import estimate_tau2
from toolkit.meta.settings import Tau2Estimator
from toolkit.meta.stack import Stack

RANDOM = np.random.default_rng(7)
Y = RANDOM.normal(0.2, 0.5, size=(40, 9))
V = RANDOM.uniform(0.01, 0.3, size=(40, 9))
ESTIMATORS = [estimator for estimator in Tau2Estimator if estimator != "GENQ"]  # it needs weights


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_stack_gives_what_each_analysis_gives_alone(estimator):
    together = estimate_tau2(Stack(Y, V), estimator)
    alone = [meta.random_effects(y, v, tau2=estimator) for y, v in zip(Y, V, strict=True)]
    np.testing.assert_allclose(together.value, [result.tau2 for result in alone], rtol=1e-12)
    assert together.converged.all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_absent_studies_do_not_count(estimator):
    present = np.ones_like(Y)
    present[:20, 6:] = 0
    masked = estimate_tau2(Stack(Y, V, present=present), estimator)
    shorter = estimate_tau2(Stack(Y[:20, :6], V[:20, :6]), estimator)
    np.testing.assert_allclose(masked.value[:20], shorter.value, rtol=1e-10)
    np.testing.assert_allclose(masked.se[:20], shorter.se, rtol=1e-10)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_column_of_ones_as_model_matrix_is_the_mean(estimator):
    mean = estimate_tau2(Stack(Y, V), estimator)
    design = estimate_tau2(Stack(Y, V, np.ones((1, 9, 1))), estimator)
    np.testing.assert_allclose(design.value, mean.value, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(design.se, mean.se, rtol=1e-9)


def test_an_analysis_of_one_study_does_not_disturb_the_others():
    present = np.ones_like(Y)
    present[3, 1:] = 0
    found = estimate_tau2(Stack(Y, V, present=present), Tau2Estimator.REML)
    assert found.value[3] == 0
    assert np.isnan(found.se[3])
    np.testing.assert_allclose(np.delete(found.value, 3), np.delete(estimate_tau2(Stack(Y, V), "REML").value, 3))


def test_dersimonian_laird_is_cut_at_zero_before_weights_are_made():
    # statsmodels 0.15 goes on with the negative value.
    result = meta.random_effects([0.1, 0.12, 0.09], [0.04, 0.02, 0.05], tau2="DL", test="z")
    assert result.tau2 == 0
    assert result.estimate == meta.random_effects([0.1, 0.12, 0.09], [0.04, 0.02, 0.05], tau2="EE", test="z").estimate


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_the_highest_of_two_maxima_is_found_and_told(scale):
    # Eight precise studies agree; five imprecise ones lie far from them, and from each other.
    y = np.array([0.1, 0.12, 0.09, 0.11, 0.1, 0.1, 0.11, 0.09, 9.0, -9.0, 8.0, -8.5, 9.5]) * scale
    v = np.array([1e-4] * 8 + [9.0] * 5) * scale**2
    result = meta.random_effects(y, v)
    trial = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 4000)]) * scale**2
    stack = Stack(np.broadcast_to(y, (len(trial), 13)), np.broadcast_to(v, (len(trial), 13)))
    from toolkit.meta.likelihood import log_likelihood

    assert result.loglik >= log_likelihood(stack, trial, restricted=True).max() - 1e-9
    assert result.convergence.converged


def test_equal_variances_make_reml_paule_mandel_hedges_and_dersimonian_laird_agree():
    y = [0.1, 0.5, -0.2, 0.9, 0.3, 0.35]
    found = [meta.random_effects(y, [0.04] * 6, tau2=name).tau2 for name in ("REML", "PM", "EB", "HE", "DL")]
    assert found == pytest.approx([np.var(y, ddof=1) - 0.04] * 5, rel=1e-12)
