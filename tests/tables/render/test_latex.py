"""LaTeX: nothing of the data is a command, and a real LaTeX sets every character."""

import re
import shutil
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from toolkit.tables import Column, Table
from toolkit.tables.render.latex import document, escaped, fragment

PRINTED = {
    r"\textbackslash{}": "\\",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textquotedbl{}": '"',
    r"\textquotesingle{}": "'",
    r"\textasciigrave{}": "`",
    r"\newline{}": "\n",
    r"\kern0pt ": "",
    r"\allowbreak{}": "",
    **{rf"\{special}": special for special in "{}$&#%_"},
    **{f"{{{special}}}": special for special in "[]*"},
}
COMMAND = re.compile("|".join(map(re.escape, sorted(PRINTED, key=len, reverse=True))))


def printed(source):
    """What LaTeX prints for escaped text; fails on any active character that is not part of a known command."""
    rest = COMMAND.sub("", source)
    assert not re.search(r"[\\{}$&#%_^~<>|\"'`\[\]*]", rest), rest
    return COMMAND.sub(lambda found: PRINTED[found.group()], source)


@given(st.text(alphabet="\\{}$&#%_^~<>|\"'`[]*-,?!\n ab日≥", max_size=30))
@example("\\input{x}")
@example("a---b,,c")
@example("100% & more_text #1")
@example("https://example.org/a--b/c_d?x=1&y=%20")
def test_escaped_text_prints_as_it_was(text):
    assert printed(escaped(text)) == text


def test_neighbours_do_not_join_to_another_character():
    assert escaped("--- ,, ?`") == r"-\kern0pt -\kern0pt - ,\kern0pt , ?\kern0pt \textasciigrave{}"
    assert escaped("<<") == r"\textless{}\kern0pt \textless{}"


def test_an_address_may_break_after_its_punctuation_and_a_short_word_may_not():
    source = escaped("https://example.org/a_long-name?id=1")
    assert source.count(r"\allowbreak{}") == 8
    assert r"/\allowbreak{}/\allowbreak{}example.\allowbreak{}org" in source
    assert "allowbreak" not in escaped("case-control and/or cohort")


def test_the_grid_comes_back(table):
    source = fragment(table)
    body = source.split(r"\endlastfoot")[1].split(r"\end{longtable}")[0]
    lines = [line for line in body.splitlines() if line.endswith(r" \\") and "multicolumn" not in line]
    rows = [re.sub(r"\\textsuperscript\{[a-z,]+\}|\\hangindent=1em\\hspace\*\{1em\}", "", line) for line in lines]
    assert [[printed(cell) for cell in row.removesuffix(r" \\").split(" & ")] for row in rows] == [
        list(row) for row in table.rows
    ]
    assert source.count(r"\multicolumn{5}") == 2
    assert r"\label{tab:studies}" in source


def test_the_first_line_names_the_packages_that_are_used():
    narrow = Table("T", [Column("a", "A")], [["1"]])
    wide = Table("T", [Column(f"c{i}", "A long heading") for i in range(12)], [["word " * 9] * 12])
    assert document(narrow).decode().startswith(r"% Needs \usepackage{array,booktabs,longtable} in")
    assert document(wide).decode().startswith(r"% Needs \usepackage{array,booktabs,longtable,pdflscape} in")
    assert r"\begin{landscape}" in fragment(wide)
    assert r"\begin{landscape}" not in fragment(narrow)


@pytest.mark.skipif(not (shutil.which("lualatex") and shutil.which("pdftotext")), reason="LuaLaTeX is not installed")
def test_a_real_latex_prints_every_character(table, tmp_path):
    (tmp_path / "table.tex").write_bytes(document(table))
    (tmp_path / "article.tex").write_text(
        r"\documentclass{article}\usepackage{fontspec}\usepackage{array,booktabs,longtable,pdflscape}"
        r"\begin{document}\input{table}\end{document}"
    )
    command = ["lualatex", "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    text = subprocess.run(["pdftotext", "-raw", "article.pdf", "-"], cwd=tmp_path, check=True, capture_output=True)
    # A default font has no 日本, and narrow columns break lines: compare what is left without spaces.
    found = re.sub(r"\s|\u00ad", "", text.stdout.decode())
    for cell in (
        "=cmd|'/Ccalc'!A0",
        "<script>alert(1)</script>",
        "%_&#$~^{}",
        "\\input{x}",
        "---,,?`<<>>''``$x$",
        "a|b\\|c\\",
    ):
        assert cell in found
