"""The ``evidence`` command: it parses, calls and prints; everything else is in the rooms."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli import (
    refs,
    refs_lookup,  # noqa: F401  # it adds its commands to `evidence refs`
)
from toolkit.cli.terminal import counted, print_findings, print_json, printable_lines

if TYPE_CHECKING:
    from toolkit.report import BuildSummary

app = typer.Typer(
    name="evidence",
    help="From a sentence of a policy principle to the numbers behind it and back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(refs.app)

ReviewFolder = Annotated[
    Path | None, typer.Option("--review", "-r", help="A folder of the review; by default the working folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def _version(wanted: bool) -> None:
    if wanted:
        from toolkit import __version__

        print(f"evidence {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """From a sentence of a policy principle to the numbers behind it and back."""


@app.command()
def check(review: ReviewFolder = None, json: AsJson = False) -> None:
    """Check all records: every file, every key, controlled terms, ranges, roles. Exit code 1 on an error."""
    from toolkit import check_review
    from toolkit.errors import Severity

    findings = check_review(review)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print_findings(findings)
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
    print(f"Checked: no errors, {counted(warnings, 'warning')} (`evidence check` lists them)")
    with _Progress() as progress:
        summary = make(opened, folder=output, on_plan=progress.plan, on_done=progress.done)
    _print_summary(summary)
    raise typer.Exit(0 if summary.succeeded else 1)


@app.command()
def synthesize(
    question: Annotated[str, typer.Argument(help="The key of a question; `evidence questions` lists them.")],
    review: ReviewFolder = None,
    json: AsJson = False,
) -> None:
    """Synthesise one question and say what its evidence means."""
    from toolkit import open_review
    from toolkit.synthesis.trace import summary_record
    from toolkit.synthesis.wording import limits_text

    synthesis = open_review(review).synthesize(question)
    if json:
        print_json(summary_record(synthesis))
        return
    print(printable_lines(f"{synthesis.asked}\n\n{synthesis}\n\n{limits_text(synthesis)}"))


@app.command()
def questions(
    claim: Annotated[str | None, typer.Argument(help="The key of a claim, such as H3a; by default all.")] = None,
    review: ReviewFolder = None,
) -> None:
    """List the questions with their verdicts, claim by claim."""
    from toolkit import open_review

    opened = open_review(review)
    for found in opened.claims if claim is None else (opened.claim(claim).claim,):
        print(printable_lines(f"{found.claim}. {found.text}"))
        for item in opened.claim(found.claim).syntheses:
            print(f"  {item.verdict.outcome.sign:2} {item.question.question}: {item.verdict.outcome}")


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

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a narrow encoding must not end a command
    try:
        app()
    except ToolkitError as error:
        print(printable_lines(str(error)), file=sys.stderr)
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
        print(printable_lines(f"\nFAILED {failure.product}\n{failure.reason}"), file=sys.stderr)
        for file in failure.removed:
            print(f"Removed: {file} (of an earlier build)", file=sys.stderr)
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
