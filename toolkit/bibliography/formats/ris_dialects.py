"""Two formats that are RIS in other words, line by line: the text export of the Cochrane Library, and RefWorks' tags.

Cochrane: ``Record #1 of 9``, then ``AU: Doe J``. RefWorks: ``RT Journal Article``, then ``A1 Doe,J.``. Each line
becomes one of RIS, so that the lines of the file keep their numbers.
"""

from __future__ import annotations

import re

BEGINNING = r"Record #\d+ of \d+[ \t]*$|RT [A-Z][A-Za-z ,/]+$"
"""The first line of a record in either."""
_BEGINS = re.compile(BEGINNING)
_RIS = re.compile(r"^[ \t]{0,3}TY[ \t]{1,3}[-–]", re.MULTILINE)
_COCHRANE = re.compile(r"([A-Z]{2,3}): ?(.*)$")
_REFWORKS = re.compile(r"([A-Z][A-Z0-9]) (.*)$")
_TAGS = {
    "cochrane": {"ID": "AN", "SO": "JF", "YR": "PY", "NO": "IS", "PG": "SP", "PM": "C3", "DOI": "DO", "US": "UR",
                 "KY": "KW", "PT": "M3", "AU": "AU", "TI": "TI", "VL": "VL", "AB": "AB"},
    "refworks": {"YR": "PY", "VO": "VL", "OP": "EP", "K1": "KW", "NO": "N1", "UL": "UR", "LK": "UR", "ED": "ET",
                 "DS": "DB", "PP": "CY", "JO": "JA"},
}  # fmt: skip
"""Tags of RIS by those of a dialect; a tag that is not here stays as it is."""
_TYPES = {
    "journal article": "JOUR", "journal, electronic": "JOUR", "book, whole": "BOOK", "book, section": "CHAP",
    "book, edited": "EDBOOK", "conference proceedings": "CONF", "dissertation/thesis": "THES", "report": "RPRT",
    "web page": "ELEC", "newspaper article": "NEWS", "magazine article": "MGZN", "unpublished material": "UNPB",
}  # fmt: skip


def as_ris(text: str) -> str:
    """A file of either dialect as RIS; any other text as it is."""
    lines = re.split(r"\r\n|\r|\n", text)
    first = next((line for line in lines if _BEGINS.match(line)), "")
    if not first or _RIS.search(text):
        return text
    dialect = "cochrane" if first.startswith("Record") else "refworks"
    found: list[str] = []
    for line in lines:
        if _BEGINS.match(line):
            if found and not found[-1].strip():
                found[-1] = "ER  - "
            kind = "JOUR" if dialect == "cochrane" else _TYPES.get(line[3:].strip().lower(), line[3:].strip())
            found.append(f"TY  - {kind}")
        else:
            found.append(_line(line, dialect))
    return "\n".join([*found, "ER  - "])


def _line(line: str, dialect: str) -> str:
    pair = (_COCHRANE if dialect == "cochrane" else _REFWORKS).match(line)
    if pair is None:
        return line
    tag = _TAGS[dialect].get(pair.group(1), pair.group(1))
    return f"{tag}  - {pair.group(2)}"
