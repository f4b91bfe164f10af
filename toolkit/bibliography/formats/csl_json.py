"""CSL-JSON, as Zotero, pandoc and Crossref give and take it.

Source: *Citation Style Language 1.0.2*, appendix IV, and its JSON schema ``csl-data.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from toolkit.bibliography.dates import parse_date
from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import person_of
from toolkit.bibliography.formats.tags import one_line
from toolkit.bibliography.identifiers import find_doi
from toolkit.bibliography.keywords import joined_keywords, split_keywords
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import CUT_SHORT, Origin, Record

_TYPES = {
    "article-journal": "article", "article": "article", "article-magazine": "article", "article-newspaper": "article",
    "journal-article": "article", "book": "book", "chapter": "incollection", "paper-conference": "inproceedings",
    "thesis": "phdthesis", "report": "techreport", "manuscript": "unpublished", "document": "misc", "webpage": "online",
    "dataset": "dataset", "software": "software",
}  # fmt: skip
_CSL_TYPES = {
    "article": "article-journal", "book": "book", "incollection": "chapter", "inbook": "chapter",
    "inproceedings": "paper-conference", "conference": "paper-conference", "phdthesis": "thesis",
    "mastersthesis": "thesis", "thesis": "thesis", "techreport": "report", "report": "report",
    "unpublished": "manuscript", "online": "webpage", "dataset": "dataset", "software": "software",
}  # fmt: skip
_BIBTEX_TYPE = "bibtex-type"
"""In ``custom``: the entry type where several share one CSL type."""
_FIELDS = {
    "title": "title", "volume": "volume", "issue": "number", "page": "pages", "edition": "edition",
    "publisher-place": "address", "DOI": "doi", "PMID": "pmid", "PMCID": "pmcid", "ISBN": "isbn", "ISSN": "issn",
    "URL": "url", "abstract": "abstract", "language": "language", "note": "note", "collection-title": "series",
    "id": "key",
}  # fmt: skip
_MARKUP = re.compile(r"</?(?:i|b|sub|sup|sc|span|jats:[a-z-]+)(?:\s[^<>]*)?>")


def read_csl_json(text: str, file: str) -> tuple[list[Record], Reporter]:
    """The records of a CSL-JSON file: a list of items, one item, an item a line, or a list within an object."""
    reporter = Reporter(file)
    try:
        content = _content(text)
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        reporter.error("json", f"is no sound JSON ({error})"[:200], "nothing was read; export it again", line=line)
        return [], reporter
    items = _items(content)
    records = []
    for number, item in enumerate(items if isinstance(items, list) else [items], 1):
        if isinstance(item, dict):
            records.append(_record(item, file, number))
        else:
            reporter.error("csl-item", f"item {number} is no record", "take it out", line=number, value=str(item)[:60])
    return records, reporter


def _content(text: str) -> Any:
    """What a file holds: one value, or one in each line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines):
            raise
        return [json.loads(line) for line in lines]


def _items(content: Any) -> Any:
    """The items of a file, whatever stands around them: nothing, ``items`` (Zotero), ``references`` (pandoc) or
    ``message`` (Crossref)."""
    if not isinstance(content, dict):
        return content
    for name in ("items", "references", "message"):
        if isinstance(content.get(name), dict | list):
            return _items(content[name])
    return [content]


def _record(item: dict[str, Any], file: str, number: int) -> Record:
    left = dict(item)
    kind = _TYPES.get(str(item.get("type", "")), "misc")
    if _CSL_TYPES.get(kind, "document") == item.get("type"):
        left.pop("type")
    custom = item.get("custom")
    if isinstance(custom, dict) and list(custom) == [_BIBTEX_TYPE]:
        kind = str(left.pop("custom")[_BIBTEX_TYPE])
    if kind == "phdthesis" and re.search("master", str(item.get("genre", "")), re.IGNORECASE):
        kind = "mastersthesis"
        if item.get("genre") == "Master's thesis":
            left.pop("genre")
    values = {field: _text(left.pop(name)) for name, field in _FIELDS.items() if _is_text(left.get(name))}
    if "doi" in values:
        values["doi"] = find_doi(values["doi"]) or values["doi"]
    container = "booktitle" if kind in {"incollection", "inproceedings"} else "journal"
    publisher = "institution" if kind in {"phdthesis", "mastersthesis", "techreport"} else "publisher"
    for name, field in (("container-title", container), ("publisher", publisher)):
        if _is_text(left.get(name)):
            values[field] = _text(left.pop(name))
    year, month, day = _date(left)
    people = {}
    for role in ("author", "editor"):
        if isinstance(left.get(role), list):
            people[f"{role}s"] = tuple(_name(name) for name in left.pop(role) if isinstance(name, dict))
    words = left.pop("keyword") if isinstance(left.get("keyword"), str) else ""
    other = tuple((name, value if isinstance(value, str) else json.dumps(value)) for name, value in left.items())
    origin = Origin(file, "csl-json", number)
    return Record(
        type=kind,
        **values,
        **people,
        year=year,
        month=month,
        day=day,
        keywords=tuple(map(one_line, split_keywords(words))),
        origin=origin,
        other=other,
    )


