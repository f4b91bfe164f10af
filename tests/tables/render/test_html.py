"""HTML: the grid comes back through a parser, headers are scoped, nothing of the data becomes markup."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from toolkit.tables import Column, Table
from toolkit.tables.render.html import document, fragment


class Grid(HTMLParser):
    """Collects caption, cells by section, marks and all tags of a table."""

    def __init__(self):
        super().__init__()
        self.sections, self.tags, self.caption, self.marks = {}, [], "", []
        self._section, self._into = None, None

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("thead", "tbody", "tfoot"):
            self._section = self.sections.setdefault(tag, [])
        elif tag == "tr":
            self._section.append([])
        elif tag in ("td", "th"):
            self._section[-1].append("")
            self._into = "cell"
        elif tag in ("caption", "sup"):
            self._outer, self._into = self._into, tag
        elif tag == "br":
            self.handle_data("\n")

    def handle_endtag(self, tag):
        if tag in ("td", "th", "caption"):
            self._into = None
        elif tag == "sup":
            self._into = self._outer

    def handle_data(self, data):
        if self._into == "cell":
            self._section[-1][-1] += data
        elif self._into == "caption":
            self.caption += data
        elif self._into == "sup":
            self.marks.append(data)


def parsed(table):
    grid = Grid()
    grid.feed(fragment(table))
    grid.close()
    return grid


def test_the_grid_the_caption_and_the_notes_come_back(table):
    grid = parsed(table)
    assert grid.caption == table.title
    assert grid.sections["thead"] == [["Study", "Design", "n (people)", "Odds ratio (95% CI)", "What was | compared"]]
    body = grid.sections["tbody"]
    assert body.pop(4) == ["Hostile"]
    assert body.pop(1) == ["Cohorts & <others>"]
    assert body == [list(row) for row in table.rows]
    notes = grid.sections["tfoot"][0][0].split("\n")
    assert [note.strip() for note in notes if note] == [
        "Note. Estimates are as printed, α = 5%.",
        "# not a heading",
        "Abbreviations: CI, confidence interval; OR, odds ratio.",
        "Two-sided.",
        "Computed from public_data.",
        "By design.",
        "Read in a review.",
        "Source: Public abstracts_2026.",
    ]
    assert grid.marks == ["a", "b", "c", "d", "d", "a", "b", "c", "d"]


def test_headers_say_what_they_head(table):
    scopes = [attrs.get("scope") for tag, attrs in parsed(table).tags if tag == "th"]
    assert scopes == [*["col"] * 5, "row", "rowgroup", "row", "row", "rowgroup", "row", "row", "row"]


def test_data_never_becomes_markup(table):
    known = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "sup", "br", "p", "em"}
    assert {tag for tag, _ in parsed(table).tags} == known


def test_a_page_stands_alone_and_may_load_nothing(table):
    page = document(table).decode()
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page
    assert "http:" not in page
    assert "https:" not in page
    assert "<title>Childhood trauma &amp; later drug use: 100% of the | studies</title>" in page


def test_given_widths_are_kept_and_others_left_to_the_browser():
    given_widths = Table("T", [Column("a", "A", width=30), Column("b", "B", width=10)], [["1", "2"]])
    assert '<col style="width: 75.0%"><col style="width: 25.0%">' in fragment(given_widths)
    assert "<col" not in fragment(Table("T", [Column("a", "A")], [["1"]]))


@given(data=st.data())
def test_any_table_comes_back(tables, data):
    table = data.draw(tables)
    grid = parsed(table)
    assert grid.sections["thead"] == [[column.title for column in table.columns]]
    body = grid.sections["tbody"]
    if table.row_groups:
        assert body.pop(table.row_groups[0].start) == [table.row_groups[0].heading]
    assert body == [list(row) for row in table.rows]
    assert grid.caption == table.title


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Table 2\nhttps://example.org/a?b=1&c=2", "https://example.org/a?b=1&c=2"),
        ("see (http://example.org/a).", "http://example.org/a"),
        ('https://example.org/"onmouseover="alert(1)', "https://example.org/"),
        ("https://example.org/<script>alert(1)</script>", "https://example.org/"),
    ],
)
def test_an_address_in_a_cell_is_a_link_and_nothing_more(cell, address):
    page = fragment(Table(title="T", columns=[Column("a", "A"), Column("b", "B")], rows=[("x", cell)]))
    (link,) = lxml_html.fromstring(page).iter("a")
    assert (link.get("href"), link.text) == (address, address)
    assert set(link.attrib) == {"href", "rel"}
    assert "<script" not in page


@pytest.mark.parametrize("cell", ["javascript:alert(1)", "data:text/html,x", "ftp://example.org", "https://"])
def test_nothing_but_a_web_address_becomes_a_link(cell):
    page = fragment(Table(title="T", columns=[Column("a", "A")], rows=[(cell,)]))
    assert not list(lxml_html.fromstring(page).iter("a"))


def test_a_long_address_shows_its_site_and_leads_to_the_whole():
    address = "https://example.org/a/very/long/path/to/a/report?with=many&parts=in&it"
    page = fragment(Table(title="T", columns=[Column("a", "A")], rows=[(address,)]))
    (link,) = lxml_html.fromstring(page).iter("a")
    assert (link.get("href"), link.text) == (address, "example.org/…")
