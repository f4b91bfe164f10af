"""``python -m benchmarks.dependent``: time the models of the engine's second part beside R's, and write the table.

Dependent effects, small-study effects and Bayesian models; there is no Python package that has them.
"""

from __future__ import annotations

import os
import platform
import sys
from collections import defaultdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from benchmarks.table import page, row_of
from benchmarks.timing import Task, processor_seconds, r_seconds
from toolkit import meta

RESULTS = Path(__file__).with_name("results_dependent.md")
PEERS = ("metafor", "clubSandwich", "robumeta")


def clustered(k: int, studies: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Effects with variances between and within studies of 0.04 and 0.02, their sampling variances, their studies."""
    rng = np.random.default_rng((k, studies))
    study = np.sort(rng.integers(0, studies, k))
    v = rng.uniform(0.01, 0.2, k)
    return 0.3 + rng.normal(0, 0.2, studies)[study] + rng.normal(0, np.sqrt(v + 0.02)), v, study


def independent(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Effects with tau2 = 0.05, their variances between 0.01 and 0.2."""
    rng = np.random.default_rng(k)
    v = rng.uniform(0.01, 0.2, k)
    return rng.normal(0.2, np.sqrt(v + 0.05)), v


def three_level(y: np.ndarray, v: np.ndarray, study: np.ndarray) -> meta.MultilevelResult:
    """Effects within studies by REML."""
    return meta.multilevel(y, v, {"study": study, "effect": np.arange(len(y))})


def tasks(data: dict[str, tuple[np.ndarray, ...]]) -> list[Task]:
    """What is timed, with the targets that the engine has set itself."""
    small, large = "1,000 effects in 200 studies", "5,000 effects in 1,000 studies"
    y, v, study = data[small]
    fit = three_level(*data[small])
    few, many = (meta.random_effects(*data[name]) for name in ("k=20", "k=100"))
    return [
        Task(f"Three-level model, {small}", partial(three_level, *data[small]), {}, {}, 0.15),
        Task(f"Three-level model, {large}", partial(three_level, *data[large]), {}, {}, 1.0),
        Task(f"CR2 and Satterthwaite, {small}", lambda: meta.robust(fit, study).coefficients, {}, {}, 0.2),
        Task(
            f"Robust variance estimation, {small}",
            lambda: meta.robust_variance_estimation(y, v, study).coefficients,
            {},
            {},
        ),
        Task(f"Aggregation, {small}", lambda: meta.aggregate(y, v, study, rho=0.6), {}, {}),
        Task(
            "Selection model with one step (3PSM), k = 20",
            lambda: meta.selection_model(few, steps=[0.025]),
            {},
            {"metafor": 20},
        ),
        Task("Trim and fill, k = 100", lambda: meta.trim_and_fill(many), {}, {"metafor": 20}),
        Task("Egger's regression, k = 100", lambda: meta.egger(many), {}, {}),
        Task(
            "Bayesian posterior by quadrature, k = 20",
            lambda: meta.bayesian(*data["k=20"], prior=meta.HalfNormal(0.5)).summary(),
            {},
            {},
            0.01,
        ),
    ]


def main() -> None:
    """Run all tasks, print and write the table."""
    data = {
        "1,000 effects in 200 studies": clustered(1000, 200),
        "5,000 effects in 1,000 studies": clustered(5000, 1000),
        "k=20": independent(20),
        "k=100": independent(100),
    }
    of_r, r_version = r_seconds("dependent.R", data)
    theirs = defaultdict(dict)
    for name, seconds in of_r.items():
        task, peer = name.split("|")
        theirs[task][peer] = seconds
    lines, missed = [], []
    for task in tasks(data):
        print(task.name, file=sys.stderr)
        own = processor_seconds({"ours": task.ours})["ours"]
        line, sentences = row_of(task.name, own, theirs[task.name], task.wanted, task.limit, PEERS)
        lines.append(line)
        missed += sentences
    versions = ", ".join([f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in ("numpy", "scipy"))])
    written = (
        "Written by `python -m benchmarks.dependent`; `README.md` says how time is taken. Medians of processor "
        f"seconds, in brackets how many times as long as ours. {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors, one thread; {versions}; {r_version or 'no R'}. rma.mv has sparse=TRUE."
    )
    text = page(
        "Results of the benchmark: dependent effects, small studies, Bayesian models", written, PEERS, lines, missed
    )
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
