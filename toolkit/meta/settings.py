"""What may be asked of a model, checked at the door: strings become enums, levels are coverages."""

from __future__ import annotations

from enum import StrEnum
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

Choice = TypeVar("Choice", bound=StrEnum)
Name = TypeVar("Name", bound=str)


class Tau2Estimator(StrEnum):
    """Estimators of the between-study variance, by their usual short names."""

    EE = "EE"
    DL = "DL"
    HE = "HE"
    HS = "HS"
    HSK = "HSk"
    SJ = "SJ"
    ML = "ML"
    REML = "REML"
    EB = "EB"
    PM = "PM"
    DLIT = "DLIT"
    SJIT = "SJIT"
    PMM = "PMM"
    GENQ = "GENQ"


class Test(StrEnum):
    """How coefficients are tested, and which quantile makes their intervals.

    ``z`` normal; ``t`` the same standard errors with k - p degrees of freedom; ``knha`` Knapp and Hartung (2003, Stat
    Med 22:2693), also called HKSJ: t, with standard errors scaled by the weighted residual variance; ``adhoc`` the
    same, but never narrower than ``t`` (the scale factor is at least 1).
    """

    __test__ = False  # not a test case for pytest

    Z = "z"
    T = "t"
    KNHA = "knha"
    ADHOC = "adhoc"


class Settings(NamedTuple):
    """What was asked for: the tau2 estimator, the test and the level of the intervals.

    ``known_tau2`` is a tau2 that was given as a number, so that nothing was estimated; None otherwise.
    """

    estimator: Tau2Estimator
    test: Test
    level: float
    known_tau2: float | None = None

    @property
    def estimates_tau2(self) -> bool:
        """Whether tau2 is a parameter of the model."""
        return self.known_tau2 is None and self.estimator != Tau2Estimator.EE


class Convergence(NamedTuple):
    """How the search for tau2 ended. ``maxima`` counts the local maxima of the likelihood that were compared."""

    converged: bool
    iterations: int
    maxima: int


def check_settings(tau2: str | float, test: str, level: float) -> Settings:
    """Settings from what a user gives; ``tau2`` names an estimator, or is the known value of tau2.

    Raises ModelInputError with the values that there are.
    """
    test, level = check_choice(Test, test, "test"), check_level(level)
    if isinstance(tau2, str):
        return Settings(check_choice(Tau2Estimator, tau2, "tau2"), test, level)
    return Settings(Tau2Estimator.REML, test, level, check_number(tau2, "A known tau2", 0.0))


def check_level(level: float) -> float:
    """The level, if it is a coverage between 0 and 1. Raises ModelInputError otherwise (95 in place of 0.95)."""
    return check_fraction(level, "level", ", as 0.95 for 95% intervals")


def check_fraction(value: float, argument: str, example: str = "") -> float:
    """The value, if it is a number between 0 and 1. Raises ModelInputError otherwise."""
    if not (is_number(value) and 0 < value < 1):
        raise ModelInputError(f"{argument} must lie between 0 and 1{example}; got {value!r}.")
    return float(value)


def check_number(value: float, argument: str, least: float | None = None) -> float:
    """The value, if it is a finite number, of ``least`` or more. Raises ModelInputError otherwise."""
    if not (is_number(value) and np.isfinite(value) and (least is None or value >= least)):
        of = "" if least is None else f" of {least:g} or more"
        raise ModelInputError(f"{argument} must be a number{of}; got {value!r}.")
    return float(value)


def check_count(value: int, argument: str, least: int, most: int | None = None) -> int:
    """The value, if it is a whole number from ``least`` to ``most``. Raises ModelInputError otherwise."""
    whole = is_number(value) and -np.inf < value < np.inf and value == int(value)
    if not (whole and least <= value and (most is None or value <= most)):
        limits = f"of {least} or more" if most is None else f"from {least} to {most:,}"
        raise ModelInputError(f"{argument} must be a whole number {limits}; got {value!r}.")
    return int(value)


def check_numbers(values: ArrayLike, argument: str) -> NDArray[np.float64]:
    """The values as numbers, of their shape. Raises ModelInputError for what :func:`real_numbers` refuses."""
    try:
        return real_numbers(values)
    except (TypeError, ValueError):
        raise ModelInputError(f"{argument} must be numbers; got {values!r}.") from None


def real_numbers(values: ArrayLike) -> NDArray[np.float64]:
    """A copy of the values as floats. Raises TypeError or ValueError for text, dates, complex numbers, ragged lists."""
    if np.asarray(values).dtype.kind in "cmM":
        raise TypeError("dates and complex numbers are no real numbers")
    return np.array(values, float)


def is_number(value: object) -> bool:
    """Whether this is one real number, of Python or numpy, and not text, a truth value or an array."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_correlation(rho: float, argument: str = "rho", *, low: float = -1.0) -> float:
    """The correlation, if it lies from ``low`` to 1. Raises ModelInputError otherwise."""
    if not (is_number(rho) and low <= rho <= 1):
        raise ModelInputError(f"{argument} must lie between {low:g} and 1; got {rho!r}.")
    return float(rho)


def check_choice(kind: type[Choice], value: str, argument: str) -> Choice:
    """The enum member of this value. Raises ModelInputError with the values that there are."""
    try:
        return kind(value)
    except ValueError:
        raise _none_of(kind, value, argument) from None


def check_one_of(known: Sequence[Name], value: Name, argument: str) -> Name:
    """The value, if it is one of those ``known`` here. Raises ModelInputError with these otherwise."""
    if not isinstance(value, str) or value not in known:
        raise _none_of(known, value, argument)
    return value


def _none_of(known: Iterable[str], value: object, argument: str) -> ModelInputError:
    shown = str(value) if isinstance(value, StrEnum) else value
    return ModelInputError(f"{argument} must be one of {', '.join(known)}; got {shown!r}.")
