"""OpenAlex: metadata of a DOI or PMID (*Work object* of its documentation), and its flag for retracted works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from toolkit.bibliography.formats.people import person
from toolkit.bibliography.lookup.client import parse_json
from toolkit.bibliography.lookup.failures import LookupFailure
from toolkit.bibliography.lookup.identifier import Identifier
from toolkit.bibliography.lookup.notices import Notice
from toolkit.bibliography.record import Origin, Record

if TYPE_CHECKING:
    from toolkit.bibliography.lookup.cache import Answer
    from toolkit.bibliography.lookup.client import Client
    from toolkit.bibliography.names import Name

NAME = "OpenAlex"
_TYPES = {"article": "article", "review": "article", "letter": "article", "editorial": "article", "book": "book",
          "book-chapter": "incollection", "dissertation": "phdthesis", "report": "techreport"}  # fmt: skip


def record(client: Client, identifier: Identifier) -> Record:
    """The metadata of a DOI or PMID. Names come as one text each, given name first."""
    work, _ = _work(client, identifier, days=None)
    biblio, ids = _object(work.get("biblio")), _object(work.get("ids"))
    source = _object(_object(work.get("primary_location")).get("source"))
    kind = _TYPES.get(str(work.get("type")), "misc")
    container = str(source.get("display_name") or "")
    pages = "-".join(dict.fromkeys(str(biblio[end]) for end in ("first_page", "last_page") if biblio.get(end)))
    date = str(work.get("publication_date") or "").split("-")
    doi, pmid = (Identifier.find(str(ids.get(name) or work.get(name) or "")) for name in ("doi", "pmid"))
    return Record(
        type=kind,
        title=str(work.get("title") or work.get("display_name") or ""),
        authors=tuple(_names(work.get("authorships"))),
        year=str(work.get("publication_year") or ""),
        month=date[1].lstrip("0") if len(date) == 3 else "",
        day=date[2].lstrip("0") if len(date) == 3 else "",
        journal=container if kind == "article" else "",
        booktitle=container if kind == "incollection" else "",
        volume=str(biblio.get("volume") or ""),
        number=str(biblio.get("issue") or ""),
        pages=pages,
        doi=doi.value if doi else "",
        pmid=pmid.value if pmid else "",
        issn=str(source.get("issn_l") or ""),
        abstract=_abstract(work.get("abstract_inverted_index")),
        language=str(work.get("language") or ""),
        origin=Origin(format="openalex", database=NAME),
    )


def notices(client: Client, identifier: Identifier) -> tuple[tuple[Notice, ...], str]:
    """Whether OpenAlex marks a work as retracted, and the day on which it was asked. It gives no date of its own."""
    work, answer = _work(client, identifier, days=1)
    return ((Notice("retraction", "", NAME),) if work.get("is_retracted") is True else ()), answer.date


def _work(client: Client, identifier: Identifier, *, days: float | None) -> tuple[dict[str, Any], Answer]:
    address = f"{client.settings.openalex}/works/{identifier.kind}:{quote(identifier.value, safe='/')}"
    who = {"mailto": client.settings.contact}
    if client.settings.openalex_key:
        who["api_key"] = client.settings.openalex_key
    answer = client.get(NAME, address, {}, who=who, what=identifier, days=days)
    work = parse_json(NAME, answer, identifier)
    ids = _object(work.get("ids"))
    given = Identifier.find(str(ids.get(identifier.kind) or work.get(identifier.kind) or ""))
    if given is None:
        raise LookupFailure(f"The answer of {NAME} for {identifier} holds no work.")
    if given != identifier:
        raise LookupFailure(f"{NAME} answers for {identifier} with {given}: check which one is meant.")
    return work, answer


def _names(authorships: Any) -> list[Name]:
    authors = (_object(_object(item).get("author")) for item in (authorships if isinstance(authorships, list) else []))
    return [person(str(author["display_name"])) for author in authors if author.get("display_name")]


def _abstract(index: Any) -> str:
    """The abstract, which OpenAlex gives as the places of each word."""
    places = [
        (place, str(word))
        for word, where in _object(index).items()
        for place in (where if isinstance(where, list) else [])
        if isinstance(place, int)
    ]
    return " ".join(word for _, word in sorted(places))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
