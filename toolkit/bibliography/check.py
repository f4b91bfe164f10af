"""Rules on single references that do not need the rest of the review."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.errors import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.bibliography.library import Library, Reference

_DOI = re.compile(r"10\.\d{4,9}/\S+")
UNCHECKED = "metadata-unchecked"
"""The keyword of entries whose volume, pages or names still want a check against a DOI service."""


def check_library(library: Library, *, name: str) -> list[Finding]:
    """What is wrong in a library: what could not be read, DOIs of the wrong form or used twice, missing basics."""
    findings = list(library.findings)
    seen: dict[str, str] = {}
    for reference in library.values():
        findings.extend(_check_fields(reference, name))
        doi = reference.fields.get("doi", "").lower()
        if not doi:
            continue
        if not _DOI.fullmatch(doi):
            hint = "a DOI begins with 10. and holds no address before it: 10.1000/xyz123"
            findings.append(_finding(reference, name, Severity.ERROR, "doi-form", "doi", doi, "is no DOI", hint))
        elif doi in seen:
            hint = "two entries of one report: keep one, and use its key in data/"
            message = f"is the DOI of {seen[doi]!r} too"
            findings.append(_finding(reference, name, Severity.WARNING, "doi-duplicate", "doi", doi, message, hint))
        seen.setdefault(doi, reference.key)
    return findings


def _check_fields(reference: Reference, name: str) -> Iterator[Finding]:
    for column, others in (("title", ()), ("year", ("date",))):
        if not any(reference.fields.get(field) for field in (column, *others)):
            hint = "add it from the report"
            yield _finding(reference, name, Severity.ERROR, "required", column, "", "is missing", hint)
    if not (reference.fields.get("author") or reference.fields.get("editor")):
        hint = "add it; put the name of an organisation in double braces"
        yield _finding(reference, name, Severity.WARNING, "required", "author", "", "is missing", hint)


def _finding(
    reference: Reference, name: str, severity: Severity, rule: str, column: str, value: str, message: str, hint: str
) -> Finding:
    shown = f"{value!r} {message}" if value else message
    return Finding(
        severity, name, rule, shown, hint, line=reference.line, column=column, value=value, record=reference.key
    )
