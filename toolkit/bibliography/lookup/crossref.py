"""Crossref's REST API: metadata of a DOI, and the notices that its ``updated-by`` and ``update-to`` name.

The shape is Crossref's *API format* (api_format.md of its rest-api-doc); ``updated-by``, and ``source`` that tells a
publisher's notice from one of Retraction Watch, came in January 2025.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from toolkit.bibliography.formats.people import organisation, person
from toolkit.bibliography.lookup.client import parse_json
from toolkit.bibliography.lookup.failures import LookupFailure
from toolkit.bibliography.lookup.notices import Notice, kind_of
from toolkit.bibliography.record import Origin, Record

if TYPE_CHECKING:
    from toolkit.bibliography.lookup.cache import Answer
    from toolkit.bibliography.lookup.client import Client
    from toolkit.bibliography.lookup.identifier import Identifier
    from toolkit.bibliography.names import Name

NAME = "Crossref"
_SOURCES = {"publisher": "the publisher at Crossref", "retraction-watch": "Retraction Watch at Crossref"}
_TYPES = {
    "journal-article": "article",
    "proceedings-article": "inproceedings",
    "book-chapter": "incollection",
    "book-section": "incollection",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "dissertation": "phdthesis",
    "report": "techreport",
}
_MARKED = re.compile(r"\W{0,3}(retracted|withdrawn|removed)(?: article| paper)?\s*:", re.IGNORECASE)
_BLOCK = re.compile(r"</?(?:jats:(?:p|title|sec|list|list-item)|p|br)\b[^<>]{0,200}>")
_INLINE = re.compile(r"</?(?:(?:jats|mml):[\w-]+|i|b|u|em|strong|sub|sup|scp|tt)\b[^<>]{0,200}>")
_KIND_OF_MARK = {"retracted": "retraction", "withdrawn": "withdrawal", "removed": "removal"}


def record(client: Client, identifier: Identifier) -> Record:
    """The metadata of a DOI as the publisher deposited it."""
    work, _ = _work(client, identifier, days=None)
    container, kind = _first(work.get("container-title")), _TYPES.get(str(work.get("type")), "misc")
    year, month, day = _date_parts(work.get("published-print") or work.get("issued"))
    return Record(
        type=kind,
        title=": ".join(part for part in (_first(work.get("title")), _first(work.get("subtitle"))) if part),
        authors=_names(work.get("author")),
        editors=_names(work.get("editor")),
        year=year,
        month=month,
        day=day,
        journal=container if kind == "article" else "",
        booktitle=container if kind in ("incollection", "inproceedings") else "",
        series=container if kind == "book" else "",
        volume=_text(work.get("volume")),
        number=_text(work.get("issue")),
        pages=_text(work.get("page")) or _text(work.get("article-number")),
        edition=_text(work.get("edition-number")),
        publisher="" if kind == "article" else _text(work.get("publisher")),
        address="" if kind == "article" else _text(work.get("publisher-location")),
        doi=identifier.value,
        isbn=_first(work.get("ISBN")),
        issn=_first(work.get("ISSN")),
        abstract=re.sub(r"^Abstract\s+", "", _text(work.get("abstract"))),
        language=_text(work.get("language")),
        origin=Origin(format="crossref", database=NAME),
    )


def notices(client: Client, identifier: Identifier) -> tuple[tuple[Notice, ...], str]:
    """The notices about a DOI, and the day on which Crossref was asked."""
    work, answer = _work(client, identifier, days=1)
    found = [_notice(update, str(update.get("DOI", "")), "") for update in _objects(work.get("updated-by"))]
    for update in _objects(work.get("update-to")):
        about = str(update.get("DOI", "")).lower()
        found.append(_notice(update, "", "" if about == identifier.value else about))
    title = _first(work.get("title"))
    if not found and (marked := _MARKED.match(title)):
        found.append(Notice(_KIND_OF_MARK[marked.group(1).lower()], "", "the title at Crossref", reason=title[:80]))
    return tuple(dict.fromkeys(found)), answer.date


def _work(client: Client, identifier: Identifier, *, days: float | None) -> tuple[dict[str, Any], Answer]:
    address = f"{client.settings.crossref}/works/{quote(identifier.value, safe='')}"
    answer = client.get(NAME, address, {}, who={"mailto": client.settings.contact}, what=identifier, days=days)
    work = parse_json(NAME, answer, identifier).get("message")
    if not isinstance(work, dict) or "DOI" not in work:
        raise LookupFailure(f"The answer of {NAME} for {identifier} holds no work.")
    if str(work["DOI"]).lower() != identifier.value:
        raise LookupFailure(
            f"{NAME} answers for {identifier} with {work['DOI']}, another DOI: check which one is meant."
        )
    return work, answer


def _notice(update: dict[str, Any], notice: str, about: str) -> Notice:
    source = str(update.get("source") or "publisher")
    date = "-".join(part.zfill(2) for part in _date_parts(update.get("updated")) if part)
    kind = kind_of(str(update.get("type") or update.get("label") or ""))
    return Notice(kind, date, _SOURCES.get(source, f"{source} at Crossref"), notice, about=about)


def _date_parts(date: Any) -> tuple[str, str, str]:
    parts = date.get("date-parts") if isinstance(date, dict) else None
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    texts = [str(part) for part in first[:3] if isinstance(part, int)]
    year, month, day = (*texts, "", "", "")[:3]
    return year, month, day


def _names(people: Any) -> tuple[Name, ...]:
    found = []
    for one in _objects(people):
        family, given, suffix = (_text(one.get(part)) for part in ("family", "given", "suffix"))
        if family and given:
            found.append(person(", ".join(part for part in (family, suffix, given) if part)))
        elif name := family or given or _text(one.get("name")):
            found.append(organisation(name))
    return tuple(found)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _first(value: Any) -> str:
    return _text(value[0]) if isinstance(value, list) and value else ""


def _text(value: Any) -> str:
    """Plain text of a value that may hold JATS, MathML or HTML mark-up."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return ""
    text = _INLINE.sub("", _BLOCK.sub(" ", str(value)))
    return " ".join(unescape(text).split())
