"""One look for all plots: colours that colour-blind readers and a black-and-white printer keep apart, one font.

Colours are never alone: shapes and words say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

FONT = "DejaVu Sans"  # it comes with matplotlib, so that a figure is the same on every machine
FONT_SIZE = 9.0

INK = "#1a1a1a"
# Okabe and Ito's set (2008), in which no two are alike for colour-blind eyes.
BLUE, VERMILION = "#0072B2", "#D55E00"
GREY, BAND = "#767676", "#ececec"


def look() -> AbstractContextManager[None]:
    """The settings under which a plot is drawn; those of the user come back at the end.

    Pyplot is imported before: a notebook's backend switches itself on with that import, and would be switched off again
    with the settings, so that only the first figure of a notebook were shown.
    """
    import matplotlib.pyplot  # noqa: F401

    settings = {
        "font.family": [FONT],
        "font.size": FONT_SIZE,
        "text.color": INK,
        "text.parse_math": False,  # a dollar sign in a label is a dollar sign
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "figure.dpi": 100,
    }
    return mpl.rc_context(settings)
