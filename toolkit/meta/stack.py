"""A stack of analyses: one row an analysis, one column a study. A single meta-analysis is a stack of one row.

The engine is written once for stacks, so that a batch, a permutation test or a leave-one-out costs a few array
operations in place of a loop over models. Shapes: n analyses, k studies, p coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from toolkit.meta.projection import DesignProjection, MeanProjection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from toolkit.meta.projection import Projection

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stack:
    """Effects ``y`` and variances ``v`` of shape (n, k), and what is fitted to them.

    ``x`` is the model matrix of shape (n, k, p) or (1, k, p), or None for a mean alone. ``present`` is 1 where a
    study belongs to an analysis and 0 where not (there, any finite y and positive v will do); None when all belong.
    ``given`` are weights of the user's own, of shape (n, k), None for inverse-variance weights.
    """

    y: Array
    v: Array
    x: Array | None = None
    present: Array | None = None
    given: Array | None = None

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return 1 if self.x is None else self.x.shape[-1]

    @cached_property
    def k(self) -> Array:
        """Number of studies in each analysis, shape (n,)."""
        if self.present is None:
            return np.full(self.y.shape[:-1], float(self.y.shape[-1]))
        return np.add.reduce(self.present, -1)

    @cached_property
    def df(self) -> Array:
        """Residual degrees of freedom k - p of each analysis, shape (n,)."""
        return self.k - self.p

    def weights(self, tau2: Array | float) -> Array:
        """Inverse variances 1 / (v + tau2), 0 for absent studies; ``tau2`` has a value an analysis."""
        w = 1.0 / (self.v + np.asarray(tau2)[..., None])
        return w if self.present is None else w * self.present

    def given_weights(self) -> Array | None:
        """The user's weights, 0 for absent studies, or None."""
        return self.given if self.given is None or self.present is None else self.given * self.present

    def project(self, w: Array) -> Projection:
        """The projection of the weighted model (see :mod:`toolkit.meta.projection`)."""
        return MeanProjection(w) if self.x is None else DesignProjection(w, self.x)

    def take(self, rows: NDArray[np.intp]) -> Stack:
        """The analyses at these positions; a position may repeat."""
        if len(self.y) == len(rows) == 1:
            return self
        x = self.x if self.x is None or self.x.shape[0] == 1 else self.x[rows]
        present, given = (None if part is None else part[rows] for part in (self.present, self.given))
        return Stack(self.y[rows], self.v[rows], x, present, given)

    def only(self) -> Stack:
        """The one analysis of a stack of one, without the axis of analyses: numbers in place of arrays (1,)."""
        parts = (self.y, self.v, self.x, self.present, self.given)
        return Stack(*(None if part is None else part[0] for part in parts))

    def subsets(self, included: NDArray[np.bool_]) -> Stack:
        """This one analysis (n = 1) of the studies in each row of ``included`` (m, k): a stack of m analyses."""
        y, v, given = (
            None if part is None else np.broadcast_to(part, included.shape) for part in (self.y, self.v, self.given)
        )
        return Stack(y, v, self.x, included.astype(float), given)

    def with_effects(self, effects: Array, x: Array | None = None) -> Stack:
        """This one analysis (n = 1) with the effects in each row (m, k), and a model matrix ``x`` each if given."""
        v, given = (None if part is None else np.broadcast_to(part, effects.shape) for part in (self.v, self.given))
        return Stack(effects, v, self.x if x is None else x, given=given)

    def at(self, tau2: Array | float) -> Stack:
        """The same with v + tau2 for variances, and so with a tau2 of 0; a value for all studies, or one a study."""
        return replace(self, v=self.v + tau2)

    def widen(self) -> Stack:
        """The same with an axis for trial values between analyses and studies: (n, 1, k)."""
        parts = (self.y, self.v, self.x, self.present, self.given)
        return Stack(*(None if part is None else part[:, None] for part in parts))

    @cached_property
    def at_zero(self) -> Projection:
        """The projection at tau2 = 0, with inverse-variance weights."""
        return self.project(self.weights(0.0))

    @property
    def unweighted(self) -> Projection:
        """The projection with equal weights."""
        return self.project(np.ones_like(self.v) if self.present is None else self.present)

    def smallest_variance(self) -> Array:
        """The smallest variance in each analysis, shape (n,)."""
        v = self.v if self.present is None else np.where(self.present > 0, self.v, np.inf)
        return np.minimum.reduce(v, -1)

    def largest_variance(self) -> Array:
        """The largest variance in each analysis, shape (n,)."""
        return np.maximum.reduce(self.v if self.present is None else self.v * self.present, -1)

    def sum_log_variances(self, tau2: Array | float) -> Array:
        """The sum of log(v + tau2) over the studies of each analysis, shape (n,)."""
        logs = np.log(self.v + np.asarray(tau2)[..., None])
        return np.add.reduce(logs if self.present is None else logs * self.present, -1)
