"""Reading and writing BibTeX: this toolkit beside bibtexparser (default stack and raw) and pybtex.

    python benchmarks/bibtex.py [--entries 1000 10000 100000] [--pybtex-up-to 10000]

Each job runs in a process of its own on a library made for it (about 1.4 kB an entry: accents, macros, an abstract);
the time is the CPU time of the job without imports, the median of three runs, one for 100,000 entries. Needs
bibtexparser, and pybtex where it is to be compared. Prints a table in Markdown.

``toolkit read`` cuts the file and finds all that is wrong with it, so every field has been read; ``views`` makes all
fields, macros evaluated; ``text`` decodes all authors, titles and journals.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

WORDS = "the effect of early harm on later crime among adults in a cohort with controls and outcomes".split()
NAMES = ["Doe, Ann", r"M{\"u}ller, J{\"o}rg", "van der Berg, Jan", "Smith, John A.", "Öztürk, Ayşe", r"Garc{\'i}a, Luz"]


def made_library(entries: int) -> str:
    """A library of so many entries, the same each time."""
    chance = random.Random(20)
    blocks = ['@string{nejm = "N Engl J Med"}\n@comment{jabref-meta: databaseType:bibtex;}\n']
    for number in range(entries):
        title = " ".join(chance.choices(WORDS, k=12))
        abstract = " ".join(chance.choices(WORDS, k=170))
        journal = "nejm" if number % 3 == 0 else r"{Journal of Crime \& Harm}"
        blocks.append(
            f"@article{{key{number},\n  author = {{{' and '.join(chance.sample(NAMES, 3))}}},\n"
            f"  title = {{The {{DNA}} {title}}},\n  journal = {journal},\n  year = {{{1980 + number % 45}}},\n"
            f"  volume = {{{number % 90}}},\n  number = {{{number % 12}}},\n  pages = {{{number}--{number + 9}}},\n"
            f"  doi = {{10.1000/{number}}},\n  issn = {{0140-6736}},\n  abstract = {{{abstract}}},\n"
            f"  keywords = {{crime; harm}}\n}}\n"
        )
    return "\n".join(blocks)


def _toolkit(path: Path) -> dict[str, Callable[[], object]]:
    from toolkit.bibliography import Library

    held: dict[str, Library] = {}

    def read() -> None:
        held["library"] = Library.read(path)
        assert held["library"].findings == ()

    return {
        "toolkit read": read,
        "toolkit views": lambda: [reference.own for reference in held["library"].values()],
        "toolkit text": lambda: [
            (item.authors, item.text("title"), item.text("journal")) for item in held["library"].values()
        ],
        "toolkit edit and write": lambda: held["library"].set("key7", "note", "x").write(path.with_suffix(".out")),
    }


def _bibtexparser(path: Path, stack: str) -> dict[str, Callable[[], object]]:
    import bibtexparser

    logging.disable(logging.CRITICAL)
    raw = {"parse_stack": []} if stack == "raw" else {}
    written = {"unparse_stack": []} if stack == "raw" else {}
    held: dict[str, object] = {}

    def read() -> None:
        held["library"] = bibtexparser.parse_string(path.read_text(encoding="utf-8"), **raw)

    def write() -> None:
        path.with_suffix(".out").write_text(bibtexparser.write_string(held["library"], **written), encoding="utf-8")

    return {f"bibtexparser {stack} read": read, f"bibtexparser {stack} write": write}


def _pybtex(path: Path) -> dict[str, Callable[[], object]]:
    from pybtex.database import BibliographyData, parse_file

    held: dict[str, BibliographyData] = {}

    def read() -> None:
        held["library"] = parse_file(str(path), bib_format="bibtex")

    def write() -> None:
        held["library"].to_file(io.StringIO(), bib_format="bibtex")

    return {"pybtex read": read, "pybtex write": write}


TOOLS: dict[str, Callable[[Path], dict[str, Callable[[], object]]]] = {
    "toolkit": _toolkit,
    "bibtexparser raw": lambda path: _bibtexparser(path, "raw"),
    "bibtexparser default": lambda path: _bibtexparser(path, "default"),
    "pybtex": _pybtex,
}


def measure(tool: str, path: Path) -> dict[str, float]:
    """CPU seconds of each job of a tool, and the memory of its process, in this process."""
    found: dict[str, float] = {}
    for job, run in TOOLS[tool](path).items():
        begun = time.process_time()
        run()
        found[job] = time.process_time() - begun
    found["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def medians(tool: str, path: Path, runs: int) -> dict[str, float]:
    """The medians of several runs, each in a new process; empty where the tool is not installed."""
    results = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--measure", tool, str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{tool}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return {}
        results.append(json.loads(done.stdout))
    return {job: statistics.median(result[job] for result in results) for job in results[0]}


def main() -> None:
    """Measure all tools and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--pybtex-up-to", type=int, default=10_000)
    parser.add_argument("--measure", nargs=2, metavar=("TOOL", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], Path(options.measure[1]))))
        return
    print("| entries | job | CPU seconds | MB |\n|---|---|---|---|")
    for entries in options.entries:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "made.bib"
            path.write_text(made_library(entries), encoding="utf-8")
            for tool in TOOLS:
                if tool == "pybtex" and entries > options.pybtex_up_to:
                    continue
                found = medians(tool, path, 1 if entries > 10_000 else 3)
                memory = found.pop("MB", 0)
                for job, seconds in found.items():
                    print(f"| {entries:,} | {job} | {seconds:.2f} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
