"""``evidence refs lookup`` and ``evidence refs retractions`` against the service on this machine."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from toolkit.cli import app

ENTRY = """\
% the library
@article{berg2019harm,
  author = {van der Berg, Ann and {Example Study Group}},
  title  = {Harm \\& help: effects of sanctions},
  year   = {2018},
  doi    = {10.5555/sample.1}
}
@misc{nothing2000,
  author = {Doe, Ann},
  title = {No identifier},
  year = {2000}
}
"""


@pytest.fixture
def refs(files, service, tmp_path, monkeypatch):
    """A function that runs ``evidence refs`` on a review whose library is ``ENTRY``."""
    files.library = ENTRY
    root = files.write()
    for name in ("crossref", "openalex", "pubmed"):
        monkeypatch.setenv(f"EVIDENCE_{name.upper()}", f"{service.address}/{name}")
    monkeypatch.setenv("EVIDENCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EVIDENCE_CONTACT", "ann@example.org")

    def run(*arguments):
        return CliRunner().invoke(app, ["refs", *map(str, arguments), "--review", str(root)])

    run.library = root / "references/library.bib"
    return run


def test_a_lookup_shows_and_does_not_write(refs, all_services):
    result = refs("lookup", "berg2019harm")
    assert result.exit_code == 0, result.output
    assert "journal" in result.output
    assert "differs" in result.output
    assert "6 fields can be filled in: --apply does it" in result.output
    assert refs.library.read_text() == ENTRY


def test_apply_fills_in_what_is_missing_and_changes_no_line(refs, all_services):
    result = refs("lookup", "10.5555/Sample.1", "--apply")
    assert result.exit_code == 0, result.output
    text = refs.library.read_text()
    assert "journal" in text
    lost = set(ENTRY.splitlines()) - set(text.splitlines())
    assert lost <= {"  doi    = {10.5555/sample.1}"}  # it may have got a comma
    assert "year   = {2018}," in text
    assert text.endswith(ENTRY[ENTRY.index("@misc") :])


def test_a_lookup_gives_json(refs, all_services):
    (found,) = json.loads(refs("lookup", "berg2019harm", "--json").output)["found"]
    assert found["source"] == "Crossref"
    volume = next(field for field in found["fields"] if field["field"] == "volume")
    assert volume == {"field": "volume", "present": "", "offered": "12", "status": "new", "source": "Crossref"}


def test_what_the_library_lacks_is_shown_as_such(refs, all_services):
    all_services.answers.pop("/crossref/works/10.5555/sample.1")
    refs.library.write_text("")
    result = refs("lookup", "111")
    assert "Not in the library: van der Berg, Ann; Example Study Group: Harm & help" in result.output


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nothing2000", "neither a DOI nor a PMID"),
        ("berg2019harn", "Did you mean 'berg2019harm'"),
        ("10.5555/unknown", "Crossref does not know"),
    ],
)
def test_what_cannot_be_looked_up_is_told(refs, service, what, message):
    service.say("/pubmed/esearch.fcgi", {"esearchresult": {"idlist": []}})
    result = refs("lookup", what)
    assert result.exit_code == 1
    assert message in result.output


def test_without_a_contact_nothing_is_asked(refs, service, monkeypatch):
    monkeypatch.delenv("EVIDENCE_CONTACT")
    result = refs("lookup", "berg2019harm")
    assert result.exit_code != 0
    assert "--contact" in str(result.exception)
    assert service.asked == []


def test_retractions_are_listed_with_exit_code_1(refs, all_services):
    result = refs("retractions")
    assert result.exit_code == 1
    assert "berg2019harm (10.5555/sample.1): retraction of 2023-04-22, listed by Retraction Watch" in result.output
    assert "1 listed, 0 could not be looked up everywhere, 1 without DOI or PMID" in result.output
    report = json.loads(refs("retractions", "--json").output)
    assert report["without_identifier"] == ["nothing2000"]
    assert report["reports"][0]["listed"][0]["date"] == "2023-04-22"


def test_nothing_listed_is_exit_code_0_with_the_day(refs, service, crossref_work):
    service.say("/crossref/works/10.5555/sample.1", crossref_work)
    result = refs("retractions", "--service", "crossref")
    assert result.exit_code == 0, result.output
    assert "1 not listed as of 2" in result.output
    assert "not retracted" not in result.output


def test_a_failed_service_is_no_all_clear(refs, service):
    service.say("/crossref/works/10.5555/sample.1", "no", status=403)
    result = refs("retractions", "--service", "crossref")
    assert result.exit_code == 2
    assert "could not be looked up" in result.output


def test_offline_asks_the_file_only(refs, service, tmp_path, monkeypatch):
    monkeypatch.delenv("EVIDENCE_CONTACT")
    path = tmp_path / "watch.csv"
    path.write_text(
        "RetractionDate,RetractionDOI,OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature,Reason\n"
        "4/22/2023 0:00,10.5555/n,10.5555/SAMPLE.1,0,Expression of concern,\n"
    )
    result = refs("retractions", "--offline", "--retraction-watch", path)
    assert result.exit_code == 1
    assert "expression of concern of 2023-04-22, listed by Retraction Watch" in result.output
    assert service.asked == []
    assert refs("retractions", "--offline").exit_code == 1
