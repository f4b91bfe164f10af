"""MAIVE against its authors' R package; its interval against roots by R; invariances; bad input."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import chdtri

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.meta.bias.anderson_rubin import anderson_rubin_interval
from toolkit.meta.bias.wild_bootstrap import with_signs

REFERENCE = Path(__file__).parents[2] / "reference"
DATA = json.loads((REFERENCE / "maive.json").read_text())["data"]
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())
CLOSED = TOLERANCE["closed-form"]
OPTIONS = ("method", "weights", "instrument", "first_stage", "kind")
INTERVALS = [(name, wanted) for name, data in DATA.items() for wanted in data["anderson_rubin"]]


def fitted(name, clustered=False, **options):
    data = DATA[name]
    cluster = data["study"] if clustered else None
    return meta.maive(data["y"], np.square(data["se"]), data["n"], cluster=cluster, **options)


@pytest.mark.parametrize("name", DATA)
def test_a_fit_equals_that_of_the_package(name):
    for wanted in DATA[name]["fits"]:
        found = fitted(name, wanted["clustered"], **{option: wanted[option] for option in OPTIONS})
        ours = {
            "estimate": found.estimate,
            "se": found.se,
            "plain": found.plain_estimate,
            "plain_se": found.plain_se,
            "bias": found.bias_slope,
            "bias_se": found.bias_se,
            "bias_p": found.bias_p,
            "hausman": found.hausman,
        }
        if found.instrument:
            ours["f"] = found.f
        if wanted.get("slope") is not None:
            ours |= {"slope": found.beta[1], "slope_se": found.standard_errors[1]}
        if found.method == meta.MaiveMethod.EK:
            ours |= {"kink": found.second_stage.kink, "sd": found.second_stage.sd}
            assert found.p == 1 + (wanted["slope"] is not None)
        if found.method == meta.MaiveMethod.PET_PEESE:
            assert found.chosen == wanted["chosen"]
        assert ours == pytest.approx({name: wanted[name] for name in ours}, rel=CLOSED), wanted


def test_the_reference_has_every_branch():
    fits = [fit | {"data": name} for name, data in DATA.items() for fit in data["fits"]]
    assert {fit["chosen"] for fit in fits if fit["method"] == "PET-PEESE"} == {"PET", "PEESE"}
    kinked = [fit for fit in fits if fit["method"] == "EK"]
    assert any(fit["slope"] is None for fit in kinked)
    assert any(fit["kink"] > 0 and fit["slope"] is not None for fit in kinked)
    assert any(fit["of_the_package"] for fit in kinked)
    assert {np.size(data["firsts"]["levels"]["coefficients"]) for data in DATA.values()} == {1, 2}
    assert min(fit["f"] for fit in fits if "f" in fit) < 10 < max(fit["f"] for fit in fits if "f" in fit)


@pytest.mark.parametrize("stage", meta.FirstStage)
@pytest.mark.parametrize("name", DATA)
def test_a_first_stage_equals_that_of_the_package(name, stage):
    first, wanted = fitted(name, first_stage=stage).first_stage, DATA[name]["firsts"][stage]
    ours = first.slope if first.intercept is None else [first.intercept, first.slope]
    assert ours == pytest.approx(wanted["coefficients"], rel=CLOSED)
    assert first.variances == pytest.approx(np.array(wanted["variance"]), rel=CLOSED)
    assert first.decay() == pytest.approx(np.array(wanted["decay"]), rel=CLOSED)
    assert first.to_frame()["standard_error"].to_numpy() == pytest.approx(np.sqrt(wanted["variance"]), rel=CLOSED)


@pytest.mark.parametrize("stage", meta.FirstStage)
@pytest.mark.parametrize("name", DATA)
def test_waive_multiplies_weights_by_the_decay_of_the_package(name, stage):
    for method, weightings in DATA[name]["waive"][stage].items():
        for weights, wanted in weightings.items():
            clustered = DATA[name]["study"] is not None
            found = fitted(name, clustered, method=method, weights=weights, first_stage=stage, waive=True)
            assert found.beta == pytest.approx(wanted["estimate"], rel=CLOSED)
            assert found.standard_errors == pytest.approx(wanted["se"], rel=CLOSED)


def test_the_euro_data_give_what_the_package_has_on_record():
    # tests/testthat/fixtures/euro_v0.2.5_reference.csv of the package: PET and PEESE, CR2, without and with clusters.
    records = {
        (False, "PET"): (0.63842065464673636, 0.66726931638885778, 1.5956953531234708, 0.85016991481474979),
        (False, "PEESE"): (0.51544307872385098, 0.27228721555028895, 1.5956953531234708, 0.85016991481474979),
        (True, "PET"): (0.63842065464673636, 0.67570779099644485, 1.5916432454753693, 0.85123782707098678),
        (True, "PEESE"): (0.51544307872385098, 0.27781325505316645, 1.5916432454753693, 0.85123782707098678),
    }
    for (clustered, method), wanted in records.items():
        found = fitted("euro", clustered, method=method)
        ours = found.estimate, found.se, found.f, found.bias_p
        assert ours == pytest.approx(wanted, rel=TOLERANCE["single-precision-input"])


@pytest.mark.parametrize(("name", "wanted"), INTERVALS)
def test_an_anderson_rubin_interval_ends_where_its_statistic_is_the_quantile(name, wanted):
    found = fitted(name, method=wanted["method"], first_stage=wanted["first_stage"]).anderson_rubin
    if wanted["bounded"]:
        spread = np.std(DATA[name]["y"])
        limits = pytest.approx((wanted["low"], wanted["high"]), rel=0, abs=TOLERANCE["closed-form"] * spread)
        assert (found.low, found.high) == limits
    else:
        assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.gap is None or not wanted["bounded"]


def test_an_anderson_rubin_interval_may_be_all_but_a_gap():
    rng = np.random.default_rng(4)
    z = rng.uniform(size=12)
    x = 1.0 + z + rng.normal(size=12) / 3.0
    y = 2.0 + z + 0.3 * rng.normal(size=12)
    design = np.column_stack([np.ones(12), z])

    def least(mean):
        """The least statistic over a fine grid of slopes."""
        r = y - mean - np.tan(np.linspace(-1.57, 1.57, 100_001))[:, None] * x
        left = np.sum((r - (design @ np.linalg.lstsq(design, r.T)[0]).T) ** 2, axis=1)
        return np.min(10.0 * (np.sum(r**2, axis=1) - left) / left)

    found = anderson_rubin_interval(y, x, z, 0.95)
    cut = float(chdtri(2.0, 0.05))
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert [least(mean) for mean in found.gap] == pytest.approx([cut, cut], rel=1e-6)  # of the grid of slopes
    assert least(np.mean(found.gap)) > cut > max(least(found.gap[0] - 1.0), least(found.gap[1] + 1.0))
    assert "any mean but from 1.914 to 7.95" in str(found)


def test_a_wild_bootstrap_equals_that_of_the_package_with_its_draws():
    wanted = DATA["drawn"]["bootstrap"]
    signs = np.array([[1.0 if sign == "+" else -1.0 for sign in draw] for draw in wanted["draws"]])
    for weights, methods in wanted["limits"].items():
        for method, limits in methods.items():
            found = with_signs(fitted("drawn", True, method=method, weights=weights).line, signs)
            frame = found.to_frame()
            assert frame[["ci_low", "ci_high"]].to_numpy() == pytest.approx(np.array(limits["ci"]), rel=CLOSED)
            assert frame["se"].to_numpy() == pytest.approx(limits["se"], rel=CLOSED)


def test_a_wild_bootstrap_is_drawn_from_its_seed_and_tends_to_the_package():
    result = fitted("drawn", True, method="PEESE")
    one, other = (result.wild_bootstrap(seed=seed) for seed in (1, 2))
    assert one.ci_low == result.wild_bootstrap(seed=1).ci_low != other.ci_low
    wanted = DATA["drawn"]["bootstrap"]["limits"]["equal"]["PEESE"]["ci"][0]
    assert (one.ci_low, one.ci_high) == pytest.approx(wanted, abs=0.3 * result.se)  # 2^10 draws in all, 999 of them
    assert "10 clusters, 999 replicates" in str(one)


LARGE = st.integers(0, 10_000).map(np.random.default_rng)


def simulated(rng, k=20):
    n = np.exp(rng.uniform(3, 7, k)).round()
    v = np.exp(0.3 * rng.normal(size=k)) * 4.0 / n
    y = 0.2 + rng.normal(size=k) * np.sqrt(v + 0.02) + np.sqrt(v)
    return y, v, n, rng.integers(0, 8, k)


def numbers_of(result, unit=1.0):
    interval = result.anderson_rubin
    limits = () if interval.low is None else (interval.low / unit, interval.high / unit)
    scaled = (result.estimate, result.se, result.plain_estimate, result.plain_se, result.ci_low)
    free = (result.bias_slope, result.bias_se, result.hausman, result.f)
    return np.array([*(value / unit for value in scaled), *limits, *free])


@settings(max_examples=40, deadline=None)
@given(
    LARGE,
    st.sampled_from(list(meta.MaiveMethod)),
    st.sampled_from(list(meta.MaiveWeights)),
    st.sampled_from(list(meta.FirstStage)),
    st.booleans(),
    st.floats(1e-3, 1e3),
)
def test_units_order_and_sign_do_not_matter(rng, method, weights, stage, waive, unit):
    y, v, n, cluster = simulated(rng)
    assume(len(np.unique(cluster)) > 2)
    options = {"method": method, "weights": weights, "first_stage": stage, "waive": waive}
    found = meta.maive(y, v, n, cluster=cluster, **options)
    wanted = pytest.approx(numbers_of(found), rel=1e-6, abs=1e-9)
    order = rng.permutation(len(y))
    assert numbers_of(meta.maive(y[order], v[order], n[order], cluster=cluster[order], **options)) == wanted
    assert numbers_of(meta.maive(unit * y, unit**2 * v, 7.0 * n, cluster=cluster, **options), unit) == wanted
    mirror = meta.maive(-y, v, n, cluster=cluster, **options)
    assert mirror.beta == pytest.approx(-found.beta, rel=1e-9, abs=1e-12)
    assert mirror.hausman == pytest.approx(found.hausman, rel=1e-9)
    assert mirror.chosen == found.chosen


@settings(max_examples=30, deadline=None)
@given(LARGE, st.sampled_from(["PET", "PEESE"]))
def test_an_anderson_rubin_interval_grows_with_its_level(rng, method):
    y, v, n, _ = simulated(rng)
    fits = [meta.maive(y, v, n, method=method, first_stage="log", level=level) for level in (0.5, 0.9, 0.99)]
    narrow, middle, wide = (fit.anderson_rubin for fit in fits)
    assert wide.low <= middle.low <= narrow.low <= narrow.high <= middle.high <= wide.high


def test_variances_that_sizes_give_exactly_leave_nothing_to_instrument():
    y, _, n, _ = simulated(np.random.default_rng(1))
    result = meta.maive(y, 3.0 / n, n, method="PEESE", weights="reported", waive=True)
    assert result.f == np.inf
    assert not result.is_weak
    assert result.estimate == pytest.approx(result.plain_estimate, rel=1e-9)
    assert result.first_stage.decay() == pytest.approx(np.ones(20))
    assert "inf" in str(result)


def test_without_an_instrument_and_with_reported_weights_it_is_the_plain_estimate():
    result = fitted("peers", True, instrument=False, weights="reported", method="PET-PEESE")
    assert (result.estimate, result.se) == (result.plain_estimate, result.plain_se)
    assert "not used" in str(result)
    assert "without weights" in result.anderson_rubin.reason


def test_results_show_themselves():
    weak = fitted("euro", True)
    assert "61 studies in 52 clusters" in str(weak)
    assert "1.592, weak (below 10)" in str(weak)
    assert "The first stage is weak" in weak.summary()
    assert "any mean: sample sizes tell too little" in str(weak.anderson_rubin)
    assert "weak" not in str(fitted("tuition"))
    assert "WAIVE" in str(fitted("tuition", waive=True))
    assert "Kink at" in str(fitted("few", method="EK"))
    assert "left out" in str(fitted("tuition").first_stage)
    assert list(weak.to_frame().index) == ["mean", "bias"]
    assert list(fitted("few", method="EK").to_frame().index) == ["mean"]
    assert "Weighted least squares" in str(weak.line)
    assert len(weak.line.to_frame()) == 2
    assert fitted("euro", method="EK").anderson_rubin.to_frame()["low"].isna().all()
    assert "Not available" in str(fitted("euro", method="EK").anderson_rubin)
    assert "<table>" in weak._repr_html_()


def test_columns_of_pandas_are_read_by_position():
    data = DATA["conscience"]
    index = [f"row {number}" for number in range(16, 0, -1)]
    columns = [pd.Series(data["y"], index), pd.Series(np.square(data["se"]), dtype="Float64")]
    sizes = pd.Series(data["n"], index[::-1], dtype="Int64")
    found = meta.maive(*columns, sizes, cluster=pd.Series(index, index[::-1]))
    assert found.estimate == fitted("conscience").estimate
    missing = pd.Series([*data["n"][:-1], None], dtype="Int64")
    with pytest.raises(ModelInputError, match=r"n must be .* in 1 of 16 studies \(row 15 \(P\)"):
        meta.maive(*columns, missing, labels=list("ABCDEFGHIJKLMNOP"))


Y, V, N = [0.1, 0.4, 0.2, 0.5, 0.3], [0.01, 0.05, 0.02, 0.06, 0.03], [400, 90, 210, 60, 130]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": [400, 90, 0, 60, 130]}, r"above 0 in 1 of 5 studies \(row 2: 0\)"),
        ({"n": [400, -90, 210, 60, 130]}, r"row 1: -90"),
        ({"n": [400, 90, 210, 60, np.nan]}, r"row 4: nan"),
        ({"n": [400, 90, 210, 60]}, "4 sample sizes for 5 studies"),
        ({"n": ["many", 90, 210, 60, 130]}, "'many' in row 0"),
        ({"n": [100] * 5}, "All sample sizes are the same"),
        ({"v": [0.1] * 5}, "All variances are the same"),
        ({"v": V[:4]}, "y has 5 values and v has 4"),
        ({"y": Y[:3], "v": V[:3], "n": N[:3]}, "4 effects or more, for two regressions; there are 3"),
        ({"cluster": [1, 1, 2, 2, 2]}, "3 clusters or more; there are 2"),
        ({"cluster": [1, 2, 3]}, "5 studies and 3 clusters"),
        ({"v": [0.3, 0.02, 0.3, 0.001, 0.001], "n": [1000, 90, 900, 30, 35]}, r"row 3 \(Study 4\)"),
        ({"y": [0.3] * 5}, "lie on one line"),
        (
            {"y": [0.9, 0.2, 0.4, 0.1, 0.5], "n": [400, *[100] * 4], "cluster": [1, 2, 2, 3, 3]},
            "a robust standard error of 0",
        ),
        ({"method": "FAT"}, "method must be one of PET, PEESE"),
        ({"weights": "study"}, "weights must be one of equal"),
        ({"first_stage": "linear"}, "first_stage must be one of levels, log"),
        ({"kind": "CR3"}, "kind must be one of CR0, CR1, CR2"),
        ({"level": 95}, "level must lie between"),
    ],
)
def test_what_cannot_be_computed_is_refused(change, message):
    given_ = {"y": Y, "v": V, "n": N, "kind": "CR0"} | change
    with pytest.raises(ModelInputError, match=message):
        meta.maive(**given_)


def test_a_bootstrap_needs_replicates():
    with pytest.raises(ModelInputError, match="2 or more"):
        fitted("drawn").wild_bootstrap(replicates=1)
