"""Saving a plot so that the same plot is the same file: no dates, no versions, fixed ids.

The description for those who cannot see it goes into the file.
"""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import ModelInputError
from toolkit.files import write_atomically
from toolkit.plots.style import FONT, look

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes

# What matplotlib writes into a file besides the figure, and which would differ from run to run or tell its version.
_SILENT = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
_FONT_STYLE = re.compile(rf"(<text style=\"[^\"]*'{FONT}')".encode())
_DESCRIPTION = {".svg": "Description", ".png": "Description", ".pdf": "Subject"}


def save(ax: Axes, path: str | os.PathLike[str], *, dpi: float = 200) -> Path:
    """Save the figure of ``ax`` by the suffix of ``path`` (.svg .png .pdf), whole or not at all; gives the path back.

    ``dpi`` counts for PNG only. The plot's :func:`alt_text` goes into the file, in SVG as ``<desc>``. Raises
    ModelInputError for another suffix.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in _SILENT:
        raise ModelInputError(
            f"{path}: no figure format has the suffix {path.suffix!r}, use one of {', '.join(_SILENT)}."
        )
    description = alt_text(ax)
    metadata = _SILENT[kind] | ({_DESCRIPTION[kind]: description} if description else {})
    stream = io.BytesIO()
    with look():
        ax.figure.savefig(stream, format=kind[1:], dpi=dpi, metadata=metadata)
    content = stream.getvalue()
    write_atomically(path, _finished(content, description) if kind == ".svg" else content)
    return path


def alt_text(ax: Axes) -> str:
    """What a plot shows, in words, for those who cannot see it; empty for axes that none of our plots drew."""
    return ax.get_label()


def close(ax: Axes) -> None:
    """Forget the figure of ``ax``; pyplot keeps it in memory otherwise, which counts when many are drawn."""
    import matplotlib.pyplot as plt

    plt.close(ax.figure)


def _finished(svg: bytes, description: str) -> bytes:
    """The SVG with fonts for machines without DejaVu, and the description where screen readers look for it.

    Text stays text, which can be searched and is a fifth of the size of outlines. Verdana has the widths of DejaVu
    Sans and other common fonts are narrower, so that nothing comes to overlap.
    """
    svg = _FONT_STYLE.sub(rb"\1, Verdana, sans-serif", svg).replace(b"<svg ", b'<svg role="img" ', 1)
    start = svg.index(b">", svg.index(b"<svg")) + 1
    element = f"\n <desc>{escape(description, quote=False)}</desc>" if description else ""
    return svg[:start] + element.encode() + svg[start:]
