"""Names of people as databases print them: ``Smith, John``, ``Smith JA``, ``John Smith`` or an organisation."""

from __future__ import annotations

import re

from toolkit.bibliography.names import Name

_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?-?){1,4}")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|2nd|3rd|4th)\.?", re.IGNORECASE)
_ORGANISATION = re.compile(
    r"\b(?:academy|agency|association|authority|board|bureau|cent(?:er|re)|collaboration|college|commission|committee|"
    r"company|consortium|council|department|federation|foundation|group|hospital|inc|institut\w*|investigators|"
    r"laborator\w+|league|library|ltd|ministry|nations|network|office|organi[sz]ation|program\w*|project|research|"
    r"school|service|societ\w+|study|team|trial\w*|union|universit\w+|world)\b|[&\d]",
    re.IGNORECASE,
)


def person(text: str) -> Name:
    """A name from the text of one author. Without a comma, initials at the end mark a person as MEDLINE prints one.

    Anything else without a comma is an organisation where its words say so or are many, else a name given name first.
    """
    text = " ".join(text.split()).rstrip(",;")
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and parts[0]:
        suffix = next((part for part in parts[1:] if _SUFFIX.fullmatch(part)), "")
        given = ", ".join(part for part in parts[1:] if part and part != suffix)
        return _with_particle(parts[0].split(), given, suffix)
    words = text.split()
    if len(words) < 2:
        return Name(text)
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    if _INITIALS.fullmatch(words[-1]) and not _INITIALS.fullmatch(words[0]):
        return _with_particle(words[:-1], words[-1], suffix)
    if _ORGANISATION.search(text) or len(words) > 5 or any(word in {"of", "for", "and", "the"} for word in words):
        return Name(text, literal=True)
    start = next((place for place, word in enumerate(words[:-1]) if place and word[:1].islower()), len(words) - 1)
    return _with_particle(words[start:], " ".join(words[:start]), suffix)


def organisation(text: str) -> Name:
    """The name of an organisation, kept whole."""
    return Name(" ".join(text.split()), literal=True)


def _with_particle(family: list[str], given: str, suffix: str) -> Name:
    place = next((place for place, word in enumerate(family) if not word[:1].islower()), 0)
    return Name(" ".join(family[place:]), given, " ".join(family[:place]), suffix)
