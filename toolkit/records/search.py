"""A search: where and when was looked, and what came of it. The first box of the PRISMA 2020 flow counts these."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from toolkit.errors import InvalidReviewError, Severity
from toolkit.files import Change, content_of
from toolkit.records.fields import Count, Identifier, Record, Text
from toolkit.records.tables import TableRead, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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


def search_log_change(root: Path, searches: Iterable[Mapping[str, Any]]) -> Change:
    """What putting searches behind the last one changes in ``data/searches.csv``; the rows there stay as they are.

    :param searches: the values of each, as ``Search`` has them but for its key, which is the next free one.
    :raises InvalidReviewError: the file that is there holds errors.
    :raises pydantic.ValidationError: a value has the wrong form, or the counts do not add up.
    """
    table = read_searches(root)
    if any(finding.severity is Severity.ERROR for finding in table.findings):
        raise InvalidReviewError(table.findings)
    numbers = [int(key[1:]) for key in table.records if key[:1] == "S" and key[1:].isdecimal()]
    before = content_of(root / SEARCHES)
    after = before if before is not None else _line(list(Search.model_fields)).encode()
    if not after.endswith(b"\n"):
        after += b"\n"
    columns = after.decode("utf-8-sig").splitlines()[0].split(",")
    for number, values in enumerate(searches, max(numbers, default=0) + 1):
        row = Search(search=f"S{number:03d}", **{**values, "query": values.get("query") or None}).model_dump()
        after += _line(["" if row[column] is None else str(row[column]) for column in columns]).encode()
    return Change(root / SEARCHES, before, after)


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
