"""XML files of databases, read without entities, document types from elsewhere or the network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.formats.collection import Reporter
from toolkit.bibliography.formats.tags import one_line

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_OUTSIDE_DTD = re.compile(r"<!DOCTYPE\s+[\w:.-]+\s*(?:(?:PUBLIC\s*\"[^\"]*\"|SYSTEM)\s*\"[^\"]*\")?\s*>")

_DEPTH = 100
"""How deep elements may stand in each other; PubMed's books reach about twenty."""


def parse_xml(text: str, reporter: Reporter, records: tuple[str, ...] = ()) -> Element | None:
    """The root of an XML file, or nothing and a finding where it defines entities or is broken.

    With the names of the elements that are ``records``, each is read by itself in a broken file, as one that was cut
    short; a finding tells which could not be.

    A ``DOCTYPE`` that only names a document type, as PubMed's does, is left out and never fetched. Several roots one
    after the other, as an export of single records gives, are read under one.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml.ElementTree import fromstring

    body = _OUTSIDE_DTD.sub("", _DECLARATION.sub("", text), count=1)
    body = re.sub(r"<\?xml[^>]*\?>", "", body)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", body):
        hint = "an export of a database holds none; such a file may be made to do harm"
        reporter.error("xml-entity", "defines a document type of its own, which may hold entities", hint)
        return _nothing(body, records, reporter)
    try:
        root = fromstring(f"<roots>{body}</roots>", forbid_dtd=True)
    except ParseError as error:
        hint = "what could be read was read; export it again"
        reporter.error("xml", f"is no sound XML ({error})", hint, line=error.position[0])
        if not records:
            return None
        root = _piece_by_piece(body, records, reporter)
    if _is_deep(root):
        hint = "no export of a database does so"
        reporter.error("xml", f"elements stand in each other more than {_DEPTH} deep", hint)
        return _nothing(body, records, reporter)
    return root


def _nothing(body: str, records: tuple[str, ...], reporter: Reporter) -> None:
    _tell_missing(reporter, list(range(1, len(_starts(body, records)) + 1)))


def _starts(body: str, records: tuple[str, ...]) -> list[re.Match[str]]:
    return list(re.finditer(rf"<({'|'.join(records)})(?=[\s>])", body)) if records else []


def _piece_by_piece(body: str, records: tuple[str, ...], reporter: Reporter) -> Element:
    """The records that are sound by themselves, under one root; the others are told."""
    from xml.etree.ElementTree import Element, ParseError

    from defusedxml.ElementTree import fromstring

    root, missing = Element("roots"), []
    starts = _starts(body, records)
    for number, start in enumerate(starts, 1):
        stop = starts[number].start() if number < len(starts) else len(body)
        closing = f"</{start.group(1)}>"
        end = body.find(closing, start.start(), stop)
        try:
            if end < 0:
                raise ParseError("cut short")
            root.append(fromstring(body[start.start() : end + len(closing)], forbid_dtd=True))
        except ParseError:
            missing.append(number)
    _tell_missing(reporter, missing)
    return root


def _tell_missing(reporter: Reporter, numbers: list[int]) -> None:
    if numbers:
        named = ", ".join(map(str, numbers[:10])) + (" ..." if len(numbers) > 10 else "")
        message = f"{len(numbers)} records were not read: number {named}"
        reporter.error("missing-records", message, "export the file again", value=str(len(numbers)))


def _is_deep(root: Element) -> bool:
    level = [root]
    for _ in range(_DEPTH):
        level = [child for element in level for child in element]
    return bool(level)


def text_of(element: Element | None, path: str = ".") -> str:
    """All text in an element, mark-up inside it left out, in one line."""
    found = element.find(path) if element is not None else None
    return one_line("".join(found.itertext())) if found is not None else ""


def pairs_of(element: Element, taken: frozenset[str]) -> list[tuple[str, str]]:
    """The elements without children that stand outside the ``taken`` ones, as (name, text) pairs."""
    pairs = []
    for child in element:
        if child.tag in taken:
            continue
        text = text_of(child)
        if text and all(grandchild.tag in {"style", "i", "b", "sub", "sup", "u"} for grandchild in child):
            pairs.append((child.tag, text))
        else:
            pairs.extend(pairs_of(child, taken))
    return pairs
