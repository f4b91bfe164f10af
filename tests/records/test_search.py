"""The search log: rows put behind those that stand there, counts that add up, told by the check."""

from __future__ import annotations

import pytest

from toolkit import check_review
from toolkit.errors import InvalidReviewError
from toolkit.records import log_search, read_records
from toolkit.records.search import SEARCHES

COUNTS = {"found": 3, "new": 1, "duplicates": 2, "enriched": 1}


def test_a_review_without_a_log_is_sound_and_the_first_search_makes_it(files):
    root = files.write()
    assert not [finding for finding in check_review(root) if finding.file == SEARCHES]
    log_search(root, date="2026-11-24", source="PubMed", query="a, or b", file="export.nbib", counts=COUNTS)
    second = log_search(root, date="2026-11-24", source="A colleague", file="hers.bib", counts=COUNTS)
    assert second.search == "S002"
    assert (root / SEARCHES).read_text().splitlines() == [
        "search,date,source,query,file,found,new,duplicates,enriched",
        'S001,2026-11-24,PubMed,"a, or b",export.nbib,3,1,2,1',
        "S002,2026-11-24,A colleague,,hers.bib,3,1,2,1",
    ]
    assert list(read_records(root).searches) == ["S001", "S002"]
    assert not [finding for finding in check_review(root) if finding.file == SEARCHES]


def test_counts_that_do_not_add_up_are_told_and_nothing_is_added(files):
    root = files.write()
    (root / SEARCHES).write_text(
        "search,date,source,query,file,found,new,duplicates,enriched\nS001,2026-11-24,PubMed,,a.ris,5,1,2,0\n"
    )
    (finding,) = [finding for finding in check_review(root) if finding.file == SEARCHES]
    assert finding.line == 2
    assert "do not make 5 found" in finding.message
    with pytest.raises(InvalidReviewError):
        log_search(root, date="2026-11-24", source="PubMed", file="b.ris", counts=COUNTS)
