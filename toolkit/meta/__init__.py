"""Meta-analysis on arrays: models that pool effects, and what can be said where none can be pooled.

>>> from toolkit import meta
>>> result = meta.random_effects([0.1, 0.3, 0.5], [0.02, 0.03, 0.05])
>>> round(result.estimate, 3)
0.252

Nothing here knows of records, files or plots. Effects ``y`` and sampling variances ``v`` are on the analysis scale.
"""

from toolkit.meta.batch import batch
from toolkit.meta.bayes.bayes_factor import BayesFactor
from toolkit.meta.bayes.distribution import IntervalKind, NormalMixture
from toolkit.meta.bayes.heterogeneity_posterior import HeterogeneityPosterior
from toolkit.meta.bayes.model import bayesian
from toolkit.meta.bayes.model_average import ModelAverage, bayesian_model_average
from toolkit.meta.bayes.prior_sensitivity import PriorSensitivity, prior_sensitivity
from toolkit.meta.bayes.priors import (
    Exponential,
    Flat,
    HalfCauchy,
    HalfNormal,
    HalfT,
    InverseGamma,
    Jeffreys,
    LogNormal,
    Normal,
    Uniform,
)
from toolkit.meta.bayes.result import BayesianResult
from toolkit.meta.bias.adequate_power import AdequatePower, weighted_average_adequate_power
from toolkit.meta.bias.affirmative import PublicationBiasSensitivity, publication_bias_sensitivity
from toolkit.meta.bias.asymmetry import Egger, Predictor, RankTest, RegressionModel, egger, rank_test
from toolkit.meta.bias.bias_checks import BiasMethod
from toolkit.meta.bias.bias_panel import BiasCheck, BiasPanel, bias_panel
from toolkit.meta.bias.counts_asymmetry import CountAsymmetry, CountTest, asymmetry_of_counts
from toolkit.meta.bias.endogenous_kink import EndogenousKink, endogenous_kink
from toolkit.meta.bias.excess_significance import ExcessSignificance, ExcessTest, excess_significance
from toolkit.meta.bias.fail_safe import FailSafe, FailSafeN, failsafe_n
from toolkit.meta.bias.henmi_copas import HenmiCopas, henmi_copas
from toolkit.meta.bias.limit_meta_analysis import LimitEstimate, LimitMetaAnalysis, limit_meta_analysis
from toolkit.meta.bias.p_curve import PCurve, p_curve
from toolkit.meta.bias.p_uniform_star import PUniformStar, p_uniform_star
from toolkit.meta.bias.pet_peese import ConditionalEstimate, PetPeese, pet_peese
from toolkit.meta.bias.selection_model import SelectionModel, selection_model
from toolkit.meta.bias.trim_and_fill import MissingEstimator, MissingSide, TrimAndFill, trim_and_fill
from toolkit.meta.bias.weight_functions import Weight
from toolkit.meta.comparison import Criterion, LikelihoodRatioTest, ModelSet, likelihood_ratio_test, model_set
from toolkit.meta.dependence.aggregation import AggregatedEffects, aggregate
from toolkit.meta.dependence.cluster_influence import ClusterInfluence, cluster_influence
from toolkit.meta.dependence.component_tests import DependentTest
from toolkit.meta.dependence.correlated_hierarchical_effects import (
    CorrelatedHierarchicalEffects,
    correlated_hierarchical_effects,
)
from toolkit.meta.dependence.correlation_covariance import (
    CorrelatedCorrelations,
    SampleSize,
    correlation_covariance,
    correlation_covariance_of_matrices,
)
from toolkit.meta.dependence.hotelling import RobustWaldTest, WaldMethod
from toolkit.meta.dependence.known_covariance import NotPositiveDefinite, WorkingCovariance
from toolkit.meta.dependence.leave_one_cluster_out import LeaveOneClusterOut, leave_one_cluster_out
from toolkit.meta.dependence.multilevel import multilevel
from toolkit.meta.dependence.multilevel_result import MultilevelResult
from toolkit.meta.dependence.orchard import Orchard, orchard
from toolkit.meta.dependence.robust import robust
from toolkit.meta.dependence.robust_result import RobustResult, RobustTest
from toolkit.meta.dependence.sandwich import SandwichKind
from toolkit.meta.dependence.working_covariance import working_covariance
from toolkit.meta.dependence.working_models import (
    RobustVarianceEstimation,
    WorkingModel,
    robust_variance_estimation,
)
from toolkit.meta.intervals import HeterogeneityInterval, IntervalMethod, PredictionInterval, PredictionMethod
from toolkit.meta.likelihood import InformationCriteria
from toolkit.meta.location_scale import LocationScale, location_scale
from toolkit.meta.predictive import ShareBeyond, Side, share_beyond
from toolkit.meta.random_effects import inverse_variance_heterogeneity, random_effects
from toolkit.meta.rare_events.glmm import CountModel, MixedModelResult, glmm
from toolkit.meta.rare_events.mantel_haenszel import mantel_haenszel
from toolkit.meta.rare_events.peto import peto
from toolkit.meta.rare_events.stratified_result import StratifiedResult, StratumTest
from toolkit.meta.regression import regression
from toolkit.meta.regression_result import MetaRegression
from toolkit.meta.results import MetaResult
from toolkit.meta.scale_likelihood import Link
from toolkit.meta.sensitivity.bootstrap import Bootstrap, BootstrapInterval, Resampling, bootstrap
from toolkit.meta.sensitivity.coordinates import FunnelPoints, StudyPoints, baujat, funnel, labbe, radial
from toolkit.meta.sensitivity.cumulative import Cumulative, cumulative
from toolkit.meta.sensitivity.gosh import Gosh, gosh
from toolkit.meta.sensitivity.gosh_clusters import ClusterMethod, GoshClusters, gosh_clusters
from toolkit.meta.sensitivity.influence import Influence, influence
from toolkit.meta.sensitivity.leave_one_out import LeaveOneOut, leave_one_out
from toolkit.meta.sensitivity.permutation import PermutationTest, permutation_test
from toolkit.meta.sensitivity.profile import ProfileLikelihood, profile_likelihood
from toolkit.meta.sensitivity.residuals import Residuals, residuals
from toolkit.meta.settings import Convergence, Settings, Tau2Estimator, Test
from toolkit.meta.subgroups import Subgroups, subgroups
from toolkit.meta.without_pooling.albatross import Albatross, ContourMeasure, albatross, contour_sizes
from toolkit.meta.without_pooling.direction import SignTest, sign_test
from toolkit.meta.without_pooling.doi_plot import DoiPlot, doi_plot
from toolkit.meta.without_pooling.p_values import Alternative, CombinationMethod, CombinedP, combine_p_values

