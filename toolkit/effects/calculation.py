"""From raw numbers to effect sizes: one call for every measure, with metafor's conventions and rules for zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toolkit.effects import binary, continuous, correlation, rates, single_group
from toolkit.effects.measures import MEASURES, Measure, find_measure
from toolkit.effects.raw import number_columns
from toolkit.errors import ModelInputError, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

ZeroRule = Literal["only0", "all", "if0all", "none"]

_ZERO_RULES = {
    "only0": "tables with a zero cell",
    "all": "all tables",
    "if0all": "all tables, where any has a zero cell",
    "none": "no table",
}


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a measure is computed: the reader of its columns, the formula, and what may be varied.

    ``counts`` are the fields that may be zero and take the correction; ``add`` is the default correction.
    """

    read: Callable[..., Any]
    formula: Callable[..., Any]
    variances: tuple[str, ...] = ("LS",)
    counts: tuple[str, ...] = ()
    add: float = 0.5


_CELLS = ("a", "b", "c", "d")

_RECIPES: dict[str, _Recipe] = {
    "OR": _Recipe(binary.cells, binary.odds_ratio, counts=_CELLS),
    "RR": _Recipe(binary.cells, binary.risk_ratio, counts=_CELLS),
    "RD": _Recipe(binary.cells, binary.risk_difference, ("LS", "UB", "AV"), _CELLS),
    "AS": _Recipe(binary.cells, binary.arcsine_difference, counts=_CELLS, add=0.0),
    "PETO": _Recipe(binary.cells, binary.peto, counts=_CELLS),
    "PHI": _Recipe(binary.cells, binary.phi, ("LS", "ST"), _CELLS, add=0.0),
    "YUQ": _Recipe(binary.cells, binary.yule_q, counts=_CELLS),
    "YUY": _Recipe(binary.cells, binary.yule_y, counts=_CELLS),
    "IRR": _Recipe(rates.rates, rates.rate_ratio, counts=("x_1", "x_2")),
    "IRD": _Recipe(rates.rates, rates.rate_difference, counts=("x_1", "x_2")),
    "IRSD": _Recipe(rates.rates, rates.square_root_rate_difference, counts=("x_1", "x_2"), add=0.0),
    "MD": _Recipe(continuous.two_means, continuous.mean_difference, ("LS", "HO")),
    "SMD": _Recipe(continuous.two_means, continuous.standardised_mean_difference, ("LS", "LS2", "UB", "AV")),
    "SMDH": _Recipe(continuous.two_means, continuous.heteroscedastic_smd, ("LS", "LS2")),
    "ROM": _Recipe(continuous.two_means, continuous.ratio_of_means, ("LS", "HO", "AV", "AVHO")),
    "CVR": _Recipe(continuous.two_means, continuous.coefficient_of_variation_ratio),
    "VR": _Recipe(continuous.two_means, continuous.variability_ratio),
    "COR": _Recipe(correlation.correlations, correlation.raw_correlation, ("LS", "AV")),
    "ZCOR": _Recipe(correlation.correlations, correlation.fisher_z),
    "PR": _Recipe(single_group.counts, single_group.proportion, ("LS", "UB", "AV"), ("x", "m")),
    "PLN": _Recipe(single_group.counts, single_group.log_proportion, ("LS", "AV"), ("x", "m")),
    "PLO": _Recipe(single_group.counts, single_group.logit_proportion, ("LS", "AV"), ("x", "m")),
    "PAS": _Recipe(single_group.counts, single_group.arcsine_proportion, counts=("x", "m"), add=0.0),
    "PFT": _Recipe(single_group.counts, single_group.double_arcsine_proportion, counts=("x", "m"), add=0.0),
    "IR": _Recipe(single_group.rate, single_group.incidence_rate, counts=("x",)),
    "IRLN": _Recipe(single_group.rate, single_group.log_incidence_rate, counts=("x",)),
    "IRS": _Recipe(single_group.rate, single_group.square_root_incidence_rate, counts=("x",), add=0.0),
    "IRFT": _Recipe(single_group.rate, single_group.freeman_tukey_incidence_rate, counts=("x",), add=0.0),
    "MN": _Recipe(single_group.means, single_group.mean),
    "MNLN": _Recipe(single_group.means, single_group.log_mean),
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
    ``events, time`` | ``mean, sd, n`` (``MEASURES[code].raw`` names them).

    Zeros: ``add`` (1/2, but 0 for the measures that are defined at zero: AS PHI IRSD PAS PFT IRS IRFT) is added to
    the counts of the tables that ``to`` names: ``only0`` those with a zero cell, ``all``, ``if0all`` all when any has
    a zero, ``none``. ``drop_double_zero`` leaves two-group tables without events, or with nothing but events, missing.
    ``variance`` chooses the variance formula where a measure has several; the functions of this package name them.

    The frame has the columns ``y`` and ``v``, the index of the first pandas column that was given, and in ``attrs``
    the measure, the variance type, ``zero_cells`` (rule, add, rows changed) and ``missing`` (row -> reason: what is
    missing or cannot be computed is NaN there). The conventions are those of metafor's ``escalc`` 3.8.

    Raises ModelInputError for unknown or absent columns, text, different lengths and impossible numbers.
    """
    found = find_measure(measure)
    _check_names(found, raw)
    recipe = _RECIPES[measure]
    if variance not in recipe.variances:
        raise ModelInputError(f"{measure} has the variance types {', '.join(recipe.variances)}; got {variance!r}.")
    columns = number_columns(raw)
    group = recipe.read(columns)
    double_zero = _double_zero(group) if drop_double_zero and recipe.counts else np.zeros(_rows(group), bool)
    amount = recipe.add if add is None else float(add)
    group, changed = _correct_zeros(group, recipe.counts, amount, to, double_zero)
    with np.errstate(divide="ignore", invalid="ignore"):
        y, v = recipe.formula(group, variance) if len(recipe.variances) > 1 else recipe.formula(group)
    y, v = _finite_or_missing(y, v, double_zero)
    return _frame(found, raw, y, v, variance, _zero_record(recipe, amount, to, changed), _reasons(columns, y, v))


def _check_names(measure: Measure, raw: dict[str, ArrayLike]) -> None:
    if not measure.raw:
        raise ModelInputError(
            f"{measure.name} ({measure.code}) is taken as reported: use from_interval or from_standard_error."
        )
    unknown = [name for name in raw if name not in measure.raw]
    # Means do no harm to a measure of spread, and a table of means is often given whole.
    if measure.code == "VR":
        unknown = [name for name in unknown if name not in MEASURES["MD"].raw]
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


def _double_zero(group: Any) -> NDArray[np.bool_]:
    """Two-group tables in which nobody, or everybody, had the event: they say nothing about a ratio."""
    if isinstance(group, binary.Cells):
        return ((group.a == 0) & (group.c == 0)) | ((group.b == 0) & (group.d == 0))
    if isinstance(group, rates.Rates):
        return (group.x_1 == 0) & (group.x_2 == 0)
    return np.zeros(_rows(group), bool)


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
    return np.where(lost, np.nan, y), np.where(lost, np.nan, v)


def _zero_record(recipe: _Recipe, add: float, to: str, changed: NDArray[np.bool_]) -> dict[str, Any]:
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
