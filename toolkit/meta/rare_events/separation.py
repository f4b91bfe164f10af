"""Whether counts bound an effect: where they do not, the likelihood rises for ever in some direction.

Albert and Anderson (1984, Biometrika 71:1) for logistic models: an estimate is infinite where a direction of the
coefficients leads all studies whose events are as few, or as many, as can be further to their side, and moves no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.rare_events.count_models import CountModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Edges(NamedTuple):
    """Which counts (m,) are as few, and which as many, as can be."""

    few: Flags
    many: Flags


def group_edges(frame: dict[str, Array]) -> list[Edges]:
    """The edges of each group's counts by themselves."""
    edges = []
    for name, size in (("events", "total"), ("events_1", "total_1"), ("events_2", "total_2")):
        if name in frame:
            all_had_it = frame[name] == frame[size] if size in frame else np.zeros(len(frame[name]), bool)
            edges.append(Edges(frame[name] == 0, all_had_it))
    return edges


def effect_edges(frame: dict[str, Array]) -> Edges:
    """The edges of the effects: studies whose own ratio (or odds, or rate) is 0, and those where it is infinite."""
    first, *second = group_edges(frame)
    if not second:
        return first
    return Edges(first.few | second[0].many, first.many | second[0].few)


def refuse_separation(
    measure: str, model: CountModel | None, frame: dict[str, Array], x: Array, terms: tuple[str, ...]
) -> None:
    """Raise ModelInputError where no maximum of the likelihood bounds the effects of this model matrix (k, p)."""
    edges, of_mean = effect_edges(frame), np.allclose(x, 1.0)
    if model == CountModel.UM_RS:  # the studies share a baseline
        ones, groups = np.ones((len(x), 1)), group_edges(frame)
        x = np.block([[ones, x], [ones, np.zeros_like(x)]])
        edges = Edges(*(np.concatenate(sides) for sides in zip(*groups, strict=True)))
    on_one_side = bool(edges.few.all() or edges.many.all())
    if not (on_one_side if np.allclose(x, 1.0) else _rises_for_ever(x, edges)):  # a mean needs no search
        return
    other = {"PLO": "Pool the risk itself", "IRLN": "Pool the rate itself", "IRR": "Pool the rate difference"}
    remedy = other.get(measure, "Pool the risk difference, or use peto")
    if of_mean:
        raise ModelInputError(
            f"{measure} has no finite estimate: in all studies that tell something of it a group's events are as few, "
            f"or as many, as can be. {remedy}."
        )
    raise ModelInputError(
        f"The counts do not bound {', '.join(terms)}: studies that these set apart have no events, or nothing but "
        f"events, in a group, so that an effect is infinite. Use fewer moderators. {remedy}."
    )


def _rises_for_ever(x: Array, edges: Edges) -> bool:
    """Whether there is a direction as the module describes it, by linear programming."""
    from scipy.optimize import linprog  # here: 0.1 s that most fits do not need

    edge = edges.few | edges.many
    if not edge.any():
        return False
    outwards = np.where(edges.many, 1.0, -1.0)[edge, None] * x[edge]
    inside = x[~edge]
    found = linprog(
        -outwards.sum(0),
        A_ub=-outwards,
        b_ub=np.zeros(len(outwards)),
        A_eq=inside if len(inside) else None,
        b_eq=np.zeros(len(inside)) if len(inside) else None,
        bounds=(-1.0, 1.0),
    )
    return bool(-found.fun > 1e-8)
