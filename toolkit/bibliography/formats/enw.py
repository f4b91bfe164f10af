"""EndNote's tagged import format (Refer): ``%A Doe, Ann``. A record begins at ``%0`` or behind an empty line.

Source: *EndNote Export* and the Refer/BibIX tags in EndNote's manual;
the older tags are those of ``refer`` (Lesk 1978).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import person
from toolkit.bibliography.formats.tags import RecordsBlock, Tags, numbered_lines, split_list
from toolkit.bibliography.identifiers import find_doi, printed_isbn, printed_issn
from toolkit.bibliography.record import Origin, Record

_TAG = re.compile(r"[ \t]*%([0-9A-Z!@#$&()*+?<>=~^\[\]])(?:[ \t]+(.*))?$")
TYPES = {
    "book": "book", "edited book": "book", "electronic book": "book", "book section": "incollection",
    "conference paper": "inproceedings", "conference proceedings": "inproceedings", "conference": "inproceedings",
    "thesis": "phdthesis", "report": "techreport", "unpublished work": "unpublished", "manuscript": "unpublished",
    "generic": "misc", "journal article": "article", "journal": "article", "magazine article": "article",
    "newspaper article": "article", "electronic article": "article", "review": "article",
}  # fmt: skip
"""Entry types by EndNote's reference types, in small letters."""


def read_enw(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of a file in EndNote's tagged format; one that holds nothing but its type is told."""
    reporter = Reporter(file)
    return [_record(block, file, reporter) for block in _blocks(text)], reporter


def _blocks(text: str) -> Iterator[RecordsBlock]:
    block, blank = None, False
    for number, line in numbered_lines(text):
        found = _TAG.match(line)
        if found is None:
            blank = blank or not line.strip()
            if line.strip() and block is not None:
                block.add_line(line.strip())
            continue
        tag = found.group(1)
        if block is not None and (
            tag == "0" or (blank and tag in "AT" and block.has("%T", "%A") and not block.has("%0"))
        ):
            yield block
            block = None
        block = block or RecordsBlock(number)
        block.add(f"%{tag}", found.group(2) or "")
        blank = False
    if block is not None:
        yield block


def _record(block: RecordsBlock, file: str, reporter: Reporter) -> Record:
    tags = Tags(block.pairs)
    name = next((value for _, value in tags.values("%0")), "")
    kind = TYPES.get(name.lower(), "misc" if name else "article")
    if name.lower() in TYPES:
        tags.first("%0")
    if not any(value.strip() and tag != "%0" for tag, value in block.pairs):
        hint = "it was kept, without a title; look for a blank export"
        reporter.warn("empty-record", "the record that begins here is empty", hint, line=block.line, value=name)
    date = tags.date("%D", "%8")
    publisher = "institution" if kind in {"phdthesis", "techreport"} else "publisher"
    container = {"journal": tags.first("%J")}
    if kind in {"incollection", "inproceedings"}:
        container["booktitle"] = tags.first("%B")
    elif not container["journal"] and kind == "article":
        container["journal"] = tags.first("%B")
    return Record(
        type=kind,
        title=tags.first("%T"),
        authors=tuple(person(person_name) for person_name in tags.every("%A")),
        editors=tuple(person(person_name) for person_name in tags.every("%E")),
        year=date.year,
        month=date.month,
        day=date.day,
        **container,
        series=tags.first("%S"),
        volume=tags.first("%V"),
        number=tags.first("%N"),
        pages=tags.first("%P"),
        edition=tags.first("%7"),
        **{publisher: tags.first("%I")},
        address=tags.first("%C"),
        doi=tags.matching(find_doi, "%R"),
        isbn=tags.matching(printed_isbn, "%@"),
        issn=tags.matching(printed_issn, "%@"),
        url=tags.first("%U"),
        abstract=tags.first("%X"),
        keywords=split_list(tags.every("%K"), ";\n,"),
        language=tags.first("%G"),
        note=tags.first("%Z", "%O"),
        key=tags.first("%F"),
        origin=Origin(file, "enw", block.line),
        other=tags.rest(),
    )
