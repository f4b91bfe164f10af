"""Moderators to model matrices: from a data frame, an array or a formula, with the recipe for new rows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from toolkit.errors import ModelInputError, suggestion
from toolkit.meta.display import studies
from toolkit.meta.frozen import Frozen
from toolkit.meta.rank import NEGLIGIBLE, explain
from toolkit.meta.settings import real_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

INTERCEPT = "intercept"


class Columns(NamedTuple):
    """A model matrix (m, p), the names of its columns, and the moderator that each column belongs to."""

    x: Array
    terms: tuple[str, ...]
    moderators: tuple[str, ...]


class Recipe(Protocol):
    """How a model matrix is made from rows of moderators, those of the fit or new ones."""

    def columns(self, rows: pd.DataFrame | ArrayLike) -> Columns:
        """The model matrix of these rows."""


@dataclass(frozen=True, eq=False)
class Design(Frozen):
    """A model matrix ``x`` (k, p) of full rank; ``moderators`` names the moderator that each column belongs to.

    ``intercept`` is the position of the column of ones, None where there is none. ``recipe`` makes the same columns
    from new rows.
    """

    x: Array
    terms: tuple[str, ...]
    moderators: tuple[str, ...]
    recipe: Recipe

    @property
    def intercept(self) -> int | None:
        """The position of the column of ones."""
        ones = np.flatnonzero((self.x == 1).all(0))
        return int(ones[0]) if len(ones) else None

    @property
    def tested(self) -> tuple[int, ...]:
        """The columns that the omnibus test is about: all but the intercept, or it alone where there is no other."""
        others = tuple(column for column in range(len(self.terms)) if column != self.intercept)
        return others or (0,)

    def take(self, columns: Sequence[int]) -> Design:
        """The design of these columns alone."""
        terms, moderators = ([names[column] for column in columns] for names in (self.terms, self.moderators))
        recipe = PartRecipe(self.recipe, tuple(columns))
        return Design(self.x[:, list(columns)], tuple(terms), tuple(moderators), recipe)

    def of_rows(self, rows: NDArray[np.intp]) -> Design:
        """The design of these rows alone."""
        return Design(self.x[rows], self.terms, self.moderators, self.recipe)

    def for_rows(self, rows: pd.DataFrame | ArrayLike) -> tuple[Array, pd.Index | None]:
        """The model matrix of new rows of moderators, and their labels.

        Raises ModelInputError for rows that the recipe cannot read, and for a moderator that is missing or infinite.
        """
        x = self.recipe.columns(rows).x
        if not np.isfinite(x).all():
            raise ModelInputError("The new rows hold a moderator that is missing or infinite: complete them.")
        return x, index_of(rows)

    def positions(self, moderator: str) -> list[int]:
        """The columns of one moderator. Raises ModelInputError for one that is not in the model."""
        found = [column for column, name in enumerate(self.moderators) if name == moderator]
        if not found:
            known = list(dict.fromkeys(self.moderators))
            raise ModelInputError(
                f"There is no moderator {moderator!r} in this model; it has {', '.join(known)}."
                f"{suggestion(moderator, known)}"
            )
        return found


class InterceptRecipe(NamedTuple):
    """A column of ones, whatever the rows hold."""

    def columns(self, rows: pd.DataFrame | ArrayLike) -> Columns:
        """One for each row."""
        return Columns(np.ones((len(rows), 1)), (INTERCEPT,), (INTERCEPT,))


class PartRecipe(NamedTuple):
    """Some columns of another recipe's model matrix."""

    whole: Recipe
    positions: tuple[int, ...]

    def columns(self, rows: pd.DataFrame | ArrayLike) -> Columns:
        """These columns of these rows."""
        found = self.whole.columns(rows)
        kept = list(self.positions)
        terms, moderators = ([names[column] for column in kept] for names in (found.terms, found.moderators))
        return Columns(found.x[:, kept], tuple(terms), tuple(moderators))


class ArrayRecipe(NamedTuple):
    """An intercept and the columns of an array of ``width`` columns, named x1, x2, ..."""

    width: int

    def columns(self, rows: ArrayLike) -> Columns:
        """The model matrix of an array (m, width), or (m,) where there is one column."""
        try:
            values = real_numbers(rows)
        except (TypeError, ValueError):
            raise ModelInputError("Moderators in an array must be numbers: give a DataFrame for categories.") from None
        values = values[:, None] if values.ndim == 1 and self.width == 1 else np.atleast_2d(values)
        if values.ndim != 2 or values.shape[1] != self.width:
            raise ModelInputError(f"moderators must have {self.width} columns; their shape is {values.shape}.")
        names = tuple(f"x{number}" for number in range(1, self.width + 1))
        return _with_intercept(values, names, names)


