"""Files of other programs: by content, every record counted, what no field takes kept, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.bibliography.formats import bibtex_text, csl_json_text, csv_text, read, read_bytes, ris_text
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Origin, Record

RIS = """\
TY  - JOUR
AU  - Doe, Ann
A1  - van der Berg, Jan
TI  - Harm and
      its causes
JF  - Journal of Harm
JO  - J Harm
PY  - 2001/05/07/
SP  - 727
EP  - 733
SN  - 1234-5679
DO  - https://doi.org/10.1000/ABC
KW - one
two
U1  - 123[pmid]
XX  - kept
IS  -
ER  -
"""
MEDLINE = """\
PMID- 11111111
TI  - A cohort of
      two towns.
FAU - Doe, Ann
AU  - Doe A
AU  - Roe BC
CN  - Harm Study Group
DP  - 2003 Apr 2
JT  - Journal of harm
LID - 10.1000/m1 [doi]
LID - S0000(03)1 [pii]
IS  - 1234-5679 (Print)

PMID- 22222222
TI  - Another.
"""
PUBMED = """\
<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://example.org/pubmed.dtd">
<PubmedArticleSet>
<PubmedArticle><MedlineCitation><PMID>11</PMID><Article><Journal><Title>J Harm</Title></Journal>
<ArticleTitle>The <i>third</i> trial</ArticleTitle>
<Abstract><AbstractText Label="AIM">To ask.</AbstractText><AbstractText Label="RESULT">So.</AbstractText></Abstract>
<AuthorList><Author><LastName>Doe</LastName><ForeName>Ann</ForeName></Author>
<Author><CollectiveName>Harm Group</CollectiveName></Author></AuthorList></Article></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="doi">10.1000/x1</ArticleId></ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.1000/other</ArticleId></ArticleIdList></Reference>
</ReferenceList></PubmedData></PubmedArticle>
<PubmedBookArticle><BookDocument><PMID>12</PMID><Book><BookTitle>Book of harm</BookTitle></Book>
<ArticleTitle>One chapter</ArticleTitle></BookDocument></PubmedBookArticle>
</PubmedArticleSet>
"""
ENDNOTE = """\
<xml><records><record><ref-type name="Book Section">5</ref-type>
<contributors><authors><author><style face="normal">Doe, Ann</style></author></authors></contributors>
<titles><title><style>Part </style><style face="italic">one</style></title>
<secondary-title>Whole</secondary-title></titles>
<dates><year>1999</year></dates><isbn>9780306406157&#xD;1234-5679</isbn><custom3>mine</custom3></record>
<record><ref-type name="Journal Article">17</ref-type></record></records></xml>
"""
ENW = "%0 Journal Article\n%A Doe, Ann\n%T One\n%D 2001\n%@ 1234-5679\n%~ kept\n%0 Book\n%T Two\n"
ISI = """\
FN X
VR 1.0
PT J
AU Doe, A
   Roe, B
AF Doe, Ann
   Roe, Bob
TI One
SO J HARM
PY 2001
BP 1
EP 9
ER

