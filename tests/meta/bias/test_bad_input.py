"""Degenerate studies and bad arguments: a right answer or one clear error, for every method of the room."""

import warnings

import numpy as np
import pytest

from toolkit import meta
from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.bias.selection_likelihood import SelectionLikelihood, SmoothSelection
from toolkit.meta.bias.weight_functions import SmoothWeight

RANDOM = np.random.default_rng(1)
V = RANDOM.uniform(0.01, 0.2, 12)
Y = 0.2 + RANDOM.normal(size=12) * np.sqrt(V + 0.03)
METHODS = {
    "Copas": meta.copas_model,
    "Copas on the right": lambda fit: meta.copas_model(fit, side="right"),
    "p-curve": meta.p_curve,
    "p-uniform*": meta.p_uniform_star,
    "affirmative": meta.publication_bias_sensitivity,
    "affirmative by 4": lambda fit: meta.publication_bias_sensitivity(fit, selection_ratio=4, q=0.1),
    "egger": meta.egger,
    "egger by rma": lambda fit: meta.egger(fit, model="rma"),
    "egger by size": lambda fit: meta.egger(fit, predictor="1/n", n=np.arange(10, 10 + fit.k)),
    "rank test": meta.rank_test,
    "trim and fill": meta.trim_and_fill,
    "trim and fill by R0": lambda fit: meta.trim_and_fill(fit, estimator="R0", side="right"),
    "trim and fill by Q0": lambda fit: meta.trim_and_fill(fit, estimator="Q0"),
    "Rosenthal": meta.failsafe_n,
    "Orwin": lambda fit: meta.failsafe_n(fit, method="Orwin"),
    "Rosenberg": lambda fit: meta.failsafe_n(fit, method="Rosenberg"),
    "PET-PEESE": meta.pet_peese,
    "Henmi and Copas": meta.henmi_copas,
    "limit": meta.limit_meta_analysis,
    "excess": meta.excess_significance,
    "excess by chi2": lambda fit: meta.excess_significance(fit, test="chi2", excess="two-sided"),
    "adequate power": meta.weighted_average_adequate_power,
    "kink": meta.endogenous_kink,
    "panel": meta.bias_panel,
    "step function": meta.selection_model,
    "two-sided step": lambda fit: meta.selection_model(fit, steps=[0.05], alternative="two.sided"),
    "beta weight": lambda fit: meta.selection_model(fit, weight="beta"),
    "half-normal weight": lambda fit: meta.selection_model(fit, weight="halfnorm", precision="se"),
}
STUDIES = {
    "one": ([0.3], [0.02]),
    "two": ([0.1, 0.5], [0.02, 0.05]),
    "three": ([0.1, 0.5, 0.2], [0.02, 0.05, 0.01]),
    "two alike": ([0.1, 0.1], [0.02, 0.02]),
    "equal effects": (np.full(12, 0.3), V),
    "no effect at all": (np.zeros(12), V),
    "equal variances": (Y, np.full(12, 0.04)),
    "equal variances but for rounding": (Y, np.full(12, 0.04) * (1 + 1e-15 * np.arange(12))),
    "all equal": (np.full(12, 0.3), np.full(12, 0.04)),
    "variances far apart": (Y, np.logspace(-12, 12, 12)),
    "far apart with their effects": (Y * np.logspace(-6, 6, 12), np.logspace(-12, 12, 12)),
    "one with nearly all the weight": (Y, np.append(1e-10, V[1:])),
    "one without weight": (Y, np.append(V[1:], 1e10)),
    "ties": (np.round(Y, 1), np.round(V, 1) + 0.05),
    "all significant": (np.abs(Y) + 1, V / 10),
    "all significant, negative": (-np.abs(Y) - 1, V / 10),
    "none significant": (Y / 100, V),
    "one sign": (np.abs(Y) / 10, V),
    "on a line": (0.1 + 2 * np.sqrt(V), V),
    "on a line of variances": (0.1 + 2 * V, V),
    "z of thousands": (Y * 1e4, V),
    "far from 0": (Y + 1e6, V),
    "tiny": (Y * 1e-8, V * 1e-16),
    "huge": (Y * 1e8, V * 1e16),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("studies", STUDIES)
@pytest.mark.parametrize("tau2", ["REML", "DL", "EE"])
def test_degenerate_studies_get_an_answer_or_an_error_and_no_warning(studies, method, tau2):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = meta.random_effects(*STUDIES[studies], tau2=tau2)
        try:
            found = METHODS[method](fit)
        except (ModelInputError, ConvergenceError) as error:
            refused = str(error)
        else:
            refused, shown = "", found.summary() + found._repr_html_()
            found.to_frame()
    if refused:
        assert len(refused) > 40
        return
    assert " nan" not in shown
    assert "t inf" not in shown
    assert "-inf" not in shown


EXACT = ["egger", "egger by size", "PET-PEESE", "kink", "adequate power"]


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_effects_that_all_agree_are_not_found_to_be_biased(method, effect):
    fit = meta.random_effects(np.full(12, effect), V)
    with pytest.raises(ModelInputError, match="agree exactly"):
        METHODS[method](fit)


def test_odds_ratios_that_all_agree_are_not_found_to_be_biased():
    for method in meta.CountTest:
        with pytest.raises(ModelInputError, match="agree exactly"):
            meta.asymmetry_of_counts(
                [5, 10, 20, 30], [20, 40, 80, 120], [5, 10, 20, 30], [20, 40, 80, 120], method=method
            )


def test_effects_that_differ_by_rounding_have_no_rank():
    fit = meta.random_effects(np.full(12, 0.3), V)
    with pytest.raises(ModelInputError, match="no order"):
        meta.rank_test(fit)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "egger by size"])
