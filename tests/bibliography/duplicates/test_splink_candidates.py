"""Very many records: splink makes the candidate pairs, and the answer is that of the search in memory."""

from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec

import pandas as pd
import pytest

from toolkit.bibliography.duplicates import blocks, find_duplicates, search
from toolkit.bibliography.duplicates.table import record_table

needs_splink = pytest.mark.skipif(find_spec("splink") is None, reason="splink is not installed: the extra 'scale'")

CITIES = "Lisbon Rotterdam Glasgow Baltimore Bihar Tamale Quito Cusco Osaka Turku".split()
TOPICS = "shelters vouchers needles courts meals pensions clinics prisons".split()


def records() -> pd.DataFrame:
    """80 works, each from two databases, and 80 unsigned editorials of one title: a key that too many share."""
    rows = []
    for number in range(80):
        city, topic = CITIES[number % 10], TOPICS[number // 10]
        work = {
            "title": f"What {topic} did for the health of tenants in {city}: a cohort of {300 + number} households",
            "author": f"Silva, Rui and Okafor, Ada and {city}son, Per",
            "year": str(1990 + number % 30),
            "journal": "Journal of Urban Health",
            "volume": str(10 + number),
            "pages": f"{100 + number}-{110 + number}",
            "doi": f"10.9999/made.{number}" if number % 3 else "",
        }
        short = {"title": work["title"].upper(), "author": work["author"].replace(", Rui", ", R."), "doi": ""}
        rows += [work, work | short, {"title": "Editorial: urban health", "volume": "7", "pages": str(number)}]
    frame = pd.DataFrame(rows)
    frame.insert(0, "ID", [f"r{place:03}" for place in range(len(frame))])
    return frame


@needs_splink
def test_the_answer_is_that_of_the_search_in_memory(monkeypatch):
    frame = records()
    own = find_duplicates(frame)
    assert (own["decision"] == "duplicate").sum() >= 80
    monkeypatch.setattr(search, "MANY_RECORDS", len(frame) - 1)
    monkeypatch.setattr(search, "candidate_pairs", None)  # an own search would fail
    pd.testing.assert_frame_equal(find_duplicates(frame), own)
    assert "splink" in sys.modules


@needs_splink
@pytest.mark.parametrize("size", [1, 500_000])
def test_the_candidates_are_the_same_each_once_also_of_keys_that_too_many_share(size):
    from toolkit.bibliography.duplicates.splink_candidates import candidate_chunks

    table = record_table(records())
    editorials = [place for place, title in enumerate(table.titles) if "editorial" in title.words]
    assert len(editorials) > blocks.LARGEST
    found = [pair for chunk in candidate_chunks(table, size=size) for pair in zip(*map(list, chunk), strict=True)]
    first, second = blocks.candidate_pairs(table)
    assert sorted(found) == sorted(zip(first, second, strict=True))
    within = [pair for pair in found if pair[0] in editorials and pair[1] in editorials]
    assert 0 < len(within) < len(editorials) * (len(editorials) - 1) / 2


@needs_splink
def test_records_without_any_key_in_common_are_no_candidates():
    from toolkit.bibliography.duplicates.splink_candidates import candidate_chunks

    frame = pd.DataFrame({"ID": ["a", "b", "c"], "title": ["Night shelters", "", None]})
    assert list(candidate_chunks(record_table(frame), size=10)) == []


def test_without_the_extra_many_records_are_searched_in_memory_after_a_warning(monkeypatch):
    frame = records()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own = find_duplicates(frame)
    monkeypatch.setattr(search, "MANY_RECORDS", len(frame) - 1)
    monkeypatch.setattr(search, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=r"240 records are paired in memory.*\[scale\]") as caught:
        found = find_duplicates(frame)
    pd.testing.assert_frame_equal(found, own)
    assert len(caught) == 1
    assert caught[0].filename == __file__
