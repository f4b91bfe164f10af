"""Models of counts against R's metafor (and a definition written out in R), and what holds for any counts."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ConvergenceError, ModelInputError
from toolkit.meta.rare_events.ascent import climbing_step

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "rare_events.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
STRATA = [pytest.param(case, id=f"{case['data']}-{case['measure']}-{case['correct']}") for case in VALUES["strata"]]
MIXED = [
    pytest.param(case, id="-".join(str(case[name]) for name in ("data", "measure", "model", "method", "points")))
    for case in VALUES["mixed"]
]


def counts_of(name):
    columns = {key: np.array(column, dtype=float) for key, column in VALUES["sets"][name].items()}
    names = {"a": "events_1", "c": "events_2", "n1": "total_1", "n2": "total_2", "t1": "time_1", "t2": "time_2"}
    names |= {"x": "events", "n": "total", "t": "time"}
    return {names[key]: column for key, column in columns.items()}


def assert_pooled_as_in_r(found, wanted):
    for own, name in (("estimate", "estimate"), ("se", "se"), ("ci_low", "ci_low"), ("ci_high", "ci_high")):
        assert getattr(found, own) == pytest.approx(wanted[name], rel=TOLERANCE["closed-form"], abs=1e-12)
    for own, name in (("p_value", "p"), ("q", "q"), ("q_p", "q_p"), ("i2", "i2"), ("h2", "h2")):
        assert getattr(found, own) == pytest.approx(wanted[name], rel=TOLERANCE["closed-form"], abs=1e-12)


@pytest.mark.parametrize("case", STRATA)
def test_a_mantel_haenszel_estimate_and_its_heterogeneity_equal_those_of_metafor(case):
    found = meta.mantel_haenszel(case["measure"], **counts_of(case["data"]), continuity_correction=case["correct"])
    assert_pooled_as_in_r(found, case)


@pytest.mark.parametrize("case", [case for case in STRATA if case.values[0].get("association") is not None])
def test_tests_of_association_and_homogeneity_equal_those_of_metafor(case):
    found = meta.mantel_haenszel(case["measure"], **counts_of(case["data"]), continuity_correction=case["correct"])
    tests = [(found.association, "association")]
    if case["measure"] == "OR":
        tests += [(found.homogeneity["Tarone"], "tarone"), (found.homogeneity["Breslow-Day"], "breslow_day")]
    for test, name in tests:
        assert test.statistic == pytest.approx(case[name], rel=TOLERANCE["closed-form"])
        assert test.p_value == pytest.approx(case[f"{name}_p"], rel=TOLERANCE["closed-form"])


@pytest.mark.parametrize("case", VALUES["peto"], ids=lambda case: case["data"])
def test_petos_estimate_equals_that_of_metafor_and_so_do_its_first_studies(case):
    found = meta.peto(**counts_of(case["data"]))
    assert_pooled_as_in_r(found, case)
    series = found.cumulative()
    told = series.reason == ""
    assert series.estimate[told].to_numpy() == pytest.approx(np.array(case["cumulative"])[told.to_numpy()], rel=1e-9)


def test_a_single_study_has_no_heterogeneity_as_in_metafor():
    found, wanted = meta.peto([5], [50], [9], [55]), VALUES["single"]
    assert found.se == pytest.approx(wanted["se"], rel=TOLERANCE["closed-form"])
    assert (found.i2, wanted["i2"]) == (0, 0)


@pytest.mark.parametrize(("measure", "name"), [("PLO", "sparse"), ("IRLN", "sparse_rates")])
def test_integrals_are_exact_where_seven_points_of_quadrature_are_too_coarse(measure, name):
    case, found = VALUES[name], meta.glmm(measure, **counts_of(name))
    assert found.estimate == pytest.approx(case["estimate"], abs=TOLERANCE["definition"] * case["se"])
    for part in ("se", "tau2"):
        assert getattr(found, part) == pytest.approx(case[part], rel=TOLERANCE["definition"])
    assert found.loglik == pytest.approx(case["loglik"], abs=1e-8)


@pytest.mark.parametrize("model", ["CM.AL", "CM.EL"])
def test_a_likelihood_that_rises_with_tau_beyond_all_bounds_is_an_error_not_a_number(model):
    two = {"events_1": [0, 1, 0], "total_1": [80, 151, 60], "events_2": [1, 0, 2], "total_2": [80, 151, 60]}
    with pytest.raises(ConvergenceError, match="method='EE'"):
        meta.glmm("OR", model=model, **two)


def test_leaving_each_study_out_equals_metafor():
    found = meta.mantel_haenszel("OR", **counts_of("bcg")).leave_one_out()
    assert found.estimate.to_numpy() == pytest.approx(VALUES["leave_one_out"]["bcg"], rel=TOLERANCE["closed-form"])


@pytest.mark.parametrize("case", MIXED)
def test_a_mixed_model_of_counts_equals_that_of_metafor_or_of_its_definition(case):
    found = meta.glmm(case["measure"], model=case["model"] or None, method=case["method"], **counts_of(case["data"]))
    kind = "definition" if case["points"] == 0 else "count-model"
    assert found.estimate == pytest.approx(case["estimate"], abs=TOLERANCE[kind] * case["se"] + 1e-9)
    assert found.se == pytest.approx(case["se"], rel=TOLERANCE[kind])
    assert found.tau2 == pytest.approx(case["tau2"], rel=3 * TOLERANCE[kind], abs=1e-9)
    for name in ("i2", "h2", "q_lrt", "q_wald"):
        if case.get(name) is not None:
            assert getattr(found, name) == pytest.approx(case[name], rel=5 * TOLERANCE[kind], abs=1e-8)
    # With several points of quadrature and tau2 > 0 lme4's log-likelihood lacks constants, so that it is no reference.
    if case["points"] == 0 or case["tau2"] == 0:
        assert found.loglik == pytest.approx(case["loglik"], abs=1e-6)
        for name in ("aic", "bic"):
            if case.get(name) is not None:
                assert getattr(found.information(), name) == pytest.approx(case[name], abs=1e-6)


def test_the_model_with_random_levels_equals_its_definition_and_metafors_is_lower():
    case = VALUES["random_levels"][0]
    found = meta.glmm("OR", model="UM.RS", **counts_of(case["data"]))
    for name in ("se", "tau2", "baseline_variance", "q_lrt", "q_wald"):
        assert getattr(found, name) == pytest.approx(case[name], rel=TOLERANCE["definition"])
    assert found.estimate == pytest.approx(case["estimate"], abs=TOLERANCE["definition"] * case["se"])
    assert found.loglik == pytest.approx(case["loglik"], abs=1e-6)
    metafor = case["metafor"]
    assert found.loglik >= metafor["loglik"]
    assert found.estimate == pytest.approx(metafor["estimate"], abs=2 * TOLERANCE["count-model"] * case["se"])
    assert found.se == pytest.approx(metafor["se"], rel=TOLERANCE["random-baselines"])
    for name in ("tau2", "baseline_variance", "q_lrt", "i2"):
        assert getattr(found, name) == pytest.approx(metafor[name], rel=TOLERANCE["count-model"])
    for name in ("aic", "bic"):
        assert getattr(found.information(), name) == pytest.approx(metafor[name], abs=1e-4)


def test_rates_with_random_levels_equal_metafor_with_a_tau2_of_exactly_0():
    found, wanted = meta.glmm("IRR", model="UM.RS", **counts_of("hart1999")), VALUES["rate_levels"]
    assert found.tau2 == 0
    assert found.estimate == pytest.approx(wanted["estimate"], abs=TOLERANCE["count-model"] * found.se)
    assert found.loglik == pytest.approx(wanted["loglik"], abs=1e-4)
    assert found.q_lrt == pytest.approx(wanted["q_lrt"], rel=TOLERANCE["count-model"])


def test_tables_with_a_zero_cell_have_random_levels_and_a_test_of_heterogeneity_as_in_metafor():
    found, wanted = meta.glmm("OR", model="UM.RS", **counts_of("yusuf1985")), VALUES["zero_levels"]
    assert found.tau2 == wanted["tau2"] == 0
    assert found.estimate == pytest.approx(wanted["estimate"], abs=TOLERANCE["count-model"] * found.se)
    for name in ("baseline_variance", "q_lrt"):
        assert getattr(found, name) == pytest.approx(wanted[name], rel=TOLERANCE["count-model"])


MODERATED = [
    pytest.param(case, id="-".join(case[name] for name in ("data", "measure", "model", "method")))
    for case in VALUES["moderated"]
]


@pytest.mark.parametrize("case", MODERATED)
def test_moderators_of_counts_equal_those_of_metafor(case):
    counts = counts_of(case["data"])
    if case["measure"] == "IRLN":
        counts["time"] = counts.pop("total")
    model, moderators = case["model"] or None, VALUES["moderator"][case["data"]]
    found = meta.glmm(case["measure"], model=model, method=case["method"], moderators=moderators, **counts)
    rel = TOLERANCE["random-baselines" if model == "UM.RS" else "count-model"]
    assert found.terms == ("intercept", "x1")
    assert (found.beta - case["beta"]) / case["se"] == pytest.approx([0, 0], abs=rel)
    assert found.standard_errors == pytest.approx(case["se"], rel=rel)
    assert found.tau2 == pytest.approx(case["tau2"], rel=3 * rel, abs=1e-9)
    assert found.q_df == case["q_df"]
    assert found.qm_df == (1, None)
    names = ("i2", "h2", "q_lrt", "qm") + (() if model == "UM.RS" else ("q_wald", "qm_p"))
    for name in names:  # the omnibus statistics of UM.RS have the errors of glmer's standard errors twice
        assert getattr(found, name) == pytest.approx(case[name], rel=3 * rel)


def test_moderators_of_the_exact_conditional_model_equal_its_definition():
    case = VALUES["exact_moderated"]
    moderators = VALUES["moderator"][case["data"]]
    found = meta.glmm("OR", model="CM.EL", moderators=moderators, **counts_of(case["data"]))
    assert (found.beta - case["beta"]) / case["se"] == pytest.approx([0, 0], abs=TOLERANCE["definition"])
    assert found.standard_errors == pytest.approx(case["se"], rel=TOLERANCE["definition"])
    for name in ("tau2", "q_lrt"):
        assert getattr(found, name) == pytest.approx(case[name], rel=TOLERANCE["definition"])
    assert found.loglik == pytest.approx(case["loglik"], abs=1e-8)


def test_methods_for_rare_events_stand_side_by_side():
    wanted = VALUES["methods"]
    counts = counts_of("zeros")
    frame = meta.rare_event_sensitivity(**counts).to_frame().set_index("method")
    corrected = frame.loc["Inverse variance, 1/2 added"], wanted["with_double_zeros"]
    dropped = frame.loc["Inverse variance, 1/2 added, without double zeros"], wanted["without_double_zeros"]
    for row, numbers in (corrected, dropped):
        for name in ("k", "estimate", "ci_low", "ci_high"):
            assert row[name] == pytest.approx(numbers[name], rel=TOLERANCE["iterated"])
    assert frame.estimate["Mantel-Haenszel"] == pytest.approx(wanted["mantel_haenszel"], rel=TOLERANCE["closed-form"])
    assert frame.estimate["Peto"] == pytest.approx(wanted["peto"], rel=TOLERANCE["closed-form"])
    for model in ("UM.FS", "CM.EL"):
        row = frame.filter(like=model, axis=0).iloc[0]
        assert row.estimate == pytest.approx(meta.glmm("OR", model=model, **counts).estimate, rel=1e-12)
    assert (frame.reason == "").all()
    assert (frame.assumes != "").all()


def test_a_method_that_cannot_be_used_says_why_beside_those_that_can():
    of_ratio = meta.rare_event_sensitivity(**counts_of("zeros"), measure="RR").to_frame()
    assert of_ratio.method.tolist() == [
        "Mantel-Haenszel",
        "Inverse variance, 1/2 added",
        "Inverse variance, 1/2 added, without double zeros",
    ]
    assert of_ratio.estimate.notna().all()
    found = meta.rare_event_sensitivity([0, 0], [9, 9], [2, 1], [9, 9])
    one_sided = found.to_frame().set_index("method")
    assert (one_sided.estimate.isna() == (one_sided.reason != "")).all()
    assert one_sided.estimate.notna()["Peto"]
    assert "no Mantel-Haenszel estimate" in one_sided.reason["Mantel-Haenszel"]
    assert "Peto" in found.summary()
    with pytest.raises(ModelInputError, match="OR, RR, RD"):
        meta.rare_event_sensitivity([1], [9], [2], [9], measure="SMD")
    with pytest.raises(ModelInputError, match="between 0 and 1"):
        meta.rare_event_sensitivity([1], [9], [2], [9], level=95)


def test_a_single_study_has_no_test_of_heterogeneity_in_any_model():
    counts = {"events_1": [3], "total_1": [50], "events_2": [6], "total_2": [60]}
    for model in meta.CountModel:
        found = meta.glmm("OR", model=model, method="EE", **counts)
        assert (found.q_wald, found.q_wald_p, found.q_df) == (0, 1, 0)


def test_a_prediction_interval_has_the_variance_of_the_effects_and_of_their_mean():
    found = meta.glmm("OR", model="CM.AL", **counts_of("bcg"))
    half = 1.959963984540054 * np.sqrt(found.tau2 + found.se**2)
    interval = found.prediction_interval()
    assert (interval.low, interval.high) == pytest.approx((found.estimate - half, found.estimate + half), rel=1e-12)
    assert meta.glmm("OR", method="EE", **counts_of("bcg")).prediction_interval().reason


def test_a_rate_of_one_group_is_the_log_of_the_whole_where_rates_are_alike():
    found = meta.glmm("IRLN", events=[10, 20, 30], time=[100.0, 200.0, 300.0])
    assert found.tau2 == 0
    assert (found.estimate, found.se) == pytest.approx((np.log(0.1), 60**-0.5), rel=1e-9)


def test_studies_without_events_add_nothing_to_a_ratio_and_are_told():
    counts = {"events_1": [3, 0, 5], "total_1": [50, 40, 60], "events_2": [6, 0, 9], "total_2": [50, 45, 60]}
    some = {name: [column[0], column[2]] for name, column in counts.items()}
    for fit in (lambda c: meta.mantel_haenszel("OR", **c), lambda c: meta.peto(**c), lambda c: meta.glmm("OR", **c)):
        assert fit(counts).estimate == pytest.approx(fit(some).estimate, rel=1e-9)
        assert any("without" in note for note in fit(counts).notes)


def test_a_single_table_gives_its_own_odds_ratio():
    counts = {"events_1": [3], "total_1": [50], "events_2": [6], "total_2": [60]}
    log_ratio = np.log(3 * 54 / (47 * 6))
    assert meta.mantel_haenszel("OR", **counts).estimate == pytest.approx(log_ratio, rel=1e-12)
    assert meta.glmm("OR", **counts).estimate == pytest.approx(log_ratio, rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_does_not_matter_and_groups_that_change_places_change_the_sign(seed):
    rng = np.random.default_rng(seed)
    k = 8
    n1, n2 = rng.integers(20, 200, k), rng.integers(20, 200, k)
    a, c = rng.binomial(n1, 0.1) + 1, rng.binomial(n2, 0.15) + 1
    order = rng.permutation(k)
    for fit in (
        lambda *t: meta.mantel_haenszel("OR", *t),
        lambda *t: meta.mantel_haenszel("RD", *t),
        meta.peto,
        lambda *t: meta.glmm("OR", events_1=t[0], total_1=t[1], events_2=t[2], total_2=t[3]),
        lambda *t: meta.glmm("OR", model="CM.EL", events_1=t[0], total_1=t[1], events_2=t[2], total_2=t[3]),
    ):
        one = fit(a, n1, c, n2)
        assert fit(*(part[order] for part in (a, n1, c, n2))).estimate == pytest.approx(
            one.estimate, rel=1e-6, abs=1e-9
        )
        assert fit(c, n2, a, n1).estimate == pytest.approx(-one.estimate, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: meta.mantel_haenszel("SMD", [1], [2], [1], [2]), "OR, RR, RD, IRR, IRD"),
        (lambda: meta.mantel_haenszel("IRR", [1], events_2=[2]), "needs time_1, time_2"),
        (lambda: meta.mantel_haenszel("OR", [0, 0], [9, 9], [2, 1], [9, 9]), "no Mantel-Haenszel estimate"),
        (lambda: meta.mantel_haenszel("RD", [20, 30], [20, 30], [0, 0], [25, 31]), "standard error of RD is 0"),
        (lambda: meta.mantel_haenszel("RD", [0, 0], [3, 7], [11, 9], [11, 9]), "standard error of RD is 0"),
        (lambda: meta.mantel_haenszel("OR", [5], [4], [1], [9]), "row 0"),
        (lambda: meta.peto([0], [9], [0], [9]), "both events and people"),
        (lambda: meta.glmm("OR", model="CM.XL", events_1=[1], total_1=[9], events_2=[2], total_2=[9]), "UM.FS"),
        (lambda: meta.glmm("IRR", model="CM.AL", events_1=[1], time_1=[9], events_2=[2], time_2=[9]), "fitted by"),
        (lambda: meta.glmm("PLO", model="CM.AL", events=[1], total=[9]), "no model to choose"),
        (lambda: meta.glmm("PLO", events=[1, 2], total=[9, 9], labels=["one"]), "1 labels for 2 studies"),
        (
            lambda: meta.glmm("OR", events_1=[0, 0], total_1=[9, 9], events_2=[2, 1], total_2=[9, 9]),
            "OR has no finite estimate",
        ),
        (lambda: meta.glmm("OR", events_1=[0], total_1=[9], events_2=[0], total_2=[9]), "nothing to fit"),
    ],
)
def test_wrong_input_is_refused_with_the_remedy(call, message):
    with pytest.raises(ModelInputError, match=message):
        call()


REFUSED = [
    ({"events_1": [np.inf, 3]}, "events_1 must be finite; found inf in row 0"),
    ({"total_1": [50, 0]}, "total_1 must be above 0; found 0.0 in row 1"),
    ({"events_1": [-1, 3]}, "events_1 must be 0 or more; found -1.0 in row 0"),
    ({"events_2": [6, 99]}, "events_2 must not be above total_2; found 99.0 in row 1"),
    ({"events_2": ["six", 9]}, "events_2 must hold numbers; found 'six' in row 0"),
    ({"events_2": [6, 9, 1]}, "the same length"),
    ({"events_1": [[3, 5]]}, "one-dimensional"),
    ({"events_1": [], "total_1": [], "events_2": [], "total_2": []}, "There is no study"),
    (
        {"events_1": [0, 0], "events_2": [0, 0]},
        "No study has both events and people without them|Peto's odds ratio needs",
    ),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("wrong", "message"), REFUSED)
@pytest.mark.parametrize(
    "fit",
    [
        lambda c: meta.mantel_haenszel("OR", **c),
        lambda c: meta.mantel_haenszel("RD", **c),
        lambda c: meta.peto(**c),
        *(lambda c, model=model: meta.glmm("OR", model=model, **c) for model in meta.CountModel),
    ],
)
def test_counts_that_cannot_be_used_are_one_clear_error_in_every_method(fit, wrong, message):
    counts = {"events_1": [3, 5], "total_1": [50, 60], "events_2": [6, 9], "total_2": [50, 60]}
    with pytest.raises(ModelInputError, match=message):
        fit(counts | wrong)


@pytest.mark.filterwarnings("error")
@given(
    seed=st.integers(0, 10_000), k=st.integers(1, 6), people=st.sampled_from([2, 9, 400]), risk=st.floats(0.001, 0.999)
)
@settings(max_examples=40)
def test_any_counts_give_finite_numbers_or_one_of_our_errors(seed, k, people, risk):
    rng = np.random.default_rng(seed)
    n1, n2 = rng.integers(1, people, k), rng.integers(1, people, k)
    counts = {"events_1": rng.binomial(n1, risk), "total_1": n1, "events_2": rng.binomial(n2, risk**2), "total_2": n2}
    for model in meta.CountModel:
        for moderators in (None, rng.choice([0.0, 1.0], k)):
            try:
                found = meta.glmm("OR", model=model, moderators=moderators, **counts)
            except (ModelInputError, ConvergenceError):
                continue
            assert np.isfinite([*found.beta, *found.standard_errors, found.q_lrt, found.q_wald, found.i2]).all()
            assert found.standard_errors.max() < 1000
            assert "nan" not in found.summary() + found._repr_html_()


def test_a_study_with_a_missing_count_is_left_out_of_a_mixed_model_and_told():
    import pandas as pd

    counts = {"events_1": pd.array([3, None, 5], dtype="Int64"), "total_1": [50, 40, 60], "events_2": [6, 2, 9]}
    found = meta.glmm("OR", **counts, total_2=[50, 45, 60], labels=["a", "b", "a"])
    assert found.labels == ("a", "a")
    assert found.notes == ("1 study with missing counts left out.",)
    assert "missing" in found.summary()
    with pytest.raises(ModelInputError, match="missing in row 1"):
        meta.peto(**counts, total_2=[50, 45, 60])


def test_moderators_that_set_studies_without_events_apart_are_told_before_the_search():
    counts = {
        "events_1": [0, 0, 4, 5],
        "total_1": [40, 50, 60, 70],
        "events_2": [3, 2, 6, 9],
        "total_2": [40, 50, 60, 70],
    }
    for model in meta.CountModel:
        with pytest.raises(ModelInputError, match="do not bound intercept, x1"):
            meta.glmm("OR", model=model, moderators=[1, 1, 0, 0], **counts)
        assert np.isfinite(meta.glmm("OR", model=model, moderators=[1, 0, 1, 0], **counts).standard_errors).all()
    with pytest.raises(ModelInputError, match="do not suffice for intercept, x1"):
        meta.glmm("OR", moderators=[1, 0, 0], **{name: [0, *column[2:]] if "events" in name else column[1:]
                  for name, column in counts.items()})  # fmt: skip


@pytest.mark.parametrize("model", [None, "UM.RS", "CM.EL", "CM.AL"])
def test_units_of_a_moderator_change_its_coefficient_and_nothing_else(model):
    counts = {"events_1": [3, 5, 2, 6], "total_1": [50, 60, 40, 90], "events_2": [6, 9, 1, 11]}
    counts["total_2"] = [50, 60, 44, 80]
    x = np.array([1.0, 5.0, 10.0, 12.0])
    plain = meta.glmm("OR", model=model, moderators=x, **counts)
    for other, factor in ((x + 2000, 1.0), (x * 1e-9, 1e9), (x * 1e6 - 5, 1e-6)):
        found = meta.glmm("OR", model=model, moderators=other, **counts)
        assert found.beta[1] == pytest.approx(plain.beta[1] * factor, rel=1e-5)
        assert found.standard_errors[1] == pytest.approx(plain.standard_errors[1] * factor, rel=1e-5)
        assert (found.loglik, found.qm, found.q_wald) == pytest.approx((plain.loglik, plain.qm, plain.q_wald), rel=1e-5)


def test_opposite_sides_of_a_table_are_unbounded_whatever_their_sums():
    counts = {"events_1": [0, 5], "total_1": [10, 10], "events_2": [3, 10], "total_2": [10, 10]}
    for model in ("UM.FS", "CM.EL"):
        with pytest.raises(ModelInputError, match="OR has no finite estimate"):
            meta.glmm("OR", model=model, **counts)
    with pytest.raises(ModelInputError, match="Pool the risk itself"):
        meta.glmm("PLO", events=[9, 4], total=[9, 4])


def test_the_exact_conditional_model_needs_whole_counts_and_not_too_many():
    counts = {"events_1": [1.5, 3], "total_1": [10, 10], "events_2": [3, 4], "total_2": [10, 10]}
    with pytest.raises(ModelInputError, match=r"found 1.5 of 10 and 3 of 10. Use model='UM.FS'"):
        meta.glmm("OR", model="CM.EL", **counts)
    huge = {"events_1": [10**6], "total_1": [10**9], "events_2": [2 * 10**6], "total_2": [10**9]}
    with pytest.raises(ModelInputError, match="3,000,000"):
        meta.glmm("OR", model="CM.EL", **huge)
    assert meta.glmm("OR", **huge).se == pytest.approx(np.sqrt(1.5e-6 + 2e-9 - 1e-12), rel=1e-5)


def test_results_show_estimate_heterogeneity_and_tests():
    text = meta.mantel_haenszel("OR", **counts_of("bcg")).summary()
    for part in ("Mantel-Haenszel, OR, 13 studies", "Estimate", "Cochran-Mantel-Haenszel", "Tarone", "I²"):
        assert part in text
    text = meta.glmm("OR", **counts_of("bcg")).summary()
    for part in ("Generalised linear mixed model", "UM.FS", "tau²", "likelihood ratio"):
        assert part in text


def test_a_newton_step_that_is_cut_short_still_climbs():
    information = np.array([[1.0, 1.07], [1.07, 1.2]])
    gradient = information @ np.array([100.0, -30.0])
    assert np.clip([100.0, -30.0], -2, 2) @ gradient < 0  # as each part cut short on its own would not
    step = climbing_step(gradient, information)
    assert step @ gradient > 0
    assert np.abs(step).max() <= 2.0 + 1e-12


def test_random_baselines_of_opposite_studies_are_fitted_at_a_maximum_and_not_at_a_saddle():
    counts = {"events_1": [791, 1058], "total_1": [1943, 1763], "events_2": [1378, 254], "total_2": [1550, 319]}
    found = meta.glmm("OR", model="UM.RS", **counts)
    near = meta.glmm("OR", model="UM.FS", **counts)
    assert found.estimate == pytest.approx(near.estimate, abs=0.1)
    assert 0 < found.se < 1
