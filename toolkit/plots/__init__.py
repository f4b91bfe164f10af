"""Plots: each takes results and ``ax=None``, draws, and gives the axes back; none computes a statistic."""

from toolkit.plots.effect_direction import effect_direction
from toolkit.plots.evidence import draw
from toolkit.plots.forest import ReferenceRow, forest
from toolkit.plots.funnel import funnel
from toolkit.plots.save import alt_text, close, save

__all__ = ["ReferenceRow", "alt_text", "close", "draw", "effect_direction", "forest", "funnel", "save"]
