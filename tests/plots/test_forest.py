"""The forest plot: what stands where, that no text overlaps, and that it refuses what it cannot draw."""

import dataclasses

import numpy as np
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.plots import ReferenceRow, alt_text, forest

DESIGNS = ("cohort", "case-control", "randomised-trial", "cross-sectional")
LONG = "drug use disorder (medical, legal and pharmacy registers, all of Sweden)"


def full(result, **changes):
    """A plot with everything in it."""
    arguments = {
        "measure": "OR",
        "columns": {
            "Design": [DESIGNS[i % 4] for i in range(result.k)],
            "n": [f"{1000 * i + 7:,}" for i in range(result.k)],
            "Outcome": [LONG if i % 3 == 0 else "drug use" for i in range(result.k)],
        },
        "hollow": [i % 5 == 2 for i in range(result.k)],
        "smallest_effect": np.log(1.25),
        "reference_rows": [("Published: Hughes 2017", np.log(2.1), np.log(1.5), np.log(2.9))],
        "favours": ("Less drug use after trauma", "More drug use after trauma"),
    }
    return forest(result, **(arguments | changes))


def panel_of(ax):
    (panel,) = ax.child_axes
    return panel


def lines_with(panel, marker):
    return [line for line in panel.lines if line.get_marker() == marker]


@pytest.mark.parametrize("k", [1, 2, 3, 4, 20, 60])
def test_no_text_overlaps_and_none_is_cut_off(fitted, faults, k):
    assert faults(full(fitted(k))) == []


def test_no_text_overlaps_without_columns_either(fitted, faults):
    assert faults(forest(fitted(7), measure="HR")) == []


def test_no_text_overlaps_in_axes_that_are_given(fitted, faults):
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(20, 7))
    assert full(fitted(20), ax=left) is left
    forest(fitted(4), measure="OR", ax=right)
    assert faults(left) == []
    assert figure.axes[:2] == [left, right]


def test_axes_that_are_too_small_are_refused_and_not_filled_with_specks(fitted):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots(figsize=(3, 3))
    with pytest.raises(ModelInputError, match=r"too small for 64 rows and 6 columns"):
        full(fitted(60), ax=ax)


def test_the_figure_grows_with_the_number_of_studies(fitted):
    heights = [forest(fitted(k), measure="OR").figure.get_figheight() for k in (4, 20, 60)]
    assert heights == sorted(heights)
    assert heights[2] > 3 * heights[1] / 2 > 3 * heights[0] / 2


def test_numbers_are_printed_on_the_natural_scale(texts):
    result = meta.random_effects(np.log([1.96, 2.39]), [0.03, 0.006], tau2="DL", test="z", labels=["Huang", "Giordano"])
    printed = [text for text, _ in texts(forest(result, measure="OR"))]
    assert "1.96 (1.40 to 2.75)" in printed
    assert "2.39 (2.05 to 2.78)" in printed
    pooled = np.exp([result.estimate, result.ci_low, result.ci_high])
    assert "{:.2f} ({:.2f} to {:.2f})".format(*pooled) in printed
    assert {"1", "1.5", "2", "3"} >= {text for text in printed if text in ("0.5", "1", "1.5", "2", "3", "5")} != set()
    assert [f"{weight:.1f}%" for weight in result.weights] == [text for text in printed if text.endswith("%")][:2]


def test_marks_stand_at_their_effects_in_the_order_of_the_studies(fitted):
    result = fitted(4)
    panel = panel_of(forest(result, measure="OR"))
    squares = lines_with(panel, "s")
    assert [line.get_xdata()[0] for line in squares] == pytest.approx(list(result.y))
    heights = [line.get_ydata()[0] for line in squares]
    assert heights == sorted(heights)
    assert panel.yaxis_inverted()
    diamond, bar = panel.patches
    assert (diamond.get_xy()[:, 0].min(), diamond.get_xy()[:, 0].max()) == pytest.approx(
        (result.ci_low, result.ci_high)
    )
    predicted = result.prediction_interval()
    assert (bar.get_xy()[:, 0].min(), bar.get_xy()[:, 0].max()) == pytest.approx((predicted.low, predicted.high))
    assert bar.get_xy()[:, 1].min() > diamond.get_xy()[:, 1].max()


def test_the_area_of_a_square_follows_the_weight(fitted):
    result = fitted(20)
    squares = lines_with(panel_of(forest(result, measure="OR")), "s")
    sides = [line.get_markersize() for line in squares]
    assert np.argsort(sides).tolist() == np.argsort(result.weights).tolist()


def test_hollow_squares_are_those_that_were_marked_and_are_explained(fitted, texts):
    ax = forest(fitted(4), measure="OR", hollow=[False, True, False, True])
    faces = [line.get_markerfacecolor() == "white" for line in lines_with(panel_of(ax), "s")]
    assert faces == [False, True, False, True]
    assert any(text.startswith("Hollow squares: computed") for text, _ in texts(ax))
    assert not any(text.startswith("Hollow") for text, _ in texts(forest(fitted(4), measure="OR")))


