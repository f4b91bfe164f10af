"""Combining p-values: against R's metap, SciPy, and what must hold of any combination."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import combine_pvalues

from toolkit import meta
from toolkit.errors import ModelInputError

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "without_pooling.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CASES = [
    (case["data"], case["p"], key, wanted)
    for case in VALUES["combined"]
    for key, wanted in case["found"].items()
    if wanted
]
METHODS = tuple(meta.CombinationMethod)


@pytest.mark.parametrize(
    ("data", "p", "key", "wanted"), CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_combined_p_value_equals_that_of_metap_or_of_the_paper(data, p, key, wanted):
    method, weighted = key.removesuffix("_weighted"), key.endswith("_weighted")
    weights = np.arange(1, len(p) + 1) if weighted else None
    found = meta.combine_p_values(p, method=method, weights=weights)
    kind = "numerical-integration" if method == "harmonic-mean" else "exact-test"
    assert found.p_value == pytest.approx(wanted["p_value"], rel=TOLERANCE[kind], abs=1e-300)
    assert found.statistic == pytest.approx(wanted["statistic"], rel=TOLERANCE["exact-test"], abs=1e-12)


@pytest.mark.parametrize(
    ("method", "name"), [("fisher", "fisher"), ("pearson", "pearson"), ("stouffer", "stouffer"), ("tippett", "tippett")]
)
def test_scipy_agrees(method, name):
    p = [0.016, 0.067, 0.25, 0.405, 0.871]
    assert meta.combine_p_values(p, method=method).p_value == pytest.approx(combine_pvalues(p, name).pvalue, rel=1e-12)


def test_the_reference_covers_every_method():
    assert {key.removesuffix("_weighted") for _, _, key, _ in CASES} == set(METHODS)


@pytest.mark.parametrize(
    ("k", "threshold"), [(10, 0.040), (100, 0.036), (1000, 0.034), (10_000, 0.031), (100_000, 0.029)]
)
def test_harmonic_means_at_the_thresholds_of_wilson_2019_table_1_have_p_005(k, threshold):
    found = meta.combine_p_values(np.full(k, threshold), method="harmonic-mean")
    assert found.p_value == pytest.approx(0.05, abs=0.001)


@pytest.mark.parametrize("method", METHODS)
@given(p=st.lists(st.floats(1e-4, 1 - 1e-4), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_the_order_of_studies_does_not_matter(method, p, seed):
    shuffled = np.random.default_rng(seed).permutation(p)
    found = meta.combine_p_values(p, method=method).p_value
    assert 0 <= found <= 1
    assert meta.combine_p_values(shuffled, method=method).p_value == pytest.approx(found, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@given(p=st.lists(st.floats(0.01, 0.99), min_size=2, max_size=8))
def test_stronger_evidence_never_gives_a_larger_p_value(method, p):
    stronger = [p[0] / 2, *p[1:]]
    assert (
        meta.combine_p_values(stronger, method=method).p_value <= meta.combine_p_values(p, method=method).p_value + 1e-9
    )


@pytest.mark.parametrize("method", [method for method in METHODS if method != "harmonic-mean"])
def test_one_study_keeps_its_p_value(method):
    tolerance = 0.05 if method == "logit" else 1e-12  # the t distribution for logits is an approximation
    assert meta.combine_p_values([0.03], method=method).p_value == pytest.approx(0.03, rel=tolerance)


def test_the_other_side_combines_what_remains_to_one():
    p = np.array([0.1, 0.3, 0.8])
    assert meta.combine_p_values(p, alternative="less").p_value == meta.combine_p_values(1 - p).p_value
    both = [meta.combine_p_values(p, alternative=side).p_value for side in ("greater", "less")]
    assert meta.combine_p_values(p, alternative="two-sided").p_value == min(1, 2 * min(both))


def test_two_sided_p_values_with_directions_become_one_sided():
    found = meta.combine_p_values([0.04, 0.6], directions=[1, -1], method="stouffer")
    assert found == meta.combine_p_values([0.02, 0.7], method="stouffer")


def test_edgingtons_sum_is_exact_where_its_terms_cancel():
    p = np.full(100, 0.5)
    assert meta.combine_p_values(p, method="edgington").p_value == pytest.approx(0.5, rel=1e-12)
    many = meta.combine_p_values(np.full(301, 0.45), method="edgington")
    assert "taken to be normal" in many.note
    exact = meta.combine_p_values(np.full(300, 0.45), method="edgington")
    assert many.p_value == pytest.approx(exact.p_value, rel=0.05)


def test_a_minute_p_value_is_not_lost():
    assert meta.combine_p_values([1e-300, 0.5], method="cauchy").p_value == pytest.approx(2e-300, rel=1e-9)
    assert meta.combine_p_values([1e-20], method="stouffer").p_value == pytest.approx(1e-20, rel=1e-9)


def test_the_result_shows_itself():
    found = meta.combine_p_values([0.01, 0.2], method="harmonic-mean")
    assert "harmonic-mean, greater" in found.summary()
    assert found.to_frame().loc[0, "k"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p": [0.1, 0.0]}, r"found 0\.0 in row 1\. A p printed as 0\.000 is below 0\.0005"),
        ({"p": [0.1, 1.0]}, "strictly between 0 and 1"),
        ({"p": [0.1, None]}, "Missing or infinite: p in row 1"),
        ({"p": ["<0.05", 0.2]}, "found '<0.05' in row 0"),
        ({"p": []}, "There is no study"),
        ({"p": [[0.1]]}, "one-dimensional"),
        ({"p": [0.1, 0.2], "directions": [1, 0]}, r"directions must be \+1 or -1; found 0\.0 in row 1"),
        ({"p": [0.1, 0.2], "directions": [1, 1, 1]}, "directions has 3"),
        ({"p": [0.1, 0.2], "weights": [1, 1]}, "fisher takes no weights"),
        ({"p": [0.1, 0.2], "weights": [1, 0], "method": "stouffer"}, "weights must be above 0"),
        ({"p": [0.1], "method": "fischer"}, "method must be one of fisher, stouffer"),
        ({"p": [0.1], "alternative": "both"}, "alternative must be one of greater, less, two-sided"),
    ],
)
def test_what_cannot_be_combined_is_told_with_its_rows(arguments, message):
    with pytest.raises(ModelInputError, match=message):
        meta.combine_p_values(**arguments)
