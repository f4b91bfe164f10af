"""``evidence refs lookup`` and ``evidence refs retractions``: the commands that ask services over the network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.cli.refs import Apply, AsJson, ReviewFolder, app, root_of
from toolkit.cli.terminal import print_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from toolkit.bibliography import Library, Record, Reference
    from toolkit.bibliography.lookup import Client, Gain, Identifier, NoticeReport

Contact = Annotated[
    str, typer.Option("--contact", envvar="EVIDENCE_CONTACT", help="Your e-mail address, which the services ask for.")
]
Services = Annotated[
    list[str] | None, typer.Option("--service", "-s", help="crossref, pubmed or openalex; by default all that fit.")
]


@app.command()
def lookup(
    what: Annotated[list[str], typer.Argument(help="DOIs, PMIDs, or keys of the library.")],
    review: ReviewFolder = None,
    apply: Apply = False,
    service: Services = None,
    contact: Contact = "",
    json: AsJson = False,
) -> None:
    """Look up DOIs, PMIDs or entries at Crossref, PubMed or OpenAlex, and show what would be filled in.

    --apply fills in fields that are empty, and never changes one that is not. Exit code 1 when something was not found.
    """
    from toolkit.bibliography.lookup import Client, LookupSettings
    from toolkit.errors import ToolkitError

    library = _library(review)
    found: list[tuple[str, Record, tuple[Gain, ...]]] = []
    failures: dict[str, str] = {}
    with Client(LookupSettings.from_environment(contact=contact)) as client:
        for text in dict.fromkeys(what):
            try:
                found.append(_looked_up(client, library, text, service))
            except ToolkitError as error:
                failures[text] = str(error)
    if json:
        print_json({"found": [_as_dict(*one) for one in found], "failures": failures})
    else:
        for one in found:
            _print_gains(*one)
    for text, failure in failures.items():
        print(printable(f"{text}: {failure}"), file=sys.stderr)
    edits = [gain.edit for _, _, gains in found for gain in gains if gain.edit]
    if apply and edits:
        library.edited(edits).write()
    if not json and edits:
        print(f"{len(edits)} fields filled in" if apply else f"{len(edits)} fields can be filled in: --apply does it")
    raise typer.Exit(1 if failures else 0)


@app.command()
def retractions(
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of the library; by default all entries.")] = None,
    review: ReviewFolder = None,
    watch: Annotated[
        Path | None, typer.Option("--retraction-watch", help="The CSV file of Retraction Watch, fetched by you.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask the Retraction Watch file only, no service.")] = False,
    service: Services = None,
    contact: Contact = "",
    json: AsJson = False,
) -> None:
    """List notices of retraction, concern or correction about the library's entries.

    Exit code 1 when something is listed, 2 when nothing is but some entries could not be looked up.
    """
    from toolkit.bibliography.lookup import Client, LookupSettings, RetractionWatch, look_up_notices
    from toolkit.errors import ToolkitError

    if offline and watch is None:
        raise ToolkitError("Offline there is nothing to ask but the Retraction Watch file: name it.")
    library = _library(review)
    entries = [library[key] for key in keys or library]
    services = tuple(service or ("crossref", "pubmed"))
    listed = RetractionWatch.read(watch) if watch else None
    client = None if offline else Client(LookupSettings.from_environment(contact=contact))
    try:
        reports = [
            look_up_notices(client, identifiers, key=reference.key, services=services, watch=listed)
            for reference in _shown_on_the_way(entries)
            if (identifiers := _identifiers(reference))
        ]
    finally:
        if client is not None:
            client.close()
    without = [reference.key for reference in entries if not _identifiers(reference)]
    if json:
        print_json({"reports": [report.as_dict() for report in reports], "without_identifier": without})
    else:
        _print_reports(reports, without)
    found = any(report.listed for report in reports)
    raise typer.Exit(1 if found else 2 if any(report.failures for report in reports) else 0)


def _shown_on_the_way(entries: list[Reference]) -> Iterable[Reference]:
    """The entries with a progress bar on a terminal: the services are asked slowly."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(entries, "Asking", console=console, transient=True, disable=not console.is_terminal)


def _library(review: Path | None) -> Library:
    from toolkit.bibliography import Library
    from toolkit.records.store import LIBRARY

    return Library.read(root_of(review) / LIBRARY, name=LIBRARY)


def _identifiers(reference: Reference) -> list[Identifier]:
    from toolkit.bibliography.lookup import Identifier

    found = (Identifier.find(reference.text(name)) for name in ("doi", "pmid"))
    return [identifier for identifier in found if identifier is not None]


def _looked_up(
    client: Client, library: Library, text: str, services: list[str] | None
) -> tuple[str, Record, tuple[Gain, ...]]:
    """A key of the library, or a DOI or PMID that an entry has or none: the key, the record and the gains."""
    from toolkit.bibliography.lookup import Identifier, LookupFailure, gains, look_up
    from toolkit.bibliography.lookup.services import SERVICES

    asked = Identifier.find(text)
    if text in library or asked is None:
        key = library[text].key
        identifiers = _identifiers(library[key])
        if not identifiers:
            raise LookupFailure("the entry has neither a DOI nor a PMID to look it up by")
        asked = identifiers[0]
    else:
        key = next((reference.key for reference in library.values() if asked in _identifiers(reference)), "")
    record = look_up(client, asked, services=services or tuple(SERVICES))
    return key, record, gains(library[key], record) if key else ()


def _as_dict(key: str, record: Record, gains: tuple[Gain, ...]) -> dict[str, object]:
    fields = ("field", "present", "offered", "status", "source")
    shown = [{name: getattr(gain, name) for name in fields} for gain in gains]
    return {"key": key, "doi": record.doi, "pmid": record.pmid, "source": record.origin.database, "fields": shown}


def _print_gains(key: str, record: Record, gains: tuple[Gain, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not key:
        authors = "; ".join(str(name) for name in record.authors)
        where = f"{record.journal or record.booktitle} {record.year}"
        print(printable(f"Not in the library: {authors}: {record.title}. {where} ({record.origin.database})"))
        return
    title = f"{key}, as {record.origin.database} has it"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(printable(title)), title_justify="left")
    for heading in ("field", "", "in the library", "offered"):
        table.add_column(heading, overflow="fold")
    for gain in gains:
        if gain.status != "same":
            cells = (gain.field, gain.status, gain.present, gain.offered[:300])
            table.add_row(*(Text(printable(cell)) for cell in cells))
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else 160).print(table)
    else:
        print(printable(f"{title}: nothing new, nothing that differs"))


def _print_reports(reports: list[NoticeReport], without: list[str]) -> None:
    clean = [report for report in reports if not report.listed and not report.failures]
    for report in reports:
        if report.listed:
            print(printable(str(report)))
    failing: dict[str, list[str]] = {}
    for report in reports:
        for failure in report.failures if not report.listed else ():
            failing.setdefault(failure, []).append(report.key)
    for failure, keys in failing.items():
        shown = ", ".join(keys[:3]) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        print(printable(f"{shown}: {failure}"))
    listed = sum(bool(report.listed) for report in reports)
    failed = sum(bool(report.failures) for report in reports)
    print(f"{listed} listed, {failed} could not be looked up everywhere, {len(without)} without DOI or PMID")
    if clean:
        dates: dict[str, set[str]] = {}
        for report in clean:
            for source, date in report.asked:
                dates.setdefault(source, set()).add(date)
        shown = ", ".join(f"{min(days)} ({source})" for source, days in sorted(dates.items()))
        print(f"{len(clean)} not listed as of {shown}")
