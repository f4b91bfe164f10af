"""Two records field by field: for each candidate pair, how alike its titles and people are and where its places agree.

Everything is an array over pairs; a comparison does not depend on which record of a pair comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from toolkit.bibliography.duplicates.journals import same_journal
from toolkit.bibliography.duplicates.values import doi_work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from toolkit.bibliography.duplicates.table import RecordTable
    from toolkit.bibliography.duplicates.values import Person, Title

NEAR = 0.60
"""Titles less alike than this are two titles, unless the place or an identifier says otherwise."""


@dataclass(frozen=True)
class Comparison:
    """Pairs by the places of their records, and what their fields say.

    Similarities lie between 0 and 1 (-1: a side has no value); ``same_...`` and ``other_...`` are both false where a
    side has no value.
    """

    first: np.ndarray
    second: np.ndarray
    title: np.ndarray
    contained: np.ndarray
    other_numbers: np.ndarray
    other_kind: np.ndarray
    other_side: np.ndarray
    title_length: np.ndarray
    people: np.ndarray
    crowd: np.ndarray
    journal: np.ndarray
    whole: np.ndarray
    years: np.ndarray
    same_volume: np.ndarray
    other_volume: np.ndarray
    same_number: np.ndarray
    other_number: np.ndarray
    same_page: np.ndarray
    same_end: np.ndarray
    span: np.ndarray
    other_page: np.ndarray
    same_doi: np.ndarray
    other_doi: np.ndarray
    other_version: np.ndarray
    same_pmid: np.ndarray
    other_pmid: np.ndarray
    same_isbn: np.ndarray
    abstract: np.ndarray
    proceedings: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def at(self, chosen: np.ndarray) -> Comparison:
        """The chosen pairs alone."""
        return Comparison(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


def compare(table: RecordTable, first: np.ndarray, second: np.ndarray, *, keep_all: bool = False) -> Comparison:
    """Compare pairs of records, given by their places; pairs with nothing in common are left out, or kept if asked."""
    title = _similarity(table.title_words, first, second, fuzz.ratio)
    same_page = _same(table.first_page, first, second)
    kept = (title >= NEAR) | keep_all
    kept |= same_page & (_same(table.volume, first, second) | _same(table.year, first, second))
    kept |= _same(table.doi, first, second) | _same(table.pmid, first, second)
    kept |= (title >= 0.35) & _same(table.volume, first, second) & _same(table.year, first, second)
    kept |= _begin_alike(table, first, second)
    first, second, title = first[kept], second[kept], title[kept]
    return Comparison(
        first=first,
        second=second,
        **_titles(table, first, second, title),
        **_people(table, first, second),
        journal=_journals(table, first, second),
        whole=table.whole[first] & table.whole[second],
        years=np.where(
            (table.year[first] >= 0) & (table.year[second] >= 0), np.abs(table.year[first] - table.year[second]), -1
        ),
        same_volume=_same(table.volume, first, second),
        other_volume=_other(table.volume, first, second),
        **_numbers(table, first, second),
        **_pages(table, first, second),
        same_doi=_same(table.doi, first, second),
        other_doi=_other(table.doi, first, second),
        other_version=_other_version(table, first, second),
        same_pmid=_same(table.pmid, first, second),
        other_pmid=_other(table.pmid, first, second),
        same_isbn=_same(table.isbn, first, second),
        abstract=_similarity(table.abstracts, first, second, fuzz.ratio),
        proceedings=table.proceedings[first] & table.proceedings[second],
    )


def _same(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (values[first] == values[second]) & (values[first] >= 0)


def _other(values: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (values[first] != values[second]) & (values[first] >= 0) & (values[second] >= 0)


def _similarity(texts: Sequence[str], first: np.ndarray, second: np.ndarray, scorer: Callable) -> np.ndarray:
    """How alike two texts are, from 0 to 1; -1 where one is empty."""
    ones, others = [texts[at] for at in first], [texts[at] for at in second]
    alike = cpdist(ones, others, scorer=scorer, dtype=np.float32) / np.float32(100)
    empty = np.fromiter((not one or not other for one, other in zip(ones, others, strict=True)), bool, len(ones))
    return np.where(empty, np.float32(-1), alike)


def _begin_alike(table: RecordTable, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Titles of which one begins the other: a subtitle or a translation was left out."""
    runs = [title.run for title in table.titles]
    return np.fromiter(
        (
            len(one) > 20 and len(other) > 20 and (one.startswith(other) or other.startswith(one))
            for one, other in zip((runs[at] for at in first), (runs[at] for at in second), strict=True)
        ),
        bool,
        len(first),
    )