def _is_text(value: object) -> bool:
    return (isinstance(value, str | int) and not isinstance(value, bool)) or (
        isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)
    )


def _text(value: object) -> str:
    text = value[0] if isinstance(value, list) else value
    return one_line(_MARKUP.sub("", str(text)))


def _date(left: dict[str, Any]) -> tuple[str, str, str]:
    issued = left.get("issued")
    if not isinstance(issued, dict):
        return "", "", ""
    parts = issued.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0] and parts[0][0]:
        numbers = [str(part).lstrip("0") for part in parts[0][:3]] + ["", ""]
        if len(parts) == 1 and set(issued) == {"date-parts"}:
            left.pop("issued")
        return numbers[0], numbers[1], numbers[2]
    date = parse_date(str(issued.get("literal") or issued.get("raw") or ""))
    if date.whole and date.year:
        left.pop("issued")
    return date.year, date.month, date.day


def _name(name: dict[str, Any]) -> Name:
    if "family" not in name:
        return Name(str(name.get("literal") or name.get("name") or name.get("given", "")), literal=True)
    particle = str(name.get("non-dropping-particle") or name.get("dropping-particle") or "")
    family, given, suffix = str(name["family"]), str(name.get("given", "")), str(name.get("suffix", ""))
    return Name(family, given, particle, suffix) if particle else person_of(family, given, suffix)


def csl_item(record: Record) -> dict[str, Any]:
    """A record as a CSL-JSON item. Pairs in ``other`` are written back where the item has no such variable."""
    item: dict[str, Any] = {"type": _CSL_TYPES.get(record.type, "document")}
    item |= {name: value for name, field in _FIELDS.items() if (value := getattr(record, field))}
    item["id"] = record.key or record.doi or record.title or "nameless"
    if container := record.booktitle or record.journal:
        item["container-title"] = container
    if publisher := record.publisher or record.institution:
        item["publisher"] = publisher
    if record.type == "mastersthesis":
        item["genre"] = "Master's thesis"
    elif _TYPES[item["type"]] != record.type:
        item["custom"] = {_BIBTEX_TYPE: record.type}
    for role, names in (("author", record.authors), ("editor", record.editors)):
        if names:
            item[role] = [_csl_name(name) for name in names]
            item[role] += [{"literal": "others"}] if record.is_cut(role) else []  # as pandoc writes and reads it
    date = [int(part) for part in (record.year, record.month, record.day if record.month else "") if part.isdigit()]
    if record.year.isdigit():
        item["issued"] = {"date-parts": [date]}
    if record.keywords:
        item["keyword"] = joined_keywords(record.keywords)
    if record.origin.format == "csl-json":
        item |= {
            name: _value(value)
            for name, value in record.other
            if name != CUT_SHORT and (name not in item or name == "type")
        }
    return item


def csl_json_text(records: Iterable[Record]) -> str:
    """Records as CSL-JSON."""
    return json.dumps([csl_item(record) for record in records], ensure_ascii=False, indent=2) + "\n"


def _csl_name(name: Name) -> dict[str, str]:
    if name.literal:
        return {"literal": name.family}
    parts = {"family": name.family, "given": name.given, "non-dropping-particle": name.particle, "suffix": name.suffix}
    return {part: text for part, text in parts.items() if text or part == "family"}


def _value(text: str) -> Any:
    if text[:1] not in "[{":
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
