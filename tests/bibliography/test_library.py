"""The reference library: every entry read, none lost, citations in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography import Library
from toolkit.bibliography.latex import plain_text
from toolkit.bibliography.names import family_names
from toolkit.errors import UnknownNameError


@pytest.fixture
def read(tmp_path):
    def read(text, encoding="utf-8"):
        path = tmp_path / "library.bib"
        path.write_bytes(text.encode(encoding))
        return Library.read(path, name="library.bib")

    return read


@pytest.mark.parametrize(
    ("author", "families"),
    [
        ("Doe, Ann", ("Doe",)),
        ("Ann Doe and Bob Roe", ("Doe", "Roe")),
        ("van der Berg, Jan", ("van der Berg",)),
        ("Jan van der Berg", ("van der Berg",)),
        ("{World Health Organization}", ("World Health Organization",)),
        ("{Rand and Sons} and Doe, Ann", ("Rand and Sons", "Doe")),
        (r"M{\"u}ller, J{\'o}rg", ("Müller",)),
        ("Doe, Jr., Ann", ("Doe",)),
        ("Doe, Ann and others", ("Doe",)),
        ("Plato", ("Plato",)),
        ("", ()),
    ],
)
def test_family_names_follow_bibtex(author, families):
    assert family_names(author) == families


@given(st.text(max_size=60))
def test_no_author_field_raises(text):
    assert all(isinstance(name, str) for name in family_names(text))


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"Evoluci{\'o}n", "Evolución"),
        ("{DNA} and {RNA}", "DNA and RNA"),
        ("100% of them", "100% of them"),
        (r"100\% of them", "100% of them"),
        ("pages 1--9", "pages 1–9"),
        ("São Paulo", "São Paulo"),
    ],
)
def test_latex_is_shown_as_text_and_nothing_is_lost(latex, text):
    assert plain_text(latex) == text


def test_short_citations_name_one_two_or_many_authors(read):
    library = read(
        "@article{a, author={Doe, A}, year=2001}\n"
        "@article{b, author={Doe, A and Roe, B}, year={2002}}\n"
        '@article{c, author="Doe, A and Roe, B and Poe, C", date={2003-05}}\n'
        "@misc{d, title={An {Anonymous} Report: part one}}\n"
    )
    assert [library[key].short for key in "abcd"] == [
        "Doe 2001",
        "Doe and Roe 2002",
        "Doe et al. 2003",
        "An Anonymous Report n.d.",
    ]


def test_a_broken_entry_is_a_finding_and_the_others_are_read(read):
    library = read("@article{a, title={x}}\n\n@article{b, title={never closed\n\n@article{c, title={y}}\n")
    assert {"a"} <= set(library)
    (finding,) = library.findings
    assert (finding.rule, finding.line) == ("bibtex", 3)


def test_a_repeated_key_keeps_the_first_and_tells_the_second(read):
    library = read("@article{a, title={first}}\n@article{a, title={second}}\n")
    assert library["a"].fields["title"] == "first"
    assert [(finding.rule, finding.line) for finding in library.findings] == [("duplicate-key", 2)]


def test_an_address_is_a_doi_or_a_web_address_and_nothing_else(read):
    library = read(
        "@misc{a, doi={10.1000/x}, url={https://example.org}}\n"
        r"@misc{b, url={https://example.org/a\_b}}" + "\n"
        "@misc{c, url={javascript:alert(1)}}\n"
    )
    assert [library[key].url for key in "abc"] == ["https://doi.org/10.1000/x", "https://example.org/a_b", ""]


def test_a_library_in_windows_1252_is_read_and_told(read):
    library = read("@article{a, title={Müller}}", encoding="cp1252")
    assert [(finding.rule, finding.value) for finding in library.findings] == [("encoding", "cp1252")]
    assert library["a"].text("title") == "Müller"


def test_an_unknown_key_offers_the_nearest(read):
    with pytest.raises(UnknownNameError, match="'doe2001harm'"):
        read("@article{doe2001harm, title={x}}")["doe2001harms"]
