"""RIS, as PubMed, Scopus, Web of Science, EndNote, Ovid, ProQuest and others write it; read forgivingly.

Sources: the RIS specification of Research Information Systems (2001, 2011 tags of EndNote X) and the habits of the
databases: ``KW`` with further lines, values that go on in the next line with or without an indent, empty tags, one
space before the hyphen, ``1.`` before a record, ``PY`` with ``/received`` behind it, and an ``ER`` that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import person
from toolkit.bibliography.formats.ris_dialects import as_ris
from toolkit.bibliography.formats.tags import RecordsBlock, Tags, numbered_lines, split_list
from toolkit.bibliography.identifiers import find_doi, find_pmcid, find_pmid, printed_isbn, printed_issn
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

_TAG = re.compile(r"[ \t]{0,3}([A-Z][A-Z0-9]{1,3})[ \t]{2,3}[-–](?:[ \t]?(.*))?$")
_SMALL_TAG = re.compile(r"[ \t]{0,3}([a-z][a-z0-9])[ \t]{2}-(?:[ \t]?(.*))?$")
_NARROW_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3})[ \t]?[-–](?:[ \t]+(.*))?$")
_KNOWN = frozenset(
    "TY ER A1 A2 A3 A4 AB AD AN AU AV BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DI DO DP DS ED EP ET ID IS J1 J2 "
    "JA JF JO JOUR KW L1 L2 L3 L4 LA LB LK "
    "M1 M2 M3 N1 N2 NV OP PB PP PY RI RN RP SE SN SO SP ST T1 T2 T3 TA TI TT U1 U2 "
    "U3 U4 U5 UR VL VO Y1 Y2 PMID PMC DOI".split()
)
_LONG_TEXT = frozenset({"AB", "N1", "N2"})
_NUMBER = re.compile(r"\s*\d{1,7}\.?\s*")

TYPES = {
    "JOUR": "article", "EJOUR": "article", "JFULL": "article", "MGZN": "article", "NEWS": "article", "ABST": "article",
    "INPR": "article", "BOOK": "book", "EBOOK": "book", "EDBOOK": "book", "WHOLE": "book", "CHAP": "incollection",
    "ECHAP": "incollection", "CONF": "inproceedings", "CPAPER": "inproceedings", "THES": "phdthesis",
    "RPRT": "techreport", "UNPB": "unpublished", "MANSCPT": "unpublished", "GEN": "misc", "ELEC": "online",
    "DATA": "dataset", "COMP": "software", "PAT": "patent",
}  # fmt: skip
"""Entry types by RIS type; a type that is not here is ``misc`` and stays in ``other``."""
_CANONICAL = {
    "article": "JOUR", "book": "BOOK", "incollection": "CHAP", "inproceedings": "CONF", "phdthesis": "THES",
    "mastersthesis": "THES", "techreport": "RPRT", "unpublished": "UNPB", "misc": "GEN", "inbook": "CHAP",
    "proceedings": "CONF", "conference": "CONF", "report": "RPRT", "thesis": "THES", "online": "ELEC",
    "dataset": "DATA", "software": "COMP", "patent": "PAT", "booklet": "BOOK", "manual": "BOOK", "collection": "EDBOOK",
}  # fmt: skip
"""RIS types by entry type. Where several entry types share one, ``M3`` (type of work) says which it is."""
_MASTER = re.compile(r"\bmaster|\bm\.?\s?(?:sc|a)\b", re.IGNORECASE)


def read_ris(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of a RIS file. A record without ``ER`` or ``TY`` is kept, and told."""
    reporter = Reporter(file)
    return [_record(block, file, reporter) for block in _blocks(as_ris(text), reporter)], reporter


def _blocks(text: str, reporter: Reporter) -> Iterator[RecordsBlock]:
    block, blank = None, False
    for number, line in numbered_lines(text):
        pair = _pair(line)
        if pair is None:
            blank = _further_line(block, line, blank)
            continue
        tag, value = pair
        blank = False
        if tag == "TY" and block is not None and block.has("TY", "TI", "T1", "AU", "A1"):
            _not_ended(block, number, reporter)
            yield block
            block = None
        if tag == "ER":
            if block is not None:
                yield block
            elif value.strip():
                reporter.warn("stray-tag", "ER ends a record that never began", "look at the lines above", line=number)
            block = None
            continue
        block = block or RecordsBlock(number)
        block.add(tag, value)
    if block is not None:
        _not_ended(block, None, reporter)
        yield block


def _pair(line: str) -> tuple[str, str] | None:
    found = _TAG.match(line)
    if found is None:
        found = _NARROW_TAG.match(line) or _SMALL_TAG.match(line)
        if found is None or found.group(1).upper() not in _KNOWN:
            return None
    return found.group(1).upper(), found.group(2) or ""