PT J
TI Two
ER
EF
"""
CSL = '[{"id": "a", "type": "article-journal", "issued": {"date-parts": [[2001, 5]]}, "custom": {"x": 1}}]'
CSV = (
    "Title,Authors,Publication Year,Journal/Book,Extra\n"
    'One,"Doe A, Roe B",2001,J Harm,kept\n"Two\nlines",Doe A,2002,J,\n'
)
BIBTEX = "% a note\n@article{a, title={One}, year=2001}\n@article{a, title={Two}, year=2002}\n"


@pytest.mark.parametrize(
    ("text", "form", "number"),
    [
        (RIS, "ris", 1),
        (MEDLINE, "medline", 2),
        (PUBMED, "pubmed-xml", 2),
        (ENDNOTE, "endnote-xml", 2),
        (ENW, "enw", 2),
        (ISI, "isi", 2),
        (CSL, "csl-json", 1),
        (CSV, "csv", 2),
        (BIBTEX, "bibtex", 2),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_format_is_told_by_the_content_and_every_record_is_read(tmp_path, text, form, number, newline, encoding):
    path = tmp_path / "export.txt"
    path.write_bytes(text.replace("\n", newline).encode(encoding))
    before = path.read_bytes()
    found = read(path)
    assert (found.format, len(found)) == (form, number)
    assert path.read_bytes() == before


def of(text: str):
    return read_bytes(text.encode(), name="file")


def test_ris_fields_and_what_is_left():
    (record,) = of(RIS)
    assert record == Record(
        title="Harm and its causes",
        authors=(Name("Doe", "Ann"), Name("Berg", "Jan", "van der")),
        year="2001", month="5", day="7", journal="Journal of Harm", pages="727-733", issn="1234-5679",
        doi="10.1000/abc", pmid="123", keywords=("one", "two"), origin=Origin("file", "ris", 1),
        other=(("JO", "J Harm"), ("XX", "kept")),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "titles", "lines"),
    [
        ("TY  - JOUR\nTI  - One\nTY  - JOUR\nTI  - Two\nER  - \n", ["One", "Two"], [1]),
        ("TY  - JOUR\nTI  - One\nER  - \nTY  - JOUR\nTI  - Two\n", ["One", "Two"], [4]),
        ("TY  - JOUR\nTI  - One\nER  - \nTI  - Two\nER  - \n", ["One", "Two"], [4]),
        ("1.\nTY  - JOUR\nID  - 1\nTI  - One\nER  - \n\n2.\nTY  - JOUR\nTI  - Two\nER  - \n", ["One", "Two"], []),
    ],
)
def test_a_ris_record_without_its_first_or_last_line_is_kept_and_told(text, titles, lines):
    found = of(text)
    assert [record.title for record in found] == titles
    assert [finding.line for finding in found.findings] == lines


def test_repeated_ris_tags_are_all_kept():
    (record,) = of("TY  - JOUR\nTI  - One\nTI  - Other\nDO  - 10.1000/1\nDO  - 10.1000/2\nUR  - a\nUR  - b\nER  - \n")
    assert (record.title, record.doi, record.url) == ("One", "10.1000/1", "a")
    assert record.other == (("TI", "Other"), ("DO", "10.1000/2"), ("UR", "b"))


def test_medline_names_are_full_where_they_can_be():
    first, second = of(MEDLINE)
    assert first.authors == (Name("Doe", "Ann"), Name("Roe", "BC"), Name("Harm Study Group", literal=True))
    assert (first.title, first.doi, first.month, first.pmid) == (
        "A cohort of two towns.",
        "10.1000/m1",
        "4",
        "11111111",
    )
    assert ("LID", "S0000(03)1 [pii]") in first.other
    assert (second.title, second.origin.line) == ("Another.", 14)


def test_pubmed_xml_takes_its_own_identifiers_and_labels():
    article, chapter = of(PUBMED)
    assert (article.title, article.doi, article.pmid) == ("The third trial", "10.1000/x1", "11")
    assert article.abstract == "AIM: To ask. RESULT: So."
    assert article.authors == (Name("Doe", "Ann"), Name("Harm Group", literal=True))
    assert (chapter.type, chapter.title, chapter.booktitle) == ("incollection", "One chapter", "Book of harm")


def test_endnote_text_in_runs_and_two_numbers_in_one_element():
    chapter, _ = of(ENDNOTE)
    assert (chapter.type, chapter.title, chapter.booktitle) == ("incollection", "Part one", "Whole")
    assert (chapter.isbn, chapter.issn, chapter.other) == ("9780306406157", "1234-5679", (("custom3", "mine"),))


def test_xml_with_entities_is_refused_and_the_records_counted():
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>\n' + ENDNOTE.replace("mine", "&b;")
    found = of(bomb)
    assert [finding.rule for finding in found.findings] == ["xml-entity", "missing-records"]
    assert found.findings[1].value == "2"


def test_web_of_science_full_names_and_pages():
    first, _ = of(ISI)
    assert (first.authors, first.pages) == ((Name("Doe", "Ann"), Name("Roe", "Bob")), "1-9")


def test_a_table_by_its_own_map_and_by_known_headings():
    first, second = of(CSV)
    assert (first.authors, first.year, first.other) == (
        (Name("Doe", "A"), Name("Roe", "B")),
        "2001",
        (("Extra", "kept"),),
    )
    assert (second.title, second.origin.line) == ("Two lines", 3)
    (mapped,) = read_bytes(b"Was;Wann\nHarm;2001\n", name="file", columns={"Was": "title", "Wann": "year"})
    assert (mapped.title, mapped.year) == ("Harm", "2001")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Dear colleague,\n\nsee below.\n", b"[1, 2", b'{"a": '])
def test_what_is_no_file_of_references_is_told(content):
    found = read_bytes(content, name="file")
    assert len(found) == 0
    assert len(found.findings) == 1


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless():
    assert "'=cmd" in csv_text([Record(title="=cmd|' /C calc'!A0")])


word = st.text(st.characters(categories=["Lu", "Ll"], include_characters="-"), min_size=1, max_size=8).filter(
    lambda text: text.strip("-") == text and not text[:1].islower()
)
names = st.tuples(
    st.builds(Name, word, word) | st.builds(Name, word.map(lambda text: f"{text} University"), literal=st.just(True))
)
records = st.builds(
    Record,
    type=st.sampled_from(["article", "book", "techreport", "phdthesis", "mastersthesis", "misc", "unpublished"]),
    title=word, authors=names, year=st.integers(1900, 2030).map(str), month=st.sampled_from(["", "1", "12"]),
    volume=word, number=word, pages=st.sampled_from(["", "7", "727-733", "e12"]), 
    doi=st.sampled_from(["", "10.1000/a(b)"]),
    pmid=st.sampled_from(["", "123"]), pmcid=st.sampled_from(["", "PMC12"]), issn=st.sampled_from(["", "1234-5679"]),
    isbn=st.sampled_from(["", "9780306406157"]), abstract=word, 
    keywords=st.lists(word, max_size=3, unique=True).map(tuple),
    key=st.sampled_from(["", "doe2001"]), language=word, address=word, note=word,
)  # fmt: skip


@pytest.mark.parametrize("write", [bibtex_text, ris_text, csl_json_text, csv_text])
@given(record=records)
def test_a_record_comes_back_from_every_format_as_it_was(write, record):
    (found,) = read_bytes(write([record]).encode(), name="file")
    expected = record if found.key == record.key else record.with_values(key=found.key)
    assert found.with_values(origin=Origin(), other=()) == expected


def test_what_only_the_source_knew_comes_back_in_its_own_format():
    (record,) = of(RIS)
    (again,) = of(ris_text([record]))
    assert again.with_values(origin=record.origin) == record
    (item,) = of(CSL)
    (item_again,) = of(csl_json_text([item]))
    assert item_again == item


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nAB  - a\n" + "more text\n" * 100_000 + "ER  - \n",
        "TY  - JOUR\nDO  - 10.1000/a" + ")" * 100_000 + "\nER  - \n",
        "TY  - JOUR\n" * 20_000,
        "[{" * 100_000,
        '[{"a":' * 100_000,
        "<xml>" + "<record><titles>" * 50_000,
        "<xml>" + "<record><titles>" * 5_000 + "</titles></record>" * 5_000 + "</xml>",
    ],
)
def test_huge_or_broken_input_is_read_to_its_end_and_told(text):
    found = read_bytes(text.encode(), name="file")
    assert len(found) or found.findings


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([RIS, MEDLINE, ISI, ENW, CSV, CSL, "TY  -", "%0", "ER", "\r"])).map("".join)
)
def test_no_text_raises(text):
    found = read_bytes(text.encode("utf-8", "surrogatepass"), name="file")
    assert all(finding.message for finding in found.findings)


def test_bibtex_gives_each_record_a_key_of_its_own_that_can_be_read():
    copies = [Record(key="a", title="One"), Record(key="a", title="Two"), Record(key="a#2", title="Three")]
    found = read_bytes(bibtex_text(copies).encode(), name="file")
    assert [record.title for record in found] == ["One", "Two", "Three"]
    assert found.findings == ()
