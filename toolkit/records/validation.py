"""A raw row to a record, or to findings in words that a researcher understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from toolkit.errors import Finding, Severity, suggestion
from toolkit.records.fields import country_suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from toolkit.records.fields import Record

RecordType = TypeVar("RecordType", bound="Record")

_PATTERN_HINTS = {
    r"\d{4}-": "a day is written YYYY-MM-DD",
    "https?": "an address begins with http:// or https:// and holds no spaces",
    "^[a-z0-9]": "it names files too: lower-case letters, digits and hyphens only",
    "A-Za-z0-9": "a key holds letters, digits and . _ : + - only, no spaces",
    "<=": "a p-value is a number or a bound: 0.03, <0.001",
}


def validate(
    model: type[RecordType],
    row: Mapping[str, Any],
    *,
    file: str,
    key: str,
    line_of: Callable[[str], int | None],
) -> tuple[RecordType | None, list[Finding]]:
    """The record that a row makes, or the findings that say why it makes none.

    ``line_of`` gives the line of a field (for a CSV row the row's own line).
    """
    try:
        return model.model_validate(row), []
    except ValidationError as error:
        return None, [_finding(detail, row, file, key, line_of) for detail in error.errors(include_url=False)]


def _finding(detail: Any, row: Mapping[str, Any], file: str, key: str, line_of: Callable[[str], int | None]) -> Finding:
    column = ".".join(str(part) for part in detail["loc"])
    missing = detail["type"] == "missing"
    value = "" if missing else str(detail["input"])
    rule, message, hint = _explain(detail, value)
    return Finding(
        Severity.ERROR,
        file,
        rule,
        message if missing else f"{value!r}: {message}",
        hint,
        line=line_of(column.split(".")[0]),
        column=column,
        value=value,
        record=str(row.get(key, "")),
    )


def _explain(detail: Any, value: str) -> tuple[str, str, str]:
    """The rule that was broken, what is wrong, and what to do, from a pydantic error."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "required", "is empty", "fill it in: the row cannot be used without it"
    if kind in ("enum", "literal_error"):
        terms = [term.strip(" '") for term in str(context["expected"]).replace(" or ", ", ").split(",")]
        return "vocabulary", "is not one of the terms", f"use one of {', '.join(terms)}.{suggestion(value, terms)}"
    if kind == "extra_forbidden":
        return "unknown-field", "is not a field of this table", "check its spelling, or take it out"
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        hint = next((text for mark, text in _PATTERN_HINTS.items() if mark in pattern), "correct its spelling")
        return "form", "has the wrong form", hint
    if kind == "value_error":
        return _explain_own(str(context["error"]), value)
    return "value", detail["msg"].lower(), "correct it from the source"


def _explain_own(message: str, value: str) -> tuple[str, str, str]:
    """What to do about a value that one of our own field types refused."""
    if "comma" in message:
        return "number", message, "write 1.8, not 1,8; a spreadsheet set to a decimal comma turns the whole file"
    if "ISO 3166" in message:
        return "value", message, f"use the two-letter codes, ; between, XM for many.{country_suggestion(value)}"
    if "device" in message:
        return "form", message, "choose a longer key: it names files too"
    return "number" if "number" in message else "value", message, "correct it from the source"
