"""The axis of effects: round natural values, and a range that one wide interval does not spoil."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.effects import find_measure
from toolkit.plots.axis import axis_range, natural_ticks
from toolkit.plots.text import text_width


def labels(low, high, code, width=215.0):
    measure = find_measure(code)
    ends = measure.transform(np.array([low, high]))
    return list(natural_ticks(*(float(end) for end in ends), measure, width=width, size=9.0).labels)


@pytest.mark.parametrize(
    ("low", "high", "code", "expected"),
    [
        (0.09, 5.5, "OR", ["0.1", "0.2", "0.5", "1", "2", "5"]),
        (0.45, 3.3, "OR", ["0.5", "0.7", "1", "1.5", "2", "3"]),
        (0.9, 1.25, "RR", ["0.9", "0.95", "1", "1.05", "1.1", "1.15", "1.2", "1.25"]),
        (0.0008, 3000, "OR", ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
        (-0.75, 0.65, "SMD", ["−0.6", "−0.4", "−0.2", "0", "0.2", "0.4", "0.6"]),
        (1e-5, 3e6, "OR", ["0.001", "1", "1000", "1000000"]),
        (0.015, 0.42, "PLO", ["0.02", "0.05", "0.1", "0.2", "0.3"]),
        (-0.3, 0.85, "ZCOR", ["−0.2", "0", "0.2", "0.4", "0.6", "0.8"]),
    ],
)
def test_ticks_are_round_on_the_natural_scale(low, high, code, expected):
    assert labels(low, high, code) == expected


@given(
    low=st.floats(-8, 7),
    span=st.floats(0.01, 15),
    code=st.sampled_from(["OR", "SMD", "PLO", "ZCOR"]),
    width=st.floats(150, 400),
)
def test_ticks_lie_within_the_axis_ascend_and_do_not_touch(low, span, code, width):
    measure = find_measure(code)
    if code == "ZCOR":
        low, span = low / 4, span / 6
    ticks = natural_ticks(low, low + span, measure, width=width, size=9.0)
    places = np.array(ticks.positions)
    assert len(places) >= 1
    assert np.all(np.diff(places) > 0)
    assert np.all((places >= low - 1e-9) & (places <= low + span + 1e-9))
    widths = [text_width(label, 9.0) for label in ticks.labels]
    gaps = np.diff(places) * width / span - (np.array(widths[1:]) + np.array(widths[:-1])) / 2
    assert np.all(gaps >= 0)


def test_the_range_holds_all_estimates_and_ordinary_intervals():
    low, high = axis_range([0.0, 0.5, 1.0], [-0.3, 0.2, 0.6], [0.3, 0.8, 1.4])
    assert low < -0.3
    assert high > 1.4


def test_one_huge_interval_does_not_set_the_range():
    low, high = axis_range([0.0, 0.5, 0.4, 0.3, 0.2], [-0.3, 0.2, 0.1, 0.0, -9.0], [0.3, 0.8, 0.7, 0.6, 9.0])
    assert -1.5 < low < high < 1.5


def test_a_range_of_one_point_has_a_width():
    low, high = axis_range([1.0], [1.0], [1.0])
    assert low < 1.0 < high
