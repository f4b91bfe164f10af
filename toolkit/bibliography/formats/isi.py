"""Web of Science's tagged text: two letters, a space, the value; further values in indented lines.

Source: *Web of Science Core Collection Field Tags*, Clarivate. INSPEC and MEDLINE records from the same host differ in
some tags, which are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import organisation, person
from toolkit.bibliography.formats.tags import RecordsBlock, Tags, numbered_lines, split_list
from toolkit.bibliography.identifiers import find_doi, find_pmid, printed_isbn, printed_issn
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

_TAG = re.compile(r"([A-Z][A-Z0-9])(?:[ \t](?!-)(.*))?$")
_HEAD = frozenset({"FN", "VR", "EF"})


def read_isi(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of a tagged Web of Science file. A record without ``ER`` is kept, and told."""
    reporter = Reporter(file)
    return [_record(block, file) for block in _blocks(text, reporter)], reporter


def _blocks(text: str, reporter: Reporter) -> Iterator[RecordsBlock]:
    block = None
    for number, line in numbered_lines(text):
        found = _TAG.match(line)
        tag = found.group(1) if found else ""
        if tag == "ER" or (tag == "PT" and block is not None and block.has("PT")):
            if block is not None:
                if tag == "PT":
                    _not_ended(block, reporter)
                yield block
            block = None
        if tag in _HEAD or tag == "ER":
            continue
        if found is not None:
            block = block or RecordsBlock(number)
            block.add(tag, found.group(2) or "")
        elif line.strip() and block is not None:
            block.add_line(line.strip())
    if block is not None:
        _not_ended(block, reporter)
        yield block


def _not_ended(block: RecordsBlock, reporter: Reporter) -> None:
    hint = "the record was kept; see whether the export was cut short"
    reporter.warn("missing-end", "the record that begins here has no ER", hint, line=block.line)


def _record(block: RecordsBlock, file: str) -> Record:
    tags = Tags(block.pairs)
    published, kinds = tags.first("PT"), " ".join(value for _, value in tags.values("DT", "TY")).lower()
    kind = "article"
    if published in {"B", "S"}:
        kind = "book" if "book" in kinds and "chapter" not in kinds else "incollection"
    if "proceedings" in kinds and published in {"B", "S", "C"}:
        kind = "inproceedings"
    date = tags.date("PY", "PD", "EA")
    first, last = tags.first("BP", "BR", "PS"), tags.first("EP")
    container = {"journal": tags.first("SO", "JI", "J9")}
    if kind in {"incollection", "inproceedings"}:
        container = {"booktitle": container["journal"]}
    return Record(
        type=kind,
        title=tags.first("TI"),
        authors=(*_people(tags, "AF", "AU"), *(organisation(name) for name in split_list(tags.every("CA")))),
        editors=_people(tags, "BE", "ED"),
        year=date.year,
        month=date.month,
        day=date.day,
        **container,
        series=tags.first("SE"),
        volume=tags.first("VL"),
        number=tags.first("IS"),
        pages=f"{first}-{last}"
        if first and last and first != last and "-" not in first
        else first or last or tags.first("AR"),
        publisher=tags.first("PU"),
        address=tags.first("PI", "PA"),
        doi=tags.matching(find_doi, "DI"),
        pmid=tags.matching(find_pmid, "PM") or tags.matching(_medline_pmid, "UT"),
        isbn=tags.matching(printed_isbn, "BN"),
        issn=tags.matching(printed_issn, "SN", "EI"),
        url=tags.first("UR"),
        abstract=tags.first("AB"),
        keywords=split_list([value.replace("\n", " ") for value in tags.every("DE", "ID")]),
        language=tags.first("LA"),
        origin=Origin(file, "isi", block.line, "Web of Science"),
        other=tags.rest(),
    )


def _people(tags: Tags, full: str, short: str) -> tuple[Name, ...]:
    """The full names where they stand; the short ones, which say less, go with them."""
    names = split_list(tags.every(full))
    shorter = split_list(tags.every(short))
    return tuple(person(name) for name in names or shorter)


def _medline_pmid(text: str) -> str:
    found = re.fullmatch(r"MEDLINE:(\d+)", text.strip())
    return found.group(1) if found else ""
