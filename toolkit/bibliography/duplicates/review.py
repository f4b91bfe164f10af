"""Duplicates of a review's library: what is to be merged, the queue for a person, and the way back.

A merge writes the library, the tables, the notebooks, the queue and ``references/dedupe-undo.json``, which takes the
files as they were, all or none.
"""

from __future__ import annotations

import csv
import io
import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from toolkit.bibliography.duplicates.clusters import connected, weak_links
from toolkit.bibliography.duplicates.decision import Decision
from toolkit.bibliography.duplicates.merge import Merge, merge
from toolkit.bibliography.duplicates.search import PAIR_COLUMNS, find_duplicates
from toolkit.bibliography.key_uses import renaming_changes
from toolkit.errors import Finding, Severity, ToolkitError
from toolkit.files import Change, content_of, write_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pandas as pd

    from toolkit.bibliography.library import Library

QUEUE = "references/duplicates.csv"
"""Pairs that a person decides on: put ``duplicate`` or ``no`` in place of ``maybe``; the next run follows it."""
UNDO = "references/dedupe-undo.json"


class UndoError(ToolkitError, RuntimeError):
    """A merge cannot be undone: there is none, or a file was changed since."""


@dataclass(frozen=True)
class DedupePlan:
    """What would be merged, the pairs that wait for a person, and the files as they would be."""

    root: Path
    library: Library
    merges: tuple[Merge, ...]
    maybe: pd.DataFrame
    files: tuple[Change, ...]

    def apply(self) -> None:
        """Write the files, with what is needed to undo it, and the queue of pairs for a person: all or none.

        :raises FileChangedError: another program changed one of the files since it was read.
        """
        queue = _queue_change(self.root / QUEUE, self.maybe)
        if not self.merges:
            write_together(self.root, queue)
            return
        edited = self.library.edited([edit for plan in self.merges for edit in plan.edits])
        library = Change(self.library.path, self.library.to_bytes(), edited.to_bytes())
        undo = _undo_change(self.root, (*self.files, library))
        edited.write_with((undo, *self.files, *queue), root=self.root)

    def lines(self) -> list[str]:
        """The plan in words: each group with its fields, then the pairs that wait for a person."""
        shown = []
        for plan in self.merges:
            shown.append(f"{plan.kept} <- {', '.join(plan.removed)}")
            for field in plan.fields:
                if field.source != plan.kept:
                    shown.append(f"    {field.field} from {field.source}: {field.value[:80]}")
                shown += [f"    {field.field} kept as alternative: {value[:80]}" for value in field.alternatives]
        shown += [f"in {change.path.relative_to(self.root).as_posix()} keys are renamed" for change in self.files]
        open_pairs = self.maybe[self.maybe["decision"] == Decision.MAYBE]
        for row in open_pairs.itertuples(index=False):
            shown.append(f"maybe: {row.id_1} and {row.id_2} ({row.score:.2f}): {row.reason}")
        shown.append(f"{len(self.merges)} groups to merge, {len(open_pairs)} pairs for a person to decide")
        return shown

    def as_dict(self) -> dict[str, object]:
        """The plan as plain values, for scripts."""
        merges = [
            {"kept": plan.kept, "removed": list(plan.removed), "fields": [asdict(field) for field in plan.fields]}
            for plan in self.merges
        ]
        files = [change.path.relative_to(self.root).as_posix() for change in self.files]
        return {"merges": merges, "files": files, "pairs": self.maybe.to_dict("records")}


