"""The search log: rows put behind those that stand there, counts that add up, told by the check."""

from __future__ import annotations

import pytest

from toolkit import check_review
from toolkit.errors import InvalidReviewError
from toolkit.files import write_together
from toolkit.records import identified, read_records, search_log_change
from toolkit.records.search import SEARCHES

SEARCH = {"date": "2026-11-24", "source": "PubMed", "found": 3, "new": 1, "duplicates": 2, "enriched": 1}


def test_a_review_without_a_log_is_sound_and_the_first_search_makes_it(files):
    root = files.write()
    assert not [finding for finding in check_review(root) if finding.file == SEARCHES]
    write_together(root, [search_log_change(root, [{**SEARCH, "query": "a, or b", "file": "export.nbib"}])])
    write_together(root, [search_log_change(root, [{**SEARCH, "source": "A colleague", "file": "hers.bib"}])])
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
        search_log_change(root, [{**SEARCH, "file": "b.ris"}])


def test_the_first_boxes_of_the_flow_count_each_source_and_all(files):
    root = files.write()
    rows = [
        {**SEARCH, "file": "a.nbib"},
        {**SEARCH, "source": "Scopus", "file": "b.ris", "found": 10, "new": 4, "duplicates": 6},
        {**SEARCH, "file": "c.nbib", "found": 2, "new": 2, "duplicates": 0},
    ]
    write_together(root, [search_log_change(root, rows)])
    counted = identified(read_records(root).searches.values())
    assert counted.to_numpy().tolist() == [
        ["PubMed", 2, 5, 2, 3],
        ["Scopus", 1, 10, 6, 4],
        ["all sources", 3, 15, 8, 7],
    ]
    assert identified([]).to_numpy().tolist() == [["all sources", 0, 0, 0, 0]]
