"""meta.batch: many meta-analyses in one call equal metafor's, each other's, and random_effects' own."""

import json
import tomllib
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.meta import stack_fit

REFERENCE = Path(__file__).parents[1] / "reference"
MODELS = json.loads((REFERENCE / "metafor_univariate.json").read_text())["models"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
PAIRS = sorted({tuple(key.split()) for model in MODELS for key in model["fits"]} - {("GENQ", "z"), ("GENQ", "knha")})
NUMBERS = "k estimate se statistic p_value ci_low ci_high tau2 i2 h2 q q_df q_p".split()


def padded(name):
    """The data sets of the reference as one matrix, NaN where a data set has fewer studies than the largest."""
    rows = [model[name] for model in MODELS]
    matrix = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, values in enumerate(rows):
        matrix[row, : len(values)] = values
    return matrix


Y, V = padded("y"), padded("v")
RANDOM = np.random.default_rng(11)
SIMULATED_V = RANDOM.uniform(0.01, 0.3, size=(300, 8))
SIMULATED_Y = RANDOM.normal(0.2, np.sqrt(SIMULATED_V + 0.05))


@pytest.mark.parametrize(("estimator", "test"), PAIRS)
def test_a_batch_of_data_sets_equals_metafor(estimator, test):
    found = meta.batch(Y, V, tau2=estimator, test=test)
    tolerance = TOLERANCE["iterated" if estimator in ("ML", "REML", "EB", "PM") else "closed-form"]
    for row, model in enumerate(MODELS):
        wanted = model["fits"].get(f"{estimator} {test}")
        if wanted is None or estimator in ("DLIT", "SJIT", "PMM"):
            continue
        se, spread = found.se[row], np.mean(model["v"]) / 1000
        sizes = {"estimate": se, "ci_low": se, "ci_high": se, "statistic": 1.0, "p_value": 1e-3, "q_p": 1e-3}
        sizes |= {"tau2": spread, "tau2_se": spread, "i2": 0.1}
        assert found.test[row] == wanted["test"]
        assert found.reason[row] == ""
        for name in (*NUMBERS[1:11], "q_p"):
            assert abs(found[name][row] - wanted[name]) <= tolerance * max(abs(wanted[name]), sizes.get(name, 1e-12))


def test_the_reference_covers_every_estimator_that_needs_no_weights():
    assert {estimator for estimator, _ in PAIRS} >= set(meta.Tau2Estimator) - {"GENQ", "DLIT", "SJIT", "PMM"}


@pytest.mark.parametrize("estimator", [name for name in meta.Tau2Estimator if name != "GENQ"])
@pytest.mark.parametrize("test", meta.Test)
def test_each_row_is_what_random_effects_gives(estimator, test):
    y = np.where(RANDOM.random((20, 8)) < 0.4, np.nan, SIMULATED_Y[:20])
    y[:, 0] = SIMULATED_Y[:20, 0]
    y[0, 1:] = np.nan
    found = meta.batch(y, SIMULATED_V[:20], tau2=estimator, test=test, level=0.9)
    for row in range(20):
        here = np.isfinite(y[row])
        alone = meta.random_effects(y[row, here], SIMULATED_V[row, here], tau2=estimator, test=test, level=0.9)
        assert found.test[row] == alone.test
        for name in NUMBERS:
            assert found[name][row] == pytest.approx(getattr(alone, name), rel=1e-9, abs=1e-12)
        for name in ("df", "tau2_se"):
            wanted = getattr(alone, name)
            assert np.isnan(found[name][row]) if wanted is None else found[name][row] == pytest.approx(wanted)


def test_a_known_tau2_is_taken_as_given():
    found = meta.batch(SIMULATED_Y[:3], SIMULATED_V[:3], tau2=0.04)
    alone = meta.random_effects(SIMULATED_Y[1], SIMULATED_V[1], tau2=0.04)
    assert found.tau2.eq(0.04).all()
    assert found.se[1] == pytest.approx(alone.se)
    assert found.tau2_se.isna().all()


def test_variances_may_be_shared_by_all_analyses_and_the_index_is_kept():
    y = pd.DataFrame(SIMULATED_Y[:4], index=["a", "b", "c", "d"])
    found = meta.batch(y, SIMULATED_V[0])
    assert list(found.index) == ["a", "b", "c", "d"]
    assert found.estimate["c"] == pytest.approx(meta.random_effects(SIMULATED_Y[2], SIMULATED_V[0]).estimate)


def test_what_cannot_be_fitted_says_why_and_does_not_disturb_the_others():
    y, v = SIMULATED_Y[:6].copy(), SIMULATED_V[:6].copy()
    y[1], y[2, 3], v[3, 4], v[4, 5] = np.nan, np.inf, np.nan, -0.2
    found = meta.batch(y, v)
    assert found.reason.tolist() == [
        "",
        "There is no study.",
        "y is infinite in column 3: correct it, or set it to NaN to leave the study out.",
        "v is missing or infinite in column 4: set y to NaN to leave the study out.",
        "v must be above 0, and is -0.2 in column 5.",
        "",
    ]
    numbers = found[["estimate", "se", "p_value", "tau2", "i2", "q_p"]]
    assert numbers.iloc[1:5].isna().all(axis=None)
    assert numbers.iloc[5].to_numpy() == pytest.approx(meta.batch(y[5:], v[5:])[numbers.columns].iloc[0].to_numpy())


def test_variances_of_absent_studies_are_not_read():
    y, v = SIMULATED_Y[:2].copy(), SIMULATED_V[:2].copy()
    y[:, 2] = np.nan
    v[0, 2], v[1, 2] = np.nan, -5.0
    assert meta.batch(y, v).reason.eq("").all()


def test_a_search_that_does_not_settle_is_a_reason(monkeypatch):
    estimate = stack_fit.estimate_tau2

    def unsettled(stack, estimator):
        found = estimate(stack, estimator)
        return found._replace(converged=np.arange(len(stack.y)) != 1)

    monkeypatch.setattr(stack_fit, "estimate_tau2", unsettled)
    found = meta.batch(SIMULATED_Y[:3], SIMULATED_V[:3])
    assert found.reason[1] == "The estimate of tau2 did not settle in 100 steps."
    assert found.estimate.isna().tolist() == [False, True, False]


@pytest.mark.parametrize(("cells", "jobs"), [(8, None), (100, None), (200, 2)])
def test_how_the_work_is_divided_does_not_matter(monkeypatch, cells, jobs):
    whole = meta.batch(SIMULATED_Y, SIMULATED_V)
    monkeypatch.setattr(stack_fit, "_BLOCK_CELLS", cells)
    monkeypatch.setattr(stack_fit, "_PARCEL_CELLS", cells * 4)
    pd.testing.assert_frame_equal(meta.batch(SIMULATED_Y, SIMULATED_V, jobs=jobs), whole, rtol=1e-10)


def test_memory_grows_with_the_data_alone():
    def peak(n):
        v = np.full((n, 50), 0.1)
        y = RANDOM.normal(size=(n, 50))
        tracemalloc.start()
        meta.batch(y, v)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found / y.nbytes

    meta.batch(SIMULATED_Y, SIMULATED_V)
    assert peak(20_000) < 2.0  # of the size of y; the table that comes back has a third of it
    assert peak(40_000) < 1.2 * peak(20_000)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(-9, 9), st.floats(-12, 12)), min_size=4, max_size=4), min_size=1, max_size=5
    )
)
def test_every_row_has_numbers_or_a_reason_at_any_size_of_variance(rows):
    data = np.array(rows)
    for test in ("knha", "z"):
        found = meta.batch(data[..., 0], 10.0 ** data[..., 1], test=test)
        assert found.reason.eq("").all()
        assert np.isfinite(found[["estimate", "se", "ci_low", "ci_high", "tau2", "i2"]].to_numpy()).all()
        assert (found.tau2 >= 0).all()


@pytest.mark.parametrize(
    ("y", "v", "options", "message"),
    [
        ([0.1, 0.2], [0.1, 0.1], {}, "For a single meta-analysis use random_effects"),
        (np.empty((0, 3)), np.empty((0, 3)), {}, "its shape is (0, 3)"),
        ([[0.1, 0.2]], [[0.1, 0.2, 0.3]], {}, "v must have the shape of y, (1, 2)"),
        ([[0.1, "x"]], [[0.1, 0.1]], {}, "y must hold one number a study"),
        ([[0.1, 0.2], [0.1]], [[0.1, 0.1]], {}, "fill up short rows with NaN"),
        ([[0.1, 0.2]], [[0.1, 0.1]], {"tau2": "GENQ"}, "needs weights"),
        ([[0.1, 0.2]], [[0.1, 0.1]], {"tau2": "FE"}, "tau2 must be one of"),
    ],
)
def test_bad_input_is_told_with_its_remedy(y, v, options, message):
    with pytest.raises(ModelInputError) as raised:
        meta.batch(y, v, **options)
    assert message in str(raised.value)
