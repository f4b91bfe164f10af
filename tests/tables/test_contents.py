"""The tables of a review: both sides, figures as printed, sources, and why rows were left out."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit import meta, numbers, open_review
from toolkit.tables import contents


def synthesis_of(files, key="q1"):
    return open_review(files.write()).synthesize(key)


def cells(table, column):
    place = [item.name for item in table.columns].index(column)
    return [row[place] for row in table.rows]


def test_rows_are_grouped_by_use_and_show_both_sides(make_review):
    against = {"value": "0.5", "ci_low": "0.37", "ci_high": "0.67", "direction": "contradicts"}
    rows = [{}, {}, against, {"role": "context"}, {"status": "recalled"}, {"question": "q2"}]
    table = contents.evidence_table(synthesis_of(make_review(rows)))
    assert [(group.heading, group.start, group.stop) for group in table.row_groups] == [
        ("Pooled", 0, 3),
        ("Context, never pooled", 3, 4),
        ("Recalled, not seen again at a source: not used", 4, 5),
    ]
    assert cells(table, "direction")[:3] == ["▲ for", "▲ for", "▼ against"]


def test_figures_stand_as_printed_with_their_place_and_address(make_review):
    row = {"value": "2.00", "ci_low": "1.50", "ci_high": "2.67", "n_total": "1504"}
    table = contents.evidence_table(synthesis_of(make_review([row, {}, {}, {"question": "q2"}])))
    assert cells(table, "result")[0] == "OR 2.00 (1.50 to 2.67)"
    assert cells(table, "source")[0] == "Table 1\nhttps://example.org/report\nhttps://doi.org/10.1000/study-1"
    assert cells(table, "n")[0] == "1,504"
    assert cells(table, "country")[0] == "Sweden"
    assert "This is not a systematic review." in table.notes


@pytest.mark.parametrize(
    ("figures", "printed"),
    [
        ({"ci_level": "90"}, "OR 2.0 (1.5 to 2.67; 90%)"),
        ({"ci_level": ""}, "OR 2.0 (1.5 to 2.67; level not stated)"),
        ({"p_value": "<0.01"}, "OR 2.0 (1.5 to 2.67); P <0.01"),
        ({"p_value": "0.03"}, "OR 2.0 (1.5 to 2.67); P = 0.03"),
        ({"events_1": "9", "total_1": "20", "events_2": "5", "total_2": "21"}, "OR 2.0 (1.5 to 2.67); 9/20 vs 5/21"),
        ({"measure": "COEF", "ci_low": "", "ci_high": "", "ci_level": "", "se": "0.40"}, "COEF 2.0 (SE 0.40)"),
        ({"value": "", "ci_low": "", "ci_high": "", "measure": "", "role": "direction"}, ""),
    ],
)
def test_every_kind_of_figure_is_printed_as_its_source_has_it(make_review, figures, printed):
    files = make_review([figures, {}, {}, {}, {"question": "q2"}])
    (row,) = [row for row in synthesis_of(files).rows if row.estimate.estimate == "E1"]
    assert contents.result_as_printed(row.estimate) == printed


def test_derived_computed_and_turned_figures_are_marked(make_review):
    turned = {"value": "0.5", "ci_low": "0.37", "ci_high": "0.67", "orientation": "reversed"}
    rows = [{"status": "computed", "note": "n"}, {"status": "derived", "note": "n"}, turned, {"question": "q2"}]
    table = contents.evidence_table(synthesis_of(make_review(rows)))
    marked = {(note.row, note.text.split()[0]) for note in table.footnotes}
    assert marked == {(0, "Computed"), (1, "Derived"), (2, "Printed")}


def test_left_out_rows_have_their_reasons(make_review):
    rows = [{}, {}, {}, {"role": "context"}, {"question": "q2"}]
    table = contents.left_out_table(synthesis_of(make_review(rows)))
    assert [(row[0], row[-2]) for row in table.rows] == [("E4", "descriptive, shown and never pooled")]


def test_our_result_stands_beside_the_published_one(make_review, question):
    published = (
        '\n[question.published]\nreference = "study-1"\nmeasure = "OR"\nvalue = 1.74\nci_low = 1.36\nci_high = 2.18\n'
    )
    wider = {"value": "4.0", "ci_low": "3.0", "ci_high": "5.33"}
    table = contents.comparison_table(synthesis_of(make_review([{}, {}, wider, wider], question() + published)))
    assert [(row[0], row[1]) for row in table.rows] == [
        ("Planned analysis", "2.83 (1.50 to 5.35)"),
        ("Doe 2001 (chosen to compare with)", "OR 1.74 (1.36 to 2.18)"),
    ]


def test_a_question_without_results_says_so(make_review, question):
    table = contents.comparison_table(synthesis_of(make_review([{}], question())))
    assert table.rows == (("Nothing was pooled or counted here, and no published pooled result is recorded.",),)


def test_verdicts_stand_under_their_claims(files):
    review = open_review(files.write())
    table = contents.verdict_table(review.syntheses(), review.document)
    assert [group.heading for group in table.row_groups] == ["C1. Harm follows.", "C2. The effect is small."]
    assert cells(table, "verdict") == ["▲▲ clearly supported", "– described, not tested"]
    assert cells(table, "sides") == ["3, 0, 0", "0, 1, 0"]


def test_the_trace_has_every_row_of_the_review_to_the_last_digit(shipped):
    table = contents.trace_table(shipped.syntheses())
    assert len(table.rows) == len(shipped.records.estimates)
    place = [column.name for column in table.columns].index("y")
    first = shipped.syntheses()[0].trace()
    assert float(table.rows[0][place]) == first["y"][0]


def test_sources_lead_from_a_result_to_the_report_and_the_place_of_its_figure(make_review):
    table = contents.source_table(synthesis_of(make_review([{}, {}, {}, {"question": "q2"}])))
    assert cells(table, "report")[0] == "A study\nhttps://doi.org/10.1000/study-1"
    assert cells(table, "seen")[0] == "Table 1\nhttps://example.org/report"
    assert cells(table, "weight") == ["33.3%", "33.3%", "33.3%"]


def test_a_count_of_directions_stands_as_our_result(make_review, question):
    table = contents.comparison_table(synthesis_of(make_review([{}, {}, {}], question(method="direction"))))
    assert table.rows[0][:2] == ("Count of directions", "3 of 3 samples with a direction point to the claim")


def test_the_published_result_that_has_a_row_is_not_listed_twice(make_review, question):
    published = '\n[question.published]\nreference = "study-4"\nmeasure = "OR"\nvalue = 2.0\n'
    files = make_review([{}, {}, {}, {"role": "review"}], question() + published)
    labels = cells(contents.comparison_table(synthesis_of(files)), "result")
    assert labels == [
        "Planned analysis",
        "With an interval that is never narrower than that of the common-effect model",
        "Doe 2001 (d) (chosen to compare with)",
    ]


def test_small_study_effects_need_ten_samples_and_say_so(make_review):
    table = contents.bias_table(synthesis_of(make_review([{}, {}, {}, {"question": "q2"}])))
    assert len(table.rows) == 1
    assert table.rows[0][0].startswith("With 3 studies, fewer than 10")


def test_methods_for_small_study_effects_stand_beside_the_planned_result_on_the_natural_scale(shipped):
    synthesis = shipped.synthesize("contingency-management-stimulant-abstinence")
    table = contents.bias_table(synthesis)
    methods, effects = cells(table, "method"), cells(table, "effect")
    assert methods[0] == "As planned, not adjusted"
    assert {"Egger's regression", "Trim and fill", "PET-PEESE", "Selection model"} <= set(methods)
    found = np.exp([getattr(meta.pet_peese(synthesis.result), part) for part in ("estimate", "ci_low", "ci_high")])
    assert effects[methods.index("PET-PEESE")] == numbers.estimate(*map(float, found))
    assert all(cells(table, "reading")[1:])


def test_every_pooled_question_has_a_panel_or_a_reason(shipped):
    pooled = [item for item in shipped.syntheses() if item.result is not None]
    for synthesis in pooled:
        rows = contents.bias_table(synthesis).rows
        assert (len(rows) > 5) == (synthesis.result.k >= 10)
    assert sum(item.result.k >= 10 for item in pooled) == 3


def test_all_estimates_of_the_samples_stand_beside_the_planned_result(shipped):
    synthesis = shipped.synthesize("childhood-adversity-drug-disorder")
    table = contents.comparison_table(synthesis)
    place = next(number for number, name in enumerate(cells(table, "result")) if name.startswith("All estimates"))
    assert cells(table, "effect")[place] == "2.48 (1.94 to 3.16)"
    assert cells(table, "note")[place].startswith("40 estimates of 12 samples; clearly supported; correlation 0.6")
    assert place < table.row_groups[0].stop


def test_questions_with_several_estimates_a_sample_are_listed_with_both_verdicts(shipped):
    table = contents.all_estimates_table(shipped.syntheses())
    titles = cells(table, "question")
    assert len(titles) == len(set(titles)) >= 20
    place = titles.index(shipped.question("stigma-injecting-risk").title)
    row = dict(zip([column.name for column in table.columns], table.rows[place], strict=True))
    assert (row["samples"], row["verdict"], row["estimates"], row["other"]) == ("3", "supported", "14", "inconclusive")
    assert shipped.question("arrest-overdose").title not in titles


def test_models_of_counts_stand_beside_the_planned_result(shipped):
    synthesis = shipped.synthesize("prison-visit-deterrence-reoffending")
    table = contents.counts_table(synthesis)
    models, effects = cells(table, "model"), cells(table, "effect")
    pooled = meta.mantel_haenszel("OR", **synthesis.pooled_counts)
    natural = np.exp([pooled.estimate, pooled.ci_low, pooled.ci_high])
    assert effects[models.index("Mantel-Haenszel")] == numbers.estimate(*map(float, natural))
    assert len(models) == 5
    assert all(effects)


def test_counts_of_a_row_that_is_printed_the_other_way_change_places(make_review):
    row = {"events_1": "10", "total_1": "29", "events_2": "23", "total_2": "52", "adjusted": "no", "value": ""}
    row |= {"ci_low": "", "ci_high": "", "ci_level": "", "n_total": "81"}
    rows = [row, row, row | {"orientation": "reversed"}, {"question": "q2"}]
    counts = synthesis_of(make_review(rows)).pooled_counts
    assert counts["events_1"] == (10.0, 10.0, 23.0)
    assert counts["total_2"] == (52.0, 52.0, 29.0)


def test_models_of_counts_need_the_counts_of_all_rows(make_review):
    table = contents.counts_table(synthesis_of(make_review([{}, {}, {}, {"question": "q2"}])))
    assert table.rows == (("Not all pooled rows have the counts of both groups, which models of counts need.",),)
