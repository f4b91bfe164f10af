"""LaTeX in a field to plain text and back. Text is decoded when it is asked for, and most fields hold no LaTeX.

The usual accents, letters and signs are in an own table, which is a hundred times as fast as a parser of LaTeX and
deletes nothing; pylatexenc reads what is left (mathematics, rare commands) and is never given a whole abstract to lose.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ",
    "textendash": "–", "textemdash": "—", "textquoteright": "’", "textquoteleft": "‘", "textquotedblleft": "“",
    "textquotedblright": "”", "ldots": "…", "dots": "…", "textellipsis": "…", "textbackslash": "\\",
    "textasciitilde": "~", "textasciicircum": "^", "textregistered": "®", "texttrademark": "™", "copyright": "©",
    "textdegree": "°", "pounds": "£", "S": "§", "P": "¶", "textless": "<", "textgreater": ">", "textbar": "|",
    "textunderscore": "_", "textquotesingle": "'", "TeX": "TeX", "LaTeX": "LaTeX", "slash": "/", "euro": "€",
    "texteuro": "€", "textbraceleft": "{", "textbraceright": "}",
    "textpm": "±", "texttimes": "×", "textmu": "µ", "guillemotleft": "«", "guillemotright": "»",
}  # fmt: skip
_MARKS = re.compile(r"[\\$~{}\s]|--|``|''")
_ACCENT = re.compile(
    r"\\(?:([`'^~=.\"])\s*|([uvHcdbkr])(?:\s+|(?=[{\\])))(?:\{\s*(?:\\([ij])(?![A-Za-z])|([^\W\d_]))\s*\}"
    r"|\\([ij])(?![A-Za-z])|([^\W\d_]))"
)
_LETTER = re.compile(r"\\(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")(?:(?![A-Za-z@])(?:\{\}|[ \t]+)?)")
_STYLE = re.compile(
    r"\\(?:emph|text(?:it|bf|sc|rm|sf|tt|up|md|normal|superscript|subscript)?|mbox|uppercase|lowercase|noopsort|url"
    r"|mathrm|underline)\s*(?=\{)|\\(?:it|bf|em|sc|rm|sf|tt|itshape|bfseries|scshape|protect|relax)(?![A-Za-z])\s*|\\[-/]"
)
_LIGATURES = {"---": "—", "--": "–", "``": "“", "''": "”"}
_LIGATURE = re.compile("---?|``|''")
_ESCAPED = re.compile(r"\\([&%$#_{}])")
_SPACES = re.compile(r"(?<!\\)~|\\[ ,;!:](?=.)|\\\\|\s+")
_HREF = re.compile(r"\\href\s*\{[^{}]*\}\s*(?=\{)")
_ALONE = re.compile(r"\\([\^~])\{\}")
# Signs that were escaped are noncharacters of Unicode, which no text holds, until braces and ties are read.
_HIDDEN = str.maketrans({sign: 0xFDD0 + place for place, sign in enumerate("&%$#_{}\\~^")})
_SHOWN = {code: sign for sign, code in _HIDDEN.items()}
_LONGEST = 20_000
_ENCODED = str.maketrans({
    "\\": r"{\textbackslash}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"{\textasciitilde}", "^": r"{\textasciicircum}", "–": "--", "—": "---", "“": "``", "”": "''",
})  # fmt: skip
VERBATIM = frozenset("doi url file eprint isbn issn pmid pmcid crossref xdata urldate date".split())
"""Fields whose values are no LaTeX: they are neither decoded nor encoded, but for an escaped sign in them."""


def plain_text(value: str) -> str:
    """The text that a reader sees: accents composed, braces gone, dashes and quotes as typeset. Never raises.

    A bare ``%`` is a per cent sign that nobody escaped; a command that is not known stays as it stands.
    """
    return _remembered(value) if len(value) <= _LONGEST else _plain_text(value)


@lru_cache(maxsize=8192)
def _remembered(value: str) -> str:
    return _plain_text(value)


def _plain_text(value: str) -> str:
    if not _MARKS.search(value):
        return value
    text = value
    if "\\" in text:
        text = _ALONE.sub(_hidden, _HREF.sub("", text))
        text = _ACCENT.sub(_accented, text)
        text = _LETTER.sub(lambda found: _LETTERS[found.group(1)].translate(_HIDDEN), text)
        text = _ESCAPED.sub(_hidden, _STYLE.sub("", text))
    text = _LIGATURE.sub(lambda found: _LIGATURES[found.group()], text)
    if re.search(r"\\[A-Za-z]|\$", text):
        text = _decoded_by_parser(text)
    text = re.sub("[{}]", "", _SPACES.sub(" ", text))
    return re.sub(r"[ \u00a0]{2,}", " ", text).strip().translate(_SHOWN)


def verbatim_text(value: str) -> str:
    """A DOI, address or number as it is meant: ``\\_`` and ``\\%`` without the backslash that LaTeX asks for."""
    return re.sub(r"\\([_%&#~$])|\\url\{([^{}]*)\}", r"\1\2", value).strip()


def latex_source(text: str) -> str:
    """Plain text as a BibTeX value: what LaTeX would take for a command is escaped, letters stay Unicode.

    ``plain_text`` gives the text back, white space made single. BibTeX counts a brace behind a backslash too, so braces
    that do not match are written by their names.
    """
    source = " ".join(text.split()).translate(_ENCODED)
    if balanced(text):
        return source
    return source.replace(r"\{", r"{\textbraceleft}").replace(r"\}", r"{\textbraceright}")


def balanced(source: str) -> bool:
    """Whether the braces of a value close what they open, as BibTeX counts them."""
    depth = 0
    for brace in re.findall("[{}]", source):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _hidden(found: re.Match[str]) -> str:
    return found.group(1).translate(_HIDDEN)


def _accented(found: re.Match[str]) -> str:
    letter = next(group for group in found.groups()[2:] if group)
    return unicodedata.normalize("NFC", letter + _ACCENTS[found.group(1) or found.group(2)])


def _decoded_by_parser(text: str) -> str:
    """What pylatexenc makes of a text; the text itself where it fails or would take long."""
    if len(text) > _LONGEST:
        return text
    from pylatexenc.latex2text import LatexNodes2Text

    protected = re.sub(r"(?<!\\)%", r"\\%", text)
    try:
        decoded = LatexNodes2Text(math_mode="text", keep_comments=True).latex_to_text(protected)
    except (Exception, RecursionError):  # the parser's errors are many, and a value is to be shown whatever it holds
        return text
    return decoded if re.search(r"\w", decoded) or not re.search(r"\w", text) else text
