"""Diagnostics of means and regressions against R's metafor: influence, residuals, cumulative, profile, plot points."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "metafor_diagnostics.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CASES = [pytest.param(case, id=f"{case['data']}-{case.get('design', 'mean')}-{case['tau2']}-{case['test']}")
         for case in VALUES["cases"]]  # fmt: skip
MEANS = [case for case in CASES if "cumulative" in case.values[0]]
PROFILES = [case for case in CASES if "profile" in case.values[0]["diagnostics"]]


def fitted(case):
    y, v = (VALUES["sets"][case["data"]][name] for name in "yv")
    settings = {name: case[name] for name in ("tau2", "test", "weights") if name in case}
    if "design" not in case:
        return meta.random_effects(y, v, **settings)
    design = VALUES["designs"][case["design"]]
    return meta.regression(y, v, pd.DataFrame(design["columns"], columns=design["names"]), **settings)


def assert_close(found, wanted, case, size):
    """Equal within the tolerance of the estimator, relative to the number or, if larger, to what it is made of."""
    tolerance = TOLERANCE["iterated" if case["tau2"] in ("ML", "REML", "PM") else "closed-form"]
    wanted = np.array(wanted, dtype=float)
    found = np.asarray(found, dtype=float)
    assert found.shape == wanted.shape
    assert (np.isnan(found) == np.isnan(wanted)).all()
    assert (np.nan_to_num(np.abs(found - wanted)) <= tolerance * np.maximum(np.nan_to_num(np.abs(wanted)), size)).all()


@pytest.mark.parametrize("case", CASES)
def test_influence_equals_that_of_metafor(case):
    result = fitted(case)
    found, wanted = meta.influence(result), case["diagnostics"]["influence"]
    spread = float(np.mean(result.v)) / 1000
    for name, theirs, size in (
        ("studentised", "rstudent", 1.0),
        ("dffits", "dffits", 0.1),
        ("cooks_distance", "cook.d", 0.01),
        ("covariance_ratio", "cov.r", 0.01),
        ("tau2_deleted", "tau2.del", spread),
        ("q_deleted", "QE.del", 1.0),
        ("hat", "hat", 1e-6),
        ("weight", "weight", 1e-4),
    ):
        assert_close(getattr(found, name), wanted[theirs], case, size)
    assert_close(found.dfbetas.T, wanted["dfbs"], case, 0.1)
    for ours, theirs, reason in zip(found.is_influential, wanted["is_influential"], found.reasons, strict=True):
        assert ours == theirs or reason  # metafor has no answer for a study without which there is no fit


@pytest.mark.parametrize("case", CASES)
def test_residuals_equal_those_of_metafor(case):
    result = fitted(case)
    found, wanted = meta.residuals(result), case["diagnostics"]["residuals"]
    spread = float(np.sqrt(np.max(result.v)))
    for name, size in (("fitted", spread), ("residual", spread), ("se", spread), ("pearson", 1.0), ("cholesky", 1.0)):
        assert_close(getattr(found, name), wanted[name], case, size)
    # Where the standard error is 0 but for rounding, metafor's ratio is of two rounding errors.
    sound = found.se > 0
    assert_close(found.standardised[sound], np.array(wanted["standardised"])[sound], case, 1.0)
    assert_close(found.studentised, case["diagnostics"]["influence"]["rstudent"], case, 1.0)


@pytest.mark.parametrize("case", CASES)
def test_predicted_effects_and_deviations_equal_those_of_metafor(case):
    result, wanted = fitted(case), case["diagnostics"]["blup"]
    if "weights" in case:
        with pytest.raises(ModelInputError, match="weights of your own"):
            result.blup()
        return
    spread = float(np.sqrt(np.max(result.v)))
    for found, theirs in ((result.blup(), wanted["effects"]), (result.deviations(), wanted["deviations"])):
        for name, values in theirs.items():
            assert_close(found[name], values, case, spread)


@pytest.mark.parametrize("case", CASES)
def test_baujat_points_equal_those_of_metafor(case):
    found, wanted = meta.baujat(fitted(case)), case["diagnostics"]["baujat"]
    assert_close(found.x, wanted["x"], case, 0.01)
    assert_close(found.y, wanted["y"], case, 0.01)


@pytest.mark.parametrize("case", MEANS)
@pytest.mark.parametrize("order", ["as_given", "by_variance"])
def test_a_cumulative_analysis_equals_that_of_metafor(case, order):
    result = fitted(case)
    wanted = case["cumulative"][order]
    found = meta.cumulative(result, order=None if order == "as_given" else result.v).to_frame()
    spread, se = float(np.mean(result.v)) / 1000, found["se"].to_numpy()
    sizes = dict.fromkeys(("estimate", "ci_low", "ci_high"), se) | {"tau2": spread, "i2": 0.1, "p_value": 1e-3}
    for name, values in wanted.items():
        assert_close(found[name], values, case, sizes.get(name, 1.0 if name != "se" else 1e-12))


@pytest.mark.parametrize("case", MEANS)
def test_radial_points_equal_those_of_metafor(case):
    result, wanted = fitted(case), case["radial"]
    assert_close(meta.radial(result).x, wanted["x"], case, 1e-12)
    assert_close(meta.radial(result).y, wanted["y"], case, 1.0)
    assert_close(meta.radial(result, centred=True).y, wanted["centred"], case, 1.0)


@pytest.mark.parametrize("case", PROFILES)
def test_a_profile_of_the_likelihood_equals_that_of_metafor(case):
    wanted = case["diagnostics"]["profile"]
    found = meta.profile_likelihood(fitted(case), tau2=wanted["tau2"])
    assert_close(found.loglik, wanted["loglik"], case, 1.0)


@pytest.mark.parametrize("kind", list(VALUES["funnels"]))
def test_funnel_contours_equal_those_of_metafor(kind):
    options = {"pooled": {}, "zero": {"reference": 0.0}, "with_tau2": {"add_tau2": True}}[kind]
    result = meta.random_effects(**VALUES["sets"]["bcg"], test="z")
    found = meta.funnel(result, levels=(0.99, 0.95, 0.90), **options)
    drawn = VALUES["funnels"][kind]  # left, right a level, at standard errors up to 1.1 times the largest
    for contour, left, right in zip(found.contours, drawn[::2], drawn[1::2], strict=True):
        half = (right["x"][1] - found.reference) ** 2
        added = result.tau2 if options.get("add_tau2") else 0.0
        scale = (found.contour_se[-1] ** 2 + added) / (left["se"][1] ** 2 + added)
        assert (contour.high[-1] - found.reference) ** 2 == pytest.approx(half * scale, rel=1e-6)
        assert contour.low[-1] == pytest.approx(2 * found.reference - contour.high[-1])


@pytest.mark.parametrize("case", VALUES["labbe"], ids=lambda case: case["measure"])
def test_labbe_points_equal_those_of_metafor(case):
    raw = {name: values for name, values in case.items() if name not in ("measure", "x", "y")}
    found = meta.labbe(case["measure"], **raw)
    np.testing.assert_allclose(found.x, case["x"], rtol=TOLERANCE["effect-size"], atol=1e-12)
    np.testing.assert_allclose(found.y, case["y"], rtol=TOLERANCE["effect-size"], atol=1e-12)


def test_the_reference_covers_means_regressions_weights_and_every_test():
    cases = VALUES["cases"]
    assert {case.get("design", "mean") for case in cases} == {"mean", "two_moderators", "one_study_alone"}
    assert {case["test"] for case in cases} == set(meta.Test)
    assert {case["tau2"] for case in cases} == {"EE", "DL", "REML", "ML", "PM"}
    assert any("weights" in case for case in cases)
    assert {"outlier", "one_dominates", "two_studies", "no_heterogeneity"} <= {case["data"] for case in cases}
