"""bib-dedupe on a file of records, for its own environment: prints pairs and CPU seconds as JSON.

Run by ``duplicates.py --peer-python``, which names an interpreter that has bib-dedupe.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd


def main(path: str) -> None:
    """Search the records of a JSON file."""
    from bib_dedupe.bib_dedupe import block, cluster, match, prep

    records = pd.DataFrame(json.loads(Path(path).read_text(encoding="utf-8")))
    if "ENTRYTYPE" not in records:
        records["ENTRYTYPE"] = "article"
    start, begun = time.process_time(), time.perf_counter()
    groups = cluster(match(block(prep(records, cpu=1), cpu=1), cpu=1))
    used = time.process_time() - start
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "groups": groups,
        "cpu": used + children.ru_utime + children.ru_stime,
        "wall": time.perf_counter() - begun,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "version": version("bib-dedupe"),
    }
    print("\nANSWER " + json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
