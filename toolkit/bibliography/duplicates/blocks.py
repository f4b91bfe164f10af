"""Which pairs of records are worth comparing: those that share a key, of several keys that errors leave alone.

A record has keys of its identifiers, its title (whole, its beginning, pairs of its rarest words), its place (volume
and first page) and its first authors with the place or the year. Two records of one work share at least one of them
nearly always, whatever is wrong in the other fields; two records at random share none.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from toolkit.bibliography.duplicates.table import RecordTable

LARGEST = 50
"""A key that more records share than this says little; they are paired with their neighbours by title only."""
WINDOW = 8
"""With so many neighbours on each side; an even number."""
RARE_WORDS = 4


def candidate_pairs(table: RecordTable) -> tuple[np.ndarray, np.ndarray]:
    """The places of the records of each candidate pair, the smaller first; each pair once."""
    rank = content_rank(table)
    found = [_pairs(places, keys, rank, window) for places, keys, window in _all_keys(table)]
    codes = np.unique(np.concatenate([first * len(table) + second for first, second in found]))
    return codes // max(len(table), 1), codes % max(len(table), 1)


def content_rank(table: RecordTable) -> np.ndarray:
    """The place of each record in an order that does not depend on how the records came."""
    titles, families, pages = table.titles, table.families, table.first_page
    order = sorted(range(len(table)), key=lambda at: (titles[at].run, families[at], pages[at], table.ids[at]))
    rank = np.empty(len(table), dtype=np.int64)
    rank[order] = np.arange(len(table))
    return rank


def number_keys(table: RecordTable) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """Each kind of key that is a number: places of records, their keys, and the window for keys that many share."""
    everyone = np.arange(len(table))
    for codes in (table.doi, table.pmid):
        yield everyone[codes >= 0], codes[codes >= 0], WINDOW
    placed = (table.first_page > 0) & (table.volume >= 0)
    yield everyone[placed], table.volume[placed] * 10**10 + table.first_page[placed] % 10**10, WINDOW


def word_keys(table: RecordTable) -> Iterator[tuple[Iterator[tuple[int, object]], int]]:
    """Each kind of key made of words: places of records with their keys, one by one, and the window likewise."""
    yield _text_keys(table), WINDOW
    yield _author_keys(table), WINDOW
    yield _rare_word_keys(table), 0


def _all_keys(table: RecordTable) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    yield from number_keys(table)
    yield from ((*_coded(keyed), window) for keyed, window in word_keys(table))


def _text_keys(table: RecordTable) -> Iterator[tuple[int, object]]:
    for place, (title, abstract) in enumerate(zip(table.titles, table.abstracts, strict=True)):
        if title.run:
            yield place, title.run
            yield place, ("begins", title.run[:28])
            yield place, ("ends", title.run[-28:])
        if abstract:
            yield place, ("abstract", abstract[:50])
            yield place, ("within the abstract", abstract[150:210])


def _author_keys(table: RecordTable) -> Iterator[tuple[int, object]]:
    for place, names in enumerate(table.people):
        if not names:
            continue
        first = names[0].family
        if table.first_page[place] > 0:
            yield place, (first, "page", int(table.first_page[place]))
        if table.volume[place] >= 0 and table.year[place] >= 0:
            yield place, (first, int(table.volume[place]), int(table.year[place]))
        if len(names) > 1:
            yield place, (first, names[1].family, names[-1].family, len(names))


def _rare_word_keys(table: RecordTable) -> Iterator[tuple[int, object]]:
    """Pairs of the rarest words of a title that another title has too: a word of one title alone pairs nothing."""
    words = [sorted(set(title.split())) for title in table.title_words]
    counts = Counter(word for found in words for word in found)
    for place, found in enumerate(words):
        shared = [(counts[word], word) for word in found if counts[word] > 1]
        rarest = sorted(shared)[:RARE_WORDS]
        for (_, one), (_, other) in combinations(rarest, 2):
            yield place, (one, other) if one < other else (other, one)


def _coded(keyed: Iterable[tuple[int, object]]) -> tuple[np.ndarray, np.ndarray]:
    known: dict[object, int] = {}
    places, codes = [], []
    for place, key in keyed:
        places.append(place)
        codes.append(known.setdefault(key, len(known)))
    return np.array(places, dtype=np.int64), np.array(codes, dtype=np.int64)


def _pairs(places: np.ndarray, codes: np.ndarray, rank: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs within each key; within one that too many share, only those that stand near each other."""
    order = np.lexsort((rank[places], codes))
    places, codes = places[order], codes[order]
    _, group, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    reach = np.where(sizes > LARGEST, window, sizes - 1)[group]
    firsts, seconds = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for step in range(1, int(reach.max(initial=0)) + 1):
        near = np.flatnonzero((codes[step:] == codes[:-step]) & (reach[:-step] >= step))
        firsts.append(places[near])
        seconds.append(places[near + step])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    return np.minimum(first, second), np.maximum(first, second)
