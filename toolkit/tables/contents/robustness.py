"""How far a pooled result can be trusted: what small-study effects and selective publication may have done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit import meta
from toolkit.numbers import confidence_level, p_value, significant
from toolkit.synthesis.all_estimates import RHO
from toolkit.synthesis.wording import natural_interval
from toolkit.tables.contents.printed import sentence_table
from toolkit.tables.table import Table
from toolkit.tables.value import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.meta import BiasCheck
    from toolkit.synthesis import Synthesis


def bias_table(synthesis: Synthesis) -> Table:
    """A row a method for small-study effects: what it asks, the effect it adjusts to (natural scale), and its reading.

    A single sentence where nothing was pooled, and where the samples are too few for any of the methods.
    """
    title = f"Small-study effects: {synthesis.question.title}"
    if synthesis.result is None:
        return sentence_table(title, "Nothing was pooled for this question, so there is no funnel to look at.")
    panel = synthesis.bias_panel()
    if panel.reason:
        return sentence_table(title, panel.reason)
    level = confidence_level(synthesis.result.level)
    return Table(
        title=title,
        columns=(
            Column("method", "Method", width=22),
            Column("question", "What it asks", width=34),
            Column("effect", f"Adjusted effect ({level} interval)", width=20),
            Column("p", "P", align="right"),
            Column("reading", "Reading", width=44),
        ),
        rows=[
            ("As planned, not adjusted", "", _effect(synthesis, synthesis.result), "", ""),
            *(_cells(synthesis, check) for check in panel.checks),
        ],
        notes=(
            "An asymmetric funnel can come from selective publication, from true differences between small and large "
            "studies, or from chance; no method here can tell which. The verdict follows the planned analysis.",
        ),
    )


def all_estimates_table(syntheses: Sequence[Synthesis]) -> Table:
    """A row a pooled question with several estimates a sample: one a sample, as planned, beside all of them."""
    rows = []
    for synthesis in syntheses:
        found = synthesis.all_estimates()
        if found.result is None:
            continue
        same = found.outcome is synthesis.verdict.outcome
        rows.append(
            (
                synthesis.question.title,
                str(synthesis.result.k),
                _effect(synthesis, synthesis.result),
                synthesis.verdict.outcome.value,
                str(found.result.k),
                _effect(synthesis, found.result),
                f"{float(found.result.df[0]):.1f}",
                "the same" if same else found.outcome.value,
            )
        )
    return Table(
        title="One estimate a sample, and all of them",
        columns=(
            Column("question", "Question", width=34),
            Column("samples", "Samples", align="right"),
            Column("planned", "One estimate a sample, as planned", width=20),
            Column("verdict", "Verdict", width=16),
            Column("estimates", "Estimates", align="right"),
            Column("all", "All estimates, cluster-robust", width=20),
            Column("df", "Degrees of freedom", align="right"),
            Column("other", "Verdict by all", width=16),
        ),
        rows=rows,
        notes=(
            "Effects on the natural scale with their intervals at the level of the plan. All estimates: correlated and "
            "hierarchical effects with an assumed correlation of "
            f"{RHO:g} within a sample, standard errors CR2 by sample with Satterthwaite degrees of freedom; with fewer "
            "than 4 of these an interval should not be relied on. The additional estimates are other exposures, "
            "outcomes, groups or adjustments of the same samples. The verdict of the review is the planned one.",
        ),
    )


def counts_table(synthesis: Synthesis) -> Table:
    """The planned result beside models of the counts themselves, which need no correction of zero cells.

    A single sentence where not all pooled rows have four counts on the scale of odds or risk ratios.
    """
    title = f"Models of counts: {synthesis.question.title}"
    counts, code = synthesis.pooled_counts, synthesis.measure.code
    if counts is None or code not in ("OR", "RR"):
        return sentence_table(title, "Not all pooled rows have the counts of both groups, which models of counts need.")
    level = synthesis.result.level
    methods = meta.rare_event_sensitivity(**counts, measure=code, level=level).estimates
    rows = [
        ("As planned: inverse variance, random effects", _effect(synthesis, synthesis.result), ""),
        *(
            (method.method, _effect(synthesis, method), method.reason or method.assumes)
            for method in methods
            if not method.corrects
        ),
    ]
    return Table(
        title=title,
        columns=(
            Column("model", "Model", width=34),
            Column("effect", f"{synthesis.measure.name} ({confidence_level(level)} interval)", width=20),
            Column("assumes", "What it takes for granted", width=44),
        ),
        rows=rows,
        notes=("All use unadjusted counts; the planned analysis may have adjusted figures of the same rows.",),
    )


def _cells(synthesis: Synthesis, check: BiasCheck) -> tuple[str, ...]:
    p = "" if check.p_value is None else p_value(check.p_value)
    name = f"{check.method.value[0].upper()}{check.method.value[1:]}"
    return name, check.question, _effect(synthesis, check), p, check.reading or check.reason


def _effect(synthesis: Synthesis, found) -> str:
    """An estimate with its limits, or alone where it has none; empty for a method that only tests."""
    if found.estimate is None:
        return ""
    if found.ci_low is None or found.ci_high is None:
        return significant(float(synthesis.measure.back_transform(found.estimate)))
    return natural_interval(synthesis, found.estimate, found.ci_low, found.ci_high)
