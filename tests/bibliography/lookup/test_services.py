"""What the three services answer becomes one record, one kind of notice, and a table of gains."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from toolkit.bibliography import Library, Name
from toolkit.bibliography.lookup import (
    Client,
    Identifier,
    LookupFailure,
    MalformedIdentifierError,
    Notice,
    RetractionWatch,
    UnknownIdentifierError,
    gains,
    look_up,
    look_up_notices,
)

TODAY = datetime.now(UTC).date().isoformat()
DOI, PMID = "10.5555/sample.1", "111"
HEADER = (
    "Record ID,Title,Subject,Institution,Journal,Publisher,Country,Author,URLS,ArticleType,RetractionDate,"
    "RetractionDOI,RetractionPubMedID,OriginalPaperDate,OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature,Reason,Paywalled,Notes\n"
)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("10.1000/ABC", "doi", "10.1000/abc"),
        ("https://doi.org/10.1000/x(1)<2>", "doi", "10.1000/x(1)<2>"),
        ("doi: 10.1000/x", "doi", "10.1000/x"),
        ("28259090", "pmid", "28259090"),
        ("PMID: 28259090", "pmid", "28259090"),
        ("https://pubmed.ncbi.nlm.nih.gov/28259090/", "pmid", "28259090"),
    ],
)
def test_a_doi_and_a_pmid_are_read_in_all_their_spellings(text, kind, value):
    assert Identifier.parse(text) == Identifier(kind, value)


@pytest.mark.parametrize("text", ["", "10.1000", "10.1/x y", "0", "0123", "12345678901", "unavailable", "10.1000/a\nb"])
def test_anything_else_is_neither(text):
    with pytest.raises(MalformedIdentifierError, match="neither a DOI nor a PMID"):
        Identifier.parse(text)


def test_crossref_gives_a_record(client, all_services):
    record = look_up(client, DOI, services=["crossref"])
    assert record.title == "Harm & help: effects of sanctions"
    assert record.authors == (Name("Berg", "Ann", "van der"), Name("Example Study Group", literal=True))
    assert (record.year, record.month, record.day) == ("2019", "3", "")
    assert (record.journal, record.volume, record.number, record.pages) == (
        "Journal of Made-up Results", "12", "4", "101-109",
    )  # fmt: skip
    assert (record.type, record.doi, record.issn, record.publisher) == ("article", DOI, "1234-5679", "")
    assert record.abstract == "We found p < 0.05."


def test_pubmed_gives_the_same_record_by_pmid_and_by_doi(client, all_services):
    by_pmid, by_doi = (look_up(client, text, services=["pubmed"]) for text in (PMID, DOI))
    assert by_pmid == by_doi
    assert by_pmid.title == "Harm & help: effects of sanctions"
    assert [str(name) for name in by_pmid.authors] == ["van der Berg, Ann", "Example Study Group"]
    assert (by_pmid.year, by_pmid.month, by_pmid.day, by_pmid.pages) == ("2019", "3", "7", "101-9")
    assert (by_pmid.doi, by_pmid.pmid, by_pmid.pmcid) == (DOI, PMID, "PMC333")
    assert by_pmid.abstract == "RESULTS: We found harm."


def test_openalex_gives_a_record(client, all_services):
    record = look_up(client, PMID, services=["openalex"])
    assert record.authors == (Name("Berg", "Ann"), Name("Plato"))
    assert (record.title, record.pages, record.abstract) == (
        "Harm & help: effects of sanctions", "101-109", "We found harm.",
    )  # fmt: skip
    assert (record.doi, record.pmid, record.journal) == (DOI, PMID, "Journal of Made-up Results")


def test_the_next_service_is_asked_where_the_first_does_not_know(client, all_services):
    all_services.answers.pop("/crossref/works/10.5555/sample.1")
    assert look_up(client, DOI).origin.database == "PubMed"


def test_what_nobody_knows_is_told_with_every_service(client, service):
    service.say("/pubmed/esearch.fcgi", {"esearchresult": {"idlist": []}})
    with pytest.raises(UnknownIdentifierError, match=r"Crossref does not .* PubMed holds no .* OpenAlex does not"):
        look_up(client, "10.5555/nothing")
    service.say("/crossref/works/10.5555/busy", "", status=500)
    with pytest.raises(LookupFailure, match="tried 3 times") as caught:
        look_up(client, "10.5555/busy")
    assert not isinstance(caught.value, UnknownIdentifierError)


@pytest.mark.parametrize(
    "xml", ["<PubmedArticleSet><Pub", '<!DOCTYPE x [<!ENTITY a "b">]><PubmedArticleSet>&a;</PubmedArticleSet>']
)
def test_cut_off_or_hostile_xml_is_told(client, service, xml):
    service.say("/pubmed/efetch.fcgi", xml)
    with pytest.raises(LookupFailure, match="cut off or no XML"):
        look_up(client, PMID, services=["pubmed"])


def test_notices_tell_kind_date_and_who_says_so(client, all_services):
    report = look_up_notices(client, [DOI, PMID], services=["crossref", "pubmed", "openalex"])
    assert report.listed == (
        Notice("retraction", "2023-04-22", "Retraction Watch at Crossref", "10.5555/notice.1"),
        Notice("retraction", "2021-02-06", "PubMed", "PMID 222", "J Made Up Res. 2021 Feb 6;14(1):1"),
        Notice("retraction", "", "OpenAlex"),
    )
    assert report.asked == (("Crossref", TODAY), ("PubMed", TODAY), ("OpenAlex", TODAY))
    assert "retraction of 2023-04-22, listed by Retraction Watch at Crossref, see 10.5555/notice.1" in str(report)


def test_what_is_not_listed_is_said_with_the_day_and_never_to_be_sound(client, service, crossref_work):
    service.say("/crossref/works/10.5555/sample.1", crossref_work)
    report = look_up_notices(client, [DOI], services=["crossref"])
    assert str(report) == f"{DOI}: not listed as of {TODAY} (Crossref)"
    assert "not retracted" not in str(report)


def test_a_service_that_fails_leaves_its_reason_in_the_report(client, service, crossref_work):
    service.say("/crossref/works/10.5555/sample.1", "oops", status=500)
    report = look_up_notices(client, [DOI], services=["crossref"])
    assert report.asked == ()
    assert str(report).startswith(f"{DOI}: could not be looked up; Crossref could not answer")


def test_a_service_that_does_not_hold_a_work_is_no_failure_unless_none_does(client, service, crossref_work):
    service.say("/crossref/works/10.5555/sample.1", crossref_work)
    service.say("/pubmed/esearch.fcgi", {"esearchresult": {"idlist": []}})
    report = look_up_notices(client, [DOI])
    assert (report.asked, report.failures) == ((("Crossref", TODAY),), ())
    nobody = look_up_notices(client, ["10.5555/wrong"])
    assert nobody.asked == ()
    assert len(nobody.failures) == 2
    assert "10.5555/wrong: could not be looked up; Crossref does not know 10.5555/wrong" in str(nobody)


def test_a_notice_in_the_library_is_told_to_be_one(client, service, crossref_work):
    crossref_work["message"]["update-to"] = [{"DOI": "10.5555/Bad", "type": "expression_of_concern", "label": "x"}]
    service.say("/crossref/works/10.5555/sample.1", crossref_work)
    (notice,) = look_up_notices(client, [DOI], services=["crossref"]).listed
    assert (notice.kind, notice.about) == ("expression of concern", "10.5555/bad")
    assert str(notice).startswith("is itself the notice (expression of concern) about 10.5555/bad")


def test_a_title_that_says_retracted_is_listed(client, service, crossref_work):
    crossref_work["message"]["title"] = ["RETRACTED ARTICLE: Harm"]
    service.say("/crossref/works/10.5555/sample.1", crossref_work)
    (notice,) = look_up_notices(client, [DOI], services=["crossref"]).listed
    assert (notice.kind, notice.source) == ("retraction", "the title at Crossref")


def test_the_retraction_watch_file_is_asked_without_a_network(tmp_path):
    path = tmp_path / "retraction_watch.csv"
    row = '1,"A, B",,,,,,,,,2/9/2010 0:00,10.5555/Notice.1,0,1/1/1998 0:00,10.5555/SAMPLE.1,111,{},+Error;+Bias;,No,\n'
    odd = "2,,,,,,,,,,,unavailable,,,unavailable,0,Retraction,,No,M\xfcller\n"
    path.write_bytes((HEADER + row.format("Retraction") + row.format("Reinstatement") + odd).encode("latin-1"))
    watch = RetractionWatch.read(path, date="2026-01-05")
    report = look_up_notices(None, [PMID], watch=watch, key="doe2001")
    assert report.listed[0] == Notice("retraction", "2010-02-09", "Retraction Watch", "10.5555/notice.1", "Error; Bias")
    assert [notice.kind for notice in report.listed] == ["retraction", "reinstatement"]
    assert look_up_notices(None, [DOI, PMID], watch=watch).listed == report.listed
    clean = look_up_notices(None, ["10.5555/other"], watch=watch)
    assert str(clean) == "10.5555/other: not listed as of 2026-01-05 (Retraction Watch)"


def test_another_file_than_retraction_watch_is_told(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(LookupFailure, match="has no column RetractionDate"):
        RetractionWatch.read(path)
    with pytest.raises(LookupFailure, match="cannot be read"):
        RetractionWatch.read(tmp_path / "none.csv")


def test_gains_fill_what_is_missing_and_change_nothing(client, all_services, tmp_path):
    path = tmp_path / "library.bib"
    source = (
        "@article{berg2019harm,\n  author = {van der Berg, A. and {Example Study Group}},\n  title = {Harm \\& Help: "
        "effects of sanctions},\n  year = {2018},\n  pages = {101--9},\n  doi = {10.5555/Sample.1},\n}\n"
    )
    path.write_text(source)
    library = Library.read(path)
    found = {gain.field: gain for gain in gains(library["berg2019harm"], look_up(client, DOI))}
    statuses = {name: gain.status for name, gain in found.items()}
    assert statuses == {
        "author": "same", "title": "same", "year": "differs", "pages": "same", "doi": "same",
        "journal": "new", "volume": "new", "number": "new", "issn": "new", "abstract": "new",
    }  # fmt: skip
    edited = library.edited(gain.edit for gain in found.values() if gain.edit)
    lines = set(edited.text.splitlines()) - set(source.splitlines())
    assert {line.split("=")[0].strip() for line in lines} == {"journal", "volume", "number", "issn", "abstract"}
    assert set(source.splitlines()) <= set(edited.text.splitlines())


def test_only_the_commands_import_the_look_ups():
    from pathlib import Path

    import toolkit

    package = Path(toolkit.__file__).parent
    askers = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "bibliography.lookup" in path.read_text(encoding="utf-8") and "lookup" not in path.parts
    }
    assert askers <= {"cli/refs.py", "cli/refs_lookup.py"}
    assert Client  # the look-ups are there, so the test looks for the right name
