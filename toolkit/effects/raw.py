"""Raw numbers as arrays: checked once, with messages that name the rows, before any formula sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray


def describe_rows(values: ArrayLike, at: ArrayLike, *, shown: int = 5) -> str:
    """``"-0.1 in row 3, 2 in row 7 and 4 more rows"``: the values at the positions (0-based) where ``at`` is true."""
    values = np.atleast_1d(np.asarray(values))
    positions = np.flatnonzero(np.broadcast_to(np.atleast_1d(at), values.shape))
    text = ", ".join(f"{values[position]} in row {position}" for position in positions[:shown])
    more = len(positions) - shown
    return text + (f" and {more} more rows" if more > 0 else "")


def number_columns(columns: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    """The columns as one-dimensional float arrays of one length; a single number is repeated for each row.

    A missing number (None, NaN) stays missing. Raises ModelInputError for text, for more than one dimension and for
    lengths that differ.
    """
    arrays = {name: _number_column(name, values) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ModelInputError(f"The columns must have one number a study, so the same length; {found}.")
    rows = next(iter(lengths.values()), 1)
    return {name: np.broadcast_to(array, (rows,)) for name, array in arrays.items()}


def complete_columns(columns: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
    """The columns as :func:`number_columns` gives them, of one study at least and without gaps.

    Raises ModelInputError for missing and infinite numbers, with their rows, and for empty columns.
    """
    arrays = number_columns(columns)
    if any(not len(array) for array in arrays.values()):
        raise ModelInputError(f"There is no study: {', '.join(arrays)} are empty. Check which rows were selected.")
    gaps = [
        f"{name} in row {row}" for name, array in arrays.items() for row in np.flatnonzero(~np.isfinite(array)).tolist()
    ]
    if gaps:
        raise ModelInputError(
            f"Missing or infinite: {', '.join(gaps[:5])}{f' and {len(gaps) - 5} more' if len(gaps) > 5 else ''}. "
            "Leave these rows out, or complete them from the source."
        )
    return arrays


def require(holds: NDArray[np.bool_], name: str, values: NDArray[np.float64], rule: str, remedy: str) -> None:
    """Raise ModelInputError with the offending values where ``holds`` is false; a missing value passes."""
    broken = ~holds & ~np.isnan(values)
    if broken.any():
        raise ModelInputError(f"{name} must {rule}; found {describe_rows(values, broken)}. {remedy}")


def require_counts(columns: Mapping[str, NDArray[np.float64]], names: Iterable[str]) -> None:
    """Raise ModelInputError, with the rows, where one of the named columns holds a negative count."""
    for name in names:
        require(columns[name] >= 0, name, columns[name], "be 0 or more", "Check the count.")


def _number_column(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        found = [
            f"{value!r} in row {row}"
            for row, value in enumerate(np.atleast_1d(np.asarray(values, object)))
            if _is_text(value)
        ]
        raise ModelInputError(
            f"{name} must hold numbers; found {', '.join(found[:5]) or type(values).__name__}. "
            "Replace the text by a number, or by an empty cell where it is not known."
        ) from None
    if array.ndim > 1:
        raise ModelInputError(f"{name} must be one-dimensional (one number a study); its shape is {array.shape}.")
    return array


def _is_text(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return value is not None
    return False
