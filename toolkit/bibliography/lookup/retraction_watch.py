"""The Retraction Watch data as a CSV file that a user has fetched; Crossref publishes it each working day."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.bibliography.lookup.failures import LookupFailure
from toolkit.bibliography.lookup.identifier import Identifier
from toolkit.bibliography.lookup.notices import Notice, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "Retraction Watch"
_NEEDED = ("RetractionDate", "RetractionDOI", "OriginalPaperDOI", "OriginalPaperPubMedID", "RetractionNature", "Reason")


@dataclass(frozen=True, slots=True)
class RetractionWatch:
    """The notices of the file by what they are about. ``date`` is the day of the data."""

    date: str
    notices: Mapping[Identifier, tuple[Notice, ...]]

    @classmethod
    def read(cls, path: Path | str, *, date: str = "") -> RetractionWatch:
        """Read the CSV file. Bytes that are no UTF-8, which the published file holds, are replaced.

        :param date: the day of the data; by default the day on which the file was last written.
        :raises LookupFailure: there is no such file, or it lacks a column; the message names it.
        """
        path = Path(path)
        try:
            text = path.read_bytes().decode("utf-8-sig", "replace")
            date = date or datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        except OSError as error:
            raise LookupFailure(f"The Retraction Watch file {path} cannot be read: {error.strerror}.") from None
        rows = csv.DictReader(io.StringIO(text, newline=""))
        try:
            missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
            if missing:
                raise LookupFailure(f"{path} is no Retraction Watch file: it has no column {', '.join(missing)}.")
            found: dict[Identifier, list[Notice]] = {}
            for row in rows:
                for identifier in _about(row):
                    found.setdefault(identifier, []).append(_notice(row))
        except csv.Error as error:
            raise LookupFailure(f"{path}:{rows.line_num}: the file cannot be read as CSV: {error}.") from None
        return cls(date, {identifier: tuple(dict.fromkeys(all_)) for identifier, all_ in found.items()})


def _about(row: Mapping[str, str | None]) -> list[Identifier]:
    """What a row is about; ``unavailable`` and ``0`` stand for none."""
    found = (Identifier.find(row[column] or "") for column in ("OriginalPaperDOI", "OriginalPaperPubMedID"))
    return [identifier for identifier in found if identifier is not None]


def _notice(row: Mapping[str, str | None]) -> Notice:
    day = re.match(r"(\d{1,2})/(\d{1,2})/(\d{4})", row["RetractionDate"] or "")  # month first
    date = f"{day.group(3)}-{day.group(1):0>2}-{day.group(2):0>2}" if day else ""
    notice = Identifier.find(row["RetractionDOI"] or "")
    reasons = [reason.strip(" +") for reason in (row["Reason"] or "").split(";")]
    kind = kind_of(row["RetractionNature"] or "")
    return Notice(kind, date, NAME, str(notice or ""), "; ".join(reason for reason in reasons if reason))
