"""What holds of each measure that is computed from raw numbers, whatever its formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.effects import MEASURES, effect_sizes
from toolkit.errors import ModelInputError

COMPUTED = [code for code, measure in MEASURES.items() if measure.raw]
STUDY = {
    **{"events_1": 3, "total_1": 10, "events_2": 4, "total_2": 12, "time_1": 10.0, "time_2": 3.0},
    **{"mean_1": 3.0, "sd_1": 1.0, "n_1": 20, "mean_2": 2.0, "sd_2": 1.5, "n_2": 30},
    **{"both": 3, "only_1": 4, "only_2": 5, "neither": 6, "r": 0.3, "n": 30, "t": 2.0, "predictors": 3, "r2": 0.4},
    **{"events": 3, "total": 10, "time": 5.0, "mean": 3.0, "sd": 1.0, "alpha": 0.8, "items": 5},
    **{"homozygous_1": 3, "heterozygous": 9, "homozygous_2": 4},
}


def columns(code, *factors):
    """The study once a factor: as it is (1), or missing (None)."""
    return {name: [STUDY[name] if factor else None for factor in factors] for name in MEASURES[code].raw}


@pytest.mark.parametrize("code", COMPUTED)
def test_a_sound_study_has_an_effect_with_a_variance_above_zero(code):
    found = effect_sizes(code, **columns(code, 1))
    assert found["y"].notna().all()
    assert (found["v"] > 0).all()
    assert found.attrs["missing"] == {}


@pytest.mark.parametrize("code", COMPUTED)
def test_an_empty_row_stays_empty_says_why_and_changes_no_other(code):
    found, alone = effect_sizes(code, **columns(code, 1, None, 1)), effect_sizes(code, **columns(code, 1))
    assert found.iloc[1].isna().all()
    assert "missing" in found.attrs["missing"][1]
    np.testing.assert_allclose(found.iloc[[0, 2]], np.repeat(alone.to_numpy(), 2, axis=0), rtol=1e-12)


@pytest.mark.parametrize("code", COMPUTED)
def test_text_is_refused_with_its_column_and_row(code):
    given_columns = columns(code, 1, 1)
    last = MEASURES[code].raw[-1]
    given_columns[last] = [STUDY[last], "n.r."]
    with pytest.raises(ModelInputError, match=rf"{last} must hold numbers; found 'n\.r\.' in row 1"):
        effect_sizes(code, **given_columns)


@pytest.mark.parametrize("code", COMPUTED)
def test_no_studies_give_an_empty_frame(code):
    assert effect_sizes(code, **columns(code)).empty


@pytest.mark.parametrize("code", ["OR", "RR", "RD", "PETO", "PHI", "YUQ", "YUY", "RTET", "PBIT", "OR2DN", "AS"])
@given(counts=st.lists(st.integers(1, 300), min_size=4, max_size=4))
def test_exchanging_the_groups_turns_the_sign(code, counts):
    a, b, c, d = counts
    there = effect_sizes(code, events_1=a, total_1=a + b, events_2=c, total_2=c + d)
    back = effect_sizes(code, events_1=c, total_1=c + d, events_2=a, total_2=a + b)
    assert there["y"].item() == pytest.approx(-back["y"].item(), rel=1e-6, abs=1e-9)
    assert there["v"].item() == pytest.approx(back["v"].item(), rel=1e-6)


@pytest.mark.parametrize("code", ["SMD", "SMDH", "SMD1", "SMD1H", "ROM", "CVR", "VR", "RPB", "RBIS", "D2OR", "D2ORN"])
@given(unit=st.sampled_from([1e-12, 1e-3, 1e12]), mean=st.floats(0.5, 3), sd=st.floats(1, 3), n=st.integers(3, 1000))
def test_the_unit_of_the_outcome_does_not_matter(code, unit, mean, sd, n):
    raw = {"mean_1": mean, "sd_1": sd, "n_1": n, "mean_2": 2.0, "sd_2": 1.5, "n_2": 30}
    scaled = {name: value * unit if name[0] != "n" else value for name, value in raw.items()}
    plain = effect_sizes(code, **raw)
    np.testing.assert_allclose(effect_sizes(code, **scaled), plain, rtol=1e-9, atol=1e-12)
