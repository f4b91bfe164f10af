"""The rules of `evidence check`: each broken in one place, told with file, line, column, value and a remedy."""

from __future__ import annotations

import pytest

from toolkit import check_review
from toolkit.errors import Severity


def findings(files):
    return check_review(files.write())


def only(found, rule):
    matching = [finding for finding in found if finding.rule == rule]
    assert len(matching) == 1, found
    finding = matching[0]
    assert finding.hint
    assert finding.line
    return finding


@pytest.mark.parametrize(
    ("column", "value", "rule", "told"),
    [
        ("role", "main", "vocabulary", "primary"),
        ("status", "verifed", "vocabulary", "'verified'"),
        ("design", "RCT", "vocabulary", "randomised-trial"),
        ("measure", "Odds", "vocabulary", "OR"),
        ("value", "1,8", "number", "1.8"),
        ("value", "1 504", "number", "source"),
        ("value", "<0.01", "number", "source"),
        ("value", "NaN", "number", "source"),
        ("value", "1e400", "number", "source"),
        ("n_total", "1e999999999", "number", "source"),
        ("n_total", "٣", "number", "source"),
        ("se", "0", "value", "source"),
        ("ci_level", "100", "value", "source"),
        ("n_total", "-3", "value", "source"),
        ("country", "Sweden", "value", "'SE'"),
        ("country", "UK", "value", "'GB'"),
        ("ci_level", "0.95", "value", "source"),
        ("p_value", "0.05?", "form", "bound"),
        ("source_url", "javascript:alert(1)", "form", "http"),
        ("estimate", "a row", "form", "no spaces"),
    ],
)
def test_a_cell_that_cannot_be_right_is_told_with_its_place_and_value(files, column, value, rule, told):
    files.estimates[1][column] = value
    finding = only([item for item in findings(files) if item.column == column], rule)
    assert (finding.file, finding.line, finding.value) == ("data/estimates.csv", 3, value)
    assert finding.severity is Severity.ERROR
    assert told in finding.hint


def test_an_empty_cell_that_is_needed_is_told(files):
    files.estimates[0]["exposure"] = ""
    finding = only(findings(files), "required")
    assert (finding.column, finding.record) == ("exposure", "E1")


def test_a_decimal_comma_is_told_as_such(files):
    files.estimates[0]["value"] = "1,8"
    assert "comma" in only(findings(files), "number").message


@pytest.mark.parametrize(
    ("column", "value", "file"),
    [
        ("question", "q9", "data/questions.toml"),
        ("study", "study-99", "data/studies.csv"),
        ("reference", "doe2001", "references/library.bib"),
        ("read_in", "doe2001", "references/library.bib"),
    ],
)
def test_a_key_that_leads_nowhere_is_told(files, column, value, file):
    files.estimates[0][column] = value
    found = [item for item in findings(files) if item.rule == "dangling-key" and item.column == column]
    assert [(item.line, item.value) for item in found] == [(2, value)]
    assert file in found[0].message


def test_keys_that_lead_nowhere_are_found_in_every_file(files):
    files.principle = files.principle.replace('rests_on = ["C1"]', 'rests_on = ["C7"]')
    files.questions = files.questions.replace('claim = "C1"', 'claim = "C8"')
    files.studies[0]["references"] = "nobody"
    found = {(item.file, item.column, item.value) for item in findings(files) if item.rule == "dangling-key"}
    assert found == {
        ("data/principle.toml", "rests_on", "C7"),
        ("data/questions.toml", "claim", "C8"),
        ("data/studies.csv", "references", "nobody"),
    }


def test_an_identifier_that_stands_twice_is_told_with_both_lines(files):
    files.estimates[2]["estimate"] = "E1"
    finding = only(findings(files), "duplicate-key")
    assert (finding.line, finding.value) == (4, "E1")
    assert "line 2" in finding.message


def test_an_entry_of_the_library_that_stands_twice_is_told(files):
    files.library += files.library[: files.library.index("\n\n") + 2]
    assert only([item for item in findings(files) if item.column == ""], "duplicate-key").value == "study-1"


