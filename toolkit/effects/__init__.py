"""Effect sizes: raw or printed numbers to an effect ``y`` and its sampling variance ``v`` on the analysis scale."""

from toolkit.effects.calculation import effect_sizes
from toolkit.effects.convert import from_interval, from_standard_error
from toolkit.effects.measures import MEASURES, Group, Measure, Scale, find_measure

__all__ = [
    "MEASURES",
    "Group",
    "Measure",
    "Scale",
    "effect_sizes",
    "find_measure",
    "from_interval",
    "from_standard_error",
]
