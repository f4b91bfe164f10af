"""``python -m benchmarks.meta``: time the engine and its peers, print the table and write ``benchmarks/results.md``."""

from __future__ import annotations

import os
import platform
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import meta_analyze
import numpy as np
from pymare import Dataset
from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator
from statsmodels.stats.meta_analysis import combine_effects

from benchmarks.table import page, row_of
from benchmarks.timing import Task, import_seconds, processor_seconds, r_seconds
from toolkit import meta

RESULTS = Path(__file__).with_name("results.md")
PEERS = ("metafor", "PyMARE", "PyMetaAnalysis", "statsmodels")
SIZES = (10, 20, 50, 100, 1000, 10_000)
SIZES_IN_R = SIZES[:-1]  # metafor makes k x k matrices
SHORT = 200  # analyses of a batch that are timed where a peer loops over 10,000


def simulated(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Effects and variances like those of standardised mean differences, with tau2 = 0.05."""
    rng = np.random.default_rng(shape)
    v = rng.uniform(0.01, 0.2, shape)
    return rng.normal(0.2, np.sqrt(v + 0.05)), v


def ours(y: np.ndarray, v: np.ndarray, **settings: str) -> tuple[float, ...]:
    """A fit, with the numbers that every peer computes at once."""
    found = meta.random_effects(y, v, **settings)
    return found.estimate, found.se, found.p_value, found.ci_low, found.ci_high, found.tau2, found.i2, found.q_p


def pymare(y: np.ndarray, v: np.ndarray, estimator: type = VarianceBasedLikelihoodEstimator) -> dict[str, np.ndarray]:
    """PyMARE's fit and its table; y of shape (k,), or (k, analyses) for many."""
    y, v = (values[:, None] if values.ndim == 1 else values for values in (y, v))
    options = {"method": "REML"} if estimator is VarianceBasedLikelihoodEstimator else {}
    return estimator(**options).fit_dataset(Dataset(y, v)).summary().get_fe_stats()


def py_meta_analysis(y: np.ndarray, v: np.ndarray, tau2: str = "REML", ci: str = "HK") -> object:
    """PyMetaAnalysis' fit; its result holds all numbers."""
    return meta_analyze.meta_analysis(effect=y, variance=v, tau2_method=tau2, ci_method=ci)


def statsmodels(y: np.ndarray, v: np.ndarray, method: str = "iterated") -> object:
    """The fit of statsmodels, which has Paule and Mandel's estimator ("iterated") in place of REML, and its table."""
    return combine_effects(y, v, method_re=method, use_t=True).summary_frame()


def each(fit, y: np.ndarray, v: np.ndarray) -> None:
    """A loop over the first analyses of a batch."""
    for row in range(SHORT):
        fit(y[row], v[row])


def single_fits(data: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[Task]:
    """One meta-analysis at a time."""
    tasks = []
    for k in SIZES:
        y, v = data[f"k={k}"]
        peers = {
            "PyMARE": (partial(pymare, y, v), 1),
            "PyMetaAnalysis": (partial(py_meta_analysis, y, v), 1),
            "statsmodels": (partial(statsmodels, y, v), 1),
        }
        wanted = {"metafor": 20, "PyMARE": 10, "PyMetaAnalysis": 10} if k <= 100 else {}
        limit = 0.002 if k == 10_000 else None
        tasks.append(Task(f"REML and Knapp-Hartung, k = {k}", partial(ours, y, v), peers, wanted, limit))
    y, v = data["k=20"]
    peers = {
        "PyMARE": (partial(pymare, y, v, DerSimonianLaird), 1),
        "PyMetaAnalysis": (partial(py_meta_analysis, y, v, "DL", "normal"), 1),
        "statsmodels": (partial(statsmodels, y, v, "chi2"), 1),
    }
    tasks.append(Task("DL and z, k = 20", partial(ours, y, v, tau2="DL", test="z"), peers, {}))
    y, v = data["k=100"]
    result, theirs, x = meta.random_effects(y, v), py_meta_analysis(y, v), np.arange(100.0)
    peers = {"PyMetaAnalysis": (theirs.tau2_confidence_interval, 1)}
    tasks.append(Task("Q-profile interval, k = 100", result.heterogeneity_interval, peers, {}))
    peers = {
        "PyMARE": (partial(pymare_regression, y, v, x), 1),
        "PyMetaAnalysis": (partial(py_meta_regression, y, v, x), 1),
    }
    ours_too = partial(_coefficients, y, v, x)
    return [*tasks, Task("Meta-regression, one moderator, k = 100", ours_too, peers, {})]


def _coefficients(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> object:
    return meta.regression(y, v, x).coefficients


def pymare_regression(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> dict[str, np.ndarray]:
    """PyMARE's meta-regression by REML."""
    data = Dataset(y[:, None], v[:, None], X=x[:, None], add_intercept=True)
    return VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(data).summary().get_fe_stats()


def py_meta_regression(y: np.ndarray, v: np.ndarray, x: np.ndarray) -> object:
    """PyMetaAnalysis' meta-regression by REML."""
    return meta_analyze.meta_regression(
        effect=y, variance=v, moderators={"x": x}, tau2_method="REML", inference_method="HK"
    )


def many_fits(data: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[Task]:
    """Many meta-analyses at a time."""
    y, v = data["batch"]
    times = len(y) // SHORT
    columns = np.ascontiguousarray(y.T), np.ascontiguousarray(v.T)
    peers = {
        "PyMARE": (partial(pymare, columns[0][:, :SHORT], columns[1][:, :SHORT]), times),
        "PyMetaAnalysis": (partial(each, py_meta_analysis, y, v), times),
        "statsmodels": (partial(each, statsmodels, y, v), times),
    }
    batch = Task(
        "Batch of 10,000, k = 20, REML and Knapp-Hartung",
        partial(meta.batch, y, v),
        peers,
        {"metafor": 150, "PyMARE": 2},
    )
    peers = {"PyMARE": (partial(pymare, *columns, DerSimonianLaird), 1)}
    moment = Task("Batch of 10,000, k = 20, DL and z", partial(meta.batch, y, v, tau2="DL", test="z"), peers, {})
    return [batch, moment]


def resampled(data: dict[str, tuple[np.ndarray, np.ndarray]]) -> list[Task]:
    """Models refitted to parts of their data, or to other data."""
    few, hundred, thousand = (meta.random_effects(*data[f"k={k}"]) for k in (20, 100, 1000))
    theirs = {k: py_meta_analysis(*data[f"k={k}"]) for k in (100, 1000)}
    dataset = Dataset(*(values[:, None] for values in data["k=20"]))
    permuted = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(dataset).summary()
    return [
        Task(
            "Leave-one-out, k = 100",
            lambda: meta.leave_one_out(hundred).to_frame(),
            {"PyMetaAnalysis": (lambda: theirs[100].leave_one_out(), 1)},
            {},
        ),
        Task(
            "Leave-one-out, k = 1,000",
            lambda: meta.leave_one_out(thousand).to_frame(),
            {"PyMetaAnalysis": (lambda: theirs[1000].leave_one_out(), 1)},
            {},
            0.5,
        ),
        Task(
            "10,000 permutations, k = 20",
            lambda: meta.permutation_test(few, permutations=10_000),
            {"PyMARE": (lambda: permuted.permutation_test(10_000), 1)},
            {"PyMARE": 1},
        ),
        Task("GOSH, 100,000 subsets, k = 20", lambda: meta.gosh(few, subsets=100_000), {}, {"metafor": 20}),
        Task("Influence, k = 100", lambda: meta.influence(hundred).to_frame(), {}, {"metafor": 100}),
    ]


def main() -> None:
    """Run all tasks, print and write the table."""
    data = {f"k={k}": simulated(k) for k in SIZES} | {"batch": simulated(10_000, 20)}
    short = {"batch": tuple(values[:SHORT] for values in data["batch"])}
    of_r, r_version = r_seconds("metafor.R", {f"k={k}": data[f"k={k}"] for k in SIZES_IN_R} | short)
    modules = {"PyMARE": "pymare", "PyMetaAnalysis": "meta_analyze", "statsmodels": "statsmodels.stats.meta_analysis"}
    imports = {peer: import_seconds(module) for peer, module in modules.items()}
    lines, missed = [], []
    rows = [("Import", import_seconds("toolkit.meta"), imports, {}, 0.6)]
    for task in [*single_fits(data), *many_fits(data), *resampled(data)]:
        print(task.name, file=sys.stderr)
        jobs = {"ours": task.ours} | {peer: job for peer, (job, _) in task.peers.items()}
        seconds = processor_seconds(jobs)
        theirs = {peer: seconds[peer] * times for peer, (_, times) in task.peers.items()}
        if task.name in of_r:
            theirs["metafor"] = of_r[task.name]
        rows.append((task.name, seconds["ours"], theirs, task.wanted, task.limit))
    for row in rows:
        line, sentences = row_of(*row, PEERS)
        lines.append(line)
        missed += sentences
    packages = ("PyMARE", "PyMetaAnalysis", "statsmodels", "numpy", "scipy", "pandas")
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    written = (
        "Written by `python -m benchmarks.meta`; `README.md` says what is timed, and how. Medians of processor "
        f"seconds, in brackets how many times as long as ours. {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors, one thread; {', '.join(versions)}; {r_version or 'R was not there'}."
    )
    text = page("Results of the benchmark", written, PEERS, lines, missed)
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
