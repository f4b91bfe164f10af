"""The effect direction plot: arrows, sizes and counts, in shape and in words."""

import pytest

from toolkit.errors import ModelInputError
from toolkit.plots import alt_text, effect_direction
from toolkit.vocabulary import EffectDirection

ALL = ["supports", "contradicts", "no-difference", "unclear"]


def many(k, **changes):
    arguments = {
        "columns": {
            "Design": [("cohort", "randomised-trial")[i % 2] for i in range(k)],
            "n": [("30", "150", "2,000", "–")[i % 4] for i in range(k)],
            "Country": [("GB", "US; CA; AU")[i % 2] for i in range(k)],
            "Outcome": [
                ("homicides", "area under coca in the municipality, hectares by satellite")[i % 2] for i in range(k)
            ],
        },
        "sizes": [(30, 150, 2000, None)[i % 4] for i in range(k)],
        "hollow": [i % 6 == 2 for i in range(k)],
    }
    labels = [f"Author{' and many others of a long name' * (i % 4 == 1)} {1990 + i}" for i in range(k)]
    return effect_direction(labels, [ALL[i % 4] for i in range(k)], **(arguments | changes))


def arrows(ax):
    (panel,) = ax.child_axes
    return [(line.get_marker(), line.get_markersize()) for line in panel.lines]


@pytest.mark.parametrize("k", [1, 3, 12, 40])
def test_no_text_overlaps_and_none_is_cut_off(faults, k):
    assert faults(many(k)) == []


def test_no_text_overlaps_in_axes_that_are_given(faults):
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, 2, figsize=(18, 8))
    many(12, ax=axes[0])
    effect_direction(["a"], ["supports"], ax=axes[1])
    assert faults(axes[0]) == []


def test_each_direction_has_a_shape_and_a_word(texts):
    ax = effect_direction(["A", "B", "C", "D"], ALL)
    assert [marker for marker, _ in arrows(ax)] == ["^", "v", "<", ">", "<", ">"]
    printed = [text for text, _ in texts(ax)]
    assert [text for text in printed if text in ("supports", "contradicts", "no difference", "unclear")] == [
        "supports",
        "contradicts",
        "no difference",
        "unclear",
    ]


def test_the_directions_are_counted_below(texts):
    directions = [EffectDirection.SUPPORTS] * 3 + ["contradicts", "unclear"]
    printed = [text for text, _ in texts(effect_direction("ABCDE", directions))]
    assert "5 findings: supports 3, contradicts 1, no difference 0, unclear 1." in printed


def test_arrows_are_sized_by_the_classes_of_the_paper(texts):
    ax = effect_direction("ABCDEF", ["supports"] * 6, sizes=[1, 49, 50, 300, 301, None])
    sizes = [size for _, size in arrows(ax)]
    assert sizes[0] == sizes[1] < sizes[2] == sizes[3] < sizes[4]
    assert sizes[5] == sizes[2]
    assert "Not reported: as 50 to 300." in " ".join(text for text, _ in texts(ax))
    assert not any("Size of arrow" in text for text, _ in texts(effect_direction("A", ["supports"])))


def test_marked_studies_have_hollow_arrows_and_a_note_says_why(texts):
    ax = effect_direction("AB", ["supports", "no-difference"], hollow=[False, True])
    (panel,) = ax.child_axes
    assert [line.get_markerfacecolor() == "white" for line in panel.lines] == [False, True, True]
    assert any(text.startswith("Hollow arrows: computed") for text, _ in texts(ax))


def test_the_words_for_those_who_cannot_see_it_name_the_studies():
    words = alt_text(effect_direction(["Huang", "Bull"], ["supports", "unclear"]))
    assert words == (
        "Effect direction plot of 2 findings: supports 1, contradicts 0, no difference 0, unclear 1. "
        "Supports: Huang. Unclear: Bull."
    )


@pytest.mark.parametrize(
    ("labels", "directions", "changes", "message"),
    [
        ([], [], {}, "at least one study"),
        (["A"], ["suports"], {}, "direction of A must be one of .* Did you mean 'supports'"),
        (["A"], [None], {}, "direction of A must be one of .* got None"),
        (["A"], [float("nan")], {}, "direction of A must be one of .* got nan"),
        (["A", "B"], ["supports"], {}, "labels must have one text a study: 1 studies, 2 texts"),
        (["A"], ["supports"], {"sizes": [0]}, "size of A must be 1 or more people, got 0"),
        (["A"], ["supports"], {"sizes": [1, 2]}, "sizes must have one value a study"),
        (["A"], ["supports"], {"columns": {"n": []}}, r"columns\['n'\] must have one text a study"),
    ],
)
def test_what_does_not_fit_is_refused(labels, directions, changes, message):
    with pytest.raises(ModelInputError, match=message):
        effect_direction(labels, directions, **changes)
