"""PubMed's E-utilities: metadata of a PMID or DOI, and the notices that PubMed links to it.

Elements as in the documentation of NLM's PubMed DTD: ``PublicationType`` ("Retracted Publication") and
``CommentsCorrections`` with its ``RefType`` ("RetractionIn", "ErratumIn", "ExpressionOfConcernIn").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.dates import parse_date
from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.pubmed_xml import read_pubmed_xml
from toolkit.bibliography.formats.xml import parse_xml, text_of
from toolkit.bibliography.lookup.client import parse_json
from toolkit.bibliography.lookup.failures import LookupFailure, UnknownIdentifierError
from toolkit.bibliography.lookup.notices import Notice
from toolkit.bibliography.record import Origin

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from toolkit.bibliography.lookup.cache import Answer
    from toolkit.bibliography.lookup.client import Client
    from toolkit.bibliography.lookup.identifier import Identifier
    from toolkit.bibliography.record import Record

NAME = "PubMed"
_UNKNOWN = f"{NAME} does not know {{}}: check it, or ask another service."
_LINKS = {
    "RetractionIn": "retraction",
    "PartialRetractionIn": "partial retraction",
    "RetractedandRepublishedIn": "retraction",
    "ExpressionOfConcernIn": "expression of concern",
    "ErratumIn": "correction",
    "CorrectedandRepublishedIn": "correction",
}
_ITSELF = {
    "RetractionOf": "retraction",
    "PartialRetractionOf": "partial retraction",
    "ExpressionOfConcernFor": "expression of concern",
    "ErratumFor": "correction",
}


def record(client: Client, identifier: Identifier) -> Record:
    """The metadata of a PMID or DOI."""
    answer = _answer(client, identifier, days=None)
    records, _ = read_pubmed_xml(answer.text, NAME)
    if not records:
        _root(answer, identifier)
        raise UnknownIdentifierError(_UNKNOWN.format(identifier))
    found = records[0]
    if identifier.value not in (found.doi, found.pmid):
        raise LookupFailure(f"{NAME} answers for {identifier} with PMID {found.pmid}: check which one is meant.")
    return found.with_values(
        title=found.title.removesuffix("."), other=(), origin=Origin(format="pubmed-xml", database=NAME)
    )


def notices(client: Client, identifier: Identifier) -> tuple[tuple[Notice, ...], str]:
    """The notices that PubMed links to a publication, and the day on which it was asked."""
    answer = _answer(client, identifier, days=1)
    citation = _root(answer, identifier).find("PubmedArticle/MedlineCitation")
    if citation is None:
        raise UnknownIdentifierError(_UNKNOWN.format(identifier))
    found = []
    for link in citation.iterfind("CommentsCorrectionsList/CommentsCorrections"):
        kind, source = link.get("RefType", ""), text_of(link, "RefSource")
        notice = f"PMID {number}" if (number := text_of(link, "PMID")) else ""
        if kind in _LINKS:
            found.append(Notice(_LINKS[kind], _date_in(source), NAME, notice, source))
        elif kind in _ITSELF:
            found.append(Notice(_ITSELF[kind], "", NAME, about=notice or source))
    types = {text_of(node) for node in citation.iterfind("Article/PublicationTypeList/PublicationType")}
    if "Retracted Publication" in types and not any("retraction" in notice.kind for notice in found):
        found.append(Notice("retraction", "", NAME, reason="publication type Retracted Publication"))
    return tuple(found), answer.date


def _answer(client: Client, identifier: Identifier, *, days: float | None) -> Answer:
    pmid = identifier.value if identifier.kind == "pmid" else _pmid_of(client, identifier, days)
    query = {"db": "pubmed", "id": pmid, "retmode": "xml"}
    return _get(client, "efetch.fcgi", query, identifier, days)


def _get(client: Client, tool: str, query: dict[str, str], identifier: Identifier, days: float | None) -> Answer:
    who = {"tool": "evidence-review-toolkit", "email": client.settings.contact}
    address = f"{client.settings.pubmed}/{tool}"
    return client.get(NAME, address, query, who=who, what=identifier, days=days)


def _root(answer: Answer, identifier: Identifier) -> Element:
    root = parse_xml(answer.text, Reporter(NAME))
    if root is None or (root := root.find("PubmedArticleSet")) is None:
        raise LookupFailure(f"The answer of {NAME} for {identifier} is cut off or no XML of PubMed.")
    return root


def _date_in(source: str) -> str:
    """The day in a source such as ``Lancet. 2010 Feb 6;375(9713):445``, as ``2010-02-06``."""
    found = re.search(r"\b(?:19|20)\d\d(?: [A-Z][a-z]{2}(?: \d{1,2})?)?(?=;|\.|:|$)", source)
    date = parse_date(found.group() if found else "")
    return "-".join(part.zfill(2) for part in (date.year, date.month, date.day) if part)


def _pmid_of(client: Client, identifier: Identifier, days: float | None) -> str:
    query = {"db": "pubmed", "term": f'"{identifier.value}"[doi]', "retmode": "json"}
    answer = _get(client, "esearch.fcgi", query, identifier, days)
    result = parse_json(NAME, answer, identifier).get("esearchresult")
    found = result.get("idlist") if isinstance(result, dict) else None
    if not isinstance(found, list):
        raise LookupFailure(f"The answer of {NAME} for {identifier} holds no list of PMIDs.")
    if len(found) != 1:
        raise UnknownIdentifierError(f"{NAME} holds {len(found) or 'no'} publications with {identifier}.")
    return str(found[0])
