"""What `evidence refs check` tells and what `refs tidy` puts right: each rule on one entry that breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from toolkit.bibliography import Library, check_library
from toolkit.bibliography.keys import DEFAULT_PATTERN
from toolkit.bibliography.tidy import tidy_edits
from toolkit.cli import app
from toolkit.errors import Severity

SOUND = {
    "author": "Doe, Ann",
    "title": "A study of harm",
    "journal": "J Harm",
    "year": "2001",
    "doi": "10.1000/x",
    "pmid": "123456",
    "issn": "0140-6736",
    "pages": "1--9",
}


def library(*changes, kind="article"):
    entries = []
    for number, change in enumerate(changes, 1):
        fields = {name: value for name, value in (SOUND | change).items() if value is not None}
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        entries.append(f"@{kind}{{doe200{number}study,\n{body}\n}}\n")
    return Library.from_bytes("\n".join(entries).encode(), name="library.bib")


def findings(*changes, kind="article", **options):
    return check_library(library(*changes, kind=kind), name="library.bib", **options)


def test_a_sound_entry_is_not_spoken_of():
    assert findings({}, pattern=DEFAULT_PATTERN, cited={"doe2001study"}, metadata=True) == []


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        ({"title": None}, "required", "title"),
        ({"year": None}, "required", "year"),
        ({"author": None}, "required", "author"),
        ({"journal": None}, "required", "journal"),
        ({"doi": "https://doi.org/10.1000/x"}, "doi-form", "doi"),
        ({"doi": "10.1000/x."}, "doi-form", "doi"),
        ({"pmid": "PMC123"}, "pmid-form", "pmid"),
        ({"pmcid": "123"}, "pmcid-form", "pmcid"),
        ({"issn": "0140-6735"}, "issn-form", "issn"),
        ({"isbn": "978-0-306-40615-8"}, "isbn-form", "isbn"),
        ({"year": "2101"}, "year", "year"),
        ({"year": "last year"}, "year", "year"),
        ({"author": "Doe, Ann; Roe, Bob"}, "names", "author"),
        ({"author": "Doe, Ann et al."}, "names", "author"),
        ({"author": "Doe, Ann, Roe, Bob, Poe, Cy"}, "names", "author"),
        ({"author": "Doe, Ann and and Roe, Bob"}, "names", "author"),
        ({"author": "Doe,"}, "names", "author"),
        ({"title": "Crime & harm"}, "unescaped", "title"),
        ({"title": "Half, 50% of it"}, "unescaped", "title"),
        ({"title": "The DNA of harm"}, "title-case", "title"),
        ({"title": "A STUDY OF HARM"}, "title-capitals", "title"),
    ],
)
def test_a_value_that_cannot_be_right_is_told_with_its_place(change, rule, column):
    (finding,) = findings(change, metadata=True)
    assert (finding.rule, finding.column, finding.line, finding.record) == (rule, column, 1, "doe2001study")
    assert finding.hint


@pytest.mark.parametrize(
    "change",
    [
        {"isbn": "978-0-306-40615-7, 0-306-40615-2"},
        {"issn": "0140-6736 (Print) 1474-547X (Electronic)"},
        {"year": "in press"},
        {"year": "1998/1999"},
        {"author": "{Doe; Roe and Sons} and Doe, Jr., Ann and others"},
        {"title": r"Crime \& harm in {DNA} and $x_1 & y$"},
        {"title": r"See \url{https://example.org/a_b&c}"},
        {"doi": r"10.1000/a\_b(1)<2>", "title": "Of harm"},
    ],
)
def test_what_is_right_is_not_spoken_of(change):
    change = change | ({"doi": r"10.1000/a\_b(1)"} if "<" in change.get("doi", "") else {})
    assert findings(change) == []


def test_a_doi_that_stands_twice_is_told_at_the_second():
    (finding,) = findings({}, {"doi": "10.1000/X"})
    assert (finding.rule, finding.record, finding.severity) == ("doi-duplicate", "doe2002study", Severity.WARNING)
    assert "doe2001study" in finding.message


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"cited": frozenset()}, "unused"),
        ({"abstracts": True}, "abstract"),
        ({"pattern": "author_YEAR"}, "key-pattern"),
        ({"metadata": True}, "metadata-unchecked"),
    ],
)
def test_some_rules_hold_only_where_they_are_wanted(options, rule):
    change = {"keywords": "crime; metadata-unchecked"}
    assert findings(change) == []
    assert [finding.rule for finding in findings(change, **options)] == [rule]


def test_a_chapter_takes_what_it_lacks_from_its_book():
    text = (
        "@incollection{a, author = {Doe, Ann}, title = {T}, crossref = {b}}\n"
        "@book{b, editor = {Roe, Bob}, title = {B}, year = {2001}, publisher = {P}}\n"
    )
    assert check_library(Library.from_bytes(text.encode()), name="x", metadata=True) == []


@pytest.mark.parametrize(
    ("field", "before", "after", "rule"),
    [
        ("doi", "https://doi.org/10.1000/Ab", "10.1000/Ab", "doi-address"),
        ("doi", "doi: 10.1000/x", "10.1000/x", "doi-address"),
        ("pages", "727-33", "727--33", "pages-dash"),
        ("pages", "S1–S9, 12 - 14", "S1--S9, 12--14", "pages-dash"),
        ("issn", "01406736", "0140-6736", "issn-hyphen"),
        ("pmid", "PMID: 123", "123", "pmid-prefix"),
        ("pmcid", "pmc 123", "PMC123", "pmcid-prefix"),
        ("title", "Crime &amp; harm", r"Crime \& harm", "html-entity"),
        ("title", "Crime & 5% of it", r"Crime \& 5\% of it", "unescaped"),
        ("title", "HIV-positive mRNA & {DNA}", r"{HIV-positive} {mRNA} \& {DNA}", "unescaped, title-case"),
    ],
)
def test_a_fix_is_named_changes_one_line_and_is_made_once(field, before, after, rule):
    untidy = library({field: before})
    (edit,) = tidy_edits(untidy)
    assert (edit.value, edit.reason) == (after, rule)
    tidied = untidy.edited([edit])
    assert tidied.text == untidy.text.replace(f"{field} = {{{before}}}", f"{field} = {{{after}}}")
    assert tidy_edits(tidied) == []


@pytest.mark.parametrize(
    "change",
    [
        {"pages": "e12-3a, 1--9"},
        {"pages": "http://x.org/1-2"},
        {"issn": "01406735"},
        {"doi": "see 10.1000/x"},
        {"title": "$a & b$ in \\url{x#y}"},
        {"title": "THE WHOLE TITLE IN CAPITALS Complete"},
    ],
)
def test_what_might_be_meant_is_left_alone(change):
    assert [edit for edit in tidy_edits(library(change)) if edit.field in change and "e12" not in str(change)] == []


def test_an_empty_field_goes_and_a_doi_in_an_address_is_a_doi():
    untidy = library({"note": " ", "doi": None, "url": "https://doi.org/10.1000/abc"})
    tidied = untidy.edited(tidy_edits(untidy))
    assert "note" not in tidied["doe2001study"].own
    assert tidied["doe2001study"].own["doi"] == "10.1000/abc"
    assert tidy_edits(tidied) == []


@given(st.dictionaries(st.sampled_from([*SOUND, "pmcid", "url"]), st.text("10./-–&%#$\\{}DNAdoi: x", max_size=20)))
def test_tidying_twice_is_tidying_once(change):
    untidy = library(change)
    tidied = untidy.edited(tidy_edits(untidy))
    assert tidy_edits(tidied) == []
    assert list(tidied) == list(untidy)


def test_the_commands_check_and_tidy_a_review(files):
    files.library = files.library.replace("doi = {10.1000/study-1}", "doi = {doi:10.1000/study-1}")
    root = files.write()
    path = root / "references/library.bib"
    before = path.read_text()
    run = CliRunner().invoke
    checked = run(app, ["refs", "check", "--review", str(root)])
    assert (checked.exit_code, "doi-form" in checked.output, "key-pattern" in checked.output) == (1, True, True)
    shown = run(app, ["refs", "tidy", "--review", str(root)])
    assert "study-1 doi (doi-address): doi:10.1000/study-1 -> 10.1000/study-1" in shown.output
    assert path.read_text() == before
    assert run(app, ["refs", "tidy", "--review", str(root), "--apply"]).exit_code == 0
    assert path.read_text() == before.replace("doi:", "")
    assert run(app, ["refs", "check", "--pattern", "", "--review", str(root)]).exit_code == 0
