"""The field ``keywords``: between commas as biblatex has it, or between semicolons where one stands in it.

A MeSH heading may hold a comma (``Aged, 80 and over``), so the two signs are never taken together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def split_keywords(text: str) -> tuple[str, ...]:
    """The keywords in a field, each once."""
    words = (word.strip() for word in re.split(r"(?<!\\);" if ";" in text else ",", text))
    return tuple(dict.fromkeys(word for word in words if word))


def joined_keywords(words: Iterable[str]) -> str:
    """Keywords as one field, between semicolons where one holds a comma; ``split_keywords`` gives them back."""
    words = [word.replace(";", ",") for word in words]
    if not any("," in word for word in words):
        return ", ".join(words)
    return "; ".join(words) + (";" if len(words) == 1 else "")