@pytest.mark.parametrize(
    ("cells", "rule", "column"),
    [
        ({"ci_low": "2.67", "ci_high": "1.5"}, "interval-order", "ci_high"),
        ({"value": "3"}, "interval-order", "value"),
        ({"ci_high": ""}, "interval", "ci_high"),
        ({"value": "-2", "ci_low": "-3", "ci_high": "-1"}, "range", "value"),
        ({"events_1": "11", "total_1": "10"}, "counts", "events_1"),
        ({"events_1": "1.5", "total_1": "10"}, "counts", "events_1"),
        ({"total_1": "0"}, "counts", "total_1"),
        ({"n_total": "0"}, "counts", "n_total"),
        ({"se": "0.2"}, "standard-error", "se"),
        ({"measure": ""}, "measure", "measure"),
        ({"source_url": ""}, "source", "source_url"),
        ({"status": "derived"}, "source", "note"),
        ({"value": "2", "ci_low": "", "ci_high": ""}, "role", "role"),
        ({"sample": "none"}, "role", "sample"),
        ({"measure": "PROP", "value": "38", "ci_low": "33", "ci_high": "44"}, "range", "value"),
    ],
)
def test_figures_that_contradict_each_other_are_errors(files, cells, rule, column):
    files.estimates[0] |= cells
    found = [item for item in findings(files) if item.rule == rule and item.column == column]
    assert [(item.record, item.severity) for item in found] == [("E1", Severity.ERROR)]


def test_an_interval_that_is_uneven_beyond_rounding_is_a_warning(files):
    files.estimates[0] |= {"value": "1.8", "ci_low": "0.37", "ci_high": "4.77"}
    finding = only(findings(files), "interval-symmetry")
    assert (finding.severity, finding.value) == (Severity.WARNING, "1.8")


def test_an_interval_that_rounding_makes_uneven_is_not_told(files):
    # On the log scale 1.1 lies far from the middle of 1.0 to 1.4, but 1.149 lies near that of 1.001 to 1.351.
    files.estimates[0] |= {"value": "1.1", "ci_low": "1.0", "ci_high": "1.4"}
    assert findings(files) == ()


_COUNTS = {"events_1": "20", "total_1": "40", "events_2": "10", "total_2": "40", "adjusted": "no"}


@pytest.mark.parametrize(
    ("measure", "value"), [("OR", "3.0"), ("OR", "3"), ("RR", "2.00"), ("RD", "0.25"), ("RD", "0.3")]
)
def test_a_value_that_its_counts_make_within_rounding_is_not_told(files, measure, value):
    files.estimates[0] |= _COUNTS | {"measure": measure, "value": value, "ci_low": "", "ci_high": "", "ci_level": ""}
    assert not [item for item in findings(files) if item.rule == "counts-agreement"]


def test_a_value_that_its_counts_contradict_is_a_warning_with_both(files):
    files.estimates[0] |= _COUNTS
    finding = only(findings(files), "counts-agreement")
    assert (finding.severity, finding.file, finding.line) == (Severity.WARNING, "data/estimates.csv", 2)
    assert (finding.column, finding.value) == ("value", "2.0")
    assert "20 of 40 and 10 of 40 make it 3" in finding.message
    assert "the counts are used" in finding.hint


def test_an_adjusted_value_may_differ_from_its_counts(files):
    files.estimates[0] |= _COUNTS | {"adjusted": "yes"}
    assert findings(files) == ()


@pytest.mark.parametrize(("value", "told"), [("0.122", False), ("0", False), ("0.2", True)])
def test_a_table_with_a_zero_cell_agrees_as_it_is_or_with_half_an_event_added(files, value, told):
    zero = {"events_1": "0", "total_1": "20", "events_2": "3", "total_2": "20", "adjusted": "no"}
    files.estimates[0] |= zero | {"value": value, "ci_low": "", "ci_high": "", "ci_level": "", "direction": "unclear"}
    assert any(item.rule == "counts-agreement" for item in findings(files)) == told


