"""The search for duplicates, from records to pairs with a decision, a score and a reason."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.bibliography.duplicates.blocks import candidate_pairs
from toolkit.bibliography.duplicates.clusters import connected, pairs_within, weak_links
from toolkit.bibliography.duplicates.comparison import Comparison, compare
from toolkit.bibliography.duplicates.decision import Decision, contradict, decide
from toolkit.bibliography.duplicates.reasons import reasons
from toolkit.bibliography.duplicates.table import COLUMNS, RecordTable, record_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from toolkit.bibliography.library import Library

PAIR_COLUMNS = ("id_1", "id_2", "decision", "score", "reason")
CHUNK = 500_000
"""Candidate pairs are compared in chunks of this many, so that memory stays bounded."""
MANY_RECORDS = 300_000
"""Above this, candidate pairs are made on disk by splink (the extra ``scale``), where it is installed."""


def find_duplicates(records: Library | pd.DataFrame) -> pd.DataFrame:
    """Find the records that are one work, and those of which a person should say whether they are.

    A frame has the columns ``ID, title, author, year, journal, volume, number, pages, doi, abstract, pmid, isbn,
    ENTRYTYPE, booktitle``, any of which may be missing. The answer has a row a pair: ``id_1``, ``id_2`` (in
    alphabetical order), ``decision`` (``duplicate`` or ``maybe``; a pair that is not listed is ``no``), ``score``
    (0 to 1, the share of the weighted evidence that agrees) and ``reason``. Duplicates come first, then by score. The
    answer does not depend on the order of the records. Groups of duplicates hold no two records that contradict each
    other: the weakest link between such records is ``maybe``.

    Above ``MANY_RECORDS`` records the candidate pairs are made on disk by splink, where the extra ``scale`` is
    installed; the same rules decide on the same candidates, so that the answer is the same. Where it is not, they are
    made in memory, after a warning.

    :raises RecordFrameError: two records have one ID.
    """
    table = record_table(records if isinstance(records, pd.DataFrame) else library_frame(records))
    found = [_search(table, *chunk) for chunk in _chunks(table)]
    pairs = pd.concat(found, ignore_index=True) if found else _answer(table, compare(table, *_nothing()))
    pairs = _without_chains(table, pairs)
    pairs = pairs.sort_values(["decision", "score", "id_1", "id_2"], ascending=[True, False, True, True])
    return pairs.reset_index(drop=True)[list(PAIR_COLUMNS)]


def library_frame(library: Mapping) -> pd.DataFrame:
    """The references of a library as a frame that can be searched: LaTeX decoded, the key as ``ID``."""
    columns = (*COLUMNS, "booktitle")
    rows = [
        {
            "ID": key,
            "ENTRYTYPE": reference.type,
            **{name: reference.text(name) for name in columns},
            "journal": reference.text("journal") or reference.text("journaltitle"),
            "year": reference.year,
        }
        for key, reference in library.items()
    ]
    return pd.DataFrame(rows, columns=["ID", "ENTRYTYPE", *columns], dtype=object)


def _nothing() -> tuple[np.ndarray, np.ndarray]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)


def _chunks(table: RecordTable) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    if len(table) > MANY_RECORDS:
        if find_spec("splink") is not None:
            from toolkit.bibliography.duplicates.splink_candidates import candidate_chunks

            return candidate_chunks(table, size=CHUNK)
        warnings.warn(
            f"{len(table):,} records are paired in memory; with splink they are paired on disk, with the same"
            " answer: python -m pip install 'evidence-review-toolkit[scale]'",
            stacklevel=3,
        )
    first, second = candidate_pairs(table)
    return ((first[at : at + CHUNK], second[at : at + CHUNK]) for at in range(0, len(first), CHUNK))


def _search(table: RecordTable, first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    return _answer(table, compare(table, first, second))


def _answer(table: RecordTable, pairs: Comparison) -> pd.DataFrame:
    """The pairs that are duplicates or want a person's eye."""
    verdicts = decide(pairs)
    listed = np.flatnonzero(verdicts.duplicate | verdicts.maybe)
    pairs, duplicate, score = pairs.at(listed), verdicts.duplicate[listed], verdicts.score[listed]
    ids = [sorted((table.ids[one], table.ids[other])) for one, other in zip(pairs.first, pairs.second, strict=True)]
    return pd.DataFrame(
        {
            "id_1": pd.Series([one for one, _ in ids], dtype=object),
            "id_2": pd.Series([other for _, other in ids], dtype=object),
            "decision": pd.Series(np.where(duplicate, Decision.DUPLICATE.value, Decision.MAYBE.value), dtype=object),
            "score": score,
            "reason": pd.Series(reasons(pairs, duplicate), dtype=object),
            "first": pairs.first,
            "second": pairs.second,
        }
    )


def _without_chains(table: RecordTable, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with the links of a group that would join contradicting records left to a person."""
    links = pairs[pairs["decision"] == Decision.DUPLICATE.value]
    links = links.sort_values(["score", "id_1", "id_2"], ascending=[False, True, True])
    strongest_first = list(zip(links["first"].tolist(), links["second"].tolist(), strict=True))
    within = pairs_within(connected(strongest_first))
    if not within:
        return pairs
    ends = np.array([sorted(pair) for pair in within], dtype=np.int64)
    compared = compare(table, ends[:, 0], ends[:, 1], keep_all=True)
    against = contradict(compared)
    apart = list(zip(compared.first[against].tolist(), compared.second[against].tolist(), strict=True))
    weak = weak_links(strongest_first, apart)
    if not weak:
        return pairs
    chained = np.fromiter(
        (pair in weak for pair in zip(pairs["first"], pairs["second"], strict=True)), bool, len(pairs)
    )
    pairs = pairs.copy()
    pairs.loc[chained, "decision"] = Decision.MAYBE.value
    pairs.loc[chained, "reason"] += "; but it would join records that contradict each other"
    return pairs
