"""What a meta-regression does whatever the data: invariances, categories, formulas, edges and bad input."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

ESTIMATORS = [estimator for estimator in meta.Tau2Estimator if estimator != "GENQ"]  # it needs weights
FRAME = pd.DataFrame(
    {
        "dose": [1.0, 2.0, 4.0, 3.0, 5.0, 2.5, 1.5, 6.0],
        "country": ["PE", "KE", "IN", "KE", "PE", "IN", "KE", "PE"],
        "blind": [True, False, True, True, False, False, True, False],
    }
)
Y = np.array([0.1, 0.4, 0.3, 0.8, 0.6, 0.2, 0.5, 1.1])
V = np.array([0.02, 0.05, 0.03, 0.04, 0.02, 0.06, 0.03, 0.05])


@st.composite
def moderated_studies(draw):
    k = draw(st.integers(5, 12))
    y = np.array(draw(st.lists(st.integers(-3000, 3000), min_size=k, max_size=k))) / 1000
    v = 10.0 ** np.array(draw(st.lists(st.floats(-5, 2), min_size=k, max_size=k)))
    x = np.array(draw(st.lists(st.integers(-9, 9), min_size=k, max_size=k, unique=True)), dtype=float)
    return y, v, x


def numbers(result):
    return np.array([*result.beta, *result.standard_errors, result.tau2, result.q, result.qm])


@settings(max_examples=50, deadline=None)
@given(moderated_studies(), st.sampled_from(ESTIMATORS), st.randoms(use_true_random=False))
def test_the_order_of_studies_does_not_matter(data, estimator, random):
    y, v, x = data
    order = list(range(len(y)))
    random.shuffle(order)
    plain = meta.regression(y, v, x, tau2=estimator, test="z")
    shuffled = meta.regression(y[order], v[order], x[order], tau2=estimator, test="z")
    np.testing.assert_allclose(numbers(shuffled), numbers(plain), rtol=1e-5, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(moderated_studies(), st.sampled_from(ESTIMATORS), st.sampled_from([1e-6, 1e3]), st.sampled_from([0.0, 50.0]))
def test_the_unit_and_origin_of_a_moderator_do_not_matter(data, estimator, unit, origin):
    y, v, x = data
    plain = meta.regression(y, v, x, tau2=estimator, test="z")
    moved = meta.regression(y, v, (x + origin) * unit, tau2=estimator, test="z")
    np.testing.assert_allclose(moved.beta[1] * unit, plain.beta[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moved.fitted, plain.fitted, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose([moved.tau2, moved.loglik], [plain.tau2, plain.loglik + 0.0], rtol=1e-5, atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(moderated_studies(), st.sampled_from([1e-6, 1e6]), st.sampled_from(["REML", "DL", "PM"]))
def test_the_unit_of_the_effects_does_not_matter(data, unit, estimator):
    y, v, x = data
    plain = meta.regression(y, v, x, tau2=estimator, test="z")
    scaled = meta.regression(y * unit, v * unit**2, x, tau2=estimator, test="z")
    powers = np.array([1, 1, 1, 1, 2, 0, 0])
    np.testing.assert_allclose(numbers(scaled) / unit**powers, numbers(plain), rtol=1e-5, atol=1e-6)


def test_a_frame_and_a_formula_give_the_same_model():
    by_frame = meta.regression(Y, V, FRAME)
    by_formula = meta.regression(Y, V, "dose + country + blind", data=FRAME)
    assert by_frame.terms == ("intercept", "dose", "country[T.KE]", "country[T.PE]", "blind")
    assert sorted(by_formula.terms) == sorted(by_frame.terms)
    assert by_formula.tau2 == pytest.approx(by_frame.tau2)
    assert by_formula.qm == pytest.approx(by_frame.qm)
    np.testing.assert_allclose(by_frame.predict(FRAME)["estimate"], by_formula.predict(FRAME)["estimate"])


def test_an_array_is_named_by_number_and_a_series_by_its_name():
    assert meta.regression(Y, V, FRAME[["dose"]].to_numpy()).terms == ("intercept", "x1")
    assert meta.regression(Y, V, FRAME["dose"]).terms == ("intercept", "dose")


def test_a_formula_can_take_the_intercept_out():
    result = meta.regression(Y, V, "0 + country", data=FRAME, test="z")
    assert result.terms == ("country[IN]", "country[KE]", "country[PE]")
    assert result.qm_df == (3, None)
    assert result.r2 is None


def test_a_formula_of_an_intercept_alone_is_the_pooled_mean():
    regressed, pooled = meta.regression(Y, V, "1", data=FRAME), meta.random_effects(Y, V)
    assert regressed.estimate == pytest.approx(pooled.estimate)
    assert regressed.tau2 == pytest.approx(pooled.tau2)
    assert regressed.r2 is None


def test_a_category_of_an_ordered_kind_keeps_its_order():
    size = pd.Categorical(["mid", "low", "high", "low", "mid", "high", "low", "mid"], ["low", "mid", "high", "huge"])
    assert meta.regression(Y, V, pd.DataFrame({"size": size})).terms == ("intercept", "size[T.mid]", "size[T.high]")


def test_q_is_right_where_a_moderator_is_a_year():
    # Normal equations lose half of the digits here; in rational numbers nothing is lost.
    years = np.array([1987, 1991, 1990, 1989, 1992, 1988, 1990, 1991])
    y, w, x = ([Fraction(value) for value in column] for column in (Y, V, years.tolist()))
    w = [1 / value for value in w]
    mean_x, mean_y = (sum(a * b for a, b in zip(w, z, strict=True)) / sum(w) for z in (x, y))
    cross = sum(a * (b - mean_x) * (c - mean_y) for a, b, c in zip(w, x, y, strict=True))
    slope = cross / sum(a * (b - mean_x) ** 2 for a, b in zip(w, x, strict=True))
    q = sum(a * (c - mean_y - slope * (b - mean_x)) ** 2 for a, b, c in zip(w, x, y, strict=True))
    result = meta.regression(Y, V, years, tau2="EE", test="z")
    assert result.q == pytest.approx(float(q), rel=1e-12)
    assert result.beta[1] == pytest.approx(float(slope), rel=1e-12)


def test_as_many_coefficients_as_studies_leave_nothing_to_test():
    result = meta.regression(Y[:2], V[:2], [1.0, 2.0])
    assert (result.q_df, result.tau2, result.test) == (0, 0.0, "z")
    assert "no degrees of freedom" in result.notes[0]
    np.testing.assert_allclose(result.residuals, 0, atol=1e-12)


def test_a_regression_shows_its_moderators_and_what_they_explain():
    text = meta.regression(Y, V, FRAME[["dose"]]).summary()
    assert text.startswith("Meta-regression, 8 studies (REML, knha)")
    for part in ("dose", "Moderators", "F ", "R²", "Heterogeneity"):
        assert part in text


def test_the_pooled_effect_of_a_regression_is_asked_for_by_its_moderators():
    with pytest.raises(ModelInputError, match="from `predict`"):
        _ = meta.regression(Y, V, FRAME[["dose"]]).estimate


def test_weights_of_ones_own_are_the_users_in_a_regression_too():
    result = meta.regression(Y, V, FRAME["dose"], weights="equal", test="z")
    slope, start = np.polyfit(FRAME["dose"], Y, 1)
    np.testing.assert_allclose(result.beta, [start, slope])


HOLED = FRAME.assign(dose=[1.0, None, 4.0, 3.0, None, 2.5, 1.5, 6.0], country=["PE", None, *FRAME["country"][2:]])


@pytest.mark.parametrize(
    ("moderators", "options", "message"),
    [
        (HOLED[["dose"]], {}, "The moderator 'dose' is missing in row 1, 4"),
        (HOLED[["country"]], {}, "The moderator 'country' is missing in row 1"),
        ("dose", {"data": HOLED}, "The moderator 'dose' is missing in row 1, 4"),
        ("country", {"data": HOLED}, "The moderator 'country' is missing in row 1"),
        ("dose", {}, "needs data="),
        ("dose +", {"data": FRAME}, "cannot be read"),
        ("y ~ dose", {"data": FRAME}, "must name moderators alone"),
        ("dosis", {"data": FRAME}, "cannot be applied to these rows"),
        ("dose.where(dose > 1)", {"data": FRAME}, "'dose.where(dose > 1)' is missing or infinite in row 0"),
        (FRAME[["dose"]][:5], {}, "There are 8 studies and 5 rows of moderators"),
        (np.ones((8, 1)), {}, "not of full rank: x1 is a combination of intercept"),
        (FRAME[["dose"]].assign(twice=2 * FRAME["dose"] + 1), {}, "twice is a combination of intercept, dose"),
        (np.column_stack([FRAME["dose"], np.zeros(8)]), {}, "x2 is 0 in all studies"),
        (np.random.default_rng(1).normal(size=(8, 9)), {}, "10 coefficients"),
        (FRAME.assign(country="PE")[["country"]], {}, "'country' has one value only ('PE')"),
        (FRAME["country"].to_numpy(), {}, "give a DataFrame for categories"),
        (np.zeros((8, 2, 2)), {}, "must have a row a study"),
        (FRAME["dose"], {"weights": [1, -1, 1, 1, 1, 1, 1, 1]}, "weights must be numbers of 0 or more in 1 of 8"),
        (FRAME["dose"], {"weights": "size"}, "or 'equal'; got 'size'"),
        (FRAME["dose"], {"weights": np.zeros(8)}, "All weights are 0"),
        (FRAME["dose"], {"weights": [1.0]}, "There are 1 weights for 8 studies"),
        (FRAME["dose"], {"tau2": -0.1}, "A known tau2 must be a number of 0 or more"),
        (FRAME["dose"], {"tau2": "GENQ"}, "GENQ needs weights of your own"),
    ],
)
def test_bad_moderators_are_told_with_their_rows_or_names(moderators, options, message):
    with pytest.raises(ModelInputError) as raised:
        meta.regression(Y, V, moderators, **options)
    assert message in str(raised.value)


@pytest.mark.parametrize("moderators", [FRAME[["country"]], "country"])
def test_a_new_row_with_an_unknown_category_is_refused(moderators):
    result = meta.regression(Y, V, moderators, data=FRAME)
    with pytest.raises(ModelInputError, match="XX"):
        result.predict(pd.DataFrame({"country": ["XX"]}))


def test_a_new_row_without_a_moderator_is_refused():
    with pytest.raises(ModelInputError, match="no column dose"):
        meta.regression(Y, V, FRAME[["dose"]]).predict(pd.DataFrame({"dosis": [1.0]}))
    with pytest.raises(ModelInputError, match="missing or infinite"):
        meta.regression(Y, V, FRAME["dose"].to_numpy()).predict([np.nan])


def test_a_moderator_that_is_not_in_the_model_is_told_with_those_that_are():
    with pytest.raises(ModelInputError, match=r"it has intercept, dose\. Did you mean 'dose'"):
        meta.regression(Y, V, FRAME[["dose"]]).design.positions("dos")


def test_a_slope_without_intercept_is_shown_by_its_name_and_without_a_prediction_interval():
    frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]})
    found = meta.regression([0.1, 0.3, 0.2, 0.5], [0.02, 0.03, 0.04, 0.02], "0 + dose", data=frame).summary()
    assert "dose " in found
    assert "Estimate" not in found
    assert "Prediction" not in found


@pytest.mark.parametrize(
    ("moderators", "message"),
    [
        (np.arange(8) * 1j, "must be numbers"),
        (np.arange(8).astype("M8[D]"), "must be numbers"),
        (pd.DataFrame({"dose": np.arange(8) * 1j}), "complex numbers"),
        (pd.DataFrame({"dose": [[1]] * 8}), "names of categories"),
        (FRAME[[]], "no column"),
    ],
)
def test_moderators_that_are_no_real_numbers_are_refused(moderators, message):
    with pytest.raises(ModelInputError, match=message):
        meta.regression(Y, V, moderators)


@pytest.mark.parametrize("rows", ["x", [0.1], 3, np.zeros((2, 1)), True])
def test_new_rows_of_named_moderators_are_a_data_frame(rows):
    with pytest.raises(ModelInputError, match="DataFrame with the columns dose"):
        meta.regression(Y, V, FRAME[["dose"]]).predict(rows)
