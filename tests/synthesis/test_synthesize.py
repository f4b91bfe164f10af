"""From rows to a verdict: what is pooled, turned, counted, described or left out, and how each step is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from toolkit import open_review
from toolkit.errors import ReviewNotFoundError, UnknownNameError
from toolkit.vocabulary import Method, Outcome

Z = 1.959963984540054


def synthesis_of(files, key="q1"):
    return open_review(files.write()).synthesize(key)


def test_primary_rows_are_pooled_and_all_others_left_out_with_a_reason(make_review):
    rows = [{}, {}, {}, {"role": "additional", "sample": "sample-study-1"}, {"role": "review"}, {"role": "context"}]
    rows += [{"role": "direction", "value": "", "ci_low": "", "ci_high": "", "measure": ""}, {"status": "recalled"}]
    files = make_review([*rows, {"question": "q2"}])
    synthesis = synthesis_of(files)
    trace = synthesis.trace().set_index("estimate")
    assert list(trace.index[trace["used"]]) == ["E1", "E2", "E3"]
    assert (trace.loc[~trace["used"], "reason_left_out"] != "").all()
    assert "recalled" in trace.loc["E8", "reason_left_out"]
    assert synthesis.result.k == 3


@pytest.mark.parametrize(
    ("primary", "reason"),
    [
        ({}, "another row of its sample stands in the main analysis"),
        ({"status": "recalled"}, "the primary row of its sample (E1), which is recalled and not used"),
        ({"measure": "COEF"}, "the primary row of its sample (E1), which has no number that is pooled here"),
        ({"role": "context"}, "its sample has no primary row"),
    ],
)
def test_the_reason_of_an_additional_row_says_what_became_of_its_samples_primary_row(make_review, primary, reason):
    rows = [primary, {"role": "additional", "sample": "sample-study-1"}, {}, {}, {}, {"question": "q2"}]
    left_out = synthesis_of(make_review(rows)).left_out().set_index("estimate")
    assert left_out.loc["E2", "reason_left_out"].endswith(reason)


def test_a_ratio_and_its_interval_become_a_log_and_a_variance(make_review):
    row = synthesis_of(make_review([{}, {}, {}, {"question": "q2"}])).trace().iloc[0]
    assert row["y"] == pytest.approx(math.log(2.0), rel=1e-14)
    assert row["v"] == pytest.approx(((math.log(2.67) - math.log(1.5)) / (2 * Z)) ** 2, rel=1e-12)
    assert row["transformation"] == "log of OR 2.0 as printed; variance from its 95% interval 1.5 to 2.67"


def test_the_level_of_an_interval_counts(make_review):
    rows = [{"ci_level": "90"}, {}, {}, {"question": "q2"}]
    trace = synthesis_of(make_review(rows)).trace()
    assert trace["v"][0] / trace["v"][1] == pytest.approx((Z / 1.6448536269514722) ** 2, rel=1e-12)


def test_a_reversed_row_is_turned(make_review):
    turned = {"value": "0.5", "ci_low": "0.37", "ci_high": "0.67", "orientation": "reversed"}
    trace = synthesis_of(make_review([turned, {}, {}, {"question": "q2"}])).trace()
    assert trace["y"][0] == pytest.approx(math.log(2.0), rel=1e-14)
    assert "turned" in trace["transformation"][0]


def test_unadjusted_counts_are_exact_and_come_before_a_rounded_interval(make_review):
    counts = {"events_1": "10", "total_1": "29", "events_2": "23", "total_2": "52", "adjusted": "no"}
    printed = {"value": "0.664", "ci_low": "0.259", "ci_high": "1.701", "direction": "contradicts", "n_total": "81"}
    trace = synthesis_of(make_review([counts | printed, {}, {}, {"question": "q2"}])).trace()
    assert trace["y"][0] == pytest.approx(math.log((10 / 19) / (23 / 29)), rel=1e-14)
    assert trace["v"][0] == pytest.approx(1 / 10 + 1 / 19 + 1 / 23 + 1 / 29, rel=1e-14)


def test_an_adjusted_interval_comes_before_counts(make_review):
    counts = {"events_1": "10", "total_1": "29", "events_2": "23", "total_2": "52"}
    trace = synthesis_of(make_review([counts, {}, {}, {"question": "q2"}])).trace()
    assert trace["y"][0] == pytest.approx(math.log(2.0), rel=1e-14)


def test_a_table_with_a_zero_cell_is_corrected_and_says_so(make_review):
    counts = {"events_1": "0", "total_1": "20", "events_2": "5", "total_2": "20", "adjusted": "no"}
    blank = {"value": "", "ci_low": "", "ci_high": "", "direction": "contradicts"}
    trace = synthesis_of(make_review([counts | blank, {}, {}, {"question": "q2"}])).trace()
    assert trace["y"][0] == pytest.approx(math.log((0.5 / 20.5) / (5.5 / 15.5)), rel=1e-14)
    assert "1/2 added" in trace["transformation"][0]


@pytest.mark.parametrize("events", [("0", "0"), ("20", "20")])
def test_a_table_without_contrast_says_nothing_of_a_ratio(make_review, events):
    counts = {"events_1": events[0], "total_1": "20", "events_2": events[1], "total_2": "20", "adjusted": "no"}
    blank = {"value": "", "ci_low": "", "ci_high": "", "direction": "unclear"}
    synthesis = synthesis_of(make_review([counts | blank, {}, {}, {}, {"question": "q2"}]))
    assert synthesis.result.k == 3
    assert "says nothing of a ratio" in synthesis.left_out()["reason_left_out"][0]


def test_a_common_effect_model_has_no_prediction_and_can_be_given_as_json(make_review, question):
    synthesis = synthesis_of(make_review([{}, {}, {}], question() + '\n[question.plan]\ntau2 = "EE"\n'))
    assert synthesis.to_frame()["prediction_low"][0] is None


def test_a_lower_limit_printed_as_zero_leaves_the_row_out_with_the_reason(make_review):
    synthesis = synthesis_of(make_review([{"ci_low": "0"}, {}, {}, {}, {"question": "q2"}]))
    row = synthesis.left_out().set_index("estimate").loc["E1"]
    assert "must lie" in row["reason_left_out"]
    assert synthesis.result.k == 3


def test_an_interval_without_width_leaves_the_row_out_with_the_reason(make_review):
    point = {"ci_low": "2.0", "ci_high": "2.0"}
    synthesis = synthesis_of(make_review([point, {}, {}, {}, {"question": "q2"}]))
    assert synthesis.left_out().set_index("estimate").loc["E1", "reason_left_out"]
    assert synthesis.result.k == 3


def test_a_row_on_another_scale_is_not_pooled(make_review):
    rows = [{"measure": "RD", "value": "0.1", "ci_low": "0.05", "ci_high": "0.15"}, {}, {}, {}, {"question": "q2"}]
    left_out = synthesis_of(make_review(rows)).left_out()
    assert "its scale (RD) is not that of the question (OR)" in left_out["reason_left_out"][0]


def test_ratios_of_different_kinds_are_pooled_where_the_question_says_so(make_review, question):
    files = make_review([{"measure": "HR"}, {"measure": "RR"}, {}], question(measure="log-ratio"))
    assert synthesis_of(files).result.k == 3


def test_two_samples_are_not_pooled_and_the_step_down_says_why(make_review, question):
    synthesis = synthesis_of(make_review([{}, {}], question()))
    assert synthesis.method is Method.DESCRIBE
    assert synthesis.verdict.outcome is Outcome.DESCRIBED
    assert "only 2 independent samples have usable numbers; it takes 3" in synthesis.fallbacks[0]


@pytest.mark.parametrize("rows", [[], [{}]])
def test_no_row_and_one_row_give_a_verdict_and_not_an_error(make_review, question, rows):
    files = make_review(
        [{"question": "q2"}, *rows], question(), question("q2", "C2", "negligible-decrease", smallest="0.9")
    )
    synthesis = synthesis_of(files)
    assert synthesis.verdict.outcome is (Outcome.DESCRIBED if rows else Outcome.NO_EVIDENCE)
    assert len(synthesis.trace()) == len(rows)
    assert len(synthesis.left_out()) == len(rows)
    assert synthesis.summary()


def test_a_question_whose_rows_are_all_recalled_has_no_usable_evidence(make_review, question):
    synthesis = synthesis_of(make_review([{"status": "recalled"}] * 4, question()))
    assert synthesis.verdict.outcome is Outcome.NO_EVIDENCE


def test_numbers_that_cannot_be_pooled_are_counted_by_direction(make_review, question):
    blank = {"role": "direction", "value": "", "ci_low": "", "ci_high": "", "measure": ""}
    rows = [{}, *[blank] * 5, blank | {"direction": "unclear"}, blank | {"direction": "no-difference"}]
    synthesis = synthesis_of(make_review(rows, question()))
    assert synthesis.method is Method.DIRECTION
    assert (synthesis.sign_test.positive, synthesis.sign_test.negative) == (6, 0)
    assert synthesis.sign_test.p_value == pytest.approx(2 * 0.5**6)
    assert synthesis.verdict.outcome is Outcome.DIRECTION_SUPPORTS
    assert "6 of 6 independent samples with a direction" in synthesis.summary()


def test_a_sample_has_one_vote_and_conflicting_findings_have_none(make_review, question):
    blank = {"role": "direction", "value": "", "ci_low": "", "ci_high": "", "measure": "", "sample": "shared"}
    rows = [blank, blank, blank | {"direction": "contradicts"}, {}, {}]
    synthesis = synthesis_of(make_review(rows, question(method="direction")))
    votes = {vote.sample: vote.word for vote in synthesis.votes}
    assert votes == {"shared": "conflicting", "sample-study-4": "supports", "sample-study-5": "supports"}


def test_seventy_per_cent_of_a_samples_findings_make_its_direction(make_review, question):
    blank = {"role": "direction", "value": "", "ci_low": "", "ci_high": "", "measure": "", "sample": "shared"}
    rows = [*[blank] * 7, *[blank | {"direction": "contradicts"}] * 3]
    synthesis = synthesis_of(make_review(rows, question(method="direction")))
    assert [vote.word for vote in synthesis.votes] == ["supports"]


def test_directions_never_show_that_an_effect_is_negligible(make_review, question):
    blank = {"role": "direction", "value": "", "ci_low": "", "ci_high": "", "measure": ""}
    negligible = question("q1", "C2", "negligible-decrease", smallest="0.9", method="direction")
    synthesis = synthesis_of(make_review([blank] * 8, negligible))
    assert synthesis.verdict.outcome is Outcome.DIRECTION_SUPPORTS
    assert "cannot show that an effect is smaller" in synthesis.summary()


@pytest.mark.parametrize(
    ("predicted", "smallest", "cells", "outcome"),
    [
        ("increase", "1.2", {}, Outcome.CLEARLY_SUPPORTED),
        ("decrease", "0.8", {"direction": "contradicts"}, Outcome.CONTRADICTED),
        ("negligible-increase", "1.2", {"direction": "contradicts"}, Outcome.CONTRADICTED),
        ("negligible-decrease", "0.8", {}, Outcome.SUPPORTED),
        ("negligible-increase", "1.2", {"value": "1.00", "ci_low": "0.97", "ci_high": "1.03"}, Outcome.SUPPORTED),
        ("decrease", "0.8", {"value": "0.50", "ci_low": "0.45", "ci_high": "0.56"}, Outcome.CLEARLY_SUPPORTED),
        ("increase", "1.2", {"value": "1.00", "ci_low": "0.97", "ci_high": "1.03"}, Outcome.TOO_SMALL),
    ],
)
def test_the_prediction_turns_the_verdict(make_review, question, predicted, smallest, cells, outcome):
    files = make_review([cells] * 4, question("q1", "C1", predicted, smallest=smallest))
    assert synthesis_of(files).verdict.outcome is outcome


def test_a_planned_sensitivity_analysis_is_the_same_model_without_the_row(make_review, question):
    odd = {"value": "9.0", "ci_low": "6.75", "ci_high": "12.0"}
    plan = '\n[[question.plan.sensitivity]]\nname = "without the odd one"\nleave_out = ["E4"]\nreason = "doubt"\n'
    synthesis = synthesis_of(make_review([{}, {}, {}, odd], question() + plan))
    item = synthesis.sensitivity[0]
    assert item.result.k == 3
    assert item.result.estimate == pytest.approx(math.log(2.0), rel=1e-12)
    assert "Without the odd one: 2.00" in synthesis.summary()


def test_rows_computed_by_the_project_are_pooled_and_the_result_without_them_is_shown(make_review, question):
    computed = {"status": "computed", "note": "from a public panel"}
    synthesis = synthesis_of(make_review([{}, {}, {}, computed], question()))
    item = synthesis.sensitivity[0]
    assert (synthesis.result.k, item.result.k, item.left_out) == (4, 3, ("E4",))


def test_effects_that_vary_less_than_chance_get_an_interval_with_a_safeguard_beside_the_planned_one(make_review):
    rows = [{}, {"value": "2.1", "ci_low": "1.58", "ci_high": "2.80"}, {}, {"question": "q2"}]
    synthesis = synthesis_of(make_review(rows))
    (item,) = synthesis.sensitivity
    common_effect = 1 / np.sqrt(np.sum(1 / synthesis.result.v))
    assert synthesis.result.se < common_effect
    assert item.result.se == pytest.approx(common_effect, rel=1e-9)
    assert "never narrower than that of the common-effect model: 2.03 (" in synthesis.summary()


def test_effects_that_vary_more_than_chance_need_no_safeguard(make_review):
    wide = {"value": "4.0", "ci_low": "3.0", "ci_high": "5.33"}
    assert synthesis_of(make_review([{}, {}, wide, {"question": "q2"}])).sensitivity == ()


def test_figures_under_two_questions_are_said_to_be_dependent_even_when_turned(make_review, question):
    counts = {
        "events_1": "9",
        "total_1": "20",
        "events_2": "5",
        "total_2": "20",
        "value": "",
        "ci_low": "",
        "ci_high": "",
    }
    turned = counts | {
        "events_1": "5",
        "events_2": "9",
        "question": "q2",
        "study": "study-1",
        "direction": "contradicts",
    }
    questions = (question(), question("q2", "C2", "negligible-decrease", smallest="0.9"))
    synthesis = synthesis_of(make_review([counts, turned, {}, {}], *questions))
    assert [(item.estimate, item.other_estimate, item.other_claim) for item in synthesis.shared] == [("E1", "E2", "C2")]
    assert "not independent" in synthesis.summary()


def test_a_summary_says_what_a_new_setting_may_show(make_review):
    alike = synthesis_of(make_review([{}, {}, {}, {}, {}])).summary()
    assert "(95% prediction interval)." in alike
    assert "may show none" not in alike
    apart = [
        {"value": v, "ci_low": low, "ci_high": high} for v, low, high in (("1.2", "1.1", "1.31"), ("2", "1.8", "2.22"))
    ]
    spread = synthesis_of(make_review([*apart * 3]))
    low, high = spread.result.prediction_interval().low, spread.result.prediction_interval().high
    assert low < 0 < spread.result.ci_low < high
    assert "(95% prediction interval), so that a new setting may show none." in spread.summary()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (("100", "50", "7"), "from 3 independent samples, 157 participants."),
        (("1000", "50", ""), "from 3 independent samples (1,050 participants, a number that 2 of them state)."),
        (("", "", ""), "from 3 independent samples."),
    ],
)
def test_a_summary_counts_the_participants_that_are_stated(make_review, sizes, words):
    files = make_review([{}, {}, {}])
    for study, size in zip(files.studies, sizes, strict=True):
        study["n_total"] = size
    assert words in synthesis_of(files).summary()


def test_a_sample_is_as_large_as_the_largest_of_its_findings(make_review, question):
    rows = [{"sample": "one", "n_total": size, "role": "direction"} for size in ("40", "190", "60")] + [{}]
    synthesis = synthesis_of(make_review(rows, question(method="direction")))
    assert synthesis.sample_sizes["one"] == 190
    assert synthesis.participants == 290


def test_studies_that_would_be_called_the_same_get_letters(make_review, question):
    rows = [
        {"study": "s", "reference": "s", "sample": "one"},
        {"study": "s", "reference": "s", "sample": "two"},
        {},
        {},
    ]
    assert list(synthesis_of(make_review(rows, question())).trace()["citation"][:2]) == ["Doe 2001 (a)", "Doe 2001 (b)"]


def test_results_do_not_depend_on_the_order_of_rows(make_review, question):
    rows = [
        {"value": str(value), "ci_low": str(value / 2), "ci_high": str(value * 2)} for value in (1.5, 2.0, 4.0, 8.0)
    ]
    one = synthesis_of(make_review(rows, question())).result
    other = synthesis_of(make_review(rows[::-1], question())).result
    assert np.allclose([one.estimate, one.tau2, one.ci_low], [other.estimate, other.tau2, other.ci_low], rtol=1e-10)


def test_verdicts_have_a_row_a_question_and_claims_without_one_are_shown(files):
    verdicts = open_review(files.write()).verdicts()
    assert list(verdicts["claim"]) == ["C1", "C2", "N1"]
    assert verdicts["outcome"][2] == "normative"
    assert verdicts["reason"][2] == "rests on C1"


def test_an_empirical_claim_without_a_question_is_shown_as_untested(make_review, question):
    verdicts = open_review(make_review([{}, {}, {}], question()).write()).verdicts().set_index("claim")
    assert verdicts.loc["C2", "outcome"] == Outcome.NO_EVIDENCE
    assert verdicts.loc["C2", "reason"] == "no question tests it"


def test_a_review_is_found_from_any_folder_below_it(files, monkeypatch):
    below = files.write() / "notebooks/deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert open_review().root == files.root.resolve()


def test_no_review_is_told_with_what_a_review_is(tmp_path):
    with pytest.raises(ReviewNotFoundError, match=r"data/principle\.toml"):
        open_review(tmp_path)


def test_an_unknown_question_offers_the_nearest(files):
    with pytest.raises(UnknownNameError, match="'q1'"):
        open_review(files.write()).synthesize("q11")


def test_words_of_the_data_are_escaped_where_they_are_shown(make_review, question):
    files = make_review([{}, {}, {}], question().replace("Few studies.", "<script>alert(1)</script>"))
    files.principle = files.principle.replace("Harm follows.", "<b>Harm</b> & more")
    review = open_review(files.write())
    html = review.synthesize("q1")._repr_html_() + review.claim("C1")._repr_html_() + review._repr_html_()
    assert "<script" not in html
    assert "&lt;b&gt;Harm&lt;/b&gt; &amp; more" in html
