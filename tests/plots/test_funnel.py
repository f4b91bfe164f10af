"""The funnel plot: what stands where, that nothing overlaps or is cut off, and that it refuses what it cannot draw."""

import numpy as np
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.plots import alt_text, funnel


@pytest.mark.parametrize("k", [1, 2, 10, 60])
@pytest.mark.parametrize("measure", ["OR", "SMD", "PLO"])
def test_no_text_overlaps_and_none_is_cut_off(fitted, faults, k, measure):
    result = fitted(k)
    extra = (result.y[:1] - 1.0, result.v[:1] * 2)
    assert faults(funnel(result, measure=measure, filled=extra, adjusted=("PET-PEESE", 0.1))) == []


def test_points_stand_at_their_effects_and_standard_errors_and_small_studies_stand_low(fitted):
    result = fitted(12)
    ax = funnel(result, measure="OR")
    points = ax.collections[0].get_offsets()
    assert np.allclose(points, np.column_stack([result.y, np.sqrt(result.v)]))
    assert ax.get_ylim()[0] > np.sqrt(result.v.max())
    assert ax.get_ylim()[1] == 0


def test_shades_are_levels_of_p_about_no_effect_and_dashes_the_funnel_of_the_pooled_effect(fitted):
    result = fitted(12)
    ax = funnel(result, measure="OR")
    tallest = ax.get_ylim()[0]
    wedges = sorted(patch.get_xy()[:, 0].max() / tallest for patch in ax.patches)
    assert np.allclose(wedges, [1.6448536, 1.9599640, 2.5758293])
    ends = sorted(line.get_xdata()[-1] for line in ax.lines if line.get_linestyle() == "--")
    assert np.allclose(ends, result.estimate + np.array([-1.9599640, 0, 1.9599640]) * tallest)


def test_the_axis_is_written_on_the_natural_scale(fitted):
    labels = [text.get_text() for text in funnel(fitted(12), measure="OR").get_xticklabels()]
    assert "1" in labels
    assert not any("−" in label for label in labels)


def test_added_studies_are_hollow_counted_and_in_the_plot(fitted):
    result = fitted(12)
    ax = funnel(result, measure="OR", filled=([-3.0], [0.09]))
    assert ax.collections[1].get_facecolor()[0][:3] == pytest.approx((1, 1, 1))
    assert ax.get_xlim()[0] < -3
    assert "1 study added by trim-and-fill" in ax.get_xlabel()
    assert "Trim-and-fill adds 1." in alt_text(ax)


def test_an_adjusted_estimate_is_named_with_its_value_on_the_natural_scale(fitted):
    ax = funnel(fitted(12), measure="OR", adjusted=("PET-PEESE", np.log(1.5)))
    assert "PET-PEESE (1.50)" in ax.get_xlabel()
    assert "PET-PEESE: 1.50." in alt_text(ax)


def test_the_words_tell_how_many_studies_lie_on_either_side(fitted):
    result = fitted(12)
    below = int(np.sum(result.y < result.estimate))
    assert f"{below} lie below the pooled effect" in alt_text(funnel(result, measure="OR"))


def test_a_regression_is_refused():
    result = meta.regression([0.1, 0.2, 0.4], [0.1, 0.1, 0.2], [1.0, 2.0, 4.0])
    with pytest.raises(ModelInputError, match="coefficients"):
        funnel(result, measure="SMD")
