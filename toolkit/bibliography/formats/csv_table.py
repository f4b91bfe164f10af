"""References in a CSV table, whatever its columns are called, by a map from columns to fields."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping

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
    "place": "address", "notes": "note",
    "id": "key", "citation key": "key", "item type": "type", "place of publication": "address",
}  # fmt: skip
_INITIALS_LIST = re.compile(r"[^,;]+ [^\W\d_a-z]{1,3}(?:, [^,;]+ [^\W\d_a-z]{1,3})*\.?")
_MARKS = ",;\t|"


def column_map(header: list[str]) -> dict[str, str]:
    """The fields that columns with known headings go to: ours, and those of PubMed, Scopus and Zotero."""
    found: dict[str, str] = {}
    for column in header:
        name = one_line(column).lower()
        field = name if name in FIELDS else _HEADINGS.get(name)
        if field is not None and field not in found.values():
            found[column] = field
    return found


def delimiter_of(text: str) -> str:
    """The sign between cells in the first line."""
    line = text.lstrip("\r\n").split("\n", 1)[0]
    return max(_MARKS, key=line.count)


def read_csv(text: str, file: str, *, columns: Mapping[str, str] | None = None) -> tuple[list[Record], Reporter]:
    """The records of a table, one a row; ``columns`` says which column is which field, by default known headings.

    What stands in other columns stays in ``other``. A row with more cells than the header is kept, and told.

    :raises ValueError: ``columns`` names a field that a record has not.
    """
    reporter = Reporter(file)
    if unknown := sorted({field for field in (columns or {}).values() if field not in FIELDS}):
        raise ValueError(f"no field of a record: {', '.join(unknown)}; the fields are {', '.join(FIELDS)}")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    records: list[Record] = []
    header: list[str] = []
    start = 1
    csv.field_size_limit(2**31 - 1)
    try:
        for cells in reader:
            line, start = start, reader.line_num + 1
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
    other = []
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
        elif field is not None:
            values[field] = text
        else:
            other.append((column, text))
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
            role: "; ".join(_cell_name(name) for name in getattr(record, role)) for role in ("authors", "editors")
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
