"""Meta-analysis on arrays: models that pool effects, and what can be said where none can be pooled.

>>> from toolkit import meta
>>> result = meta.random_effects([0.1, 0.3, 0.5], [0.02, 0.03, 0.05])
>>> round(result.estimate, 3)
0.252

Nothing here knows of records, files or plots. Effects ``y`` and sampling variances ``v`` are on the analysis scale.
"""

from toolkit.meta.batch import batch
from toolkit.meta.direction import SignTest, sign_test
from toolkit.meta.heterogeneity import Tau2Estimator
from toolkit.meta.inference import Test
from toolkit.meta.intervals import HeterogeneityInterval, IntervalMethod, PredictionInterval
from toolkit.meta.likelihood import InformationCriteria
from toolkit.meta.random_effects import random_effects
from toolkit.meta.regression import regression
from toolkit.meta.regression_result import MetaRegression
from toolkit.meta.results import MetaResult
from toolkit.meta.settings import Convergence, Settings

__all__ = [
    "Convergence",
    "HeterogeneityInterval",
    "InformationCriteria",
    "IntervalMethod",
    "MetaRegression",
    "MetaResult",
    "PredictionInterval",
    "Settings",
    "SignTest",
    "Tau2Estimator",
    "Test",
    "batch",
    "random_effects",
    "regression",
    "sign_test",
]
