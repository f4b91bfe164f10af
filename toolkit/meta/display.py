"""How results show themselves: as text in a terminal and as a small table in a notebook."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING

from toolkit import numbers
from toolkit.meta.frozen import Frozen

if TYPE_CHECKING:
    import pandas as pd


def number(value: float | None, digits: int = 4) -> str:
    """A number for reading, with this many significant digits; a dash where there is none.

    Not as :mod:`toolkit.numbers` prints for a journal, whose decimals would hide a variance of 1e-9, and with a hyphen
    for a minus, so that it can be pasted into code.
    """
    return "–" if value is None or isnan(value) else f"{value:.{digits}g}"


def with_limits(
    value: float | None, low: float | None, high: float | None, level: float, digits: int = 4, kind: str = "CI"
) -> str:
    """An estimate with its interval, by default a confidence interval: "0.5 (95% CI 0.1 to 0.9)"."""
    limits = f"{number(low, digits)} to {number(high, digits)}"
    return f"{number(value, digits)} ({numbers.confidence_level(level)} {kind} {limits})"


def p_value(value: float | None) -> str:
    """A p-value as everywhere in the toolkit; a dash where there is none."""
    return "–" if value is None or isnan(value) else numbers.p_value(value)


def joint_test(statistic: float | None, df: tuple[int, float | None], p: float | None) -> str:
    """A test of several coefficients: chi-square where the second of ``df`` is None, F otherwise."""
    name, shown = ("chi²", f"{df[0]} df") if df[1] is None else ("F", f"{df[0]} and {df[1]:g} df")
    return f"{name} {number(statistic)} on {shown}, p {p_value(p)}"


def studies(k: int) -> str:
    """A number of studies for reading: "1 study", "1,200 studies"."""
    return f"{k:,} {'study' if k == 1 else 'studies'}"


class Shown(Frozen):
    """A result that shows itself. A subclass gives a title and lines of (name, text)."""

    def _title(self) -> str:
        raise NotImplementedError

    def _lines(self) -> list[tuple[str, str]]:
        raise NotImplementedError

    def summary(self) -> str:
        """The result as text, one line a number."""
        lines = self._lines()
        width = max((len(name) for name, _ in lines), default=0)
        return "\n".join([self._title(), *(f"  {name:<{width}}  {text}" for name, text in lines)])

    def _one_row(self, *names: str) -> pd.DataFrame:
        """A frame of one row with these of the result's values."""
        import pandas as pd

        return pd.DataFrame([{name: getattr(self, name) for name in names}])

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        # Without an address, so that an executed notebook is the same in each run.
        return f"<{type(self).__name__} {self._title()}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in self._lines()
        )
        caption = f'<caption style="text-align:left;font-weight:bold">{escape(self._title())}</caption>'
        return f"<table>{caption}<tbody>{rows}</tbody></table>"
