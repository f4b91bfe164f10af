"""Records brought to one form before they are compared or stored: identifiers, pages, months, names, journals."""

from __future__ import annotations

import re
from dataclasses import replace

from toolkit.bibliography.dates import month_number
from toolkit.bibliography.identifiers import find_doi, find_isbn, find_issn, find_pmcid, find_pmid, isbn13
from toolkit.bibliography.names import Name
from toolkit.bibliography.record import Record

_RANGE = re.compile(r"([A-Za-z]*)(\d+)\s*[-‐‑–—]+\s*([A-Za-z]*)(\d+)")
_DOI_ADDRESS = re.compile(r"https?://(?:dx\.)?doi\.org/", re.IGNORECASE)
_SMALL = frozenset("a an and as at by de des du et for from in la le of on or the to und with y".split())


def normalise(record: Record) -> Record:
    """The record in one form; done twice it changes nothing more, and a value that fits no form stays as it is.

    A DOI is in small letters without address; an ISBN has 13 digits, an ISSN a hyphen; the pages ``727-33`` become
    ``727-733``; months are numbers; names and journals in capitals alone are written as others are; full stops that
    databases put behind titles and journals go.
    """
    doi = find_doi(record.doi) or record.doi
    own_address = _DOI_ADDRESS.match(record.url) and find_doi(record.url) == doi
    return record.with_values(
        title=_without_stop(record.title),
        authors=tuple(normal_name(name) for name in record.authors),
        editors=tuple(normal_name(name) for name in record.editors),
        month=month_number(record.month) or record.month,
        journal=normal_journal(record.journal),
        pages=normal_pages(record.pages),
        doi=doi,
        pmid=find_pmid(record.pmid) or record.pmid,
        pmcid=find_pmcid(record.pmcid) or record.pmcid,
        isbn=isbn13(find_isbn(record.isbn)) or record.isbn,
        issn=find_issn(record.issn) or record.issn,
        url="" if own_address else record.url,
    )


def normal_pages(pages: str) -> str:
    """Pages with a hyphen in ranges and all digits in the last one: ``pp. 727–33`` gives ``727-733``."""
    pages = re.sub(r"^(?:pp?|pages?)\b\.?\s*", "", pages.strip(), flags=re.IGNORECASE)
    return _RANGE.sub(_full_range, pages)


def _full_range(found: re.Match[str]) -> str:
    before, first, before_last, last = found.groups()
    if len(last) < len(first) and before_last in ("", before):
        full = first[: len(first) - len(last)] + last
        if int(full) >= int(first):
            last, before_last = full, before
    return f"{before}{first}-{before_last}{last}"


def normal_name(name: Name) -> Name:
    """A name without commas at its ends; one in capitals alone with small letters: ``SMITH`` is ``Smith``."""
    if name.literal:
        return name
    family = _small(name.family) if name.family.isupper() and len(name.family) > 3 else name.family
    long_words = [word for word in re.split(r"[\s.-]+", name.given) if len(word) > 3]
    given = _small(name.given) if name.given.isupper() and long_words else name.given
    return replace(name, family=family.strip(" ,;"), given=given.strip(" ,;"))


def normal_journal(journal: str) -> str:
    """The title of a journal without the full stop of a database; one in capitals alone with small letters."""
    journal = _without_stop(journal)
    if not journal.isupper() or len(journal) < 6:
        return journal
    words = journal.lower().split()
    return " ".join(
        word if place and word in _SMALL else word[:1].upper() + word[1:] for place, word in enumerate(words)
    )


def _without_stop(text: str) -> str:
    """A text without one full stop at its end; an abbreviation, which has further ones, keeps it."""
    text = text.strip()
    single = text.endswith(".") and not text.endswith("..") and "." not in text[:-1].rsplit(" ", 1)[-1]
    abbreviated = re.search(r"\w\.\s", text) is not None and len(text.split()) < 6
    return text[:-1] if single and not abbreviated else text


def _small(text: str) -> str:
    return re.sub(r"[^\W\d_]+", lambda word: word.group()[:1] + word.group()[1:].lower(), text)
