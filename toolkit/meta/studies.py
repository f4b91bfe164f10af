"""The studies that go into a model: effects, sampling variances and labels, checked once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.display import studies
from toolkit.meta.frozen import Frozen
from toolkit.meta.settings import real_numbers
from toolkit.meta.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Studies(Frozen):
    """Effects ``y`` and sampling variances ``v`` of shape (k,), on the analysis scale, with the labels given.

    ``weights`` are the user's own, None for inverse-variance weights.
    """

    y: Array
    v: Array
    given_labels: tuple[str, ...] | None = None
    weights: Array | None = None

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """A label a study: as given, or "Study 1", "Study 2" and so on."""
        return study_labels(self.given_labels, len(self.y))

    def as_stack(self, x: Array | None) -> Stack:
        """The studies as a stack of one analysis, with the model matrix ``x`` (k, p) or None for a mean."""
        given = None if self.weights is None else self.weights[None]
        return Stack(self.y[None], self.v[None], None if x is None else x[None], given=given)

    def take(self, rows: NDArray[np.intp]) -> Studies:
        """The studies in these rows, with their labels and weights."""
        weights = None if self.weights is None else self.weights[rows]
        return Studies(self.y[rows], self.v[rows], tuple(self.labels[row] for row in rows), weights)

    @cached_property
    def checksum(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of y and v, to tell whether two results had the same input."""
        return hashlib.sha256(self.y.tobytes() + self.v.tobytes()).hexdigest()[:16]


class OfStudies:
    """A result that holds the ``studies`` it was made from, and reads its data from them."""

    studies: Studies

    @property
    def y(self) -> Array:
        """Effects on the analysis scale, shape (k,)."""
        return self.studies.y

    @property
    def v(self) -> Array:
        """Sampling variances, shape (k,)."""
        return self.studies.v

    @property
    def labels(self) -> tuple[str, ...]:
        """The studies' labels."""
        return self.studies.labels

    @property
    def checksum(self) -> str:
        """A fingerprint of y and v."""
        return self.studies.checksum

    @property
    def k(self) -> int:
        """Number of studies, or of effects where a study has several."""
        return len(self.studies.y)


def check_studies(
    y: ArrayLike, v: ArrayLike, labels: Sequence[object] | None = None, weights: ArrayLike | str | None = None
) -> Studies:
    """The studies, copied and read-only. ``weights`` are numbers, "equal" or None.

    Raises ModelInputError for text, dates and complex numbers, for other shapes than (k,), for lengths that differ, for
    no study at all, for a missing or infinite number, for a variance of 0 or less, and for a negative weight; the
    message names the rows (0-based) and labels.
    """
    names = None if labels is None else _names(labels)
    effects, variances = _numbers("y", y, names), _numbers("v", v, names)
    if len(effects) != len(variances):
        raise ModelInputError(f"y has {len(effects)} values and v has {len(variances)}: give one of each a study.")
    if names is not None:
        _one_a_study(names, len(effects))
    if not len(effects):
        raise ModelInputError("There is no study: y and v are empty. Check which rows were selected.")
    for name, values in (("y", effects), ("v", variances)):
        if not np.isfinite(values).all():
            raise ModelInputError(
                f"{name} is missing or infinite {_at(values, ~np.isfinite(values), names)}. "
                "Leave these studies out, or complete them (a zero cell needs a correction, see effect_sizes)."
            )
    if variances.min() <= 0:
        raise ModelInputError(
            f"v must be above 0 {_at(variances, variances <= 0, names)}. It is the squared standard error: a variance "
            "of 0 or less comes from a rounded or mistyped standard error, or from counts without a correction."
        )
    return Studies(effects, variances, names, None if weights is None else _weights(weights, len(effects), names))


def study_labels(labels: Sequence[object] | None, k: int) -> tuple[str, ...]:
    """A label a study: as given, or "Study 1" and so on. Raises ModelInputError for another number than ``k``."""
    if labels is None:
        return tuple(f"Study {number}" for number in range(1, k + 1))
    names = _names(labels)
    _one_a_study(names, k)
    return names


def check_sizes(n: ArrayLike, given: Studies) -> Array:
    """The sample size of each of these studies, (k,).

    Raises ModelInputError for text, a wrong number of them, and sizes that are missing, infinite or not above 0, with
    rows and labels.
    """
    names, k = given.given_labels, len(given.y)
    sizes = _numbers("n", n, names)
    if len(sizes) != k:
        raise ModelInputError(f"There are {len(sizes)} sample sizes for {studies(k)}: give one a study.")
    wrong = ~(np.isfinite(sizes) & (sizes > 0))
    if wrong.any():
        raise ModelInputError(
            f"n must be numbers above 0 {_at(sizes, wrong, names)}. Complete them, or leave these studies out."
        )
    return sizes


def _one_a_study(names: tuple[str, ...], k: int) -> None:
    if len(names) != k:
        raise ModelInputError(f"There are {len(names)} labels for {studies(k)}: give one a study, or none.")


def _names(labels: Sequence[object]) -> tuple[str, ...]:
    if not isinstance(labels, Iterable):
        raise ModelInputError(f"labels must be a list, a label a study; got {labels!r}.")
    return tuple(str(label) for label in labels)


def _weights(weights: ArrayLike | str, k: int, names: tuple[str, ...] | None) -> Array:
    if isinstance(weights, str):
        if weights != "equal":
            raise ModelInputError(f"weights must be numbers, a weight a study, or 'equal'; got {weights!r}.")
        weights = np.ones(k)
    values = _numbers("weights", weights, names)
    if len(values) != k:
        raise ModelInputError(f"There are {len(values)} weights for {studies(k)}: give one a study.")
    wrong = ~np.isfinite(values) | (values < 0)
    if wrong.any():
        raise ModelInputError(f"weights must be numbers of 0 or more {_at(values, wrong, names)}.")
    if not values.any():
        raise ModelInputError("All weights are 0: give at least one study a weight above 0.")
    return values


def _numbers(name: str, values: ArrayLike, labels: tuple[str, ...] | None) -> Array:
    try:
        array = real_numbers(values)
    except (TypeError, ValueError):
        raise ModelInputError(
            f"{name} must hold one number a study{_text_at(values, labels)}. Replace what is no number."
        ) from None
    if array.ndim != 1:
        raise ModelInputError(f"{name} must have the shape (k,), one number a study; its shape is {array.shape}.")
    return array


def _at(values: Array, where: NDArray[np.bool_], labels: tuple[str, ...] | None) -> str:
    rows = np.flatnonzero(where).tolist()
    named = [f"row {row}{f' ({labels[row]})' if labels and row < len(labels) else ''}: {values[row]:g}" for row in rows]
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f"in {len(rows)} of {studies(len(values))} ({'; '.join(named[:5])}{more})"


def _text_at(values: ArrayLike, labels: tuple[str, ...] | None) -> str:
    found = []
    for row, value in enumerate(np.atleast_1d(np.asarray(values, dtype=object)).tolist()):
        try:
            real_numbers(value)
        except (TypeError, ValueError):
            found.append(f"{value!r} in row {row}{f' ({labels[row]})' if labels and row < len(labels) else ''}")
    return f"; found {', '.join(found[:5])}" if found else ""
