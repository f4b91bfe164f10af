"""The Doi plot's coordinates and the LFK index of its asymmetry (Furuya-Kanamori et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from toolkit.meta.display import Shown, number, studies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.results import MetaResult

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class DoiPlot(Shown):
    """Coordinates of a Doi plot, in the order of the effects, and the LFK index.

    ``y`` the effects on the analysis scale and ``z`` their normal scores, both of shape (k,); the plot shows the
    absolute scores against the effects. ``lfk`` is None, and ``reason`` says why, where it cannot be computed.
    """

    labels: tuple[str, ...]
    y: Array
    z: Array
    lfk: float | None
    reason: str = ""

    @property
    def asymmetry(self) -> str:
        """In words: none to |LFK| = 1, minor to 2, major beyond (the authors' limits)."""
        if self.lfk is None:
            return "unknown"
        return "none" if abs(self.lfk) <= 1 else "minor" if abs(self.lfk) <= 2 else "major"

    def to_frame(self) -> pd.DataFrame:
        """A row a study, in the order of the effects: y, z and absolute_z."""
        import pandas as pd

        index = pd.Index(self.labels, name="label")
        return pd.DataFrame({"y": self.y, "z": self.z, "absolute_z": np.abs(self.z)}, index=index)

    def _title(self) -> str:
        return f"Doi plot of {studies(len(self.y))}"

    def _lines(self) -> list[tuple[str, str]]:
        if self.reason:
            return [("Not available", self.reason)]
        return [("LFK index", number(self.lfk, 3)), ("Asymmetry", self.asymmetry)]


def doi_plot(result: MetaResult) -> DoiPlot:
    """Doi plot and LFK index of the studies of a fit (Furuya-Kanamori et al. 2018, Int J Evid Based Healthc 16:195).

    The studies are put in the order of their effects; each gets 100 max(v) / v places, and its score is the normal
    quantile of the middle of its places. Only y and v of the fit are used. The index is not a test: its size depends on
    the number of studies, and it does not tell small-study effects reliably (Schwarzer et al. 2024, Res Synth Methods
    15:603).
    """
    order = np.argsort(result.y, kind="stable")
    y, v = result.y[order], result.v[order]
    labels = tuple(result.labels[row] for row in order)
    places = 100 * v.max() / v
    z = ndtri((np.cumsum(places) - places / 2 - 0.5) / places.sum())
    middle = y - y[np.argmin(np.abs(z))]
    width = np.ptp(middle)
    if width == 0:
        reason = "All effects are equal, so there is no asymmetry to speak of." if len(y) > 1 else "There is one study."
        return DoiPlot(labels, y, z, None, reason)
    return DoiPlot(labels, y, z, float(2.5 * np.mean(z + np.ptp(z) / width * middle)))
