"""Influence, residuals, cumulative analyses and plot points: what they promise beyond their numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

Y, V = [0.1, 0.5, -0.2, 0.9, 0.3], [0.02, 0.03, 0.04, 0.05, 0.03]
LABELS = ["Ann 2001", "Bo 2002", "Cy 2003", "Di 2004", "Ed 2005"]
OUTLIER = [0.1, 0.2, 0.15, 0.12, 0.18, 3.0], [0.02, 0.03, 0.025, 0.04, 0.02, 0.03]

effects = st.lists(st.floats(-5, 5), min_size=3, max_size=9)


@st.composite
def studies(draw):
    y = np.array(draw(effects))
    v = np.array(draw(st.lists(st.floats(0.01, 4), min_size=len(y), max_size=len(y))))
    return y, v


def one_by_one(y, v, **options):
    """The fits without each study, each by a call of its own."""
    keep = ~np.eye(len(y), dtype=bool)
    return [meta.random_effects(np.asarray(y)[row], np.asarray(v)[row], **options) for row in keep]


@pytest.mark.parametrize("test", ["z", "knha"])
def test_deletions_in_one_stack_equal_fits_one_by_one(test):
    result = meta.random_effects(Y, V, test=test)
    found = meta.influence(result)
    for row, without in enumerate(one_by_one(Y, V, test=test)):
        assert found.tau2_deleted[row] == pytest.approx(without.tau2, rel=1e-9, abs=1e-12)
        assert found.q_deleted[row] == pytest.approx(without.q)
        assert found.covariance_ratio[row] == pytest.approx((without.se / result.se) ** 2)
        assert found.cooks_distance[row] == pytest.approx(((result.estimate - without.estimate) / result.se) ** 2)


def test_an_outlier_is_influential_and_named_in_the_summary():
    found = meta.influence(meta.random_effects(*OUTLIER, labels=list("ABCDEF")))
    assert found.is_influential.tolist() == [False] * 5 + [True]
    assert "influential: studentised residual 58" in found.summary()
    assert "tau2 falls from 1.324 to 0 without F." in found.summary()


def test_a_standard_error_that_is_too_small_near_no_heterogeneity_is_told():
    notes = " ".join(meta.influence(meta.random_effects(*OUTLIER, labels=list("ABCDEF"))).notes)
    assert "Without F tau2 is 0 and the Knapp-Hartung standard error is below that of the common-effect model" in notes
    assert "test='adhoc'" in notes


def test_influence_of_a_fit_without_outliers_says_so():
    found = meta.influence(meta.random_effects([0.1, 0.2, 0.3, 0.2, 0.1, 0.3], [0.2] * 6, test="z"))
    assert "no study by any of the four rules" in found.summary()
    assert found._repr_html_().startswith("<table>")


def test_frames_name_studies_and_coefficients():
    result = meta.regression(Y, V, pd.DataFrame({"year": [1, 2, 3, 4, 6]}), labels=LABELS)
    frame = meta.influence(result).to_frame()
    assert frame.index.tolist() == LABELS
    assert {"studentised", "dfbetas_year", "is_influential", "reason"} <= set(frame.columns)
    assert meta.residuals(result).to_frame().index.tolist() == LABELS
    assert meta.baujat(result).to_frame().index.tolist() == LABELS


def test_a_single_study_has_a_reason_in_place_of_influence():
    result = meta.random_effects([0.3], [0.04])
    for found in (meta.influence(result), meta.residuals(result), meta.baujat(result)):
        assert found.reasons == ("There is no other study to compare with.",)
    assert np.isnan(meta.influence(result).studentised[0])
    assert not meta.influence(result).is_influential[0] or meta.influence(result).hat[0] > 3
    assert meta.residuals(result).standardised[0] == 0
    assert "no other study" in meta.influence(result).summary()


def test_a_study_that_alone_decides_a_coefficient_has_a_reason():
    moderators = pd.DataFrame({"pilot": [0, 0, 0, 0, 1]})
    result = meta.regression(Y, V, moderators, labels=LABELS)
    found = meta.influence(result)
    assert found.reasons[:4] == ("",) * 4
    assert "Without Ed 2005 the other studies cannot tell the 2 coefficients apart" in found.reasons[4]
    assert np.isnan(found.dffits[4])
    assert np.isfinite(found.dffits[:4]).all()
    assert meta.residuals(result).se[4] == 0


def test_effects_that_all_agree_have_a_reason_in_place_of_ratios():
    found = meta.influence(meta.random_effects([0.1] * 4, V[:4]))
    assert all("Knapp-Hartung standard error is 0" in reason for reason in found.reasons)
    assert np.isnan(found.cooks_distance).all()
    assert found.tau2_deleted.tolist() == [0] * 4
    without = meta.influence(meta.random_effects([0.1, 0.1, 0.1, 0.7], V[:4], labels=LABELS[:4]))
    assert "Without Di 2004 all effects agree" in without.reasons[3]
    assert np.isfinite(without.studentised[:3]).all()


def test_a_search_that_does_not_settle_names_the_study(monkeypatch):
    from toolkit.meta.sensitivity import deletion
    from toolkit.meta.stack_fit import Unfitted

    def unsettled(make, parts, k, chosen):
        fit = meta_fit(make, parts, k, chosen)
        fit.reason[2] = Unfitted.UNSETTLED
        return fit

    meta_fit = deletion.fit_many
    monkeypatch.setattr(deletion, "fit_many", unsettled)
    found = meta.influence(meta.random_effects(Y, V, labels=LABELS))
    assert found.reasons[2].startswith("Without Cy 2003 the REML estimate of tau2 did not settle")


def test_a_known_tau2_is_kept_on_deletion():
    assert meta.influence(meta.random_effects(Y, V, tau2=0.05)).tau2_deleted.tolist() == [0.05] * 5


@given(studies(), st.floats(-3, 3), st.floats(1e-3, 1e3))
@settings(deadline=None, max_examples=30)
def test_influence_does_not_depend_on_origin_and_unit(data, shift, scale):
    y, v = data
    one, other = (meta.influence(meta.random_effects(*d, tau2="DL", test="z")) for d in (
        (y, v), (scale * (y + shift), scale**2 * v)))  # fmt: skip
    for name in ("studentised", "dffits", "cooks_distance", "covariance_ratio", "hat"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-6, atol=1e-6)
    assert one.tau2_deleted * scale**2 == pytest.approx(other.tau2_deleted, rel=1e-6, abs=1e-9 * scale**2)


@given(studies(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_influence_follows_its_study_when_rows_are_permuted(data, random):
    y, v = data
    order = list(range(len(y)))
    random.shuffle(order)
    one = meta.influence(meta.random_effects(y, v, tau2="PM", test="z"))
    other = meta.influence(meta.random_effects(y[order], v[order], tau2="PM", test="z"))
    np.testing.assert_allclose(one.studentised[order], other.studentised, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.cooks_distance[order], other.cooks_distance, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_influence_bears_huge_and_tiny_variances(size):
    y, v = np.sqrt(size) * np.array(Y), size * np.array(V)
    plain, scaled = (meta.influence(meta.random_effects(*data)) for data in ((Y, V), (y, v)))
    np.testing.assert_allclose(scaled.studentised, plain.studentised, rtol=1e-6)
    np.testing.assert_allclose(scaled.tau2_deleted, size * plain.tau2_deleted, rtol=1e-6, atol=1e-9 * size)


def test_residuals_of_a_common_effect_add_up_to_q():
    result = meta.random_effects(Y, V, tau2="EE", test="z")
    found = meta.residuals(result)
    assert np.sum(found.pearson**2) == pytest.approx(result.q)
    assert np.sum(meta.baujat(result).x) == pytest.approx(result.q)
    assert (np.abs(found.standardised) >= np.abs(found.pearson)).all()


def test_a_cumulative_analysis_ends_with_the_whole_and_starts_with_one_study():
    result = meta.random_effects(Y, V, labels=LABELS)
    found = meta.cumulative(result, order=[2005, 2001, 2003, 2002, 2004])
    frame = found.to_frame()
    assert found.labels == ("Bo 2002", "Di 2004", "Cy 2003", "Ed 2005", "Ann 2001")
    assert frame["estimate"].iloc[0] == 0.5
    assert frame["estimate"].iloc[-1] == pytest.approx(result.estimate)
    assert frame["ci_high"].iloc[-1] == pytest.approx(result.ci_high)
    assert "+ Ann 2001" in found.summary()


def test_a_cumulative_analysis_takes_texts_and_dates_and_keeps_ties_as_they_stand():
    result = meta.random_effects(Y, V)
    assert meta.cumulative(result, order=list("bbaab")).order.tolist() == [2, 3, 0, 1, 4]
    dates = np.array(["2001-05", "1999-01", "2003-01", "2000-01", "1998-01"], dtype="datetime64[M]")
    assert meta.cumulative(result, order=dates).order.tolist() == [4, 1, 3, 0, 2]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([1, 2], "one value for each of the 5 studies"),
        ([1, 2, np.nan, 3, 4], "missing in row 2"),
        (np.array([1, "a", 2, None, 3], dtype=object), "cannot be compared"),
    ],
)
def test_an_order_that_cannot_be_used_is_refused(order, message):
    with pytest.raises(ModelInputError, match=message):
        meta.cumulative(meta.random_effects(Y, V), order=order)


def test_what_needs_a_mean_refuses_a_regression():
    result = meta.regression(Y, V, pd.DataFrame({"year": [1, 2, 3, 4, 6]}))
    for function in (meta.cumulative, meta.radial):
        with pytest.raises(ModelInputError, match="moderators"):
            function(result)
    assert meta.funnel(result).reference == 0


def test_a_profile_has_its_maximum_at_the_fit():
    for estimator in ("ML", "REML"):
        result = meta.random_effects(Y, V, tau2=estimator)
        found = meta.profile_likelihood(result)
        assert found.likelihood == estimator
        assert found.fitted_loglik == pytest.approx(result.loglik)
        assert found.loglik.max() <= found.fitted_loglik + 1e-12
        assert abs(found.tau2[np.argmax(found.loglik)] - result.tau2) <= found.tau2[1] - found.tau2[0]
        assert found.to_frame().shape == (101, 2)


@pytest.mark.parametrize(("tau2", "message"), [([0.1, -1], "-1 in row 1"), ([], "shape"), ([[1.0]], "shape")])
def test_values_of_tau2_that_cannot_be_are_refused(tau2, message):
    with pytest.raises(ModelInputError, match=message):
        meta.profile_likelihood(meta.random_effects(Y, V), tau2=tau2)


def test_a_model_without_a_likelihood_of_tau2_is_refused():
    with pytest.raises(ModelInputError, match="common-effect"):
        meta.profile_likelihood(meta.random_effects(Y, V, tau2="EE"))
    with pytest.raises(ModelInputError, match="k = 1"):
        meta.profile_likelihood(meta.random_effects([0.1], [0.2]))


def test_an_effect_outside_the_funnel_about_zero_is_significant():
    result = meta.random_effects(Y, V)
    found = meta.funnel(result, reference=0.0, levels=[0.95])
    contour = found.contours[0]
    outside = np.abs(result.y) > np.interp(found.se, found.contour_se, contour.high)
    assert outside.tolist() == (np.abs(result.y) / found.se > 1.959964).tolist()
    assert f"{(~outside).sum()} of 5" in found.summary()


def test_labbe_points_need_two_groups_of_counts():
    with pytest.raises(ModelInputError, match="OR, RR, RD"):
        meta.labbe("SMD", n=[1])
    with pytest.raises(ModelInputError, match="events_1, events_2, total_1, total_2"):
        meta.labbe("OR", events_1=[1])
    counts = {"events_1": [1, 2], "total_1": [9, 9], "events_2": [3, 4], "total_2": [9, 9]}
    with pytest.raises(ModelInputError, match="1 labels for 2 studies"):
        meta.labbe("OR", labels=["one"], **counts)


def test_a_study_that_alone_decides_is_named_with_a_remedy_when_it_is_left_out():
    found = meta.leave_one_out(meta.random_effects([0.2, 0.2, 0.2, 0.9], [0.02, 0.02, 0.02, 0.02]))
    assert "Without Study 4 all effects agree" in found.to_frame()["reason"].iloc[3]
    assert "tau² 0. Without Study 4 all effects agree" in found.summary()
    assert (found.to_frame()["reason"].iloc[:3] == "").all()
    alone = meta.leave_one_out(meta.random_effects([0.2], [0.02]))
    assert "There is no study." in alone.summary()