def test_a_second_primary_row_of_a_sample_is_told(files):
    files.estimates[1] |= {"study": "study-1", "reference": "study-1"}
    finding = only([item for item in findings(files) if item.rule != "unused"], "one-primary")
    assert (finding.record, finding.line) == ("E2", 3)


def test_the_same_sample_may_be_primary_for_another_question(files):
    files.estimates[3] |= {"study": "study-1", "reference": "study-1"}
    assert {item.rule for item in findings(files)} == {"unused"}


def test_a_direction_against_its_own_figures_is_a_warning(files):
    files.estimates[0]["direction"] = "contradicts"
    assert only(findings(files), "direction").severity is Severity.WARNING


def test_a_reversed_row_may_point_to_the_claim_with_a_ratio_below_one(files):
    files.estimates[0] |= {"value": "0.5", "ci_low": "0.37", "ci_high": "0.67", "orientation": "reversed"}
    assert findings(files) == ()


def test_what_nothing_uses_is_a_warning_each(files):
    files.library += files.library.split("\n\n")[0].replace("study-1", "spare") + "\n\n"
    files.studies.append(dict(files.studies[0], study="idle"))
    found = {(item.file, item.record, item.severity) for item in findings(files) if item.rule == "unused"}
    assert found == {
        ("references/library.bib", "spare", Severity.WARNING),
        ("data/studies.csv", "idle", Severity.WARNING),
    }


def test_a_claim_without_a_question_is_a_warning(files, question):
    files.questions = question()
    files.estimates.pop()
    files.studies.pop()
    files.library = "\n\n".join(files.library.split("\n\n")[:3])
    assert only(findings(files), "untested-claim").record == "C2"


def test_a_report_that_is_not_of_the_study_is_told(files):
    files.estimates[0]["reference"] = "study-2"
    assert only(findings(files), "study-report").value == "study-2"


@pytest.mark.parametrize("doi", ["https://doi.org/10.1000/x", "10.1/x", "doi:10.1000/x"])
def test_a_doi_of_the_wrong_form_is_an_error(files, doi):
    files.library = files.library.replace("10.1000/study-1", doi)
    finding = only(findings(files), "doi-form")
    assert (finding.record, finding.value, finding.line) == ("study-1", doi, 1)


def test_a_doi_of_two_entries_is_a_warning(files):
    files.library = files.library.replace("10.1000/study-2", "10.1000/STUDY-1")
    assert only(findings(files), "doi-duplicate").record == "study-2"


def test_a_pooled_question_needs_a_smallest_effect_with_its_reason(files):
    files.questions = files.questions.replace("smallest_effect = 1.2\n", "", 1)
    assert only(findings(files), "plan").column == "smallest_effect"


def test_a_smallest_effect_on_the_wrong_side_is_a_warning(files):
    files.questions = files.questions.replace("smallest_effect = 1.2\n", "smallest_effect = 0.8\n", 1)
    assert only(findings(files), "plan-side").severity is Severity.WARNING


def test_a_sensitivity_analysis_must_leave_out_a_primary_row_of_its_question(files):
    plan = '\n[[question.plan.sensitivity]]\nname = "without"\nleave_out = ["E9"]\nreason = "doubt"\n'
    files.questions = files.questions.replace('caveat = "Few studies."\n', f'caveat = "Few studies."\n{plan}', 1)
    assert only(findings(files), "dangling-key").value == "E9"


def test_a_stale_data_package_is_told_with_the_command_that_mends_it(files):
    root = files.write()
    path = root / "data/datapackage.json"
    path.write_text(path.read_text().replace("natural scale", "some scale"))
    (finding,) = check_review(root)
    assert (finding.rule, finding.file) == ("stale-schema", "data/datapackage.json")
    assert "evidence schema" in finding.hint