class FrameRecipe(NamedTuple):
    """An intercept and the columns of a data frame: numbers as they are, others as categories.

    ``levels`` holds the categories of each column, None for numbers; the first level is the reference.
    """

    names: tuple[str, ...]
    levels: tuple[tuple[object, ...] | None, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> FrameRecipe:
        """The recipe of this data frame's columns."""
        from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

        levels: list[tuple[object, ...] | None] = []
        for name in frame.columns:
            column = frame[name]
            if is_complex_dtype(column):
                raise ModelInputError(f"The moderator {name!r} holds complex numbers: give real ones.")
            if is_numeric_dtype(column) or is_bool_dtype(column):
                levels.append(None)
                continue
            try:
                category = column.astype("category").cat.remove_unused_categories()
            except TypeError:
                raise ModelInputError(f"The moderator {name!r} must hold numbers, or names of categories.") from None
            levels.append(tuple(category.cat.categories))
            if len(levels[-1] or ()) == 1:
                raise ModelInputError(f"The moderator {name!r} has one value only ({levels[-1][0]!r}): leave it out.")
        return cls(tuple(str(name) for name in frame.columns), tuple(levels))

    def columns(self, rows: pd.DataFrame) -> Columns:
        """The model matrix of these rows, which must have the columns of the fit."""
        if not hasattr(rows, "set_axis") or not hasattr(rows, "columns"):
            raise ModelInputError(f"Give new rows as a DataFrame with the columns {', '.join(self.names)}.")
        frame = rows.set_axis([str(name) for name in rows.columns], axis=1)
        absent = [name for name in self.names if name not in frame]
        if absent:
            raise ModelInputError(f"The rows have no column {', '.join(absent)}, which the model has as a moderator.")
        parts, terms, moderators = [], [], []
        for name, levels in zip(self.names, self.levels, strict=True):
            column = frame[name]
            if levels is None:
                parts.append(column.to_numpy(dtype=float, na_value=np.nan))
                terms.append(name)
            else:
                _refuse_categories(column[column.notna() & ~column.isin(levels)], name, levels)
                parts.extend((column == level).to_numpy(dtype=float) for level in levels[1:])
                terms.extend(f"{name}[T.{level}]" for level in levels[1:])
            moderators.extend([name] * (len(terms) - len(moderators)))
            _refuse_rows(column.isna(), name, "is missing")
        return _with_intercept(np.column_stack(parts), tuple(terms), tuple(moderators))


class FormulaRecipe:
    """The terms of a formula, as formulaic reads it (an intercept unless the formula takes it out)."""

    def __init__(self, formula: str) -> None:
        from formulaic import Formula, SimpleFormula
        from formulaic.errors import FormulaicError

        try:
            self._formula = Formula(formula)
        except FormulaicError as error:
            raise ModelInputError(f"The formula {formula!r} cannot be read: {_plain(error)}") from error
        if not isinstance(self._formula, SimpleFormula):
            raise ModelInputError(
                f"The formula {formula!r} must name moderators alone, as 'dose + country'; y is given."
            )
        self._spec = None

    def columns(self, rows: pd.DataFrame) -> Columns:
        """The model matrix of these rows; the first call, with the rows of the fit, settles levels and splines."""
        from formulaic.errors import DataMismatchWarning, FormulaicError

        if not hasattr(rows, "columns"):
            raise ModelInputError(f"A formula needs a DataFrame with its variables; got {type(rows).__name__}.")
        for name in sorted(self._formula.required_variables):
            if name in rows:
                _refuse_rows(rows[name].isna(), name, "is missing")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", DataMismatchWarning)
                matrix = (self._spec or self._formula).get_model_matrix(rows, na_action="ignore", context=None)
        except (FormulaicError, DataMismatchWarning) as error:
            raise ModelInputError(f"The formula cannot be applied to these rows: {_plain(error)}") from error
        self._spec = matrix.model_spec
        moderators = [""] * matrix.shape[1]
        for term, columns in self._spec.term_slices.items():
            moderators[columns] = [str(term)] * (columns.stop - columns.start)
        names = {"Intercept": INTERCEPT}
        terms = [names.get(str(column), str(column)) for column in matrix.columns]
        moderators = [INTERCEPT if term == INTERCEPT else name for term, name in zip(terms, moderators, strict=True)]
        return Columns(matrix.to_numpy(dtype=float), tuple(terms), tuple(moderators))


def intercept_design(k: int) -> Design:
    """The model matrix of a mean alone."""
    recipe = InterceptRecipe()
    return Design(*recipe.columns(range(k)), recipe)


def design(
    moderators: pd.DataFrame | pd.Series | ArrayLike | str, k: int, *, data: pd.DataFrame | None = None
) -> Design:
    """The model matrix of k studies.

    Raises ModelInputError for no moderator at all; for moderators that are missing or infinite, with their rows; for
    another number of rows than k; and for a matrix that is not of full rank, with the columns that are combinations of
    others.
    """
    recipe, rows = _recipe(moderators, data)
    found = recipe.columns(rows)
    if len(found.x) != k:
        raise ModelInputError(f"There are {studies(k)} and {len(found.x)} rows of moderators: give one row a study.")
    for column, term in enumerate(found.terms):
        _refuse_rows(~np.isfinite(found.x[:, column]), term, "is missing or infinite")
    _refuse_redundant(found.x, found.terms)
    return Design(found.x, found.terms, found.moderators, recipe)


def index_of(rows: pd.DataFrame | ArrayLike) -> pd.Index | None:
    """The labels of new rows, if they have some."""
    return getattr(rows, "index", None) if hasattr(rows, "dtypes") else None


def _recipe(
    moderators: pd.DataFrame | pd.Series | ArrayLike | str, data: pd.DataFrame | None
) -> tuple[Recipe, pd.DataFrame | ArrayLike]:
    if isinstance(moderators, str):
        if data is None:
            raise ModelInputError(f"The formula {moderators!r} needs data=, the DataFrame that holds its variables.")
        return FormulaRecipe(moderators), data
    if hasattr(moderators, "to_frame") and not hasattr(moderators, "columns"):
        moderators = moderators.to_frame()
    if hasattr(moderators, "columns"):
        if not len(moderators.columns):
            raise ModelInputError("moderators has no column: name some, or pool without moderators.")
        return FrameRecipe.of(moderators), moderators
    values = np.asarray(moderators)
    if values.ndim not in (1, 2):
        raise ModelInputError(f"moderators must have a row a study; their shape is {values.shape}.")
    return ArrayRecipe(1 if values.ndim == 1 else values.shape[1]), moderators


def _with_intercept(values: Array, terms: tuple[str, ...], moderators: tuple[str, ...]) -> Columns:
    x = np.column_stack([np.ones(len(values)), values])
    return Columns(x, (INTERCEPT, *terms), (INTERCEPT, *moderators))


def _refuse_redundant(x: Array, terms: Sequence[str]) -> None:
    """Raise for columns that are combinations of those before them, naming both."""
    if x.shape[1] > len(x):
        raise ModelInputError(
            f"The model has {x.shape[1]} coefficients ({', '.join(terms)}) for {studies(len(x))}: use fewer moderators."
        )
    kept: list[int] = []
    told = []
    for column, term in enumerate(terms):
        found = explain(x[:, [column]], x[:, kept])
        if not found.is_combination[0]:
            kept.append(column)
            continue
        sources = [terms[other] for other, part in zip(kept, found.shares[:, 0], strict=True) if abs(part) > NEGLIGIBLE]
        told.append(f"{term} is " + (f"a combination of {', '.join(sources)}" if sources else "0 in all studies"))
    if told:
        raise ModelInputError(f"The moderators are not of full rank: {'; '.join(told)}. Leave these out.")


def _refuse_rows(where: ArrayLike, name: str, fault: str) -> None:
    rows = np.flatnonzero(np.asarray(where)).tolist()
    if rows:
        shown = ", ".join(map(str, rows[:5])) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
        raise ModelInputError(
            f"The moderator {name!r} {fault} in row {shown}: complete it, or leave these studies out of y, v and "
            "the moderators."
        )


def _refuse_categories(unknown: pd.Series, name: str, levels: tuple[object, ...]) -> None:
    if len(unknown):
        found = ", ".join(sorted(repr(value) for value in set(unknown)))
        raise ModelInputError(
            f"The moderator {name!r} is {found} in the new rows; the model knows {', '.join(map(str, levels))} only."
        )


def _plain(error: Exception) -> str:
    """The first line of a message, which formulaic follows by a drawing in colours."""
    return str(error).splitlines()[0]
