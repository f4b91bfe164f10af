"""What the commands print on a terminal: findings as a table, values as JSON for scripts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toolkit.errors import Finding


def print_findings(findings: Sequence[Finding]) -> None:
    """Print findings as a table, then how many errors and warnings there are."""
    from toolkit.errors import Severity

    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    headings = ("", "file", "line", "column", "value", "rule", "what is wrong, and what to do")
    rows = []
    for finding in findings:
        record = f" (row {finding.record})" if finding.record else ""
        text = f"{finding.message}{record}: {finding.hint}"
        line = str(finding.line or "")
        rows.append((finding.severity, finding.file, line, finding.column, finding.value[:40], finding.rule, text))
    print_table(headings, rows)
    print(f"{errors} errors, {len(findings) - errors} warnings")


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


def print_json(value: object) -> None:
    """Print a value as JSON for scripts."""
    import json

    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
