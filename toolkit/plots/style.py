"""One look for all plots: colours that colour-blind readers and a black-and-white printer keep apart, one font.

Colours are never alone: shapes and words say the same.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Iterator

FONT = "DejaVu Sans"  # it comes with matplotlib, so that a figure is the same on every machine
FONT_SIZE = 9.0

INK = "#1a1a1a"
# Okabe and Ito's set (2008), in which no two are alike for colour-blind eyes.
BLUE, VERMILION = "#0072B2", "#D55E00"
GREY, BAND = "#767676", "#ececec"


_SETTINGS = {
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
    "svg.hashsalt": "evidence",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
# What belongs to the session and not to the figure.
_OF_THE_SESSION = ("backend", "interactive", "toolbar", "timezone", "webagg", "tk.", "macosx", "figure.hooks", "keymap")


@contextmanager
def look() -> Iterator[None]:
    """The settings under which a plot is drawn and saved; those of the user come back at the end.

    Whatever else a matplotlibrc file says is matplotlib's default meanwhile. ``rc_context`` would put back everything,
    and with it undo that a notebook's backend switches itself on while the first figure is made: only that first
    figure would be shown.
    """
    wanted = mpl.rcParamsDefault | _SETTINGS
    settings = {
        name: wanted[name]
        for name, value in mpl.rcParams.items()
        if value != wanted[name] and not name.startswith(_OF_THE_SESSION)
    }
    before = {name: mpl.rcParams[name] for name in settings}
    mpl.rcParams.update(settings)
    try:
        yield
    finally:
        mpl.rcParams.update(before)
