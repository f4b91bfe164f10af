"""Working covariances, covariances of correlations and aggregation against R's metafor."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[2] / "reference"
VALUES = json.loads((REFERENCE / "dependent_effects.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["closed-form"]
KNOWN = pd.DataFrame(VALUES["known"])
BETWEEN = pd.DataFrame([[1, 0.45], [0.45, 1]], index=["anxiety", "mood"], columns=["anxiety", "mood"])
ARMS = {"group_1": KNOWN.grp1, "group_2": KNOWN.grp2}
SIZES = {"size_1": KNOWN.w1, "size_2": KNOWN.w2}
SPECIFIED = {
    "obs": {"obs": KNOWN.obs, "rho": 0.6},
    "type": {"types": KNOWN.type, "rho_types": 0.4},
    "type_obs": {"types": KNOWN.type, "obs": KNOWN.obs, "rho": 0.7, "rho_types": 0.4},
    "type_matrix": {"types": KNOWN.type, "obs": KNOWN.obs, "rho": 0.7, "rho_types": BETWEEN},
    "time": {"time": KNOWN.time, "phi": 0.8},
    "type_time": {"types": KNOWN.type, "rho_types": 0.4, "time": KNOWN.time, "phi": 0.8},
    "arms": ARMS | SIZES,
    "arms_type": ARMS | SIZES | {"types": KNOWN.type, "rho_types": 0.4},
    "arms_time": ARMS | {"obs": KNOWN.obs, "rho": 0.5, "time": KNOWN.time, "time_2": KNOWN.time + 1, "phi": 0.9},
    "subgroup": {"subgroup": KNOWN.grp1, "obs": KNOWN.type, "rho": 0.5},
}
CONTRADICTING = pd.DataFrame([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]], index=[*"abc"], columns=[*"abc"])


@pytest.mark.parametrize("name", SPECIFIED)
def test_a_working_covariance_equals_that_of_vcalc(name):
    found = meta.working_covariance(KNOWN.v, KNOWN.study, not_positive_definite="keep", **SPECIFIED[name])
    assert np.asarray(found) == pytest.approx(np.array(VALUES["covariances"][name]), rel=TOLERANCE, abs=1e-15)
    assert found.variances == pytest.approx(KNOWN.v.to_numpy())


def test_contradicting_correlations_are_refused_or_replaced_by_those_of_nearpd():
    given = {"v": [0.02, 0.03, 0.04], "cluster": ["one"] * 3, "types": [*"abc"], "rho_types": CONTRADICTING}
    with pytest.raises(ModelInputError, match="cluster one cannot be true together"):
        meta.working_covariance(**given)
    found = meta.working_covariance(**given, not_positive_definite="nearest")
    assert np.asarray(found) == pytest.approx(np.array(VALUES["nearest"]), rel=1e-7)
    assert "Nearest possible" in found.summary()


def test_rho_alone_correlates_all_rows_of_a_cluster():
    found = np.asarray(meta.working_covariance([1.0, 4.0, 9.0], [1, 1, 2], rho=0.5))
    assert found == pytest.approx(np.array([[1, 1, 0], [1, 4, 0], [0, 0, 9]]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rho": 2}, "between -1 and 1"),
        ({"types": [1, 2, 1]}, "go together"),
        ({"time": [1, 2, 3]}, "go together"),
        ({"group_2": [1, 2, 3]}, "group_2 needs group_1"),
        ({"obs": [1, 2, 3]}, "obs needs rho"),
        ({"types": [*"abd"], "rho_types": CONTRADICTING}, "no row and column d"),
        ({"rho": 0.5, "obs": [1, None, 2]}, "obs: The cluster is missing in row 1"),
        ({"group_1": [1, 1, 1], "group_2": [1, 1, 1]}, "compares a group with itself"),
        ({"types": [1, 1, 1], "rho_types": 0.5}, "are one effect"),
    ],
)
def test_a_covariance_that_is_not_fully_given_is_refused(given, message):
    with pytest.raises(ModelInputError, match=message):
        meta.working_covariance([1.0, 2.0, 3.0], [1, 1, 1], **given)


@pytest.mark.parametrize("case", VALUES["aggregates"], ids=lambda case: f"{case['data']}-{case['weighted']}")
def test_aggregated_effects_equal_those_of_metafor(case):
    data = pd.DataFrame(VALUES["sets"][case["data"]])
    given = meta.working_covariance(data.v, data.study, rho=0.3)
    for name, found in (
        ("CS", meta.aggregate(data.y, data.v, data.study, rho=0.6, weighted=case["weighted"])),
        ("ID", meta.aggregate(data.y, data.v, data.study, rho=0, weighted=case["weighted"])),
        ("given", meta.aggregate(data.y, given, data.study, weighted=case["weighted"])),
        ("given", meta.aggregate(data.y, np.asarray(given), data.study, weighted=case["weighted"])),
    ):
        assert found.y == pytest.approx(case[name]["y"], rel=TOLERANCE, abs=1e-12)
        assert found.v == pytest.approx(case[name]["v"], rel=TOLERANCE)
    assert found.to_frame().k.sum() == len(data)


def test_aggregation_without_a_correlation_or_across_clusters_is_refused():
    with pytest.raises(ModelInputError, match="rho, the correlation"):
        meta.aggregate([1, 2], [1, 1], [1, 1])
    with pytest.raises(ModelInputError, match="their clusters differ"):
        meta.aggregate([1, 2], [[1, 0.5], [0.5, 1]], ["a", "b"])
    with pytest.raises(ModelInputError, match="not positive definite"):
        meta.aggregate([1, 2], [1, 1], ["a", "a"], rho=1)


@pytest.mark.parametrize("case", VALUES["correlations"]["results"], ids=lambda case: f"{case['rtoz']}-{case['sample']}")
def test_covariances_of_correlations_equal_those_of_rcalc(case):
    long = VALUES["correlations"]["long"]
    found = meta.correlation_covariance(
        long["r"], long["var1"], long["var2"], long["n"], study=long["study"], to_z=case["rtoz"], sample=case["sample"]
    )
    assert found.y == pytest.approx(case["y"], rel=TOLERANCE)
    assert np.asarray(found.covariance) == pytest.approx(np.array(case["v"]), rel=TOLERANCE, abs=1e-15)
    assert [".".join(pair) for pair in found.pairs] == case["pair"]


def test_matrices_of_correlations_give_what_their_rows_give():
    long = pd.DataFrame(VALUES["correlations"]["long"])
    matrices, sizes = [], []
    for _, rows in long.groupby("study", sort=False):
        names = sorted({*rows.var1, *rows.var2})
        matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
        for row in rows.itertuples():
            matrix.loc[row.var1, row.var2] = matrix.loc[row.var2, row.var1] = row.r
        matrices.append(matrix)
        sizes.append(rows.n.min())
    found = meta.correlation_covariance_of_matrices(matrices, sizes).to_frame()
    wanted = VALUES["correlations"]["results"][0]
    by_pair = dict(zip(zip(wanted["study"], wanted["pair"], strict=True), np.diag(wanted["v"]), strict=True))
    studies = list(dict.fromkeys(long.study))
    for row in found.itertuples():
        assert row.v == pytest.approx(by_pair[studies[int(row.study) - 1], f"{row.variable_1}.{row.variable_2}"])


def test_incomplete_correlations_are_refused():
    with pytest.raises(ModelInputError, match="lacks a pair: a, c"):
        meta.correlation_covariance([0.1, 0.2], ["a", "b"], ["b", "c"], 50)
    with pytest.raises(ModelInputError, match="gives a pair twice: a, b"):
        meta.correlation_covariance([0.1, 0.2], ["a", "b"], ["b", "a"], 50)
    with pytest.raises(ModelInputError, match="5 or more"):
        meta.correlation_covariance([0.1], ["a"], ["b"], 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.3, ["a"], ["b"], 50), "same length"),
        (([0.1, 0.2], ["a"], ["b"], 50), "same length"),
        (([0.1], ["a"], ["b"], [50, 60]), "same length"),
        ((["x"], ["a"], ["b"], 50), "r must be numbers"),
        (([0.1], ["a"], ["b"], "x"), "n must be numbers"),
    ],
)
def test_correlations_that_do_not_belong_together_are_refused(arguments, message):
    with pytest.raises(ModelInputError, match=message):
        meta.correlation_covariance(*arguments)


@pytest.mark.parametrize(
    ("matrices", "n", "message"),
    [([np.eye(2)], [50, 60], "1 matrices and 2"), ([], [], "0 matrices"), ([["x"]], 50, "study 1 must be numbers")],
)
def test_correlation_matrices_without_their_sizes_are_refused(matrices, n, message):
    with pytest.raises(ModelInputError, match=message):
        meta.correlation_covariance_of_matrices(matrices, n)
