"""A warning where standard errors look to have been entered as standard deviations."""

import warnings

import pytest

from toolkit.effects import ImplausibleEffectWarning, effect_sizes

MEANS = {"mean_1": [10, 10], "sd_1": [5, 0.5], "n_1": [100, 100], "mean_2": [8, 8], "sd_2": [5, 0.5], "n_2": [100, 100]}


@pytest.mark.parametrize("measure", ["SMD", "SMDH", "SMD1", "SMD1H", "D2ORN"])
def test_a_difference_of_four_standard_deviations_is_named_with_its_row(measure):
    with pytest.warns(ImplausibleEffectWarning, match=r"4\.0 in row 1 \(0\.40 if so\)") as found:
        frame = effect_sizes(measure, **MEANS)
    assert frame.attrs["warning"] == str(found[0].message)
    assert frame["y"].notna().all()


def test_a_standardised_change_is_watched_too():
    change = {"mean_1": 10, "sd_1": 0.5, "mean_2": 8, "sd_2": 0.5, "n": 100, "r": 0.5}
    with pytest.warns(ImplausibleEffectWarning, match="row 0"):
        effect_sizes("SMCR", **change)


@pytest.mark.parametrize("measure", ["MD", "ROM", "VR"])
def test_measures_in_other_units_are_not_warned_of(measure):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert effect_sizes(measure, **MEANS).attrs["warning"] == ""


def test_believable_differences_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        effect_sizes("SMD", **{name: values[:1] for name, values in MEANS.items()})
