"""What a reader gives: records with the findings made on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

from toolkit.bibliography.record import Record
from toolkit.errors import Finding, Severity


@dataclass(frozen=True, slots=True)
class Collection(Sequence[Record]):
    """The records of a file in file order. ``findings`` tells what is missing, doubtful or cannot be read.

    ``format`` is ``"bibtex"``, ``"ris"``, ``"medline"``, ``"pubmed-xml"``, ``"endnote-xml"``, ``"enw"``, ``"isi"``,
    ``"csl-json"`` or ``"csv"``; empty where the file is of none of them.
    """

    file: str
    format: str
    records: tuple[Record, ...] = ()
    findings: tuple[Finding, ...] = field(default=(), repr=False)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Record, ...]: ...

    def __getitem__(self, place: int | slice) -> Record | tuple[Record, ...]:
        return self.records[place]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    @property
    def source(self) -> str:
        """The database that the file names, else its format."""
        return next((record.origin.database for record in self if record.origin.database), self.format) or "unknown"

    def __repr__(self) -> str:
        form = self.format or "of no known format"
        return f"{self.file}: {len(self.records)} records ({form}), {len(self.findings)} findings"


class Reporter:
    """Gathers the findings on one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    def warn(self, rule: str, message: str, hint: str, *, line: int | None = None, **where: str) -> None:
        """A finding that wants a person's eye; ``where`` is its column, value or record."""
        self.findings.append(Finding(Severity.WARNING, self.file, rule, message, hint, line=line, **where))

    def error(self, rule: str, message: str, hint: str, *, line: int | None = None, **where: str) -> None:
        """A finding that says that something could not be read."""
        self.findings.append(Finding(Severity.ERROR, self.file, rule, message, hint, line=line, **where))
