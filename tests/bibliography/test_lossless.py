"""BibTeX as people keep it: every byte comes back, and an edit changes its own lines and no others."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography import Library, Name, Record
from toolkit.bibliography.edits import AddEntry, RemoveEntry, RemoveField, RenameKey, SetField
from toolkit.bibliography.encoding import EncodingError
from toolkit.bibliography.entry import parse
from toolkit.bibliography.splice import EditError
from toolkit.bibliography.syntax import Kind
from toolkit.errors import UnknownNameError

HOUSE = """\
% Encoding: UTF-8
A line of free text, with an @ sign.

@string{nejm = "N Engl J Med"}
@string{series = "The " # nejm # " series"}
@preamble{"\\newcommand{\\noop}[1]{}" # nejm}

@ARTICLE{doe2001harm,
  Author    = {Doe, Ann},
  title     = {{DNA} and harm},
  journal   = nejm,
  year      = 2001,
  month     = jan # "~1",
}
% a remark below
@comment{jabref-meta: grouping: 0 AllEntriesGroup:;}

@ inproceedings (roe2002crime
 , title = "A quoted one (with brackets)"
 , crossref = {proc2002}
 , note = "see {"}here{"}"
 )

@proceedings{proc2002, title = {Proceedings of Crime}, year = {2002}, publisher = {P}}
%@article{hidden2003, title = {commented out}}
"""


def library(text, encoding="utf-8"):
    return Library.from_bytes(text.encode(encoding), "library.bib")


def changed_lines(before, after):
    pairs = difflib.ndiff(before.text.splitlines(), after.text.splitlines())
    return [line for line in pairs if line[0] in "+-"]


def rules(found):
    return [(finding.rule, finding.line) for finding in found.findings]


def test_everything_of_a_file_is_read_and_comes_back():
    house = library(HOUSE)
    assert house.to_bytes() == HOUSE.encode()
    assert list(house) == ["doe2001harm", "roe2002crime", "proc2002"]
    doe = house["doe2001harm"]
    assert (doe.type, doe.fields["AUTHOR"], doe.fields["journal"]) == ("article", "Doe, Ann", "N Engl J Med")
    assert doe.own["month"] == "jan~1"
    assert house.macros["series"] == "The N Engl J Med series"
    assert house["roe2002crime"].line == 18
    assert rules(house) == [("entry-start", 18)]


def test_what_an_entry_inherits_is_a_view_and_is_not_written():
    house = library(HOUSE)
    roe = house["roe2002crime"]
    assert (roe.fields["booktitle"], roe.year, roe.record.publisher) == ("Proceedings of Crime", "2002", "P")
    assert set(roe.own) == {"title", "crossref", "note"}
    assert "booktitle" not in house.set("roe2002crime", "note", "x").text


def test_entries_that_inherit_in_a_circle_are_read():
    circle = library("@book{a, crossref={b}, title={A}}\n@book{b, crossref={a}, year={2001}}\n@misc{c, xdata={c,a}}")
    assert (circle["a"].year, circle["b"].text("title"), circle["c"].year) == ("2001", "A", "2001")


def test_long_chains_and_trees_of_parents_take_no_time():
    chain = "".join(f"@misc{{k{n}, crossref = {{k{n + 1}}}}}\n" for n in range(400))
    tree = "".join(
        f"@xdata{{x{n}, xdata = {{x{n + 1}, y{n + 1}}}}}\n@xdata{{y{n}, xdata = {{x{n + 1}}}}}" for n in range(40)
    )
    deep = library(chain + tree + "@xdata{x40, year = 2001}@misc{k400, year = 2002}")
    assert deep["x0"].year == "2001"
    assert deep["k350"].year == "2002"
    assert all(reference.record is not None for reference in deep.values())


@pytest.mark.parametrize(
    ("key", "field", "value", "added"),
    [
        ("doe2001harm", "author", "Doe, A.", "  Author    = {Doe, A.},"),
        ("doe2001harm", "year", "2002", "  year      = 2002,"),
        ("doe2001harm", "year", "in press", "  year      = {in press},"),
        ("doe2001harm", "journal", "Lancet", "  journal   = {Lancet},"),
        ("doe2001harm", "doi", "10.1000/x", "  doi       = {10.1000/x},"),
        ("roe2002crime", "note", "none", ' , note = "none"'),
        ("roe2002crime", "note", 'a "b"', ' , note = {a "b"}'),
        ("roe2002crime", "year", "2003", ' , year = "2003"'),
    ],
)
def test_a_field_is_set_in_the_style_of_its_entry(key, field, value, added):
    house = library(HOUSE)
    after = house.set(key, field, value)
    assert [line[2:] for line in changed_lines(house, after) if line[0] == "+"] == [added]
    assert len(changed_lines(house, after)) == 1 + (field in house[key].own)
    assert after[key].fields[field] == value
    assert house[key].fields.get(field) != value


@pytest.mark.parametrize(
    ("key", "field"), [("doe2001harm", "title"), ("doe2001harm", "month"), ("roe2002crime", "note")]
)
def test_a_field_is_taken_out_with_its_line(key, field):
    house = library(HOUSE)
    after = house.remove_field(key, field)
    (line,) = changed_lines(house, after)
    assert line.startswith("- ")
    assert field in line
    assert field not in after[key].fields


def test_windows_line_ends_stay_and_are_used_for_what_is_new():
    house = library(HOUSE.replace("\n", "\r\n"))
    after = house.set("doe2001harm", "doi", "10.1000/x").add(Record(title="New", year="2020"), "new2020")
    assert after.to_bytes().count(b"\n") == after.to_bytes().count(b"\r\n")


def test_a_new_entry_is_written_in_the_house_style_behind_the_last_entry():
    record = Record(
        title="DNA & harm in 100%",
        authors=(Name("World Health Organization", literal=True), Name("Berg", "Jan", "van der")),
        year="2020",
        month="3",
        journal="J_Harm",
        pages="727-733",
        doi="10.1000/a_b",
        keywords=("x", "y"),
        other=(("C1", "Oslo"),),
    )
    house = library(HOUSE)
    after = house.add(record)
    assert [line[2:] for line in changed_lines(house, after)] == [
        "",
        "@article{who2020dna,",
        "  author = {{World Health Organization} and van der Berg, Jan},",
        r"  title = {{DNA} \& harm in 100\%},",
        "  year = {2020},",
        "  month = mar,",
        r"  journal = {J\_Harm},",
        "  pages = {727--733},",
        "  doi = {10.1000/a_b},",
        "  keywords = {x, y},",
        "  c1 = {Oslo}",
        "}",
    ]
    back = after["who2020dna"].record
    assert back.with_values(key="", origin=record.origin, other=record.other) == record
    assert after.text.endswith("%@article{hidden2003, title = {commented out}}\n")


def test_a_list_of_names_that_is_cut_short_stays_so():
    record = library("@misc{a, author = {Doe, Ann and others}}")["a"].record
    assert [name.family for name in record.authors] == ["Doe"]
    assert library("").add(record, "b")["b"].own == {"author": "Doe, Ann and others"}


def test_an_entry_is_taken_out_with_the_blank_line_behind_it():
    text = "@misc{a, year = 1}\n\n@misc{b, year = 2}\n\n@misc{c, year = 3}\n"
    assert library(text).remove("b").text == "@misc{a, year = 1}\n\n@misc{c, year = 3}\n"
    assert library(text).remove("c").text == "@misc{a, year = 1}\n\n@misc{b, year = 2}\n"


def test_a_renamed_key_takes_those_that_inherit_with_it():
    house = library(HOUSE)
    after = house.rename("proc2002", "crime2002proceedings")
    assert after["roe2002crime"].fields["booktitle"] == "Proceedings of Crime"
    assert len(changed_lines(house, after)) == 4


BROKEN = """\
@article{open2001,
  title = {never closed,
  year = {2001},
  doi = {10.1000/open}

@article{comma2002, title = {T}
  year = {2002}}
@article{, title = {first without a key}}
@article{, title = {second}}
@article{twice2003, title = {a}, title = {b}}
@article{twice2003, title = {c}, year = 2003 }
@article{inside2004,
  % a remark = {x},
  title = {d} % behind
}
@article{brace2005, title = {e}}, year = {2005}}
@article{quote2006, title = "no end, year = "2006", doi = {10.1000/q}}
"""


def test_what_stands_in_a_broken_entry_is_readable_and_told_once():
    broken = library(BROKEN)
    assert broken.to_bytes() == BROKEN.encode()
    assert list(broken) == [
        "open2001", "comma2002", "#1", "#2", "twice2003", "twice2003#2", "inside2004", "brace2005", "quote2006",
    ]  # fmt: skip
    assert dict(broken["open2001"].own) == {"title": "never closed", "year": "2001", "doi": "10.1000/open"}
    assert dict(broken["comma2002"].own) == {"title": "T", "year": "2002"}
    assert broken["#2"].text("title") == "second"
    assert broken["twice2003"].text("title") == "a"
    assert dict(broken["inside2004"].own) == {"title": "d"}
    assert broken["brace2005"].year == "2005"
    assert broken["quote2006"].fields["doi"] == "10.1000/q"
    assert rules(broken) == [
        ("bibtex", 1), ("missing-comma", 6), ("no-key", 8), ("no-key", 9), ("duplicate-field", 10),
        ("duplicate-key", 11), ("comment-inside", 13), ("bibtex", 16), ("bibtex", 17),
    ]  # fmt: skip


def test_entries_without_a_key_of_their_own_can_be_given_one():
    named = library(BROKEN).edited([RenameKey("#1", "first"), RenameKey("twice2003#2", "thrice")])
    assert {"first", "#1", "twice2003", "thrice"} <= set(named)
    assert named["thrice"].text("title") == "c"


def test_a_note_may_quote_an_entry():
    quoting = library("@misc{a, note = {as in\n@article{b, title = {x}}\n}, year = 2001}\n@misc{c, year = 2}")
    assert list(quoting) == ["a", "c"]
    assert quoting.findings == ()


@pytest.mark.parametrize(
    ("content", "codec", "title"),
    [
        ("\ufeff@misc{a, title={Müller}}".encode(), "utf-8", "Müller"),
        ("@misc{a, title={Müller – 1}}".encode("cp1252"), "cp1252", "Müller – 1"),
        ("% Encoding: ISO8859_2\n@misc{a, title={Łódź}}".encode("iso8859-2"), "iso8859-2", "Łódź"),
        ("@misc{a, title={ü}}".encode() + b"% \x81", "utf-8", "ü"),
        ("@misc{a, title={é ü ö}, note={".encode() + b"\xe9}}", "utf-8", "é ü ö"),
        (b"\xff\xfe" + "@misc{a, title={ü}}".encode("utf-16-le"), "utf-16-le", "ü"),
    ],
)
def test_every_encoding_is_read_and_kept(content, codec, title):
    read = Library.from_bytes(content)
    assert (read.to_bytes(), read.encoding.codec, read["a"].text("title")) == (content, codec, title)
    after = read.set("a", "title", "Ö")
    assert Library.from_bytes(after.to_bytes())["a"].text("title") == "Ö"


@pytest.mark.parametrize("declared", ["Cp1252", "utf-16-le", "utf-7", "rot13", "UTF-8"])
def test_a_file_of_ascii_alone_takes_new_letters_in_the_encoding_that_it_declares(declared):
    read = library(f"% Encoding: {declared}\n@misc{{a, title={{u+AG-v}}}} ")
    assert read.findings == ()
    assert read.to_bytes() == read.text.encode()
    after = read.set("a", "title", "ü").to_bytes()
    assert after == after.decode("cp1252" if declared == "Cp1252" else "utf-8").encode(read.encoding.codec)
    assert Library.from_bytes(after)["a"].text("title") == "ü"


def test_a_letter_that_the_file_cannot_hold_is_refused():
    after = library("@misc{a, title={ü}}", "cp1252").set("a", "title", "日本")
    with pytest.raises(EncodingError, match="日"):
        after.to_bytes()


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (SetField("nobody", "title", "x"), UnknownNameError),
        (SetField("doe2001harm", "title", "{x"), EditError),
        (SetField("doe2001harm", "a b", "x"), EditError),
        (SetField("doe2001harm", "note", "\n@a{b,\n}\n@a{c,\n}"), EditError),
        (RemoveField("doe2001harm", "doi"), EditError),
        (RenameKey("doe2001harm", "proc2002"), EditError),
        (RenameKey("doe2001harm", "a b"), EditError),
        (AddEntry("doe2001harm", Record(title="x")), EditError),
    ],
)
def test_an_edit_that_cannot_be_made_raises(edit, error):
    with pytest.raises(error):
        library(HOUSE).edited([edit])


PIECES = st.sampled_from(
    ["@", "@article{", "@string(", "@comment", "k,", "{", "}", '"', "=", ",", "#", "%", "(", ")", "\n", "\r\n", " ",
     "title", "year = 2001,", "title = {A {B} c},", "\\", "é", "\\{", "@misc{x, note = {y}}\n"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(lambda parts: "".join(parts).encode())))
def test_any_bytes_come_back_and_nothing_raises(content):
    read = Library.from_bytes(content)
    assert read.to_bytes() == content
    for reference in read.values():
        assert reference.record is not None
        assert reference.short
    assert all(finding.line is None or finding.line > 0 for finding in read.findings)


VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="{}"), max_size=12)
KEYS = st.sampled_from(["doe2001harm", "roe2002crime", "proc2002", "new1", "new2"])
FIELDS = st.sampled_from(["title", "year", "note", "doi", "x"])
EDITS = st.lists(
    st.one_of(
        st.builds(SetField, KEYS, FIELDS, VALUES),
        st.builds(RemoveField, KEYS, FIELDS),
        st.builds(RenameKey, KEYS, KEYS),
        st.builds(RemoveEntry, KEYS),
        st.builds(AddEntry, KEYS, st.builds(Record, title=VALUES, year=st.just("2001"), note=VALUES)),
    ),
    max_size=8,
)


@given(EDITS)
def test_any_edits_change_only_their_entries_and_read_back_the_same(edits):
    before = after = library(HOUSE)
    touched = set()
    for edit in edits:
        try:
            after = after.edited([edit])
        except (EditError, UnknownNameError):
            continue
        touched |= {edit.key, getattr(edit, "new", edit.key)}
        touched |= {"roe2002crime"} if edit.key == "proc2002" else set()
    again = Library.from_bytes(after.to_bytes())
    assert {key: dict(again[key].own) for key in again} == {key: dict(after[key].own) for key in after}
    kept = [block.text for block in before.blocks if block.key not in touched and block.text.strip()]
    remaining = after.text
    for text in kept:
        assert text.strip() in remaining
        remaining = remaining[remaining.index(text.strip()) + len(text.strip()) :]
    assert set(before) - touched == set(after) - touched


STYLES = [
    "@article{{k{n},\n  title = {{T}},\n  year = 2001,\n}}\n",
    '@Article{{ k{n} ,\r\n\tTitle="T {{q}}",\r\n\tYear\t=\t{{2001}}\r\n}}\r\n',
    '@book(k{n}\n , title = {{T (a)}}\n , year = "2001"\n )\n\n',
    '@misc{{k{n}, title = one # {{ T }} # "x", year={{2001}}}} trailing',
    "% note {{\n@misc{{k{n},\n title = {{T}} year = {{2001}}\n",
    "@misc{{k{n}, year = {{2001}}, % note\n  title = {{a\n  b}}, year = {{1}}}}",
    '@string{{one = "1"}}@comment{{k{n}}}\n@ article {{k{n}, title={{\\"e \\{{x\\}}}}, year=jan}}\n',
    "\n\n@misc{{,title={{T}},year={{2001}}}}\n",
]


@given(
    st.lists(st.sampled_from(STYLES), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0), st.sampled_from(["title", "year", "Title"]), VALUES), max_size=6),
)
def test_any_sequence_of_edits_changes_nothing_outside_the_values_that_it_sets(styles, edits):
    now = library("".join(style.format(n=number) for number, style in enumerate(styles)))
    for place, name, value in edits:
        key = list(now)[place % len(now)]
        before, entry = now, now[key]
        start, stop = span(before, key, name)
        now = Library.from_bytes(now.set(key, name, value).to_bytes())
        assert now.text.startswith(before.text[:start])
        assert now.text.endswith(before.text[stop:])
        assert list(now) == list(before)
        others = {field: text for field, text in entry.own.items() if field != name.lower()}
        assert {field: text for field, text in now[key].own.items() if field != name.lower()} == others
        assert now[key].own[name.lower()] == " ".join(value.split())


def span(library: Library, key: str, name: str) -> tuple[int, int]:
    """Where the value of a field, which stands in the entry, begins and ends in the file."""
    place = list(library).index(key)
    entries = [at for at, block in enumerate(library.blocks) if block.kind is Kind.ENTRY]
    offset = sum(len(block.text) for block in library.blocks[: entries[place]])
    start, stop = parse(library.blocks[entries[place]]).find(name).value
    return offset + start, offset + stop


def test_macros_that_hold_each_other_twice_fill_no_memory():
    doubled = "".join(f"@string{{s{n + 1} = s{n} # s{n}}}\n" for n in range(200))
    assert len(library(f'@string{{s0 = "ten signs!"}}\n{doubled}@misc{{a, title = s200}}')["a"].own["title"]) < 20_000


ANY = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("{}\\%$@\n"), max_size=12)


@given(
    st.builds(
        Record,
        title=ANY,
        note=ANY,
        doi=ANY,
        authors=st.tuples(st.builds(Name, ANY, ANY)),
        keywords=st.tuples(ANY),
        other=st.tuples(st.tuples(ANY, ANY)),
    )
)
def test_any_record_can_be_added_and_is_one_entry(record):
    after = library(HOUSE).add(record, "added")
    again = Library.from_bytes(after.to_bytes())
    assert again.to_bytes() == after.to_bytes()
    assert list(again) == [*library(HOUSE), "added"]
    assert again.findings == library(HOUSE).findings
    assert again["added"].text("note").split() == record.note.replace("--", "–").split() or "-" in record.note
