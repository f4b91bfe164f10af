"""TOML files to records, with the line of each entry, which the standard parser does not give."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from toolkit.errors import Finding, Severity, suggestion
from toolkit.records.tables import TableRead
from toolkit.records.text import read_text
from toolkit.records.validation import RecordType, validate

if TYPE_CHECKING:
    from pathlib import Path


# Comments and strings, of several lines first.
_TOKEN = re.compile(r'#[^\n]*|"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'', re.DOTALL)
_LONG = ("#", '"""', "'''")


@dataclass(frozen=True)
class TomlFile:
    """A TOML file as parsed (floats as ``Decimal``, as printed), with its text and what is wrong with it."""

    name: str
    text: str = ""
    content: dict[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


def read_toml(path: Path, name: str, *, tables: tuple[str, ...]) -> TomlFile:
    """Parse a TOML file that may hold the ``tables`` named and nothing else."""
    text, findings = read_text(path, name)
    if text is None:
        return TomlFile(name, findings=tuple(findings))
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # bad TOML, or numbers and lists beyond all bounds
        place = re.search(r"at line (\d+)", str(error))
        line = int(place.group(1)) if place else text.count("\n") + 1
        lines = text.splitlines()
        value = lines[line - 1].strip() if line <= len(lines) else ""
        hint = "correct the line: text in quotes, lists in [ ], one `key = value` a line"
        broken = Finding(Severity.ERROR, name, "toml", f"is not valid TOML ({error})", hint, line=line, value=value)
        return TomlFile(name, text, None, (*findings, broken))
    for key in content.keys() - set(tables):
        hint = f"this file holds {', '.join(tables)}.{suggestion(key, tables)}"
        line = _line_matching(text, rf"\[*{re.escape(key)}\b")
        findings.append(
            Finding(
                Severity.ERROR, name, "unknown-field", f"{key!r} is unknown", hint, line=line, column=key, value=key
            )
        )
    return TomlFile(name, text, content, tuple(findings))


def read_entries(file: TomlFile, table: str, model: type[RecordType]) -> TableRead[RecordType]:
    """The records in ``[[table]]`` entries of a parsed file, by the first field of ``model``."""
    if file.content is None:
        return TableRead(findings=())
    key = next(iter(model.model_fields))
    entries = file.content.get(table, [])
    lines_read = _without_strings(file.text).split("\n")
    heading = _heading(table)
    entry_lines = [number for number, text in enumerate(lines_read, 1) if heading.match(text)]
    if not isinstance(entries, list) or len(entry_lines) != len(entries):
        hint = f"begin each entry with a line [[{table}]]"
        broken = Finding(Severity.ERROR, file.name, "toml", f"{table!r} is not a list of entries", hint, column=table)
        return TableRead(findings=(broken,))
    records: dict[str, RecordType] = {}
    lines: dict[str, int] = {}
    findings: list[Finding] = []
    for entry, start in zip(entries, entry_lines, strict=True):
        identifier = str(entry.get(key, ""))
        line = _line_of_field(lines_read, heading, start, key)
        if identifier in lines:
            message = f"{identifier!r} stands in line {lines[identifier]} already"
            findings.append(
                Finding(
                    Severity.ERROR,
                    file.name,
                    "duplicate-key",
                    message,
                    "give each entry a key of its own",
                    line=line,
                    column=key,
                    value=identifier,
                    record=identifier,
                )
            )
            continue
        record, broken = validate(
            model,
            entry,
            file=file.name,
            key=key,
            line_of=lambda field, start=start: _line_of_field(lines_read, heading, start, field),
        )
        findings.extend(broken)
        lines[identifier] = line
        if record is not None:
            records[identifier] = record
    return TableRead(records, lines=lines, findings=tuple(findings), complete=True)


def _heading(table: str) -> re.Pattern[str]:
    """What begins an entry: ``[[table]]``, with spaces and quotation marks as TOML allows them."""
    return re.compile(rf"\s*\[\[\s*([\"']?){re.escape(table)}\1\s*\]\]\s*$")


def _without_strings(text: str) -> str:
    """Valid TOML without its comments and without what long strings say, line by line as before."""
    return _TOKEN.sub(lambda token: "\n" * token[0].count("\n") if token[0].startswith(_LONG) else token[0], text)


def _line_of_field(lines: list[str], heading: re.Pattern[str], start: int, field: str) -> int:
    """The line of ``field`` in the entry that begins at line ``start``; that line itself where it has none."""
    for number, line in enumerate(lines[start:], start + 1):
        if heading.match(line):
            break
        if re.match(rf"\s*\[?\w*\.?{re.escape(field)}\b", line):
            return number
    return start


def _line_matching(text: str, pattern: str) -> int | None:
    return next((number for number, line in enumerate(text.splitlines(), 1) if re.match(pattern, line)), None)
