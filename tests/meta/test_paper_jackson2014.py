"""Intervals of tau2 in regressions: both examples of Jackson et al. 2014, BMC Med Res Methodol 14:103.

Data and figures are those of metafor's own test of that paper (tests/testthat/test_analysis_example_jackson2014.r),
which gives four decimals, found by a search with its default tolerance.
"""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta

Y_1 = [0.0267, 0.8242, 0.3930, 2.4405, 2.1401, 1.2528, 2.4849, 0.3087, 1.4246, 0.1823, 1.1378, 1.2321, 2.0695]
V_1 = [0.1285, 0.0315, 0.0931, 2.0967, 1.0539, 0.1602, 1.0235, 0.0218, 0.5277, 0.0556, 0.3304, 0.1721, 0.4901]
Y_2 = [0.54, 0.4, 0.64, 0.365, 0.835, 0.02, 0.12, 0.085, 1.18, 0.08, 0.18, 0.325, 0.06, 0.715, 0.065, 0.245, 0.24]
V_2 = [0.0176, 0.019, 0.0906, 0.0861, 0.0063, 0.0126, 0.0126, 0.0041, 0.0759, 0.0126, 0.0104, 0.0242, 0.0026]
YEARS = [1986, 1987, 1988, 1988, 1998, 1999, 2000, 2000, 2000, 2001, 2001, 2001, 2002, 2002, 2002, 2002, 2003, 2003]
EXAMPLES = {
    "first": (
        np.array([*Y_1, 4.0237, 1.4383, 1.6021]),
        np.array([*V_1, 2.0200, 0.3399, 0.1830]),
        np.repeat([0.0, 1.0], [10, 6]),
    ),
    "second": (
        np.array([*Y_2, 0.06, 0.19]),
        np.array([*V_2, 0.2629, 0.0169, 0.0156, 0.0481, 0.0084, 0.0044]),
        np.array([*YEARS, 2003.0]),
    ),
}
TOLERANCE = tomllib.loads((Path(__file__).parents[1] / "reference" / "tolerances.toml").read_text())["default-uniroot"]


@pytest.mark.parametrize(
    ("example", "power", "limits"),
    [
        ("first", 1.0, (0.0029, 0.6907)),
        ("first", 0.5, (0.0000, 1.1245)),
        ("second", 1.0, (0.0170, 0.1393)),
        ("second", 0.5, (0.0180, 0.1375)),
    ],
)
def test_generalised_q_limits_are_those_of_the_paper(example, power, limits):
    y, v, x = EXAMPLES[example]
    result = meta.regression(y, v, x, tau2="GENQ", weights=v**-power)
    assert result.heterogeneity_interval("generalised-Q").tau2[1:] == pytest.approx(limits, abs=TOLERANCE)


@pytest.mark.parametrize(("example", "limits"), [("first", (0.0023, 1.4871)), ("second", (0.0178, 0.1564))])
def test_q_profile_limits_are_those_of_the_paper(example, limits):
    y, v, x = EXAMPLES[example]
    result = meta.regression(y, v, x, tau2="PM")
    assert result.heterogeneity_interval().tau2[1:] == pytest.approx(limits, abs=TOLERANCE)


@pytest.mark.parametrize(("example", "limits"), [("first", (0.0110, 0.6330)), ("second", (0.0163, 0.1108))])
def test_the_standard_error_of_tau2_makes_the_papers_approximate_limits(example, limits):
    y, v, x = EXAMPLES[example]
    result = meta.regression(y, v, x)
    half = 1.96 * result.tau2_se / result.tau2
    assert result.tau2 * np.exp([-half, half]) == pytest.approx(limits, abs=TOLERANCE)


def test_weights_of_inverse_standard_errors_are_the_default():
    y, v, x = EXAMPLES["first"]
    own = meta.regression(y, v, x, weights=1 / np.sqrt(v)).heterogeneity_interval("generalised-Q")
    default = meta.regression(y, v, x).heterogeneity_interval("generalised-Q")
    assert own.tau2[1:] == default.tau2[1:]
    assert own.i2[2] == default.i2[2]
