"""The first boxes of the PRISMA 2020 flow, counted from the search log.

Source: Page et al., *The PRISMA 2020 statement* (BMJ 2021;372:n71), figure 1, "Identification".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from toolkit.records.search import Search

COLUMNS = ("source", "searches", "identified", "duplicates", "screened")
TOTAL = "all sources"


def identified(searches: Iterable[Search]) -> pd.DataFrame:
    """Records identified, duplicates removed before screening and records left to screen: a row a source, then all.

    A record that the library held already, or that stood further up in the same import, is a duplicate. ``searches``
    is the number of files that a source gave. Without any search there is the last row alone, with noughts.
    """
    import pandas as pd

    rows = [(search.source, 1, search.found, search.duplicates, search.new) for search in searches]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).groupby("source", sort=False, as_index=False).sum()
    total = pd.DataFrame([[TOTAL, *(int(frame[name].sum()) for name in COLUMNS[1:])]], columns=list(COLUMNS))
    return pd.concat([frame, total], ignore_index=True) if len(frame) else total
