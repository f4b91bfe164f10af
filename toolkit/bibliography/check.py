"""What is wrong in a library: faults of its syntax, missing fields, identifiers and values that cannot be right."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from toolkit.bibliography.entry_style import protect_capitals
from toolkit.bibliography.identifiers import find_doi, is_isbn, is_issn
from toolkit.bibliography.keys import follows_pattern
from toolkit.bibliography.latex import VERBATIM
from toolkit.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from toolkit.bibliography.library import Library, Reference

UNCHECKED = "metadata-unchecked"
"""The keyword of entries whose volume, pages or names still want a check against a DOI service."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "article": ("journal/journaltitle",),
    "book": ("publisher",),
    "collection": ("publisher",),
    "proceedings": (),
    "inbook": ("booktitle/chapter/pages", "publisher"),
    "incollection": ("booktitle", "publisher"),
    "inproceedings": ("booktitle",),
    "conference": ("booktitle",),
    "phdthesis": ("school/institution",),
    "mastersthesis": ("school/institution",),
    "thesis": ("institution/school",),
    "techreport": ("institution",),
    "report": ("institution",),
    "online": ("url",),
}
"""What a type needs besides title, year and author: *BibTeXing*, section 3.1, and the biblatex manual, section 2.1;
a slash stands between fields of which one is enough."""

_INVISIBLE = frozenset({"xdata", "set"})
_EARLIEST = 1400
_UNESCAPED = re.compile(r"(?<!\\)[&#]|(?<!\\)%(?!\w{2})|(?<![\\\w${])_(?!\w*\$)")
_PROSE = ("title", "booktitle", "journal", "journaltitle", "publisher", "institution", "school", "series", "author")


def check_library(
    library: Library,
    *,
    name: str,
    pattern: str = "",
    cited: Container[str] | None = None,
    abstracts: bool = False,
    metadata: bool = False,
) -> list[Finding]:
    """What is wrong in a library, in the order of the file.

    :param name: how findings call the file.
    :param pattern: the pattern that keys are to follow (``keys.make_key``); by default keys are not held to one.
    :param cited: keys that studies or questions cite; entries that are not among them are told.
    :param abstracts: whether an article without an abstract is told.
    :param metadata: whether an entry is told that lacks what its type needs, or bears the keyword
        ``metadata-unchecked``.
    """
    findings = list(library.findings)
    seen: dict[str, str] = {}
    for reference in library.values():
        if reference.type in _INVISIBLE:
            continue
        report = _Report(reference, name)
        found = [*_required(report), *_identifiers(report, seen), *_values(report)]
        if pattern and not follows_pattern(reference.key, reference.record, pattern=pattern):
            hint = f"a new entry would follow {pattern}; `evidence refs rename` changes a key everywhere"
            found.append(report.warning("key-pattern", "key", reference.key, "does not follow the pattern", hint))
        if cited is not None and reference.key not in cited:
            hint = "cite it in studies.csv, or take it out"
            found.append(report.warning("unused", "key", reference.key, "is cited by no study or question", hint))
        if abstracts and reference.type == "article" and not reference.fields.get("abstract"):
            found.append(report.warning("abstract", "abstract", "", "is missing", "`evidence refs lookup` may know it"))
        found += _required_by_type(report) if metadata else ()
        if metadata and UNCHECKED in reference.keywords:
            hint = "look it up, then take the keyword out"
            found.append(report.warning(UNCHECKED, "keywords", UNCHECKED, "stands in the keywords", hint))
        findings.extend(found)
    return findings


class _Report:
    """Makes the findings on one reference."""

    def __init__(self, reference: Reference, file: str) -> None:
        self.reference = reference
        self.file = file

    def error(self, rule: str, column: str, value: str, message: str, hint: str) -> Finding:
        return self._finding(Severity.ERROR, rule, column, value, message, hint)

    def warning(self, rule: str, column: str, value: str, message: str, hint: str) -> Finding:
        return self._finding(Severity.WARNING, rule, column, value, message, hint)

    def _finding(self, severity: Severity, rule: str, column: str, value: str, message: str, hint: str) -> Finding:
        shown = f"{value[:80]!r} {message}" if value else message
        key = self.reference.key
        return Finding(severity, self.file, rule, shown, hint, self.reference.line, column, value, key)


def _required(report: _Report) -> Iterator[Finding]:
    fields = report.reference.fields
    for column, others in (("title", ()), ("year", ("date",))):
        if not any(fields.get(field) for field in (column, *others)):
            yield report.error("required", column, "", "is missing", "add it from the report")
    if not (fields.get("author") or fields.get("editor")):
        hint = "add it; put the name of an organisation in double braces"
        yield report.warning("required", "author", "", "is missing", hint)


def _required_by_type(report: _Report) -> Iterator[Finding]:
    fields = report.reference.fields
    for need in REQUIRED.get(report.reference.type, ()):
        names = need.split("/")
        if not any(fields.get(field) for field in names):
            hint = f"add it: an entry of type {report.reference.type} needs {' or '.join(names)}"
            yield report.warning("required", names[0], "", "is missing", hint)


