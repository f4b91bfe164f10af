"""The search for one analysis and that for a stack, written twice for speed, are one search."""

import numpy as np
import pytest

from toolkit.meta import roots
from toolkit.meta.heterogeneity import GeneralisedQ, IteratedMoment
from toolkit.meta.maximum_likelihood import Score, _score_of_mean, maximum_likelihood
from toolkit.meta.stack import Stack

N, K = 200, 12


def random_stack(moderated: bool, masked: bool) -> Stack:
    """Effects with much heterogeneity, and variances over four orders of magnitude."""
    rng = np.random.default_rng(3)
    v = 10.0 ** rng.uniform(-3, 1, (N, K))
    y = rng.normal(0.0, np.sqrt(v + 10.0 ** rng.uniform(0, 2, (N, 1))))
    x = np.stack([np.ones((N, K)), rng.normal(size=(N, K))], -1) if moderated else None
    return Stack(y, v, x, (rng.random((N, K)) < 0.8).astype(float) if masked else None)


EQUATIONS = {
    "REML": lambda stack: Score(True),
    "ML": lambda stack: Score(False),
    "PM": lambda stack: GeneralisedQ(stack.df),
    "DLIT": lambda stack: IteratedMoment(stack.df, stack.v),
}


@np.errstate(divide="ignore", invalid="ignore")
def bracketed(stack, equation):
    """The analyses whose sides cross between two values far apart, and these ends."""
    ends = [np.full(N, 1e-6), np.full(N, 1e5)]
    heights = []
    for tau2 in ends:
        p = stack.project(stack.weights(tau2))
        observed, expected = equation.sides(p, p.residuals(stack.y))
        heights.append(np.log(observed / expected))
    rows = np.flatnonzero((heights[0] > 0) & (heights[1] < 0))
    parts = [part[rows] for part in (*ends, *heights)]
    return stack.take(rows), equation.take(rows), roots.Bracket(*parts)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("moderated", [False, True])
@pytest.mark.parametrize("name", EQUATIONS)
def test_one_analysis_and_a_stack_take_the_same_steps(name, moderated, masked):
    whole = random_stack(moderated, masked)
    stack, equation, ends = bracketed(whole, EQUATIONS[name](whole))
    together = roots.bracketed_root(stack, equation, ends)
    assert len(together.tau2) > N // 2
    assert together.converged.all()
    for row in range(len(stack.y)):
        one = np.array([row])
        part = roots.Bracket(*(end[one] for end in ends))
        alone = roots.bracketed_root(stack.take(one), equation.take(one), part)
        assert alone.converged.tolist() == [True]
        assert alone.tau2[0] == pytest.approx(together.tau2[row], rel=1e-12)
        assert alone.iterations[0] == together.iterations[row]


@pytest.mark.parametrize("restricted", [False, True])
def test_the_score_of_one_mean_on_plain_numbers_is_that_of_the_projection(restricted):
    stack = random_stack(moderated=False, masked=False).take(np.array([5]))
    plain = _score_of_mean(stack.y[0], stack.v[0], restricted=restricted)
    for tau2 in (0.0, 0.3, 40.0):
        wanted = roots._evaluate(stack.only(), Score(restricted), tau2)
        np.testing.assert_allclose(plain(tau2), wanted, rtol=1e-12)


@pytest.mark.parametrize("restricted", [False, True])
def test_one_mean_alone_has_the_estimate_that_it_has_among_others(restricted):
    stack = random_stack(moderated=False, masked=False)
    together = maximum_likelihood(stack, restricted=restricted)
    for row in range(N):
        alone = maximum_likelihood(stack.take(np.array([row])), restricted=restricted)
        assert alone.value[0] == pytest.approx(together.value[row], rel=1e-11)
        assert alone.se[0] == pytest.approx(together.se[row], rel=1e-11)
        assert alone.maxima[0] == together.maxima[row]
