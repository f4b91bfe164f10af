"""A change put into an entry's own text, in the entry's own style, so that no other line of the file changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.entry import parse
from toolkit.bibliography.latex import balanced
from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from toolkit.bibliography.entry import Field
    from toolkit.bibliography.syntax import Block

_NAME = re.compile(r'[^\s"#%(),={}]+')
_COMMA_FIRST = re.compile(r"[\r\n][ \t]*,[ \t]*\Z")
_REST = re.compile(r"[ \t]*+([\r\n]?)")
KEY = re.compile(r'[^\s"#%(),={}~\\]+')
"""A key that every program can read and cite."""


class EditError(ToolkitError, ValueError):
    """An edit cannot be made: the message says which, and why."""


def with_field(block: Block, name: str, value: str) -> str:
    """The text of an entry with a field set; delimiters, indent, alignment and line ends are those of the entry.

    :raises EditError: ``name`` is no name of a field, or the braces of ``value`` are not balanced.
    """
    if not balanced(value):
        raise EditError(f"The braces in the new {name} of {block.key!r} do not match: {value[:60]!r}.")
    entry = parse(block)
    field = entry.find(name)
    if field is None and not _NAME.fullmatch(name):
        raise EditError(f'{name!r} is no name of a field: it holds a space or one of " # % ( ) , = {{ }}.')
    if field is None:
        return _inserted(block, entry.fields, name, value)
    start, stop = field.value
    return block.text[:start] + _delimited(field, value) + block.text[stop:]


def without_field(block: Block, name: str) -> str:
    """The text of an entry without a field (each of that name); comments and the lines around it stay.

    :raises EditError: the entry has no such field.
    """
    found = [field for field in parse(block).fields if field.name.lower() == name.lower()]
    if not found:
        raise EditError(f"{block.key!r} has no field {name!r} to take out.")
    text = block.text
    for field in reversed(found):
        stop = field.comma + 1 if field.comma >= 0 else field.value[1]
        rest = _REST.match(text, stop)
        ends_its_line = bool(rest.group(1))
        head, tail = text[: field.start], text[stop:]
        if field.comma < 0 and _COMMA_FIRST.search(head):
            head = head.rstrip().removesuffix(",")
        text = head.rstrip() + tail if ends_its_line else head + text[rest.end() :]
    return text


def with_key(block: Block, key: str) -> str:
    """The text of an entry under another key.

    :raises EditError: ``key`` is no key that BibTeX can read.
    """
    if not KEY.fullmatch(key):
        raise EditError(f'{key!r} is no key: it is empty, or holds a space or one of " # % ( ) , = {{ }} ~ \\.')
    start, stop = block.key_span
    return block.text[:start] + key + ("" if block.has_key else ", ") + block.text[stop:]


def _delimited(field: Field, value: str) -> str:
    """A value between the delimiters of the old one where they can hold it, else between braces."""
    delimiters = {delimiter for delimiter, _, _ in field.parts}
    if delimiters == {""} and value.isascii() and value.isdigit():
        return value
    if delimiters == {'"'} and '"' not in value:
        return f'"{value}"'
    return f"{{{value}}}"


def _inserted(block: Block, fields: tuple[Field, ...], name: str, value: str) -> str:
    """The text with a new field behind the last comma: a line is added and none is changed."""
    text = block.text
    if not fields:
        return _first_field(block, f"{name} = {{{value}}}")
    ends = [field for field in fields if field.comma >= 0 and _REST.match(text, field.comma + 1).group(1)]
    if ends and fields[-1].comma >= 0:
        fields = fields[: fields.index(ends[-1]) + 1]
    last = fields[-1]
    source = _assigned(text, fields, name, value)
    before = fields[-2].value[1] if len(fields) > 1 else block.key_span[1]
    gap = text[before : last.start]
    if not re.fullmatch(r"\s*,\s*", gap):
        gap = "," + _newline(text) + re.search(r"[ \t]*$", text[: last.start]).group()
    if last.comma >= 0:
        return text[: last.comma + 1] + gap.partition(",")[2] + source + "," + text[last.comma + 1 :]
    return text[: last.start] + source + gap + text[last.start :]


def _first_field(block: Block, source: str) -> str:
    text, newline = block.text, _newline(block.text)
    stop = block.body[1]
    head = text[:stop].rstrip()
    comma = "" if head.endswith(",") or not block.has_key else ","
    return f"{head}{comma}{newline}  {source}{newline}{text[stop:]}"


def _assigned(text: str, fields: tuple[Field, ...], name: str, value: str) -> str:
    """``name = value`` with the delimiters of the entry, the equals sign and value in the columns of the others."""
    last = fields[-1]
    between = text[last.start + len(last.name) : last.value[0]]
    if not re.fullmatch(r"[ \t]*=[ \t]*", between):
        between = " = "
    before, _, behind = between.partition("=")
    widths = {len(field.name) for field in fields}
    columns = {text.find("=", field.start, field.value[0]) - field.start for field in fields}
    values = {field.value[0] - field.start for field in fields}
    if len(widths) > 1 and len(columns) == 1:
        before = " " * max(columns.pop() - len(name), 0)
    elif len(widths) > 1 and len(values) == 1:
        behind = " " * max(values.pop() - len(name) - len(before) - 1, 0)
    opened = [delimiter for field in fields for delimiter, _, _ in field.parts if delimiter in ("{", '"')]
    quoted = opened.count('"') > len(opened) / 2 and '"' not in value
    return name + before + "=" + behind + (f'"{value}"' if quoted else f"{{{value}}}")


def _newline(text: str) -> str:
    found = re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"
