"""From raw numbers to effect sizes: one call for every measure, with metafor's conventions and rules for zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toolkit.effects import binary, rates
from toolkit.effects.measures import find_measure
from toolkit.effects.plausibility import warn_of_standard_errors
from toolkit.effects.raw import number_columns
from toolkit.effects.recipes import RECIPES
from toolkit.errors import ModelInputError, suggestion

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.effects.measures import Measure
    from toolkit.effects.recipes import Recipe

ZeroRule = Literal["only0", "all", "if0all", "none"]

_ZERO_RULES = {
    "only0": "tables with a zero cell",
    "all": "all tables",
    "if0all": "all tables, where any has a zero cell",
    "none": "no table",
}


def effect_sizes(
    measure: str,
    *,
    add: float | None = None,
    to: ZeroRule = "only0",
    drop_double_zero: bool = False,
    variance: str = "LS",
    **raw: ArrayLike,
) -> pd.DataFrame:
    """Effect sizes and sampling variances from raw numbers, on the analysis scale (log for ratios).

    ``raw`` are the columns that the measure needs, one number a study: ``events_1, total_1, events_2, total_2`` |
    ``mean_1, sd_1, n_1, mean_2, sd_2, n_2`` | ``events_1, time_1, events_2, time_2`` | ``r, n`` | ``events, total`` |
    ``events, time`` | ``mean, sd, n`` | pairs ``both, only_1, only_2, neither`` | change ``mean_1, sd_1, mean_2, sd_2,
    n, r`` | regression ``t, n, predictors, r2`` | ``alpha, items, n`` (``MEASURES[code].raw`` names them).

    Zeros: ``add`` (1/2, but 0 for the measures that are defined at zero: AS PHI RTET IRSD PAS PFT IRS IRFT) is added to
    the counts of the tables that ``to`` names: ``only0`` those with a zero cell, ``all``, ``if0all`` all when any has
    a zero, ``none``. ``drop_double_zero`` leaves two-group tables without events, or with nothing but events, missing.
    ``variance`` chooses the variance formula where a measure has several; the functions of this package name them.

    The frame has the columns ``y`` and ``v``, the index of the first pandas column that was given, and in ``attrs``
    the measure, the variance type, ``zero_cells`` (rule, add, rows changed), ``missing`` (row -> reason: what is
    missing or cannot be computed is NaN there) and ``warning``: standardised differences beyond ±3 warn that standard
    errors may have been entered as standard deviations. The conventions are those of metafor's ``escalc`` 3.8.

    Raises ModelInputError for unknown or absent columns, text, different lengths and impossible numbers.
    """
    found = find_measure(measure)
    _check_names(found, raw)
    recipe = RECIPES[found.code]
    if variance not in recipe.variances:
        raise ModelInputError(f"{measure} has the variance types {', '.join(recipe.variances)}; got {variance!r}.")
    columns = number_columns(raw)
    group = recipe.read(columns)
    warning = warn_of_standard_errors(found.code, group)
    double_zero = _double_zero(found, group) if drop_double_zero else np.zeros(_rows(group), bool)
    amount = recipe.add if add is None else float(add)
    group, changed = _correct_zeros(group, recipe.counts, amount, to, double_zero)
    with np.errstate(divide="ignore", invalid="ignore"):
        y, v = recipe.formula(group, variance) if len(recipe.variances) > 1 else recipe.formula(group)
    y, v = _finite_or_missing(y, v, double_zero)
    frame = _frame(found, raw, y, v, variance, _zero_record(recipe, amount, to, changed), _reasons(columns, y, v))
    frame.attrs["warning"] = warning
    return frame


def _check_names(measure: Measure, raw: dict[str, ArrayLike]) -> None:
    if not measure.raw:
        raise ModelInputError(
            f"{measure.name} ({measure.code}) is taken as reported: use from_interval or from_standard_error."
        )
    unknown = [name for name in raw if name not in measure.raw + RECIPES[measure.code].also]
    if unknown:
        raise ModelInputError(
            f"{measure.code} does not take {', '.join(unknown)}.{suggestion(unknown[0], measure.raw)} "
            f"It needs {', '.join(measure.raw)}."
        )
    absent = [name for name in measure.raw if name not in raw]
    if absent:
        raise ModelInputError(f"{measure.code} needs {', '.join(measure.raw)}; missing: {', '.join(absent)}.")


def _rows(group: Any) -> int:
    return len(group[0])


def _double_zero(measure: Measure, group: Any) -> NDArray[np.bool_]:
    """Two-group tables in which nobody, or everybody, had the event: they say nothing about a ratio."""
    if isinstance(group, binary.Cells):
        return ((group.a == 0) & (group.c == 0)) | ((group.b == 0) & (group.d == 0))
    if isinstance(group, rates.Rates):
        return (group.x_1 == 0) & (group.x_2 == 0)
    raise ModelInputError(f"drop_double_zero is for two independent groups with events; {measure.code} has none.")


def _correct_zeros(
    group: Any, counts: tuple[str, ...], add: float, to: str, dropped: NDArray[np.bool_]
) -> tuple[Any, NDArray[np.bool_]]:
    """The group with ``add`` on the counts of the tables that the rule names, and which tables those are."""
    if to not in _ZERO_RULES:
        raise ModelInputError(f"to must be one of {', '.join(_ZERO_RULES)}; got {to!r}.")
    if not add >= 0:
        raise ModelInputError(f"add must be 0 or more; got {add}.")
    rows = np.zeros(_rows(group), bool)
    if not counts or add == 0:
        return group, rows
    zero = np.any([getattr(group, name) == 0 for name in counts], axis=0) & ~dropped
    match to:
        case "only0":
            rows = zero
        case "all":
            rows = ~dropped
        case "if0all":
            rows = ~dropped if zero.any() else rows
    return group._replace(**{name: getattr(group, name) + np.where(rows, add, 0.0) for name in counts}), rows


def _finite_or_missing(
    y: NDArray[np.float64], v: NDArray[np.float64], dropped: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # A variance alone may be missing (a correlation in a sample of three); an effect alone may not.
    lost = ~np.isfinite(y) | np.isinf(v) | dropped
    return np.where(lost, np.nan, y), np.where(lost | (v < 0), np.nan, v)


def _zero_record(recipe: Recipe, add: float, to: str, changed: NDArray[np.bool_]) -> dict[str, Any]:
    rule = f"{add:g} added to the counts of {_ZERO_RULES[to]}" if recipe.counts and add else "nothing added"
    return {"rule": rule, "add": add, "to": to, "rows": np.flatnonzero(changed).tolist()}


def _reasons(columns: dict[str, NDArray[np.float64]], y: NDArray[np.float64], v: NDArray[np.float64]) -> dict[int, str]:
    """Why a row has no effect size: the columns that are empty, or a value from which none can be computed."""
    reasons = {}
    for row in np.flatnonzero(np.isnan(y) | np.isnan(v)).tolist():
        empty = [name for name, column in columns.items() if np.isnan(column[row])]
        values = ", ".join(f"{name} = {column[row]:g}" for name, column in columns.items())
        reasons[row] = f"{', '.join(empty)} missing" if empty else f"cannot be computed from {values}"
    return reasons


def _frame(
    measure: Measure,
    raw: dict[str, ArrayLike],
    y: NDArray[np.float64],
    v: NDArray[np.float64],
    variance: str,
    zero_cells: dict[str, Any],
    missing: dict[int, str],
) -> pd.DataFrame:
    import pandas as pd  # here, so that the arithmetic can be had without the half second that pandas takes

    index = next((column.index for column in raw.values() if isinstance(column, pd.Series)), None)
    frame = pd.DataFrame({"y": y, "v": v}, index=index)
    frame.attrs.update(
        measure=measure.code, scale=str(measure.scale), variance=variance, zero_cells=zero_cells, missing=missing
    )
    return frame
