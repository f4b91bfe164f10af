"""Comparison of models, and permutation tests: what cannot be compared, and what does not change a result."""

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

RANDOM = np.random.default_rng(11)
FRAME = pd.DataFrame({"dose": RANDOM.normal(size=14), "age": RANDOM.normal(size=14), "site": list("abcabcabcabcab")})
V = RANDOM.uniform(0.02, 0.2, size=14)
Y = 0.4 * FRAME["dose"].to_numpy() + RANDOM.normal(0, 0.4, size=14)


def fitted(moderators, tau2="ML", y=Y, **options):
    return meta.regression(y, V, FRAME[moderators], tau2=tau2, **options)


def test_nested_models_are_compared_with_as_many_degrees_of_freedom_as_terms():
    found = meta.likelihood_ratio_test(fitted(["dose", "site"]), fitted(["dose"]))
    assert found.df == 2
    assert 0 < found.p_value < 1
    assert "chi²" in found.summary()
    assert found.to_frame().loc[0, "df"] == 2


def test_heterogeneity_itself_can_be_tested_against_a_common_effect():
    found = meta.likelihood_ratio_test(fitted(["dose"]), fitted(["dose"], "EE", test="z"))
    assert found.df == 1
    assert found.statistic >= 0


@pytest.mark.parametrize(
    ("full", "reduced", "reason"),
    [
        (("REML", {}), ("REML", {}), "use ML"),
        (("DL", {}), ("DL", {}), "they were fitted by DL"),
        (("ML", {"weights": "equal"}), ("ML", {}), "weights of your own"),
    ],
)
def test_likelihoods_that_are_not_on_one_scale_give_a_reason(full, reduced, reason):
    larger = fitted(["dose", "age"], full[0], **full[1])
    found = meta.likelihood_ratio_test(larger, fitted(["dose"], reduced[0], **reduced[1]))
    assert found.statistic is None
    assert reason in found.reason
    assert found.reason in found.summary()


def test_models_that_are_not_nested_or_of_other_studies_are_refused():
    with pytest.raises(ModelInputError, match="not nested"):
        meta.likelihood_ratio_test(fitted(["dose", "site"]), fitted(["age"]))
    with pytest.raises(ModelInputError, match="larger model first"):
        meta.likelihood_ratio_test(fitted(["dose"]), fitted(["dose", "age"]))
    with pytest.raises(ModelInputError, match="different studies"):
        meta.likelihood_ratio_test(fitted(["dose", "age"]), fitted(["dose"], y=Y + 1))


def test_the_models_of_a_set_predict_for_new_rows_and_know_the_best():
    found = meta.model_set(Y, V, FRAME)
    assert len(found.results) == 8
    assert found.weights.sum() == pytest.approx(1)
    assert "dose" in found.moderators[0]
    assert found.best.predict(FRAME).shape[0] == 14
    assert found.to_frame()["distance"].is_monotonic_increasing
    assert found.importance().index[0] == "dose"
    assert found.summary().startswith("8 models of 14 studies by AICc")


def test_a_category_is_taken_or_left_as_a_whole():
    found = meta.model_set(Y, V, "dose + site", data=FRAME)
    assert {len(result.terms) for result in found.results} == {1, 2, 3, 4}


def test_too_many_moderators_are_refused_with_the_number_of_models():
    wide = pd.DataFrame(RANDOM.normal(size=(20, 13)))
    with pytest.raises(ModelInputError, match=r"2\^13 models"):
        meta.model_set(np.arange(20.0), np.ones(20), wide)


def test_an_unknown_criterion_is_told_with_those_there_are():
    with pytest.raises(ModelInputError, match="criterion must be one of AICc, AIC, BIC"):
        meta.model_set(Y, V, FRAME, criterion="DIC")


def test_random_permutations_depend_on_the_seed_alone():
    result = fitted(["dose"], "REML")
    first, again = (meta.permutation_test(result, permutations=300, seed=4) for _ in range(2))
    assert not first.exact
    assert (first.p_values == again.p_values).all()
    assert first.p_values.min() >= 1 / 300
    assert "random 300 permutations" in first.summary()


def test_random_permutations_come_near_the_exact_test():
    result = meta.random_effects(Y[:9], V[:9])
    exact = meta.permutation_test(result, exact=True)
    drawn = meta.permutation_test(result, permutations=500)
    assert exact.permutations == 512
    assert drawn.p_values[0] == pytest.approx(exact.p_values[0], abs=0.1)
    assert exact.omnibus_p is None


def test_studies_with_the_same_moderators_are_not_exchanged():
    # Fourteen studies in two groups of 7 have 3,432 arrangements, not 14!.
    halves = meta.regression(Y, V, np.repeat([0.0, 1.0], 7))
    assert meta.permutation_test(halves, exact=True).permutations == 3432


def test_an_exact_test_of_too_many_permutations_is_refused():
    with pytest.raises(ModelInputError, match="leave exact=True out"):
        meta.permutation_test(fitted(["dose"]), exact=True)
    with pytest.raises(ModelInputError, match="2 or more"):
        meta.permutation_test(fitted(["dose"]), permutations=1)


def test_a_permutation_test_has_a_row_a_term():
    table = meta.permutation_test(fitted(["dose"]), permutations=50).to_frame()
    assert list(table.index) == ["intercept", "dose"]
