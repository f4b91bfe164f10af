"""The table that the tests of all formats share, and the random tables for parse-back tests."""

import pytest
from hypothesis import strategies as st

from toolkit.tables import Column, Footnote, RowGroup, Table

HOSTILE_ROWS = [
    ("Huang 2011", "cohort", "14,736", "1.96 (1.40 to 2.76)", "physical abuse – recalled"),
    ("=cmd|' /C calc'!A0", "<script>alert(1)</script>", "", "5.10", "\\input{x}"),
    ("日本 α ≥ – ’", "%_&#$~^{}", "−2", "−0.5 (−1.0 to 0.2)", "line one\nline two"),
    ("[1] *x* _y_", "`a` \"q\" 'q'", "+1", "1e5", "@SUM(1)"),
    ("a|b\\|c\\", "<!-- x --> &amp; ]]>", "-2+3", "<0.001", "-- --- ,, ?` << >> '' `` $x$"),
    ("", "", "", "", ""),
]


@pytest.fixture(scope="session")
def table() -> Table:
    """A table with everything in it, and with text that each format would trip over."""
    return Table(
        title="Childhood trauma & later drug use: 100% of the | studies",
        label="tab:studies",
        columns=[
            Column("study", "Study"),
            Column("design", "Design", align="center"),
            Column("n", "n", unit="people", align="right"),
            Column("effect", "Odds ratio", unit="95% CI", align="right"),
            Column("note", "What was | compared"),
        ],
        rows=HOSTILE_ROWS,
        row_groups=[RowGroup("Cohorts & <others>", 1, 3), RowGroup("Hostile", 3, 5)],
        notes=["Estimates are as printed, α = 5%.", "# not a heading"],
        footnotes=[
            Footnote("Read in a review.", column="effect", row=1),
            Footnote("Computed from public_data.", column="effect", row=0),
            Footnote("Read in a review.", column="n", row=2),
            Footnote("Two-sided.", column="effect"),
            Footnote("By design.", group="Cohorts & <others>"),
        ],
        abbreviations={"OR": "odds ratio", "CI": "confidence interval"},
        sources=["Public abstracts_2026."],
    )


@pytest.fixture(scope="session")
def tables() -> st.SearchStrategy[Table]:
    """Tables of any text at all, with groups and footnotes."""
    specials = st.text(alphabet="=+-@\t\r\n|\\<>&%_#$~^{}[]*`'\",;.!0 a", max_size=12)
    text = specials | st.text(max_size=8)

    @st.composite
    def build(draw: st.DrawFn) -> Table:
        width, height = draw(st.integers(1, 4)), draw(st.integers(1, 4))
        columns = [
            Column(f"c{number}", draw(text), draw(text), draw(st.sampled_from(["left", "right", "center"])))
            for number in range(width)
        ]
        rows = [[draw(text) for _ in range(width)] for _ in range(height)]
        start = draw(st.integers(0, height - 1))
        groups = [RowGroup(draw(text), start, draw(st.integers(start + 1, height)))] if draw(st.booleans()) else []
        note = draw(text.filter(lambda drawn: drawn.strip(" \t\r\n")))
        footnotes = [Footnote(f"x{note}", column="c0", row=draw(st.none() | st.integers(0, height - 1)))]
        return Table(f"t{draw(text)}", columns, rows, row_groups=groups, footnotes=footnotes, notes=[draw(text)])

    return build()
