"""Effect sizes that are possible and hardly believable: a warning where a mistake in the raw numbers is likely."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Groups three standard deviations apart share hardly a person. Few interventions do that; dividing a standard
# deviation by the root of the group size, which makes it a standard error, does.
LARGEST_BELIEVABLE = 3.0

_STANDARDISED = frozenset({"SMD", "SMDH", "SMD1", "SMD1H", "SMCC", "SMCR", "SMCRH", "D2OR", "D2ORL", "D2ORN"})


class ImplausibleEffectWarning(UserWarning):
    """Effect sizes look as if standard errors had been entered as standard deviations."""


def warn_of_standard_errors(measure: str, group: Any) -> str:
    """Warn of standardised mean differences beyond ±3, in which standard errors may stand for standard deviations.

    ``group`` are the means, standard deviations and sizes of the measure. The text is returned, empty if there is
    nothing to say.
    """
    if measure not in _STANDARDISED:
        return ""
    d, n = _difference(measure, group)
    rows = np.flatnonzero(np.abs(d) > LARGEST_BELIEVABLE)
    if not len(rows):
        return ""
    shown = ", ".join(f"{d[row]:.1f} in row {row} ({d[row] / np.sqrt(n[row]):.2f} if so)" for row in rows[:5])
    more = f" and {len(rows) - 5} more rows" if len(rows) > 5 else ""
    text = (
        f"Standardised differences beyond {LARGEST_BELIEVABLE:g}: {shown}{more}. Check that standard errors were not "
        "entered as standard deviations (sd_from_standard_error converts them)."
    )
    warnings.warn(text, ImplausibleEffectWarning, stacklevel=3)
    return text


def _difference(measure: str, group: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean difference in standard deviations, and the size by which one would have been divided."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure.startswith("SMC"):
            return (group.mean_1 - group.mean_2) / group.sd_1, group.n
        sd = group.sd_2 if measure.startswith("SMD1") else group.pooled_sd
        size = group.n_2 if measure.startswith("SMD1") else (group.n_1 + group.n_2) / 2
        return (group.mean_1 - group.mean_2) / sd, size
