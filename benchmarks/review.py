"""How long the everyday commands take: start, help, check (also of 100,000 rows), and a build with nothing to do.

    python benchmarks/review.py

Prints a table; medians of five runs, seconds by the clock. The limits are those of the project's own plan.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).parents[1]
RUNS = 5


def seconds(*command: str, cwd: Path = PROJECT, runs: int = RUNS) -> float:
    """The median time of a command."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, check=False)
        times.append(time.perf_counter() - begun)
    return median(times)


def evidence(*arguments: str) -> tuple[str, ...]:
    """The command as a fresh process starts it."""
    return ("-c", "from toolkit.cli import main; main()", *arguments)


def grow(folder: Path, rows: int) -> None:
    """A copy of the review whose estimates file has this many rows, each with a key and a sample of its own."""
    for name in ("data", "references"):
        shutil.copytree(PROJECT / name, folder / name)
    path = folder / "data/estimates.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    key, sample = header.index("estimate"), header.index("sample")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for number in range(rows):
            row = list(lines[number % len(lines)])
            row[key], row[sample] = f"{row[key]}-{number}", f"sample-{number}"
            writer.writerow(row)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        large = Path(scratch)
        grow(large, 100_000)
        subprocess.run([sys.executable, *evidence("build")], cwd=PROJECT, capture_output=True, check=True)
        measured = [
            ("python alone", seconds("-c", "pass"), None),
            ("import toolkit", seconds("-c", "import toolkit"), 0.15),
            ("evidence --help", seconds(*evidence("--help")), 0.4),
            ("evidence check", seconds(*evidence("check")), None),
            ("evidence check, 100,000 estimates", seconds(*evidence("check"), cwd=large, runs=1), None),
            ("evidence build, nothing changed", seconds(*evidence("build")), 3.0),
        ]
    for task, taken, limit in measured:
        print(f"{task:36} {taken:7.2f} s" + (f"   (limit {limit} s)" if limit else ""))


if __name__ == "__main__":
    main()
