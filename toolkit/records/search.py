"""A search: where and when was looked, and what came of it. The first box of the PRISMA 2020 flow counts these."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints, model_validator

from toolkit.errors import InvalidReviewError, Severity
from toolkit.files import write_atomically
from toolkit.records.fields import Count, Identifier, Record, Text
from toolkit.records.tables import TableRead, read_table

if TYPE_CHECKING:
    from pathlib import Path

SEARCHES = "data/searches.csv"

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]


class Search(Record):
    """A row of ``data/searches.csv``: one file of one search, as it was imported into the library."""

    search: Annotated[Identifier, Field(description="key of the search")]
    date: Annotated[Day, Field(description="day of the search, YYYY-MM-DD")]
    source: Annotated[Text, Field(description="database, register or person searched")]
    query: Annotated[Text | None, Field(description="the query as it was typed; empty: none, as from a colleague")] = (
        None
    )
    file: Annotated[Text, Field(description="name of the file that was imported")]
    found: Annotated[Count, Field(description="records in the file")]
    new: Annotated[Count, Field(description="records that were new to the library")]
    duplicates: Annotated[Count, Field(description="records that the library, or the file further up, held already")]
    enriched: Annotated[Count, Field(description="references that gained fields")]

    @model_validator(mode="after")
    def _adds_up(self) -> Search:
        if self.new + self.duplicates != self.found:
            raise ValueError(f"{self.new} new and {self.duplicates} duplicates do not make {self.found} found")
        return self


def read_searches(root: Path) -> TableRead[Search]:
    """The searches of a review; a review without the file has logged none."""
    if not (root / SEARCHES).exists():
        return TableRead(complete=True)
    return read_table(root / SEARCHES, SEARCHES, Search)


def log_search(
    root: Path, *, date: str, source: str, file: str, counts: dict[str, int], query: str | None = None
) -> Search:
    """Put a search behind the last one in ``data/searches.csv``; the rows that stand there stay as they are.

    :param counts: ``found``, ``new``, ``duplicates`` and ``enriched``, as ``ImportPlan.counts`` gives them.
    :raises InvalidReviewError: the file that is there holds errors; nothing is written.
    :raises pydantic.ValidationError: the date has the wrong form, or the counts do not add up.
    """
    table = read_searches(root)
    if any(finding.severity is Severity.ERROR for finding in table.findings):
        raise InvalidReviewError(table.findings)
    numbers = [int(key[1:]) for key in table.records if key[:1] == "S" and key[1:].isdecimal()]
    name = f"S{max(numbers, default=0) + 1:03d}"
    search = Search(search=name, date=date, source=source, query=query or None, file=file, **counts)
    path = root / SEARCHES
    before = path.read_bytes() if path.exists() else _line(list(Search.model_fields)).encode()
    if not before.endswith(b"\n"):
        before += b"\n"
    columns = before.decode("utf-8-sig").splitlines()[0].split(",")
    values = search.model_dump()
    cells = ["" if values[column] is None else str(values[column]) for column in columns]
    write_atomically(path, before + _line(cells).encode())
    return search


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