def test_all_findings_come_in_one_run_in_the_order_of_files_and_lines(files):
    files.estimates[2]["role"] = "main"
    files.estimates[0]["value"] = "two"
    files.studies[1]["design"] = "RCT"
    files.principle = files.principle.replace("normative", "moral")
    found = [(item.file, item.line) for item in findings(files) if item.rule in ("vocabulary", "number")]
    assert found[0][0] == "data/principle.toml"
    assert found[1] == ("data/studies.csv", 3)
    assert ("data/estimates.csv", 2) in found
    assert ("data/estimates.csv", 4) in found
    assert found == sorted(
        found,
        key=lambda place: (["data/principle.toml", "data/studies.csv", "data/estimates.csv"].index(place[0]), place[1]),
    )


@pytest.mark.parametrize("key", ["../q1", "Q1", "a:b", "a b", "a/b"])
def test_a_question_whose_key_cannot_name_a_file_is_told(files, key):
    files.questions = files.questions.replace('question = "q1"', f'question = "{key}"', 1)
    finding = only([item for item in findings(files) if item.column == "question"], "form")
    assert (finding.file, finding.value) == ("data/questions.toml", key)
    assert "names files" in finding.hint


def test_a_smallest_effect_that_is_no_effect_is_an_error(files):
    files.questions = files.questions.replace("smallest_effect = 1.2\n", "smallest_effect = 1\n", 1)
    assert "no effect" in only(findings(files), "range").message


def test_a_missing_library_is_told_once_and_not_once_a_key(files):
    root = files.write()
    (root / "references/library.bib").unlink()
    assert [item.rule for item in check_review(root)] == ["missing-file"]


def test_a_smallest_effect_that_cannot_be_a_ratio_is_an_error(files):
    files.questions = files.questions.replace("smallest_effect = 1.2\n", "smallest_effect = -0.2\n", 1)
    assert only(findings(files), "range").column == "smallest_effect"


@pytest.mark.parametrize(("measure", "smallest"), [("R", "1.2"), ("R", "1"), ("PROP", "30"), ("RD", "5")])
def test_a_smallest_effect_beyond_the_range_of_its_measure_is_an_error(make_review, question, measure, smallest):
    cells = {"measure": measure, "value": "0.3", "ci_low": "0.2", "ci_high": "0.4"}
    files = make_review([cells, cells, cells], question(measure=measure, smallest=smallest, method="direction"))
    finding = only([item for item in findings(files) if item.column == "smallest_effect"], "range")
    assert (finding.severity, finding.value) == (Severity.ERROR, smallest)


@pytest.mark.parametrize(
    ("published", "rule", "column"),
    [
        ('measure = "PROP"\nvalue = 38', "range", "value"),
        ('measure = "R"\nvalue = 1.2', "range", "value"),
        ('measure = "OR"\nvalue = -0.2', "range", "value"),
        ("value = 1.7", "measure", "measure"),
        ('measure = "OR"\nvalue = 1.7\nci_low = 1.5', "interval", "ci_high"),
        ('measure = "OR"\nvalue = 1.7\nci_low = 2.5\nci_high = 1.5', "interval-order", "ci_high"),
        ('measure = "OR"\nvalue = 2.7\nci_low = 1.5\nci_high = 2.5', "interval-order", "value"),
    ],
)
def test_a_published_result_is_checked_like_a_figure_of_a_study(make_review, question, published, rule, column):
    block = f'\n[question.published]\nreference = "study-1"\n{published}\n'
    files = make_review([{}, {}, {}], question() + block)
    finding = only([item for item in findings(files) if item.rule != "untested-claim"], rule)
    assert (finding.severity, finding.record, finding.column) == (Severity.ERROR, "q1", f"published.{column}")
    assert finding.file == "data/questions.toml"


@pytest.mark.parametrize("key", ["con", "nul", "aux", "prn", "com1", "lpt9"])
def test_a_question_may_not_be_called_as_a_device_of_windows(files, key):
    files.questions = files.questions.replace('question = "q1"', f'question = "{key}"', 1)
    finding = only([item for item in findings(files) if item.column == "question"], "form")
    assert (finding.severity, finding.value) == (Severity.ERROR, key)
    assert "Windows" in finding.message
