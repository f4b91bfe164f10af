"""Multivariate models against R's metafor and clubSandwich, and what holds for any data."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "multivariate.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CASES = [
    pytest.param(case, id=f"{case['data']}-{case['structure']}-{case['method']}-{case['formula'].strip()}")
    for case in VALUES["models"]
]
BERKEY = pd.DataFrame(VALUES["sets"]["berkey1998"])
ISHAK = pd.DataFrame(VALUES["sets"]["ishak2007_three"])


def fitted(case, test="z"):
    data = pd.DataFrame(VALUES["sets"][case["data"]])
    rho = VALUES["correlations"].get(case["data"])
    formula = case["formula"].strip().replace("0 + inner", "0 + C(inner)").replace("inner:x", "C(inner):x")
    return meta.multivariate(
        data.y,
        data.v if rho else np.array(VALUES["covariances"][case["data"]]),
        data.inner,
        data.outer,
        structure=case["structure"],
        rho=rho,
        moderators=None if formula == "1" else formula,
        data=data,
        method=case["method"],
        test=test,
    )


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("test", ["z", "t"])
def test_a_fit_equals_that_of_metafor(coefficients_equal, case, test):
    coefficients_equal(fitted(case, test), case[test], test)


@pytest.mark.parametrize("case", CASES)
def test_variances_and_correlations_equal_those_of_metafor(close, case):
    """metafor stops on its way to a variance of 0 (at 1e-12), which is exact here, so a correlation has no meaning."""
    found, wanted = fitted(case), np.array(case["G"])
    spread = np.sqrt(np.outer(np.diagonal(wanted), np.diagonal(wanted)))
    least = 1e-3 * np.mean(found.v)
    assert close(found.covariance_of_effects, wanted, np.maximum(spread, least), "variance-components")
    assert close(found.tau2, np.diagonal(wanted), least, "variance-components")
    varies = spread > 1e-3 * least
    assert close(found.rho[varies], (wanted / spread)[varies], 1, "variance-components")


@pytest.mark.parametrize("case", CASES)
def test_heterogeneity_and_likelihood_equal_those_of_metafor(close, case):
    found = fitted(case)
    assert (found.q, found.q_p) == pytest.approx((case["q"], case["q_p"]), rel=TOLERANCE["closed-form"])
    assert close((found.qm, found.qm_p), (case["qm"], case["qm_p"]), 0.1, "multilevel")
    for likelihood in ("ML", "REML"):
        criteria = found.information(likelihood)
        ordered = (criteria.loglik, criteria.deviance, criteria.aic, criteria.bic, criteria.aicc)
        assert close(ordered, case[likelihood], 1.0, "multilevel")


@pytest.mark.parametrize("case", [case for case in CASES if "highest" in case.values[0]])
def test_no_likelihood_is_below_that_of_metafor_or_of_a_search_over_cholesky_factors(case):
    found = fitted(case).loglik
    metafor = case[case["method"]][0]
    assert found >= max(metafor, case["highest"]) - 1e-9


@pytest.mark.parametrize("case", [case for case in CASES if "robust" in case.values[0]])
def test_robust_errors_of_a_fit_equal_those_of_clubsandwich(close, case):
    found = meta.robust(fitted(case), VALUES["sets"][case["data"]]["outer"])
    wanted = np.array(case["robust"]["covariance"])
    assert close(found.covariance, wanted, np.abs(wanted).max(), "multilevel")
    assert close(found.df, case["robust"]["df"], 0, "multilevel")


def test_a_correlation_of_minus_one_is_reached_exactly_and_told():
    case = next(case for case in VALUES["models"] if case["data"] == "kalaian1996" and case["structure"] == "UN")
    found = fitted(case)
    assert found.rho[0, 1] == -1
    assert any("at its bound" in note for note in found.notes)


def test_unstructured_and_heteroscedastic_are_the_same_for_two_levels():
    fits = [
        meta.multivariate(BERKEY.y, BERKEY.v, BERKEY.inner, BERKEY.outer, structure=kind, rho=0.4)
        for kind in ("UN", "HCS")
    ]
    assert fits[0].estimate == pytest.approx(fits[1].estimate, rel=1e-12)
    assert list(fits[0].components.values()) == pytest.approx(list(fits[1].components.values()), rel=1e-12)


def test_one_level_is_the_random_effects_model():
    rows = BERKEY[BERKEY.inner == "PD"]
    plain = meta.random_effects(rows.y, rows.v, test="z")
    for kind in meta.InnerStructure:
        found = meta.multivariate(rows.y, rows.v, rows.inner, rows.outer, structure=kind, test="z")
        assert found.tau2[0] == pytest.approx(plain.tau2, rel=1e-6)
        assert (found.estimate, found.se) == pytest.approx((plain.estimate, plain.se), rel=1e-6)
        assert next(iter(found.components)).startswith("tau2")


def test_compound_symmetry_is_the_multilevel_model_with_a_positive_correlation():
    """tau2 = sigma2 of studies and of effects, rho = the share of the first (one effect at each level)."""
    nested = meta.multilevel(ISHAK.y, ISHAK.v, ISHAK[["outer", "inner"]])
    found = meta.multivariate(ISHAK.y, ISHAK.v, ISHAK.inner, ISHAK.outer, structure="CS")
    assert found.loglik == pytest.approx(nested.loglik, abs=1e-9)
    assert found.tau2[0] == pytest.approx(nested.sigma2.sum(), rel=1e-5)
    assert found.rho[0, 1] == pytest.approx(nested.sigma2[0] / nested.sigma2.sum(), rel=1e-5)
    assert found.df.tolist() == nested.df.tolist()


@pytest.mark.parametrize("kind", list(meta.InnerStructure))
def test_effects_that_agree_have_variances_of_exactly_zero(kind):
    found = meta.multivariate(
        [0.3, 0.31, 0.29, 0.3, 0.3, 0.31], np.full(6, 0.1), ["a", "b"] * 3, [1, 1, 2, 2, 3, 3], structure=kind
    )
    assert found.tau2.tolist() == [0.0, 0.0]
    assert found.rho[0, 1] == 0
    assert found.se == pytest.approx(np.sqrt(0.1 / 6), rel=1e-12)


def test_levels_that_never_meet_are_named():
    kept = ISHAK[~((ISHAK.inner == "t2") & ISHAK.outer.isin(ISHAK.outer[ISHAK.inner == "t3"]))]
    found = meta.multivariate(kept.y, kept.v, kept.inner, kept.outer)
    assert any("both t2 and t3" in note for note in found.notes)


def test_as_many_coefficients_as_effects_leave_no_variance():
    found = meta.multivariate([0.4], [0.04], ["a"], [1])
    assert (found.estimate, found.se) == pytest.approx((0.4, 0.2), rel=1e-12)
    assert "variances are taken to be 0" in found.notes[-1]


def test_rows_of_a_fit_can_be_fitted_alone():
    whole = meta.multivariate(ISHAK.y, ISHAK.v, ISHAK.inner, ISHAK.outer, rho=0.4)
    rows = np.flatnonzero(ISHAK.outer != 3)
    part = ISHAK.iloc[rows]
    direct = meta.multivariate(part.y, part.v, part.inner, part.outer, rho=0.4)
    assert whole.refitted(rows).tau2 == pytest.approx(direct.tau2, rel=1e-9)
    assert whole.refitted(rows).estimate == pytest.approx(direct.estimate, rel=1e-12)


def test_levels_have_the_order_of_their_categories():
    order = pd.Categorical(BERKEY.inner, categories=["PD", "AL"])
    found = meta.multivariate(BERKEY.y, BERKEY.v, order, BERKEY.outer)
    assert found.inner_levels == ("PD", "AL")
    other = meta.multivariate(BERKEY.y, BERKEY.v, BERKEY.inner, BERKEY.outer)
    assert found.tau2 == pytest.approx(other.tau2[::-1], rel=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-5, 5), st.floats(-3, 3), st.sampled_from(list(meta.InnerStructure)))
def test_order_unit_and_origin_do_not_matter(seed, power, shift, kind):
    rng = np.random.default_rng(seed)
    outer, inner = np.repeat(np.arange(12), 3), np.tile(["a", "b", "c"], 12)
    v = rng.uniform(0.01, 0.2, 36)
    y = rng.normal(0, 0.5, 12)[outer] + rng.normal(0, np.sqrt(v + 0.1))
    unit, order = 10.0**power, rng.permutation(36)
    one = meta.multivariate(y, v, inner, outer, structure=kind)
    moved, spread = unit * (y + shift)[order], unit**2 * v[order]
    other = meta.multivariate(moved, spread, inner[order], outer[order], structure=kind)
    assert other.loglik + 35 * np.log(unit) == pytest.approx(one.loglik, abs=1e-6)


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_tiny_and_huge_variances_settle(size):
    rng = np.random.default_rng(4)
    outer, inner = np.repeat(np.arange(10), 3), np.tile(["a", "b", "c"], 10)
    y = np.sqrt(size) * (rng.normal(0, 1, 10)[outer] + rng.normal(0, 0.5, 30))
    found = meta.multivariate(y, np.full(30, 0.1 * size), inner, outer)
    assert found.convergence.converged
    assert (found.tau2 > 0.1 * size).all()
    assert np.linalg.eigvalsh(found.rho)[0] > -1e-12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inner": ["a", None, "b"]}, "inner: The cluster is missing in row 1"),
        ({"outer": [1, 2]}, "outer: There are 3 studies and 2 clusters"),
        ({"structure": "AR"}, "structure must be one of UN, CS, HCS, DIAG, ID"),
        ({"method": "DL"}, "REML, ML"),
        ({"test": "kenward-roger"}, "test of a multivariate model must be one of t, residual, z"),
        ({"rho": 1.5}, "rho must lie between"),
        ({"v": np.array([[1, 2, 0], [2, 1, 0], [0, 0, 1.0]])}, "rows 0, 1 is not positive definite"),
    ],
)
def test_wrong_input_is_refused_with_its_rows(changes, message):
    given_ = {"y": [0.1, 0.2, 0.3], "v": [0.1, 0.1, 0.2], "inner": ["a", "b", "a"], "outer": [1, 1, 2]} | changes
    y, v, inner, outer = (given_.pop(name) for name in ("y", "v", "inner", "outer"))
    with pytest.raises(ModelInputError, match=message):
        meta.multivariate(y, v, inner, outer, **given_)


def test_a_result_shows_coefficients_variances_and_correlations():
    text = fitted(VALUES["models"][0], "t").summary()
    for part in ("5 units", "UN; REML, t", "C(inner)[AL]", "tau² of AL", "rho of AL and PD", "Moderators", "Q "):
        assert part in text
