"""What the commands print on a terminal: findings as a table, values as JSON for scripts."""

from __future__ import annotations

import sys
from collections import Counter
from shutil import get_terminal_size
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.errors import Finding


_WIDE = 120
"""Columns of a terminal from which findings are shown as a table; narrower ones get a line each."""
_SHOWN_OF_A_KIND = 5


def print_findings(findings: Sequence[Finding]) -> None:
    """Print findings, a few of each kind, and how many errors and warnings there are in all."""
    from toolkit.errors import Severity

    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    shown, alike = _few_of_each(findings)
    if not sys.stdout.isatty() or get_terminal_size().columns >= _WIDE:
        headings = ("", "file", "line", "column", "value", "rule", "what is wrong, and what to do")
        print_table(headings, [_cells(finding) for finding in shown])
    else:
        for finding in shown:
            print(printable(f"{finding.severity}: {finding}"))
    for (file, rule, column), number in alike.items():
        where = f"{file} {column}".strip()
        print(f"... and {number} more like it in {where} ({rule}); --json lists all")
    print(f"{counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}")


def _few_of_each(findings: Sequence[Finding]) -> tuple[list[Finding], Counter[tuple[str, str, str]]]:
    """The first findings of each kind, and how many more there are: one cause can have a thousand effects."""
    kinds: Counter[tuple[str, str, str]] = Counter()
    shown = []
    for finding in findings:
        kind = (finding.file, finding.rule, finding.column)
        kinds[kind] += 1
        if kinds[kind] <= _SHOWN_OF_A_KIND:
            shown.append(finding)
    return shown, Counter({kind: more for kind, n in kinds.items() if (more := n - _SHOWN_OF_A_KIND) > 0})


def _cells(finding: Finding) -> tuple[str, ...]:
    record = f" (row {finding.record})" if finding.record else ""
    text = f"{finding.message}{record}: {finding.hint}"
    line = str(finding.line or "")
    return finding.severity, finding.file, line, finding.column, finding.value[:40], finding.rule, text


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 error, 2 errors."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of text under headings; nothing where there are no rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not rows:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading == "line" else "left")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def printable(text: str) -> str:
    """Text without control codes: a cell of a data file must not style the terminal."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def printable_lines(text: str) -> str:
    """Lines of text without control codes."""
    return "\n".join(printable(line) for line in text.split("\n"))


def print_json(value: object) -> None:
    """Print a value as JSON for scripts."""
    import json

    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
