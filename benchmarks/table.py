"""How the rows of a table of timings are written, and the targets that they miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def shown(seconds: float | None) -> str:
    """Seconds for reading, in the unit that suits them."""
    if seconds is None:
        return "–"
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"


def row_of(
    name: str,
    own: float,
    theirs: Mapping[str, float],
    wanted: Mapping[str, float],
    limit: float | None,
    peers: Sequence[str],
) -> tuple[str, list[str]]:
    """A line of the table, and a sentence for each target of it that is not met."""
    cells, missed = [], []
    for peer in peers:
        seconds = theirs.get(peer)
        cells.append("–" if seconds is None else f"{shown(seconds)} ({seconds / own:.3g}×)")
        if seconds is not None and seconds / own < wanted.get(peer, 0):
            missed.append(f"{name}: {seconds / own:.3g} times as fast as {peer}, wanted {wanted[peer]:g} times.")
    if limit is not None and own > limit:
        missed.append(f"{name}: {shown(own)}, wanted {shown(limit)}.")
    targets = [f"{peer} {ratio:g}×" for peer, ratio in wanted.items()] + (
        [] if limit is None else [f"≤ {shown(limit)}"]
    )
    return f"| {name} | {shown(own)} | {' | '.join(cells)} | {', '.join(targets) or '–'} |", missed


def page(title: str, written: str, peers: Sequence[str], lines: Sequence[str], missed: Sequence[str]) -> str:
    """The page of a benchmark: what was run, the table, and the targets that the run did not meet."""
    return "\n".join(
        [
            f"# {title}",
            "",
            written,
            "",
            "| Task | ours | " + " | ".join(peers) + " | wanted |",
            "| --- " * (len(peers) + 3) + "|",
            *lines,
            "",
            "## Targets that this run did not meet",
            "",
            *([f"- {sentence}" for sentence in missed] or ["None."]),
            "",
        ]
    )
