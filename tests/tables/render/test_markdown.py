"""Markdown: the grid comes back through a CommonMark parser with tables."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from toolkit.tables import Column, Table
from toolkit.tables.render.markdown import document


def plain(inline):
    """The text of an inline token, with <br> as a line end and raised marks left out."""
    text, raised = "", False
    for child in inline.children:
        if child.type == "html_inline":
            raised = {"<sup>": True, "</sup>": False}.get(child.content, raised)
            text += "\n" if child.content == "<br>" else ""
        elif child.type in ("text", "text_special") and not raised:
            text += child.content
        else:
            assert child.type in (
                "strong_open",
                "strong_close",
                "em_open",
                "em_close",
                "text",
                "link_open",
                "link_close",
            ), child
    return text


def parsed(table):
    """The paragraphs and the rows of the table, as text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(document(table).decode())
    paragraphs, rows = [], []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append(plain(token))
        elif token.type == "inline":
            assert before.type == "paragraph_open", before
            paragraphs.append(plain(token))
    return paragraphs, rows


def test_the_grid_the_title_and_the_notes_come_back(table):
    paragraphs, (header, *rows) = parsed(table)
    assert header == ["Study", "Design", "n (people)", "Odds ratio (95% CI)", "What was | compared"]
    assert rows.pop(4) == ["Hostile", "", "", "", ""]
    assert rows.pop(1) == ["Cohorts & <others>", "", "", "", ""]
    assert rows == [list(row) for row in table.rows]
    assert paragraphs[0] == table.title
    assert paragraphs[1:3] == ["Note. Estimates are as printed, α = 5%.", "# not a heading"]
    assert paragraphs[-1] == "Source: Public abstracts_2026."


def test_alignment_and_marks_are_written(table):
    text = document(table).decode()
    assert "| :--- | :---: | ---: | ---: | :--- |" in text
    assert "5.10<sup>d</sup>" in text
    assert "<sup>d</sup> Read in a review." in text
    assert "a\\|b" in text


@given(data=st.data())
def test_any_table_comes_back(tables, data):
    table = data.draw(tables)
    paragraphs, (header, *rows) = parsed(table)
    assert header == [column.title for column in table.columns]
    if table.row_groups:
        assert rows.pop(table.row_groups[0].start)[0] == table.row_groups[0].heading
    assert rows == [list(row) for row in table.rows]
    assert paragraphs[0] == table.title


def links(cell):
    """The addresses to which a cell's links lead, and the rows of its table, read back."""
    table = Table(title="T", columns=[Column("a", "A"), Column("b", "B")], rows=[("x", cell)])
    tokens = MarkdownIt("commonmark").enable("table").parse(document(table).decode())
    inline = [child for token in tokens for child in token.children or ()]
    return [child.attrGet("href") for child in inline if child.type == "link_open"], parsed(table)[1]


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("Table 2\nhttps://example.org/a_b?c=1&d=2~e", "https://example.org/a_b?c=1&d=2~e"),
        ("see (http://example.org/a).", "http://example.org/a"),
        ("https://doi.org/10.1000/x_y*z_", "https://doi.org/10.1000/x_y*z_"),
        ('https://example.org/"onmouseover="alert(1)', "https://example.org/"),
        ("https://example.org/<script>alert(1)</script>", "https://example.org/"),
    ],
)
def test_an_address_is_a_link_to_itself_and_the_cell_comes_back(cell, address):
    found, rows = links(cell)
    assert found == [address]
    assert rows[1:] == [["x", cell]]


@pytest.mark.parametrize(
    "cell",
    [
        "https://example.org/a|b",
        "https://example.org/a\\|b",
        "https://example.org/[a](javascript:alert(1))",
        "https://example.org/$x$",
        "javascript:alert(1)",
        "<javascript:alert(1)>",
        "ftp://example.org",
    ],
)
def test_what_could_end_an_address_or_its_cell_stays_text(cell):
    found, rows = links(cell)
    assert found == []
    assert rows[1:] == [["x", cell]]
