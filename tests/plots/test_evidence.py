"""The plot that fits a synthesis: forest, directions, or a sentence; the published result only on our scale."""

from __future__ import annotations

import pytest

from toolkit import open_review, plots

PUBLISHED = """
[question.published]
reference = "study-1"
measure = "{measure}"
value = 1.74
ci_low = 1.36
ci_high = 2.18
"""


@pytest.fixture
def alt_text():
    drawn = []

    def draw(files, key="q1"):
        ax = plots.draw(open_review(files.write()).synthesize(key))
        drawn.append(ax)
        return plots.alt_text(ax)

    yield draw
    for ax in drawn:
        plots.close(ax)


def test_a_pool_is_a_forest_plot(files, alt_text):
    assert alt_text(files).startswith("Forest plot of 3 studies, odds ratio.")


@pytest.mark.parametrize(
    ("predicted", "sides"),
    [
        ("increase", ("← less", "more (predicted) →")),
        ("decrease", ("← less (predicted)", "more →")),
        ("negligible-increase", ("← less", "more (denied) →")),
        ("negligible-decrease", ("← less (denied)", "more →")),
    ],
)
def test_the_sides_of_a_forest_plot_say_where_the_claim_stands(make_review, question, predicted, sides):
    files = make_review([{}, {}, {}], question(predicted=predicted, smallest="0.8" if "de" in predicted else "1.2"))
    ax = plots.draw(open_review(files.write()).synthesize("q1"))
    edges = {
        text.get_text(): text.get_position()[0] for text in ax.texts if "←" in text.get_text() or "→" in text.get_text()
    }
    plots.close(ax)
    assert set(edges) == set(sides)
    assert edges[sides[0]] < edges[sides[1]]


@pytest.mark.parametrize("turned", [False, True])
def test_the_foot_of_a_forest_plot_gives_an_interval_that_is_printed_uneven(make_review, alt_text, turned):
    uneven = {"value": "1.8", "ci_low": "0.37", "ci_high": "4.77", "direction": "unclear"}
    files = make_review([uneven | ({"orientation": "reversed"} if turned else {}), {}, {}, {"question": "q2"}])
    note = alt_text(files).partition("As printed: ")[2]
    assert note.startswith("Doe 2001")
    assert note.endswith(" OR 1.8 (0.37 to 4.77).")


def test_a_forest_plot_of_even_intervals_has_no_such_note(files, alt_text):
    assert "As printed" not in alt_text(files)


def test_directions_are_an_effect_direction_plot(make_review, question, alt_text):
    text = alt_text(make_review([{}, {}, {}], question(method="direction")))
    assert text.startswith("Effect direction plot of 3 findings: supports 3")


def test_the_foot_of_directions_says_what_the_samples_vote(make_review, question, alt_text):
    blank = {"role": "direction", "value": "", "ci_low": "", "ci_high": "", "measure": "", "sample": "shared"}
    rows = [blank, blank, blank | {"direction": "contradicts"}, {}, {}, {"direction": "no-difference"}]
    text = alt_text(make_review(rows, question(method="direction")))
    assert "6 findings: supports 4, contradicts 1, no difference 1, unclear 0." in text
    assert (
        "4 independent samples, one vote each, which is what the verdict counts: "
        "supports 2, no difference 1, conflicting 1."
    ) in text


def test_the_votes_of_a_question_that_is_only_described_are_not_said_to_count(make_review, question, alt_text):
    text = alt_text(make_review([{}, {}], question(method="describe")))
    assert "2 independent samples, one vote each: supports 2." in text


def test_without_a_finding_there_is_a_sentence(make_review, question, alt_text):
    assert alt_text(make_review([{"role": "context"}], question(method="describe"))).startswith("No finding here")


@pytest.mark.parametrize(
    ("measure", "scale", "shown"),
    [("OR", "OR", True), ("HR", "OR", True), ("HR", "log-ratio", True), ("SMD", "OR", False)],
)
def test_the_published_result_stands_below_where_it_has_our_scale(
    make_review, question, alt_text, measure, scale, shown
):
    files = make_review([{}, {}, {}], question(measure=scale) + PUBLISHED.format(measure=measure))
    assert (f"Published: Doe 2001 ({measure}): 1.74 (1.36 to 2.18)." in alt_text(files)) == shown


def test_every_question_of_the_shipped_review_can_be_drawn(shipped):
    for synthesis in shipped.syntheses():
        ax = plots.draw(synthesis)
        assert plots.alt_text(ax)
        plots.close(ax)
