"""Text that must fit: how wide it is, how it wraps, and how it is shortened when it cannot."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from toolkit.plots.style import FONT

ELLIPSIS = "…"
_WHITE = re.compile(r"[ \t\r\n\f\v]+")


@lru_cache(maxsize=20_000)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text in points. A screen rounds glyphs to whole pixels: a little is added for it."""
    font = FontProperties(family=[FONT], size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a character that the font has not, drawing the text warns once more
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return 1.04 * width


def wrapped(text: str, width: float, size: float, *, lines: int, bold: bool = False) -> tuple[str, ...]:
    """The text in at most ``lines`` lines that are no wider than ``width`` points; what is too much ends in "…"."""
    words = tidy(text).split(" ")
    done: list[str] = []
    while words and len(done) < lines:
        line = words.pop(0)
        while words and text_width(f"{line} {words[0]}", size, bold=bold) <= width:
            line = f"{line} {words.pop(0)}"
        last = len(done) == lines - 1
        done.append(shortened(" ".join([line, *words]) if last else line, width, size, bold=bold))
    return tuple(done)


def tidy(text: str) -> str:
    """One line of text: labels come from data files, where line ends and tabs are accidents. No-break spaces stay."""
    return _WHITE.sub(" ", text).strip(" ")


def shortened(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """The text, or as much of its start as fits into ``width`` points with "…" at the end."""
    if text_width(text, size, bold=bold) <= width:
        return text
    kept = text
    while kept and text_width(kept.rstrip() + ELLIPSIS, size, bold=bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS
