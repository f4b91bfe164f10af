"""DOCX: a page with the table as journals want it: caption above, three rules, header on each page, notes below.

Fonts and sizes are in the styles, so that a person changes them in one place. The bytes depend on the table only:
the dates in the file are fixed and no thumbnail is kept.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from toolkit.tables.layout import column_shares, is_crowded, is_wide
from toolkit.tables.marks import marks
from toolkit.tables.notes import notes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docx.document import Document as DocxDocument
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.styles.style import ParagraphStyle
    from docx.table import Table as DocxTable

    from toolkit.tables.marks import Marks
    from toolkit.tables.value import Align, TableValue

# The first moment that a zip archive can hold: a date that plainly says nothing.
_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
_PAGE, _MARGIN = (Mm(210), Mm(297)), Mm(20)
_FONT = "Arial"
_CELLS, _NOTES = "Table Text", "Table Notes"
_ALIGN = {"left": WD_ALIGN_PARAGRAPH.LEFT, "right": WD_ALIGN_PARAGRAPH.RIGHT, "center": WD_ALIGN_PARAGRAPH.CENTER}
_INDENT = Mm(3)


def document(table: TableValue) -> bytes:
    """The table as a Word document of its own, in landscape where it is too wide for a page upright."""
    file = Document()
    _describe(file, table)
    width = _page(file, landscape=is_wide(table))
    _styles(file, text_size=8 if is_crowded(table) else 9)
    marked = marks(table)
    _caption(file, table)
    _grid(file, table, marked, width)
    for mark, lead, text in notes_of(table, marked):
        paragraph = file.add_paragraph(style=_NOTES)
        if mark:
            _raise(paragraph, mark)
            paragraph.add_run(" ")
        if lead:
            paragraph.add_run(f"{lead} ").italic = True
        paragraph.add_run(text)
    stream = io.BytesIO()
    file.save(stream)
    return _fixed_dates(stream.getvalue())


def _describe(file: DocxDocument, table: TableValue) -> None:
    properties = file.core_properties
    properties.title = table.title[:255]  # the standard allows no more
    properties.author = properties.comments = properties.last_modified_by = ""
    properties.created = properties.modified = _EPOCH
    relations = file.part.package.rels
    for name in [name for name, relation in relations.items() if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL]:
        del relations[name]  # it shows the writer library's template


def _page(file: DocxDocument, *, landscape: bool) -> int:
    """Set the paper; gives the width between the margins."""
    section = file.sections[0]
    short, long = _PAGE
    section.page_width, section.page_height = (long, short) if landscape else (short, long)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = _MARGIN
    return section.page_width - 2 * _MARGIN


def _styles(file: DocxDocument, *, text_size: float) -> None:
    normal = file.styles["Normal"]
    _set_style(normal, size=10)
    caption = file.styles["Caption"]
    _set_style(caption, size=10, bold=True, after=4)
    caption.font.color.rgb = RGBColor(0, 0, 0)
    caption.paragraph_format.keep_with_next = True
    for name, size, after in ((_CELLS, text_size, 2), (_NOTES, 8, 2)):
        style = file.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        _set_style(style, size=size, after=after)
        style.paragraph_format.space_before = Pt(2)


def _set_style(style: ParagraphStyle, *, size: float, bold: bool = False, after: float = 0) -> None:
    style.font.name, style.font.size, style.font.bold = _FONT, Pt(size), bold
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(0), Pt(after)
    style.paragraph_format.line_spacing = 1.0


def _caption(file: DocxDocument, table: TableValue) -> None:
    """The caption with a number that Word counts itself when the table is moved into a manuscript."""
    paragraph = file.add_paragraph("Table ", style="Caption")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), " SEQ Table \\* ARABIC ")
    field.append(paragraph.add_run("1")._r)
    paragraph._p.append(field)
    paragraph.add_run(f". {table.title}")


def _grid(file: DocxDocument, table: TableValue, marked: Marks, width: int) -> None:
    """The table itself. Its rows are built as XML: python-docx counts all cells at each access, which takes minutes."""
    widths = [round(share * width) for share in column_shares(table)]
    grid = file.add_table(rows=0, cols=len(widths))
    grid.autofit = False
    for column, column_width in zip(grid.columns, widths, strict=True):
        column.width = column_width
    _frame(grid, table)
    for row in _rows(table, marked, widths):
        grid._tbl.append(row)


def _frame(grid: DocxTable, table: TableValue) -> None:
    properties = grid._tbl.tblPr
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "bottom"):
        borders.append(_rule(side, eighths=12))
    # The schema fixes the order of these elements, and Word takes a file that breaks it for damaged.
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "60")  # twentieths of a point
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblLook")
    properties.insert_element_before(margins, "w:tblLook")
    description = OxmlElement("w:tblCaption")
    description.set(qn("w:val"), table.title)
    properties.append(description)


def _rule(side: str, *, eighths: int) -> BaseOxmlElement:
    rule = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", "auto")):
        rule.set(qn(f"w:{name}"), value)
    return rule


def _rows(table: TableValue, marked: Marks, widths: list[int]) -> Iterator[BaseOxmlElement]:
    heads = [(column.title, marked.of_column(column.name), column.align) for column in table.columns]
    last_head = _row([_cell(*head, width, bold=True, rule=True) for head, width in zip(heads, widths, strict=True)])
    last_head.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    yield last_head
    for group, start, stop in table.sections():
        if group:
            mark = marked.of_group(group.heading)
            heading = _cell(group.heading, mark, "left", sum(widths), bold=True, span=len(widths), keep_with_next=True)
            yield _row([heading])
        for number in range(start, stop):
            cells = zip(table.columns, table.rows[number], widths, strict=True)
            yield _row(
                _cell(
                    text,
                    marked.of_cell(number, column.name),
                    column.align,
                    width,
                    indent=group is not None and column is table.columns[0],
                )
                for column, text, width in cells
            )


def _row(cells: Iterable[BaseOxmlElement]) -> BaseOxmlElement:
    row = OxmlElement("w:tr")
    row.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for cell in cells:
        row.append(cell)
    return row


def _cell(
    text: str,
    mark: str,
    align: Align,
    width: int,
    *,
    bold: bool = False,
    indent: bool = False,
    keep_with_next: bool = False,
    rule: bool = False,
    span: int = 1,
) -> BaseOxmlElement:
    cell = OxmlElement("w:tc")
    cell.width = width
    properties = cell.get_or_add_tcPr()
    if span > 1:
        cell.grid_span = span
    if rule:
        borders = OxmlElement("w:tcBorders")
        borders.append(_rule("bottom", eighths=6))
        properties.append(borders)
        bottom = OxmlElement("w:vAlign")
        bottom.set(qn("w:val"), "bottom")
        properties.append(bottom)
    element = OxmlElement("w:p")
    element.style = _CELLS.replace(" ", "")  # the identifier that python-docx gives a style of this name
    cell.append(element)
    paragraph = Paragraph(element, None)
    if align != "left":
        paragraph.alignment = _ALIGN[align]
    if indent:
        paragraph.paragraph_format.left_indent = _INDENT
    if keep_with_next:
        paragraph.paragraph_format.keep_with_next = True
    if text:
        paragraph.add_run(text).bold = bold or None
    if mark:
        _raise(paragraph, mark)
    return cell


def _raise(paragraph: Paragraph, mark: str) -> None:
    paragraph.add_run(mark).font.superscript = True


def _fixed_dates(archive: bytes) -> bytes:
    """The same zip archive with one date for all its parts, which otherwise carry the time of writing."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, date_time=_EPOCH.timetuple()[:6])
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 0  # else it tells the operating system
            new.writestr(part, old.read(name))
    return stream.getvalue()
