"""The tetrachoric correlation, and the hypergeometric function behind the unbiased correlation."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln

from toolkit.effects import effect_sizes

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "effect_sizes.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())


def tetrachoric(a, b, c, d):
    found = effect_sizes("RTET", events_1=a, total_1=a + b, events_2=c, total_2=c + d)
    return found["y"].item(), found["v"].item()


@pytest.mark.parametrize("case", VALUES["tetrachoric"], ids=lambda case: "-".join(map(str, case["raw"].values())))
def test_a_tetrachoric_correlation_equals_the_root_on_the_exact_distribution_and_nearly_that_of_escalc(case):
    y, v = tetrachoric(*case["raw"].values())
    assert y == pytest.approx(case["exact"], rel=TOLERANCE["tetrachoric"])
    assert y == pytest.approx(case["escalc_y"], abs=TOLERANCE["simplex-search"])
    assert v == pytest.approx(case["escalc_v"], rel=TOLERANCE["simplex-search"])


def test_medians_as_thresholds_give_the_sine_of_sheppard():
    # At thresholds of 0 the share is 1/4 + asin(rho) / 2 pi (Sheppard 1899), so equal margins invert it.
    y, _ = tetrachoric(30, 20, 20, 30)
    assert y == pytest.approx(np.sin(2 * np.pi * (0.3 - 0.25)), rel=1e-12)


@given(st.lists(st.integers(1, 2000), min_size=4, max_size=4))
def test_turning_one_trait_turns_the_sign_and_swapping_the_traits_changes_nothing(cells):
    a, b, c, d = cells
    y, v = tetrachoric(a, b, c, d)
    assert -1 <= y <= 1
    assert tetrachoric(b, a, d, c) == pytest.approx((-y, v), rel=1e-6, abs=1e-9)
    assert tetrachoric(a, c, b, d) == pytest.approx((y, v), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("cells", "y", "has_variance"),
    [((9, 0, 4, 7), 1.0, False), ((0, 9, 4, 7), -1.0, False), ((9, 0, 0, 7), 1.0, True), ((0, 9, 4, 0), -1.0, True)],
)
def test_empty_cells_give_a_perfect_correlation_as_in_escalc(cells, y, has_variance):
    found, v = tetrachoric(*cells)
    assert found == y
    assert (v == 0) if has_variance else np.isnan(v)


def test_an_empty_margin_has_no_correlation():
    y, _ = tetrachoric(0, 9, 0, 7)
    assert np.isnan(y)


def test_the_unbiased_correlation_is_right_where_the_gnu_scientific_library_is_not():
    # 2F1(1/2, 1/2; c; x) rises with x and is Γ(c) Γ(c - 1) / Γ(c - 1/2)² at x = 1; escalc's value lies beyond that.
    case = VALUES["gsl"]
    c = (case["n"] - 2) / 2
    largest = np.exp(gammaln(c) + gammaln(c - 1) - 2 * gammaln(c - 0.5))
    ours = effect_sizes("UCOR", r=case["r"], n=case["n"])["y"].item()
    assert 1 < ours / case["r"] < largest < case["y"] / case["r"]


@given(st.floats(-0.999, 0.999), st.integers(5, 100_000))
def test_the_unbiased_correlation_moves_away_from_zero_and_less_so_in_larger_samples(r, n):
    y = effect_sizes("UCOR", r=[r, r], n=[n, 2 * n])["y"].abs()
    assert abs(r) <= y[1] * (1 + 1e-12)
    assert y[1] <= y[0] * (1 + 1e-12)
