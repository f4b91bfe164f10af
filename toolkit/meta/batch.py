"""Tens of thousands of meta-analyses in one call: simulations, re-analyses of whole libraries, voxels, multiverses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.settings import Test, check_settings
from toolkit.meta.stack import Stack
from toolkit.meta.stack_fit import StackFit, fit_many, usable_test

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.settings import Settings

    Array = NDArray[np.float64]


def batch(
    y: ArrayLike,
    v: ArrayLike,
    *,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Pool each row of ``y`` as :func:`random_effects` would, all rows at once.

    ``y`` (analyses, k) holds effects on the analysis scale (log for ratios) and NaN where an analysis has no such
    study; ``v`` their sampling variances, of the same shape, or of shape (k,) where all analyses share them. What
    stands in ``v`` beside a missing effect is not read. ``tau2``, ``test`` and ``level`` are those of
    :func:`random_effects`. ``jobs`` spreads work of more than a million cells over processes (see :func:`fit_many`);
    memory grows with the size of ``y`` alone.

    Gives a row an analysis (under the index of ``y``, if that is a DataFrame): k, estimate, se, statistic, df, p_value,
    ci_low, ci_high, tau2, tau2_se, i2 (percent), h2, q, q_df, q_p, test and reason. ``test`` is the one that was used:
    z for a single study, and in place of Knapp and Hartung's for a common effect; ``df`` is missing there. ``tau2_se``
    is missing where tau2 was not estimated. ``reason`` says why an analysis has no numbers, and is empty where it has.

    Raises ModelInputError for text, for shapes that do not go together, and for an estimator that needs weights.
    """
    settings = check_settings(tau2, test, level)
    effects, variances = _matrices(y, v)
    fit = fit_many(_masked_stack, (effects, variances), effects.shape[1], settings, jobs=jobs)
    return _frame(fit, _reasons(fit, effects, variances), settings, getattr(y, "index", None))


def _matrices(y: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    found = []
    for name, values in (("y", y), ("v", v)):
        try:
            found.append(np.asarray(values, dtype=float))
        except (TypeError, ValueError):
            raise ModelInputError(
                f"{name} must hold one number a study and NaN for an absent one; it holds text, or rows of different "
                "lengths. Replace the text by numbers, and fill up short rows with NaN."
            ) from None
    effects, variances = found
    if effects.ndim != 2 or not effects.size:
        raise ModelInputError(
            f"y must have the shape (analyses, k) with at least one of each; its shape is {effects.shape}. "
            "For a single meta-analysis use random_effects."
        )
    if variances.shape not in (effects.shape, effects.shape[1:]):
        raise ModelInputError(
            f"v must have the shape of y, {effects.shape}, or {effects.shape[1:]} where all analyses share the "
            f"variances; its shape is {variances.shape}."
        )
    return effects, np.broadcast_to(variances, effects.shape)


def _usable(y: Array, v: Array) -> NDArray[np.bool_]:
    return np.isfinite(y) & np.isfinite(v) & (v > 0)


def _masked_stack(y: Array, v: Array) -> Stack:
    """The analyses with their usable studies; those with numbers that cannot be used are emptied."""
    usable = _usable(y, v)
    if usable.all():
        return Stack(y, v)
    spoilt = (~usable & ~np.isnan(y)).any(1)
    present = usable & ~spoilt[:, None]
    return Stack(np.where(present, y, 0.0), np.where(present, v, 1.0), None, present.astype(float))


def _reasons(fit: StackFit, y: Array, v: Array) -> NDArray[np.object_]:
    """Why analyses have no fit; for numbers that cannot be used with the first of them and its column (0-based)."""
    reasons = fit.reason.astype(str).astype(object)
    for row in np.flatnonzero(fit.k == 0):
        wrong = np.flatnonzero(~_usable(y[row], v[row]) & ~np.isnan(y[row]))
        if len(wrong):
            column = wrong[0]
            if np.isinf(y[row, column]):
                reasons[row] = f"y is infinite in column {column}: correct it, or set it to NaN to leave the study out."
            elif not np.isfinite(v[row, column]):
                reasons[row] = f"v is missing or infinite in column {column}: set y to NaN to leave the study out."
            else:
                reasons[row] = f"v must be above 0, and is {v[row, column]:g} in column {column}."
    return reasons


def _frame(fit: StackFit, reasons: NDArray[np.object_], settings: Settings, index: pd.Index | None) -> pd.DataFrame:
    import pandas as pd

    test = np.where(np.isinf(fit.df), str(Test.Z), str(usable_test(settings)))
    return pd.DataFrame(fit.columns(settings.level) | {"test": test, "reason": reasons}, index=index)
