"""The commands on the reference library: ``evidence refs ...``. They parse, call and print, like the main command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.terminal import print_findings, print_json, print_table, printable

if TYPE_CHECKING:
    from toolkit.bibliography import ImportPlan
    from toolkit.errors import Finding

app = typer.Typer(name="refs", help="The reference library: check, tidy, import, look up.", no_args_is_help=True)

ReviewFolder = Annotated[
    Path | None, typer.Option("--review", "-r", help="A folder of the review; by default the working folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write the changes; by default they are only shown.")]


def root_of(review: Path | None) -> Path:
    """The review's top folder; a change of several files that was cut off is finished first, and told."""
    from toolkit.files import finish_change
    from toolkit.records import find_root

    root = find_root(review)
    for path in finish_change(root):
        print(printable(f"Finished a change that was cut off: {path.relative_to(root)}"), file=sys.stderr)
    return root


@app.command()
def check(
    review: ReviewFolder = None,
    pattern: Annotated[str, typer.Option(help="The pattern of keys; empty: any key will do.")] = "authorYEARword",
    abstracts: Annotated[bool, typer.Option("--abstracts", help="Tell articles without an abstract.")] = False,
    json: AsJson = False,
) -> None:
    """Check the library: what cannot be read, missing fields, wrong identifiers. Exit code 1 on an error."""
    from toolkit.bibliography import Library, check_library
    from toolkit.bibliography.duplicates.review import queue_findings
    from toolkit.bibliography.portability import entries_unseen_elsewhere
    from toolkit.errors import Severity
    from toolkit.records import read_records
    from toolkit.records.check import cited_keys
    from toolkit.records.store import LIBRARY

    root = root_of(review)
    library = Library.read(root / LIBRARY, name=LIBRARY)
    findings = check_library(
        library,
        name=LIBRARY,
        pattern=pattern,
        cited=cited_keys(read_records(root)),
        abstracts=abstracts,
        metadata=True,
    )
    findings += entries_unseen_elsewhere(library, name=LIBRARY) + queue_findings(root, library)
    if json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print_findings(findings)
    raise typer.Exit(1 if any(finding.severity is Severity.ERROR for finding in findings) else 0)


@app.command()
def tidy(review: ReviewFolder = None, apply: Apply = False, json: AsJson = False) -> None:
    """Show safe fixes of how values are written (addresses before DOIs, dashes, escapes); --apply writes them."""
    from toolkit.bibliography import Library
    from toolkit.bibliography.edits import SetField
    from toolkit.bibliography.tidy import tidy_edits
    from toolkit.records.store import LIBRARY

    library = Library.read(root_of(review) / LIBRARY, name=LIBRARY)
    edits = tidy_edits(library)
    rows = [
        {
            "key": edit.key,
            "field": edit.field,
            "rule": edit.reason,
            "before": library.source(edit.key, edit.field) or "",
            "after": edit.value if isinstance(edit, SetField) else "",
        }
        for edit in edits
    ]
    if json:
        print_json(rows)
    else:
        for row in rows:
            print(
                printable(
                    f"{row['key']} {row['field']} ({row['rule']}): {row['before']} -> {row['after'] or 'taken out'}"
                )
            )
    if apply:
        library.edited(edits).write()
    if not json:
        done = "made" if apply else "to make (`--apply` writes them)"
        print(f"{len(edits)} fixes {done}")


@app.command()
def dedupe(
    review: ReviewFolder = None,
    apply: Apply = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put back what the last merge changed.")] = False,
    json: AsJson = False,
) -> None:
    """Find references that are one work, and merge them with --apply; keys in data/ and notebooks/ follow.

    What a person must decide goes to references/duplicates.csv: write `duplicate` or `no`, and run it again.
    """
    from toolkit.bibliography import Library
    from toolkit.bibliography.duplicates.review import QUEUE, plan_dedupe, undo_dedupe
    from toolkit.records.store import LIBRARY

    root = root_of(review)
    if undo:
        for path in undo_dedupe(root):
            print(f"Put back {path.relative_to(root)}")
        return
    plan = plan_dedupe(root, Library.read(root / LIBRARY, name=LIBRARY))
    if json:
        print_json(plan.as_dict())
    else:
        for line in plan.lines():
            print(printable(line))
    if apply:
        plan.apply()
    if apply and not json:
        print(f"Merged {len(plan.merges)} groups (`evidence refs dedupe --undo` puts them back); the queue is {QUEUE}")


