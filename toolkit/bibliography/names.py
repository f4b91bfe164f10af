"""Names of authors by BibTeX's rules: ``and`` between names, ``von Last, First`` or ``First von Last``."""

from __future__ import annotations

from toolkit.bibliography.latex import plain_text


def family_names(field: str) -> tuple[str, ...]:
    """The family names in an author or editor field, particles included; a name in braces is kept whole.

    Never raises: a name that follows no rule is shown as it stands.
    """
    return tuple(_family(name) for name in _split(field, " and ") if name.strip() and name.strip() != "others")


def _family(name: str) -> str:
    name = name.strip()
    if name.startswith("{") and name.endswith("}"):
        return plain_text(name)
    parts = _split(name, ",")
    if len(parts) > 1:
        return plain_text(parts[0].strip())
    words = [word for word in _split(name, " ") if word]
    particle = next((place for place, word in enumerate(words[:-1]) if place and word[:1].islower()), len(words) - 1)
    return plain_text(" ".join(words[particle:]))


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator outside of braces."""
    parts, depth, start, place = [], 0, 0, 0
    while place < len(text):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0 and text[place : place + len(separator)] == separator:
            parts.append(text[start:place])
            place += len(separator)
            start = place
        else:
            place += 1
    parts.append(text[start:])
    return parts
