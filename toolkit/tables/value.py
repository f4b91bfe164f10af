"""The table as a value: what a table says, apart from any format that it is written in or shown in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from toolkit.errors import ToolkitError, suggestion

if TYPE_CHECKING:
    import pandas as pd

Align = Literal["left", "right", "center"]
Formatter = Callable[[Any], str]

# XML 1.0 has no way to hold these characters, and UTF-8 none to hold half a surrogate pair.
_UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_LABEL = re.compile(r"[A-Za-z][A-Za-z0-9:._-]*")


class TableError(ToolkitError, ValueError):
    """A table was described in a way that cannot be printed; the message names the part and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name (unique), the heading above it and how it is set.

    ``unit`` is printed in brackets after the heading. ``width`` is about the number of characters that the column
    should be given; formats that have to set widths estimate it from the cells where it is None.
    """

    name: str
    heading: str
    unit: str = ""
    align: Align = "left"
    width: float | None = None

    def __post_init__(self) -> None:
        if self.align not in get_args(Align):
            raise TableError(f"Column {self.name!r}: align must be one of {get_args(Align)}, got {self.align!r}.")
        if self.width is not None and not 0 < self.width < float("inf"):
            raise TableError(f"Column {self.name!r}: width must be a positive number, got {self.width!r}.")
        _set(self, heading=clean_text(self.heading), unit=clean_text(self.unit))

    @property
    def title(self) -> str:
        """The heading with its unit, as it is printed."""
        return f"{self.heading} ({self.unit})".strip() if self.unit else self.heading


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A heading above a run of rows: rows ``start`` to ``stop - 1``, counted from 0."""

    heading: str
    start: int
    stop: int

    def __post_init__(self) -> None:
        _set(self, heading=clean_text(self.heading))


@dataclass(frozen=True, slots=True)
class Footnote:
    """A note on one place: a cell (``column`` and ``row``), a column's heading (``column``) or a row group (``group``).

    ``row`` counts from 0, ``column`` is a name and ``group`` a heading. Marks (a, b, c) are given by the table in
    reading order; notes with the same text share one.
    """

    text: str
    column: str | None = None
    row: int | None = None
    group: str | None = None

    def __post_init__(self) -> None:
        _set(self, text=clean_text(self.text), group=None if self.group is None else clean_text(self.group))
        if (self.group is None) == (self.column is None) or (self.group is not None and self.row is not None):
            raise TableError(
                f"The footnote {self.text!r} must stand on a column, a column and a row, or a row group; "
                f"got column={self.column!r}, row={self.row!r}, group={self.group!r}."
            )
        if not self.text:
            raise TableError(f"The footnote on {self.group or self.column!r} is empty.")


