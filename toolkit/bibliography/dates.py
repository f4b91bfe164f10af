"""Dates of publication as bibliographies print them: ``2016 Apr 19``, ``2014//``, ``1999 Spring``, ``May-Jun 2006``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero",
            "feb february februar février febrero",
            "mar march märz mars marzo",
            "apr april avril abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio",
            "aug august août agosto",
            "sep sept september septembre septiembre",
            "oct october oktober octobre octubre okt",
            "nov november novembre noviembre",
            "dec december dezember décembre diciembre dez",
        ),
        1,
    )
    for name in names.split()
}
_YEAR = re.compile(r"(?<!\d)(?:1[4-9]|20)\d\d(?!\d)")
_COMPACT = re.compile(r"(?<!\d)((?:1[4-9]|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?(?!\d)")
_WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class Date:
    """A date in numbers without leading zeros, empty where not known; ``whole`` is false where the text says more."""

    year: str = ""
    month: str = ""
    day: str = ""
    whole: bool = True


def month_number(text: str) -> str:
    """The number of a month from its name, short form or number; empty where it is none or several."""
    text = text.strip().strip(".").lower()
    if text.isascii() and text.isdigit():
        return str(int(text)) if len(text) < 3 and 1 <= int(text) <= 12 else ""
    return str(_MONTHS.get(text, ""))


def parse_date(text: str) -> Date:
    """The year, month and day in a text. A season, a range or a further word makes ``whole`` false."""
    compact = _COMPACT.search(text)
    if compact is not None:
        year, month, day = compact.groups(default="0")
        return Date(year, str(int(month)), str(int(day)) if int(day) else "", text.strip() == compact.group())
    found = _YEAR.search(text)
    year = found.group() if found else ""
    rest = _WORD.findall(f"{text[: found.start()]} {text[found.end() :]}" if found else text)
    months = [number for word in rest if not word.isdigit() and (number := month_number(word))]
    numbers = [word for word in rest if word.isdigit() and word.isascii()]
    words = len(rest) - len(numbers) - len(months)
    if not months and numbers and (month := month_number(numbers[0])):
        months, numbers = [month], numbers[1:]
    day = str(int(numbers[0])) if numbers and len(numbers[0]) < 3 and 1 <= int(numbers[0]) <= 31 else ""
    if len(months) != 1:
        return Date(year, whole=not rest)
    if len(numbers) > 1:
        return Date(year, months[0], whole=False)
    return Date(year, months[0], day, not words and (bool(day) or not numbers))
