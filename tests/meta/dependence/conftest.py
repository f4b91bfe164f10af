"""What the tests of dependent effects share: how near two sets of numbers are."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

TOLERANCE = tomllib.loads((Path(__file__).parents[2] / "reference/tolerances.toml").read_text())


@pytest.fixture(scope="session")
def close():
    """A function from numbers found and wanted to whether they agree within this kind of tolerance.

    It is relative to the numbers themselves, or to ``scale``, what they are made of.
    """

    def agree(found, wanted, scale, tolerance):
        found, wanted = np.asarray(found, float), np.asarray(wanted, float)
        return bool((np.abs(found - wanted) <= TOLERANCE[tolerance] * np.maximum(np.abs(wanted), scale)).all())

    return agree


@pytest.fixture
def coefficients_equal(close):
    """A function that asserts that a fit has the coefficients, standard errors, limits and tests of metafor."""

    def check(found, wanted, test):
        se = np.array(wanted["se"])
        assert close(found.beta, wanted["beta"], se, "multilevel")
        assert close(found.standard_errors, se, 0, "multilevel")
        assert close(found.coefficients.ci_low, wanted["ci_low"], se, "multilevel")
        assert close(found.coefficients.ci_high, wanted["ci_high"], se, "multilevel")
        assert close(found.coefficients.p_value, wanted["p"], 0.1, "multilevel")
        assert found.df is None if test == "z" else found.df.tolist() == wanted["df"]

    return check
