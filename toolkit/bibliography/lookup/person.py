"""Names as services give them: family name and given names apart, the particle within the family name."""

from __future__ import annotations

from itertools import takewhile

from toolkit.bibliography.names import Name


def person(family: str, given: str = "", suffix: str = "") -> Name:
    """A name with its particle split off: the words in small letters before the last one (``van der`` Berg)."""
    words = family.split()
    particle = list(takewhile(lambda word: word[:1].islower(), words[:-1]))
    return Name(" ".join(words[len(particle) :]), given, " ".join(particle), suffix)
