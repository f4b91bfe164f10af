"""An update of the library: new, known, enriched, repeated; keys stay, the diff is small, a rename is everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography import Library, Name, Origin, Record
from toolkit.bibliography.identifiers import find_doi, find_issn, is_isbn, isbn13
from toolkit.bibliography.imports import plan_import
from toolkit.bibliography.normalise import normal_name, normal_pages, normalise
from toolkit.bibliography.rename import RenameError, rename_key
from toolkit.records import find_root

LIBRARY = """\
% our notes
@Article{doe2001harm,
    author  = {Doe, Ann},
    title   = {Harm of sanctions in two {Nordic} towns},
    journal = {Journal of Harm},
    year    = 2001,
    doi     = {10.1000/harm}
}

@book{roe1999,
  author = {Roe, Bob}, title = {A book about many policies}, year = {1999}
}
"""


@pytest.fixture
def library(tmp_path):
    path = tmp_path / "library.bib"
    path.write_text(LIBRARY)
    return Library.read(path)


def doe(**values):
    known = {"title": "Harm of sanctions in two Nordic towns.", "authors": (Name("Doe", "A"),), "year": "2001"}
    return Record(**{**known, "journal": "Journal of Harm", **values})


NEW = Record(title="Remedies after prison", authors=(Name("Poe", "C"),), year="2020", doi="10.1000/NEW", pages="727-33")


def test_what_is_new_known_and_enriched(library):
    plan = plan_import(library, [doe(doi="https://doi.org/10.1000/HARM", volume="7", pages="1-9"), NEW, NEW])
    assert [(item.status.value, item.key) for item in plan.items] == [
        ("enriches", "doe2001harm"),
        ("new", "poe2020remedies"),
        ("repeated", "poe2020remedies"),
    ]
    assert plan.counts() == {"found": 3, "new": 1, "duplicates": 2, "enriched": 1}
    assert library.path.read_text() == LIBRARY, "nothing is written before it is applied"
    plan.apply()
    text = library.path.read_text()
    kept = [line for line in LIBRARY.splitlines() if "doi " not in line]
    assert [line for line in kept if line not in text.splitlines()] == []
    written = Library.read(library.path)
    assert (written["doe2001harm"].text("volume"), written["doe2001harm"].fields["pages"]) == ("7", "1--9")
    assert (written["poe2020remedies"].fields["doi"], written["poe2020remedies"].fields["pages"]) == (
        "10.1000/new",
        "727--733",
    )


def test_an_import_done_twice_changes_nothing_more(library):
    plan_import(library, [doe(volume="7"), NEW]).apply()
    again = plan_import(Library.read(library.path), [doe(volume="7"), NEW])
    assert again.edits == ()
    assert again.counts()["new"] == 0


def test_a_record_without_identifiers_is_known_by_what_it_says(library):
    (item,) = plan_import(library, [doe(pmid="123")]).items
    assert item.key == "doe2001harm"
    assert item.reason


def test_one_identifier_on_two_works_does_not_make_them_one(library):
    other = Record(title="Gardens and flowers", authors=(Name("Fern", "F"),), year="1987", doi="10.1000/harm")
    (item,) = plan_import(library, [other]).items
    assert item.status.value == "new"


def test_what_an_entry_says_otherwise_is_shown_and_kept(library):
    plan = plan_import(library, [doe(doi="10.1000/harm", year="2002")])
    (change,) = plan.changes
    assert (change.field, change.action, change.present, change.offered) == ("year", "differs", "2001", "2002")
    assert plan.edits == ()


def test_a_new_key_is_never_one_that_is_taken(library):
    other = Record(title="Harm elsewhere", authors=(Name("Doe", "Z"),), year="2001", journal="Other")
    (item,) = plan_import(library, [other]).items
    assert item.key == "doe2001harma"


def test_a_doubt_names_the_reference_that_it_may_be_also_among_the_new_ones(library):
    first = Record(title="Stigma in a clinic", authors=(Name("Poe", "C"),), year="2024", journal="J", doi="10.1000/s")
    second = first.with_values(doi="", volume="9", authors=(Name("Poe", "Cy"),))
    items = plan_import(library, [first, second]).items
    assert items[1].key == items[0].key or items[1].maybe == items[0].key


def test_accounts_of_the_database_do_not_enter_the_library(library):
    record = Record(title="New work", origin=Origin(format="medline"), other=(("OWN", "NLM"), ("AD", "A town")))
    plan = plan_import(library, [record])
    assert dict(plan.edited()[plan.items[0].key].fields)["ad"] == "A town"
    assert "own" not in plan.edited()[plan.items[0].key].fields


@pytest.mark.parametrize(
    ("printed", "pages"),
    [
        ("727-33", "727-733"), ("pp. 727–33", "727-733"), ("1499-502", "1499-1502"), ("e12-e14", "e12-e14"),
        ("S12-9", "S12-S19"), ("99-9", "99-99"), ("15-8", "15-18"), ("18-5", "18-5"), ("12", "12"),
        ("1-9, 12-4", "1-9, 12-14"),
    ],
)  # fmt: skip
def test_pages_have_all_their_digits(printed, pages):
    assert normal_pages(printed) == pages


def test_identifiers_from_any_form():
    assert find_doi("See https://dx.doi.org/10.1000%2FAb(1).") == "10.1000/ab(1)"
    assert find_doi("(doi: 10.1000/x)") == "10.1000/x"
    assert find_issn("ISSN 1234567X; 2049-3630") == "2049-3630"
    assert (isbn13("0306406152"), is_isbn("9780306406158")) == ("9780306406157", False)


def test_names_in_capitals():
    assert normal_name(Name("O'NEIL-SMITH", "JOHN")) == Name("O'Neil-Smith", "John")
    assert normal_name(Name("LI", "J")) == Name("LI", "J")


@given(st.text(max_size=40), st.text(max_size=12), st.text(max_size=30))
def test_normalising_twice_changes_nothing_more(text, number, journal):
    record = Record(
        title=text, pages=number, doi=text, isbn=number, issn=number, month=number, journal=journal, url=text
    )
    once = normalise(record)
    assert normalise(once).with_values(title="", journal="") == once.with_values(title="", journal="")


def test_a_rename_reaches_library_tables_and_notebooks(files):
    root = find_root(files.write())
    (root / "notebooks").mkdir()
    (root / "notebooks/page.ipynb").write_text('{"cells": ["see @study-1 and study-10"]}')
    library = Library.read(root / "references/library.bib")
    changed = rename_key(root, library, "study-1", "doe2001a")
    assert "doe2001a" in Library.read(library.path)
    assert len(changed) == 4
    assert "@doe2001a and study-10" in (root / "notebooks/page.ipynb").read_text()


def test_a_rename_that_fails_leaves_everything_as_it_was(files):
    root = find_root(files.write())
    library = Library.read(root / "references/library.bib")
    with pytest.raises(RenameError, match="another reference"):
        rename_key(root, library, "study-1", "STUDY-2")
    before = (root / "data/estimates.csv").read_bytes()
    library.path.write_text(library.path.read_text() + "% saved by another program\n")
    with pytest.raises(Exception, match=r"changed|saved"):
        rename_key(root, library, "study-1", "doe2001a")
    assert (root / "data/estimates.csv").read_bytes() == before
