"""Whatever a service answers with gives a record, or one failure that can be read: never another error."""

from __future__ import annotations

import contextlib
import copy
import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography.lookup import Identifier, LookupFailure, LookupSettings
from toolkit.bibliography.lookup.cache import Answer
from toolkit.bibliography.lookup.services import SERVICES
from toolkit.bibliography.record import Record

from .conftest import CROSSREF_WORK, NOTICE, OPENALEX_WORK, PUBMED_XML

DOI = Identifier.parse("10.5555/sample.1")
PMID = Identifier.parse("111")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


class Said:
    """A client to which every service says the same."""

    settings = LookupSettings(contact="ann@example.org")

    def __init__(self, text):
        self.text = text

    def get(self, *_, **__):
        return Answer(self.text, datetime.now(UTC))


def places(value, path=()):
    """All places in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def put(value, path, new):
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    return value


def answer_of(service, text, identifier):
    for ask, kind in ((service.record, Record), (service.notices, tuple)):
        with contextlib.suppress(LookupFailure):
            assert isinstance(ask(Said(text), identifier), kind)


CROSSREF = put(CROSSREF_WORK, ("message", "updated-by"), [NOTICE])


@given(st.sampled_from(list(places(CROSSREF))), ANYTHING)
def test_any_value_anywhere_in_crossrefs_answer(path, value):
    answer_of(SERVICES["crossref"], json.dumps(put(CROSSREF, path, value)), DOI)


@given(st.sampled_from(list(places(OPENALEX_WORK))), ANYTHING)
def test_any_value_anywhere_in_openalexs_answer(path, value):
    answer_of(SERVICES["openalex"], json.dumps(put(OPENALEX_WORK, path, value)), PMID)


@given(st.integers(0, len(PUBMED_XML)), st.integers(0, 400), st.text(max_size=10))
def test_any_piece_missing_from_pubmeds_answer(start, length, text):
    answer_of(SERVICES["pubmed"], PUBMED_XML[:start] + text + PUBMED_XML[start + length :], PMID)


@given(ANYTHING)
def test_anything_at_all_as_pubmeds_search_answer(value):
    answer_of(SERVICES["pubmed"], json.dumps({"esearchresult": value}), DOI)