@app.command("import")
def import_files(
    files: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Files of any format that is known.")
    ],
    review: ReviewFolder = None,
    apply: Apply = False,
    source: Annotated[str, typer.Option(help="What was searched; by default the database that the file names.")] = "",
    query: Annotated[str, typer.Option(help="The query as it was typed, for the search log.")] = "",
    date: Annotated[str, typer.Option(help="Day of the search, YYYY-MM-DD; by default today.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(help="For CSV: a column and its field, as Titel=title. May stand several times.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show what files hold that is new, known, or would be added to references; write it with --apply.

    Each file is a row of the search log, data/searches.csv. Exit code 1 where a file gave no records.
    """
    from toolkit.bibliography import Library
    from toolkit.bibliography.formats import read
    from toolkit.bibliography.imports import plan_import
    from toolkit.records import search_log_change
    from toolkit.records.store import LIBRARY

    searched, columns = _day(date), _column_map(column)
    root = root_of(review)
    collections = [read(path, name=str(path), columns=columns) for path in files]
    library = Library.read(root / LIBRARY, name=LIBRARY)
    plan = plan_import(library, (record for found in collections for record in found))
    if apply:
        rows = [
            {
                "date": searched,
                "source": source or found.source,
                "query": query,
                "file": Path(found.file).name,
                **plan.counts(found.file),
            }
            for found in collections
        ]
        plan.apply(search_log_change(root, rows), root=root)
    findings = [finding for found in collections for finding in found.findings]
    if json:
        print_json({**plan.as_dict(), "findings": [finding.as_dict() for finding in findings], "written": apply})
    else:
        _print_import(plan, findings, written=apply)
    raise typer.Exit(0 if all(len(found) for found in collections) else 1)


def _day(text: str) -> str:
    """A day as it was typed, today where none was."""
    from datetime import date

    try:
        return (date.fromisoformat(text) if text else date.today()).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: write it YYYY-MM-DD", param_hint="--date") from None


def _column_map(pairs: list[str] | None) -> dict[str, str] | None:
    """What each column of a table is, from ``Titel=title``."""
    from toolkit.bibliography.formats.csv_table import FIELDS

    columns = dict(pair.partition("=")[::2] for pair in pairs or ())
    if wrong := sorted(column for column, field in columns.items() if field not in FIELDS):
        named = ", ".join(f"{column}={columns[column]}" for column in wrong)
        raise typer.BadParameter(f"{named}: behind = stands one of {', '.join(FIELDS)}", param_hint="--column")
    return columns or None


def _print_import(plan: ImportPlan, findings: list[Finding], *, written: bool) -> None:
    print_table(("status", "key", "year", "title", "file", "why"), plan.rows())
    print_table(("key", "field", "", "in the library", "in the file"), plan.change_rows())
    if findings:
        print_findings(findings)
    print(", ".join(f"{number} {name}" for name, number in plan.counts().items()))
    print("Written, with a row in the search log." if written else "Nothing was written; --apply does it.")


@app.command()
def rename(old: str, new: str, review: ReviewFolder = None) -> None:
    """Give a reference another key, in the library and wherever data/ and notebooks/ use it: all or nothing."""
    from toolkit.bibliography import Library
    from toolkit.bibliography.rename import rename_key
    from toolkit.records.store import LIBRARY

    root = root_of(review)
    for path in rename_key(root, Library.read(root / LIBRARY, name=LIBRARY), old, new):
        print(f"Changed {path.relative_to(root)}")
