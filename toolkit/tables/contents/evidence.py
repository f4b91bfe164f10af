"""The rows behind a question: all of them with their sources, what was left out, and the way back from a result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from toolkit.numbers import count
from toolkit.synthesis.trace import TRACE_COLUMNS
from toolkit.synthesis.wording import MEASURE_NAMES, prediction_text, shared_text
from toolkit.tables.contents.printed import countries, result_as_printed
from toolkit.tables.table import Table
from toolkit.tables.value import Column, Footnote, RowGroup
from toolkit.vocabulary import Adjusted, EffectDirection, Method, Orientation, Role, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from toolkit.synthesis import Synthesis
    from toolkit.synthesis.select import Row


_DIRECTIONS = {
    EffectDirection.SUPPORTS: "▲ for",
    EffectDirection.CONTRADICTS: "▼ against",
    EffectDirection.NO_DIFFERENCE: "= no difference",
    EffectDirection.UNCLEAR: "? unclear",
}


_COLUMNS = (
    Column("study", "Study", width=18),
    Column("design", "Design"),
    Column("country", "Country"),
    Column("n", "n", align="right"),
    Column("contrast", "Exposure, comparator", width=30),
    Column("outcome", "Outcome", width=24),
    Column("result", "Result as printed", width=20),
    Column("adjusted", "Adjusted"),
    Column("direction", "Direction"),
    Column("source", "Source", width=24),
)


def evidence_table(synthesis: Synthesis) -> Table:
    """All rows of a question, both sides, grouped by what they are used for, figures as printed, with their sources."""
    groups: dict[str, list[Row]] = {heading: [] for heading in _headings(synthesis)}
    for row in synthesis.rows:
        groups[_heading(row, synthesis)].append(row)
    rows: list[tuple[str, ...]] = []
    row_groups: list[RowGroup] = []
    footnotes: list[Footnote] = []
    for heading, members in groups.items():
        if not members:
            continue
        row_groups.append(RowGroup(heading, len(rows), len(rows) + len(members)))
        for row in members:
            footnotes += _footnotes(row, len(rows), pooled=row in synthesis.pooled_rows)
            rows.append(_cells(row, synthesis))
    return Table(
        title=f"Evidence: {synthesis.question.title}",
        label=f"tab:evidence:{synthesis.question.question}",
        columns=_COLUMNS,
        rows=rows,
        row_groups=row_groups,
        footnotes=footnotes,
        notes=_notes(synthesis),
        abbreviations=_abbreviations(rows, synthesis),
    )


def left_out_table(synthesis: Synthesis) -> Table:
    """The rows that the main analysis does not use, each with the reason."""
    left_out = synthesis.left_out()
    return Table(
        title=f"Left out of the main analysis: {synthesis.question.title}",
        label=f"tab:left-out:{synthesis.question.question}",
        columns=(
            Column("estimate", "Row"),
            Column("citation", "Study"),
            Column("role", "Role"),
            Column("status", "Status"),
            Column("reason", "Reason", width=34),
            Column("note", "Note", width=40),
        ),
        rows=[
            (row.estimate, row.citation, row.role, row.status, row.reason_left_out, row.note)
            for row in left_out.itertuples(index=False)
        ],
    )


def source_table(synthesis: Synthesis) -> Table:
    """From a result back to its sources: the report, where its figure was seen, what was made of it, its weight."""
    weights = synthesis.trace().set_index("estimate")["weight"]
    rows = [
        (
            f"{row.label} [{row.estimate.estimate}]",
            _lines(report.text("title"), report.url),
            _lines(row.estimate.source_locator, row.estimate.source_url),
            row.effect.transformation if row.effect else result_as_printed(row.estimate),
            "" if math.isnan(weights[row.estimate.estimate]) else f"{weights[row.estimate.estimate]:.1f}%",
            row.left_out,
        )
        for row in synthesis.rows
        for report in (synthesis.references[row.estimate.reference],)
    ]
    return Table(
        title=f"Sources: {synthesis.question.title}",
        columns=(
            Column("row", "Row", width=16),
            Column("report", "Report", width=34),
            Column("seen", "Where the figure was seen", width=24),
            Column("made", "What was made of it", width=30),
            Column("weight", "Weight", align="right"),
            Column("left_out", "Left out because", width=20),
        ),
        rows=rows,
    )


def trace_table(syntheses: Sequence[Synthesis]) -> Table:
    """Every row of every question: source, figures as printed, transformation, y and v (analysis scale), use."""
    frames = [synthesis.trace() for synthesis in syntheses]
    names = TRACE_COLUMNS
    rows = [tuple(_plain(value) for value in row) for frame in frames for row in frame[names].itertuples(index=False)]
    return Table(
        title="Every estimate, and what was made of it", columns=[Column(name, name) for name in names], rows=rows
    )


def _plain(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _headings(synthesis: Synthesis) -> tuple[str, ...]:
    return (
        "Pooled" if synthesis.method is Method.POOL else "Primary rows",
        "Direction only",
        "Further rows of the same samples",
        "Published pooled results, to compare with",
        "Context, never pooled",
        "Recalled, not seen again at a source: not used",
        "Primary rows that cannot be pooled",
    )


def _heading(row: Row, synthesis: Synthesis) -> str:
    headings = _headings(synthesis)
    if row.estimate.status is Status.RECALLED:
        return headings[5]
    if row.estimate.role is Role.PRIMARY:
        return headings[6] if synthesis.method is Method.POOL and row.left_out else headings[0]
    return {
        Role.DIRECTION: headings[1],
        Role.ADDITIONAL: headings[2],
        Role.REVIEW: headings[3],
        Role.CONTEXT: headings[4],
    }[row.estimate.role]


def _cells(row: Row, synthesis: Synthesis) -> tuple[str, ...]:
    item = row.estimate
    contrast = item.exposure if item.comparator in (None, "none") else f"{item.exposure} vs {item.comparator}"
    locator = item.source_locator or ""
    read_in = f" (read in {synthesis.references[item.read_in].short})" if item.read_in else ""
    report = synthesis.references[item.reference].url
    source = _lines(locator + read_in, item.source_url, report if report != item.source_url else "")
    return (
        f"{row.label} [{item.estimate}]",
        item.design.words,
        countries(item.country),
        count(float(item.n_total)) if item.n_total is not None else "",
        contrast,
        item.outcome,
        result_as_printed(item),
        "" if item.adjusted is Adjusted.NOT_APPLICABLE else item.adjusted.value,
        _DIRECTIONS[item.direction],
        source,
    )


def _lines(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)


def _footnotes(row: Row, number: int, *, pooled: bool) -> Iterable[Footnote]:
    item = row.estimate
    if item.status in (Status.DERIVED, Status.COMPUTED):
        text = {
            Status.DERIVED: "Derived by simple arithmetic from printed figures.",
            Status.COMPUTED: "Computed by this project from public data; not a published estimate.",
        }[item.status]
        yield Footnote(text, column="result", row=number)
    if item.orientation is Orientation.REVERSED:
        turned = "; turned before pooling" if pooled else ""
        yield Footnote(f"Printed the other way round from the question{turned}.", column="result", row=number)


def _notes(synthesis: Synthesis) -> list[str]:
    notes = [f"Prediction under the claim: {prediction_text(synthesis)}."]
    if synthesis.question.caveat:
        notes.append(synthesis.question.caveat)
    if synthesis.shared:
        notes.append(shared_text(synthesis))
    return [*notes, synthesis.document.limits]


def _abbreviations(rows: list[tuple[str, ...]], synthesis: Synthesis) -> dict[str, str]:
    names = {measure.value: name for measure, name in MEASURE_NAMES.items() if measure.value.isupper()}
    names |= {"COEF": "regression coefficient", "MD": "mean difference"}
    used = {row.estimate.measure.value for row in synthesis.rows if row.estimate.measure is not None}
    return {code: names[code] for code in sorted(used)} | ({"n": "participants"} if rows else {})