def test_an_interval_that_leaves_the_axis_ends_in_an_arrow(texts):
    result = meta.random_effects([0.1, 0.2, 0.3, 0.25], [0.02, 0.03, 0.01, 9.0])
    ax = forest(result, measure="OR")
    panel = panel_of(ax)
    low, high = panel.get_xlim()
    assert high < 0.25 + 1.96 * 3
    assert [line.get_xdata()[0] for line in lines_with(panel, ">")] == [high]
    assert [line.get_xdata()[0] for line in lines_with(panel, "<")] == [low]
    assert "1.28 (0.0036 to 459)" in [text for text, _ in texts(ax)]


def test_a_reference_row_stands_apart_below_with_a_mark_of_its_own(fitted):
    row = ReferenceRow("Published", 0.7, 0.4, 1.0)
    panel = panel_of(forest(fitted(4), measure="OR", reference_rows=[row]))
    (cross,) = lines_with(panel, "X")
    assert cross.get_xdata()[0] == 0.7
    assert cross.get_ydata()[0] > panel.patches[-1].get_xy()[:, 1].max()


def test_the_smallest_effect_has_a_dotted_line_a_band_and_a_word(fitted, texts):
    ax = forest(fitted(4), measure="OR", smallest_effect=np.log(0.8))
    panel = panel_of(ax)
    (band,) = panel.collections
    edges = band.get_paths()[0].vertices[:, 0]
    assert (edges.min(), edges.max()) == pytest.approx((np.log(0.8), 0))
    assert "Dotted line: smallest effect of interest (0.80)." in [text for text, _ in texts(ax)]


def test_a_proportion_has_no_line_of_no_effect(texts):
    shares = np.array([0.2, 0.3, 0.4])
    result = meta.random_effects(np.log(shares / (1 - shares)), [0.02] * 3)
    ax = forest(result, measure="PLO")
    upright = [line for line in panel_of(ax).lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert len(upright) == 1  # through the pooled effect
    assert "0.30 (0.25 to 0.36)" in [text for text, _ in texts(ax)]


def test_a_model_without_a_prediction_interval_says_why(fitted, texts):
    words = " ".join(text for text, _ in texts(forest(fitted(4, tau2="EE"), measure="OR")))
    assert "No prediction interval: A common-effect model" in words
    assert "τ²" not in words


def test_labels_from_a_data_file_are_text_and_nothing_else(texts, faults):
    result = meta.random_effects([0.1, 0.3], [0.02, 0.03], labels=["$x^2$ & <b>\n\tTwo", r"\alpha $"])
    ax = forest(result, measure="OR", columns={"Price$": ["$5", "$$"]}, favours=("$a$", "b"))
    assert faults(ax) == []
    assert {"$x^2$ & <b> Two", r"\alpha $", "Price$", "$$", "← $a$"} <= {text for text, _ in texts(ax)}


def test_the_words_for_those_who_cannot_see_it_hold_the_result(fitted):
    result = fitted(4)
    words = alt_text(full(result))
    assert words.startswith("Forest plot of 4 studies, odds ratio.")
    assert f"{np.exp(result.estimate):.2f} ({np.exp(result.ci_low):.2f} to {np.exp(result.ci_high):.2f})" in words
    assert "Published: Hughes 2017: 2.10 (1.50 to 2.90)." in words


def test_a_missing_number_is_refused_with_the_name_of_the_study(fitted):
    result = fitted(4)
    broken = dataclasses.replace(result.studies, y=np.array([0.1, np.nan, 0.2, 0.3]))
    with pytest.raises(ModelInputError, match=r"The effect \(y\) is missing or infinite for Author and many others"):
        forest(dataclasses.replace(result, studies=broken), measure="OR")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": ["one"]}, "labels must have one text a study: 4 studies, 1 texts"),
        ({"columns": {"Design": ["cohort"] * 3}}, r"columns\['Design'\] must have one text a study: 4 studies, 3"),
        ({"hollow": [True]}, "hollow must have one value a study: 4 studies, 1 values"),
        ({"measure": "ODDS"}, "no effect measure 'ODDS'"),
        ({"reference_rows": [("Published", 2.1, 1.5, float("nan"))]}, "reference row 'Published' is missing .* high"),
        ({"reference_rows": [("Published", 2.1, 0.4, 1.1)]}, "an effect outside its limits: 2.1"),
        ({"smallest_effect": float("nan")}, "smallest effect of interest is missing"),
    ],
)
def test_what_does_not_fit_is_refused(fitted, wrong, message):
    with pytest.raises(ModelInputError, match=message):
        forest(fitted(4), **({"measure": "OR"} | wrong))


def test_the_settings_of_the_user_come_back(fitted):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    forest(fitted(3), measure="OR")
    assert dict(mpl.rcParams) == before
