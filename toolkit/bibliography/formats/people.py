"""Names of people as databases print them: ``Smith, John``, ``Smith JA``, ``John Smith`` or an organisation."""

from __future__ import annotations

import re

from toolkit.bibliography.names import Name
from toolkit.bibliography.record import CUT_SHORT, Record

_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?-?){1,4}")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|2nd|3rd|4th)\.?", re.IGNORECASE)
_OTHERS = re.compile(r"(?:and )?(?:others|et al\.?)", re.IGNORECASE)
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
        return person_of(parts[0], given, suffix)
    words = text.split()
    if len(words) < 2:
        return Name(text)
    suffix = words.pop() if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    if _INITIALS.fullmatch(words[-1]) and not _INITIALS.fullmatch(words[0]):
        return person_of(" ".join(words[:-1]), words[-1], suffix)
    if _ORGANISATION.search(text) or len(words) > 5 or any(word in {"of", "for", "and", "the"} for word in words):
        return Name(text, literal=True)
    start = next((place for place, word in enumerate(words[:-1]) if place and word[:1].islower()), len(words) - 1)
    return person_of(" ".join(words[start:]), " ".join(words[:start]), suffix)


def organisation(text: str) -> Name:
    """The name of an organisation, kept whole."""
    return Name(" ".join(text.split()), literal=True)


def person_of(family: str, given: str = "", suffix: str = "") -> Name:
    """A name from its parts; words in small letters before the family name are its particle: ``van der Berg``."""
    words = family.split()
    place = next((place for place, word in enumerate(words) if not word[:1].islower()), 0)
    return Name(" ".join(words[place:]), given, " ".join(words[:place]), suffix)


def without_others(record: Record) -> Record:
    """The record without an ``et al.`` at the end of a list of names, which ``other`` tells instead."""
    for role in ("author", "editor"):
        names = getattr(record, f"{role}s")
        if names and _OTHERS.fullmatch(_as_printed(names[-1])):
            record = record.with_values(**{f"{role}s": names[:-1]}, other=((CUT_SHORT, role), *record.other))
    return record


def _as_printed(name: Name) -> str:
    return " ".join(part for part in (name.given, name.last) if part)
