"""An entry of the library as researchers ask it: fields whatever their case, text decoded, the citation in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from toolkit.bibliography.encoding import readable
from toolkit.bibliography.keywords import split_keywords
from toolkit.bibliography.latex import VERBATIM, plain_text, verbatim_text
from toolkit.bibliography.names import Name, family_names, has_others, parse_names
from toolkit.bibliography.record import CUT_SHORT, TEXT_FIELDS, Origin, Record

if TYPE_CHECKING:
    from toolkit.bibliography.entry import Field

_OTHER_NAMES = {
    "journal": ("journaltitle",),
    "address": ("location",),
    "institution": ("school", "organization"),
    "pmcid": ("pmc",),
    "language": ("langid",),
}
"""Where biblatex and the older styles call a field of a record by another name."""
_MOST_OF_MACROS = 10_000
"""So many letters of a value can come from macros."""
_SPACE = re.compile(r"[^\S ]\s*+| \s++")
"""White space that is not one space: a value of any size has little of it."""
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


class Fields(Mapping[str, str]):
    """Values by field name in small letters; asked for in any case."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


@dataclass(frozen=True)
class Reference:
    """An entry of the library: its key, its type (lower case) and its fields, outer delimiters removed.

    ``own`` are the fields that stand in the entry, macros and ``#`` evaluated, white space made single; ``fields`` are
    these with what the entry inherits through ``crossref`` and ``xdata``. Both are views: nothing of them is written.
    """

    key: str
    type: str
    fields: Mapping[str, str]
    line: int
    own: Mapping[str, str]
    file: str = ""

    def text(self, name: str) -> str:
        """A field as plain text, LaTeX decoded; empty where there is none."""
        value = self.fields.get(name, "")
        return verbatim_text(value) if name.lower() in VERBATIM else plain_text(value)

    @property
    def year(self) -> str:
        """The year of publication as printed, or ``n.d.``."""
        found = re.search(r"(?<!\d)\d{4}(?!\d)", self.fields.get("year", "") or self.fields.get("date", ""))
        return found.group() if found else "n.d."

    @cached_property
    def authors(self) -> tuple[Name, ...]:
        """The authors' names."""
        return parse_names(self.fields.get("author", ""))

    @cached_property
    def editors(self) -> tuple[Name, ...]:
        """The editors' names."""
        return parse_names(self.fields.get("editor", ""))

    @cached_property
    def short(self) -> str:
        """The citation as it stands in running text: ``Huang et al. 2011``."""
        families = family_names(self.fields.get("author", "") or self.fields.get("editor", ""))
        if not families:
            authors = self.text("title").split(":")[0] or self.key
        elif len(families) > 2:
            authors = f"{families[0]} et al."
        else:
            authors = " and ".join(families)
        return f"{authors} {self.year}"

    @property
    def url(self) -> str:
        """Where the reference can be found: its DOI as an address, else its own http(s) address, else nothing."""
        if doi := self.fields.get("doi", ""):
            return f"https://doi.org/{doi}"
        address = self.text("url")
        return address if re.match(r"https?://", address) else ""

    @property
    def keywords(self) -> frozenset[str]:
        """The keywords of the entry."""
        return frozenset(self._keywords)

    @property
    def _keywords(self) -> tuple[str, ...]:
        return split_keywords(self.text("keywords"))

    @cached_property
    def record(self) -> Record:
        """The entry as a record, like those that other formats' readers give; what a record has no place for is in
        ``other``, as it stands.
        """
        values = {name: self._value(name) for name in TEXT_FIELDS}
        date = re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", self.fields.get("date", "").strip())
        if date is not None:
            values["month"] = values["month"] or date.group(2).lstrip("0")
            values["day"] = values["day"] or (date.group(3) or "").lstrip("0")
        values["year"] = "" if self.year == "n.d." else self.year
        month = _MONTHS.get(values["month"][:3].lower())
        values["month"] = str(month) if month else values["month"]
        values["pages"] = values["pages"].replace("–", "-")
        taken = {*TEXT_FIELDS, *(other for others in _OTHER_NAMES.values() for other in others)}
        taken |= {"author", "editor", "keywords", "date"}
        lists = (name for name in ("author", "editor") if has_others(self.fields.get(name, "")))
        cut_short = tuple((CUT_SHORT, name) for name in lists)
        return Record(
            type=self.type,
            authors=self.authors,
            editors=self.editors,
            keywords=self._keywords,
            key=self.key,
            origin=Origin(self.file, "bibtex", self.line),
            other=(*cut_short, *((name, value) for name, value in self.fields.items() if name not in taken)),
            **values,
        )

    def _value(self, name: str) -> str:
        return next((text for each in (name, *_OTHER_NAMES.get(name, ())) if (text := self.text(each))), "")


def own_fields(text: str, fields: tuple[Field, ...], macros: Mapping[str, str]) -> Fields:
    """The fields of an entry's text as values: parts joined, macros evaluated, white space single; first one wins."""
    values: dict[str, str] = {}
    for field in fields:
        values.setdefault(field.name.lower(), evaluated(text, field, macros))
    return Fields(values)


def evaluated(text: str, field: Field, macros: Mapping[str, str]) -> str:
    """The value of a field; a macro that is not defined (as the months) is its own name.

    So is one for which there is no room: macros that hold each other twice would fill any memory.
    """
    found, room = [], _MOST_OF_MACROS
    for delimiter, start, stop in field.parts:
        part = text[start:stop]
        if delimiter == "":
            text_of_macro = macros.get(part.lower(), part)
            if len(text_of_macro) <= room:
                part, room = text_of_macro, room - len(text_of_macro)
        elif delimiter == "?":
            part = part.removeprefix("{").removeprefix('"').removesuffix("}").removesuffix('"')
        found.append(part)
    return readable(_SPACE.sub(" ", "".join(found)).strip())


_NOT_INHERITED = frozenset(
    "crossref xref xdata entryset entrysubtype execute ids label options presort related relatedtype relatedstring "
    "shorthand shorthandintro sortkey keywords".split()
)
_PARTS = frozenset(
    "inproceedings conference incollection inbook inreference suppbook suppcollection bookinbook".split()
)


def inherited(kind: str, own: Fields, parents: list[tuple[str, Mapping[str, str]]]) -> Mapping[str, str]:
    """Fields with those of the parents (``crossref`` or ``xdata``, and the parent's fields) that the entry lacks.

    The rules are biblatex's defaults (manual, appendix B): a part of a book takes the book's ``title`` as its
    ``booktitle``, and never as its own title.
    """
    values = dict(own)
    for relation, fields in parents:
        renamed = relation == "crossref" and kind in _PARTS
        for name, value in fields.items():
            if name in _NOT_INHERITED:
                continue
            if renamed and name in ("title", "subtitle"):
                values.setdefault(f"book{name}", fields.get(f"book{name}", value))
            else:
                values.setdefault(name, value)
    return Fields(values)
