"""The panel of methods for publication bias: its numbers are those of the methods, and it says what it cannot do."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError

DATA = json.loads((Path(__file__).parents[2] / "reference" / "small_studies.json").read_text())["data"]
BCG = DATA["bcg"]
ALONE = {"Egger's regression": meta.egger, "PET-PEESE": meta.pet_peese}
CORRECTED = ("estimate", "ci_low", "ci_high")
FUNNEL = [
    "Egger's regression",
    "rank test",
    "trim and fill",
    "PET-PEESE",
    "Henmi-Copas interval",
    "limit meta-analysis",
    "Copas selection model",
]


def pooled(name="bcg", **how):
    return meta.random_effects(DATA[name]["y"], DATA[name]["v"], **how)


@pytest.mark.parametrize("name", DATA)
def test_each_row_has_the_numbers_of_its_method(name):
    result = pooled(name)
    rows = meta.bias_panel(result).to_frame()
    copas = meta.copas_model(result)
    assert (rows["reason"].drop("Copas selection model") == "").all()
    assert (rows["reading"] + rows["reason"]).str.len().gt(20).all()
    for method, alone in ALONE.items():
        found = alone(result)
        for field in (*CORRECTED, "statistic", "p_value"):
            wanted = getattr(found, field)
            assert np.isnan(rows.loc[method, field]) if wanted is None else rows.loc[method, field] == wanted
    rank, filled, selected = meta.rank_test(result), meta.trim_and_fill(result).filled, meta.selection_model(result)
    assert tuple(rows.loc["rank test", ["statistic", "p_value"]]) == (rank.tau, rank.p_value)
    assert tuple(rows.loc["trim and fill", list(CORRECTED)]) == (filled.estimate, filled.ci_low, filled.ci_high)
    assert tuple(rows.loc["selection model", ["estimate", "statistic", "p_value"]]) == (
        selected.estimate, selected.lrt, selected.lrt_p,
    )  # fmt: skip
    henmi = meta.henmi_copas(result)
    assert tuple(rows.loc["Henmi-Copas interval", list(CORRECTED)]) == (henmi.estimate, henmi.ci_low, henmi.ci_high)
    excess = meta.excess_significance(result)
    assert tuple(rows.loc["excess significance", ["statistic", "p_value"]]) == (excess.ratio, excess.p_value)
    limit = meta.limit_meta_analysis(result)
    assert tuple(rows.loc["limit meta-analysis", ["estimate", "statistic", "p_value"]]) == (
        limit.estimate, limit.q_small, limit.q_small_p,
    )  # fmt: skip
    row, first = rows.loc["Copas selection model"], copas.path[0]
    if copas.adjusted is None:
        assert row["reason"] == copas.reason
    elif copas.adjusted is first:
        assert (np.isnan(row["estimate"]), row["p_value"]) == (True, first.residual_p)
    else:
        wanted = copas.adjusted
        assert tuple(row[[*CORRECTED, "p_value"]]) == (wanted.estimate, wanted.ci_low, wanted.ci_high, first.residual_p)
    assert rows.loc["fail-safe N", "statistic"] == meta.failsafe_n(result).number
    assert rows.index[-1] == "fail-safe N"


def test_fewer_than_ten_studies_run_nothing_and_say_why():
    panel = meta.bias_panel(meta.random_effects(BCG["y"][:9], BCG["v"][:9]))
    assert panel.checks == ()
    assert "fewer than 10" in panel.reason
    assert "Sterne et al. 2011" in panel.summary()
    assert panel.to_frame().empty
    assert meta.bias_panel(meta.random_effects([0.1], [0.1])).reason
    assert not meta.bias_panel(meta.random_effects(BCG["y"][:10], BCG["v"][:10])).reason


def test_standard_errors_that_are_all_alike_leave_no_funnel():
    rows = meta.bias_panel(meta.random_effects(BCG["y"], np.full(13, 0.1))).to_frame()
    assert rows.loc[FUNNEL, "reason"].str.contains("same standard error").all()
    assert rows.loc[FUNNEL, ["estimate", "p_value"]].isna().all(axis=None)
    assert rows.loc["selection model", "reason"] == ""


def test_a_regression_has_the_methods_that_allow_for_moderators():
    rows = meta.bias_panel(meta.regression(BCG["y"], BCG["v"], np.arange(13.0))).to_frame()
    computed = rows.index[rows["reason"] == ""]
    assert {"Egger's regression", "selection model"} <= set(computed)
    assert rows.loc[computed, "estimate"].isna().all()
    assert (
        rows.loc[["rank test", "trim and fill", "PET-PEESE", "fail-safe N"], "reason"].str.contains("moderators").all()
    )


def test_a_common_effect_model_is_corrected_as_such():
    result = pooled(tau2="EE", test="z")
    rows = meta.bias_panel(result).to_frame()
    assert rows.loc["trim and fill", "estimate"] == meta.trim_and_fill(result).filled.estimate
    assert (rows["reason"] == "").all()


def test_own_weights_leave_out_the_selection_models_alone():
    rows = meta.bias_panel(meta.random_effects(BCG["y"], BCG["v"], weights="equal")).to_frame()
    assert rows.index[rows["reason"] != ""].tolist() == ["Copas selection model", "selection model"]
    assert "weights of your own" in rows.loc["selection model", "reason"]


def test_a_method_that_fails_has_its_reason_and_the_others_run():
    studies = meta.random_effects(np.full(12, 0.5), np.linspace(0.1, 0.9, 12))
    rows = meta.bias_panel(studies).to_frame()
    assert "agree exactly" in rows.loc["Egger's regression", "reason"]
    assert "no order" in rows.loc["rank test", "reason"]
    assert rows.loc["trim and fill", "reason"] == ""
    precise = meta.bias_panel(meta.random_effects(np.full(12, 5.0) + np.arange(12), np.linspace(0.01, 0.02, 12)))
    assert "No p-value lies" in precise.to_frame().loc["selection model", "reason"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("tau2", ["EE", "PM", "REML"])
def test_one_dominating_study_and_variances_far_apart_have_a_panel(tau2):
    v = np.array([1e-12, 1e12, *np.linspace(0.01, 0.5, 10)])
    y = np.array([0.2, 0.4, *np.sin(np.arange(10.0))])
    rows = meta.bias_panel(meta.random_effects(y, v, tau2=tau2)).to_frame()
    assert (
        (rows["reason"] != "") | rows["p_value"].notna() | rows["estimate"].notna() | rows["statistic"].notna()
    ).all()


def test_the_side_is_that_of_the_selection_and_no_other_word_will_do():
    result = pooled()
    less = meta.bias_panel(result, alternative="less").to_frame().loc["selection model"]
    assert less["estimate"] == meta.selection_model(result, alternative="less").estimate
    with pytest.raises(ModelInputError, match="alternative"):
        meta.bias_panel(result, alternative="up")


def test_readings_are_words_for_what_the_numbers_say():
    clear = meta.bias_panel(pooled("baskerville2012"))
    assert "effects are higher in less precise studies" in clear.summary()
    assert "does not rule bias out" in meta.bias_panel(pooled("bcg")).summary()
    assert "Becker (2005) advises against" in clear.summary()
    assert "as pooled" in clear.summary()


@given(st.permutations(range(13)), st.sampled_from([-1.0, 1e-3, 1e3]))
@settings(max_examples=10, deadline=None)
def test_order_unit_and_sign_do_not_change_the_tests(order, unit):
    y, v = np.array(BCG["y"]), np.array(BCG["v"])
    whole = meta.bias_panel(meta.random_effects(y, v, tau2="DL")).to_frame()
    found = meta.bias_panel(meta.random_effects(unit * y[order], unit**2 * v[order], tau2="DL")).to_frame()
    np.testing.assert_allclose(found["p_value"], whole["p_value"], rtol=1e-5)
    np.testing.assert_allclose(found["estimate"] / unit, whole["estimate"], rtol=1e-4)
