"""Records made ready to be compared: a column a field, numbers as arrays, so that pairs are compared by the million."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.bibliography.duplicates import values
from toolkit.bibliography.duplicates.journals import journal_names
from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COLUMNS = ("title", "author", "year", "journal", "volume", "number", "pages", "doi", "pmid", "isbn", "abstract")
"""The columns that are compared; any may be missing. ``booktitle`` stands in where a record has no journal."""


class RecordFrameError(ToolkitError, ValueError):
    """A frame of records cannot be searched for duplicates: two of its records have one ID."""


@dataclass(frozen=True)
class RecordTable:
    """Records by place: texts as lists, numbers and identifiers as arrays of integers (-1: there is none)."""

    ids: list[str]
    titles: list[values.Title]
    title_words: list[str]
    people: list[tuple[values.Person, ...]]
    families: list[str]
    journals: list[tuple[tuple[str, ...], ...]]
    journal: np.ndarray
    abstracts: list[str]
    year: np.ndarray
    volume: np.ndarray
    number: np.ndarray
    first_page: np.ndarray
    last_page: np.ndarray
    page_letters: np.ndarray
    doi: np.ndarray
    pmid: np.ndarray
    isbn: np.ndarray
    dois: list[str]
    proceedings: np.ndarray
    whole: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def record_table(frame: pd.DataFrame) -> RecordTable:
    """Make the records of a frame ready; its ``ID`` column names them, or its index where it has none.

    :raises RecordFrameError: an ID stands twice.
    """
    ids = [str(value) for value in frame.get("ID", frame.index)]
    if len(set(ids)) != len(ids):
        twice = pd.Series(ids)[pd.Series(ids).duplicated()].iloc[0]
        raise RecordFrameError(f"ID: {twice!r} stands for two records; give each record an ID of its own")
    texts = {column: _texts(frame, column) for column in (*COLUMNS, "booktitle", "ENTRYTYPE")}
    containers = [journal or book for journal, book in zip(texts["journal"], texts["booktitle"], strict=True)]
    titles = [values.title_value(text) for text in texts["title"]]
    people = [values.people(text) for text in texts["author"]]
    journal, journals = _codes(journal_names(text) for text in containers)
    pages = [values.pages_value(text) for text in texts["pages"]]
    volume = _numbers(values.number_value, texts["volume"])
    first_page = np.array([page[0] for page in pages], dtype=np.int64)
    # Page 1 without a volume is that of a paper "in press", whose pages are counted from 1.
    first_page = np.where((first_page == 1) & (volume < 0), -1, first_page)
    dois = [values.doi_value(text) for text in texts["doi"]]
    return RecordTable(
        ids=ids,
        titles=titles,
        title_words=[title.words for title in titles],
        people=people,
        families=[" ".join(name.family for name in names) for names in people],
        journals=journals,
        journal=journal,
        abstracts=[values.abstract_value(text) for text in texts["abstract"]],
        year=_numbers(values.year_value, texts["year"]),
        volume=volume,
        number=_numbers(values.number_value, texts["number"]),
        first_page=first_page,
        last_page=np.array([page[1] for page in pages], dtype=np.int64),
        page_letters=_codes(page[2] for page in pages)[0],
        doi=_codes(dois)[0],
        pmid=_codes(values.digits_value(text) for text in texts["pmid"])[0],
        isbn=_codes(values.digits_value(text) for text in texts["isbn"])[0],
        dois=dois,
        whole=np.fromiter(map(values.is_whole, texts["ENTRYTYPE"]), dtype=bool, count=len(frame)),
        proceedings=np.fromiter(
            map(values.is_proceedings, texts["ENTRYTYPE"], containers), dtype=bool, count=len(frame)
        ),
    )


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame:
        return [""] * len(frame)
    return ["" if value is None or value != value or value is pd.NA else str(value) for value in frame[column].tolist()]


def _numbers(read: Callable[[str], int], texts: list[str]) -> np.ndarray:
    return np.array([read(text) for text in texts], dtype=np.int64)


def _codes(found: Iterable) -> tuple[np.ndarray, list]:
    """Equal values by an integer each, and the values by that integer; an empty value is -1."""
    known: dict = {}
    codes = [known.setdefault(value, len(known)) if value else -1 for value in found]
    return np.array(codes, dtype=np.int64), list(known)