def test_what_is_no_fit_of_one_effect_a_study_is_refused(method):
    cluster = np.repeat(np.arange(4), 3)
    others = [meta.multilevel(Y, V, cluster), meta.bayesian(Y, V), Y, None, "text"]
    others.append(meta.mantel_haenszel("OR", [3, 5, 8], [20, 30, 40], [5, 9, 9], [21, 30, 40]))
    for other in others:
        with pytest.raises(ModelInputError, match="takes a fit of random_effects or regression"):
            METHODS[method](other)


FIT = meta.random_effects(Y, V, labels=[f"Study {letter}" for letter in "ABCDEFGHIJKL"])


@pytest.mark.parametrize("value", [0, 1, -1, 5, np.nan, "0.05", None, [0.1]])
def test_an_alpha_is_a_number_between_0_and_1(value):
    for call in (
        lambda: meta.failsafe_n(FIT, alpha=value),
        lambda: meta.pet_peese(FIT, alpha=value),
        lambda: meta.excess_significance(FIT, alpha=value),
        lambda: meta.excess_significance(FIT, limit_alpha=value),
        lambda: meta.publication_bias_sensitivity(FIT, alpha=value),
        lambda: meta.copas_model(FIT, alpha=value),
        lambda: meta.random_effects(Y, V, level=value),
    ):
        with pytest.raises(ModelInputError, match="must lie between 0 and 1"):
            call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: meta.failsafe_n(FIT, method="Orwin", target=np.nan), "target must be a number"),
        (lambda: meta.publication_bias_sensitivity(FIT, q=None), "q must be a number"),
        (lambda: meta.publication_bias_sensitivity(FIT, q="a"), "q must be a number"),
        (lambda: meta.publication_bias_sensitivity(FIT, selection_ratio="a"), "selection_ratio must be a number"),
        (lambda: meta.publication_bias_sensitivity(FIT, selection_ratio=np.inf), "selection_ratio must be a number"),
        (lambda: meta.copas_model(FIT, probabilities=["a"]), "probabilities must be numbers"),
        (lambda: meta.copas_model(FIT).at("a", 1), "gamma0 must be a number"),
        (lambda: meta.copas_model(FIT).at(0, [1]), "gamma1 must be a number"),
        (lambda: meta.failsafe_n(FIT, method="Orwin", target="a"), "target must be a number"),
        (lambda: meta.failsafe_n(FIT, method="Orwin", target=-0.1), "between 0 and the mean"),
        (lambda: meta.excess_significance(FIT, null=np.inf), "null must be a number"),
        (lambda: meta.excess_significance(FIT, null=None), "null must be a number"),
        (lambda: meta.selection_model(FIT, steps=["a"]), "steps must be numbers"),
        (lambda: meta.selection_model(FIT, weights="a"), "weights must be numbers"),
        (lambda: meta.selection_model(FIT, weight="halfnorm", weights=[1, 0.5]), "has none"),
        (lambda: meta.selection_model(FIT).weight_function("a"), "p must be numbers"),
        (lambda: meta.egger(FIT, predictor="n", n=["a"] * 12), "n must hold one number a study"),
        (lambda: meta.egger(FIT, predictor="n", n=[20] * 11 + [0]), r"row 11 \(Study L\): 0"),
        (lambda: meta.egger(FIT, predictor="n", n=[20] * 11), "11 sample sizes for 12 studies"),
        (lambda: meta.copas_model(FIT, slope="steep"), "slope must be a number of 0 or more"),
        (lambda: meta.copas_model(FIT).surface(2.5), "points must be a whole number of 2 or more"),
        (lambda: meta.publication_bias_sensitivity(FIT, selection_ratio=[4]), "selection_ratio must be a number of 1"),
        (lambda: meta.bootstrap(FIT, replicates="many"), "replicates must be a whole number of 2 or more"),
        (lambda: meta.gosh(FIT, subsets=np.nan), "subsets must be a whole number from 2 to"),
        (lambda: meta.gosh(FIT, subsets=10**400), "subsets must be a whole number from 2 to"),
        (lambda: meta.permutation_test(FIT, permutations=99.5), "permutations must be a whole number"),
    ],
)
def test_an_argument_that_is_no_number_is_named(call, words):
    with pytest.raises(ModelInputError, match=words):
        call()


