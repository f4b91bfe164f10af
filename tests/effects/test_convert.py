"""Printed estimates with intervals or standard errors to effect sizes."""

import json
from pathlib import Path

import numpy as np
import pytest

from toolkit.effects import effect_sizes, from_interval, from_p_value, from_standard_error, from_statistic
from toolkit.errors import ModelInputError

VALUES = json.loads((Path(__file__).parents[1] / "reference/conversions.json").read_text())


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


# Help page of metafor's conv.wald: an odds ratio of 0.64 (0.33 to 1.22), p = 0.17, gives 0.1113 and 0.1058.
def test_an_interval_and_a_p_value_give_the_variances_that_conv_wald_prints():
    y, v = from_interval("OR", 0.64, 0.33, 1.22)
    assert (y.item(), v.item()) == pytest.approx((-0.4463, 0.1113), abs=5e-5)
    y, v = from_p_value("OR", 0.64, 0.17)
    assert (y.item(), v.item()) == pytest.approx((-0.4463, 0.1058), abs=5e-5)


def test_variances_equal_those_of_r():
    wanted = VALUES["intervals"]
    assert from_interval("OR", 0.64, 0.33, 1.22)[1] == pytest.approx([wanted["normal"]], rel=1e-9)
    assert from_interval("MD", 2, 1, 3, df=38)[1] == pytest.approx([wanted["t38"]], rel=1e-9)
    assert from_interval("MD", 2, 1, 3, level=0.9)[1] == pytest.approx([wanted["level90"]], rel=1e-9)
    assert from_p_value("OR", 0.64, 0.17)[1] == pytest.approx([wanted["p_normal"]], rel=1e-9)
    assert from_p_value("MD", 3.8, 0.008, df=45)[1] == pytest.approx([wanted["p_t45"]], rel=1e-9)


def test_a_statistic_gives_the_standard_error_whatever_its_sign():
    # A normal quantile is a z statistic, so R's variance from a p-value is that of its statistic.
    _, v = from_statistic("OR", 0.64, 1.3722)
    assert v == pytest.approx([VALUES["intervals"]["p_normal"]], rel=1e-4)
    y, v = from_statistic("RR", [2.0, 0.5], [2.5, 2.5])
    np.testing.assert_allclose(np.sqrt(v), np.log(2) / 2.5)
    np.testing.assert_allclose(y, [np.log(2), -np.log(2)])


@pytest.mark.parametrize("case", VALUES["slopes"], ids=lambda case: case["measure"])
def test_standard_errors_go_by_the_derivatives_that_r_finds(case):
    y, v = from_standard_error(case["measure"], case["value"], case["se"])
    assert (y.item(), v.item()) == pytest.approx((case["y"], case["v"]), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: from_p_value("OR", [2, 2], [0.1, 0]), r"found 0\.0 in row 1\. A p printed as 0\.000 is below 0\.0005"),
        (lambda: from_p_value("OR", [1], [0.9]), r"value must not be 1; found 1\.0 in row 0"),
        (lambda: from_statistic("MD", [1], [0]), "statistic must not be 0"),
        (lambda: from_statistic("PR", [0.4], [2]), "has no value of no effect"),
        (lambda: from_interval("MD", 1, 0, 2, df=0), "df must be above 0"),
    ],
)
def test_tests_that_say_nothing_of_a_standard_error_are_refused(call, message):
    with pytest.raises(ModelInputError, match=message):
        call()
