"""Files that are broken in the ways in which people break them: one clear finding each, and the file is left alone."""

from __future__ import annotations

import codecs

import pytest

from toolkit import check_review, open_review
from toolkit.errors import InvalidReviewError, Severity

ESTIMATES = "data/estimates.csv"


def findings_after(files, change, name=ESTIMATES):
    """The findings once ``change`` was applied to the bytes of a file, which must stay as they were changed."""
    root = files.write()
    path = root / name
    path.write_bytes(change(path.read_bytes()))
    before = {file: file.read_bytes() for file in root.rglob("*") if file.is_file()}
    found = check_review(root)
    assert {file: file.read_bytes() for file in root.rglob("*") if file.is_file()} == before
    return found


def only(findings, rule):
    matching = [finding for finding in findings if finding.rule == rule]
    assert len(matching) == 1, findings
    return matching[0]


def test_a_sound_review_has_no_findings(files):
    assert check_review(files.write()) == ()


def test_a_missing_column_is_named_with_the_column_that_may_be_meant(files):
    finding = only(
        findings_after(files, lambda raw: raw.replace(b"source_locator", b"source_locater", 1)), "missing-column"
    )
    assert (finding.file, finding.line, finding.column) == (ESTIMATES, 1, "source_locator")
    assert "source_locater" in finding.hint


def test_an_extra_column_is_named(files):
    def add(raw):
        return b"".join(
            line + (b",remark" if not number else b",x") + b"\n" for number, line in enumerate(raw.splitlines())
        )

    finding = only(findings_after(files, add), "unknown-column")
    assert (finding.line, finding.column, finding.severity) == (1, "remark", Severity.ERROR)


def test_a_column_that_stands_twice_is_named(files):
    finding = only(findings_after(files, lambda raw: raw.replace(b",outcome,", b",exposure,", 1)), "duplicate-column")
    assert finding.column == "exposure"


@pytest.mark.parametrize(("mark", "word"), [(b";", "';'"), (b"\t", "tabs")])
def test_a_wrong_delimiter_is_told_and_hides_nothing_else(files, mark, word):
    findings = findings_after(files, lambda raw: raw.replace(b",", mark))
    finding = only(findings, "delimiter")
    assert word in finding.message
    assert finding.line == 1
    assert "comma" in finding.hint
    assert {item.rule for item in findings} == {"delimiter"}, "nothing may be said of keys in a file that was not read"


def test_a_byte_order_mark_is_a_warning_and_the_rows_are_read(files):
    findings = findings_after(files, lambda raw: codecs.BOM_UTF8 + raw)
    assert only(findings, "byte-order-mark").severity is Severity.WARNING
    assert len(findings) == 1
    assert len(open_review(files.root).records.estimates) == 4


def test_windows_1252_is_told_with_the_line_and_the_byte(files):
    files.estimates[1]["note"] = "Müller"
    finding = only(findings_after(files, lambda raw: raw.decode().encode("cp1252")), "encoding")
    assert (finding.line, finding.value) == (3, "byte 0xFC")
    assert "CSV UTF-8" in finding.hint


def test_utf_16_is_told_as_such(files):
    finding = only(findings_after(files, lambda raw: raw.decode().encode("utf-16")), "encoding")
    assert (finding.line, finding.value) == (1, "utf-16")
    assert "Unicode text" in finding.message


@pytest.mark.parametrize("content", [b"", b" \n\n", codecs.BOM_UTF8, codecs.BOM_UTF8 + b"\n"])
def test_a_file_with_nothing_in_it_is_told(files, content):
    assert only(findings_after(files, lambda raw: content), "empty-file").severity is Severity.ERROR


def test_a_stray_quote_is_told_with_the_row_in_which_it_opens(files):
    finding = only(findings_after(files, lambda raw: raw.replace(b"E2,q1", b'"E2,q1', 1)), "quotes")
    assert finding.line == 3


def test_a_row_with_too_few_cells_is_told_and_the_others_are_read(files):
    def cut(raw):
        lines = raw.splitlines(keepends=True)
        lines[2] = lines[2].replace(b",", b"", 1)
        return b"".join(lines)

    findings = findings_after(files, cut)
    finding = only(findings, "cells")
    assert finding.line == 3
    assert [item.record for item in findings if item.rule == "unused"] == ["study-2"]


def test_an_empty_file_is_told(files):
    finding = only(findings_after(files, lambda raw: b""), "empty-file")
    assert finding.file == ESTIMATES


def test_a_missing_file_is_told(files):
    root = files.write()
    (root / "data/studies.csv").unlink()
    assert only(check_review(root), "missing-file").file == "data/studies.csv"


def test_rows_left_empty_by_a_spreadsheet_are_a_warning(files):
    commas = b"," * 43
    finding = only(findings_after(files, lambda raw: raw + commas + b"\n"), "empty-row")
    assert (finding.line, finding.severity) == (6, Severity.WARNING)


def test_broken_toml_is_told_with_its_line_and_text(files):
    findings = findings_after(
        files, lambda raw: raw.replace(b'title = "Does it?"', b"title = Does it?", 1), "data/questions.toml"
    )
    finding = only(findings, "toml")
    assert (finding.line, finding.value) == (6, "title = Does it?")
    assert {item.rule for item in findings} == {"toml"}


def test_a_misspelt_field_in_toml_is_told_with_its_line(files):
    findings = findings_after(files, lambda raw: raw.replace(b"caveat =", b"caveats =", 1), "data/questions.toml")
    finding = only(findings, "unknown-field")
    assert (finding.line, finding.column, finding.record) == (16, "caveats", "q1")


def test_a_misspelt_table_in_toml_is_told(files):
    findings = findings_after(files, lambda raw: raw.replace(b"[[question]]", b"[[questions]]"), "data/questions.toml")
    finding = only(findings, "unknown-field")
    assert finding.value == "questions"
    assert "question" in finding.hint


def test_a_broken_entry_of_the_library_is_told_with_its_line(files):
    findings = findings_after(
        files, lambda raw: b"@article{broken, title = {no end\n\n" + raw, "references/library.bib"
    )
    finding = only(findings, "bibtex")
    assert (finding.line, finding.severity) == (1, Severity.ERROR)


def test_opening_a_review_with_errors_raises_them_all_at_once(files):
    files.estimates[0]["value"] = "two"
    files.estimates[1]["role"] = "main"
    with pytest.raises(InvalidReviewError) as caught:
        open_review(files.write())
    assert {finding.record for finding in caught.value.findings} >= {"E1", "E2"}
    assert "data/estimates.csv:2 value: 'two': not a number (row E1)" in str(caught.value)
