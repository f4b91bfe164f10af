"""PubMed's E-utilities: metadata of a PMID or DOI, and the notices that PubMed links to it.

Elements as in the documentation of NLM's PubMed DTD: ``PublicationType`` ("Retracted Publication") and
``CommentsCorrections`` with its ``RefType`` ("RetractionIn", "ErratumIn", "ExpressionOfConcernIn").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.lookup.client import parse_json
from toolkit.bibliography.lookup.failures import LookupFailure, UnknownIdentifierError
from toolkit.bibliography.lookup.identifier import Identifier
from toolkit.bibliography.lookup.notices import Notice
from toolkit.bibliography.lookup.person import person
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from toolkit.bibliography.lookup.cache import Answer
    from toolkit.bibliography.lookup.client import Client

NAME = "PubMed"
_MONTHS = {
    name: str(number) for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
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
    article, _ = _article(client, identifier, days=None)
    ids = {node.get("IdType"): _text(node) for node in article.findall("PubmedData/ArticleIdList/ArticleId")}
    citation = "MedlineCitation/Article/"
    date = article.find(citation + "Journal/JournalIssue/PubDate")
    year, month, day = (_text(date.find(part)) if date is not None else "" for part in ("Year", "Month", "Day"))
    loose = re.match(
        r"(\d{4})(?: ([A-Z][a-z]{2}))?", _at(article, citation + "Journal/JournalIssue/PubDate/MedlineDate")
    )
    if not year and loose:
        year, month = loose.group(1), loose.group(2) or ""
    parts = (_abstract_part(node) for node in article.findall(citation + "Abstract/AbstractText"))
    return Record(
        title=_at(article, citation + "ArticleTitle").removesuffix("."),
        authors=tuple(_names(article)),
        year=year,
        month=_MONTHS.get(month[:3].lower(), month.lstrip("0")),
        day=day.lstrip("0"),
        journal=_at(article, citation + "Journal/Title"),
        volume=_at(article, citation + "Journal/JournalIssue/Volume"),
        number=_at(article, citation + "Journal/JournalIssue/Issue"),
        pages=_at(article, citation + "Pagination/MedlinePgn"),
        doi=ids.get("doi", "").lower(),
        pmid=_at(article, "MedlineCitation/PMID"),
        pmcid=ids.get("pmc", ""),
        issn=_at(article, citation + "Journal/ISSN"),
        abstract=" ".join(part for part in parts if part),
        language=_at(article, citation + "Language"),
        origin=Origin(format="pubmed-xml", database=NAME),
    )


def notices(client: Client, identifier: Identifier) -> tuple[tuple[Notice, ...], str]:
    """The notices that PubMed links to a publication, and the day on which it was asked."""
    article, answer = _article(client, identifier, days=1)
    found = []
    for link in article.findall("MedlineCitation/CommentsCorrectionsList/CommentsCorrections"):
        kind, source = link.get("RefType", ""), _at(link, "RefSource")
        pmid = f"PMID {number}" if (number := _at(link, "PMID")) else ""
        date = (
            found_date.group()
            if (found_date := re.search(r"\b(?:19|20)\d\d(?: [A-Z][a-z]{2}(?: \d{1,2})?)?", source))
            else ""
        )
        if kind in _LINKS:
            found.append(Notice(_LINKS[kind], _iso(date), NAME, pmid, source))
        elif kind in _ITSELF:
            found.append(Notice(_ITSELF[kind], "", NAME, about=pmid or source))
    types = {_text(node) for node in article.findall("MedlineCitation/Article/PublicationTypeList/PublicationType")}
    if "Retracted Publication" in types and not any("retraction" in notice.kind for notice in found):
        found.append(Notice("retraction", "", NAME, reason="publication type Retracted Publication"))
    return tuple(found), answer.date


def _article(client: Client, identifier: Identifier, *, days: float | None) -> tuple[Element, Answer]:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    pmid = identifier.value if identifier.kind == "pmid" else _pmid_of(client, identifier, days)
    query = {"db": "pubmed", "id": pmid, "retmode": "xml", "tool": "evidence-review-toolkit"}
    query["email"] = client.settings.contact
    answer = client.get(NAME, f"{client.settings.pubmed}/efetch.fcgi", query, what=identifier, days=days)
    try:
        root = fromstring(answer.text)
    except (ParseError, DefusedXmlException, ValueError):
        raise LookupFailure(f"The answer of {NAME} for {identifier} is cut off or no XML.") from None
    article = root.find("PubmedArticle")
    if article is None:
        raise UnknownIdentifierError(f"{NAME} does not know {identifier}: check it, or ask another service.")
    if _at(article, "MedlineCitation/PMID") != pmid:
        raise LookupFailure(f"{NAME} answers for {identifier} with another PMID: check which one is meant.")
    return article, answer


def _pmid_of(client: Client, identifier: Identifier, days: float | None) -> str:
    query = {"db": "pubmed", "term": f'"{identifier.value}"[doi]', "retmode": "json", "tool": "evidence-review-toolkit"}
    query["email"] = client.settings.contact
    answer = client.get(NAME, f"{client.settings.pubmed}/esearch.fcgi", query, what=identifier, days=days)
    result = parse_json(NAME, answer, identifier).get("esearchresult")
    found = result.get("idlist") if isinstance(result, dict) else None
    if not isinstance(found, list):
        raise LookupFailure(f"The answer of {NAME} for {identifier} holds no list of PMIDs.")
    if len(found) != 1:
        raise UnknownIdentifierError(f"{NAME} holds {len(found) or 'no'} publications with {identifier}.")
    return str(found[0])


def _names(article: Element) -> Iterator[Name]:
    for author in article.findall("MedlineCitation/Article/AuthorList/Author"):
        if author.get("ValidYN") == "N":
            continue
        if organisation := _at(author, "CollectiveName"):
            yield Name(organisation, literal=True)
        elif family := _at(author, "LastName"):
            yield person(family, _at(author, "ForeName") or _at(author, "Initials"), _at(author, "Suffix"))


def _abstract_part(node: Element) -> str:
    label = node.get("Label", "").capitalize()
    return f"{label}: {_text(node)}" if label else _text(node)


def _at(node: Element, path: str) -> str:
    return _text(node.find(path))


def _text(node: Element | None) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


def _iso(date: str) -> str:
    """``2010 Feb 6`` as ``2010-02-06``."""
    parts = date.split()
    if len(parts) > 1:
        parts[1] = _MONTHS.get(parts[1].lower(), parts[1])
    return "-".join(part.zfill(2) for part in parts)
