"""Markdown: a pipe table (GitHub, pandoc, Jupyter) under its title, with the notes as paragraphs.

A pipe table cannot span columns: the heading of a row group is a row of its own with the heading in bold. An http(s)
address stands as ``<https://...>``, a link for every reader; with characters that could end it or its cell it is text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.tables.addresses import ADDRESS
from toolkit.tables.marks import marks
from toolkit.tables.notes import notes_of

if TYPE_CHECKING:
    from toolkit.tables.value import TableValue

# Everything that Markdown (with GitHub's and pandoc's additions) reads as more than itself inside a line.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>&|~$^#@])")
# The characters of an address that mean only themselves between < and >, also in a cell of a table.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9:/?#@!&()*+,;=%._~'-]+")
# What starts a list, a heading, a quotation or an underline at the start of a paragraph.
_BLOCK_START = re.compile(r"^(\d{1,9})?([-+=.):])")
_RULES = {"left": ":---", "right": "---:", "center": ":---:"}


def document(table: TableValue) -> bytes:
    """The table as UTF-8 Markdown."""
    marked = marks(table)
    head = [_text(column.title, marked.of_column(column.name)) for column in table.columns]
    lines = [_line(head), _line([_RULES[column.align] for column in table.columns])]
    for group, start, stop in table.sections():
        if group:
            heading = f"**{_text(group.heading)}**" if group.heading else ""
            lines.append(_line([heading + _raised(marked.of_group(group.heading)), *[""] * (len(table.columns) - 1)]))
        for number in range(start, stop):
            cells = zip(table.columns, table.rows[number], strict=True)
            lines.append(_line([_text(cell, marked.of_cell(number, column.name)) for column, cell in cells]))
    notes = [_note(mark, lead, text) for mark, lead, text in notes_of(table, marked)]
    return "\n\n".join([f"**{_text(table.title)}**", "\n".join(lines), *notes]).encode() + b"\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(text: str, mark: str = "") -> str:
    parts, end = [], 0
    for found in ADDRESS.finditer(text):
        if _PLAIN_ADDRESS.fullmatch(found.group()):
            parts += [_escaped(text[end : found.start()]), f"<{found.group()}>"]
            end = found.end()
    return "".join([*parts, _escaped(text[end:])]) + _raised(mark)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\n", "<br>")


def _raised(mark: str) -> str:
    return f"<sup>{mark}</sup>" if mark else ""


def _note(mark: str, lead: str, text: str) -> str:
    if mark or lead:
        return (f"{_raised(mark)} " if mark else "") + (f"*{lead}* " if lead else "") + _text(text)
    return _BLOCK_START.sub(r"\1\\\2", _text(text))
