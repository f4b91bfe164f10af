"""The table that rooms make and notebooks show: the value, with the way in which it shows itself."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.tables.render.html import notebook
from toolkit.tables.value import TableValue


@dataclass(frozen=True, slots=True)
class Table(TableValue):
    """A table ready to be printed, and shown in a notebook as HTML. For its parts see :class:`TableValue`."""

    def _repr_html_(self) -> str:
        return notebook(self)
