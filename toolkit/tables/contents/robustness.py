"""How far a pooled result can be trusted: what small-study effects and selective publication may have done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.numbers import estimate, p_value, significant
from toolkit.tables.table import Table
from toolkit.tables.value import Column

if TYPE_CHECKING:
    from toolkit.meta import BiasCheck
    from toolkit.synthesis import Synthesis


def bias_table(synthesis: Synthesis) -> Table:
    """A row a method for small-study effects: what it asks, the effect it adjusts to (natural scale), and its reading.

    A single sentence where nothing was pooled, and where the samples are too few for any of the methods.
    """
    title = f"Small-study effects: {synthesis.question.title}"
    if synthesis.result is None:
        return _sentence(title, "Nothing was pooled for this question, so there is no funnel to look at.")
    panel = synthesis.bias_panel()
    if panel.reason:
        return _sentence(title, panel.reason)
    level = f"{synthesis.result.level:.0%}"
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


def _sentence(title: str, sentence: str) -> Table:
    return Table(title=title, columns=[Column("result", "Result")], rows=[(sentence,)])


def _cells(synthesis: Synthesis, check: BiasCheck) -> tuple[str, ...]:
    p = "" if check.p_value is None else p_value(check.p_value)
    return check.method.value, check.question, _effect(synthesis, check), p, check.reading or check.reason


def _effect(synthesis: Synthesis, found) -> str:
    """An estimate with its limits, or alone where it has none; empty for a method that only tests."""
    if found.estimate is None:
        return ""
    if found.ci_low is None or found.ci_high is None:
        return significant(float(synthesis.measure.back_transform(found.estimate)))
    limits = synthesis.measure.back_transform([found.estimate, found.ci_low, found.ci_high])
    return estimate(*(float(number) for number in limits))
