"""Renaming keys everywhere at once: in the library, in ``data/`` and in ``notebooks/``, all or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from toolkit.bibliography.key_uses import files_with_keys, with_keys_renamed
from toolkit.errors import ToolkitError
from toolkit.files import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from toolkit.bibliography.library import Library


class RenameError(ToolkitError, ValueError):
    """A key cannot be given: it has a form that a table cannot hold, or is taken."""


def rename_key(root: Path, library: Library, old: str, new: str) -> tuple[Path, ...]:
    """Rename a reference in the library and wherever its key is used; the files that changed are returned.

    All new contents are made before anything is written. Should a write fail, the files written before it are put back.

    :raises UnknownNameError: no reference has the old key.
    :raises RenameError: the new key is taken or has the wrong form; nothing is written.
    :raises LibraryChangedError: another program saved the library since it was read; nothing is left changed.
    """
    _ = library[old]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:+-]*", new):
        raise RenameError(f"{new!r} is no key: it begins with a letter or digit and holds those and . _ : + - only.")
    if new.lower() in {key.lower() for key in library} - {old.lower()}:
        raise RenameError(f"{new!r} is the key of another reference.")
    edited = library.rename(old, new)
    before = {path: path.read_bytes() for path in files_with_keys(root)}
    after = {}
    for path, content in before.items():
        text = content.decode("utf-8", "surrogateescape")
        changed = with_keys_renamed(text, {old: new}, suffix=path.suffix).encode("utf-8", "surrogateescape")
        if changed != content:
            after[path] = changed
    done = []
    try:
        for path, content in after.items():
            done.append(path)
            write_atomically(path, content)
        edited.write()
    except BaseException:
        for path in done:
            write_atomically(path, before[path])
        raise
    return (library.path, *after)
