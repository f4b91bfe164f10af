"""PubMed's MEDLINE format (.nbib), also as ERIC and Ovid write it.

Source: *MEDLINE/PubMed Data Element (Field) Descriptions*, National Library of Medicine. A tag fills four columns
before the hyphen; a value goes on in indented lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import organisation, person
from toolkit.bibliography.formats.tags import RecordsBlock, Tags, numbered_lines, one_line, split_list
from toolkit.bibliography.identifiers import find_doi, find_pmcid, find_pmid, printed_isbn, printed_issn
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

_TAG = re.compile(r"([A-Z]{2,5})[ \t]*-[ \t]?(.*)$")


def read_medline(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of a MEDLINE file. A record without PMID is kept, and told."""
    reporter = Reporter(file)
    return [_record(block, file, reporter) for block in _blocks(text)], reporter


def _blocks(text: str) -> Iterator[RecordsBlock]:
    block, blank, opening = None, False, ""
    for number, line in numbered_lines(text):
        found = _TAG.match(line)
        if found is None:
            blank = blank or not line.strip()
            if line.strip() and block is not None and line != "</pre>":  # the end of a page of PubMed
                block.add_line(line.strip())
            continue
        tag, value = found.groups()
        opening = opening or tag
        if block is not None and ((tag == "PMID" and (blank or block.has("PMID"))) or (blank and tag == opening)):
            yield block
            block = None
        block = block or RecordsBlock(number)
        block.add(tag, value)
        blank = False
    if block is not None:
        yield block


def _record(block: RecordsBlock, file: str, reporter: Reporter) -> Record:
    tags = Tags(block.pairs)
    pmid = tags.matching(find_pmid, "PMID", "UI")
    if not pmid:
        hint = "it was kept; PubMed gives every record one, ERIC does not"
        reporter.warn("missing-pmid", "the record that begins here has no PMID", hint, line=block.line)
    date = tags.date("DP")
    types = " ".join(value for _, value in tags.values("PT")).lower()
    book = tags.first("BTI")
    title = tags.first("TI", "TT")
    kind = "article"
    if book:
        kind, title, book = ("incollection", title, book) if title else ("book", book, "")
    elif "report" in types and not tags.values("JT", "TA"):
        kind = "techreport"
    return Record(
        type=kind,
        title=title,
        booktitle=book,
        authors=_authors(tags),
        editors=_people(tags, "FED", "ED"),
        year=date.year,
        month=date.month,
        day=date.day,
        journal=tags.first("JT", "TA"),
        series=tags.first("CTI"),
        volume=tags.first("VI"),
        number=tags.first("IP"),
        pages=tags.first("PG"),
        edition=tags.first("EN"),
        publisher=tags.first("PB"),
        address=tags.first("PL"),
        doi=_doi(tags),
        pmid=pmid,
        pmcid=tags.matching(find_pmcid, "PMC"),
        isbn=tags.matching(printed_isbn, "ISBN"),
        issn=tags.matching(printed_issn, "IS", "ISSN"),
        abstract=tags.first("AB"),
        keywords=split_list(tags.every("OT", "MH"), "\n"),
        language=tags.first("LA"),
        origin=Origin(file, "medline", block.line, "PubMed" if pmid else tags.first("OWN")),
        other=tags.rest(),
    )


def _authors(tags: Tags) -> tuple[Name, ...]:
    """Full names where given, short ones where not, then organisations (``CN``)."""
    return (*_people(tags, "FAU", "AU"), *(organisation(name) for name in tags.every("CN")))


def _people(tags: Tags, full: str, short: str) -> tuple[Name, ...]:
    """The full names; each takes the short one of its family with it, and a short one without a full one is a name."""
    names = [person(name) for name in tags.every(full)]
    known = {name.last.lower() for name in names}
    for place, value in list(tags.values(short)):
        name = person(value)
        tags.take(place)
        if name.last.lower() not in known and one_line(value).lower() not in known:
            names.append(name)
    return tuple(names)


def _doi(tags: Tags) -> str:
    """The DOI of ``LID`` or ``AID``, which hold other identifiers too, each with its kind in brackets."""
    return tags.matching(lambda value: "" if "[pii]" in value else find_doi(value), "LID", "AID", "DOI")
