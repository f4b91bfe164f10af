"""What a looked-up record would add to an entry, field by field, as edits of the library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.bibliography.edits import SetField
from toolkit.bibliography.entry_style import field_source, names_source
from toolkit.bibliography.record import TEXT_FIELDS

if TYPE_CHECKING:
    from toolkit.bibliography.names import Name
    from toolkit.bibliography.record import Record
    from toolkit.bibliography.reference import Reference

_LEFT_ALONE = frozenset({"month", "day", "url", "note", "language"})


@dataclass(frozen=True, slots=True)
class Gain:
    """A field for which a service has a value: ``status`` is ``"new"``, ``"same"`` or ``"differs"``.

    Only a new field has an ``edit``: where the entry says something else, a person decides.
    """

    field: str
    present: str
    offered: str
    status: str
    source: str
    edit: SetField | None = None


def gains(reference: Reference, record: Record) -> tuple[Gain, ...]:
    """The fields that a record has a value for, each beside what the entry says."""
    present, source = reference.record, record.origin.database
    found = []
    for name in ("author", "editor"):
        offered: tuple[Name, ...] = getattr(record, f"{name}s")
        own: tuple[Name, ...] = getattr(present, f"{name}s")
        if offered:
            same = [each.last.casefold() for each in offered] == [each.last.casefold() for each in own]
            texts = ("; ".join(map(str, own)), "; ".join(map(str, offered)))
            found.append(_gain(reference, name, texts, same, names_source(offered), source))
    for name in TEXT_FIELDS:
        own_text, offered_text = getattr(present, name), getattr(record, name)
        if offered_text and name not in _LEFT_ALONE:
            same = _comparable(name, own_text) == _comparable(name, offered_text)
            texts = (own_text, offered_text)
            found.append(_gain(reference, name, texts, same, field_source(name, offered_text), source))
    return tuple(found)


def _gain(reference: Reference, name: str, texts: tuple[str, str], same: bool, value: str, source: str) -> Gain:
    present, offered = texts
    status = "new" if not present else "same" if same else "differs"
    edit = SetField(reference.key, name, value, reason=f"lookup: {source}") if status == "new" else None
    return Gain(name, present, offered, status, source, edit)


def _comparable(name: str, text: str) -> str:
    """Text without what does not count: case, punctuation and spaces; of pages, the last number as printed in full."""
    if name == "pages" and (found := re.fullmatch(r"(\d+)\s*[-–]+\s*(\d+)", text.strip())):
        first, last = found.groups()
        return f"{first}-{first[: max(len(first) - len(last), 0)]}{last}"
    return re.sub(r"[\W_]+", "", text).casefold()
