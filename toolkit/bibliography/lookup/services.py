"""The services behind one interface: each can give a record and the notices of a DOI or PMID."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.bibliography.lookup import crossref, openalex, pubmed, retraction_watch
from toolkit.bibliography.lookup.failures import LookupFailure, UnknownIdentifierError
from toolkit.bibliography.lookup.identifier import Identifier
from toolkit.bibliography.lookup.notices import Notice, NoticeReport
from toolkit.errors import UnknownNameError

if TYPE_CHECKING:
    from toolkit.bibliography.lookup.client import Client
    from toolkit.bibliography.lookup.retraction_watch import RetractionWatch
    from toolkit.bibliography.record import Record


@dataclass(frozen=True, slots=True)
class Service:
    """A service: what kinds of identifiers it takes, and how it is asked."""

    name: str
    kinds: frozenset[str]
    record: Callable[[Client, Identifier], Record]
    notices: Callable[[Client, Identifier], tuple[tuple[Notice, ...], str]]


SERVICES = {
    "crossref": Service(crossref.NAME, frozenset({"doi"}), crossref.record, crossref.notices),
    "pubmed": Service(pubmed.NAME, frozenset({"doi", "pmid"}), pubmed.record, pubmed.notices),
    "openalex": Service(openalex.NAME, frozenset({"doi", "pmid"}), openalex.record, openalex.notices),
}
"""The services by the names that options use, in the order in which they are asked."""


def look_up(client: Client, identifier: Identifier | str, *, services: Iterable[str] = tuple(SERVICES)) -> Record:
    """The record of a DOI or PMID from the first service that knows it.

    :raises MalformedIdentifierError: the text is neither a DOI nor a PMID.
    :raises UnknownIdentifierError: no service knows it.
    :raises LookupFailure: no service gave a record and at least one failed; the message says why.
    """
    wanted = Identifier.parse(identifier) if isinstance(identifier, str) else identifier
    failures: list[LookupFailure] = []
    for service in _chosen(services, wanted):
        try:
            return service.record(client, wanted)
        except LookupFailure as failure:
            failures.append(failure)
    unknown = all(isinstance(failure, UnknownIdentifierError) for failure in failures)
    message = " ".join(str(failure) for failure in failures)
    raise (UnknownIdentifierError if unknown else LookupFailure)(message)


def look_up_notices(
    client: Client | None,
    identifiers: Iterable[Identifier | str],
    *,
    key: str = "",
    services: Iterable[str] = ("crossref", "pubmed"),
    watch: RetractionWatch | None = None,
) -> NoticeReport:
    """What the services, and the Retraction Watch file if there is one, list about a publication.

    A service that fails is told in the report, and nothing is raised for it. So is that no service knows the
    publication; that one does not while another does is usual (PubMed holds medicine), and is seen from ``asked``.

    :param identifiers: the DOI and PMID of the publication, as far as known.
    :param client: the client of the services; without one only the file is asked, and nothing goes over the network.
    :raises MalformedIdentifierError: a text is neither a DOI nor a PMID.
    """
    wanted = [Identifier.parse(item) if isinstance(item, str) else item for item in identifiers]
    listed: list[Notice] = []
    asked: list[tuple[str, str]] = []
    failures: list[str] = []
    unknown: list[str] = []
    held = False
    if watch is not None:
        asked.append((retraction_watch.NAME, watch.date))
        listed += [notice for identifier in wanted for notice in watch.notices.get(identifier, ())]
    for service in _services(services) if client is not None else ():
        identifier = next((item for kind in ("pmid", "doi") for item in wanted if _takes(service, item, kind)), None)
        if identifier is None:
            continue
        try:
            found, date = service.notices(client, identifier)
        except UnknownIdentifierError as failure:
            unknown.append(str(failure))
        except LookupFailure as failure:
            failures.append(str(failure))
        else:
            listed += found
            held = True
            asked.append((service.name, date))
    failures += [] if held else unknown
    shown = ", ".join(str(identifier) for identifier in wanted)
    return NoticeReport(shown, tuple(dict.fromkeys(listed)), tuple(asked), tuple(failures), key)


def _services(names: Iterable[str]) -> list[Service]:
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        raise UnknownNameError("service", unknown[0], SERVICES)
    return [SERVICES[name] for name in names]


def _chosen(names: Iterable[str], identifier: Identifier) -> list[Service]:
    services = [service for service in _services(tuple(names)) if identifier.kind in service.kinds]
    if not services:
        raise LookupFailure(f"None of the chosen services takes {identifier}: choose pubmed or openalex.")
    return services


def _takes(service: Service, identifier: Identifier, kind: str) -> bool:
    return identifier.kind == kind and kind in service.kinds
