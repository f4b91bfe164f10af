"""The ``evidence`` command: it parses, calls and prints; everything else is in the rooms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from toolkit.errors import Finding
    from toolkit.report import BuildSummary

app = typer.Typer(
    name="evidence",
    help="From a sentence of a policy principle to the numbers behind it and back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ReviewFolder = Annotated[
    Path | None, typer.Option("--review", "-r", help="A folder of the review; by default the working folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command()
def check(review: ReviewFolder = None, json: AsJson = False) -> None:
    """Check all records: every file, every key, controlled terms, ranges, roles. Exit code 1 on an error."""
    from toolkit import check_review
    from toolkit.errors import Severity

    findings = check_review(review)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if json:
        _print_json([finding.as_dict() for finding in findings])
    else:
        _print_findings(findings)
    raise typer.Exit(1 if errors else 0)


@app.command()
def build(
    review: ReviewFolder = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="By default build/ in the review.")] = None,
) -> None:
    """Check, then make figures, tables and executed notebooks under build/; only what changed is made again."""
    from toolkit import open_review
    from toolkit.errors import Severity
    from toolkit.report import build as make

    opened = open_review(review)
    warnings = sum(finding.severity is Severity.WARNING for finding in opened.findings)
    print(f"{opened!r}")
    print(f"Checked: no errors, {warnings} warnings (`evidence check` lists them)")
    with _Progress() as progress:
        summary = make(opened, folder=output, on_plan=progress.plan, on_done=progress.done)
    _print_summary(summary)
    raise typer.Exit(0 if summary.succeeded else 1)


@app.command()
def synthesize(question: str, review: ReviewFolder = None, json: AsJson = False) -> None:
    """Synthesise one question and say what its evidence means."""
    from toolkit import open_review
    from toolkit.synthesis.trace import summary_record

    synthesis = open_review(review).synthesize(question)
    if json:
        _print_json(summary_record(synthesis))
        return
    print(synthesis.question.title)
    print(synthesis)


@app.command()
def schema(review: ReviewFolder = None) -> None:
    """Write data/datapackage.json, which describes the tables for other programs."""
    from toolkit.files import write_atomically
    from toolkit.records import find_root
    from toolkit.records.schema import DATAPACKAGE, datapackage_text

    path = find_root(review) / DATAPACKAGE
    write_atomically(path, datapackage_text().encode())
    print(f"Wrote {path}")


def main() -> None:
    """Run the command; an error of the toolkit is one clear message and exit code 1, not a traceback."""
    from toolkit.errors import ToolkitError

    try:
        app()
    except ToolkitError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


class _Progress:
    """A progress bar over the products of a build; on a terminal it moves, in a log it says little."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("Building"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        self._task = None

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def plan(self, number: int) -> None:
        if number:
            self._task = self._bar.add_task("", total=number)

    def done(self, name: str) -> None:
        self._bar.update(self._task, advance=1, description=name)


def _print_summary(summary: BuildSummary) -> None:
    made = ", ".join(
        f"{number} {kind}{'s' if number > 1 else ''}" for kind, number in sorted(summary.made_by_kind().items())
    )
    print(f"Made: {made or 'nothing, all is up to date'}; {summary.unchanged} unchanged; {summary.seconds:.1f} s")
    for file in summary.removed:
        print(f"Removed: {file} (nothing makes it any more)")
    for failure in summary.failures:
        print(f"\nFAILED {failure.product}\n{failure.reason}", file=sys.stderr)
    print("Open:")
    for file, what in (
        ("notebooks/00-start-here.html", "where to begin"),
        ("tables/verdicts.html", "all verdicts"),
        ("tables/evidence/", "the rows of each question"),
        ("figures/", "forest and effect direction plots"),
    ):
        if (summary.folder / file).exists():
            print(f"  {_shown(summary.folder / file)}  {what}")


def _shown(path: Path) -> str:
    working = Path.cwd()
    return str(path.relative_to(working)) if path.is_relative_to(working) else str(path)


def _print_findings(findings: tuple[Finding, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from toolkit.errors import Severity

    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if findings:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("", "file", "line", "column", "value", "rule", "what is wrong, and what to do"):
            table.add_column(heading, overflow="fold", justify="right" if heading == "line" else "left")
        for finding in findings:
            record = f" (row {finding.record})" if finding.record else ""
            text = f"{finding.message}{record}: {finding.hint}"
            cells = (finding.severity, finding.file, str(finding.line or ""), finding.column, finding.value[:40])
            # Plain text, no markup or control codes: a cell of a data file must not style the terminal.
            table.add_row(*(Text(_printable(cell)) for cell in (*cells, finding.rule, text)))
        Console(width=None if sys.stdout.isatty() else 200).print(table)
    print(f"{errors} errors, {len(findings) - errors} warnings")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _print_json(value: object) -> None:
    import json

    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
