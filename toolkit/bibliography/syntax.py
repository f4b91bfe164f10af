"""A BibTeX file cut into blocks that together are the file: entries, macros, preambles, comments and what is between.

The grammar is that of Patashnik, *BibTeXing* (1988), and of *Tame the BeaST* (Markey 2009), read forgivingly:

- A block begins at ``@``, a word and ``{`` or ``(``; spaces and line ends may stand between them. Behind a ``%`` on its
  line it is a comment, as biber and Better BibTeX have it.
- It ends where its braces balance; a backslash does not hide a brace. In parentheses it ends at the first ``)`` outside
  braces and quotes.
- A block that never ends, ends where the next one begins at the start of a line. One more block inside it is borne with
  where the braces then balance, since a note may quote an entry.
- A brace too many does not end an entry when a further field follows it.

Every rule looks at a sign a fixed number of times, so the time is linear in the length of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

_TYPE = r"@[ \t]*+([A-Za-z][\w:+-]*+)\s*+([{(])"
_START = re.compile(_TYPE)
_MARK = re.compile(r"[{}]|[\r\n][ \t]*+" + _TYPE)
_PARENTHESIS_MARK = re.compile(r'[{}")]|[\r\n][ \t]*+' + _TYPE)
_KEY = re.compile(r"\s*+([^,=\s]*+(?:[ \t]++[^,=\s]++)*+)\s*+(=?)")
_LINE_END = re.compile(r"[\r\n]")
_FURTHER_FIELD = re.compile(r"\s*+,?+\s*+[A-Za-z][\w:+-]*+\s*+=\s*+[\"{]")


class Kind(StrEnum):
    """What a block is; ``TEXT`` is all that stands between the others."""

    ENTRY = "entry"
    STRING = "string"
    PREAMBLE = "preamble"
    COMMENT = "comment"
    TEXT = "text"


_KINDS = {"string": Kind.STRING, "preamble": Kind.PREAMBLE, "comment": Kind.COMMENT}


@dataclass(slots=True, eq=False)
class Block:
    """A stretch of the file, which is never changed; ``body`` is where it begins and ends between its delimiters.

    ``key`` is the key of an entry as it stands (empty where it has none) at ``key_span``; ``has_key`` tells
    ``@article{,`` from ``@article{title = ...``. ``closed`` is false for a block without its closing delimiter,
    ``surplus`` true for one with a closing brace too many. ``parsed`` is for who reads the block further.
    """

    kind: Kind
    text: str
    type: str = ""
    body: tuple[int, int] = (0, 0)
    key: str = ""
    key_span: tuple[int, int] = (0, 0)
    has_key: bool = True
    closed: bool = True
    surplus: bool = False
    parsed: object = field(default=None, repr=False)


def split(text: str) -> list[Block]:
    """The blocks of a file; their texts, one behind the other, are the file."""
    blocks: list[Block] = []
    done = place = 0
    while (start := _START.search(text, place)) is not None:
        if (line_end := _end_of_comment(text, done, start.start())) is not None:
            place = line_end
            continue
        if start.start() > done:
            blocks.append(Block(Kind.TEXT, text[done : start.start()]))
        block = _block(text, start)
        blocks.append(block)
        done = place = start.start() + len(block.text)
    if done < len(text):
        blocks.append(Block(Kind.TEXT, text[done:]))
    return blocks


def _end_of_comment(text: str, done: int, place: int) -> int | None:
    """The end of the line where a ``%`` stands on it before a place, else nothing."""
    line = max(text.rfind("\n", done, place), text.rfind("\r", done, place), done - 1) + 1
    if text.find("%", line, place) < 0:
        return None
    end = _LINE_END.search(text, place)
    return end.start() if end else len(text)


def _block(text: str, start: re.Match[str]) -> Block:
    kind = _KINDS.get(start.group(1).lower(), Kind.ENTRY)
    if start.group(2) == "{":
        end, closed, surplus = _end_of_braces(text, start.end(), further=kind is Kind.ENTRY)
    else:
        end, closed, surplus = (*_end_of_parentheses(text, start.end(), quotes=kind is not Kind.COMMENT), False)
    first = start.start()
    inner = (start.end() - first, end - first - closed)
    block = Block(kind, text[first:end], start.group(1), inner, closed=closed, surplus=surplus)
    if kind is Kind.ENTRY:
        key = _KEY.match(block.text, *inner)
        if key is not None and not key.group(2):
            block.key, block.key_span = key.group(1), key.span(1)
        else:
            block.has_key, block.key_span = False, (inner[0], inner[0])
    return block


def _end_of_braces(text: str, place: int, *, further: bool) -> tuple[int, bool, bool]:
    """Where a block in braces ends, whether it is closed, and whether it held a brace too many."""
    depth, doubt, surplus = 1, -1, False
    for mark in _MARK.finditer(text, place):
        sign = mark.group()
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                if not (further and _FURTHER_FIELD.match(text, mark.end())):
                    return mark.end(), True, surplus
                depth, surplus = 1, True
        elif depth == 1 or doubt >= 0:
            return (mark.start() if doubt < 0 else doubt), False, surplus
        else:
            doubt = mark.start()
            depth += sign.endswith("{")
    return (len(text) if doubt < 0 else doubt), False, surplus


def _end_of_parentheses(text: str, place: int, *, quotes: bool) -> tuple[int, bool]:
    depth, doubt, quoted = 0, -1, False
    for mark in _PARENTHESIS_MARK.finditer(text, place):
        sign = mark.group()
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth = max(depth - 1, 0)
        elif sign == '"':
            quoted ^= quotes and depth == 0
        elif sign == ")":
            if depth == 0 and not quoted:
                return mark.end(), True
        elif (depth == 0 and not quoted) or doubt >= 0:
            return (mark.start() if doubt < 0 else doubt), False
        else:
            doubt = mark.start()
            depth += sign.endswith("{")
    return (len(text) if doubt < 0 else doubt), False
