"""Effect sizes from raw numbers: against metafor's escalc, and what bad input is told."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit.effects import MEASURES, effect_sizes
from toolkit.effects.recipes import RECIPES
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
FILES = ("metafor_univariate.json", "effect_sizes.json")
CASES = [case for file in FILES for case in json.loads((REFERENCE / file).read_text())["effects"]]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())

FROM_ESCALC = {
    "OR RR RD AS PETO PHI YUQ YUY PBIT OR2D OR2DL OR2DN": lambda r: {
        "events_1": r["ai"],
        "total_1": np.add(r["ai"], r["bi"]),
        "events_2": r["ci"],
        "total_2": np.add(r["ci"], r["di"]),
    },
    "IRR IRD IRSD": lambda r: {
        "events_1": r["x1i"],
        "time_1": r["t1i"],
        "events_2": r["x2i"],
        "time_2": r["t2i"],
    },
    "MPRD MPRR MPOR MPORC MPPETO": lambda r: {
        "both": r["ai"],
        "only_1": r["bi"],
        "only_2": r["ci"],
        "neither": r["di"],
    },
    "MPORM": lambda r: {
        "events_1": r["ai"],
        "total_1": np.add(r["ai"], r["bi"]),
        "events_2": r["ci"],
        "total_2": np.add(r["ci"], r["di"]),
        "r": r["ri"],
    },
    "SMD1": lambda r: {
        "mean_1": r["m1i"],
        "n_1": r["n1i"],
        "mean_2": r["m2i"],
        "sd_2": r["sd2i"],
        "n_2": r["n2i"],
    },
    "MC SMCC SMCR SMCRH ROMC CVRC VRC": lambda r: {
        "mean_1": r["m1i"],
        "sd_1": r["sd1i"],
        "mean_2": r["m2i"],
        "sd_2": r["sd2i"],
        "n": r["ni"],
        "r": r["ri"],
    },
    "PCOR ZPCOR SPCOR": lambda r: {"t": r["ti"], "n": r["ni"], "predictors": r["mi"], "r2": r["r2i"]},
    "ARAW AHW ABT": lambda r: {"alpha": r["ai"], "items": r["mi"], "n": r["ni"]},
    "REH": lambda r: {"homozygous_1": r["ai"], "heterozygous": r["bi"], "homozygous_2": r["ci"]},
    "MD SMD SMDH ROM CVR VR SMD1H RBIS RPB D2OR D2ORL D2ORN": lambda r: {
        "mean_1": r["m1i"],
        "sd_1": r["sd1i"],
        "n_1": r["n1i"],
        "mean_2": r["m2i"],
        "sd_2": r["sd2i"],
        "n_2": r["n2i"],
    },
    "COR UCOR ZCOR": lambda r: {"r": r["ri"], "n": r["ni"]},
    "PR PLN PLO PAS PFT": lambda r: {"events": r["xi"], "total": r["ni"]},
    "IR IRLN IRS IRFT": lambda r: {"events": r["xi"], "time": r["ti"]},
    "MN MNLN SMN SDLN CVLN": lambda r: {"mean": r["mi"], "sd": r["sdi"], "n": r["ni"]},
}
RENAME = {"drop00": "drop_double_zero"}


def raw_columns(case):
    columns = next(read for codes, read in FROM_ESCALC.items() if case["measure"] in codes.split())
    return columns({name: np.array(values, dtype=float) for name, values in case["raw"].items()})


def case_name(case):
    rule = "-".join(f"{name}={value}" for name, value in case["rule"].items()) if case["rule"] else "default"
    return f"{case['data']}-{case['measure']}-{rule}-{case['variance']}"


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_effect_sizes_equal_those_of_escalc(case):
    rule = {RENAME.get(name, name): value for name, value in dict(case["rule"]).items()}
    found = effect_sizes(case["measure"], variance=case["variance"], **rule, **raw_columns(case))
    y, v = np.array(case["y"], dtype=float), np.array(case["v"], dtype=float)
    # escalc gives a variance for some studies without an effect; here both are missing then.
    v[np.isnan(y)] = np.nan
    np.testing.assert_allclose(found["y"], y, rtol=TOLERANCE["effect-size"], atol=1e-12)
    np.testing.assert_allclose(found["v"], v, rtol=TOLERANCE["effect-size"])


def test_the_reference_covers_every_measure_that_is_computed_from_raw_numbers():
    covered = {case["measure"] for case in CASES} | {"RTET"}
    assert covered == {code for code, measure in MEASURES.items() if measure.raw}


def test_the_reference_covers_every_variance_type():
    covered = {(case["measure"], case["variance"]) for case in CASES} | {("RTET", "LS")}
    assert covered == {(code, variance) for code, recipe in RECIPES.items() for variance in recipe.variances}


TABLE = {"events_1": [0, 3, 0], "total_1": [20, 30, 10], "events_2": [4, 5, 0], "total_2": [25, 30, 12]}


def test_the_frame_says_which_rule_was_applied_to_which_rows():
    attrs = effect_sizes("OR", **TABLE).attrs
    assert attrs["measure"] == "OR"
    assert attrs["zero_cells"]["rule"] == "0.5 added to the counts of tables with a zero cell"
    assert attrs["zero_cells"]["rows"] == [0, 2]
    assert attrs["missing"] == {}


def test_a_row_that_cannot_be_computed_is_missing_and_says_why():
    found = effect_sizes("OR", drop_double_zero=True, **TABLE)
    assert found["y"].isna().tolist() == [False, False, True]
    assert "events_1 = 0" in found.attrs["missing"][2]
    found = effect_sizes("SMD", mean_1=[1, 2], sd_1=[1, None], n_1=[9, 9], mean_2=[0, 0], sd_2=[1, 1], n_2=[9, 9])
    assert found.attrs["missing"] == {1: "sd_1 missing"}


def test_the_index_of_a_frame_of_raw_numbers_is_kept():
    raw = pd.DataFrame(TABLE, index=["a", "b", "c"])
    assert effect_sizes("RR", **raw).index.tolist() == ["a", "b", "c"]


def test_one_study_may_be_given_as_plain_numbers():
    found = effect_sizes("RD", events_1=3, total_1=10, events_2=1, total_2=10)
    assert found["y"].tolist() == pytest.approx([0.2])


@pytest.mark.parametrize(
    ("measure", "raw", "message"),
    [
        ("ORR", TABLE, "no effect measure 'ORR'. Did you mean 'RR' or 'OR'"),
        ("OR", {**TABLE, "event_1": [1, 2, 3]}, "does not take event_1. Did you mean 'events_1'"),
        ("OR", {"events_1": [1], "total_1": [2]}, "missing: events_2, total_2"),
        ("HR", {}, "is taken as reported: use from_interval"),
        ("OR", {**TABLE, "total_1": [20, 30]}, "total_1 has 2"),
        ("OR", {**TABLE, "events_1": [0, "many", 0]}, "found 'many' in row 1"),
        ("OR", {**TABLE, "events_1": [0, 31, 0]}, "events_1 must not be above total_1; found 31.0 in row 1"),
        ("OR", {**TABLE, "events_2": [-4, 5, 0]}, "events_2 must be 0 or more; found -4.0 in row 0"),
        ("ZCOR", {"r": [0.1, 1.2], "n": [9, 9]}, "r must lie from -1 to 1; found 1.2 in row 1"),
        ("MN", {"mean": [1], "sd": [-1], "n": [5]}, "sd must be 0 or more"),
        ("IRR", {"events_1": 1, "time_1": 0, "events_2": 1, "time_2": 2}, "time_1 must be above 0"),
        ("PR", {"events": [[1]], "total": [[2]]}, "one-dimensional"),
        ("MPOR", {"both": 1, "only_1": -2, "only_2": 3, "neither": 4}, "only_1 must be 0 or more; found -2.0 in row 0"),
        ("SMD1", {"mean_1": 1, "n_1": 9, "mean_2": 0, "sd_2": -1, "n_2": 9}, "sd_2 must be 0 or more"),
        ("MC", {"mean_1": 1, "sd_1": 1, "mean_2": 0, "sd_2": 1, "n": 9, "r": 1.5}, "r must lie from -1 to 1"),
        ("ARAW", {"alpha": 90, "items": 10, "n": 50}, "not a percentage"),
        ("PCOR", {"t": 2, "n": 5, "predictors": 4}, r"n must be above predictors + 1; found 5.0 in row 0"),
        ("SPCOR", {"t": 2, "n": 50, "predictors": 4, "r2": 30}, "r2 must lie from 0 to 1"),
    ],
)
def test_bad_input_is_told_what_was_found_and_where(measure, raw, message):
    with pytest.raises(ModelInputError) as raised:
        effect_sizes(measure, **raw)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "zero"}, "to must be one of only0, all, if0all, none"),
        ({"add": -1}, "add must be 0 or more"),
        ({"variance": "UB"}, "OR has the variance types LS"),
    ],
)
def test_unknown_rules_are_refused(options, message):
    with pytest.raises(ModelInputError, match=message):
        effect_sizes("OR", **options, **TABLE)


def test_dropping_double_zeros_is_refused_where_there_are_no_two_groups():
    with pytest.raises(ModelInputError, match="PR has none"):
        effect_sizes("PR", events=[0, 3], total=[10, 10], drop_double_zero=True)


def test_a_whole_table_of_means_may_be_given_to_measures_that_need_a_part_of_it():
    whole = {"mean_1": 5, "sd_1": 2, "n_1": 12, "mean_2": 3, "sd_2": 1, "n_2": 30}
    assert effect_sizes("SMD1", **whole)["y"].notna().all()
    assert effect_sizes("VR", **whole)["y"].notna().all()


def test_exchanging_the_conditions_of_pairs_turns_the_sign():
    there = effect_sizes("MPOR", both=20, only_1=8, only_2=3, neither=69)
    back = effect_sizes("MPOR", both=20, only_1=3, only_2=8, neither=69)
    assert there["y"].item() == pytest.approx(-back["y"].item())
    assert there["v"].item() == pytest.approx(back["v"].item())