def _identifiers(report: _Report, seen: dict[str, str]) -> Iterator[Finding]:
    reference = report.reference
    doi = reference.text("doi").lower()
    if doi and find_doi(doi) != doi:
        hint = "a DOI begins with 10. and holds no address before it: 10.1000/xyz123"
        yield report.error("doi-form", "doi", doi, "is no DOI", hint)
    elif doi:
        if doi in seen:
            hint = "two entries of one report: keep one, and use its key in data/"
            yield report.warning("doi-duplicate", "doi", doi, f"is the DOI of {seen[doi]!r} too", hint)
        seen.setdefault(doi, reference.key)
    pmid = reference.text("pmid")
    if pmid and not re.fullmatch(r"[1-9]\d{0,8}", pmid):
        yield report.error("pmid-form", "pmid", pmid, "is no PMID", "a PMID is a number of up to nine digits")
    pmcid = reference.text("pmcid")
    if pmcid and not re.fullmatch(r"PMC\d+", pmcid):
        yield report.warning("pmcid-form", "pmcid", pmcid, "is no PMCID", "a PMCID is PMC and a number")
    for column, is_right, example in (("isbn", _is_isbn, "978-0-306-40615-7"), ("issn", _is_issn, "0140-6736")):
        for value in re.split(r"[,;/]\s*|\s+(?=[\d(])", reference.text(column)):
            number = re.sub(r"\([^)]*\)", "", value).strip()
            if number and not is_right(number):
                hint = f"compare it with the report: the last sign checks the others ({example})"
                yield report.warning(f"{column}-form", column, number, f"is no {column.upper()}", hint)


def _is_isbn(text: str) -> bool:
    return is_isbn(re.sub(r"[-‐‑–\s]", "", text).upper())


def _is_issn(text: str) -> bool:
    digits = re.sub(r"[-‐‑–\s]", "", text).upper()
    return is_issn(f"{digits[:4]}-{digits[4:]}")


def _values(report: _Report) -> Iterator[Finding]:
    yield from _year(report)
    yield from _names(report)
    own = report.reference.own
    for column in _PROSE:
        value = own.get(column, "")
        plain = re.sub(r"\\url\{[^{}]*\}|\$[^$]*\$", "", value)
        if column not in VERBATIM and (found := _UNESCAPED.search(plain)) is not None:
            hint = f"write \\{found.group()}: LaTeX stops at it, or drops what follows (`evidence refs tidy` does it)"
            yield report.warning("unescaped", column, found.group(), f"is not escaped in {value[:60]!r}", hint)
    title = own.get("title", "")
    if title.isupper() and len(title.split()) > 2:
        hint = "write it as a sentence: styles cannot make small letters of it safely"
        yield report.warning("title-capitals", "title", title, "is in capitals", hint)
    elif (protected := protect_capitals(title)) != title:
        word = next((word for word in re.findall(r"\{([^{}]*)\}", protected) if f"{{{word}}}" not in title), title)
        hint = f"write {{{word}}}, so that no style makes it small (`evidence refs tidy` does it)"
        yield report.warning("title-case", "title", word, "is not protected by braces", hint)


def _year(report: _Report) -> Iterator[Finding]:
    reference = report.reference
    year = reference.fields.get("year", "")
    if not year or year == reference.fields.get("date"):
        return
    found = re.search(r"(?<!\d)\d{4}(?!\d)", year)
    if found is None:
        if not re.search(r"in press|forthcoming|submitted|to appear|n\.?d\.?", year, re.IGNORECASE):
            hint = "write four digits, or `in press`"
            yield report.warning("year", "year", year, "is no year", hint)
    elif not _EARLIEST <= int(found.group()) <= date.today().year + 1:
        yield report.error("year", "year", year, "cannot be the year of a publication", "compare it with the report")


def _names(report: _Report) -> Iterator[Finding]:
    for column in ("author", "editor"):
        value = report.reference.own.get(column, "")
        if not value:
            continue
        trouble, hint = _trouble_in_names(value)
        if trouble:
            yield report.warning("names", column, value[:60], trouble, hint)


def _trouble_in_names(value: str) -> tuple[str, str]:
    outside = re.sub(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "X", value)
    if ";" in outside:
        return "has semicolons between names", "write `and` between names"
    if re.search(r"\bet\.? al\b", outside, re.IGNORECASE):
        return "says et al.", "name all authors, or end with `and others`"
    if re.search(r"(?:^|\sand)\s+and\s|\sand\s*$|^\s*and\s", outside):
        return "has an empty name", "take out the `and` too many"
    if any(name.count(",") > 2 for name in re.split(r"\sand\s", outside)):
        return "has a name with too many commas", "write `and` between names, and `Family, Given`"
    if re.search(r",\s*(?:and\s|$)", outside):
        return "has a name that ends with a comma", "add the given name, or take out the comma"
    if re.search(r"\d", outside):
        return "has a digit in a name", "take out marks of footnotes"
    return "", ""
