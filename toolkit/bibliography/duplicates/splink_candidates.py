"""Candidate pairs of very many records, made on disk: by splink over an embedded DuckDB (the extra ``scale``).

The keys are those of ``blocks``, and so are the candidates: splink pairs the records that share a key, and decides
nothing. Its own scores need training, enough records and columns that are filled; the rules of ``decision`` do not.
Keys and pairs lie on disk; the records, which the rules compare, stay in memory.

A key that too many records share pairs neighbours only. Such a record is given, instead of the key, the numbers of
the places around its own: two records share one of these numbers exactly where they stand within the window.

Source: splink 5, "Blocking rules" and ``block_on(..., arrays_to_explode=...)``.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.bibliography.duplicates.blocks import LARGEST, content_rank, number_keys, word_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from toolkit.bibliography.duplicates.table import RecordTable

MEMORY = "2GB"
"""What DuckDB holds in memory; the rest goes to a temporary folder."""
BATCH = 500_000
VECTOR = 2_048
"""The rows that DuckDB hands out at once."""


def candidate_chunks(table: RecordTable, *, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The places of the records of each candidate pair, the smaller first, in chunks of about ``size`` pairs.

    Each pair comes once; the order of the pairs is left open.
    """
    import duckdb

    with (
        TemporaryDirectory(prefix="duplicates-", ignore_cleanup_errors=True) as folder,
        duckdb.connect(str(Path(folder) / "candidates.duckdb")) as database,
    ):
        database.execute(f"SET memory_limit = '{MEMORY}'; SET preserve_insertion_order = false")
        _store_keys(database, table)
        database.execute(_TAGGED)
        yield from _read(database, _blocked(database), size)


def _store_keys(database: DuckDBPyConnection, table: RecordTable) -> None:
    """A row for each key of each record; keys of words by their hash, so that they are not held in memory."""
    _store(database, "ranks", place=np.arange(len(table)), rank=content_rank(table))
    database.execute("CREATE TABLE keys (place BIGINT, code BIGINT, kind BIGINT, reach BIGINT)")
    kind = 0
    for places, codes, window in number_keys(table):
        _store(database, "keys", place=places, code=codes, kind=kind, reach=window)
        kind += 1
    for keyed, window in word_keys(table):
        while batch := [(place, hash(key)) for place, key in islice(keyed, BATCH)]:
            places, codes = np.array(batch, dtype=np.int64).T
            _store(database, "keys", place=places, code=codes, kind=kind, reach=window)
        kind += 1


def _store(database: DuckDBPyConnection, name: str, **columns: np.ndarray | int) -> None:
    database.register("batch", pd.DataFrame(columns))
    database.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM batch LIMIT 0")
    database.execute(f"INSERT INTO {name} SELECT * FROM batch")
    database.unregister("batch")


_TAGGED = f"""
CREATE TABLE counted AS
    SELECT place, code, kind, reach,
        count(*) OVER (PARTITION BY kind, code) AS records,
        row_number() OVER (PARTITION BY kind, code ORDER BY rank) AS position
    FROM keys JOIN ranks USING (place);
DROP TABLE keys;
CREATE TABLE tagged AS
    SELECT place, list(tag) AS tags FROM (
        SELECT place, hash(kind, code) AS tag FROM counted WHERE records BETWEEN 2 AND {LARGEST}
        UNION ALL
        SELECT place, hash(kind, code, unnest(range(position - reach // 2, position + reach // 2 + 1))) AS tag
        FROM counted WHERE records > {LARGEST} AND reach > 0
    ) GROUP BY place;
DROP TABLE counted
"""


def _blocked(database: DuckDBPyConnection) -> str:
    """The name of the table of pairs that share a tag."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    rule = block_on("tags", arrays_to_explode=["tags"])
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="place",
        comparisons=[],
        blocking_rules_to_generate_predictions=[rule],
    )
    linker = Linker(DuckDBAPI(database).register("tagged"), settings, log_level=None)
    return linker.inference.compute_blocked_pairs_for_predict().physical_name


def _read(database: DuckDBPyConnection, name: str, size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    pairs = database.execute(f"SELECT join_key_l AS first, join_key_r AS second FROM {name}")
    while len(chunk := pairs.fetch_df_chunk(max(size // VECTOR, 1))):
        yield chunk["first"].to_numpy(np.int64), chunk["second"].to_numpy(np.int64)
