"""Keys: by the pattern, in ASCII, never one that is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography.keys import follows_pattern, make_key
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Record


def record(author, year, title):
    return Record(authors=(author,) if author else (), year=year, title=title)


@pytest.mark.parametrize(
    ("made_of", "key"),
    [
        (record(Name("Abajobir", "A"), "2017", "Gender-based differences"), "abajobir2017genderbased"),
        (record(Name("Müller", "J", "von der"), "2001", "The harm of it"), "vondermuller2001harm"),
        (record(Name("Bureau of Statistics", literal=True), "2016", "Prisoners"), "bs2016prisoners"),
        (record(Name("Ødegård", "K"), "2005", "Étude d'une cohorte"), "odegard2005etude"),
        (record(None, "", "A 'report'"), "ndreport"),
        (record(None, "", ""), "nd"),
    ],
)
def test_a_key_is_author_year_word_in_ascii(made_of, key):
    assert make_key(made_of) == key
    assert follows_pattern(key, made_of) or not made_of.authors


def test_a_key_that_is_taken_gets_a_letter_and_still_follows_the_pattern():
    doe = record(Name("Doe", "A"), "2001", "Harm")
    taken = {"doe2001harm"} | {f"doe2001harm{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"}
    assert make_key(doe, taken=taken) == "doe2001harmaa"
    assert follows_pattern("doe2001harma", doe)
    assert not follows_pattern("doe2002harm", doe)
    assert not follows_pattern("Doe:2001", doe)


def test_another_pattern_keeps_its_own_signs():
    assert make_key(record(Name("Doe"), "2001", "Harm"), pattern="author-YEAR") == "doe-2001"


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["", "1999"]))
def test_every_record_gets_a_key_that_bibtex_can_read(family, title, year):
    key = make_key(record(Name(family), year, title))
    assert key.isascii()
    assert key
    assert not set(key) & set(' ,{}"#%~\\()=')
