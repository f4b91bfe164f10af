"""Reading a review: figures as printed, empty cells from the study, the data package from the models."""

from __future__ import annotations

import json

from toolkit.records import read_records
from toolkit.records.estimate import Estimate
from toolkit.records.schema import datapackage
from toolkit.records.study import INHERITED, Study


def test_an_empty_cell_is_as_in_the_study_and_a_filled_one_stands(files):
    files.estimates[1]["n_total"] = "40"
    estimates = read_records(files.write()).estimates
    assert (str(estimates["E1"].n_total), str(estimates["E2"].n_total)) == ("100", "40")
    assert estimates["E1"].sample == "sample-study-1"


def test_a_figure_keeps_its_last_zero(files):
    files.estimates[0]["value"] = "2.00"
    assert str(read_records(files.write()).estimates["E1"].value) == "2.00"


def test_lines_are_those_of_an_editor_even_after_a_line_break_in_a_cell(files):
    files.estimates[0]["note"] = "one\ntwo"
    assert read_records(files.write()).lines["data/estimates.csv"]["E2"] == 4


def test_the_frame_has_all_columns_and_the_printed_figures(files):
    frame = read_records(files.write()).estimates_frame()
    assert list(frame.columns) == list(Estimate.model_fields)
    assert str(frame["value"][0]) == "2.0"


def test_the_data_package_has_the_columns_of_the_models_and_their_terms():
    package = datapackage()
    tables = {item["name"]: item["schema"] for item in package["resources"] if "schema" in item}
    assert [field["name"] for field in tables["estimates"]["fields"]] == list(Estimate.model_fields)
    assert [field["name"] for field in tables["studies"]["fields"]] == list(Study.model_fields)
    fields = {field["name"]: field for field in tables["estimates"]["fields"]}
    assert fields["role"]["constraints"]["enum"] == ["primary", "additional", "direction", "review", "context"]
    assert fields["value"]["type"] == "number"
    assert fields["estimate"]["constraints"] == {
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._:+-]*$",
        "required": True,
        "unique": True,
    }
    assert not any("required" in fields[name].get("constraints", {}) for name in INHERITED)
    assert all(field["description"] for field in fields.values())
    assert tables["estimates"]["foreignKeys"] == [
        {"fields": "study", "reference": {"resource": "studies", "fields": "study"}}
    ]


def test_the_shipped_data_package_is_that_of_the_models(shipped):
    assert json.loads((shipped.root / "data/datapackage.json").read_text(encoding="utf-8")) == datapackage()
