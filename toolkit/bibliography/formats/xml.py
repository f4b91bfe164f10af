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


def parse_xml(text: str, reporter: Reporter) -> Element | None:
    """The root of an XML file, or nothing and a finding where it is broken or defines entities.

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
        return None
    try:
        root = fromstring(f"<roots>{body}</roots>", forbid_dtd=True)
        if not _is_deep(root):
            return root
        reporter.error(
            "xml", f"elements stand in each other more than {_DEPTH} deep", "no export of a database does so"
        )
    except ParseError as error:
        line = error.position[0]
        hint = "nothing of the file was read; export it again"
        reporter.error("xml", f"is no sound XML ({error})", hint, line=line)
    return None


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
