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
