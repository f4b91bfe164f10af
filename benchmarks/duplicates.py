"""Duplicate search: quality on labelled sets that are given, time and memory on records made for it.

    python benchmarks/duplicates.py [SET ...] [--records 10000 100000] [--peer-python PYTHON]

A set is a folder with ``records_pre_merged.csv`` and either ``merged_record_ids.csv`` (groups of IDs that are one
work) or ``record_labels.csv`` (1: the record has a duplicate in the set). Such sets are not in this repository.
Precision and recall are over pairs after connected components within the groups. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from toolkit.bibliography.duplicates import Decision, connected, find_duplicates

PEER = Path(__file__).with_name("duplicates_peer.py")
Pairs = set[tuple[str, str]]


def pairs_of(groups: list[list[str]]) -> Pairs:
    """All pairs within groups."""
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def ours(records: pd.DataFrame, repeat: int = 3) -> tuple[Pairs, Pairs, float]:
    """Pairs marked duplicate (joined), all pairs listed, and the median CPU seconds."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        found = find_duplicates(records)
        times.append(time.process_time() - start)
    ends = found[["id_1", "id_2"]]
    links = ends[found["decision"] == Decision.DUPLICATE].itertuples(index=False, name=None)
    return pairs_of(connected(links)), set(ends.itertuples(index=False, name=None)), statistics.median(times)


def peer(python: str, records: pd.DataFrame) -> dict:
    """bib-dedupe's groups and time, run by another interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.json"
        path.write_text(json.dumps(records.to_dict("records")), encoding="utf-8")
        run = subprocess.run([python, str(PEER), str(path)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout.rpartition("ANSWER ")[2])


def _labelled(folder: Path, found: Pairs, listed: Pairs) -> tuple[set, set, set]:
    """What is true, found and listed in a set: pairs, or records where only records are labelled."""
    groups = folder / "merged_record_ids.csv"
    if groups.exists():
        return pairs_of([row.split(";") for row in pd.read_csv(groups)["merged_ids"]]), found, listed
    labels = pd.read_csv(folder / "record_labels.csv", dtype=str)
    true = {(record,) for record in labels.loc[labels["duplicate"] == "1", "ID"]}
    found, listed = ({(record,) for pair in pairs for record in pair} for pairs in (found, listed))
    return true, found, listed


WITHOUT = (
    "pages|volume|author|year|journal|doi|author year|author journal|journal year|journal pages|year volume"
    "|volume number pages|doi abstract pages"
).split("|")


def with_less(folder: Path, records: pd.DataFrame) -> list[str]:
    """Rows on a set whose columns are taken away, and whose cells are emptied by chance, one in five."""
    frames = {
        gone.replace(" ", ", "): [records.drop(columns=columns)]
        for gone in WITHOUT
        if (columns := [name for name in gone.split() if name in records])
    }
    kept = {"ID", "title", "ENTRYTYPE"}
    chances = [random.Random(seed) for seed in range(4)]
    frames["one cell in five"] = [
        records.apply(lambda cells, chance=chance: cells if cells.name in kept else _emptied(cells, chance))
        for chance in chances
    ]
    rows = []
    for gone, variants in frames.items():
        results = []
        for frame in variants:
            found, listed, _ = ours(frame, repeat=1)
            true, found, listed = _labelled(folder, found, listed)
            right = len(found & true)
            results.append((right / max(len(found), 1), right / len(true), len((found | listed) & true) / len(true)))
        precision, recall, with_maybe = (statistics.mean(values) for values in zip(*results, strict=True))
        rows.append(f"| {folder.name} | {gone} | {precision:.4f} | {recall:.4f} | {with_maybe:.4f} |")
    return rows


def _emptied(cells: pd.Series, chance: random.Random) -> pd.Series:
    return cells.map(lambda cell: "" if chance.random() < 0.2 else cell)


def quality(name: str, found: Pairs, folder: Path, seconds: float, listed: Pairs = frozenset()) -> str:
    """A row on a labelled set: over pairs, or over records where only records are labelled."""
    true, found, listed = _labelled(folder, found, listed)
    precision, recall = len(found & true) / max(len(found), 1), len(found & true) / max(len(true), 1)
    errors = f"{len(found - true)} / {len(true - found)}"
    with_maybe = f"{len((found | listed) & true) / max(len(true), 1):.4f}" if listed else ""
    return f"| {folder.name} | {name} | {precision:.4f} | {recall:.4f} | {errors} | {with_maybe} | {seconds:.2f} |"


def made_records(number: int, seed: int = 1) -> pd.DataFrame:
    """Records for speed alone: titles of made-up words by Zipf's law, 28 % of works with two to four copies."""
    chance = random.Random(seed)

    def word() -> str:
        return "".join(chance.choice("bcdfglmnprstv") + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))

    vocabulary = [word() for _ in range(6000)]
    weights = [1 / (place + 5) for place in range(6000)]
    families = [word().title() for _ in range(5000)]
    journals = [" ".join(chance.sample(vocabulary, 4)).title() for _ in range(400)]
    rows: list[tuple[str, ...]] = []
    while len(rows) < number:
        title = " ".join(chance.choices(vocabulary, weights, k=chance.randint(7, 16)))
        people = [(chance.choice(families), chance.choice("ABCDEFGH")) for _ in range(chance.randint(1, 8))]
        year, journal, first = chance.randint(1990, 2024), chance.choice(journals), chance.randint(1, 1500)
        abstract = " ".join(chance.choices(vocabulary, weights, k=120))
        doi = f"10.9999/{len(rows)}"
        for copy in range(1 if chance.random() > 0.28 else chance.randint(2, 4)):
            author = " and ".join(f"{family}, {given}" + "." * (copy % 2) for family, given in people)
            shown = f"{title}. [Review] [{chance.randint(3, 90)} refs]" if copy and chance.random() < 0.3 else title
            short = " ".join(f"{part[:4]}." for part in journal.split())
            row = (shown, author, str(year), short if copy % 2 else journal, str(year - 1960), f"{first}-{first + 9}")
            rows.append((*row, doi if chance.random() < 0.6 else "", abstract if chance.random() < 0.7 else ""))
    columns = ["title", "author", "year", "journal", "volume", "pages", "doi", "abstract"]
    frame = pd.DataFrame(rows[:number], columns=columns)
    frame.insert(0, "ID", [f"r{place:07}" for place in range(number)])
    return frame.sample(frac=1, random_state=seed)