def _further_line(block: RecordsBlock | None, line: str, blank: bool) -> bool:
    """Put a line without a tag where it belongs; true where an empty line came before whatever is next."""
    if not line.strip():
        return True
    if block is None:
        return blank
    if not blank or block.lines[-1][0] in _LONG_TEXT:
        block.add_line(line.strip())
        return False
    if not _NUMBER.fullmatch(line):
        block.add("", line.strip())
    return blank


def _not_ended(block: RecordsBlock, number: int | None, reporter: Reporter) -> None:
    before = f"before the next one begins in line {number}" if number else "before the file ends"
    hint = "the record was kept; see whether the export was cut short"
    reporter.warn("missing-end", f"the record that begins here has no ER {before}", hint, line=block.line)


def _record(block: RecordsBlock, file: str, reporter: Reporter) -> Record:
    tags = Tags(block.pairs)
    if not block.has("TY"):
        hint = "it was kept as an article; look for a TY line lost above it"
        reporter.warn("missing-type", "the record that begins here has no TY", hint, line=block.line)
    kind, values = _type(tags, block)
    if not values:
        return Record(type=kind, origin=Origin(file, "ris", block.line), other=tags.rest())
    date = tags.date("PY", "Y1", "DA", "DP", "YR")
    doi, pmid, pmcid = _identifiers(tags)
    pages = _pages(tags)
    container = _container(tags, kind)
    publisher = "institution" if kind in {"phdthesis", "mastersthesis", "techreport"} else "publisher"
    return Record(
        type=kind,
        title=tags.first("TI", "T1", "CT", *(("BT",) if kind == "book" else ())),
        authors=tuple(person(name) for name in tags.every("AU", "A1", file_order=True)),
        editors=tuple(person(name) for name in tags.every("ED", "A2", file_order=True)),
        year=date.year,
        month=date.month,
        day=date.day,
        **container,
        series=tags.first("T3", *(("T2",) if kind == "book" else ())),
        volume=tags.first("VL", "VO"),
        number=tags.first("IS", "CP"),
        pages=pages,
        edition=tags.first("ET"),
        **{publisher: tags.first("PB")},
        address=tags.first("CY", "PP"),
        doi=doi,
        pmid=pmid,
        pmcid=pmcid,
        issn=_alone(tags, printed_issn),
        isbn=_alone(tags, printed_isbn),
        url=tags.first("UR"),
        abstract=tags.longest("AB", "N2"),
        keywords=split_list(tags.every("KW")),
        language=tags.first("LA"),
        note=tags.first("N1"),
        key=_key(tags),
        origin=Origin(file, "ris", block.line, tags.first("DB")),
        other=tags.rest(),
    )


def _type(tags: Tags, block: RecordsBlock) -> tuple[str, bool]:
    for place, value in list(tags.values("TY")):
        kind = TYPES.get(value.upper(), "misc")
        if _CANONICAL.get(kind) == value:
            tags.take(place)
        for place, text in tags.values("M3"):
            if text in _CANONICAL and TYPES[_CANONICAL[text]] == kind:
                tags.take(place)
                return text, len(block.lines) > 1
        if kind == "phdthesis" and any(_MASTER.search(text) for _, text in tags.values("M3")):
            kind = "mastersthesis"
            if any(text == "Master's thesis" for _, text in tags.values("M3")):
                tags.first("M3")
        return kind, len(block.lines) > 1
    return "article", True


def _container(tags: Tags, kind: str) -> dict[str, str]:
    """The journal or book in which a publication stands; an abbreviation of the journal stays beside it."""
    if kind in {"incollection", "inproceedings"}:
        return {"booktitle": tags.first("T2", "BT"), "journal": tags.first("JF", "JO", "JA", "J2", "J1")}
    return {"journal": tags.first("JF", *(("T2",) if kind != "book" else ()), "JO", "JA", "J2", "J1")}


def _pages(tags: Tags) -> str:
    first, last = tags.first("SP"), tags.first("EP")
    if first and last and not re.search(r"\d\s*[-–]", first) and first != last:
        return f"{first}-{last}"
    return first or last


def _identifiers(tags: Tags) -> tuple[str, str, str]:
    doi = tags.matching(_doi_alone, "DO", "DI", "DOI", "M3", "N1", "L3") or _peek(tags, find_doi, "UR")
    pmid = tags.matching(find_pmid, "PMID") or tags.matching(_marked_pmid, "U1", "AN", "C2", "C3", "N1", "ID")
    database = next((value for _, value in tags.values("DB")), "").lower()
    if not pmid and database in {"pubmed", "medline", "nlm"}:
        pmid = tags.matching(find_pmid, "AN")
    return doi, pmid, tags.matching(_pmcid_alone, "PMC", "C2", "AN", "U2")


