"""What may be asked of a model, checked at the door: strings become enums, levels are coverages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from toolkit.errors import ModelInputError

if TYPE_CHECKING:
    from enum import StrEnum

    from toolkit.meta.heterogeneity import Tau2Estimator
    from toolkit.meta.inference import Test

Choice = TypeVar("Choice", bound="StrEnum")


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
        return self.known_tau2 is None and self.estimator != "EE"


class Convergence(NamedTuple):
    """How the search for tau2 ended. ``maxima`` counts the local maxima of the likelihood that were compared."""

    converged: bool
    iterations: int
    maxima: int


def check_settings(tau2: str | float, test: str, level: float) -> Settings:
    """Settings from what a user gives; ``tau2`` names an estimator, or is the known value of tau2.

    Raises ModelInputError with the values that there are.
    """
    from toolkit.meta.heterogeneity import Tau2Estimator
    from toolkit.meta.inference import Test

    test, level = check_choice(Test, test, "test"), check_level(level)
    if isinstance(tau2, str):
        return Settings(check_choice(Tau2Estimator, tau2, "tau2"), test, level)
    if not 0 <= tau2 < float("inf"):
        raise ModelInputError(f"A known tau2 must be a number of 0 or more; got {tau2!r}.")
    return Settings(Tau2Estimator.REML, test, level, float(tau2))


def check_level(level: float) -> float:
    """The level, if it is a coverage between 0 and 1. Raises ModelInputError otherwise (95 in place of 0.95)."""
    if not 0 < level < 1:
        raise ModelInputError(f"level must lie between 0 and 1, as 0.95 for 95% intervals; got {level!r}.")
    return float(level)


def check_choice(kind: type[Choice], value: str, argument: str) -> Choice:
    """The enum member of this value. Raises ModelInputError with the values that there are."""
    try:
        return kind(value)
    except ValueError:
        raise ModelInputError(f"{argument} must be one of {', '.join(kind)}; got {value!r}.") from None
