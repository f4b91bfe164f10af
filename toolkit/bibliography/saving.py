"""A library's file written so that nobody's work is lost: not another editor's, not the last version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import ToolkitError
from toolkit.files import write_atomically

BACKUP = ".bak"
"""What is added to a file's name for the version before the last write."""


class LibraryChangedError(ToolkitError, RuntimeError):
    """A library's file is not as it was read: another program has saved it since."""


@dataclass(slots=True, eq=False)
class Saved:
    """What a library's file held when the library was read, or when an ancestor of its value was written.

    Each edited library points to the one that it was made of, so that a chain of edits can be written step by step,
    while two libraries edited from one reading cannot overwrite each other.
    """

    digest: str | None
    parent: Saved | None = None

    def knows(self, digest: str | None) -> bool:
        """Whether the file held this content for the library or one of its ancestors."""
        saved: Saved | None = self
        while saved is not None:
            if saved.digest == digest:
                return True
            saved = saved.parent
        return False


def digest_of(content: bytes | None) -> str | None:
    """A checksum of a file's content; nothing for a file that is not there."""
    return None if content is None else hashlib.sha256(content).hexdigest()


def save(path: Path, content: bytes, saved: Saved | None, *, backup: bool) -> None:
    """Write a library's file; the version that stood there goes to ``NAME.bak``. Equal content is not written.

    :param saved: what the file may hold; None to replace whatever stands there.
    :raises LibraryChangedError: the file holds something else.
    """
    before = _content(path)
    if before == content:
        return

    def unchanged() -> None:
        if saved is not None and not saved.knows(digest_of(_content(path))):
            raise LibraryChangedError(
                f"{path} was changed by another program since it was read; nothing was written. "
                "Read it again, and repeat the edits."
            )

    unchanged()
    if backup and before is not None:
        write_atomically(path.with_name(path.name + BACKUP), before)
    write_atomically(path, content, just_before=unchanged)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
