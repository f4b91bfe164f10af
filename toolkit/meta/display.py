"""How results show themselves: as text in a terminal and as a small table in a notebook."""

from __future__ import annotations

from html import escape


def number(value: float | None, digits: int = 4) -> str:
    """A number for reading, with this many significant digits; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}g}"


def p_value(value: float | None) -> str:
    """A p-value for reading: three decimals, and "< 0.001" below that."""
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def studies(k: int) -> str:
    """A number of studies for reading: "1 study", "1,200 studies"."""
    return f"{k:,} {'study' if k == 1 else 'studies'}"


class Shown:
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

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in self._lines()
        )
        caption = f'<caption style="text-align:left;font-weight:bold">{escape(self._title())}</caption>'
        return f"<table>{caption}<tbody>{rows}</tbody></table>"