def _titles(table: RecordTable, first: np.ndarray, second: np.ndarray, title: np.ndarray) -> dict[str, np.ndarray]:
    pairs = [(table.titles[one], table.titles[other]) for one, other in zip(first, second, strict=True)]
    lengths = np.array([(len(one.words), len(other.words)) for one, other in pairs], dtype=float).reshape(-1, 2)
    same = np.fromiter((one.run == other.run != "" for one, other in pairs), bool, len(pairs))
    # A title within the other one (a subtitle, a translation beside it): only where it is long enough to say something.
    shorter = lengths.min(axis=1)
    apart = np.flatnonzero((shorter >= 25) & (shorter < 0.85 * lengths.max(axis=1)) & (title < 0.95))
    contained = np.zeros(len(pairs), dtype=np.float32)
    if len(apart):
        contained[apart] = _similarity(table.title_words, first[apart], second[apart], fuzz.partial_ratio)

    def differ(one_of: Callable[[Title, Title], bool]) -> np.ndarray:
        return np.fromiter((one_of(one, other) for one, other in pairs), bool, len(pairs))

    return {
        "title": np.where(same, np.float32(1), title),
        "contained": contained,
        "other_numbers": differ(lambda one, other: "".join(one.numbers) != "".join(other.numbers)),
        "other_kind": differ(lambda one, other: one.kinds != other.kinds),
        "other_side": differ(lambda one, other: one.sides != other.sides),
        "title_length": shorter,
    }


def _people(table: RecordTable, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """How alike two lists of people are: as they stand, or by the families in common where one list is cut."""
    in_order = _similarity(table.families, first, second, fuzz.ratio)
    common = np.zeros(len(first), dtype=np.float32)
    crowd = np.zeros(len(first), dtype=np.int64)
    for at, (one, other) in enumerate(zip(first, second, strict=True)):
        names, others = table.people[one], table.people[other]
        crowd[at] = min(len(names), len(others))
        if crowd[at] == 1 and max(len(names), len(others)) > 1:
            common[at] = names[0].family == others[0].family
        elif crowd[at] == 1 and (in_order[at] < 0.7 or _two_namesakes(names[0], others[0])):
            in_order[at] = 0  # single names resemble each other by chance
        elif crowd[at]:
            families, rest = {name.family for name in names}, {name.family for name in others}
            common[at] = len(families & rest) / min(len(families), len(rest))
    people = np.maximum(in_order, common)
    for at in np.flatnonzero((crowd >= 2) & (people < 0.75)):
        names, others = table.people[first[at]], table.people[second[at]]
        people[at] = max(people[at], _by_initials(names, others))
    return {"people": np.where(crowd == 0, np.float32(-1), people), "crowd": crowd}


def _by_initials(names: tuple[Person, ...], others: tuple[Person, ...]) -> float:
    """People whose given and family names were taken for each other agree in all their initials, in order."""
    if len(names) != len(others):
        return 0.0
    agree = sum(
        len(one.initials) > 1 and len(other.initials) > 1 and _holds(one.initials, other.initials)
        for one, other in zip(names, others, strict=True)
    )
    return 0.8 * agree / len(names) if agree >= 2 else 0.0


def _holds(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return all(short.count(letter) <= long.count(letter) for letter in short)


def _two_namesakes(one: Person, other: Person) -> bool:
    """Single authors of one family name with different initials: two people."""
    return one.family == other.family and bool(one.given and other.given and one.given != other.given)


def _other_version(table: RecordTable, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two DOIs that differ in the version of one work only."""
    result = _other(table.doi, first, second)
    for at in np.flatnonzero(result):
        result[at] = doi_work(table.dois[first[at]]) == doi_work(table.dois[second[at]])
    return result


def _journals(table: RecordTable, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """1 one journal, 0.5 one name holds the other, 0 two journals, -1 unknown; each pair of names is looked at once."""
    one, other = table.journal[first], table.journal[second]
    low, high = np.minimum(one, other), np.maximum(one, other)
    known = low >= 0
    codes, back = np.unique(low[known] * (len(table.journals) + 1) + high[known], return_inverse=True)
    names = table.journals
    named = [(names[code // (len(names) + 1)], names[code % (len(names) + 1)]) for code in codes]
    alike = np.array([same_journal(*pair) for pair in named], dtype=np.float32)
    result = np.full(len(first), -1, dtype=np.float32)
    result[known] = alike[back]
    return result


def _numbers(table: RecordTable, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """Issue numbers above 100 are record numbers that a program put there: they say nothing."""
    number = np.where(table.number > 100, -1, table.number)
    return {"same_number": _same(number, first, second), "other_number": _other(number, first, second)}


def _pages(table: RecordTable, first: np.ndarray, second: np.ndarray) -> dict[str, np.ndarray]:
    """First pages agree with their letters, or without them on one side; page 1 counts only with the last page."""
    one, other = table.first_page[first], table.first_page[second]
    end, other_end = table.last_page[first], table.last_page[second]
    letters, other_letters = table.page_letters[first], table.page_letters[second]
    same = (one == other) & (one >= 0) & ((letters == other_letters) | (letters < 0) | (other_letters < 0))
    same_end = (end == other_end) & (end >= 0)
    both = (one >= 0) & (other >= 0)
    # "t-51" for 849-851: the beginning is lost, the end is known by its last digits.
    cut = ((one < 0) ^ (other < 0)) & (end >= 0) & (other_end >= 0)
    short = np.minimum(end, other_end)
    size = np.where(short < 10, 10, np.where(short < 100, 100, 1000))
    same_end |= cut & (np.maximum(end, other_end) % size == short)
    span = np.where(same & same_end, end - one, 0)
    # An article number (e43268, CD006828) is that of one article, as a range of pages is.
    span = np.where(same & (one >= 1000) & (letters >= 0) & (letters == other_letters), np.maximum(span, 1), span)
    return {"same_page": same, "same_end": same_end, "span": span, "other_page": both & ~same}
