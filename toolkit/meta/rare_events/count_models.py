"""Which mixed models there are of which counts, and the distributions and linear predictors that make them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from toolkit.errors import ModelInputError
from toolkit.meta.rare_events.count_terms import Binomial, NoncentralHypergeometric, Poisson
from toolkit.meta.rare_events.mixed_likelihood import Term
from toolkit.meta.settings import check_choice, check_one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


class CountModel(StrEnum):
    """Models of two groups, by metafor's codes.

    ``UM.FS`` unconditional, with a fixed effect of each study's baseline; ``UM.RS`` with normally distributed
    baselines, by Laplace's approximation; ``CM.EL`` conditional on the events of both groups, with the exact
    (noncentral hypergeometric, or binomial for rates) likelihood; ``CM.AL`` the same for odds ratios with a binomial
    approximation that is good for rare events (Stijnen, Hamza and Ozdemir 2010, Stat Med 29:3046).
    """

    UM_FS = "UM.FS"
    UM_RS = "UM.RS"
    CM_EL = "CM.EL"
    CM_AL = "CM.AL"


UNCONDITIONAL = (CountModel.UM_FS, CountModel.UM_RS)
_MODELS = {
    "OR": (*UNCONDITIONAL, CountModel.CM_EL, CountModel.CM_AL),
    "IRR": (*UNCONDITIONAL, CountModel.CM_EL),
    "PLO": (),
    "IRLN": (),
}


def check_model(measure: str, model: str | None) -> CountModel | None:
    """The model that is meant, UM.FS by default; None for a single group.

    Raises ModelInputError for a measure without mixed models, and for a model that the measure does not have.
    """
    known = _MODELS[check_one_of(tuple(_MODELS), measure, "measure")]
    if not known:
        if model is not None:
            raise ModelInputError(f"{measure} is of a single group and has no model to choose; got {model!r}.")
        return None
    chosen = known[0] if model is None else check_choice(CountModel, model, "model")
    if chosen not in known:
        raise ModelInputError(f"{measure} can be fitted by {', '.join(known)}; got {model!r}.")
    return chosen


def terms_of(measure: str, model: CountModel | None, frame: dict[str, Array]) -> list[Term]:
    """The distributions of the counts (k,), one, or one a group where the model is unconditional."""
    zeros = np.zeros(len(next(iter(frame.values()))))
    if measure == "PLO":
        return [Term(Binomial(frame["events"], frame["total"]), zeros, 0.0, 1.0)]
    if measure == "IRLN":
        return [Term(Poisson(frame["events"]), np.log(frame["time"]), 0.0, 1.0)]
    first, size_1, second, size_2 = _two_groups(frame)
    if model == CountModel.CM_EL and measure == "OR":
        return [Term(NoncentralHypergeometric.of(first, size_1, second, size_2), zeros, 0.0, 1.0)]
    if model not in UNCONDITIONAL:
        return [Term(Binomial(first, first + second), np.log(size_1) - np.log(size_2), 0.0, 1.0)]
    if measure == "OR":
        return [
            Term(Binomial(events, total), zeros, 1.0, share)
            for events, total, share in ((first, size_1, 0.5), (second, size_2, -0.5))
        ]
    return [
        Term(Poisson(events), np.log(time), 1.0, share)
        for events, time, share in ((first, size_1, 0.5), (second, size_2, -0.5))
    ]


def baselines_of(measure: str, frame: dict[str, Array]) -> Array:
    """The studies' baselines (k,) on the scale of the linear predictor, both groups together, never infinite."""
    first, size_1, second, size_2 = _two_groups(frame)
    events, size = first + second + 0.5, size_1 + size_2
    return np.log(events / size if measure == "IRR" else events / (size + 0.5 - first - second))


def _two_groups(frame: dict[str, Array]) -> tuple[Array, Array, Array, Array]:
    sizes = [frame[name] for name in frame if not name.startswith("events")]
    return frame["events_1"], sizes[0], frame["events_2"], sizes[1]
