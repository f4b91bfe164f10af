"""How a task is timed: processor seconds, which other work on the machine disturbs least, and the median of rounds."""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

ROUNDS = 7
SHORTEST = 0.02  # seconds that a round lasts at least, so that the clock's step does not count


class Task(NamedTuple):
    """One row of the table: what is done, by whom, and the ratio to a peer that the engine must reach.

    A peer's ``times`` says by what a shorter job was multiplied; ``note`` tells of it.
    """

    name: str
    ours: Callable[[], object]
    peers: Mapping[str, tuple[Callable[[], object], int]]
    wanted: Mapping[str, float]
    limit: float | None = None


def processor_seconds(jobs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median processor seconds of each job. The jobs take turns, so that a busy spell of the machine meets all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        longest = max(_once(job, 1) for job in jobs.values())
        numbers = {name: max(1, int(SHORTEST / max(_once(job, 1), 1e-7))) for name, job in jobs.items()}
        rounds = ROUNDS if longest < 1.0 else 3
        found = [{name: _once(job, numbers[name]) / numbers[name] for name, job in jobs.items()} for _ in range(rounds)]
    return {name: statistics.median(row[name] for row in found) for name in jobs}


def import_seconds(module: str) -> float:
    """Median processor seconds that a fresh interpreter takes to import a module, its own start with it."""

    def job() -> None:
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True, capture_output=True)

    job()
    found = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        job()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(found)


def r_seconds(script: str, data: Mapping[str, tuple[np.ndarray, ...]]) -> tuple[dict[str, float], str]:
    """Processor seconds of the same tasks in R, by their names, and the versions; empty where there is no R.

    ``script`` lies beside this file; ``data`` are effects and variances, with the study of each effect where there is
    one.
    """
    if shutil.which("Rscript") is None:
        return {}, ""
    columns = {name: dict(zip(("y", "v", "study"), parts, strict=False)) for name, parts in data.items()}
    text = json.dumps({name: {part: a.tolist() for part, a in parts.items()} for name, parts in columns.items()})
    here = Path(__file__).parent
    found = subprocess.run(["Rscript", script], cwd=here, input=text, capture_output=True, text=True, check=False)
    if found.returncode:
        print(f"R left out: {found.stderr.strip()[-300:]}", file=sys.stderr)
        return {}, ""
    answer = json.loads(found.stdout)
    return answer["seconds"], answer["version"]


def _once(job: Callable[[], object], number: int) -> float:
    start = time.process_time()
    for _ in range(number):
        job()
    return time.process_time() - start