def test_rs_spelling_of_two_sided_is_taken_everywhere():
    found = meta.excess_significance(FIT, alternative="two.sided", excess="two.sided")
    assert found.alternative == found.excess == "two-sided"
    assert meta.selection_model(FIT, alternative="two.sided").alternative == "two-sided"
    assert meta.bias_panel(FIT, alternative="two.sided").alternative == "two-sided"


def test_a_selection_model_without_standard_errors_shows_dashes_and_no_p_value():
    found = meta.selection_model(meta.random_effects(Y + 1e6, V), weight="halfnorm")
    assert (found.se, found.p_value, found.ci_low) == (None, None, None)
    assert found.coefficients[["se", "p_value", "ci_low"]].isna().all(axis=None)
    assert "CI – to –" in found.summary()
    assert any("no standard errors" in note for note in found.notes)


def test_a_weight_at_its_bound_leaves_the_mean_its_standard_error():
    found = meta.selection_model(meta.random_effects(Y, np.full(12, 0.04)), weight="logistic")
    assert found.delta == [0.0]
    plain = meta.random_effects(Y, np.full(12, 0.04), tau2="ML", test="z")
    assert found.se == pytest.approx(plain.se, rel=1e-6)
    assert np.isnan(found.delta_se[0])


def test_a_higher_likelihood_far_from_the_effects_is_told():
    """dat.hine1989 (risk differences): metafor's search ends at a mean of -1.72, which a risk difference cannot be."""
    events, totals = np.array([2, 4, 6, 7, 7, 11]), np.array([39, 44, 107, 103, 110, 154])
    controls, others = np.array([1, 4, 4, 5, 3, 4]), np.array([43, 44, 110, 100, 106, 146])
    a, c = events / totals, controls / others
    y, v = a - c, a * (1 - a) / totals + c * (1 - c) / others
    found = meta.selection_model(meta.random_effects(y, v), weight="power", alternative="greater")
    assert 0 < found.estimate < 0.05
    told = [note for note in found.notes if note.startswith("Elsewhere (mean -1.76")]
    assert len(told) == 1
    weight = SmoothSelection(y / np.sqrt(v), SmoothWeight(meta.Weight.POWER), False, None)
    likelihood = SelectionLikelihood(y, v, np.ones((6, 1)), weight)
    far = likelihood.at(np.array([-1.7622]), 0.0107, np.array([13.1352])).loglik
    assert far - found.loglik == pytest.approx(2.6, abs=0.05)
    assert "higher by 2.6" in told[0]