@dataclass(frozen=True, slots=True)
class TableValue:
    """A table ready to be printed: all cells are text, numbers were formatted once before they came here.

    ``title`` is the caption without a number, ``label`` the name for cross-references (LaTeX, HTML). ``notes`` are
    general notes, ``abbreviations`` maps short forms to long ones, ``sources`` says where the data are from.
    Text is cleaned on the way in: line ends become ``\\n``, outer white space goes, and characters that no format
    can hold become U+FFFD. Raises :class:`TableError` where the parts do not fit each other.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    label: str = ""
    row_groups: Sequence[RowGroup] = ()
    notes: Sequence[str] = ()
    footnotes: Sequence[Footnote] = ()
    abbreviations: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    sources: Sequence[str] = ()

    def __post_init__(self) -> None:
        abbreviations = self.abbreviations
        pairs = abbreviations.items() if isinstance(abbreviations, Mapping) else abbreviations
        _set(
            self,
            title=clean_text(self.title),
            columns=tuple(self.columns),
            rows=tuple(_row(number, row, self.columns) for number, row in enumerate(self.rows)),
            row_groups=tuple(self.row_groups),
            notes=_texts("notes", self.notes),
            footnotes=tuple(self.footnotes),
            abbreviations=tuple(sorted(((clean_text(a), clean_text(b)) for a, b in pairs), key=_alphabetical)),
            sources=_texts("sources", self.sources),
        )
        _check_columns(self.columns)
        if not self.title:
            raise TableError("A table needs a title: it is what a reader finds it by.")
        if self.label and not _LABEL.fullmatch(self.label):
            raise TableError(f"A label has letters, digits and : . _ - and starts with a letter, got {self.label!r}.")
        _check_groups(self.row_groups, len(self.rows))
        for footnote in self.footnotes:
            _check_footnote(footnote, self)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        title: str,
        columns: Sequence[Column],
        formats: Mapping[str, Formatter] | None = None,
        missing: str = "",
        group_by: str | None = None,
        label: str = "",
        notes: Sequence[str] = (),
        footnotes: Sequence[Footnote] = (),
        abbreviations: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        sources: Sequence[str] = (),
    ) -> Self:
        """A table of the data frame's rows, in their order, and of those of its columns that ``columns`` names.

        ``formats`` maps a column's name to the function that prints its values; text and whole numbers need none,
        other numbers do. ``missing`` is printed for absent values (None, NaN, NA). ``group_by`` names a column whose
        values become headings above runs of rows. Raises :class:`TableError` for an unknown column and for a value
        without a formatter.
        """
        _check_columns(columns)
        formats = formats or {}
        wanted = [column.name for column in columns]
        for name in [*wanted, *formats, *([group_by] if group_by is not None else [])]:
            if name not in frame.columns:
                raise TableError(f"The data frame has no column {name!r}.{suggestion(name, frame.columns)}")
        printed = [_printed(frame[name], name, formats.get(name), missing) for name in wanted]
        return cls(
            title=title,
            columns=columns,
            rows=list(zip(*printed, strict=True)),
            label=label,
            row_groups=_runs(_printed(frame[group_by], group_by, None, missing)) if group_by is not None else (),
            notes=notes,
            footnotes=footnotes,
            abbreviations=abbreviations,
            sources=sources,
        )

    def sections(self) -> list[tuple[RowGroup | None, int, int]]:
        """The runs of rows from top to bottom: each with its row group (None for rows in no group), start and stop."""
        runs: list[tuple[RowGroup | None, int, int]] = []
        done = 0
        for group in self.row_groups:
            if done < group.start:
                runs.append((None, done, group.start))
            runs.append((group, group.start, group.stop))
            done = group.stop
        if done < len(self.rows):
            runs.append((None, done, len(self.rows)))
        return runs


def clean_text(text: str) -> str:
    """Text that every format can hold: line ends as ``\\n``, no outer white space, U+FFFD for unwritable characters."""
    if not isinstance(text, str):
        raise TableError(f"A table holds text only: format {text!r} ({type(text).__name__}) before it comes here.")
    return _UNWRITABLE.sub("\ufffd", _LINE_END.sub("\n", text)).strip()


def _set(value: object, **fields: object) -> None:
    for name, field in fields.items():
        object.__setattr__(value, name, field)


def _alphabetical(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[0].casefold(), pair[0]


def _texts(part: str, texts: Sequence[str]) -> tuple[str, ...]:
    if isinstance(texts, str):
        raise TableError(f"{part} is a list of texts, got one text: {texts!r}.")
    return tuple(clean_text(text) for text in texts)


def _row(number: int, row: Sequence[str], columns: Sequence[Column]) -> tuple[str, ...]:
    if isinstance(row, str) or len(row) != len(columns):
        raise TableError(f"Row {number} must have {len(columns)} cells, one a column, got {row!r}.")
    for column, cell in zip(columns, row, strict=True):
        if not isinstance(cell, str):
            raise TableError(
                f"Row {number}, column {column.name!r}: a cell is text, got {cell!r} ({type(cell).__name__}); "
                "format numbers before they come into a table."
            )
    return tuple(clean_text(cell) for cell in row)


def _check_columns(columns: Sequence[Column]) -> None:
    names = [column.name for column in columns]
    if not names:
        raise TableError("A table needs at least one column.")
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise TableError(f"Column names must be unique, got more than once: {', '.join(map(repr, repeated))}.")


def _check_groups(groups: Sequence[RowGroup], rows: int) -> None:
    end, seen = 0, set()
    for group in groups:
        if not end <= group.start < group.stop <= rows:
            raise TableError(
                f"Row group {group.heading!r} has rows {group.start} to {group.stop - 1}: groups must follow each "
                f"other without overlap, hold a row or more and lie within rows 0 to {rows - 1}."
            )
        if group.heading in seen:
            raise TableError(f"Two row groups are headed {group.heading!r}: bring their rows together.")
        seen.add(group.heading)
        end = group.stop


def _check_footnote(footnote: Footnote, table: TableValue) -> None:
    if footnote.group is not None:
        known = [group.heading for group in table.row_groups]
        if footnote.group not in known:
            raise TableError(
                f"The footnote {footnote.text!r} stands on row group {footnote.group!r}, which the table has not."
                f"{suggestion(footnote.group, known)}"
            )
        return
    names = [column.name for column in table.columns]
    if footnote.column not in names:
        raise TableError(
            f"The footnote {footnote.text!r} stands on column {footnote.column!r}, which the table has not."
            f"{suggestion(str(footnote.column), names)}"
        )
    if footnote.row is not None and not 0 <= footnote.row < len(table.rows):
        raise TableError(
            f"The footnote {footnote.text!r} stands on row {footnote.row}, "
            f"the table has rows 0 to {len(table.rows) - 1}."
        )


def _printed(values: pd.Series, name: str, formatter: Formatter | None, missing: str) -> list[str]:
    absent = values.isna()
    return [
        missing if gone else (formatter(value) if formatter else _plain(value, name))
        for value, gone in zip(values, absent, strict=True)
    ]


def _plain(value: object, name: str) -> str:
    if isinstance(value, (str, Integral)) and not isinstance(value, bool):
        return str(value)
    raise TableError(f"Column {name!r} holds {value!r} ({type(value).__name__}): it needs an entry in formats.")


def _runs(headings: Iterable[str]) -> list[RowGroup]:
    groups: list[RowGroup] = []
    for number, heading in enumerate(headings):
        if groups and groups[-1].heading == clean_text(heading):
            groups[-1] = RowGroup(heading, groups[-1].start, number + 1)
        else:
            groups.append(RowGroup(heading, number, number + 1))
    return groups
