"""Meta-analysis on arrays: models that pool effects, and what can be said where none can be pooled.

>>> from toolkit import meta
>>> result = meta.random_effects([0.1, 0.3, 0.5], [0.02, 0.03, 0.05])
>>> round(result.estimate, 3)
0.252

Nothing here knows of records, files or plots. Effects ``y`` and sampling variances ``v`` are on the analysis scale.
"""

from toolkit.meta.batch import batch
from toolkit.meta.bias.asymmetry import Egger, Predictor, RankTest, RegressionModel, egger, rank_test
from toolkit.meta.bias.fail_safe import FailSafe, FailSafeN, failsafe_n
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
from toolkit.meta.dependence.inner_structures import InnerStructure
from toolkit.meta.dependence.known_covariance import NotPositiveDefinite, WorkingCovariance
from toolkit.meta.dependence.leave_one_cluster_out import LeaveOneClusterOut, leave_one_cluster_out
from toolkit.meta.dependence.multilevel import multilevel
from toolkit.meta.dependence.multilevel_result import MultilevelResult
from toolkit.meta.dependence.multivariate import multivariate
from toolkit.meta.dependence.multivariate_result import MultivariateResult
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
    "AggregatedEffects",
    "Albatross",
    "Alternative",
    "Bootstrap",
    "BootstrapInterval",
    "ClusterInfluence",
    "ClusterMethod",
    "CombinationMethod",
    "CombinedP",
    "ContourMeasure",
    "Convergence",
    "CorrelatedCorrelations",
    "CorrelatedHierarchicalEffects",
    "Criterion",
    "Cumulative",
    "DependentTest",
    "DoiPlot",
    "Egger",
    "FailSafe",
    "FailSafeN",
    "FunnelPoints",
    "Gosh",
    "GoshClusters",
    "HeterogeneityInterval",
    "Influence",
    "InformationCriteria",
    "InnerStructure",
    "IntervalMethod",
    "LeaveOneClusterOut",
    "LeaveOneOut",
    "LikelihoodRatioTest",
    "Link",
    "LocationScale",
    "MetaRegression",
    "MetaResult",
    "MissingEstimator",
    "MissingSide",
    "ModelSet",
    "MultilevelResult",
    "MultivariateResult",
    "NotPositiveDefinite",
    "Orchard",
    "PermutationTest",
    "PredictionInterval",
    "PredictionMethod",
    "Predictor",
    "ProfileLikelihood",
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
    "StudyPoints",
    "Subgroups",
    "Tau2Estimator",
    "Test",
    "TrimAndFill",
    "WaldMethod",
    "Weight",
    "WorkingCovariance",
    "WorkingModel",
    "aggregate",
    "albatross",
    "batch",
    "baujat",
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
    "failsafe_n",
    "funnel",
    "gosh",
    "gosh_clusters",
    "influence",
    "inverse_variance_heterogeneity",
    "labbe",
    "leave_one_cluster_out",
    "leave_one_out",
    "likelihood_ratio_test",
    "location_scale",
    "model_set",
    "multilevel",
    "multivariate",
    "orchard",
    "permutation_test",
    "profile_likelihood",
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
    "working_covariance",
]
