"""The verdict rule at each of its boundaries, for claims of an effect and for claims that an effect is negligible."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.synthesis.verdict import judge_directions, judge_interval
from toolkit.vocabulary import Outcome


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.3, 0.9, Outcome.CLEARLY_SUPPORTED),
        (0.2, 0.9, Outcome.SUPPORTED),  # the limit on the bound itself is not beyond it
        (0.1, 0.9, Outcome.SUPPORTED),
        (0.01, 0.1, Outcome.SUPPORTED),
        (0.0, 0.9, Outcome.INCONCLUSIVE),
        (-0.1, 0.9, Outcome.INCONCLUSIVE),
        (-0.1, 0.1, Outcome.TOO_SMALL),
        (-0.2, 0.1, Outcome.INCONCLUSIVE),
        (-0.9, -0.1, Outcome.CONTRADICTED),
        (-0.1, -0.01, Outcome.CONTRADICTED),
    ],
)
def test_a_directional_claim(low, high, outcome):
    assert judge_interval(low, high, 0.2, negligible=False)[0] is outcome


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (-0.1, 0.1, Outcome.SUPPORTED),
        (-0.9, -0.5, Outcome.SUPPORTED),  # an effect the other way supports it too
        (-0.1, 0.2, Outcome.INCONCLUSIVE),
        (-0.1, 0.9, Outcome.INCONCLUSIVE),  # not significant, and yet no evidence of a small effect
        (0.1, 0.9, Outcome.INCONCLUSIVE),
        (0.3, 0.9, Outcome.CONTRADICTED),
    ],
)
def test_a_negligible_claim(low, high, outcome):
    assert judge_interval(low, high, 0.2, negligible=True)[0] is outcome


def test_a_negligible_claim_without_a_bound_cannot_be_supported():
    assert judge_interval(-0.01, 0.01, None, negligible=True)[0] is Outcome.INCONCLUSIVE


@given(low=st.floats(-5, -1e-6), smallest=st.floats(0.01, 3), beyond=st.floats(0.001, 5))
def test_an_interval_that_spans_no_effect_and_the_bound_never_decides(low, smallest, beyond):
    for negligible in (True, False):
        assert judge_interval(low, smallest + beyond, smallest, negligible=negligible)[0] is Outcome.INCONCLUSIVE


@given(low=st.floats(-5, 5), width=st.floats(0.001, 5), smallest=st.floats(0.01, 3))
def test_a_claim_is_never_supported_and_contradicted_by_mirrored_intervals_alike(low, width, smallest):
    high = low + width
    straight = judge_interval(low, high, smallest, negligible=False)[0]
    mirrored = judge_interval(-high, -low, smallest, negligible=False)[0]
    supported = {Outcome.SUPPORTED, Outcome.CLEARLY_SUPPORTED}
    assert (straight in supported) == (mirrored is Outcome.CONTRADICTED)


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.54, 0.96, Outcome.DIRECTION_SUPPORTS),
        (0.04, 0.46, Outcome.DIRECTION_CONTRADICTS),
        (0.40, 1.00, Outcome.DIRECTION_INCONCLUSIVE),
        (0.50, 1.00, Outcome.DIRECTION_INCONCLUSIVE),
    ],
)
def test_directions_decide_only_where_the_interval_of_the_share_excludes_one_half(low, high, outcome):
    assert judge_directions(low, high)[0] is outcome
