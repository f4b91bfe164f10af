"""Fixes that are safe: each changes how a value is written and never what it says. Done twice, the second does nothing.

A fix is an edit with the name of its rule as the reason. Macros and joined values are left alone, and so are whole
fields that hold mathematics or addresses, where a sign may be meant, and entries that cannot be read for certain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.edits import Edit, RemoveField, SetField
from toolkit.bibliography.entry_style import protect_capitals
from toolkit.bibliography.identifiers import find_doi, find_issn, find_pmcid, find_pmid
from toolkit.bibliography.latex import balanced

if TYPE_CHECKING:
    from collections.abc import Callable

    from toolkit.bibliography.library import Library, Reference

_PROSE = ("title", "booktitle", "journal", "journaltitle", "publisher", "institution", "school", "series")
_AMP = re.compile(r"&amp;")
_BARE = re.compile(r"(?<!\\)(?:&(?!#?\w{1,8};)|#|(?<=\d)%(?!\w))")
_PAGES = re.compile(r"(?<=\d)\s*(?:-|–|\\textendash\s*|‐|‑|−)\s*(?=[A-Za-z]?\d)")


def tidy_edits(library: Library) -> list[Edit]:
    """The edits that `evidence refs tidy` offers, in the order of the file; ``library.edited`` makes them."""
    sound = (reference for reference in library.values() if library.is_sound(reference.key))
    return [edit for reference in sound for edit in _edits(library, reference)]


def _edits(library: Library, reference: Reference) -> list[Edit]:
    edits: list[Edit] = []
    for name in reference.own:
        source = library.source(reference.key, name)
        if source is None:
            continue
        if not source.strip():
            edits.append(RemoveField(reference.key, name, "empty-field"))
            continue
        fixed, reasons = source, []
        for rule, fix in _FIXES.get(name, ()):
            if (changed := fix(fixed)) != fixed and changed and balanced(changed):
                fixed = changed
                reasons.append(rule)
        if reasons:
            edits.append(SetField(reference.key, name, fixed, ", ".join(reasons)))
    if "doi" not in reference.fields and (doi := _doi_of_address(reference.text("url"))):
        edits.append(SetField(reference.key, "doi", doi, "doi-from-url"))
    return edits


def _bare_doi(source: str) -> str:
    """A DOI without the address or ``doi:`` before it, in the letters in which it was written."""
    found = re.fullmatch(r"\s*(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:)?\s*(10\.\d{4,9}/\S+)\s*", source, re.IGNORECASE)
    return found.group(1) if found and find_doi(found.group(1)) == found.group(1).lower() else source


def _doi_of_address(url: str) -> str:
    return _bare_doi(url) if re.match(r"https?://(?:dx\.)?doi\.org/10\.", url) and _bare_doi(url) != url else ""


def _only(find: Callable[[str], str], form: str) -> Callable[[str], str]:
    """An identifier in its one form where the field holds nothing else."""

    def fix(source: str) -> str:
        return find(source) if re.fullmatch(form, source.strip(), re.IGNORECASE) else source

    return fix


def _pages(source: str) -> str:
    return _PAGES.sub("--", source) if re.fullmatch(r"[\w\s,;:.–‐‑−-]+|.*\\textendash.*", source) else source


def _amp(source: str) -> str:
    return _AMP.sub(r"\\&", source)


def _escaped(source: str) -> str:
    return source if re.search(r"\$|\\(?:url|href)", source) else _BARE.sub(r"\\\g<0>", source)


_FIXES: dict[str, tuple[tuple[str, Callable[[str], str]], ...]] = {
    name: (("html-entity", _amp), ("unescaped", _escaped)) for name in _PROSE
}
_FIXES |= {
    "title": (*_FIXES["title"], ("title-case", protect_capitals)),
    "doi": (("doi-address", _bare_doi),),
    "issn": (("issn-hyphen", _only(find_issn, r"\d{7}[\dx]")),),
    "pmid": (("pmid-prefix", _only(find_pmid, r"(?:pmid|pubmed)[:\s]*\d+")),),
    "pmcid": (("pmcid-prefix", _only(find_pmcid, r"(?:pmcid:?\s*)?pmc\s?\d+")),),
    "pages": (("pages-dash", _pages),),
}
