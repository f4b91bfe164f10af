"""DOCX: the grid comes back through python-docx, with a real caption, a repeated header and three rules."""

import io
import zipfile

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.tables import Column, Table
from toolkit.tables.render.docx import document


def opened(table):
    return docx.Document(io.BytesIO(document(table)))


def plain(paragraph):
    """A paragraph's text without the raised marks."""
    return "".join(run.text for run in paragraph.runs if not run.font.superscript)


def rows_of(file):
    grid = file.tables[0]
    return [[plain(docx.text.paragraph.Paragraph(tc.p_lst[0], grid)) for tc in row._tr.tc_lst] for row in grid.rows]


def test_the_grid_and_the_notes_come_back(table):
    file = opened(table)
    header, *rows = rows_of(file)
    assert header == ["Study", "Design", "n (people)", "Odds ratio (95% CI)", "What was | compared"]
    assert rows.pop(4) == ["Hostile"]
    assert rows.pop(1) == ["Cohorts & <others>"]
    assert rows == [list(row) for row in table.rows]
    notes = [paragraph.text for paragraph in file.paragraphs if paragraph.style.name == "Table Notes"]
    assert notes == [
        "Note. Estimates are as printed, α = 5%.",
        "# not a heading",
        "Abbreviations: CI, confidence interval; OR, odds ratio.",
        "a Two-sided.",
        "b Computed from public_data.",
        "c By design.",
        "d Read in a review.",
        "Source: Public abstracts_2026.",
    ]


def test_the_caption_is_one_for_word_with_a_number_that_it_counts(table):
    caption = opened(table).paragraphs[0]
    assert caption.style.name == "Caption"
    fields = caption._p.findall(qn("w:fldSimple"))
    assert [field.get(qn("w:instr")).split()[:2] for field in fields] == [["SEQ", "Table"]]
    text = "".join(node.text for node in caption._p.iter(qn("w:t")))
    assert text == f"Table 1. {table.title}"


def test_the_header_row_is_repeated_and_no_row_is_split_between_pages(table):
    rows = opened(table).tables[0]._tbl.tr_lst
    assert [row.find(".//" + qn("w:tblHeader")) is not None for row in rows] == [True] + [False] * 8
    assert all(row.find(".//" + qn("w:cantSplit")) is not None for row in rows)


def test_there_are_three_rules_and_no_others(table):
    grid = opened(table).tables[0]._tbl
    assert [rule.tag for rule in grid.tblPr.find(qn("w:tblBorders"))] == [qn("w:top"), qn("w:bottom")]
    bordered = [cell for cell in grid.iter(qn("w:tc")) if cell.find(".//" + qn("w:tcBorders")) is not None]
    assert bordered == grid.tr_lst[0].tc_lst


def test_a_row_group_spans_the_table_and_stays_with_its_rows(table):
    (heading,) = opened(table).tables[0]._tbl.tr_lst[2].tc_lst
    assert heading.grid_span == 5
    assert heading.find(".//" + qn("w:keepNext")) is not None


def test_marks_are_raised_and_numbers_are_set_right(table):
    cell = opened(table).tables[0]._tbl.tr_lst[3].tc_lst[3]
    paragraph = docx.text.paragraph.Paragraph(cell.p_lst[0], None)
    assert [(run.text, bool(run.font.superscript)) for run in paragraph.runs] == [("5.10", False), ("d", True)]
    assert paragraph.alignment == docx.enum.text.WD_ALIGN_PARAGRAPH.RIGHT


@pytest.mark.parametrize(("columns", "orientation"), [(4, WD_ORIENT.PORTRAIT), (12, WD_ORIENT.LANDSCAPE)])
def test_many_columns_turn_the_page_and_fill_its_width(columns, orientation):
    table = Table("T", [Column(f"c{i}", f"Heading {i}") for i in range(columns)], [["some words here"] * columns])
    file = opened(table)
    section = file.sections[0]
    assert section.orientation == orientation
    assert (section.page_width > section.page_height) is (orientation == WD_ORIENT.LANDSCAPE)
    room = section.page_width - section.left_margin - section.right_margin
    # Word stores widths in twentieths of a point (635 EMU), so each column is off by one at most.
    assert abs(sum(column.width for column in file.tables[0].columns) - room) <= 635 * columns


def test_the_file_tells_no_date_no_machine_and_no_author(table):
    archive = zipfile.ZipFile(io.BytesIO(document(table)))
    assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert not [part.filename for part in archive.infolist() if "thumbnail" in part.filename]
    properties = opened(table).core_properties
    assert (properties.created.year, properties.modified.year) == (1980, 1980)
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    assert properties.title == table.title


def test_elements_stand_in_the_order_that_word_demands(table):
    order = ["tblStyle", "tblW", "tblBorders", "tblLayout", "tblCellMar", "tblLook", "tblCaption"]
    names = [element.tag.split("}")[1] for element in opened(table).tables[0]._tbl.tblPr]
    assert names == [name for name in order if name in names]


def test_a_thousand_rows_take_seconds_and_not_minutes():
    table = Table("T", [Column(f"c{i}", "A") for i in range(5)], [["cell"] * 5] * 1000)
    assert len(opened(table).tables[0]._tbl.tr_lst) == 1001


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_table_comes_back(tables, data):
    table = data.draw(tables)
    header, *rows = rows_of(opened(table))
    assert header == [column.title for column in table.columns]
    if table.row_groups:
        assert rows.pop(table.row_groups[0].start) == [table.row_groups[0].heading]
    assert rows == [list(row) for row in table.rows]
