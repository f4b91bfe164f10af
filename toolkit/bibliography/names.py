"""Names of people and organisations, and BibTeX's rules to read and write them.

The rules are those of Patashnik, *BibTeXing* (1988), section 4: ``and`` stands between names; a name is ``First von
Last``, ``von Last, First`` or ``von Last, Jr, First``; what stands in braces is one word. A name that follows no rule
is kept as it stands: nothing here raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from toolkit.bibliography.latex import plain_text

_MARK = re.compile(r"[{},]|\s+(?:[aA][nN][dD](?=\s|$))?|[^{},\s]+")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as plain text. ``literal`` marks an organisation, or a name kept whole: it stands in ``family``."""

    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""
    literal: bool = False

    @property
    def last(self) -> str:
        """The family name with its particle: ``van der Berg``."""
        return f"{self.particle} {self.family}".strip()

    def __str__(self) -> str:
        """``van der Berg, Jr., Jan``, which BibTeX reads back as the same name."""
        return ", ".join(part for part in (self.last, self.suffix, self.given) if part)


@lru_cache(maxsize=4096)
def parse_names(field: str) -> tuple[Name, ...]:
    """The names in an ``author`` or ``editor`` field; ``and others`` is left out (``has_others`` tells it)."""
    return tuple(_name(name) for name in _split_at_and(field) if name and name != "others")


def has_others(field: str) -> bool:
    """Whether a field ends with ``and others``: the list of names is cut short."""
    return _split_at_and(field)[-1:] == ["others"]


def family_names(field: str) -> tuple[str, ...]:
    """The family names in an author or editor field, particles included; a name in braces is kept whole."""
    return tuple(name.last for name in parse_names(field))


def _name(source: str) -> Name:
    parts = [words for words in _words_by_comma(source) if words]
    if not parts:
        return Name(plain_text(source), literal=True)
    if len(parts) == 1 and len(parts[0]) == 1:
        word = parts[0][0]
        return Name(plain_text(word), literal=word.startswith("{"))
    if len(parts) == 1:
        words = parts[0]
        start = next((place for place, word in enumerate(words[:-1]) if _is_particle(word)), None)
        if start is None:
            return Name(plain_text(words[-1]), plain_text(" ".join(words[:-1])))
        end = max(place for place, word in enumerate(words[:-1]) if _is_particle(word)) + 1
        return Name(_text(words[end:]), _text(words[:start]), _text(words[start:end]))
    last = parts[0]
    end = max((place + 1 for place, word in enumerate(last[:-1]) if _is_particle(word)), default=0)
    suffix = _text(parts[1]) if len(parts) > 2 else ""
    given = ", ".join(_text(words) for words in (parts[2:] or parts[1:]))
    return Name(_text(last[end:]), given, _text(last[:end]), suffix)


def _text(words: list[str]) -> str:
    return plain_text(" ".join(words))


def _is_particle(word: str) -> bool:
    """Whether a word begins with a small letter, accents decoded; a word in braces is none (BibTeXing, section 4)."""
    return not re.match(r"\{[^\\]", word) and plain_text(word)[:1].islower()


def _split_at_and(field: str) -> list[str]:
    names, start, depth = [], 0, 0
    for mark in _MARK.finditer(field):
        text = mark.group()
        if text == "{":
            depth += 1
        elif text == "}":
            depth = max(depth - 1, 0)
        elif depth == 0 and text[0].isspace() and text[-1] in "dD":
            names.append(field[start : mark.start()].strip())
            start = mark.end()
    names.append(field[start:].strip())
    return names


def _words_by_comma(name: str) -> list[list[str]]:
    """The words of a name between its commas; commas and spaces in braces do not count, nor do ties (``~``)."""
    parts: list[list[str]] = [[]]
    word, depth = "", 0
    for mark in _MARK.finditer(name.replace("~", " ")):
        text = mark.group()
        depth = max(depth + {"{": 1, "}": -1}.get(text, 0), 0)
        if depth == 0 and (text == "," or text.isspace()):
            if word:
                parts[-1].append(word)
            word = ""
            if text == ",":
                parts.append([])
        else:
            word += text
    if word:
        parts[-1].append(word)
    return parts
