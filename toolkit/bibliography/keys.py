"""Keys of entries by a pattern: plain ASCII, made from the record, and stable, since a key is given only once."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

    from toolkit.bibliography.record import Record

DEFAULT_PATTERN = "authorYEARword"
"""Family name of the first author, year, first telling word of the title: ``abajobir2017gender``."""

_TOKENS = re.compile("author|YEAR|word")
_ASCII = str.maketrans({"ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
                        "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"})  # fmt: skip
_FILLERS = frozenset(
    "a an the of on in at by to for with and or its their "
    "der die das ein eine und von im zur zum le la les un une des du de et el los las una y en del o os as il lo gli i "
    "versus via as into about among".split()
)


def make_key(record: Record, *, pattern: str = DEFAULT_PATTERN, taken: Container[str] = ()) -> str:
    """A key for a record: ``author``, ``YEAR`` and ``word`` in the pattern are filled in, the rest stands as it is.

    An organisation with several words is its initials; without an author the word comes from the title, without a year
    ``nd`` stands. Where the key is in ``taken``, a letter follows: ``doe2001harm``, ``doe2001harma``, ``doe2001harmb``.
    """
    values = {"author": _author(record), "YEAR": record.year or "nd", "word": _word(record.title)}
    key = _TOKENS.sub(lambda token: values[token.group()], pattern)
    key = re.sub(r"[^A-Za-z0-9_:.+/-]", "", key) or "anonymous"
    number, free = 0, key
    while free in taken:
        free = f"{key}{_letters(number)}"
        number += 1
    return free


def follows_pattern(key: str, record: Record, *, pattern: str = DEFAULT_PATTERN) -> bool:
    """Whether a key has the form of the pattern and the record's year.

    The author and the word are not compared, since names of organisations and titles are cut short in more than one
    sound way, and a key does not change when a name is put right.
    """
    if not re.fullmatch(r"[A-Za-z0-9_:.+/-]+", key):
        return False
    parts = []
    values = {"author": r"[a-z][a-z-]*", "YEAR": re.escape(record.year or "nd"), "word": r"[a-z0-9]+"}
    place = 0
    for token in _TOKENS.finditer(pattern):
        parts += [re.escape(pattern[place : token.start()]), values[token.group()]]
        place = token.end()
    parts += [re.escape(pattern[place:]), "[a-z]*"]
    return re.fullmatch("".join(parts), key) is not None


def ascii_letters(text: str) -> str:
    """Text in ASCII: accents and marks dropped, what has no near letter left out."""
    return unicodedata.normalize("NFKD", text.translate(_ASCII)).encode("ascii", "ignore").decode()


def _author(record: Record) -> str:
    names = record.authors or record.editors
    if not names:
        return ""
    words = re.findall(r"[A-Za-z0-9]+", ascii_letters(names[0].last).replace("'", ""))
    if names[0].literal and len(words) > 1:
        return "".join(word[0] for word in words if word.lower() not in _FILLERS).lower()
    return "".join(words).lower()


def _word(title: str) -> str:
    joined = re.sub(r"['’]s\b|['’‐‑-]", "", title)
    words = re.findall(r"[A-Za-z0-9]+", ascii_letters(joined))
    telling = (word for word in words if len(word) > 1 and word.lower() not in _FILLERS)
    return next(telling, "").lower()


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
