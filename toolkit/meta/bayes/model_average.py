"""Bayesian model averaging over two questions: is there an effect, and do effects vary between studies?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit import __version__
from toolkit.errors import ModelInputError
from toolkit.meta.bayes.bayes_factor import BayesFactor
from toolkit.meta.bayes.conditional import Conditional
from toolkit.meta.bayes.distribution import Interval, IntervalKind, NormalMixture, normal_mixture
from toolkit.meta.bayes.heterogeneity_posterior import HeterogeneityPosterior, heterogeneity_posterior
from toolkit.meta.bayes.priors import Normal, TauPrior, check_mu_prior, check_tau_prior
from toolkit.meta.display import Shown, number, studies, with_limits
from toolkit.meta.frozen import read_only
from toolkit.meta.settings import check_choice, check_level, check_numbers
from toolkit.meta.studies import check_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]

MODELS = ("fixed null", "fixed effect", "random null", "random effect")
_EFFECT = np.array([False, True, False, True])
_RANDOM = np.array([False, False, True, True])


@dataclass(frozen=True, eq=False, repr=False)
class ModelAverage(Shown):
    """Four models of the same studies, weighed by how well they predicted them; arrays (4,) in the order of ``MODELS``.

    ``estimate``, ``ci_low`` and ``ci_high`` are the median and credible limits of ``mu``, the mean effect if there is
    one: averaged over the two models with an effect (metaBMA's "averaged"). ``averaged_mean`` and its like are over all
    four, in which mu is 0 in two (RoBMA's model-averaged estimate). All on the analysis scale.
    """

    studies: Studies
    prior: TauPrior
    mu_prior: Normal
    level: float
    kind: IntervalKind
    prior_probabilities: Array
    log_marginal_likelihoods: Array
    mu: NormalMixture
    tau_posteriors: tuple[HeterogeneityPosterior, HeterogeneityPosterior]
    version: str

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.studies.y)

    @cached_property
    def posterior_probabilities(self) -> Array:
        """Posterior probabilities of the models, shape (4,)."""
        return read_only(_posterior(self.prior_probabilities, self.log_marginal_likelihoods))

    @property
    def effect_inclusion(self) -> BayesFactor:
        """The inclusion Bayes factor of an effect: posterior over prior odds of the models that have one."""
        return self._inclusion("mu = 0", _EFFECT)

    @property
    def heterogeneity_inclusion(self) -> BayesFactor:
        """The inclusion Bayes factor of heterogeneity: posterior over prior odds of the models that have it."""
        return self._inclusion("tau = 0", _RANDOM)

    @property
    def estimate(self) -> float:
        """Posterior median of mu, given that there is an effect."""
        return self.mu.median

    @property
    def ci_low(self) -> float:
        """Lower credible limit of mu, given that there is an effect."""
        return self._interval.low

    @property
    def ci_high(self) -> float:
        """Upper credible limit of mu, given that there is an effect."""
        return self._interval.high

    @property
    def averaged_mean(self) -> float:
        """Posterior mean of mu over all models."""
        return float(self._effect_probability * self.mu.mean)

    @property
    def averaged_sd(self) -> float:
        """Posterior standard deviation of mu over all models."""
        square = self._effect_probability * (self.mu.sd**2 + self.mu.mean**2)
        return float(np.sqrt(square - self.averaged_mean**2))

    @property
    def averaged_interval(self) -> Interval:
        """The central credible interval of mu over all models; an end can be 0 itself, which has a probability."""
        tail = (1.0 - self.level) / 2
        return Interval(self._averaged_quantile(tail), self._averaged_quantile(1.0 - tail))

    @property
    def tau_mean(self) -> float | None:
        """Posterior mean of tau given heterogeneity, over both models that have it; None where it does not exist."""
        means = [posterior.mean for posterior in self.tau_posteriors]
        if any(mean is None for mean in means):
            return None
        weights = self.posterior_probabilities[_RANDOM]
        return float(np.dot(weights / weights.sum(), means))

    def to_frame(self) -> pd.DataFrame:
        """A row a model: prior_probability, log_marginal_likelihood, posterior_probability, inclusion_bf."""
        import pandas as pd

        columns = {
            "prior_probability": self.prior_probabilities,
            "log_marginal_likelihood": self.log_marginal_likelihoods,
            "posterior_probability": self.posterior_probabilities,
            "inclusion_bf": [self._inclusion(name, np.array(MODELS) == name).bf10 for name in MODELS],
        }
        return pd.DataFrame(columns, index=pd.Index(MODELS, name="model"))

    @property
    def _effect_probability(self) -> float:
        return float(self.posterior_probabilities[_EFFECT].sum())

    @cached_property
    def _interval(self) -> Interval:
        return self.mu.interval(self.level, self.kind)

    def _averaged_quantile(self, p: float) -> float:
        share = self._effect_probability
        below = share * float(self.mu.cdf(0.0))
        if below <= p <= below + 1.0 - share:
            return 0.0
        return float(self.mu.quantile((p if p < below else p - (1.0 - share)) / share))

    def _inclusion(self, null: str, included: NDArray[np.bool_]) -> BayesFactor:
        """Log odds by sums of logarithms, so that no model's probability vanishes."""
        with np.errstate(divide="ignore"):
            log_prior = np.log(self.prior_probabilities)
        if not self.prior_probabilities[included].any() or not self.prior_probabilities[~included].any():
            return BayesFactor(null, None, "Prior probabilities of 0 leave only one side of the comparison.")
        joint = log_prior + self.log_marginal_likelihoods
        posterior_odds = np.logaddexp.reduce(joint[included]) - np.logaddexp.reduce(joint[~included])
        prior_odds = np.logaddexp.reduce(log_prior[included]) - np.logaddexp.reduce(log_prior[~included])
        return BayesFactor(null, float(posterior_odds - prior_odds))

    def _title(self) -> str:
        return f"Bayesian model average, {studies(self.k)} (tau ~ {self.prior}, mu ~ {self.mu_prior})"

    def _lines(self) -> list[tuple[str, str]]:
        shown = with_limits(self.estimate, self.ci_low, self.ci_high, self.level, kind=f"{self.kind} CrI")
        averaged = with_limits(self.averaged_mean, *self.averaged_interval, self.level, kind="central CrI")
        lines = [("mu, if any (median)", shown), ("mu, all models (mean)", averaged)]
        for name, factor in (("effect", self.effect_inclusion), ("heterogeneity", self.heterogeneity_inclusion)):
            lines.append((f"Inclusion BF, {name}", factor.reason or number(factor.bf10)))
        shares = zip(MODELS, self.posterior_probabilities, strict=True)
        return [*lines, ("Probabilities", ", ".join(f"{name} {share:.3f}" for name, share in shares))]


def bayesian_model_average(
    y: ArrayLike,
    v: ArrayLike,
    *,
    prior: TauPrior,
    mu: Normal,
    prior_probabilities: Sequence[float] = (0.25, 0.25, 0.25, 0.25),
    interval: Literal["shortest", "central"] = "shortest",
    level: float = 0.95,
    labels: Sequence[object] | None = None,
) -> ModelAverage:
    """Average four models of effects ``y`` with sampling variances ``v``, both of shape (k,), on the analysis scale.

    The models are those of Gronau et al. (2017, Compr Results Soc Psychol 2:123; R's metaBMA): fixed null (mu = 0, tau
    = 0), fixed effect, random null and random effect, with ``prior`` of tau and ``mu`` of the mean, both proper, as in
    :func:`bayesian`. ``prior_probabilities`` are in that order and are scaled to sum to 1. ``interval`` is the kind of
    credible interval of mu given an effect. Models of publication bias (RoBMA) are not among them.

    Raises ModelInputError for numbers that cannot be used, with their rows, for an improper prior, and for
    probabilities that are negative or not four.
    """
    kind, level = check_choice(IntervalKind, interval, "interval"), check_level(level)
    found = check_studies(y, v, labels)
    if not check_tau_prior(prior).proper or not isinstance(check_mu_prior(mu), Normal):
        raise ModelInputError(
            f"Model averaging needs proper priors; got {prior} and {mu}. Use as HalfNormal(scale) and Normal(mean, sd)."
        )
    chances = _check_probabilities(prior_probabilities)
    free, null = Conditional(found.y, found.v, mu), Conditional(found.y, found.v, None)
    random_null, random = heterogeneity_posterior(null, prior), heterogeneity_posterior(free, prior)
    fixed_null, fixed = null.at(np.zeros(1)), free.at(np.zeros(1))
    marginals = np.array([
        fixed_null.log_likelihood[0], fixed.log_likelihood[0],
        random_null.panels.log_constant, random.panels.log_constant,
    ])  # fmt: skip
    shares = _posterior(chances[_EFFECT], marginals[_EFFECT])
    given = random.conditional.at(random.nodes)
    average = normal_mixture(
        np.append(shares[1] * random.mass, shares[0]),
        np.append(given.mean, fixed.mean),
        np.append(given.variance, fixed.variance),
    )
    return ModelAverage(found, prior, mu, level, kind, chances, marginals, average, (random_null, random), __version__)


def _posterior(prior: Array, log_likelihoods: Array) -> Array:
    joint = prior * np.exp(log_likelihoods - log_likelihoods[prior > 0].max())
    return joint / joint.sum()


def _check_probabilities(given: Sequence[float]) -> Array:
    chances = check_numbers(given, "prior_probabilities")
    if chances.shape != (4,) or not np.isfinite(chances).all() or (chances < 0).any() or not chances[_EFFECT].any():
        raise ModelInputError(
            f"prior_probabilities must be four numbers of 0 or more, for {', '.join(MODELS)}, at least one of them for "
            f"a model with an effect; got {given!r}."
        )
    return chances / chances.sum()
