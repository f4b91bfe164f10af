"""Effect sizes: raw or printed numbers to an effect ``y`` and its sampling variance ``v`` on the analysis scale."""

from toolkit.effects.calculation import effect_sizes
from toolkit.effects.conversions import (
    Conversion,
    correlation_to_smd,
    odds_ratio_to_risk_ratio,
    odds_ratio_to_smd,
    risk_ratio_to_odds_ratio,
    smd_to_correlation,
    smd_to_odds_ratio,
)
from toolkit.effects.convert import from_interval, from_p_value, from_standard_error, from_statistic
from toolkit.effects.five_numbers import means_from_quantiles
from toolkit.effects.margins import table_from_margins
from toolkit.effects.measures import MEASURES, Group, Measure, Scale, find_measure
from toolkit.effects.plausibility import ImplausibleEffectWarning
from toolkit.effects.spreads import sd_from_difference, sd_from_interval, sd_from_standard_error

__all__ = [
    "MEASURES",
    "Conversion",
    "Group",
    "ImplausibleEffectWarning",
    "Measure",
    "Scale",
    "correlation_to_smd",
    "effect_sizes",
    "find_measure",
    "from_interval",
    "from_p_value",
    "from_standard_error",
    "from_statistic",
    "means_from_quantiles",
    "odds_ratio_to_risk_ratio",
    "odds_ratio_to_smd",
    "risk_ratio_to_odds_ratio",
    "sd_from_difference",
    "sd_from_interval",
    "sd_from_standard_error",
    "smd_to_correlation",
    "smd_to_odds_ratio",
    "table_from_margins",
]
