"""Which format a file is of, by what stands in it: names of files lie."""

from __future__ import annotations

import re

from toolkit.bibliography.formats.csv_table import column_map, delimiter_of, without_separator_line
from toolkit.bibliography.formats.ris_dialects import BEGINNING

_ENTRY = re.compile(r"^[ \t]*@[ \t]*[A-Za-z][\w:+-]*\s*[{(]", re.MULTILINE)
_RIS = re.compile(r"^[ \t]{0,3}(?:TY[ \t]{1,3}[-–]|ty[ \t]{2}-)|^(?:" + BEGINNING + ")", re.MULTILINE)
_RIS_LINE = re.compile(r"^(?:TI|T1|AU|A1|PY|Y1|JO|JF|ER|DO|UR)[ \t]{2}-", re.MULTILINE)
_MEDLINE = re.compile(r"^(?:PMID[ \t]*|OWN[ \t]|UI[ \t]{2})-", re.MULTILINE)
_MEDLINE_LINE = re.compile(r"^(?=.{4}-)(?:OWN|PMC|FAU|BTI|DP|JT|TA|PT|AID|LID|STAT|DCOM|FED)[ \t]*-", re.MULTILINE)
_ISI = re.compile(r"^(?:FN[ \t]\S|VR[ \t]\d|PT[ \t][A-Z][ \t]*$)", re.MULTILINE)
_ENW = re.compile(r"^[ \t]*%0(?:[ \t]|$)", re.MULTILINE)
_ENW_LINE = re.compile(r"^%[ATDJBIPVN][ \t]+\S", re.MULTILINE)
_BEGINNING = 200_000


def detect(text: str) -> str:
    """The name of the format of a text, as ``Collection.format`` has it; empty where it is none that is known.

    Of the formats of tagged lines that is it whose mark comes first, since an abstract may hold any text.
    """
    begin = text[:_BEGINNING].lstrip("\ufeff \t\r\n").replace("\u00a0", " ")
    begin = begin.replace("\r\n", "\n").replace("\r", "\n")
    if begin.startswith("<") and (name := _xml(begin)):
        return name
    if re.match(r"\[\s*(?:\{|\])|\{\s*\"", begin):
        return "csl-json"
    marks = [("bibtex", _ENTRY), ("ris", _RIS), ("medline", _MEDLINE), ("isi", _ISI), ("enw", _ENW)]
    found = [(mark.start(), name) for name, pattern in marks if (mark := pattern.search(begin)) is not None]
    if found:
        return min(found)[1]
    if column_map(_header(begin)) and len(column_map(_header(begin))) > 1:
        return "csv"
    lines = {"ris": _RIS_LINE, "medline": _MEDLINE_LINE, "enw": _ENW_LINE}
    counts = {name: len(pattern.findall(begin)) for name, pattern in lines.items()}
    best = max(counts, key=counts.__getitem__)
    if counts[best] > 1:
        return best
    return "bibtex" if re.search(r"@[ \t]*[A-Za-z][\w:+-]*\s*[{(]", text) or begin.startswith("%") else ""


def _xml(begin: str) -> str:
    if re.search(r"<(?:PubmedArticle|PubmedBookArticle|PubmedArticleSet|MedlineCitation)\b", begin):
        return "pubmed-xml"
    return "endnote-xml" if re.search(r"<(?:records?|xml)\b", begin) else ""


def _header(begin: str) -> list[str]:
    line = without_separator_line(begin).split("\n", 1)[0]
    return [cell.strip().strip('"') for cell in line.split(delimiter_of(begin))]
