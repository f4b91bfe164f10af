"""Entries of one work made into one: the best value of each field wins by rule, and nothing is lost.

The entry that stands first in the file keeps its key, since it has been cited longest; the keys of the others become
its aliases in ``ids`` (biblatex, manual section 2.2.3), so that texts which cite them still work. A value that loses
stays in the entry as ``alternative-FIELD``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from toolkit.bibliography.edits import Edit, RemoveEntry, SetField
from toolkit.bibliography.keywords import joined_keywords, split_keywords
from toolkit.bibliography.latex import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from toolkit.bibliography.reference import Reference

REASON = "merged-duplicate"
ALIASES = "ids"
ALTERNATIVE = "alternative-"
TYPE = "entrytype"
_LISTS = {"keywords": ",", "groups": ",", "file": ";", ALIASES: ","}
"""Fields that hold several values, which are united, with the separator of each (JabRef's, biblatex's)."""
_LONGEST = frozenset({"author", "editor", "abstract", "journal", "journaltitle", "booktitle"})
"""Fields of which the longer value says more: full names, a whole abstract, a journal's name in full."""
_DOI = re.compile(r"10\.\d{4,9}/\S+")


@dataclass(frozen=True, slots=True)
class FieldMerge:
    """What becomes of a field: the value that wins, the key of the entry it came from, and the values that lost."""

    field: str
    value: str
    source: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """Entries to be made into one: the key that stays, those that go, what happens to fields, and the edits."""

    kept: str
    removed: tuple[str, ...]
    fields: tuple[FieldMerge, ...]
    edits: tuple[Edit, ...]


def merge(library: Mapping[str, Reference], keys: Iterable[str]) -> Merge:
    """Plan how entries become one; nothing is changed until ``library.edited(plan.edits)``.

    :raises UnknownNameError: a key is not in the library.
    """
    wanted = {key: library[key] for key in keys}
    places = {key: place for place, key in enumerate(library)}
    entries = [wanted[key] for key in sorted(wanted, key=places.__getitem__)]
    kept, removed = entries[0], tuple(entry.key for entry in entries[1:])
    fields = tuple(_merged(name, entries) for name in _names(entries))
    types = dict.fromkeys(entry.type for entry in entries if entry.type != kept.type)
    fields += (FieldMerge(TYPE, kept.type, kept.key, tuple(types)),) if types else ()
    taken = {name for entry in entries for name in entry.own}
    edits: list[Edit] = []
    for field in fields:
        edits += _edits(kept, field, taken)
    edits += [RemoveEntry(key, REASON) for key in reversed(removed)]
    return Merge(kept.key, removed, fields, tuple(edits + _followers(library, kept.key, set(removed))))


def _names(entries: Sequence[Reference]) -> list[str]:
    names = dict.fromkeys(name for entry in entries for name in entry.own)
    return [*names, *([ALIASES] if ALIASES not in names else [])]


def _merged(name: str, entries: Sequence[Reference]) -> FieldMerge:
    values = [(entry.own.get(name, ""), entry.key) for entry in entries]
    if name in _LISTS:
        if name == ALIASES:  # a sign such as doe2001#2 is no key that anybody cites
            values += [(entry.key, entry.key) for entry in entries[1:] if "#" not in entry.key]
        return FieldMerge(name, _united(name, [value for value, _ in values]), entries[0].key)
    best, source = values[0]
    for value, key in values[1:]:
        if value and _better(name, value, best):
            best, source = value, key
    others = dict.fromkeys(value for value, _ in values if value and value != best)
    return FieldMerge(name, best, source, tuple(others))


def _united(name: str, values: Sequence[str]) -> str:
    if name == "keywords":
        return joined_keywords(dict.fromkeys(word for value in values for word in split_keywords(value)))
    separator = _LISTS[name]
    items = (item.strip() for value in values for item in re.split(rf"(?<!\\){separator}", value))
    return f"{separator} ".join(dict.fromkeys(item for item in items if item)).replace("; ", ";")


def _better(name: str, value: str, best: str) -> bool:
    """Whether a value says more than the best one so far; of two equal ones that of the older entry stays."""
    if not best:
        return True
    if name in _LONGEST:
        return len(plain_text(value)) > len(plain_text(best))
    if name == "pages":
        return bool(re.search(r"\d\s*[-–]+\s*\w", value)) and not re.search(r"\d\s*[-–]+\s*\w", best)
    if name == "doi":
        return bool(_DOI.fullmatch(value)) and not _DOI.fullmatch(best)
    if name == "title":
        return best.isupper() and not value.isupper()
    return False


def _edits(kept: Reference, field: FieldMerge, taken: set[str]) -> list[Edit]:
    """The winning value, and each other one under a free name: ``alternative-title``, ``alternative-title-2``."""
    edits: list[Edit] = []
    if field.field != TYPE and field.value and field.value != kept.own.get(field.field, ""):
        edits.append(SetField(kept.key, field.field, field.value, REASON))
    for value in field.alternatives:
        name, number = f"{ALTERNATIVE}{field.field}", 1
        while name in taken:
            number += 1
            name = f"{ALTERNATIVE}{field.field}-{number}"
        taken.add(name)
        edits.append(SetField(kept.key, name, value, REASON))
    return edits


def _followers(library: Mapping[str, Reference], kept: str, removed: set[str]) -> list[Edit]:
    """Entries that inherit from one that goes inherit from the one that stays."""
    edits: list[Edit] = []
    for key, reference in library.items():
        if key in removed:
            continue
        for name in ("crossref", "xdata"):
            parents = [part.strip() for part in reference.own.get(name, "").split(",") if part.strip()]
            renamed = [kept if parent in removed else parent for parent in parents]
            if renamed != parents:
                edits.append(SetField(key, name, ",".join(dict.fromkeys(renamed)), REASON))
    return edits
