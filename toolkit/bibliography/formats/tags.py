"""Tagged records, the kin of RIS: a record is (tag, value) pairs, and what no field takes stays a pair."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from toolkit.bibliography.dates import Date, parse_date

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class RecordsBlock:
    """The tags of one record with the lines of their values, in file order, and the line at which it begins."""

    line: int
    lines: list[tuple[str, list[str]]] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)

    def add(self, tag: str, value: str) -> None:
        """A further tag with the first line of its value."""
        self.lines.append((tag, [value]))
        self.tags.add(tag)

    def add_line(self, line: str) -> None:
        """A further line of the last value; one of its own where there is none."""
        if self.lines:
            self.lines[-1][1].append(line)
        else:
            self.add("", line)

    def has(self, *tags: str) -> bool:
        """Whether one of the tags stands in the record."""
        return not self.tags.isdisjoint(tags)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The (tag, value) pairs; lines of a value stand apart in it."""
        return [(tag, "\n".join(lines)) for tag, lines in self.lines]


class Tags:
    """The pairs of a record, taken one after the other into fields; ``rest`` is what was not taken.

    A tag that stands several times where a field holds one value gives the first; the others stay.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs: list[tuple[str, str] | None] = [(tag, value.strip()) for tag, value in pairs if value.strip()]
        self._places: dict[str, list[int]] = {}
        for place, (tag, _) in enumerate(self._pairs):
            self._places.setdefault(tag, []).append(place)

    def values(self, *tags: str) -> Iterator[tuple[int, str]]:
        """The places and values of tags, in the order in which the tags are named; nothing is taken."""
        for tag in tags:
            for place in self._places.get(tag, ()):
                if (pair := self._pairs[place]) is not None:
                    yield place, pair[1]

    def take(self, place: int) -> None:
        """Take the pair at a place."""
        self._pairs[place] = None

    def every(self, *tags: str, file_order: bool = False) -> list[str]:
        """All values of the tags, taken."""
        found = list(self.values(*tags))
        if file_order:
            found.sort()
        for place, _ in found:
            self.take(place)
        return [value for _, value in found]

    def first(self, *tags: str) -> str:
        """The first value of the first tag that has one, in one line, taken together with those that say the same."""
        chosen = ""
        for place, value in list(self.values(*tags)):
            text = one_line(value)
            if not chosen or text == chosen:
                chosen = text
                self.take(place)
        return chosen

    def longest(self, *tags: str) -> str:
        """The longest value of the tags, in one line, taken together with those that it holds."""
        found = [(place, one_line(value)) for place, value in self.values(*tags)]
        chosen = max((value for _, value in found), key=len, default="")
        for place, value in found:
            if value in chosen:
                self.take(place)
        return chosen

    def matching(self, find, *tags: str) -> str:
        """The first value for which ``find`` gives a text, as that text; taken with those that give the same."""
        chosen = ""
        for place, value in list(self.values(*tags)):
            text = find(value)
            if text and (not chosen or text == chosen):
                chosen = text
                self.take(place)
        return chosen

    def date(self, *tags: str) -> Date:
        """The fullest date in the tags that belongs to the year first found; what it does not say stays."""
        found = [(place, parse_date(value)) for place, value in self.values(*tags)]
        year = next((date.year for _, date in found if date.year), "")
        dates = [date for _, date in found if date.year == year or not date.year]
        month = next((date.month for date in dates if date.month), "")
        day = next((date.day for date in dates if date.day and date.month == month), "")
        for place, date in found:
            same_day = date.month in ("", month) and date.day in ("", day)
            if date.whole and date.year in ("", year) and same_day and (date.year or date.month):
                self.take(place)
        return Date(year, month, day)

    def rest(self) -> tuple[tuple[str, str], ...]:
        """The pairs that were not taken, each value in one line."""
        return tuple((pair[0], one_line(pair[1])) for pair in self._pairs if pair is not None)


def numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers from 1, whatever ends them, without the space behind them."""
    lines = _LINE_END.split(text.replace("\u00a0", " "))
    return ((number, line.rstrip()) for number, line in enumerate(lines, 1))


def one_line(text: str) -> str:
    """A text in one line with single spaces."""
    return " ".join(text.split())


def split_list(values: list[str], separators: str = ";\n") -> tuple[str, ...]:
    """The items of lists, each once."""
    pattern = f"[{re.escape(separators)}]"
    items = (one_line(item) for value in values for item in re.split(pattern, value))
    return tuple(dict.fromkeys(item for item in items if item))
