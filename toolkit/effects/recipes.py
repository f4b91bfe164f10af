"""How each measure is computed: the reader of its raw numbers, its formula and its variants."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from toolkit.effects import binary, change, continuous, correlation, latent, matched, rates, reliability, single_group
from toolkit.effects.tetrachoric import tetrachoric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a measure is computed: the reader of its columns, the formula, and what may be varied.

    ``counts`` are the fields that may be zero and take the correction; ``add`` is the default correction. ``also``
    names columns that are not needed and do no harm, because a table of raw numbers is often given whole.
    """

    read: Callable[..., Any]
    formula: Callable[..., Any]
    variances: tuple[str, ...] = ("LS",)
    counts: tuple[str, ...] = ()
    add: float = 0.5
    also: tuple[str, ...] = ()


_CELLS = ("a", "b", "c", "d")
_PAIRS = matched.Pairs._fields

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "OR": Recipe(binary.cells, binary.odds_ratio, counts=_CELLS),
        "RR": Recipe(binary.cells, binary.risk_ratio, counts=_CELLS),
        "RD": Recipe(binary.cells, binary.risk_difference, ("LS", "UB", "AV"), _CELLS),
        "AS": Recipe(binary.cells, binary.arcsine_difference, counts=_CELLS, add=0.0),
        "PETO": Recipe(binary.cells, binary.peto, counts=_CELLS),
        "PHI": Recipe(binary.cells, binary.phi, ("LS", "ST", "CS"), _CELLS, add=0.0),
        "YUQ": Recipe(binary.cells, binary.yule_q, counts=_CELLS),
        "YUY": Recipe(binary.cells, binary.yule_y, counts=_CELLS),
        "RTET": Recipe(binary.cells, tetrachoric, counts=_CELLS, add=0.0),
        "PBIT": Recipe(binary.cells, latent.probit_difference, counts=_CELLS),
        "OR2D": Recipe(binary.cells, latent.logistic_d, counts=_CELLS),
        "OR2DL": Recipe(binary.cells, latent.logistic_d, counts=_CELLS),
        "OR2DN": Recipe(binary.cells, latent.normal_d, counts=_CELLS),
        "MPRD": Recipe(matched.pairs, matched.risk_difference, counts=_PAIRS),
        "MPRR": Recipe(matched.pairs, matched.risk_ratio, counts=_PAIRS),
        "MPOR": Recipe(matched.pairs, matched.marginal_odds_ratio, counts=_PAIRS),
        "MPORC": Recipe(matched.pairs, matched.conditional_odds_ratio, counts=_PAIRS),
        "MPPETO": Recipe(matched.pairs, matched.peto, counts=_PAIRS),
        "MPORM": Recipe(matched.correlated_cells, matched.marginal_odds_ratio_from_margins, counts=_CELLS),
        "IRR": Recipe(rates.rates, rates.rate_ratio, counts=("x_1", "x_2")),
        "IRD": Recipe(rates.rates, rates.rate_difference, counts=("x_1", "x_2")),
        "IRSD": Recipe(rates.rates, rates.square_root_rate_difference, counts=("x_1", "x_2"), add=0.0),
        "MD": Recipe(continuous.two_means, continuous.mean_difference, ("LS", "HO")),
        "SMD": Recipe(continuous.two_means, continuous.standardised_mean_difference, ("LS", "LS2", "UB", "AV")),
        "SMDH": Recipe(continuous.two_means, continuous.heteroscedastic_smd, ("LS", "LS2")),
        "SMD1": Recipe(continuous.two_means, continuous.smd_of_group_2, ("LS", "LS2", "UB", "AV"), also=("sd_1",)),
        "SMD1H": Recipe(continuous.two_means, continuous.heteroscedastic_smd_of_group_2),
        "ROM": Recipe(continuous.two_means, continuous.ratio_of_means, ("LS", "HO", "AV", "AVHO")),
        "CVR": Recipe(continuous.two_means, continuous.coefficient_of_variation_ratio),
        "VR": Recipe(continuous.two_means, continuous.variability_ratio, also=("mean_1", "mean_2")),
        "RPB": Recipe(continuous.two_means, latent.point_biserial, ("LS", "ST", "CS")),
        "RBIS": Recipe(continuous.two_means, latent.biserial),
        "D2OR": Recipe(continuous.two_means, latent.logistic_odds_ratio),
        "D2ORL": Recipe(continuous.two_means, latent.logistic_odds_ratio),
        "D2ORN": Recipe(continuous.two_means, latent.normal_odds_ratio),
        "MC": Recipe(change.two_times, change.mean_change),
        "SMCC": Recipe(change.two_times, change.change_score_standardised, ("LS", "LS2")),
        "SMCR": Recipe(change.two_times, change.raw_score_standardised, ("LS", "LS2"), also=("sd_2",)),
        "SMCRH": Recipe(change.two_times, change.raw_score_standardised_heteroscedastic),
        "ROMC": Recipe(change.two_times, change.ratio_of_means),
        "CVRC": Recipe(change.two_times, change.coefficient_of_variation_ratio),
        "VRC": Recipe(change.two_times, change.variability_ratio, also=("mean_1", "mean_2")),
        "COR": Recipe(correlation.correlations, correlation.raw_correlation, ("LS", "AV")),
        "UCOR": Recipe(correlation.correlations, correlation.unbiased_correlation, ("LS", "UB", "AV")),
        "ZCOR": Recipe(correlation.correlations, correlation.fisher_z),
        "PCOR": Recipe(correlation.regressions, correlation.partial_correlation, ("LS", "AV"), also=("r2",)),
        "ZPCOR": Recipe(correlation.regressions, correlation.partial_fisher_z, also=("r2",)),
        "SPCOR": Recipe(correlation.regressions, correlation.semipartial_correlation, ("LS", "AV")),
        "PR": Recipe(single_group.counts, single_group.proportion, ("LS", "UB", "AV"), ("x", "m")),
        "PLN": Recipe(single_group.counts, single_group.log_proportion, ("LS", "AV"), ("x", "m")),
        "PLO": Recipe(single_group.counts, single_group.logit_proportion, ("LS", "AV"), ("x", "m")),
        "PAS": Recipe(single_group.counts, single_group.arcsine_proportion, counts=("x", "m"), add=0.0),
        "PFT": Recipe(single_group.counts, single_group.double_arcsine_proportion, counts=("x", "m"), add=0.0),
        "IR": Recipe(single_group.rate, single_group.incidence_rate, counts=("x",)),
        "IRLN": Recipe(single_group.rate, single_group.log_incidence_rate, counts=("x",)),
        "IRS": Recipe(single_group.rate, single_group.square_root_incidence_rate, counts=("x",), add=0.0),
        "IRFT": Recipe(single_group.rate, single_group.freeman_tukey_incidence_rate, counts=("x",), add=0.0),
        "MN": Recipe(single_group.means, single_group.mean),
        "MNLN": Recipe(single_group.means, single_group.log_mean),
        "SMN": Recipe(single_group.means, single_group.standardised_mean),
        "SDLN": Recipe(single_group.means, single_group.log_standard_deviation, also=("mean",)),
        "CVLN": Recipe(single_group.means, single_group.log_coefficient_of_variation),
        "REH": Recipe(single_group.genotypes, single_group.excess_heterozygosity),
        "ARAW": Recipe(reliability.alphas, reliability.raw_alpha),
        "AHW": Recipe(reliability.alphas, reliability.cube_root_alpha),
        "ABT": Recipe(reliability.alphas, reliability.log_alpha),
    }
)
