"""Printed estimates with intervals or standard errors to effect sizes."""

import numpy as np
import pytest

from toolkit.effects import effect_sizes, from_interval, from_standard_error
from toolkit.errors import ModelInputError


def test_the_standard_error_of_a_ratio_comes_from_the_logs_of_its_limits():
    # Cochrane Handbook 6.3.2: the difference of the logged limits over 3.92.
    y, v = from_interval("RR", 0.8, 0.64, 1.0)
    assert y == pytest.approx([np.log(0.8)])
    assert np.sqrt(v) == pytest.approx([-np.log(0.64) / 3.92], rel=1e-4)


def test_a_table_and_its_printed_interval_give_the_same_effect():
    table = effect_sizes("OR", events_1=[12], total_1=[50], events_2=[5], total_2=[48])
    y, se = table["y"].to_numpy(), np.sqrt(table["v"].to_numpy())
    z = 1.959963984540054
    found = from_interval("OR", np.exp(y), np.exp(y - z * se), np.exp(y + z * se))
    np.testing.assert_allclose(found, (y, se**2), rtol=1e-12)


def test_levels_may_differ_between_studies():
    _, v = from_interval("MD", [1, 1], [0, 0], [2, 2], level=[0.95, 0.90])
    np.testing.assert_allclose(np.sqrt(v), [1 / 1.959963984540054, 1 / 1.6448536269514722])


def test_a_standard_error_is_carried_to_the_analysis_scale_by_the_delta_method():
    y, v = from_standard_error("ZCOR", [0.5], [0.1])
    np.testing.assert_allclose((y, v), ([np.arctanh(0.5)], [(0.1 / 0.75) ** 2]))
    y, v = from_standard_error("COEF", [0.5], [0.1])
    np.testing.assert_allclose((y, v), ([0.5], [0.01]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("OR", [2, 2], [1, 3], [3, 1]), "ci_low must be below ci_high; found 3.0 in row 1"),
        (("OR", [2, 4], [1, 1], [3, 3]), "value must lie in its interval; found 4.0 in row 1"),
        (("OR", [2], [0], [3]), "strictly between 0 and inf"),
        (("OR", [2, None], [1, 1], [3, 3]), "Missing or infinite: value in row 1"),
        (("OR", ["<1"], [1], [3]), "value must hold numbers; found '<1' in row 0"),
    ],
)
def test_intervals_that_cannot_be_right_are_named_with_their_rows(arguments, message):
    with pytest.raises(ModelInputError) as raised:
        from_interval(*arguments)
    assert message in str(raised.value)


def test_a_level_in_percent_is_refused():
    with pytest.raises(ModelInputError, match=r"level must lie between 0 and 1; found 95\.0 in row 0"):
        from_interval("MD", 1, 0, 2, level=95)


def test_a_standard_error_of_zero_is_refused():
    with pytest.raises(ModelInputError, match="se must be above 0"):
        from_standard_error("MD", [1.0], [0.0])


def test_a_standard_error_of_a_freeman_tukey_measure_is_refused():
    with pytest.raises(ModelInputError, match="depends on the study's size"):
        from_standard_error("PFT", [0.2], [0.05])
