"""CSV tables to records. Whatever is wrong becomes a finding; the file is only ever read."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

from toolkit.errors import Finding, Severity, suggestion
from toolkit.records.text import read_text
from toolkit.records.validation import RecordType, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


_SEPARATOR_HINT = (
    "save it with commas between cells and a point in numbers: in LibreOffice by 'Edit filter settings', in Excel "
    "after setting the system's list separator to a comma and its decimal sign to a point"
)


@dataclass(frozen=True)
class TableRead(Generic[RecordType]):
    """What a CSV file gave: its records by key, the line of each, the findings, and whether it was read to its end.

    ``rejected`` holds the rows, with their lines, that make no record: their keys can be checked all the same.
    """

    records: Mapping[str, RecordType] = field(default_factory=dict)
    rejected: tuple[tuple[int, Mapping[str, str]], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    complete: bool = False


def read_table(
    path: Path,
    name: str,
    model: type[RecordType],
    *,
    complete_row: Callable[[dict[str, str]], tuple[dict[str, str], frozenset[str]]] = lambda row: (row, frozenset()),
) -> TableRead[RecordType]:
    """Read a CSV table whose columns are the fields of ``model`` and whose key is the first of them.

    ``complete_row`` may fill cells in from another table before the row is validated; it returns the row and the
    columns that it would have filled but could not. That they are empty is then the other table's fault, not the row's.
    """
    text, findings = read_text(path, name)
    if text is None:
        return TableRead(findings=tuple(findings))
    rows = _Rows(text, name, tuple(model.model_fields))
    key = next(iter(model.model_fields))
    records: dict[str, RecordType] = {}
    rejected: list[tuple[int, Mapping[str, str]]] = []
    lines: dict[str, int] = {}
    for line, row in rows:
        identifier = row.get(key, "")
        if identifier in lines:
            rows.findings.append(
                Finding(
                    Severity.ERROR,
                    name,
                    "duplicate-key",
                    f"{identifier!r} stands in line {lines[identifier]} already",
                    "give each row a key of its own, or delete the copy",
                    line=line,
                    column=key,
                    value=identifier,
                    record=identifier,
                )
            )
            continue
        row, excused = complete_row(row)
        record, broken = validate(model, row, file=name, key=key, line_of=lambda _, line=line: line)
        rows.findings.extend(item for item in broken if item.rule != "required" or item.column not in excused)
        lines[identifier] = line
        if record is None:
            rejected.append((line, row))
        else:
            records[identifier] = record
    return TableRead(records, tuple(rejected), lines, (*findings, *rows.findings), rows.complete)


class _Rows:
    """The rows of a CSV text as ``(line, {column: cell})`` without empty cells, gathering findings on the way."""

    def __init__(self, text: str, name: str, columns: tuple[str, ...]) -> None:
        self.name, self.columns = name, columns
        self.findings: list[Finding] = []
        self.complete = False
        self._reader = csv.reader(io.StringIO(text, newline=""), strict=True)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        start = 1
        try:
            header = [cell.strip() for cell in next(self._reader)]
            if not self._header_is_usable(header):
                return
            while True:
                start = self._reader.line_num + 1
                cells = next(self._reader)
                if row := self._row(header, cells, start):
                    yield start, row
        except StopIteration:
            self.complete = True
        except csv.Error as error:
            hint = 'close the quote, and write a quote inside a quoted cell twice ("")'
            self._report(Severity.ERROR, "quotes", f"the row that begins here has a stray quote ({error})", hint, start)

    def _row(self, header: list[str], cells: list[str], line: int) -> dict[str, str] | None:
        if not any(cell.strip() for cell in cells):
            if len(cells) > 1:
                self._report(Severity.WARNING, "empty-row", "the row is empty", "delete it", line)
            return None
        if len(cells) != len(header):
            message = f"the row has {len(cells)} cells, the header {len(header)}"
            hint = "look for a missing or extra comma, or a quote that is not closed, in this row"
            self._report(Severity.ERROR, "cells", message, hint, line, value=cells[0], record=cells[0])
            return None
        known = self._known
        return {column: cell for column, cell in zip(header, cells, strict=True) if cell and column in known}

    def _header_is_usable(self, header: list[str]) -> bool:
        self._known = frozenset(self.columns)
        if len(header) == 1 and (found := next((mark for mark in ";\t|" if mark in header[0]), None)):
            shown = {"\t": "tabs"}.get(found, repr(found))
            message = f"the cells are divided by {shown}, not by commas"
            self._report(Severity.ERROR, "delimiter", message, _SEPARATOR_HINT, 1, value=header[0][:60])
            return False
        missing = [column for column in self.columns if column not in header]
        for column in missing:
            near = suggestion(column, [cell for cell in header if cell not in self._known])
            hint = f"add it where it was (the order is free).{near}"
            self._report(Severity.ERROR, "missing-column", f"there is no column {column!r}", hint, 1, column=column)
        for position, column in enumerate(header):
            if column in header[:position]:
                self._report(
                    Severity.ERROR, "duplicate-column", f"stands twice ({column!r})", "keep one", 1, column=column
                )
            elif not column:
                message = f"column {position + 1} has no name"
                self._report(Severity.ERROR, "unknown-column", message, "delete it, or name it", 1)
            elif column not in self._known:
                hint = f"delete it, or move its content to `note`.{suggestion(column, missing)}"
                self._report(
                    Severity.ERROR, "unknown-column", f"{column!r} is no column of this table", hint, 1, column=column
                )
        return len(set(header)) == len(header) and self.columns[0] in header

    def _report(
        self,
        severity: Severity,
        rule: str,
        message: str,
        hint: str,
        line: int,
        *,
        column: str = "",
        value: str = "",
        record: str = "",
    ) -> None:
        self.findings.append(
            Finding(
                severity, self.name, rule, message, hint, line=line, column=column, value=value or column, record=record
            )
        )
