"""Predictions of location-scale models against R's metafor."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toolkit import meta

REFERENCE = Path(__file__).parents[1] / "reference"
VALUES = json.loads((REFERENCE / "location_scale_predictions.json").read_text())
TOLERANCE = tomllib.loads((REFERENCE / "tolerances.toml").read_text())["location-scale"]
LATITUDE = pd.DataFrame({"latitude": VALUES["latitude"]})


@pytest.mark.parametrize("case", VALUES["predictions"], ids=lambda case: f"{case['method']} {case['test']}")
def test_predictions_equal_those_of_metafor(case):
    model = meta.location_scale(
        VALUES["y"], VALUES["v"], LATITUDE, scale=LATITUDE, tau2=case["method"], test=case["test"]
    )
    found = model.predict(pd.DataFrame({"latitude": VALUES["new"]}))
    for column in ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high"):
        np.testing.assert_allclose(found[column], case[column], rtol=TOLERANCE)
