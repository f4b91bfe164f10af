"""What a Bayesian random-effects model gives back: posteriors of the mean, tau, a new effect and the studies' own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from toolkit.errors import ConvergenceError
from toolkit.meta.bayes.bayes_factor import BayesFactor
from toolkit.meta.bayes.conditional import Conditional
from toolkit.meta.bayes.distribution import Interval, IntervalKind, NormalMixture, Posterior, normal_mixture
from toolkit.meta.bayes.heterogeneity_posterior import HeterogeneityPosterior, heterogeneity_posterior
from toolkit.meta.bayes.priors import Flat, Normal, TauPrior
from toolkit.meta.display import Shown, number, studies, with_limits
from toolkit.meta.predictive import Side
from toolkit.meta.random_effects import random_effects
from toolkit.meta.settings import check_choice, check_number
from toolkit.meta.studies import OfStudies

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from toolkit.meta.studies import Studies

    Array = NDArray[np.float64]


class Point(NamedTuple):
    """A mean effect and a standard deviation between studies."""

    mu: float
    tau: float


@dataclass(frozen=True, eq=False, repr=False)
class BayesianResult(OfStudies, Shown):
    """The posterior of a normal-normal random-effects model, on the analysis scale (log for ratios).

    ``tau`` and ``mu`` are posterior distributions, with mean, median, mode, sd, density, cdf, quantile and interval.
    ``estimate`` is the posterior median of mu, which always exists; ``ci_low`` and ``ci_high`` are credible limits of
    ``level``, of the ``kind`` of interval that was asked for. ``version`` is the toolkit's.
    """

    studies: Studies
    prior: TauPrior
    mu_prior: Normal | Flat
    level: float
    kind: IntervalKind
    tau: HeterogeneityPosterior
    mu: NormalMixture
    version: str

    @property
    def estimate(self) -> float:
        """The posterior median of mu."""
        return self.mu.median

    @property
    def ci_low(self) -> float:
        """Lower credible limit of mu."""
        return self._interval_of_mu.low

    @property
    def ci_high(self) -> float:
        """Upper credible limit of mu."""
        return self._interval_of_mu.high

    @property
    def i2(self) -> float | None:
        """I2 in percent at the posterior median of tau; None for a single study, which has none."""
        if self.k == 1:
            return None
        w = 1.0 / self.v
        typical = (self.k - 1) * w.sum() / (w.sum() ** 2 - np.square(w).sum())
        return float(100.0 / (1.0 + typical / self.tau.median**2))

    @cached_property
    def predicted(self) -> NormalMixture:
        """The posterior predictive distribution of the true effect in a new study."""
        given = self._given
        return normal_mixture(self.tau.mass, given.mean, given.variance + self.tau.nodes**2, self.tau.moments)

    @cached_property
    def effects(self) -> tuple[NormalMixture, ...]:
        """The posterior distribution of the true effect of each study: shrunk towards the mean (k of them)."""
        given, tau2 = self._given, self.tau.nodes**2
        found = []
        for y, v in zip(self.y.tolist(), self.v.tolist(), strict=True):
            pull = v / (v + tau2)
            variance = pull * tau2 + pull**2 * given.variance
            found.append(normal_mixture(self.tau.mass, y + pull * (given.mean - y), variance))
        return tuple(found)

    @cached_property
    def joint_mode(self) -> Point:
        """The mu and tau with the highest joint posterior density (bayesmeta's "MAP joint")."""
        tau = self.tau.joint_mode
        return Point(float(self.tau.conditional.at(np.array([tau])).mean[0]), tau)

    @cached_property
    def maximum_likelihood(self) -> Point:
        """The mu and tau with the highest likelihood, without priors (bayesmeta's "ML joint")."""
        fit = random_effects(self.y, self.v, tau2="ML", test="z")
        return Point(fit.estimate, float(np.sqrt(fit.tau2)))

    @property
    def log_marginal_likelihood(self) -> float | None:
        """Logarithm of the probability density of the effects under the priors; None where a prior is improper."""
        proper = self.prior.proper and isinstance(self.mu_prior, Normal)
        return self.tau.panels.log_constant if proper else None

    @cached_property
    def effect_bayes_factor(self) -> BayesFactor:
        """The Bayes factor against mu = 0 under the same prior of tau; mu needs a proper prior."""
        if isinstance(self.mu_prior, Flat):
            reason = "A flat prior of mu has no Bayes factor: give mu=Normal(mean, sd)."
            return BayesFactor("mu = 0", None, reason)
        try:
            null = heterogeneity_posterior(Conditional(self.y, self.v, None), self.prior)
        except ConvergenceError as error:
            return BayesFactor("mu = 0", None, f"Under mu = 0: {error}")
        return BayesFactor("mu = 0", self.tau.panels.log_constant - null.panels.log_constant)

    @cached_property
    def heterogeneity_bayes_factor(self) -> BayesFactor:
        """The Bayes factor against tau = 0 under the same prior of mu; tau needs a proper prior."""
        if not self.prior.proper:
            reason = "An improper prior of tau has no Bayes factor: give a proper one, as HalfNormal(scale)."
            return BayesFactor("tau = 0", None, reason)
        null = self.tau.conditional.at(np.zeros(1)).log_likelihood[0]
        return BayesFactor("tau = 0", float(self.tau.panels.log_constant - null))

    def probability_beyond(self, threshold: float, *, side: Literal["above", "below"] = "above") -> float:
        """The posterior probability that mu lies above (or below) ``threshold``, on the analysis scale.

        For the effect of a new study ask ``predicted.cdf``. Raises ModelInputError for a threshold that is no number.
        """
        chosen = check_choice(Side, side, "side")
        threshold = check_number(threshold, "threshold")
        below = float(self.mu.cdf(threshold))
        return 1.0 - below if chosen == Side.ABOVE else below

    def shrinkage(self) -> pd.DataFrame:
        """The true effects of the studies, a row each: y, se, mode, median, mean, sd, ci_low, ci_high."""
        import pandas as pd

        rows = [self._summary(effect) for effect in self.effects]
        frame = pd.DataFrame(rows, index=pd.Index(self.labels, name="label"))
        frame.insert(0, "y", self.y)
        frame.insert(1, "se", np.sqrt(self.v))
        return frame

    def to_frame(self) -> pd.DataFrame:
        """Rows mu, tau and predicted (a new study's effect): mode, median, mean, sd, ci_low, ci_high.

        A mean or sd that does not exist is missing.
        """
        import pandas as pd

        parts = {"mu": self.mu, "tau": self.tau, "predicted": self.predicted}
        rows = {name: self._summary(part) for name, part in parts.items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity").astype(float)

    def _summary(self, part: Posterior) -> dict[str, float | None]:
        low, high = part.interval(self.level, self.kind)
        moments = {"mean": part.mean, "sd": part.sd}
        return {"mode": part.mode, "median": part.median, **moments, "ci_low": low, "ci_high": high}

    @property
    def _given(self) -> Array:
        return self.tau.conditional.at(self.tau.nodes)

    @cached_property
    def _interval_of_mu(self) -> Interval:
        return self.mu.interval(self.level, self.kind)

    def _title(self) -> str:
        return f"Bayesian random-effects model, {studies(self.k)} (tau ~ {self.prior}, mu ~ {self.mu_prior})"

    def _lines(self) -> list[tuple[str, str]]:
        parts = {"mu (median)": self.mu, "tau (median)": self.tau, "New study": self.predicted}
        lines = []
        for name, part in parts.items():
            low, high = part.interval(self.level, self.kind)
            shown = with_limits(part.median, low, high, self.level, kind=f"{self.kind} CrI")
            lines.append((name, shown))
        lines.append(("P(mu > 0)", number(self.probability_beyond(0.0))))
        if self.i2 is not None:
            lines.append(("I²", f"{self.i2:.1f}% at the median of tau"))
        for factor in (self.effect_bayes_factor, self.heterogeneity_bayes_factor):
            lines.append((f"BF10 ({factor.null})", factor.reason or number(factor.bf10)))
        return lines
