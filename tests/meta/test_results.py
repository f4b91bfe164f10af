"""Results show and describe themselves."""

import dataclasses

import numpy as np
import pytest

from toolkit import __version__, meta

Y, V = [0.1, 0.5, -0.2, 0.9], [0.02, 0.03, 0.04, 0.05]


@pytest.fixture
def result():
    return meta.random_effects(Y, V, labels=["<b>Ann</b> 2001", "Bo", "Cy", "Di"])


def test_a_result_carries_its_input_settings_and_version(result):
    assert result.y.tolist() == Y
    assert result.labels[1] == "Bo"
    assert result.settings == ("REML", "knha", 0.95, None)
    assert result.version == __version__
    assert result.convergence.converged
    assert (result.k, result.p, result.df, result.q_df) == (4, 1, 3, 3)


def test_the_checksum_tells_equal_input_from_other(result):
    assert result.checksum == meta.random_effects(Y, V, tau2="DL").checksum
    assert result.checksum != meta.random_effects([0.1, 0.5, -0.2, 0.8], V).checksum


def test_a_result_cannot_be_changed(result):
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.tau2 = 0.0
    with pytest.raises(ValueError, match="read-only"):
        result.y[0] = 1.0


def test_the_input_of_the_caller_is_copied():
    y = np.array(Y)
    result = meta.random_effects(y, V)
    y[0] = 99.0
    assert result.y[0] == 0.1


def test_studies_without_labels_are_numbered():
    assert meta.random_effects(Y, V).labels == ("Study 1", "Study 2", "Study 3", "Study 4")


def test_the_summary_names_model_estimate_and_heterogeneity(result):
    text = result.summary()
    assert text.startswith("Random-effects model, 4 studies (REML, knha)")
    for part in ("Estimate", "95% CI", "Prediction interval", "tau²", "I²", "on 3 df"):
        assert part in text
    assert meta.random_effects([0.3], [0.1]).summary().startswith("Random-effects model, 1 study (REML, z)")


@pytest.mark.parametrize(
    "make", [lambda r: r, meta.leave_one_out, meta.selection_model, meta.influence, meta.cumulative], ids=range(5)
)
def test_a_result_is_named_by_its_kind_and_title_and_has_no_address(result, make):
    shown = make(result)
    assert repr(shown) == f"<{type(shown).__name__} {shown.summary().splitlines()[0]}>"


def test_html_is_a_table_and_is_escaped():
    interval = meta.PredictionInterval(None, None, 0.95, reason="a < b & c")
    assert "a &lt; b &amp; c" in interval._repr_html_()
    assert meta.random_effects(Y, V)._repr_html_().startswith("<table>")


def test_frames_hold_the_numbers(result):
    frame = result.to_frame()
    assert frame.index.tolist() == ["mean"]
    assert frame.loc["mean", "estimate"] == result.estimate
    assert frame.loc["mean", "tau2"] == result.tau2
    assert result.coefficients.columns.tolist() == [
        "estimate", "se", "statistic", "df", "p_value", "ci_low", "ci_high",
    ]  # fmt: skip
    assert result.heterogeneity_interval().to_frame().loc["tau2", "estimate"] == result.tau2
    assert result.prediction_interval().to_frame().loc[0, "low"] == result.prediction_interval().low


def test_a_wider_level_gives_wider_intervals(result):
    assert result.prediction_interval(level=0.99).low < result.prediction_interval().low
    assert result.heterogeneity_interval(level=0.5).tau2[2] < result.heterogeneity_interval().tau2[2]
    assert result.heterogeneity_interval().tau[2] ** 2 == pytest.approx(result.heterogeneity_interval().tau2[2])


def test_profile_likelihood_limits_need_a_likelihood():
    found = meta.random_effects(Y, V, tau2="DL").heterogeneity_interval("profile-likelihood")
    assert found.tau2[1:] == (None, None)
    assert "this model was fitted by DL" in found.reason


def test_an_empty_q_profile_interval_says_so():
    found = meta.random_effects([0.1] * 8, [0.04, 0.02] * 4).heterogeneity_interval()
    assert found.tau2 == (0, 0, 0)
    assert "vary less than chance" in found.note


def test_fitted_values_and_residuals_add_up_to_the_effects(result):
    np.testing.assert_allclose(result.fitted + result.residuals, result.y)


def test_no_array_of_a_result_can_be_written_to():
    dose = np.array([1.0, 3.0, 2.0, 5.0])
    fit = meta.regression([0.1, 0.4, 0.2, 0.9], [0.02, 0.01, 0.03, 0.02], dose)
    mean = meta.random_effects(fit.y, fit.v)
    values = [fit.y, fit.beta, fit.covariance, fit.weights, fit.standard_errors, fit.design.x, fit.design.take([0]).x]
    values += [meta.influence(fit).dfbetas, meta.leave_one_out(mean).deletions.fit.beta, meta.gosh(mean).fit.reason]
    values += [meta.funnel(mean).contours[0].low, meta.bootstrap(mean, replicates=50).fit.tau2]
    for array in values:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    dose[0] = 2.0  # the caller's own array stays as it was given
    assert fit.design.x[0, 1] == 1.0
