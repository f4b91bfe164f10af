"""A library's file written so that nobody's work is lost: not another editor's, not the last version."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from toolkit.files import FileChangedError, content_of, write_atomically

BACKUP = ".bak"
"""What is added to a file's name for the version before the last write."""


class LibraryChangedError(FileChangedError):
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
    before = content_of(path)
    if before == content:
        return

    def unchanged() -> None:
        must_know(path, content_of(path), saved)

    unchanged()
    if backup and before is not None:
        write_atomically(path.with_name(path.name + BACKUP), before)
    write_atomically(path, content, just_before=unchanged)


def must_know(path: Path, content: bytes | None, saved: Saved | None) -> None:
    """Refuse to go on where a library's file holds a content that the library does not know.

    :raises LibraryChangedError: it does.
    """
    if saved is not None and not saved.knows(digest_of(content)):
        raise LibraryChangedError(
            f"{path} was changed by another program since it was read; nothing was written. "
            "Read it again, and repeat the edits."
        )