__all__ = [
    "AdequatePower",
    "AggregatedEffects",
    "Albatross",
    "Alternative",
    "BayesFactor",
    "BayesianResult",
    "BiasCheck",
    "BiasMethod",
    "BiasPanel",
    "Bootstrap",
    "BootstrapInterval",
    "ClusterInfluence",
    "ClusterMethod",
    "CombinationMethod",
    "CombinedP",
    "ConditionalEstimate",
    "ContourMeasure",
    "Convergence",
    "CorrelatedCorrelations",
    "CorrelatedHierarchicalEffects",
    "CountAsymmetry",
    "CountModel",
    "CountTest",
    "Criterion",
    "Cumulative",
    "DependentTest",
    "DoiPlot",
    "Egger",
    "EndogenousKink",
    "ExcessSignificance",
    "ExcessTest",
    "Exponential",
    "FailSafe",
    "FailSafeN",
    "Flat",
    "FunnelPoints",
    "Gosh",
    "GoshClusters",
    "HalfCauchy",
    "HalfNormal",
    "HalfT",
    "HenmiCopas",
    "HeterogeneityInterval",
    "HeterogeneityPosterior",
    "Influence",
    "InformationCriteria",
    "IntervalKind",
    "IntervalMethod",
    "InverseGamma",
    "Jeffreys",
    "LeaveOneClusterOut",
    "LeaveOneOut",
    "LikelihoodRatioTest",
    "LimitEstimate",
    "LimitMetaAnalysis",
    "Link",
    "LocationScale",
    "LogNormal",
    "MetaRegression",
    "MetaResult",
    "MissingEstimator",
    "MissingSide",
    "MixedModelResult",
    "ModelAverage",
    "ModelSet",
    "MultilevelResult",
    "Normal",
    "NormalMixture",
    "NotPositiveDefinite",
    "Orchard",
    "PCurve",
    "PUniformStar",
    "PermutationTest",
    "PetPeese",
    "PredictionInterval",
    "PredictionMethod",
    "Predictor",
    "PriorSensitivity",
    "ProfileLikelihood",
    "PublicationBiasSensitivity",
    "RankTest",
    "RegressionModel",
    "Resampling",
    "Residuals",
    "RobustResult",
    "RobustTest",
    "RobustVarianceEstimation",
    "RobustWaldTest",
    "SampleSize",
    "SandwichKind",
    "SelectionModel",
    "Settings",
    "ShareBeyond",
    "Side",
    "SignTest",
    "StratifiedResult",
    "StratumTest",
    "StudyPoints",
    "Subgroups",
    "Tau2Estimator",
    "Test",
    "TrimAndFill",
    "Uniform",
    "WaldMethod",
    "Weight",
    "WorkingCovariance",
    "WorkingModel",
    "aggregate",
    "albatross",
    "asymmetry_of_counts",
    "batch",
    "baujat",
    "bayesian",
    "bayesian_model_average",
    "bias_panel",
    "bootstrap",
    "cluster_influence",
    "combine_p_values",
    "contour_sizes",
    "correlated_hierarchical_effects",
    "correlation_covariance",
    "correlation_covariance_of_matrices",
    "cumulative",
    "doi_plot",
    "egger",
    "endogenous_kink",
    "excess_significance",
    "failsafe_n",
    "funnel",
    "glmm",
    "gosh",
    "gosh_clusters",
    "henmi_copas",
    "influence",
    "inverse_variance_heterogeneity",
    "labbe",
    "leave_one_cluster_out",
    "leave_one_out",
    "likelihood_ratio_test",
    "limit_meta_analysis",
    "location_scale",
    "mantel_haenszel",
    "model_set",
    "multilevel",
    "orchard",
    "p_curve",
    "p_uniform_star",
    "permutation_test",
    "pet_peese",
    "peto",
    "prior_sensitivity",
    "profile_likelihood",
    "publication_bias_sensitivity",
    "radial",
    "random_effects",
    "rank_test",
    "regression",
    "residuals",
    "robust",
    "robust_variance_estimation",
    "selection_model",
    "share_beyond",
    "sign_test",
    "subgroups",
    "trim_and_fill",
    "weighted_average_adequate_power",
    "working_covariance",
]
