"""Meta-analysis on arrays: models that pool effects, and what can be said where none can be pooled.

>>> from toolkit import meta
>>> result = meta.random_effects([0.1, 0.3, 0.5], [0.02, 0.03, 0.05])
>>> round(result.estimate, 3)
0.252

Nothing here knows of records, files or plots. Effects ``y`` and sampling variances ``v`` are on the analysis scale.
"""

from importlib import import_module

from toolkit.meta.batch import batch
from toolkit.meta.comparison import Criterion, LikelihoodRatioTest, ModelSet, likelihood_ratio_test, model_set
from toolkit.meta.intervals import HeterogeneityInterval, IntervalMethod, PredictionInterval, PredictionMethod
from toolkit.meta.likelihood import InformationCriteria
from toolkit.meta.location_scale import LocationScale, location_scale
from toolkit.meta.predictive import ShareBeyond, Side, share_beyond
from toolkit.meta.random_effects import inverse_variance_heterogeneity, random_effects
from toolkit.meta.regression import regression
from toolkit.meta.regression_result import MetaRegression
from toolkit.meta.results import MetaResult
from toolkit.meta.scale_likelihood import Link
from toolkit.meta.settings import Convergence, Settings, Tau2Estimator, Test
from toolkit.meta.subgroups import Subgroups, subgroups

# Loaded when they are first asked for, so that a first result is quick: the module of each room, and its names.
_LATER = {
    "bayes.bayes_factor": "BayesFactor",
    "bayes.distribution": "IntervalKind NormalMixture",
    "bayes.heterogeneity_posterior": "HeterogeneityPosterior",
    "bayes.model": "bayesian",
    "bayes.model_average": "ModelAverage bayesian_model_average",
    "bayes.prior_sensitivity": "PriorSensitivity prior_sensitivity",
    "bayes.priors": "Exponential Flat HalfCauchy HalfNormal HalfT InverseGamma Jeffreys LogNormal Normal Uniform",
    "bayes.result": "BayesianResult",
    "bias.adequate_power": "AdequatePower weighted_average_adequate_power",
    "bias.affirmative": "PublicationBiasSensitivity publication_bias_sensitivity",
    "bias.anderson_rubin": "AndersonRubinInterval",
    "bias.asymmetry": "Egger Predictor RankTest RegressionModel egger rank_test",
    "bias.bias_checks": "BiasMethod",
    "bias.bias_panel": "BiasCheck BiasPanel bias_panel",
    "bias.copas_fits": "CopasPoint",
    "bias.copas_model": "CopasModel copas_model",
    "bias.counts_asymmetry": "CountAsymmetry CountTest asymmetry_of_counts",
    "bias.endogenous_kink": "EndogenousKink endogenous_kink",
    "bias.excess_significance": "ExcessSignificance ExcessTest excess_significance",
    "bias.fail_safe": "FailSafe FailSafeN failsafe_n",
    "bias.henmi_copas": "HenmiCopas henmi_copas",
    "bias.instrumented_variances": "FirstStage InstrumentedVariances",
    "bias.limit_meta_analysis": "LimitEstimate LimitMetaAnalysis limit_meta_analysis",
    "bias.maive": "maive",
    "bias.maive_result": "Maive MaiveMethod MaiveWeights SecondStage",
    "bias.p_curve": "PCurve p_curve",
    "bias.p_uniform_star": "PUniformStar p_uniform_star",
    "bias.pet_peese": "ConditionalEstimate PetPeese pet_peese",
    "bias.robust_line": "RobustLine",
    "bias.selection_model": "selection_model",
    "bias.selection_result": "SelectionModel",
    "bias.trim_and_fill": "MissingEstimator MissingSide TrimAndFill trim_and_fill",
    "bias.weight_functions": "Weight",
    "bias.wild_bootstrap": "WildBootstrap",
    "dependence.aggregation": "AggregatedEffects aggregate",
    "dependence.cluster_influence": "ClusterInfluence cluster_influence",
    "dependence.component_tests": "DependentTest",
    "dependence.correlated_hierarchical_effects": "CorrelatedHierarchicalEffects correlated_hierarchical_effects",
    "dependence.correlation_covariance": (
        "CorrelatedCorrelations SampleSize correlation_covariance correlation_covariance_of_matrices"
    ),
    "dependence.hotelling": "RobustWaldTest WaldMethod",
    "dependence.known_covariance": "NotPositiveDefinite WorkingCovariance",
    "dependence.leave_one_cluster_out": "LeaveOneClusterOut leave_one_cluster_out",
    "dependence.multilevel": "multilevel",
    "dependence.multilevel_result": "MultilevelResult",
    "dependence.inner_structures": "InnerStructure",
    "dependence.multivariate": "multivariate",
    "dependence.multivariate_result": "MultivariateResult",
    "dependence.orchard": "Orchard orchard",
    "dependence.robust": "robust",
    "dependence.robust_result": "RobustResult RobustTest",
    "dependence.sandwich": "SandwichKind",
    "dependence.working_covariance": "working_covariance",
    "dependence.working_models": "RobustVarianceEstimation WorkingModel robust_variance_estimation",
    "rare_events.count_models": "CountModel",
    "rare_events.glmm": "glmm",
    "rare_events.mantel_haenszel": "mantel_haenszel",
    "rare_events.mixed_result": "MixedModelResult",
    "rare_events.peto": "peto",
    "rare_events.sensitivity": "MethodEstimate RareEventSensitivity rare_event_sensitivity",
    "rare_events.stratified_result": "StratifiedResult StratumTest",
    "sensitivity.bootstrap": "Bootstrap BootstrapInterval Resampling bootstrap",
    "sensitivity.coordinates": "FunnelPoints StudyPoints baujat funnel labbe radial",
    "sensitivity.cumulative": "Cumulative cumulative",
    "sensitivity.gosh": "Gosh gosh",
    "sensitivity.gosh_clusters": "ClusterMethod GoshClusters gosh_clusters",
    "sensitivity.influence": "Influence influence",
    "sensitivity.leave_one_out": "LeaveOneOut leave_one_out",
    "sensitivity.permutation": "PermutationTest permutation_test",
    "sensitivity.profile": "ProfileLikelihood profile_likelihood",
    "sensitivity.residuals": "Residuals residuals",
    "without_pooling.albatross": "Albatross ContourMeasure albatross contour_sizes",
    "without_pooling.direction": "SignTest sign_test",
    "without_pooling.doi_plot": "DoiPlot doi_plot",
    "without_pooling.p_values": "Alternative CombinationMethod CombinedP combine_p_values",
}
_HOMES = {name: module for module, names in _LATER.items() for name in names.split()}

__all__ = [
    "Convergence",
    "Criterion",
    "HeterogeneityInterval",
    "InformationCriteria",
    "IntervalMethod",
    "LikelihoodRatioTest",
    "Link",
    "LocationScale",
    "MetaRegression",
    "MetaResult",
    "ModelSet",
    "PredictionInterval",
    "PredictionMethod",
    "Settings",
    "ShareBeyond",
    "Side",
    "Subgroups",
    "Tau2Estimator",
    "Test",
    "batch",
    "inverse_variance_heterogeneity",
    "likelihood_ratio_test",
    "location_scale",
    "model_set",
    "random_effects",
    "regression",
    "share_beyond",
    "subgroups",
    *_HOMES,
]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"module 'toolkit.meta' has no attribute {name!r}")
    value = getattr(import_module(f"toolkit.meta.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
