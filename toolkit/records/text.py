"""Bytes to text: the encodings that spreadsheets leave behind, each with a finding that says what to do."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from toolkit.errors import Finding, Severity

if TYPE_CHECKING:
    from pathlib import Path


_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_text(path: Path, name: str) -> tuple[str | None, list[Finding]]:
    """The text of a file and what is wrong with its encoding; ``None`` where there is nothing to read.

    A byte order mark is dropped with a warning. A file that is not UTF-8 is read as Windows-1252 so that the rest
    of it can be checked too, but it stays an error: a wrong guess would change names silently.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None, [Finding(Severity.ERROR, name, "missing-file", "the file is missing", "restore it from git")]
    except OSError as error:
        reason = error.strerror or str(error)
        return None, [
            Finding(Severity.ERROR, name, "unreadable-file", f"cannot be read ({reason})", "check its rights")
        ]
    wide = next((name for mark, name in _WIDE.items() if raw.startswith(mark)), None)
    if wide is not None:
        message, hint = "is UTF-16 (what Excel calls Unicode text)", "save it as 'CSV UTF-8'"
        finding = Finding(Severity.ERROR, name, "encoding", message, hint, line=1, value=wide)
        return raw.decode(wide, errors="replace"), [finding]
    findings = []
    if raw.startswith(codecs.BOM_UTF8):
        raw = raw[len(codecs.BOM_UTF8) :]
        hint = "save as UTF-8 without a byte order mark (in Excel: harmless, but other programs trip over it)"
        findings.append(
            Finding(Severity.WARNING, name, "byte-order-mark", "begins with a byte order mark", hint, line=1)
        )
    if not raw.strip():
        empty = Finding(Severity.ERROR, name, "empty-file", "the file is empty", "restore it from git", line=1)
        return None, [*findings, empty]
    try:
        return raw.decode("utf-8"), findings
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return raw.decode("cp1252", errors="replace"), [
            *findings,
            Finding(
                Severity.ERROR,
                name,
                "encoding",
                "is not UTF-8 (it looks like Windows-1252, what Excel calls CSV)",
                "save it as 'CSV UTF-8'",
                line=line,
                value=f"byte 0x{raw[error.start]:02X}",
            ),
        ]
