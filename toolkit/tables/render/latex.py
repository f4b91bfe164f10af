r"""LaTeX: a longtable with booktabs rules, made to be read in with ``\input``.

All text is escaped; Unicode stays UTF-8, so LuaLaTeX or XeLaTeX set it with any font that has the characters. A
longtable and not a float, because evidence tables run over pages and then need their header again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.tables.layout import column_shares, is_crowded, is_wide
from toolkit.tables.marks import marks
from toolkit.tables.notes import notes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.tables.marks import Marks
    from toolkit.tables.value import TableValue

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # After the \\ of the row before, a bracket or a star would be read as its option.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\n": r"\newline{}",
    "\0": r"\kern0pt ",
    "\1": r"\allowbreak{}",
}
_SPECIAL = re.compile("[" + re.escape("".join(_ESCAPES)) + "]")
# Neighbours that fonts join to another character: -- becomes a dash, << and ,, quotation marks, ?` a turned mark. They
# are parted by a kern of nothing (as \0, which no table text holds): LuaLaTeX sees through {}.
_LIGATURE = re.compile(r"([-,<>'`])(?=\1)|[?!](?=`)")
# An address is one word to LaTeX and would run over the next columns: it may break after its punctuation and in a long
# code (as \1).
_LONG_WORD, _BREAK = re.compile(r"\S{25,}"), re.compile(r"(?<=[/?&=._%-])(?=[\w/])|(?<=\w{16})(?=\w{4})")
_FLUSH = {"left": r"\raggedright", "right": r"\raggedleft", "center": r"\centering"}


def document(table: TableValue) -> bytes:
    """The table as a UTF-8 ``.tex`` file to be read in by an article; its first lines say what it needs."""
    packages = "array, booktabs, longtable" + (", pdflscape" if is_wide(table) else "")
    needs = (
        f"% Needs \\usepackage{{{packages.replace(' ', '')}}} in the preamble.\n"
        "% Unicode text: compile with LuaLaTeX or XeLaTeX and a font that has its characters"
        " (pdfLaTeX with \\usepackage[T1]{fontenc} sets Latin text only).\n"
    )
    return (needs + fragment(table)).encode()


def fragment(table: TableValue) -> str:
    """The table as a ``longtable`` environment, turned on its side where it is too wide for a page upright."""
    marked = marks(table)
    label = rf"\label{{{table.label}}}" if table.label else ""
    size = r"\footnotesize" if is_crowded(table) else r"\small"
    lines = [
        rf"\begingroup{size}\renewcommand{{\arraystretch}}{{1.15}}",
        r"\setlength{\tabcolsep}{3pt}\setlength{\LTcapwidth}{\linewidth}\setlength{\LTpost}{4pt}",
        rf"\begin{{longtable}}{{@{{}}{_columns(table)}@{{}}}}",
        rf"\caption{{{escaped(table.title, line_break=' ')}}}{label}\\",
        r"\toprule",
        _head(table, marked),
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        _head(table, marked),
        r"\midrule",
        r"\endhead",
        r"\midrule",
        r"\endfoot",
        r"\bottomrule",
        r"\endlastfoot",
        *_body(table, marked),
        r"\end{longtable}",
        *_notes(table, marked),
        r"\endgroup",
    ]
    if is_wide(table):
        lines = [r"\begin{landscape}", *lines, r"\end{landscape}"]
    return "\n".join(lines) + "\n"


def escaped(text: str, *, line_break: str = r"\newline{}") -> str:
    """Text that LaTeX prints as it stands."""
    parted = _LIGATURE.sub("\\g<0>\0", text)
    parted = _LONG_WORD.sub(lambda found: _BREAK.sub("\1", found.group()), parted)
    return _SPECIAL.sub(lambda found: _ESCAPES[found.group()], parted).replace(_ESCAPES["\n"], line_break)


def _columns(table: TableValue) -> str:
    # The width between the columns comes off first, so that the shares fill the line exactly.
    between = 2 * (len(table.columns) - 1)
    room = rf"\dimexpr\linewidth-{between}\tabcolsep\relax"
    return "".join(
        rf">{{{_FLUSH[column.align]}\arraybackslash}}p{{\dimexpr {share:.4f}{room}\relax}}"
        for column, share in zip(table.columns, column_shares(table), strict=True)
    )


def _marked(text: str, mark: str) -> str:
    return escaped(text) + (rf"\textsuperscript{{{mark}}}" if mark else "")


def _line(cells: Iterator[str]) -> str:
    return " & ".join(cells) + r" \\"


def _head(table: TableValue, marked: Marks) -> str:
    return _line(_marked(column.title, marked.of_column(column.name)) for column in table.columns)


def _body(table: TableValue, marked: Marks) -> Iterator[str]:
    for group, start, stop in table.sections():
        if group:
            heading = _marked(group.heading, marked.of_group(group.heading))
            if start > 0:
                yield r"\addlinespace"
            yield rf"\multicolumn{{{len(table.columns)}}}{{@{{}}p{{\linewidth}}@{{}}}}{{\bfseries {heading}}} \\*"
        for number in range(start, stop):
            cells = [
                _marked(cell, marked.of_cell(number, column.name))
                for column, cell in zip(table.columns, table.rows[number], strict=True)
            ]
            if group:
                cells[0] = rf"\hangindent=1em\hspace*{{1em}}{cells[0]}"
            yield _line(iter(cells))


def _notes(table: TableValue, marked: Marks) -> Iterator[str]:
    for mark, lead, text in notes_of(table, marked):
        before = rf"\textsuperscript{{{mark}}} " if mark else (rf"\emph{{{lead}}} " if lead else "")
        yield rf"\par\noindent{{\footnotesize {before}{escaped(text)}\par}}"
