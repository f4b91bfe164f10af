"""Writing a file whole or not at all, and several files all or none, for every room that writes.

Several files cannot take their new content in one step. ``write_together`` first puts all new contents on the disk in
a file of their own, ``.unfinished-change.json``, then each in its place, and takes that file away. A process that was
killed in between leaves it there, and ``finish_change`` does the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

UNFINISHED = ".unfinished-change.json"
"""In the top folder of a review: what a change of several files still has to do."""


class FileChangedError(ToolkitError, RuntimeError):
    """A file is not as it was read: another program has changed it since."""


class UnfinishedChangeError(ToolkitError, RuntimeError):
    """A change of several files was cut off and cannot be finished: one of them was changed since."""


@dataclass(frozen=True, slots=True)
class Change:
    """A file with its content before a change and after it; None where there is no file."""

    path: Path
    before: bytes | None
    after: bytes | None


def write_atomically(path: Path, content: bytes, *, just_before: Callable[[], None] | None = None) -> None:
    """Put ``content`` at ``path`` in one step: a temporary file beside it takes the name when it is complete.

    A file that stands there keeps its permissions, and where ``path`` is a link, what it points to is written.

    :param just_before: called when all is on the disk and only the name is missing; what it raises stops the write.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            with contextlib.suppress(FileNotFoundError):
                os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if just_before is not None:
            just_before()
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def write_together(root: Path, changes: Iterable[Change]) -> None:
    """Change several files, all of them or none: also if the process is killed, once ``finish_change`` has run.

    An earlier change that was cut off is finished first. Should a write fail, the files written before it are put back.

    :param root: the folder that holds all the files.
    :raises FileChangedError: a file does not hold what it held before; nothing is left changed.
    :raises UnfinishedChangeError: an earlier change was cut off and cannot be finished; nothing is written.
    """
    finish_change(root)
    changes = [change for change in changes if change.before != change.after]
    for change in changes:
        _must_hold(change)
    if not changes:
        return
    write_atomically(root / UNFINISHED, json.dumps([_stored(root, change) for change in changes]).encode())
    done = []
    try:
        for change in changes:
            done.append(change)
            _put(change.path, change.after, just_before=lambda change=change: _must_hold(change))
    except BaseException:
        for change in done:
            if content_of(change.path) == change.after:
                _put(change.path, change.before)
        _put(root / UNFINISHED, None)
        raise
    _put(root / UNFINISHED, None)


def finish_change(root: Path) -> tuple[Path, ...]:
    """Finish a change of several files that was cut off, and say which files it wrote; mostly there is none.

    :raises UnfinishedChangeError: a file was changed since; nothing is written.
    """
    journal = content_of(root / UNFINISHED)
    if journal is None:
        return ()
    waiting = []
    for path, before, after in _read_stored(root, journal):
        content = content_of(path)
        if content == after:
            continue
        if _digest(content) != before:
            raise UnfinishedChangeError(
                f"{path}: a change of several files was cut off before this one was written, and it was changed since."
                f" Look at the files with git, then delete {root / UNFINISHED}."
            )
        waiting.append((path, after))
    for path, after in waiting:
        _put(path, after)
    _put(root / UNFINISHED, None)
    return tuple(path for path, _ in waiting)


def content_of(path: Path) -> bytes | None:
    """The content of a file, None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _must_hold(change: Change) -> None:
    """Refuse where a file holds neither; another process, that took this one for cut off, may have done the change."""
    if content_of(change.path) not in (change.before, change.after):
        raise FileChangedError(
            f"{change.path} was changed by another program since it was read; nothing was written. Run it again."
        )


def _put(path: Path, content: bytes | None, *, just_before: Callable[[], None] | None = None) -> None:
    if content is not None:
        write_atomically(path, content, just_before=just_before)
        return
    if just_before is not None:
        just_before()
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _stored(root: Path, change: Change) -> dict[str, str | None]:
    return {
        "path": change.path.relative_to(root).as_posix(),
        "before": _digest(change.before),
        "after": None if change.after is None else b64encode(change.after).decode(),
    }


def _read_stored(root: Path, journal: bytes) -> list[tuple[Path, str | None, bytes | None]]:
    try:
        stored = [
            (root / row["path"], row["before"], None if row["after"] is None else b64decode(row["after"]))
            for row in json.loads(journal)
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise UnfinishedChangeError(
            f"{root / UNFINISHED} cannot be read ({error}): look at it, then delete it."
        ) from None
    for path, _, _ in stored:
        if not path.resolve().is_relative_to(root.resolve()):  # a review from elsewhere must not write outside itself
            raise UnfinishedChangeError(f"{root / UNFINISHED} names {path}, which lies outside the review: delete it.")
    return stored


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, where the system can do so for a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
