"""The types of cells that several records share: identifiers, numbers as printed, countries, addresses."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from toolkit.vocabulary import MANY_COUNTRIES


class Record(BaseModel):
    """The base of all records: frozen, and strict about fields that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


# As many digits as a double holds and a double's exponents, so that no cell can make a number that takes for ever.
_NUMBER = re.compile(r"-?([0-9]{1,15}(\.[0-9]{1,17})?|\.[0-9]{1,17})([eE][+-]?[0-9]{1,2})?")


def _number_as_printed(value: object) -> object:
    """Accept a plain number only; ``1,5``, ``1 504`` and ``<0.01`` are for a person to resolve."""
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            decimal_comma = re.fullmatch(r"-?[0-9]+,[0-9]+", text) is not None
            raise ValueError("a decimal point is needed, not a comma" if decimal_comma else "not a number")
        return Decimal(text)
    return value


def _countries_exist(value: str) -> str:
    unknown = [code for code in value.split(";") if code not in country_codes()]
    if unknown:
        raise ValueError(f"no ISO 3166 alpha-2 code: {', '.join(unknown)}")
    return value


@cache
def country_codes() -> frozenset[str]:
    """The ISO 3166-1 alpha-2 codes, with ``XM`` for many countries."""
    import pycountry

    return frozenset(country.alpha_2 for country in pycountry.countries) | {MANY_COUNTRIES}


def country_suggestion(value: str) -> str:
    """A sentence that offers the code of a country that was given by its name, or an empty string."""
    import pycountry

    try:
        return f" Did you mean {pycountry.countries.lookup(value).alpha_2!r}?"
    except LookupError:
        return " Did you mean 'GB'?" if value == "UK" else ""


Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:+-]*$")]
"""A key that stands in other files too: letters, digits and ``. _ : + -``, no spaces."""

_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})


def _names_no_device(value: str) -> str:
    if value in _DEVICES:
        raise ValueError("is a device on Windows, which can hold no file of this name")
    return value


FileName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80), AfterValidator(_names_no_device)
]
"""A key that names files as well: lower-case letters, digits and hyphens, so that it is one on every system."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""Free text that must not be empty."""

Number = Annotated[Decimal, BeforeValidator(_number_as_printed)]
"""A number kept as printed, so that 5.10 stays 5.10; on the scale on which the source prints it."""

Count = Annotated[Number, AfterValidator(lambda value: _not_negative(value))]
"""A number that cannot be below zero: people, events, person-time."""

Countries = Annotated[str, AfterValidator(_countries_exist)]
"""ISO 3166 alpha-2 codes, ``;`` between them, ``XM`` for many."""

WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$")]
"""Where a figure stands on the web: http or https only, so that a page never links to a script."""

PValue = Annotated[str, StringConstraints(pattern=r"^(<|<=|>|>=|=)?\s?(0?\.\d+|0|1|1\.0+)(e-\d+)?$")]
"""A p-value as printed, which may be a bound such as ``<0.01``."""


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("below zero")
    return value
