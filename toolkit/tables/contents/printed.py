"""What several tables print alike: figures as their sources have them, countries by name, a sentence alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pycountry

from toolkit.tables.table import Table
from toolkit.tables.value import Column
from toolkit.vocabulary import MANY_COUNTRIES

if TYPE_CHECKING:
    from toolkit.records import Estimate


def sentence_table(title: str, sentence: str) -> Table:
    """A table that says in a sentence why there is nothing to tabulate."""
    return Table(title=title, columns=[Column("result", "Result")], rows=[(sentence,)])


def result_as_printed(row: Estimate) -> str:
    """A row's figures as its source prints them: ``OR 1.96 (1.40 to 2.76)``, else counts, means or correlations."""
    parts = []
    if row.value is not None:
        text = f"{row.measure} {row.value}" if row.measure is not None else str(row.value)
        if row.ci_low is not None and row.ci_high is not None:
            level = (
                "" if row.ci_level == 95 else f"; {row.ci_level}%" if row.ci_level is not None else "; level not stated"
            )
            text += f" ({row.ci_low} to {row.ci_high}{level})"
        elif row.se is not None:
            text += f" (SE {row.se})"
        parts.append(text)
    if row.events_1 is not None and row.total_1 is not None:
        groups = [f"{row.events_1}/{row.total_1}"]
        if row.events_2 is not None and row.total_2 is not None:
            groups.append(f"{row.events_2}/{row.total_2}")
        parts.append(" vs ".join(groups))
    elif row.events_1 is not None and row.time_1 is not None:
        parts.append(f"{row.events_1} in {row.time_1} vs {row.events_2} in {row.time_2} person-time")
    if row.mean_1 is not None and row.mean_2 is not None:
        parts.append(f"means {row.mean_1} vs {row.mean_2}")
    if row.p_value is not None:
        parts.append(f"P {row.p_value}" if row.p_value[0] in "<>=" else f"P = {row.p_value}")
    return "; ".join(parts)


def countries(codes: str) -> str:
    """Country codes as names; ``many`` for ``XM``."""
    return ", ".join(_country(code) for code in codes.split(";"))


def _country(code: str) -> str:
    if code == MANY_COUNTRIES:
        return "many"
    country = pycountry.countries.get(alpha_2=code)
    return getattr(country, "common_name", country.name) if country is not None else code
