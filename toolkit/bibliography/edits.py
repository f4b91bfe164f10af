"""Edits as values: what is to change in a library, shown before it is done and applied all at once.

``Library.edited(edits)`` gives a new library; the old one stays as it is, and nothing touches the file until
``Library.write``. A dry run is therefore a list of edits that is printed and not applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from toolkit.bibliography.record import Record


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field of an entry a value, as BibTeX source without its delimiters; a new field goes behind the last.

    ``reason`` names the rule that asks for it (``"doi-address"``), for reports.
    """

    key: str
    field: str
    value: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RemoveField:
    """Take a field out of an entry."""

    key: str
    field: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RenameKey:
    """Give an entry another key; the entries that inherit from it (``crossref``, ``xdata``) follow."""

    key: str
    new: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AddEntry:
    """Put a record behind the last entry as a new one, under ``key``."""

    key: str
    record: Record
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Take an entry out, with the blank lines behind it."""

    key: str
    reason: str = ""


Edit: TypeAlias = SetField | RemoveField | RenameKey | AddEntry | RemoveEntry
