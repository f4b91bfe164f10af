"""HTML: a semantic table with caption, scoped headers and notes in the foot.

``fragment`` goes into a page that has its own style, ``notebook`` brings its style, ``document`` is a page of its own.
Colours are those of the surroundings, so that it reads on light and dark alike.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from toolkit.tables.addresses import ADDRESS
from toolkit.tables.layout import column_shares
from toolkit.tables.marks import marks
from toolkit.tables.notes import notes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.tables.marks import Marks
    from toolkit.tables.value import Column, RowGroup, TableValue

# The class stands twice to outweigh the rules of a notebook, which set all cells flush right on striped rows.
STYLE = """\
table.evidence.evidence { border-collapse: collapse; color: inherit; background: none; margin: 1em 0; }
table.evidence.evidence { font-size: 0.9em; line-height: 1.35; font-variant-numeric: tabular-nums; }
table.evidence.evidence caption { caption-side: top; text-align: left; font-weight: 600; color: inherit; }
table.evidence.evidence caption { padding: 0 0 0.4em; }
table.evidence.evidence th, table.evidence.evidence td { text-align: left; vertical-align: top; white-space: normal; }
table.evidence.evidence tr { background: none; }
table.evidence.evidence th, table.evidence.evidence td { padding: 0.25em 0.6em; border: 0; background: none; }
table.evidence.evidence .right { text-align: right; }
table.evidence.evidence td.right { white-space: nowrap; }
table.evidence.evidence .center { text-align: center; }
table.evidence.evidence thead th { vertical-align: bottom; font-weight: 600; border-bottom: 1px solid currentColor; }
table.evidence.evidence thead { border-top: 2px solid currentColor; }
table.evidence.evidence tbody th { font-weight: 400; }
table.evidence.evidence tbody th[scope=rowgroup] { font-weight: 600; padding-top: 0.5em; }
table.evidence.evidence tbody.grouped th[scope=row] { padding-left: 1.4em; }
table.evidence.evidence tfoot { border-top: 2px solid currentColor; }
table.evidence.evidence tfoot td { font-size: 0.8em; padding-top: 0.4em; }
table.evidence.evidence tfoot p { margin: 0 0 0.2em; max-width: 60em; }
table.evidence.evidence a { color: inherit; overflow-wrap: anywhere; }
table.evidence.evidence sup { font-size: 0.7em; line-height: 0; }
"""

_LONG_ADDRESS = 40

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; margin: 1.5rem; }}
.scroll {{ overflow-x: auto; }}
@media print {{ body {{ margin: 0; }} tr {{ break-inside: avoid; }} tfoot {{ display: table-row-group; }} }}
{style}</style>
</head>
<body>
<div class="scroll">
{table}</div>
</body>
</html>
"""


def document(table: TableValue) -> bytes:
    """The table as a page that needs nothing else: no script, no font and no picture from elsewhere."""
    title = escape(table.title.replace("\n", " "))
    return _PAGE.format(title=title, style=STYLE, table=fragment(table)).encode()


def notebook(table: TableValue) -> str:
    """The table with its style, for a notebook's output."""
    return f"<style>\n{STYLE}</style>\n{fragment(table)}"


def fragment(table: TableValue) -> str:
    """The table as a ``<table class="evidence">`` element for another page; :data:`STYLE` is its style sheet."""
    marked = marks(table)
    label = f' id="{escape(table.label)}"' if table.label else ""
    parts = [
        f'<table class="evidence"{label}>\n<caption>{_text(table.title)}</caption>\n',
        _widths(table),
        _head(table, marked),
        *(_body(table, group, start, stop, marked) for group, start, stop in table.sections()),
        _foot(table, marked),
        "</table>\n",
    ]
    return "".join(parts)


def _text(text: str, mark: str = "") -> str:
    sup = f"<sup>{mark}</sup>" if mark else ""
    return _linked(text).replace("\n", "<br>") + sup


def _linked(text: str) -> str:
    """The text escaped, its http(s) addresses as links; nothing else can become one."""
    parts, end = [], 0
    for found in ADDRESS.finditer(text):
        link = f'<a href="{escape(found.group())}" rel="noopener noreferrer">{escape(_shown(found.group()))}</a>'
        parts += [escape(text[end : found.start()]), link]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _shown(address: str) -> str:
    """The address as a reader needs it: whole where it is short, else the site, since the link holds the rest."""
    site = urlsplit(address).netloc
    return address if len(address) <= _LONG_ADDRESS or site == "doi.org" else f"{site}/…"


def _attributes(column: Column) -> str:
    # Left is the style sheet's default; the others are written out so that they hold in a page without it.
    return "" if column.align == "left" else f' class="{column.align}" style="text-align: {column.align}"'


def _widths(table: TableValue) -> str:
    if all(column.width is None for column in table.columns):
        return ""  # a browser fits columns to their cells better than an estimate does
    cols = "".join(f'<col style="width: {share:.1%}">' for share in column_shares(table))
    return f"<colgroup>{cols}</colgroup>\n"


def _head(table: TableValue, marked: Marks) -> str:
    cells = "".join(
        f'<th scope="col"{_attributes(column)}>{_text(column.title, marked.of_column(column.name))}</th>'
        for column in table.columns
    )
    return f"<thead>\n<tr>{cells}</tr>\n</thead>\n"


def _body(table: TableValue, group: RowGroup | None, start: int, stop: int, marked: Marks) -> str:
    lines = ['<tbody class="grouped">' if group else "<tbody>"]
    if group:
        heading = _text(group.heading, marked.of_group(group.heading))
        lines.append(f'<tr><th scope="rowgroup" colspan="{len(table.columns)}">{heading}</th></tr>')
    for number in range(start, stop):
        lines.append(f"<tr>{''.join(_cells(table, number, marked))}</tr>")
    return "\n".join([*lines, "</tbody>\n"])


def _cells(table: TableValue, number: int, marked: Marks) -> Iterator[str]:
    for position, (column, cell) in enumerate(zip(table.columns, table.rows[number], strict=True)):
        text = _text(cell, marked.of_cell(number, column.name))
        if position == 0:
            yield f'<th scope="row"{_attributes(column)}>{text}</th>'
        else:
            yield f"<td{_attributes(column)}>{text}</td>"


def _foot(table: TableValue, marked: Marks) -> str:
    notes = [f"<p>{_note(mark, lead, text)}</p>" for mark, lead, text in notes_of(table, marked)]
    if not notes:
        return ""
    return f'<tfoot>\n<tr><td colspan="{len(table.columns)}">\n' + "\n".join(notes) + "\n</td></tr>\n</tfoot>\n"


def _note(mark: str, lead: str, text: str) -> str:
    return (f"<sup>{mark}</sup> " if mark else "") + (f"<em>{lead}</em> " if lead else "") + _text(text)