def main() -> None:
    """Print versions and tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", type=Path)
    parser.add_argument("--records", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--peer-python", default="", help="an interpreter that has bib-dedupe")
    chosen = parser.parse_args()
    packages = ", ".join(f"{name} {version(name)}" for name in ("rapidfuzz", "numpy", "pandas"))
    print(f"Python {sys.version.split()[0]}, {packages}\n")
    if not chosen.peer_python:
        print("bib-dedupe was NOT run: give --peer-python.\n", file=sys.stderr)
    if chosen.sets:
        print("| set | by | precision | recall | false / missed | recall with maybe | CPU s |")
        print("|---|---|---|---|---|---|---|")
    for folder in chosen.sets:
        records = pd.read_csv(folder / "records_pre_merged.csv", dtype=str, keep_default_na=False)
        found, listed, seconds = ours(records)
        print(quality("find_duplicates", found, folder, seconds, listed))
        if chosen.peer_python:
            answer = peer(chosen.peer_python, records)
            print(quality(f"bib-dedupe {answer['version']}", pairs_of(answer["groups"]), folder, answer["cpu"]))
    if chosen.sets:
        print("\n| set | without | precision | recall | recall with maybe |\n|---|---|---|---|---|")
    for folder in chosen.sets:
        records = pd.read_csv(folder / "records_pre_merged.csv", dtype=str, keep_default_na=False)
        print("\n".join(with_less(folder, records)))
    print("\n| records | by | CPU s | peak MB |\n|---|---|---|---|")
    for number in sorted(chosen.records):
        records = made_records(number)
        seconds = ours(records, repeat=3 if number <= 20_000 else 1)[2]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {number} | find_duplicates | {seconds:.1f} | {peak:.0f} |")
        if chosen.peer_python and number <= 10_000:
            answer = peer(chosen.peer_python, records)
            print(f"| {number} | bib-dedupe {answer['version']} | {answer['cpu']:.1f} | {answer['megabytes']:.0f} |")


if __name__ == "__main__":
    main()
