"""Renaming keys everywhere at once: in the library, in ``data/`` and in ``notebooks/``, all or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.key_uses import renaming_changes
from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.bibliography.library import Library


class RenameError(ToolkitError, ValueError):
    """A key cannot be given: it has a form that a table cannot hold, or is taken."""


def rename_key(root: Path, library: Library, old: str, new: str) -> tuple[Path, ...]:
    """Rename a reference in the library and wherever its key is used; the files that changed are returned.

    :raises UnknownNameError: no reference has the old key.
    :raises RenameError: the new key is taken or has the wrong form; nothing is written.
    :raises FileChangedError: another program changed one of the files meanwhile; nothing is left changed.
    """
    _ = library[old]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:+-]*", new):
        raise RenameError(f"{new!r} is no key: it begins with a letter or digit and holds those and . _ : + - only.")
    if new.lower() in {key.lower() for key in library} - {old.lower()}:
        raise RenameError(f"{new!r} is the key of another reference.")
    edited = library.rename(old, new)
    changes = renaming_changes(root, {old: new})
    edited.write_with(changes, root=root)
    return (library.path, *(change.path for change in changes))
