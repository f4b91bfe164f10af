"""Standard deviations from standard errors, intervals and differences."""

import json
from pathlib import Path

import numpy as np
import pytest

from toolkit.effects import (
    from_p_value,
    sd_from_difference,
    sd_from_interval,
    sd_from_standard_error,
)
from toolkit.errors import ModelInputError

VALUES = json.loads((Path(__file__).parents[1] / "reference/conversions.json").read_text())["intervals"]


def test_a_standard_error_times_the_root_of_the_group_is_its_standard_deviation():
    assert sd_from_standard_error([2, 0.5], [25, 100]).tolist() == [10, 5]


def test_an_interval_of_a_mean_gives_the_standard_deviation_by_t():
    found = sd_from_interval([44, 44], [56, 56], [25, 100])
    np.testing.assert_allclose(found, [VALUES["sd_25"], VALUES["sd_100"]], rtol=1e-9)


def test_the_worked_example_of_the_cochrane_handbook():
    # Section 7.7.3.3 (now 6.5.2.3): groups of 25 and 22, mean difference 3.8, P = 0.008, so t = 2.78 and SE = 1.37.
    _, v = from_p_value("MD", 3.8, 0.008, df=25 + 22 - 2)
    assert np.sqrt(v) == pytest.approx([1.37], abs=0.005)
    assert sd_from_difference(np.sqrt(v), 25, 22) == pytest.approx([4.69], abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sd_from_standard_error([1, 0], [9, 9]), r"se must be above 0; found 0\.0 in row 1"),
        (lambda: sd_from_interval([3], [2], [9]), "ci_low must be below ci_high"),
        (lambda: sd_from_interval([1], [2], [1]), "n must be above 1"),
        (lambda: sd_from_interval([1], [2], [9], level=95), "level must lie between 0 and 1"),
        (lambda: sd_from_difference([1], [9], [None]), "Missing or infinite: n_2 in row 0"),
    ],
)
def test_numbers_that_cannot_be_are_told_with_their_rows(call, message):
    with pytest.raises(ModelInputError, match=message):
        call()
