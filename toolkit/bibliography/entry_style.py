"""How a new entry is written: the one style of this toolkit. Entries that stand in a file keep their own.

``@type{key,`` on a line; a field a line, two spaces before it, ``name = {value}``, a comma between fields and none
behind the last; the closing brace on a line of its own. The order is author, editor, title, then the fields of a record
in its order; what only the source knows comes last. Letters stay Unicode, LaTeX's signs are escaped, words with a
capital behind their first letter (DNA, mRNA) stand in braces so that no style makes them small, and so do names that
are kept whole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.keywords import joined_keywords
from toolkit.bibliography.latex import VERBATIM, balanced, latex_source
from toolkit.bibliography.record import CUT_SHORT, TEXT_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit.bibliography.names import Name
    from toolkit.bibliography.record import Record

_CAPITALS = re.compile(r"[{}]|\$[^$]*\$|\\[A-Za-z]+|\\.|(?<!\w)(?:[A-Z]{2,}|[a-z]++[A-Z])[\w-]*")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9+_-]*")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_INSTITUTION = {"phdthesis": "school", "mastersthesis": "school", "thesis": "institution", "manual": "organization"}


def entry_source(record: Record, key: str, *, newline: str = "\n") -> str:
    """The text of an entry for a record."""
    fields = [f"  {name} = {value}" for name, value in _sources(record)]
    return newline.join((f"@{record.type or 'misc'}{{{key},", f",{newline}".join(fields), "}"))


def field_source(name: str, text: str) -> str:
    """A plain text as the value of a field, without delimiters, as ``SetField`` takes it."""
    if name in VERBATIM:
        return "".join(text.split("\n")).strip().replace("{", "%7B").replace("}", "%7D")
    if name == "pages":
        return re.sub(r"\s*[-‐‑–—]+\s*", "--", latex_source(text))
    source = latex_source(text)
    return protect_capitals(source) if name == "title" else source


def protect_capitals(title: str) -> str:
    """A title with braces around the words that have a capital behind their first letter, where they have none yet.

    A title that is mostly in capitals stays as it is, since nothing in it can be told from a name.
    """
    if sum(letter.isupper() for letter in title) > sum(letter.islower() for letter in title):
        return title
    parts, depth, done = [], 0, 0
    for found in _CAPITALS.finditer(title):
        sign = found.group()
        if sign in ("{", "}"):
            depth += 1 if sign == "{" else -1
        elif depth == 0 and sign[0] not in "\\$":
            parts += [title[done : found.start()], f"{{{sign}}}"]
            done = found.end()
    return "".join(parts) + title[done:]


def names_source(names: tuple[Name, ...]) -> str:
    """Names as an ``author`` or ``editor`` field."""
    return " and ".join(_name_source(name) for name in names)


def _name_source(name: Name) -> str:
    if name.literal:
        return f"{{{latex_source(name.family)}}}"
    family = latex_source(name.family)
    if "," in family or re.search(r"\sand\s", f" {family} ", re.IGNORECASE) or family[:1].islower():
        family = f"{{{family}}}"
    last = f"{latex_source(name.particle)} {family}".strip()
    given = latex_source(name.given)
    if re.search(r"\sand\s", f" {given} ", re.IGNORECASE):
        given = f"{{{given}}}"
    return ", ".join(part for part in (last, latex_source(name.suffix), given) if part)


def _sources(record: Record) -> Iterator[tuple[str, str]]:
    for name, names in (("author", record.authors), ("editor", record.editors)):
        if names:
            more = " and others" if record.is_cut(name) else ""
            yield name, f"{{{names_source(names)}{more}}}"
    for name in TEXT_FIELDS:
        if not (text := getattr(record, name)):
            continue
        if name == "month" and text.isdigit() and 1 <= int(text) <= 12:
            yield name, _MONTHS[int(text) - 1]
        else:
            shown = _INSTITUTION.get(record.type, name) if name == "institution" else name
            yield shown, f"{{{field_source(name, text)}}}"
    if record.keywords:
        yield "keywords", f"{{{latex_source(joined_keywords(record.keywords))}}}"
    yield from _others(record)


def _others(record: Record) -> Iterator[tuple[str, str]]:
    """What only the source knows; from BibTeX as it stands, from other formats under a name that BibTeX can read."""
    seen = {"author", "editor", "keywords", *TEXT_FIELDS}
    for tag, value in record.other:
        if tag == CUT_SHORT:
            continue
        name = re.sub(r"[^a-z0-9+_-]+", "-", tag.lower()).strip("-")
        name = name if _FIELD_NAME.fullmatch(name) else f"x-{name or 'other'}"
        number, free = 2, name
        while free in seen:
            free, number = f"{name}-{number}", number + 1
        seen.add(free)
        source = value if record.origin.format == "bibtex" and balanced(value) else latex_source(value)
        yield free, f"{{{source}}}"
