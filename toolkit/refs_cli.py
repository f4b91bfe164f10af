"""The commands on the reference library: ``evidence refs ...``. They parse, call and print, like the main command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.terminal import print_findings, print_json, printable

app = typer.Typer(name="refs", help="The reference library: check, tidy, import, look up.", no_args_is_help=True)

ReviewFolder = Annotated[
    Path | None, typer.Option("--review", "-r", help="A folder of the review; by default the working folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write the changes; by default they are only shown.")]


@app.command()
def check(review: ReviewFolder = None, json: AsJson = False) -> None:
    """Check the library: what cannot be read, missing fields, wrong identifiers. Exit code 1 on an error."""
    from toolkit.bibliography import Library, check_library
    from toolkit.errors import Severity
    from toolkit.records import find_root
    from toolkit.records.store import LIBRARY

    findings = check_library(Library.read(find_root(review) / LIBRARY, name=LIBRARY), name=LIBRARY)
    if json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print_findings(findings)
    raise typer.Exit(1 if any(finding.severity is Severity.ERROR for finding in findings) else 0)


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
    from toolkit.records import find_root
    from toolkit.records.store import LIBRARY

    root = find_root(review)
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
