"""The Bayesian random-effects model, computed by quadrature over tau."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit import __version__
from toolkit.errors import ModelInputError
from toolkit.meta.bayes.conditional import Conditional
from toolkit.meta.bayes.distribution import IntervalKind, normal_mixture
from toolkit.meta.bayes.heterogeneity_posterior import heterogeneity_posterior
from toolkit.meta.bayes.priors import Flat, Jeffreys, Normal, TauPrior, check_mu_prior, check_tau_prior
from toolkit.meta.bayes.result import BayesianResult
from toolkit.meta.settings import check_choice, check_level
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from toolkit.meta.studies import Studies

_FLAT = Flat()


def bayesian(
    y: ArrayLike,
    v: ArrayLike,
    *,
    prior: TauPrior = _FLAT,
    mu: Normal | Flat = _FLAT,
    interval: Literal["shortest", "central"] = "shortest",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> BayesianResult:
    """The posterior of a random-effects model for effects ``y`` with sampling variances ``v``, both of shape (k,).

    y_i ~ normal(theta_i, v_i) and theta_i ~ normal(mu, tau2), on the analysis scale (log for ratios), as R's bayesmeta
    has it (Roever 2020, J Stat Softw 93(6)). ``prior`` is that of tau: HalfNormal, HalfCauchy, HalfT, Exponential,
    LogNormal, InverseGamma, Uniform, Jeffreys or Flat; a scale says how far true effects may lie apart on the analysis
    scale, so that it must be chosen for the measure. ``mu`` is the prior of the mean, Normal(mean, sd) or Flat. With
    both left out both are flat, bayesmeta's defaults, which needs three studies. ``interval`` is the kind of credible
    interval, "shortest" (of highest density) or "central"; ``level`` its probability.

    Given tau all is normal; the integral over tau is exact to about 10 digits. Raises ModelInputError for numbers that
    cannot be used, with their rows, and where an improper prior leaves no posterior; ConvergenceError where the
    quadrature does not settle.
    """
    kind = check_choice(IntervalKind, interval, "interval")
    return fit_posterior(
        check_studies(y, v, labels), check_tau_prior(prior), check_mu_prior(mu), check_level(level), kind
    )


def fit_posterior(
    studies: Studies, prior: TauPrior, mu: Normal | Flat, level: float, kind: IntervalKind
) -> BayesianResult:
    """The posterior for studies and settings that were checked.

    Raises ModelInputError for a Jeffreys prior of other variances than those of the studies.
    """
    if isinstance(prior, Jeffreys) and not np.array_equal(np.sort(prior.v), np.sort(studies.v)):
        raise ModelInputError("The Jeffreys prior is made of other variances than these studies have: use Jeffreys(v).")
    tau = heterogeneity_posterior(Conditional(studies.y, studies.v, mu), prior)
    given = tau.conditional.at(tau.nodes)
    of_mu = normal_mixture(tau.mass, given.mean, given.variance, 2 if isinstance(mu, Normal) else tau.moments)
    return BayesianResult(studies, prior, mu, level, kind, tau, of_mu, __version__)
