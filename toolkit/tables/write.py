"""Writing a table to a file, by the writer that belongs to the file's suffix."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.files import write_atomically
from toolkit.tables.value import TableError

if TYPE_CHECKING:
    import os

    from toolkit.tables.value import TableValue

# The suffix of a file -> the module of toolkit.tables.render whose ``document`` makes its bytes.
WRITERS = {".csv": "csv", ".docx": "docx", ".html": "html", ".md": "markdown", ".tex": "latex"}


def write(table: TableValue, path: str | os.PathLike[str]) -> Path:
    """Write the table to ``path`` in the format of its suffix (.csv .docx .html .md .tex); gives the path back.

    The same table gives the same bytes each time. A reader of the file finds the old content or the new, never a
    part. Raises :class:`TableError` for another suffix.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise TableError(f"{path}: no table format has the suffix {path.suffix!r}, use one of {', '.join(WRITERS)}.")
    renderer = import_module(f"toolkit.tables.render.{WRITERS[path.suffix.lower()]}")
    write_atomically(path, renderer.document(table))
    return path
