"""The plot that fits a synthesis: a forest plot where numbers were pooled, else the directions of the findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from toolkit.plots.effect_direction import effect_direction
from toolkit.plots.forest import ReferenceRow, forest
from toolkit.plots.style import GREY, look
from toolkit.synthesis.harmonise import harmonise_published
from toolkit.vocabulary import Method, Prediction, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from toolkit.synthesis import Synthesis
    from toolkit.synthesis.select import Row

_VISIBLE_SHIFT = 0.02
"""The share of its width by which a drawn interval lies beside the printed one before the plot says so."""


def draw(synthesis: Synthesis, *, ax: Axes | None = None) -> Axes:
    """Draw the evidence of a synthesis: a forest plot of what was pooled, with the published result below it; else an
    effect direction plot of the findings that have a direction; else a sentence that there is nothing to draw.
    """
    if synthesis.method is Method.POOL:
        return _forest(synthesis, ax)
    return _directions(synthesis, ax) if synthesis.votes else _nothing(ax)


def _forest(synthesis: Synthesis, ax: Axes | None) -> Axes:
    rows = synthesis.pooled_rows
    return forest(
        synthesis.result,
        measure=synthesis.measure,
        labels=[row.label for row in rows],
        columns={"Design": _designs(rows)},
        hollow=[row.estimate.status is Status.COMPUTED for row in rows],
        smallest_effect=synthesis.smallest_effect,
        reference_rows=_published(synthesis),
        favours=_favours(synthesis),
        notes=_uneven_note(rows),
        ax=ax,
    )


def _uneven_note(rows: Sequence[Row]) -> list[str]:
    """What the sources print where the interval drawn, which the variance implies, is visibly another one."""
    printed = [
        f"{row.label} {item.measure} {item.value} ({item.ci_low} to {item.ci_high})"
        for row in rows
        if row.effect.shift > _VISIBLE_SHIFT
        for item in [row.estimate]
    ]
    if not printed:
        return []
    return [f"Intervals are drawn as their variances imply, even about the effect. As printed: {'; '.join(printed)}."]


def _published(synthesis: Synthesis) -> list[ReferenceRow]:
    """The published result on our scale; none where it has no interval or another scale."""
    found = harmonise_published(synthesis.question)
    if found is None:
        return []
    published = synthesis.question.published
    return [ReferenceRow(f"Published: {synthesis.references[published.reference].short} ({published.measure})", *found)]


def _favours(synthesis: Synthesis) -> tuple[str, str]:
    """What less and more than no effect mean for the outcome; which side the claim speaks of is marked."""
    predicted = synthesis.question.predicted
    spoken = {
        Prediction.INCREASE: ("less", "more (predicted)"),
        Prediction.DECREASE: ("less (predicted)", "more"),
        Prediction.NEGLIGIBLE_INCREASE: ("less", "more (denied)"),
        Prediction.NEGLIGIBLE_DECREASE: ("less (denied)", "more"),
    }
    return spoken[predicted]


def _directions(synthesis: Synthesis, ax: Axes | None) -> Axes:
    rows = [row for vote in synthesis.votes for row in vote.rows]
    estimates = [row.estimate for row in rows]
    return effect_direction(
        [row.label for row in rows],
        [item.direction for item in estimates],
        columns={"Design": _designs(rows), "Outcome": [item.outcome for item in estimates]},
        sizes=[float(item.n_total) if item.n_total is not None else None for item in estimates],
        hollow=[item.status is Status.COMPUTED for item in estimates],
        notes=[_votes_line(synthesis)],
        ax=ax,
    )


def _votes_line(synthesis: Synthesis) -> str:
    """The votes of the samples, which are what a verdict by direction counts; a sample may have several findings."""
    counts = Counter(vote.word.replace("-", " ") for vote in synthesis.votes)
    number = f"{len(synthesis.votes)} independent sample{'s' if len(synthesis.votes) > 1 else ''}"
    counted = ", which is what the verdict counts" if synthesis.method is Method.DIRECTION else ""
    return f"{number}, one vote each{counted}: {', '.join(f'{word} {n}' for word, n in counts.most_common())}."


def _designs(rows: Sequence[Row]) -> list[str]:
    return [row.estimate.design.words for row in rows]


def _nothing(ax: Axes | None) -> Axes:
    """A sentence in place of a plot, so that a page shows that nothing was forgotten."""
    import matplotlib.pyplot as plt

    with look():
        if ax is None:
            _, ax = plt.subplots(figsize=(7.5, 0.5))
        ax.set_axis_off()
        text = "No finding here has a direction to draw: the rows are descriptive or published pooled results."
        ax.text(0, 0.5, text, va="center", color=GREY, transform=ax.transAxes)
    ax.set_label(text)
    return ax
