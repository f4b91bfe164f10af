"""What was found: the verdicts on the claims, and our result beside the published ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.numbers import confidence_level, percent, significant
from toolkit.synthesis.wording import MEASURE_NAMES, natural_interval, published_text
from toolkit.tables.contents.printed import result_as_printed, sentence_table
from toolkit.tables.table import Table
from toolkit.tables.value import Column, RowGroup
from toolkit.vocabulary import EffectDirection, Method, Role, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.meta import MetaResult, PredictionInterval
    from toolkit.records import Document
    from toolkit.synthesis import Synthesis


def verdict_table(syntheses: Sequence[Synthesis], document: Document, *, title: str = "Verdicts by question") -> Table:
    """A row a question: what was asked, what was found (natural scale), and the verdict by the rule set in advance.

    The questions of a claim stand together, as in ``review.syntheses()``.
    """
    levels = sorted({confidence_level(item.result.level) for item in syntheses if item.result is not None})
    interval = f" ({' or '.join(levels)} interval)" if levels else ""
    columns = (
        Column("question", "Question", width=34),
        Column("verdict", "Verdict", width=16),
        Column("prediction", "Prediction", width=24),
        Column("method", "Method"),
        Column("samples", "Samples", align="right"),
        Column("effect", f"Pooled effect{interval}", width=18),
        Column("prediction_interval", "Prediction interval", width=14),
        Column("heterogeneity", "I²", align="right"),
        Column("sides", "For, against, neither", align="center"),
        Column("published", "Published result", width=22),
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
    title = f"Our result and the published ones: {synthesis.question.title}"
    ours, published = _own_results(synthesis), _published_results(synthesis)
    if not ours and not published:
        sentence = "Nothing was pooled or counted here, and no published pooled result is recorded."
        return sentence_table(title, sentence)
    level = confidence_level(synthesis.question.plan.level)
    rows: list[tuple[str, ...]] = []
    groups: list[RowGroup] = []
    for heading, members in (("This review", ours), ("Published pooled results, as printed", published)):
        if members:
            groups.append(RowGroup(heading, len(rows), len(rows) + len(members)))
            rows += members
    return Table(
        title=title,
        columns=(
            Column("result", "Result", width=26),
            Column("effect", f"Effect ({level} interval)", width=20),
            Column("prediction", f"{level} prediction interval", width=16),
            Column("heterogeneity", f"Heterogeneity ({level} interval)", width=24),
            Column("note", "Note", width=40),
        ),
        rows=rows,
        row_groups=groups,
    )


def _published_results(synthesis: Synthesis) -> list[tuple[str, ...]]:
    """The rows of published pooled results, the one chosen to compare with marked, or first where it has no row."""
    best = synthesis.question.published
    rows: list[tuple[str, ...]] = []
    chosen = False
    for row in synthesis.rows:
        item = row.estimate
        if item.role is not Role.REVIEW or item.status is Status.RECALLED:
            continue
        is_best = best is not None and (item.reference, item.value) == (best.reference, best.value) and not chosen
        chosen = chosen or is_best
        label = f"{row.label} (chosen to compare with)" if is_best else row.label
        rows.append((label, result_as_printed(item) or "no pooled figure", "", "", item.note or ""))
    if best is not None and not chosen:
        citation = synthesis.references[best.reference].short
        figure = published_text(best, citation).removeprefix(f"{citation}: ").removeprefix(f"{citation} ")
        rows.insert(0, (f"{citation} (chosen to compare with)", figure, "", "", ""))
    return rows


def _own_results(synthesis: Synthesis) -> list[tuple[str, ...]]:
    """What was pooled, with the sensitivity analyses, or the count of directions; nothing where we only describe."""
    if synthesis.sign_test is not None:
        test = synthesis.sign_test
        counted = f"{test.positive} of {test.n} samples with a direction point to the claim"
        return [("Count of directions", counted, "", "", synthesis.verdict.outcome.value)]
    if synthesis.result is None:
        return []
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
    return rows + _with_all_estimates(synthesis)


def _with_all_estimates(synthesis: Synthesis) -> list[tuple[str, ...]]:
    """The analysis of all estimates of the pooled samples, where there are more than one a sample."""
    found = synthesis.all_estimates()
    if found.result is None:
        return []
    result, between = found.result, found.result.components.values()
    variances = " and ".join(f"σ² {significant(value)}" for value in between)
    return [
        (
            "All estimates of these samples, correlated and hierarchical effects",
            natural_interval(synthesis, result.estimate, result.ci_low, result.ci_high),
            _span(synthesis, result.model.prediction_interval()),
            f"{variances} (between samples, within them)",
            f"{result.k} estimates of {result.n_clusters} samples; {found.outcome.value}; correlation {result.rho:g} "
            f"within a sample assumed, cluster-robust interval (CR2, {float(result.df[0]):.1f} degrees of freedom)",
        )
    ]


def _own_result(synthesis: Synthesis, result: MetaResult) -> tuple[str, str, str]:
    prediction, heterogeneity = result.prediction_interval(), result.heterogeneity_interval()
    spread = prediction.reason
    if not spread:
        spread = _span(synthesis, prediction)
    shares = [significant(value, 0) for value in heterogeneity.i2[1:]] if not heterogeneity.reason else []
    variances = [significant(value) for value in heterogeneity.tau2[1:]] if not heterogeneity.reason else []
    tau2 = f"τ² {significant(result.tau2)}" + (f" ({' to '.join(variances)})" if variances else "")
    i2 = f"I² {significant(result.i2, 0)}%" + (f" ({' to '.join(shares)})" if shares else "")
    return natural_interval(synthesis, result.estimate, result.ci_low, result.ci_high), spread, f"{tau2}; {i2}"


def _verdict_cells(synthesis: Synthesis) -> tuple[str, ...]:
    question, result = synthesis.question, synthesis.result
    effect = spread = heterogeneity = ""
    if result is not None:
        measure = question.measure.value if question.measure.value.isupper() else "ratio"
        effect = f"{measure} {natural_interval(synthesis, result.estimate, result.ci_low, result.ci_high)}"
        prediction = result.prediction_interval()
        if not prediction.reason:
            spread = _span(synthesis, prediction)
        heterogeneity = percent(result.i2 / 100)
    published = ""
    if question.published is not None:
        citation = synthesis.references[question.published.reference].short
        published = published_text(question.published, citation)
    neither = sum(vote.sign == 0 for vote in synthesis.votes)
    sides = (synthesis.count(EffectDirection.SUPPORTS), synthesis.count(EffectDirection.CONTRADICTS), neither)
    return (
        question.title,
        f"{synthesis.verdict.outcome.sign} {synthesis.verdict.outcome}",
        _short_prediction(synthesis),
        {Method.POOL: "pooled", Method.DIRECTION: "directions", Method.DESCRIBE: "described"}[synthesis.method],
        str(len(synthesis.pooled_rows) or len(synthesis.votes)),
        effect,
        spread,
        heterogeneity,
        ", ".join(map(str, sides)),
        published,
    )


def _short_prediction(synthesis: Synthesis) -> str:
    question = synthesis.question
    words = question.predicted.value.replace("negligible-", "no worthwhile ")
    return words if question.smallest_effect is None else f"{words} (smallest of interest {question.smallest_effect})"


def _span(synthesis: Synthesis, interval: PredictionInterval) -> str:
    """A prediction interval on the natural scale."""
    low, high = synthesis.measure.back_transform([interval.low, interval.high])
    return f"{significant(float(low))} to {significant(float(high))}"
