"""Where keys of references are used: tables under ``data/`` and notebooks, whose other bytes stay as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.files import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDERS = {"data": (".csv", ".toml"), "notebooks": (".ipynb",)}


def files_with_keys(root: Path) -> list[Path]:
    """The files of a review in which keys of references stand, in a fixed order."""
    found = (path for folder, kinds in FOLDERS.items() for path in (root / folder).rglob("*") if path.suffix in kinds)
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def renaming_changes(root: Path, names: Mapping[str, str]) -> tuple[Change, ...]:
    """What renaming keys changes in the files of a review; bytes that are no UTF-8 stay as they are."""
    changes = []
    for path in files_with_keys(root) if names else ():
        before = path.read_bytes()
        text = before.decode("utf-8", "surrogateescape")
        after = with_keys_renamed(text, names, suffix=path.suffix).encode("utf-8", "surrogateescape")
        if after != before:
            changes.append(Change(path, before, after))
    return tuple(changes)


def with_keys_renamed(text: str, names: Mapping[str, str], *, suffix: str) -> str:
    """The text of such a file with keys replaced where they stand as keys, and nowhere in prose.

    In a table a key is a cell, or an item of a list in a cell; in TOML a quoted text; in a notebook a quoted text or
    a citation (``@key``).
    """
    if not names:
        return text
    keys = "|".join(re.escape(key) for key in sorted(names, key=len, reverse=True))
    return re.sub(_PLACES[suffix].replace("KEY", keys), lambda found: names[found.group()], text, flags=re.M)


_PLACES = {
    ".csv": r"(?:(?<=[,;\"\n])|(?<=; )|^)(?:KEY)(?=\s*(?:[,;\"\r\n]|\Z))",
    ".toml": r"(?<=[\"'])(?:KEY)(?=[\"'])",
    ".ipynb": r"(?<=[\"'@])(?:KEY)(?=\\?[\"']|[^\w:.+/-]|\.(?!\w))",
}
