"""The tables that a review needs: the evidence on a question, and the verdicts on the claims."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pycountry

from toolkit.numbers import count, estimate, percent, significant
from toolkit.synthesis.wording import MEASURE_NAMES, prediction_text, published_text, shared_text
from toolkit.tables.table import Table
from toolkit.tables.value import Column, Footnote, RowGroup
from toolkit.vocabulary import MANY_COUNTRIES, Adjusted, EffectDirection, Method, Orientation, Role, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from toolkit.meta import MetaResult
    from toolkit.records import Document, Estimate
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
            footnotes += _footnotes(row, len(rows))
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


def verdict_table(syntheses: Sequence[Synthesis], document: Document, *, title: str = "Verdicts by question") -> Table:
    """A row a question: what was asked, what was found (natural scale), and the verdict by the rule set in advance.

    The questions of a claim stand together, as in ``review.syntheses()``.
    """
    columns = (
        Column("question", "Question", width=34),
        Column("prediction", "Prediction", width=24),
        Column("method", "Method"),
        Column("samples", "Samples", align="right"),
        Column("effect", "Pooled effect (95% interval)", width=18),
        Column("prediction_interval", "Prediction interval", width=14),
        Column("heterogeneity", "I²", align="right"),
        Column("sides", "For, against, neither", align="center"),
        Column("published", "Published result", width=22),
        Column("verdict", "Verdict"),
    )
    rows: list[tuple[str, ...]] = []
    groups: list[RowGroup] = []
    for synthesis in syntheses:
        heading = f"{synthesis.claim.claim}. {synthesis.claim.text}"
        if groups and groups[-1].heading == heading:
            groups[-1] = RowGroup(heading, groups[-1].start, len(rows) + 1)
        else:
            groups.append(RowGroup(heading, len(rows), len(rows) + 1))
        rows.append(_verdict_cells(synthesis))
    measures = {item.question.measure for item in syntheses if item.question.measure}
    return Table(
        title=title,
        label="tab:verdicts",
        columns=columns,
        rows=rows,
        row_groups=groups,
        notes=(
            document.limits,
            "For, against and neither count independent samples by the direction of their findings. Verdicts follow "
            "the rule set before pooling: an interval against no effect and against the smallest effect of interest.",
        ),
        abbreviations={measure.value: MEASURE_NAMES[measure] for measure in measures if measure.value.isupper()}
        | {"I²": "share of the variation that is heterogeneity"},
    )


def comparison_table(synthesis: Synthesis) -> Table:
    """Our result beside the published ones and beside the sensitivity analyses, with heterogeneity where we pooled."""
    rows = _own_results(synthesis) if synthesis.result is not None else []
    groups = [RowGroup("This review", 0, len(rows))] if rows else []
    published = [
        (row.label, result_as_printed(row.estimate) or "no pooled figure", "", "", row.estimate.note or "")
        for row in synthesis.rows
        if row.estimate.role is Role.REVIEW and row.estimate.status is not Status.RECALLED
    ]
    best = synthesis.question.published
    if best is not None:
        citation = synthesis.citations.get(best.reference, best.reference)
        figure = published_text(best, citation).removeprefix(f"{citation}: ").removeprefix(f"{citation} ")
        published.insert(0, (f"{citation} (chosen to compare with)", figure, "", "", ""))
    if published:
        groups.append(RowGroup("Published pooled results, as printed", len(rows), len(rows) + len(published)))
    rows += published
    return Table(
        title=f"Our result and the published ones: {synthesis.question.title}",
        columns=(
            Column("result", "Result", width=26),
            Column("effect", "Effect (95% interval)", width=20),
            Column("prediction", "95% prediction interval", width=16),
            Column("heterogeneity", "Heterogeneity (95% interval)", width=24),
            Column("note", "Note", width=40),
        ),
        rows=rows,
        row_groups=groups,
        notes=() if rows else ("Nothing was pooled here, and no published pooled result is recorded.",),
    )


def _own_results(synthesis: Synthesis) -> list[tuple[str, ...]]:
    planned = f"{synthesis.result.k} samples; {synthesis.verdict.outcome.value}"
    rows = [("Planned analysis", *_own_result(synthesis, synthesis.result), planned)]
    for item in synthesis.sensitivity:
        name = f"{item.name[0].upper()}{item.name[1:]}"
        left_out = f"left out: {', '.join(item.left_out)}; {item.reason}" if item.left_out else item.reason
        if item.result is None:
            rows.append((name, "too few samples are left", "", "", left_out))
        else:
            note = f"{item.result.k} samples; {item.outcome.value}; {left_out}"
            rows.append((name, *_own_result(synthesis, item.result), note))
    return rows


def _own_result(synthesis: Synthesis, result: MetaResult) -> tuple[str, str, str]:
    prediction, heterogeneity = result.prediction_interval(), result.heterogeneity_interval()
    spread = prediction.reason
    if not spread:
        low, high = synthesis.measure.back_transform([prediction.low, prediction.high])
        spread = f"{significant(float(low))} to {significant(float(high))}"
    shares = [significant(value, 0) for value in heterogeneity.i2[1:]] if not heterogeneity.reason else []
    variances = [significant(value) for value in heterogeneity.tau2[1:]] if not heterogeneity.reason else []
    tau2 = f"τ² {significant(result.tau2)}" + (f" ({' to '.join(variances)})" if variances else "")
    i2 = f"I² {significant(result.i2, 0)}%" + (f" ({' to '.join(shares)})" if shares else "")
    return _natural(synthesis, result.estimate, result.ci_low, result.ci_high), spread, f"{tau2}; {i2}"


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
            Column("reason", "Reason", width=40),
        ),
        rows=[
            (row.estimate, row.citation, row.role, row.status, row.reason_left_out)
            for row in left_out.itertuples(index=False)
        ],
    )


def trace_table(syntheses: Sequence[Synthesis]) -> Table:
    """Every row of every question: source, figures as printed, transformation, y and v (analysis scale), use."""
    frames = [synthesis.trace() for synthesis in syntheses if synthesis.rows]
    names = list(frames[0].columns)
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
    read_in = f" (read in {synthesis.citations.get(item.read_in, item.read_in)})" if item.read_in else ""
    source = "\n".join(part for part in (locator + read_in, item.source_url or "") if part)
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


def _footnotes(row: Row, number: int) -> Iterable[Footnote]:
    item = row.estimate
    if item.status in (Status.DERIVED, Status.COMPUTED):
        text = {
            Status.DERIVED: "Derived by simple arithmetic from printed figures.",
            Status.COMPUTED: "Computed by this project from public data; not a published estimate.",
        }[item.status]
        yield Footnote(text, column="result", row=number)
    if item.orientation is Orientation.REVERSED:
        yield Footnote("Printed the other way round; turned before pooling.", column="result", row=number)


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


def _verdict_cells(synthesis: Synthesis) -> tuple[str, ...]:
    question, result = synthesis.question, synthesis.result
    effect = spread = heterogeneity = ""
    if result is not None:
        measure = question.measure.value if question.measure.value.isupper() else "ratio"
        effect = f"{measure} {_natural(synthesis, result.estimate, result.ci_low, result.ci_high)}"
        prediction = result.prediction_interval()
        if not prediction.reason:
            low, high = synthesis.measure.back_transform([prediction.low, prediction.high])
            spread = f"{significant(float(low))} to {significant(float(high))}"
        heterogeneity = percent(result.i2 / 100)
    published = ""
    if question.published is not None:
        citation = synthesis.citations.get(question.published.reference, question.published.reference)
        published = published_text(question.published, citation)
    neither = sum(vote.sign == 0 for vote in synthesis.votes)
    sides = (synthesis.count(EffectDirection.SUPPORTS), synthesis.count(EffectDirection.CONTRADICTS), neither)
    return (
        question.title,
        _short_prediction(synthesis),
        {Method.POOL: "pooled", Method.DIRECTION: "directions", Method.DESCRIBE: "described"}[synthesis.method],
        str(len(synthesis.pooled_rows) or len(synthesis.votes)),
        effect,
        spread,
        heterogeneity,
        ", ".join(map(str, sides)),
        published,
        synthesis.verdict.outcome.value,
    )


def _short_prediction(synthesis: Synthesis) -> str:
    question = synthesis.question
    words = question.predicted.value.replace("negligible-", "no worthwhile ")
    return words if question.smallest_effect is None else f"{words} (smallest of interest {question.smallest_effect})"


def _natural(synthesis: Synthesis, *numbers: float) -> str:
    return estimate(*(float(number) for number in synthesis.measure.back_transform(numbers)))


def result_as_printed(row: Estimate) -> str:
    """A row's figures as its source prints them: ``OR 1.96 (1.40 to 2.76)``, else counts, means or correlations."""
    parts = []
    if row.value is not None:
        text = f"{row.measure} {row.value}" if row.measure is not None else str(row.value)
        if row.ci_low is not None and row.ci_high is not None:
            level = (
                "" if row.ci_level == 95 else f"; {row.ci_level}%" if row.ci_level is not None else "; level not stated"
            )
            text += f" ({row.ci_low} to {row.ci_high}{level})"
        elif row.se is not None:
            text += f" (SE {row.se})"
        parts.append(text)
    if row.events_1 is not None and row.total_1 is not None:
        groups = [f"{row.events_1}/{row.total_1}"]
        if row.events_2 is not None and row.total_2 is not None:
            groups.append(f"{row.events_2}/{row.total_2}")
        parts.append(" vs ".join(groups))
    elif row.events_1 is not None and row.time_1 is not None:
        parts.append(f"{row.events_1} in {row.time_1} vs {row.events_2} in {row.time_2} person-time")
    if row.mean_1 is not None and row.mean_2 is not None:
        parts.append(f"means {row.mean_1} vs {row.mean_2}")
    if row.p_value is not None:
        parts.append(f"P {row.p_value}" if row.p_value[0] in "<>=" else f"P = {row.p_value}")
    return "; ".join(parts)


def countries(codes: str) -> str:
    """Country codes as names; ``many`` for ``XM``."""
    return ", ".join(_country(code) for code in codes.split(";"))


def _country(code: str) -> str:
    if code == MANY_COUNTRIES:
        return "many"
    country = pycountry.countries.get(alpha_2=code)
    return getattr(country, "common_name", country.name) if country is not None else code
