"""References in a CSV table, whatever its columns are called, by a map from columns to fields."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping

from toolkit.bibliography.dates import parse_date
from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.people import organisation, person
from toolkit.bibliography.formats.tags import one_line, split_list
from toolkit.bibliography.identifiers import find_doi
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import TEXT_FIELDS, Origin, Record

FIELDS = ("key", "type", "authors", "editors", "keywords", *TEXT_FIELDS)
"""The fields that a column may be mapped to; they are also the columns that are written."""

_HEADINGS = {
    "author": "authors", "author names": "authors", "creator": "authors", "editor": "editors",
    "article title": "title", "document title": "title", "item title": "title", "primary title": "title",
    "publication year": "year", "pub year": "year", "date": "year", "pubyear": "year",
    "source": "journal", "source title": "journal", "publication title": "journal", "journal/book": "journal",
    "journal title": "journal", "container": "journal", "journal_name": "journal", "book title": "booktitle",
    "issue": "number", "no": "number", "page": "pages", "vol": "volume", "start page": "pages",
    "doi link": "doi", "pubmed id": "pmid", "pmc id": "pmcid", "link": "url", "urls": "url",
    "abstract note": "abstract", "author keywords": "keywords", "manual tags": "keywords", "tags": "keywords",
    "place": "address", "notes": "note", "page start": "pages", "first page": "pages", "author/s": "authors",
    "issue number": "number", "publication": "journal", "publication date": "year", "author(s)": "authors",
    "id": "key", "citation key": "key", "item type": "type", "place of publication": "address",
}  # fmt: skip
_INITIALS_LIST = re.compile(r"[^,;]+ [^\W\d_a-z]{1,3}(?:, [^,;]+ [^\W\d_a-z]{1,3})*\.?")
_MARKS = ",;\t|"
_SEPARATOR = re.compile(r"\s*sep=([,;\t|])[^\S\r\n]*(?:\r\n|\r|\n)", re.IGNORECASE)
_WEB_OF_SCIENCE = {
    "AF": "authors", "AU": "authors", "ED": "editors", "TI": "title", "SO": "journal", "SE": "series", "PY": "year",
    "VL": "volume", "IS": "number", "BP": "pages", "PU": "publisher", "DI": "doi", "PM": "pmid", "SN": "issn",
    "BN": "isbn", "AB": "abstract", "DE": "keywords", "LA": "language",
}  # fmt: skip
"""Columns of a tab-delimited table of Web of Science."""
_LAST_PAGE = frozenset({"end page", "page end", "last page", "ep"})


def column_map(header: list[str]) -> dict[str, str]:
    """The fields that columns with known headings go to: ours, and those of PubMed, Scopus and Zotero."""
    found: dict[str, str] = {}
    if header[:1] == ["PT"] and "TI" in header:
        fields = {field: column for column, field in reversed(_WEB_OF_SCIENCE.items()) if column in header}
        return {column: field for field, column in fields.items()}
    for column in header:
        name = one_line(column).lower()
        field = name if name in FIELDS else _HEADINGS.get(name)
        if field is not None and field not in found.values():
            found[column] = field
    return found


def delimiter_of(text: str) -> str:
    """The sign between cells: what a line ``sep=;`` before the header says, else what stands in the header most."""
    if (said := _SEPARATOR.match(text)) is not None:
        return said.group(1)
    line = text.lstrip("\r\n").split("\n", 1)[0]
    return max(_MARKS, key=line.count)


def without_separator_line(text: str) -> str:
    """A table without the line ``sep=;`` that spreadsheets put before the header."""
    return _SEPARATOR.sub("", text, count=1)


def read_csv(text: str, file: str, *, columns: Mapping[str, str] | None = None) -> tuple[list[Record], Reporter]:
    """The records of a table, one a row; ``columns`` says which column is which field, by default known headings.

    What stands in other columns stays in ``other``. A row with more cells than the header is kept, and told.

    :raises ValueError: ``columns`` names a field that a record has not.
    """
    reporter = Reporter(file)
    if unknown := sorted({field for field in (columns or {}).values() if field not in FIELDS}):
        raise ValueError(f"no field of a record: {', '.join(unknown)}; the fields are {', '.join(FIELDS)}")
    table = without_separator_line(text)
    reader = csv.reader(io.StringIO(table, newline=""), delimiter=delimiter_of(text))
    records: list[Record] = []
    header: list[str] = []
    before = 1 if len(table) < len(text) else 0
    start = 1 + before
    csv.field_size_limit(2**31 - 1)
    try:
        for cells in reader:
            line, start = start, before + reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                fields = dict(columns) if columns is not None else column_map(header)
                for column in sorted(set(fields) - set(header)):
                    reporter.error("missing-column", f"there is no column {column!r}", "correct the map", line=line)
                continue
            if len(cells) > len(header):
                message = f"the row has {len(cells)} cells, the header {len(header)}"
                reporter.warn("cells", message, "look for a quote that is not closed", line=line, value=cells[0][:40])
            records.append(_record(cells, header, fields, file, line))
    except csv.Error as error:
        hint = "the rows from here on were not read; look for a stray quote"
        reporter.error("missing-records", f"the row that begins here cannot be read ({error})", hint, line=start)
    return records, reporter


def _record(cells: list[str], header: list[str], fields: Mapping[str, str], file: str, line: int) -> Record:
    values: dict[str, object] = {}
    other, last_page = [], ""
    for place, cell in enumerate(cells):
        column = header[place] if place < len(header) else ""
        text, field = one_line(cell), fields.get(column)
        if not text:
            continue
        if field in {"authors", "editors"}:
            values[field] = _people(text)
        elif field == "keywords":
            values[field] = split_list([text], ";")
        elif field == "doi":
            values[field] = find_doi(text) or text
        elif field == "year":
            date = parse_date(text)
            values["year"] = date.year if date.year and date.whole else text
            values |= {part: value for part in ("month", "day") if date.whole and (value := getattr(date, part))}
        elif field is not None:
            values[field] = text
        elif column.lower() in _LAST_PAGE:
            last_page = text
        else:
            other.append((column, text))
    if last_page and values.get("pages", last_page) != last_page and "-" not in str(values["pages"]):
        values["pages"] = f"{values['pages']}-{last_page}"
    kind = str(values.pop("type", "")).lower()
    return Record(
        **values, type=kind if kind.isalpha() else "article", origin=Origin(file, "csv", line), other=tuple(other)
    )


def _people(text: str) -> tuple[Name, ...]:
    """Names between ``;`` or ``and``; between commas only where each ends in initials, as PubMed writes it."""
    if ";" in text:
        parts = text.split(";")
    elif " and " in text:
        parts = text.split(" and ")
    elif _INITIALS_LIST.fullmatch(text):
        parts = text.rstrip(".").split(",")
    else:
        parts = [text]
    return tuple(_person(part.strip()) for part in parts if part.strip())


def _person(text: str) -> Name:
    return organisation(text[1:-1]) if text[0] == "{" and text[-1] == "}" else person(text)


def csv_text(records: Iterable[Record]) -> str:
    """Records as CSV with a column a field. A cell that a spreadsheet would run as a formula gets a ``'`` before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for record in records:
        people = {
            f"{role}s": "; ".join(
                [*map(_cell_name, getattr(record, f"{role}s")), *(["et al."] if record.is_cut(role) else [])]
            )
            for role in ("author", "editor")
        }
        lists = people | {"keywords": "; ".join(record.keywords)}
        writer.writerow([_safe(lists.get(field) if field in lists else getattr(record, field)) for field in FIELDS])
    return text.getvalue()


def _cell_name(name: Name) -> str:
    if name.literal:
        return f"{{{name.family}}}"
    return ", ".join(part for part in (name.last, name.given, name.suffix) if part)


def _safe(text: str) -> str:
    return f"'{text}" if re.match(r"[=@\t\r]|[+-](?![\d.])", text) else text
