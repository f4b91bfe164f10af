"""What plots take from outside, checked: as many texts and flags as studies, and no missing numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from toolkit.errors import ModelInputError


def checked_labels(labels: Sequence[str], k: int) -> tuple[str, ...]:
    """The labels as text, one a study."""
    return _texts("labels", labels, k)


def checked_columns(columns: Mapping[str, Sequence[str]] | None, k: int) -> dict[str, tuple[str, ...]]:
    """The text columns by their headings, one text a study in each."""
    return {heading: _texts(f"columns[{heading!r}]", texts, k) for heading, texts in (columns or {}).items()}


def checked_flags(name: str, flags: Sequence[bool] | None, k: int) -> tuple[bool, ...]:
    """The flags, one a study; all False where none were given."""
    flags = (False,) * k if flags is None else tuple(bool(flag) for flag in flags)
    if len(flags) != k:
        raise ModelInputError(f"{name} must have one value a study: {k} studies, {len(flags)} values.")
    return flags


def refuse_missing(name: str, values: Sequence[float], labels: Sequence[str]) -> None:
    """Raise ModelInputError where a value is missing or infinite; the message names the studies."""
    wrong = [label for value, label in zip(values, labels, strict=True) if not np.isfinite(value)]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ModelInputError(
            f"{name} is missing or infinite for {', '.join(wrong[:5])}{more}: leave these rows out of the plot, "
            "and say elsewhere that they were left out."
        )


def _texts(name: str, texts: Sequence[str], k: int) -> tuple[str, ...]:
    texts = tuple(str(text) for text in texts)
    if len(texts) != k:
        raise ModelInputError(f"{name} must have one text a study: {k} studies, {len(texts)} texts.")
    return texts
