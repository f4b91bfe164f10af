"""Identifiers in their one form: DOI, PMID, PMCID, ISBN and ISSN from whatever way they were printed.

Sources: the DOI Handbook (sections 2.2 and 3.8, DOI names do not tell capitals from small letters), ISO 2108 (ISBN) and
ISO 3297 (ISSN) with their check digits.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[^\s\"<>]+", re.IGNORECASE)
_ISSN = re.compile(r"(?<![\dXx-])(\d{4})[-‐‑–]?(\d{3}[\dXx])(?![\dXx-])")
_ISBN = re.compile(r"(?<!\d)(?:97[89][-‐‑– ]?)?\d(?:[-‐‑– ]?\d){8}[-‐‑– ]?[\dXx](?![\dXx])")
_MEDIUM = re.compile(r"^(?:e?-?ISBN|e?-?ISSN)\b:?|\((?:print|electronic|linking|online|pbk|hbk)\w*\)", re.IGNORECASE)


def find_doi(text: str) -> str:
    """The DOI in a text, in small letters and without address or ``doi:`` before it; empty where there is none.

    Signs that end a sentence are not part of it, nor is a bracket that it does not open.
    """
    if "%2f" in text.lower():
        text = unquote(text)
    found = _DOI.search(text)
    if found is None:
        return ""
    doi = found.group().lower()
    surplus = {closing: doi.count(closing) - doi.count(opening) for opening, closing in ("()", "[]", "{}")}
    end = len(doi)
    while end and (doi[end - 1] in ".,;:'" or surplus.get(doi[end - 1], 0) > 0):
        end -= 1
        if doi[end] in surplus:
            surplus[doi[end]] -= 1
    return doi[:end]


def find_isbn(text: str) -> str:
    """The first ISBN in a text whose check digit is right, without hyphens; empty where there is none."""
    for found in _ISBN.finditer(text):
        isbn = re.sub(r"[^\dXx]", "", found.group()).upper()
        if is_isbn(isbn):
            return isbn
    return ""


def printed_isbn(text: str) -> str:
    """The first ISBN in a text, else a text that is an ISBN but for its check digit: ``check`` tells that one."""
    return find_isbn(text) or _alone(_ISBN, text)


def is_isbn(isbn: str) -> bool:
    """Whether an ISBN of 10 or 13 signs, without hyphens, ends in the right check digit."""
    if re.fullmatch(r"\d{9}[\dX]", isbn):
        return sum((10 - place) * _digit(sign) for place, sign in enumerate(isbn)) % 11 == 0
    if re.fullmatch(r"97[89]\d{10}", isbn):
        return sum((3 if place % 2 else 1) * int(sign) for place, sign in enumerate(isbn)) % 10 == 0
    return False


def isbn13(isbn: str) -> str:
    """An ISBN of 10 signs as one of 13, so that both forms of a book are one value; any other text as it is."""
    if len(isbn) != 10 or not is_isbn(isbn):
        return isbn
    body = f"978{isbn[:9]}"
    total = sum((3 if place % 2 else 1) * int(sign) for place, sign in enumerate(body))
    return f"{body}{-total % 10}"


def find_issn(text: str) -> str:
    """The first ISSN in a text whose check digit is right, as ``1234-567X``; empty where there is none."""
    for found in _ISSN.finditer(text):
        issn = f"{found.group(1)}-{found.group(2).upper()}"
        if is_issn(issn):
            return issn
    return ""


def printed_issn(text: str) -> str:
    """The first ISSN in a text, else a text that is an ISSN but for its check digit: ``check`` tells that one."""
    return find_issn(text) or _alone(_ISSN, text)


def _alone(form: re.Pattern[str], text: str) -> str:
    bare = _MEDIUM.sub("", text).strip()
    return bare if form.fullmatch(bare) else ""


def is_issn(issn: str) -> bool:
    """Whether an ISSN, as ``1234-567X``, ends in the right check digit."""
    if not re.fullmatch(r"\d{4}-\d{3}[\dX]", issn):
        return False
    digits = issn.replace("-", "")
    return sum((8 - place) * _digit(sign) for place, sign in enumerate(digits)) % 11 == 0


def find_pmid(text: str) -> str:
    """The PubMed identifier in a text such as ``PMID: 123`` or ``123[pmid]``; empty where there is none."""
    found = re.search(r"(?<![\d.])0*([1-9]\d{0,8})(?![\d.]\d)", text)
    return found.group(1) if found else ""


def find_pmcid(text: str) -> str:
    """The PubMed Central identifier in a text, as ``PMC123``; empty where there is none."""
    found = re.search(r"PMC\s?(\d+)", text, re.IGNORECASE)
    return f"PMC{found.group(1)}" if found else ""


def _digit(sign: str) -> int:
    return 10 if sign == "X" else int(sign)
