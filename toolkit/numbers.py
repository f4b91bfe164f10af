"""Numbers as they are printed in a paper, written once for words, tables and plots, so that all of them agree.

The negative sign is the minus sign (U+2212), as journals set it; the CSV writer turns it back for programs.
"""

from __future__ import annotations

import math

MINUS = "−"


def fixed(value: float, digits: int = 2) -> str:
    """A number with a fixed number of decimals; trailing zeros stay (5.10) and a rounded zero has no sign."""
    if math.isnan(value):
        raise ValueError("A missing number (NaN) has no digits: say what stands in its place.")
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:.{digits}f}"
    if text.startswith("-"):
        text = MINUS + text[1:] if float(text) else text[1:]
    return text


def significant(value: float, decimals: int = 2) -> str:
    """A number with two decimals in the middle range, fewer from 100 up and more below 0.1, where two would hide it.

    A ratio of 0.004 is not 0.00, and one of 1234 does not owe its reader two decimals.
    """
    size = abs(value)
    if size >= 100:
        return fixed(value, 0)
    if 0 < size < 0.1 and decimals:
        return fixed(value, max(decimals, 1 - math.floor(math.log10(size)))) if size >= 1e-6 else f"{value:.0e}"
    return fixed(value, decimals)


def count(value: float) -> str:
    """A whole number with commas between thousands: 1,409,218."""
    if value != int(value):
        raise ValueError(f"A count is a whole number, got {value!r}.")
    return f"{int(value):,}".replace("-", MINUS)


def percent(share: float, digits: int = 0) -> str:
    """A share between 0 and 1 as a percentage: 0.25 becomes 25%."""
    return f"{fixed(100 * share, digits)}%"


def confidence_level(level: float) -> str:
    """A level of confidence as a percentage, with the digits that it has: 0.95 becomes 95%, 0.975 becomes 97.5%."""
    return f"{100 * level:g}%"


def p_value(p: float) -> str:
    """A p value with three decimals, and never 0 or 1: <0.001 and >0.999."""
    if not 0 <= p <= 1:
        raise ValueError(f"A p value lies between 0 and 1, got {p!r}.")
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else f"{p:.3f}"


def interval(low: float, high: float) -> str:
    """Two limits: 1.40 to 2.76. "to" and not a dash, because limits may be negative."""
    decimals = _decimals(high - low)
    return f"{_limited(low, decimals)} to {_limited(high, decimals)}"


def estimate(value: float, low: float, high: float) -> str:
    """An estimate with its interval: 1.96 (1.40 to 2.76), all three with the decimals that the width asks for."""
    return f"{_limited(value, _decimals(high - low))} ({interval(low, high)})"


def _decimals(width: float) -> int:
    """Two decimals, or as many as make the last one a third of the width or less: 1.003 (1.001 to 1.005)."""
    return min(6, max(2, -math.floor(math.log10(width / 3)))) if 0 < width < math.inf else 2


def _limited(value: float, decimals: int) -> str:
    """The number with these decimals, without any from 100 up, and with more where they would make it 0."""
    if abs(value) >= 100:
        return fixed(value, 0)
    return significant(value) if value and round(value, decimals) == 0 else fixed(value, decimals)
