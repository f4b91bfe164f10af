"""The fields of sound entries, as bibtexparser's raw stack reads them: a second implementation that knows no faults."""

from __future__ import annotations

import logging

import bibtexparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography import Library
from toolkit.bibliography.entry import parse
from toolkit.bibliography.syntax import Kind, split

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

TEXT = st.text(st.characters(exclude_categories=["C"], exclude_characters='{}"@\\%='), max_size=20)
NESTED = st.recursive(TEXT, lambda inner: st.tuples(TEXT, inner, TEXT).map("{{{0[0]}{{{0[1]}}}{0[2]}}}".format))
PART = st.one_of(NESTED.map("{{{}}}".format), TEXT.map('"{}"'.format), st.sampled_from(["jan", "2001", "nejm"]))
VALUE = st.lists(PART, min_size=1, max_size=3).map(" # ".join)
SPACE = st.sampled_from(["", " ", "\n  ", "\t"])
FIELDS = st.lists(st.tuples(st.sampled_from("title Author year bdsk-url-1 author+an".split()), SPACE, SPACE, VALUE),
                  unique_by=lambda field: field[0], max_size=5)  # fmt: skip
ENTRY = st.tuples(st.sampled_from(["article", "Book", "MISC"]), SPACE, FIELDS, st.sampled_from(["", ",", ",\n"]))


def source(number, entry):
    kind, space, fields, end = entry
    written = [f"{name}{before}={behind}{value}" for name, before, behind, value in fields]
    return f"@{kind}{{key{number},{space}" + f",{space}".join(written) + (end if fields else "") + "}"


@given(st.lists(ENTRY, max_size=4))
def test_the_fields_of_sound_entries_are_those_that_bibtexparser_reads(entries):
    text = "\n\n".join(source(number, entry) for number, entry in enumerate(entries))
    theirs = bibtexparser.parse_string(text, parse_stack=[])
    ours = [block for block in split(text) if block.kind is Kind.ENTRY]
    assert [block.key for block in ours] == [entry.key for entry in theirs.entries]
    for block, entry in zip(ours, theirs.entries, strict=True):
        assert parse(block).faults == ()
        values = [(field.name, block.text[slice(*field.value)].strip()) for field in parse(block).fields]
        assert values == [(field.key, field.value.strip()) for field in entry.fields]


OPEN_BRACE = "@article{k,\n title = {open,\n year = {2001}\n\n"
OPEN_QUOTE = '@article{k,\n title = "open,\n year = {1}\n}\n'
GROWING = {
    "entries that never close": lambda n: OPEN_BRACE * n,
    "quotes that never close": lambda n: OPEN_QUOTE * n,
    "entries in entries": lambda n: "@a{k,x={" * n,
    "entries at line starts": lambda n: "\n@a{k,x={{" * (n // 2),
    "parentheses": lambda n: '\n@a(k,x="' * (n // 2),
    "open braces": lambda n: "@a{k, x=" + "{" * 20 * n,
    "fields without end": lambda n: "@a{k," + "".join(f"\n x{i} = {{a," for i in range(n)),
    "commas missing": lambda n: "@a{k," + "x = {a} " * n + "}",
    "comments": lambda n: "% @a{ " * n,
    "one key": lambda n: "@a{k,}\n" * n,
    "one field": lambda n: "@a{k, x = {" + "word \\'e $x$ " * 4 * n + "}}",
}


@pytest.mark.parametrize("made", GROWING.values(), ids=GROWING)
def test_ten_thousand_broken_blocks_are_read_to_their_end(made):
    content = made(10_000).encode()  # what takes more than linear time does not come back from this
    library = Library.from_bytes(content)
    assert library.to_bytes() == content
    for reference in library.values():
        assert reference.text("x") is not None