def _doi_alone(text: str) -> str:
    """The DOI where the text is nothing else, as ``N1  - doi: 10.1000/1`` is."""
    doi = find_doi(text)
    rest = re.sub(r"https?://(?:dx\.)?doi\.org/|doi|[\s:.\[\]]", "", text.lower().replace(doi, "")) if doi else ""
    return doi if not rest else ""


def _marked_pmid(text: str) -> str:
    found = re.fullmatch(r"(\d+)\s*\[pmid\]|(?:PMID|MEDLINE|PUBMED)\s*:?\s*(\d+)", text.strip(), re.IGNORECASE)
    return find_pmid(found.group(1) or found.group(2)) if found else ""


def _pmcid_alone(text: str) -> str:
    return find_pmcid(text) if re.fullmatch(r"PMC\s?\d+", text.strip(), re.IGNORECASE) else ""


def _peek(tags: Tags, find, *names: str) -> str:
    return next((found for _, value in tags.values(*names) if (found := find(value))), "")


def _alone(tags: Tags, find) -> str:
    """The value of an ``SN`` that holds one identifier of a kind; with more beside it, it stays too."""
    for place, value in list(tags.values("SN")):
        if found := find(value):
            if re.sub(r"[^\dXx]", "", value).upper() == found.replace("-", "") and not re.search(
                r"[A-WYZa-wyz]", value
            ):
                tags.take(place)
            return found
    return ""


def _key(tags: Tags) -> str:
    for place, value in list(tags.values("ID", "LB")):
        if re.fullmatch(r"[^\s,{}\"#%~\\()=]+", value):
            tags.take(place)
            return value
    return ""


def ris_text(records: Iterable[Record]) -> str:
    """Records as RIS with CRLF, as the specification asks. Pairs in ``other`` with a tag of RIS are written back."""
    return "".join(_lines(record) for record in records)


def _lines(record: Record) -> str:
    own = [(tag, value) for tag, value in record.other if re.fullmatch(r"[A-Z][A-Z0-9]", tag)]
    kind = next((value for tag, value in own if tag == "TY"), _CANONICAL.get(record.type, "GEN"))
    first, dash, last = _first_and_last(record.pages)
    container = "T2" if record.booktitle else "JF"
    date = "/".join((record.year, record.month.zfill(2) if record.month else "", record.day.zfill(2)))
    pairs = [
        ("TY", kind), ("ID", record.key), ("TI", record.title),
        *(("AU", _text(name)) for name in record.authors), ("AU", "et al." if record.is_cut("author") else ""),
        *(("A2", _text(name)) for name in record.editors), ("A2", "et al." if record.is_cut("editor") else ""),
        ("PY", record.year), ("DA", f"{date}/" if record.month and not record.day else date if record.month else ""),
        (container, record.booktitle or record.journal), ("T3", record.series), ("VL", record.volume),
        ("JF", record.journal if record.booktitle else ""),
        ("IS", record.number), ("SP", first), ("EP", last if dash else ""), ("ET", record.edition),
        ("PB", record.publisher or record.institution), ("CY", record.address), ("DO", record.doi),
        ("U1", f"{record.pmid}[pmid]" if record.pmid else ""), ("C2", record.pmcid), ("SN", record.issn),
        ("SN", record.isbn), ("UR", record.url), ("AB", record.abstract), *(("KW", word) for word in record.keywords),
        ("LA", record.language), ("N1", record.note), ("DB", record.origin.database),
        ("M3", _work(record.type)),
    ]  # fmt: skip
    pairs += [(tag, value) for tag, value in own if tag not in {"TY", "ER"}]
    return (
        "".join(f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in pairs if value.strip()) + "ER  - \r\n\r\n"
    )


def _work(kind: str) -> str:
    """What ``M3`` says of a work where ``TY`` would be read as another entry type."""
    if kind == "mastersthesis":
        return "Master's thesis"
    return kind if TYPES.get(_CANONICAL.get(kind, ""), kind) != kind else ""


def _first_and_last(pages: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"([\w.]+)\s?[-–]{1,2}\s?([\w.]+)", pages)
    return (found.group(1), "-", found.group(2)) if found else (pages, "", "")


def _text(name: Name) -> str:
    """A name as RIS has it, ``family, given, suffix``."""
    if name.literal:
        return name.family
    return ", ".join(part for part in (name.last, name.given, name.suffix) if part)
