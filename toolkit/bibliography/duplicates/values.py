"""The values of a record in the form in which two records are compared: spelling, markup and house styles taken off.

Each function takes the text of one field and returns a plain value; none raises on odd input, and each is linear in
the length of its text. What a title says about its kind (reply, erratum, protocol) and its numbers is taken out here,
because those small differences make two works of one title.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

LONGEST = 2_000
"""Longer text is cut before it is compared: no title or list of first authors needs more."""

_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "ς": "sigma",
    "τ": "tau",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
}
_LETTERS = str.maketrans(
    {
        **{letter: f" {name} " for letter, name in _GREEK.items()},
        **{"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "&": " and "},
        **dict.fromkeys("'’‘`´ʼ?\ufffd", ""),  # a lost letter stands as ? or as the replacement character
    }
)
_MARKUP = re.compile(
    r"</?(?:i|b|em|strong|su[bp]|inf|span|p|br|sc|scp|tt|math|mml:\w{1,12}|jats:\w{1,12})(?: [^<>]{0,80})?/?>", re.I
)
_TEX = re.compile(r"\\(?:[a-zA-Z]{1,20} ?|.)|[{}$~]")
_NOT_WORD = re.compile(r"[\W_]+")
_SPLIT_NUMBER = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")


def plain_words(text: str) -> str:
    """Lower-case words with single spaces: no accents, punctuation, markup; Greek letters by their names."""
    text = text[:LONGEST]
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _MARKUP.sub("", text)
    if "\\" in text or "{" in text or "$" in text:
        text = _TEX.sub("", text)
    text = text.lower()
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).replace("ß", "ss").lower()
    return _NOT_WORD.sub(" ", text.translate(_LETTERS)).strip()


# --- titles ---------------------------------------------------------------------------------------------------------

_NOTE = re.compile(
    r"[\[(<](?:[^\[\]()<>]{0,40}\brefs?\b|review|[^\[\]()<>]{0,30}\bcomments?\b|(?:published |corrected )?erratum"
    r" appears?|corrected and republished|retraction in|retracted|(?:author'?s )?transl|proceeding|electronic resource"
    r"|article in|summary for patients|(?:meeting |provisional |structured )?abstract\b|republished|reprint)"
    r"[^\[\]<>]{0,300}[\])>]?",
    re.I,
)
_ORIGINAL = re.compile(r"<ORIGINAL>", re.I)
_RETRACTED = re.compile(r"^\W*(?:retracted(?: article)?|withdrawn)\b\W*", re.I)
_KIND = re.compile(
    r"^(?:(?:in |the |authors?s? |editors?s? |invited |published )*"
    r"(repl(?:y|ies)|response|rebuttal|rejoinder|comment(?:ary|s)?|discussion|errat(?:um|a)|corrigend(?:um|a)"
    r"|corrections?|addendum|retraction|withdrawal|expression of concern|notice of retraction|editorial|letter"
    r"|book review|preface|foreword)\b)"
    r"|\b(repl(?:y|ies) to|comments? on|errat(?:um|a)|corrigend(?:um|a)|correction to|retraction of"
    r"|letter to the editor|(?:study|trial|review|research) protocol|protocol for)\b"
    r"|\b(repl(?:y|ies)|rebuttal|commentary|editorial|protocol)$"
)
_SIDES = re.compile(
    r"\b(women|men|male|female|girls|boys|children|adults?|adolescents|infants|elderly|mothers|fathers|rats?|mice|mouse"
    r"|rabbits?|dogs?|human|increase[sd]?|decrease[sd]?|acute|chronic|primary|secondary|high|low|upper|lower|left|right"
    r"|short|long|anterior|posterior|proximal|distal|systolic|diastolic|positive|negative|urban|rural|winter|summer"
    r"|spring|autumn|interim|preliminary|pilot|vitro|vivo|follow up|hypo\w+|hyper\w+|north\w*|south\w*|east\w*|west\w*"
    r"|without)\b"
)
_NUMERALS = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_COUNTED = {
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "first": "1",
    "second": "2",
    "third": "3",
}
_PART = re.compile(
    r"\b(part|phase|type|stage|grade|study|paper|report|volume|chapter|section|class|level|appendix)"
    r" ([a-h]|[ivx]{1,4})\b"
)
_STOP = frozenset(
    "a an and the of in on at for to with by from or as is und der die das von et le la les de des du el y".split()
)


@dataclass(frozen=True, slots=True)
class Title:
    """A title to compare: its words, the words run together, its numbers, and the words that set works apart."""

    words: str
    run: str
    numbers: tuple[str, ...]
    kinds: frozenset[str]
    sides: frozenset[str]


_NO_TITLE = Title("", "", (), frozenset(), frozenset())


def title_value(text: str) -> Title:
    """A title without the notes that databases add to it (``[Review] [50 refs]``, ``<ORIGINAL> ...``)."""
    text = text[:LONGEST].strip()
    if not text:
        return _NO_TITLE
    text = _ORIGINAL.split(text, maxsplit=1)[0] or text
    if "[" in text or "(" in text or "<" in text:
        text = _NOTE.sub(" ", text)
    words = plain_words(_RETRACTED.sub("", text))
    for part, numeral in _PART.findall(words):
        words = words.replace(f"{part} {numeral}", f"{part} {_NUMERALS.get(numeral, numeral)}", 1)
    if words.endswith(tuple(f" {numeral}" for numeral in _NUMERALS)):
        head, _, numeral = words.rpartition(" ")
        words = f"{head} {_NUMERALS[numeral]}"
    split = _SPLIT_NUMBER.sub(" ", words)
    numbers = tuple(_COUNTED.get(word, word) for word in split.split() if word.isdigit() or word in _COUNTED)
    sides = frozenset(_SIDES.findall(words)) | {f"{part} {letter}" for part, letter in _PART.findall(words)}
    kept = " ".join(word for word in split.split() if word not in _STOP)
    return Title(kept or words, words.replace(" ", ""), numbers, _kinds(words), sides)


def _kinds(words: str) -> frozenset[str]:
    """What a work says of itself that makes it another one than the work of that title."""
    return frozenset(next(filter(None, found)).split()[0][:5] for found in _KIND.findall(words))


# --- people ---------------------------------------------------------------------------------------------------------

_PARTICLES = frozenset(
    "de del della der den di da dos du van von la le el al bin ibn ter ten zu vander vande mac st".split()
)
_NOBODY = frozenset({"", "anonymous", "anon", "na", "others", "no authors listed", "et al", "unknown", "group"})
_ORGANISATION = re.compile(  # each database writes these in its own way, or leaves them out
    r"\b(?:group|stud(?:y|ies)|trial(?:ists)?|collabora\w+|consortium|investigators|committee|society|association|network"
    r"|institute|organi[sz]ation|council|department|ministry|task force|team|university|centers?|centre)\b",
    re.I,
)
_BETWEEN = re.compile(r"\s+and\s+|\s*;\s*|\n")
_INITIALS = re.compile(r"(?:[A-Z]\.?[ -]?){1,4}(?:[JS]r\.?)?")


class Person(NamedTuple):
    """A name: the family name run together, the first letter of the given names, and the initials of all its words."""

    family: str
    given: str
    initials: str


def people(text: str) -> tuple[Person, ...]:
    """The people of a field, in its order.

    ``Family, Given and ...``, ``Family GI; ...``, ``Family GI, Family GI`` and ``Given Family and ...`` are read.
    """
    text = text[:LONGEST].strip()
    if not text:
        return ()
    parts = [part.strip() for part in _BETWEEN.split(text)]
    if len(parts) == 1 and text.count(",") >= 1:
        pieces = [piece.strip() for piece in text.split(",")]
        if all(_family_and_initials(piece) for piece in pieces if piece):
            parts = pieces
    found = [_person(part) for part in parts if part and not _ORGANISATION.search(part)]
    return tuple(person for person in found if person.family not in _NOBODY)


def _family_and_initials(piece: str) -> tuple[str, str] | None:
    """The two parts of a name as PubMed prints it (``Zuna RE``), or nothing."""
    family, _, given = piece.rpartition(" ")
    if family and len(given) <= 5 and given.replace(".", "").replace("-", "").isupper() and _INITIALS.fullmatch(given):
        return family, given
    return None


@lru_cache(maxsize=200_000)
def _person(name: str) -> Person:
    family, comma, given = name.partition(",")
    if not comma:
        pair = _family_and_initials(name)
        if pair is None:
            given, _, family = name.rpartition(" ")
            before = given.split(" ")
            while len(before) > 1 and before[-1].lower() in _PARTICLES:
                family = f"{before.pop()} {family}"
            given = " ".join(before)
        else:
            family, given = pair
    words, others = plain_words(family).split(), plain_words(given).split()
    if words and all(word in _PARTICLES for word in words) and others and len(others[0]) > 2:
        words, others = words + others[:1], others[1:]
    while len(words) > 1 and words[0] in _PARTICLES:
        words = words[1:]
    initials = "".join(sorted(_initials(words, others)))
    return Person("".join(words), others[0][0] if others else "", initials)


def _initials(family: list[str], given: list[str]) -> str:
    """First letters of all words; given names of up to three letters are initials written together (``JV``)."""
    short = "".join(word if len(word) <= 3 else word[0] for word in given)
    return "".join(word[0] for word in family) + short


# --- places ---------------------------------------------------------------------------------------------------------

_MEETING = re.compile(r"\b(?:proceedings|conference|symposium|workshop|congress|annual meeting)\b", re.I)


def is_proceedings(entry_type: str, container: str) -> bool:
    """Whether a record is a paper of a conference, whose name every database writes in its own way."""
    if entry_type:
        return entry_type.lower() in ("inproceedings", "conference", "proceedings")
    return bool(_MEETING.search(container[:400]))


_WHOLE = frozenset("book mvbook thesis phdthesis mastersthesis report techreport manual booklet standard".split())


def is_whole(entry_type: str) -> bool:
    """Whether a record is a work that stands by itself, without a journal or a book around it."""
    return entry_type.lower() in _WHOLE


_NUMBER = re.compile(r"\d{1,9}")
_PAGE = re.compile(r"([a-z]{0,8})\W?(\d{1,12})(?:\.e\d+)?", re.I)
_SPREADSHEET_DATE = re.compile(r"^\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\b", re.I)  # of 1-6
_DASHES = re.compile(r"\s*(?:--+|[-‐‑–—−]|\bto\b)\s*")


def pages_value(text: str) -> tuple[int, int, str]:
    """First page, last page (-1 where unknown) and the letters before the first: ``727-33`` is 727 to 733."""
    text = text[:200].strip().split(";")[0].split(",")[0]
    if not text or _SPREADSHEET_DATE.search(text):
        return -1, -1, ""
    ends = _DASHES.split(text, maxsplit=1)
    first = _PAGE.search(ends[0])
    last = _PAGE.search(ends[1]) if len(ends) > 1 else None
    if first is None:
        return -1, int(last[2]) if last else -1, ""
    start = int(first[2])
    end = start
    if last is not None:
        digits = last[2]
        if len(digits) < len(first[2]):
            digits = first[2][: len(first[2]) - len(digits)] + digits
        end = int(digits)
    return start, max(start, end) if end >= start else start, first[1].lower()


def number_value(text: str) -> int:
    """The first number in a volume or issue, -1 where there is none; letters are no number (``Suppl``)."""
    found = _NUMBER.search(text[:60])
    return int(found.group()) if found else -1


_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")


def year_value(text: str) -> int:
    """The year, -1 where there is none. ``2006.0``, as a frame makes it of a column with gaps, is 2006."""
    found = _YEAR.search(text[:40])
    return int(found.group()) if found else -1


_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]{1,300}")


def doi_value(text: str) -> str:
    """A DOI in lower case without its address, empty where the text holds none."""
    found = _DOI.search(text[:500].replace("%2F", "/").replace("\\_", "_"))
    return found.group().lower().rstrip(".,;") if found else ""


_VERSION = re.compile(r"(?:\.pub\d{1,2}|[./]?v\d{1,2})$")


def doi_work(doi: str) -> str:
    """A DOI without the mark of a version (``.pub3`` of Cochrane reviews, ``v2`` of preprints)."""
    return _VERSION.sub("", doi)


def digits_value(text: str) -> str:
    """An identifier that is a number (PMID, ISBN): its digits, without leading zeros."""
    return "".join(letter for letter in text[:60] if letter.isdigit() or letter in "xX").lstrip("0").upper()


def abstract_value(text: str) -> str:
    """The words of an abstract, run together and cut at 800 letters: enough to tell one from another."""
    words = text[:1_600].lower()
    if not words.isascii():
        words = plain_words(words)
    words = re.sub(r"[^a-z0-9]+", "", words)
    for label in ("abstract", "background", "objectives", "objective", "purpose", "introduction", "aims", "aim"):
        words = words.removeprefix(label)
    return words[:800] if len(words) >= 60 else ""
