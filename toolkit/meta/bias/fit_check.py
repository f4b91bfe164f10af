"""Which fits the methods of this room take: of independent effects, for most of them of a mean, and what they need."""

from __future__ import annotations

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.rank import is_constant
from toolkit.meta.results import MetaResult


def check_fit(result: object, method: str) -> None:
    """Raise ModelInputError, in the name of ``method``, for all but a fit of random_effects or regression."""
    if not isinstance(result, MetaResult):
        raise ModelInputError(
            f"{method} takes a fit of random_effects or regression; got a value of type {type(result).__name__}. Fit "
            "the effects first, as random_effects(y, v); dependent effects are made one a study by aggregate."
        )


def check_mean(result: object, method: str, instead: str = "") -> None:
    """Raise ModelInputError for what :func:`check_fit` refuses, and for a fit with moderators."""
    check_fit(result, method)
    if result.x is not None:
        raise ModelInputError(f"{method} is for a mean; this model has moderators.{instead}")


def check_precision_varies(result: MetaResult) -> None:
    """Raise ModelInputError for studies that all have the same standard error but for rounding."""
    if is_constant(np.sqrt(result.v)):
        raise ModelInputError("All studies have the same standard error: nothing can depend on it.")
