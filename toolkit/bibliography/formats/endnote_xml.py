"""EndNote's XML, also as Bookends and others write it: text stands in ``style`` runs or plainly.

Source: the RSXML document type of EndNote (``RSXML.dtd``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.bibliography.dates import parse_date
from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.enw import TYPES
from toolkit.bibliography.formats.people import person
from toolkit.bibliography.formats.tags import Tags, split_list
from toolkit.bibliography.formats.xml import parse_xml, text_of
from toolkit.bibliography.identifiers import find_doi, find_pmcid, find_pmid, printed_isbn, printed_issn
from toolkit.bibliography.record import Origin, Record

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from toolkit.bibliography.names import Name

_GROUPS = frozenset("contributors titles periodical alt-periodical dates pub-dates keywords urls foreign-keys".split())


def read_endnote_xml(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of an EndNote XML file; ``Origin.line`` is the record's number in the file."""
    reporter = Reporter(file)
    root = parse_xml(text, reporter, ("record",))
    if root is None:
        return [], reporter
    return [_record(element, file, number) for number, element in enumerate(root.iter("record"), 1)], reporter


def _record(element: Element, file: str, number: int) -> Record:
    tags = Tags(list(_pairs(element)))
    name = (
        text_of(element, "ref-type")
        if element.find("ref-type[@name]") is None
        else element.find("ref-type").get("name")
    )
    kind = TYPES.get((name or "").lower(), "misc")
    if kind != "misc" or (name or "").lower() == "generic":
        tags.first("ref-type")
    authors, editors = _people(element, "authors"), _people(element, "secondary-authors")
    year = parse_date(tags.first("dates/year"))
    date = next((found for _, value in tags.values("pub-dates/date") if (found := parse_date(value)).month), year)
    if date.whole:
        tags.first("pub-dates/date")
    book = kind in {"incollection", "inproceedings"}
    secondary = ("titles/secondary-title", "periodical/full-title", "alt-periodical/full-title")
    container = tags.first(*secondary) if kind != "book" else ""
    publisher = "institution" if kind in {"phdthesis", "techreport"} else "publisher"
    return Record(
        type=kind,
        title=tags.first("titles/title"),
        authors=authors,
        editors=editors,
        year=year.year,
        month=date.month,
        day=date.day,
        **{"booktitle" if book else "journal": container},
        series=tags.first("titles/tertiary-title", *(("titles/secondary-title",) if kind == "book" else ())),
        volume=tags.first("volume"),
        number=tags.first("number", "issue"),
        pages=tags.first("pages"),
        edition=tags.first("edition"),
        **{publisher: tags.first("publisher")},
        address=tags.first("pub-location"),
        doi=tags.matching(find_doi, "electronic-resource-num"),
        pmid=tags.matching(_digits, "accession-num"),
        pmcid=tags.matching(find_pmcid, "custom2"),
        isbn=tags.matching(printed_isbn, "isbn"),
        issn=tags.matching(printed_issn, "isbn"),
        url=tags.first("urls/url"),
        abstract=tags.first("abstract"),
        keywords=split_list(tags.every("keywords/keyword"), "\n\r"),
        language=tags.first("language"),
        note=tags.first("notes"),
        key=tags.first("label") if " " not in next((value for _, value in tags.values("label")), " ") else "",
        origin=Origin(file, "endnote-xml", number, tags.first("remote-database-name")),
        other=tags.rest(),
    )


def _pairs(element: Element, within: str = ""):
    """The values of a record as (path, text) pairs; lines inside an ISBN are values of their own."""
    for child in element:
        if child.tag in {"authors", "secondary-authors", "source-app", "database"}:
            continue
        if child.tag in _GROUPS or child.tag.endswith("-urls") or child.tag.endswith("-authors"):
            yield from _pairs(child, "urls/" if child.tag.endswith("-urls") else f"{child.tag}/")
            continue
        text = child.get("name", "") if child.tag == "ref-type" else "".join(child.itertext())
        values = text.replace("\r", "\n").split("\n") if child.tag == "isbn" else [text]
        for value in values:
            yield f"{within}{child.tag}", value


def _people(element: Element, group: str) -> tuple[Name, ...]:
    found = element.findall(f"contributors/{group}/author")
    return tuple(person(text) for author in found if (text := text_of(author)))


def _digits(text: str) -> str:
    return find_pmid(text) if text.strip().isdigit() and len(text.strip()) <= 8 else ""
