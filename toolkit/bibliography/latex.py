"""LaTeX in a field to plain text. Most fields hold none, so the decoder is only asked where a mark of it stands."""

from __future__ import annotations

import re
from functools import lru_cache

_BRACES = re.compile(r"[{}]")
_MARKS = re.compile(r"[\\$~]|--|``|''")


@lru_cache(maxsize=4096)
def plain_text(value: str) -> str:
    """The text that a reader sees: accents composed, braces gone, dashes and quotes as typeset."""
    if not _MARKS.search(value):
        return _BRACES.sub("", value)
    from pylatexenc.latex2text import LatexNodes2Text

    # A bare % begins a comment in LaTeX, but in a bibliography it is a per cent sign that nobody escaped.
    protected = re.sub(r"(?<!\\)%", r"\\%", value)
    text = LatexNodes2Text(math_mode="text", keep_comments=True).latex_to_text(protected)
    return re.sub(r"[ \u00a0]+", " ", text).strip()
