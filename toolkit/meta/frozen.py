"""Values that cannot be changed: a frozen dataclass keeps its fields, and here its arrays as well."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

Value = TypeVar("Value")


class Frozen:
    """A frozen dataclass of this kind makes its arrays, and those in its tuples, read-only."""

    def __post_init__(self) -> None:
        for value in vars(self).values():
            read_only(value)


def read_only(value: Value) -> Value:
    """The value, with no array in it that can be written to."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, tuple) and not (value and isinstance(value[0], str)):  # labels can be many
        for part in value:
            read_only(part)
    return value