def plan_dedupe(root: Path, library: Library) -> DedupePlan:
    """Find the duplicates of a review's library, with what a person decided in the queue taken as settled."""
    pairs = find_duplicates(library)
    settled = _decided(root / QUEUE)
    ends = list(zip(pairs["id_1"], pairs["id_2"], strict=True))
    pairs["decision"] = [settled.get(pair, found) for pair, found in zip(ends, pairs["decision"], strict=True)]
    links = [pair for pair, found in zip(ends, pairs["decision"], strict=True) if found == Decision.DUPLICATE]
    known, found = set(library), set(ends)
    told = [pair for pair in settled if pair not in found and known >= set(pair)]
    links += [pair for pair in told if settled[pair] == Decision.DUPLICATE]
    weak = weak_links(links, [pair for pair, decision in settled.items() if decision == Decision.NO])
    groups = connected(pair for pair in links if pair not in weak)
    merges = tuple(merge(library, group) for group in groups)
    names = {key: plan.kept for plan in merges for key in plan.removed}
    waiting = pairs[pairs["decision"] != Decision.DUPLICATE]
    return DedupePlan(root, library, merges, waiting, renaming_changes(root, names))


def undo_dedupe(root: Path) -> list[Path]:
    """Put every file that the last merge changed back as it was, and say which.

    :raises UndoError: no merge is kept, or a file has been changed since; nothing is written then.
    """
    path = root / UNDO
    try:
        kept = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        raise UndoError(f"There is no merge to undo: {UNDO} is missing or cannot be read.") from None
    states = {
        root / name: tuple(b64decode(state[when]) for when in ("before", "after")) for name, state in kept.items()
    }
    for file, known in states.items():
        if not file.is_file() or file.read_bytes() not in known:
            raise UndoError(
                f"{file.relative_to(root)} was changed since the merge; nothing was undone. Use git instead."
            )
    changes = [Change(file, file.read_bytes(), before) for file, (before, _) in states.items()]
    write_together(root, [*changes, Change(path, path.read_bytes(), None)])
    return list(states)


def _undo_change(root: Path, changes: Iterable[Change]) -> Change:
    """The file from which ``undo_dedupe`` puts everything back."""
    states = {
        change.path.relative_to(root).as_posix(): {
            "before": b64encode(change.before).decode(),
            "after": b64encode(change.after).decode(),
        }
        for change in changes
    }
    return Change(root / UNDO, content_of(root / UNDO), json.dumps(states, indent=1).encode())


def queue_findings(root: Path, library: Library) -> list[Finding]:
    """A warning for each pair in the queue that waits for a decision, or whose decision is no word that is known."""
    found = []
    for line, pair, told in _queued(root / QUEUE):
        if told in (Decision.DUPLICATE, Decision.NO) or not set(pair) <= set(library):
            continue
        if told == Decision.MAYBE:
            rule, message = "duplicate-open", f"{pair[0]!r} and {pair[1]!r} may be one work; nobody has decided"
        else:
            rule, message = "duplicate-decision", f"{told!r} is no decision on {pair[0]!r} and {pair[1]!r}"
        hint = "write duplicate or no in the column decision, then run `evidence refs dedupe --apply`"
        found.append(Finding(Severity.WARNING, QUEUE, rule, message, hint, line, "decision", told, pair[0]))
    return found


def _decided(path: Path) -> dict[tuple[str, str], str]:
    """The pairs of the queue that a person decided on."""
    return {pair: told for _, pair, told in _queued(path) if told in (Decision.DUPLICATE, Decision.NO)}


def _queued(path: Path) -> Iterator[tuple[int, tuple[str, str], str]]:
    """The rows of the queue: the line, the two keys in alphabetical order, and what stands as decision."""
    rows = csv.DictReader(io.StringIO((content_of(path) or b"").decode("utf-8-sig", "replace")))
    for row in rows:
        one, other = sorted(((row.get("id_1") or "").strip(), (row.get("id_2") or "").strip()))
        yield rows.line_num, (one, other), (row.get("decision") or "").strip().lower()


def _queue_change(path: Path, pairs: pd.DataFrame) -> list[Change]:
    before = content_of(path)
    if pairs.empty and before is None:
        return []
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(PAIR_COLUMNS)
    writer.writerows(pairs[list(PAIR_COLUMNS)].itertuples(index=False, name=None))
    return [Change(path, before, table.getvalue().encode())]
