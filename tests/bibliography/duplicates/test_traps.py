"""The traps of duplicate search, each as a small made-up case with the decision that a librarian would make."""

from __future__ import annotations

import pandas as pd
import pytest

from toolkit.bibliography.duplicates import Decision, RecordFrameError, connected, find_duplicates
from toolkit.bibliography.duplicates.journals import journal_names, same_journal

PAPER = {
    "title": "Housing subsidies and the health of families with young children",
    "author": "Müller, Jörg and Okafor, Ada N. and Lindqvist, Per",
    "year": "2014",
    "journal": "Journal of Urban Health",
    "volume": "91",
    "number": "3",
    "pages": "727-733",
    "doi": "10.9999/juh.2014.17",
    "abstract": "We followed 812 families who were offered a subsidy by lottery and compared their health after two "
    "years with that of families who were not. Respiratory illness was less frequent among the children.",
}


def decide(one: dict, other: dict) -> str:
    frame = pd.DataFrame([{"ID": "a", **one}, {"ID": "b", **other}])
    pairs = find_duplicates(frame)
    return pairs["decision"].iloc[0] if len(pairs) else Decision.NO


def paper(**changes) -> dict:
    return {**PAPER, **changes}


SAME = {
    "the record itself": paper(),
    "capitals and a full stop": paper(title=PAPER["title"].upper() + "."),
    "notes of a database": paper(title=PAPER["title"] + ". [Review] [57 refs]", doi=""),
    "a note on an erratum": paper(title=PAPER["title"] + ".[Erratum appears in J Urban Health. 2015;92(1):12]", doi=""),
    "names by initials": paper(author="Muller J; Okafor AN; Lindqvist P", doi=""),
    "names as PubMed writes them": paper(author="Muller J, Okafor AN, Lindqvist P", doi=""),
    "names given first": paper(author="Jörg Müller and Ada N. Okafor and Per Lindqvist", doi=""),
    "a list of authors that was cut": paper(author="Müller, J. and others", doi=""),
    "family and given names changed about": paper(author="Joerg, M. and Ada, N. O. and Per, L.", doi=""),
    "a group added to the authors": paper(author=PAPER["author"] + " and the Housing Lottery Study Group", doi=""),
    "an abbreviated journal": paper(journal="J Urban Health", doi=""),
    "a journal with its place": paper(journal="Journal of urban health : bulletin of an academy (New York)", doi=""),
    "a journal that says what it is": paper(journal="Journal of urban health: official organ of an academy", doi=""),
    "a journal in two languages": paper(journal="Journal of urban health. Revue de la sante urbaine", doi=""),
    "a journal in another language, and no volume": paper(
        journal="Zeitschrift für Stadtgesundheit", volume="", number="", doi="", abstract=""
    ),
    "no year": paper(year="", doi="", abstract=""),
    "pages and no journal, volume or year": paper(journal="", volume="", number="", year="", doi="", abstract=""),
    "pages and year and no authors, journal or volume": paper(
        author="", journal="", volume="", number="", doi="", abstract=""
    ),
    "pages and volume and no authors, journal or year": paper(author="", journal="", year="", doi="", abstract=""),
    "short last page": paper(pages="727-33", doi=""),
    "an en dash between the pages": paper(pages="727–733", doi=""),
    "a discussion after the pages": paper(pages="727-33; discussion 734", doi=""),
    "no pages": paper(pages="", doi=""),
    "no volume": paper(volume="", doi=""),
    "no authors": paper(author="", doi=""),
    "online in the year before": paper(year="2013", doi=""),
    "an address around the DOI": paper(doi="https://doi.org/10.9999/JUH.2014.17"),
    "no place but the DOI": paper(journal="", volume="", pages="", number=""),
    "a translated title in brackets": paper(title="[" + PAPER["title"] + "]", doi=""),
    "a title in another language, then the English one": paper(
        title="Wohnungsbeihilfen und Gesundheit junger Familien; " + PAPER["title"], doi=""
    ),
    "a title in another language": paper(title="Wohnungsbeihilfen und die Gesundheit junger Familien", doi=""),
    "a subtitle left out": paper(title=PAPER["title"] + ": a randomised trial of a lottery in three cities", doi=""),
    "markup in the title": paper(title=PAPER["title"].replace("Housing", "<i>Housing</i>"), doi=""),
    "lost letters": paper(author="M?ller, J?rg and Okafor, Ada N. and Lindqvist, Per", doi=""),
    "a spreadsheet's date for pages 7-9": paper(pages="07-Sep", volume="", doi=""),
    "the record number of a program as issue": paper(number="1812", doi=""),
    "subject codes glued to the title": paper(title=PAPER["title"] + " 11 Medical Sciences 1117 Public Health"),
    "retracted, and marked so": paper(title="RETRACTED: " + PAPER["title"]),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME.keys())
def test_one_work_is_found_again(other):
    assert decide(PAPER, other) == Decision.DUPLICATE
    assert decide(other, PAPER) == Decision.DUPLICATE


LIKE_IT = {
    "its erratum under its DOI": paper(title="Erratum: " + PAPER["title"], pages="980"),
    "its corrigendum beside it": paper(title=PAPER["title"] + " (Corrigendum)", pages="734", doi="10.9999/juh.2014.18"),
    "its protocol": paper(
        title=PAPER["title"] + ": study protocol", journal="Trials", volume="12", pages="5", year="2012"
    ),
    "a reply of its authors": paper(title="Authors' reply: " + PAPER["title"], pages="980-981", doi=""),
    "a comment on it": paper(title="Comment on: " + PAPER["title"], pages="979", doi=""),
    "its version for a conference": paper(
        journal="Abstracts of the Housing Congress", volume="7", pages="S12", year="2013", doi="10.9999/hc.7.12"
    ),
    "its preprint": paper(journal="SocPrint", volume="", number="", pages="", doi="10.9998/sp.1", year="2013"),
    "part 2": paper(title=PAPER["title"] + ": part 2", pages="734-741", doi=""),
    "another DOI and other pages": paper(doi="10.9999/juh.2014.99", pages="801-809"),
    "another PMID": paper(doi=""),
    "letters under one title by other people": paper(author="Brandt, Ute and Silva, Rui", doi=""),
    "another journal of its kind, in the same year": paper(
        journal="Journal of Rural Health", volume="", number="", pages="", doi="", abstract=""
    ),
    "nothing but the title and the year": {"title": PAPER["title"], "year": PAPER["year"]},
    "nothing but the title and people": {"title": PAPER["title"], "author": PAPER["author"]},
}


@pytest.mark.parametrize("name", LIKE_IT)
def test_what_may_be_another_work_goes_to_a_person(name):
    one, other = PAPER, LIKE_IT[name]
    if name == "another PMID":
        one, other = {**one, "pmid": "11112222"}, {**other, "pmid": "33334444"}
    assert decide(one, other) == Decision.MAYBE


COCHRANE = {
    "title": "Cash transfers for reducing school drop-out",
    "author": "Adeyemi, T. and Novak, I.",
    "journal": "Cochrane Database of Systematic Reviews",
    "pages": "CD009999",
}
OTHERS = {
    "versions of a Cochrane review": (
        {**COCHRANE, "year": "2009", "volume": "1", "doi": "10.1002/14651858.CD009999.pub2"},
        {**COCHRANE, "year": "2010", "volume": "4", "doi": "10.1002/14651858.CD009999.pub3"},
    ),
    "parts of a series": (
        paper(title="Street lighting and night work: Part I, design", doi="", pages="10-19"),
        paper(title="Street lighting and night work: Part II, design", doi="", pages="20-29"),
    ),
    "abstracts of one supplement under one DOI": (
        paper(title="Loans for shops in market towns", pages="S12", abstract=""),
        paper(title="Loans for farms in market towns", pages="S12", abstract=""),
    ),
    "yearly reports": (
        paper(title="Annual report of the street clinic", year="2010", volume="87", pages="1-20", doi="", abstract=""),
        paper(title="Annual report of the street clinic", year="2011", volume="88", pages="1-20", doi="", abstract=""),
    ),
    "editorials of one journal": (
        paper(title="Editorial", author="Chen, Li", pages="1-2", doi="", abstract="", number="1"),
        paper(title="Editorial", author="Chen, Li", pages="201-202", doi="", abstract="", number="2"),
    ),
    "men and women": (
        paper(title="Night work and sleep among men of a port town", doi="", pages="10-19", abstract=""),
        paper(title="Night work and sleep among women of a port town", doi="", pages="20-29", abstract=""),
    ),
    "two namesakes": (
        paper(title="Introduction", author="Wang, L.", pages="1-3", doi="", abstract=""),
        paper(title="Introduction", author="Wang, Q.", pages="1-3", doi="", abstract=""),
    ),
    "no titles": (
        {"title": "", "author": "Doe, Jane", "year": "2001"},
        {"title": "", "author": "Doe, Jane", "year": "2001"},
    ),
    "nothing at all": ({"title": ""}, {"title": ""}),
    "one author's two papers": (
        paper(title="Shelters in winter: who comes and who stays away", doi="", pages="10-19", abstract=""),
        paper(title="Kitchens in summer: who cooks and who goes hungry", doi="", pages="20-29", abstract=""),
    ),
}


@pytest.mark.parametrize(("one", "other"), OTHERS.values(), ids=OTHERS.keys())
def test_two_works_are_never_taken_for_one(one, other):
    assert decide(one, other) != Decision.DUPLICATE


def test_greek_letters_are_their_names():
    one = paper(title="TNF-α and β-carotene in the blood of street vendors of two cities", doi="")
    other = paper(title="TNF-alpha and beta-carotene in the blood of street vendors of two cities", doi="")
    assert decide(one, other) == Decision.DUPLICATE


def test_an_article_number_is_a_page_with_or_without_its_letter():
    assert decide(paper(pages="e100", doi=""), paper(pages="100", doi="")) == Decision.DUPLICATE


def test_an_article_number_is_that_of_one_article_though_a_word_was_added_to_its_title():
    numbered = {**COCHRANE, "year": "2009", "author": "Adeyemi, T. and Novak, I. and Silva, R."}
    longer = {**numbered, "title": "Cash transfers for reducing school drop-out of adolescents"}
    assert decide(numbered, longer) == Decision.DUPLICATE
    assert decide({**numbered, "pages": "CD009998"}, longer) == Decision.MAYBE


def test_one_author_in_one_volume_of_an_unknown_journal_goes_to_a_person():
    one = {"title": "Subsidies after the lottery of flats improved the health of children", "author": "Doe, Jane"}
    placed = {**one, "year": "2011", "volume": "155"}
    assert decide({**placed, "pages": "JC6-9"}, placed) == Decision.MAYBE


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("JAMA", "JAMA : the journal of the American Medical Association", 1),
        ("J Am Med Assoc", "Journal of the American Medical Association", 1),
        ("Archives of Surgrey", "Archives of Surgery", 1),
        ("Clinical Insights: Lung and Heart Medicine", "Clin Insights Lung Heart Med", 1),
        ("International journal of cancer.Journal international du cancer", "International Journal of Cancer", 1),
        ("Cancer Cytopathology", "Cancer", 0.5),
        ("Circulation: Heart Failure", "Circulation", 0.5),
        ("Journal of Physics A", "Journal of Physics", 0.5),
        ("Archives of Surgery", "Annals of Surgery", 0),
        ("American Heart Journal", "European Heart Journal", 0),
        ("Circulation", "J Clin Invest", 0),
    ],
)
def test_how_much_two_journals_can_be_one(one, other, alike):
    assert same_journal(journal_names(one), journal_names(other)) == alike
    assert same_journal(journal_names(other), journal_names(one)) == alike


def test_a_chain_through_a_weak_record_joins_no_contradicting_ones():
    """A record without authors resembles two letters of one title by two people: it belongs to one of them at most."""
    letters = paper(title="Housing subsidies and the health of families: a letter", doi="", abstract="", pages="80-82")
    frame = pd.DataFrame(
        [
            {"ID": "brandt", **letters, "author": "Brandt, Ute"},
            {"ID": "nobody", **letters, "author": ""},
            {"ID": "silva", **letters, "author": "Silva, Rui"},
        ]
    )
    pairs = find_duplicates(frame)
    duplicates = pairs[pairs["decision"] == Decision.DUPLICATE]
    groups = connected(duplicates[["id_1", "id_2"]].itertuples(index=False, name=None))
    assert not any({"brandt", "silva"} <= set(group) for group in groups)
    assert pairs["reason"].str.contains("contradict").any()


def test_the_answer_has_its_columns_and_a_reason_for_people():
    frame = pd.DataFrame([{"ID": "a", **PAPER}, {"ID": "b", **paper(title=PAPER["title"].lower(), year="2013")}])
    pairs = find_duplicates(frame)
    assert list(pairs.columns) == ["id_1", "id_2", "decision", "score", "reason"]
    assert pairs.iloc[0][["id_1", "id_2", "decision"]].tolist() == ["a", "b", "duplicate"]
    assert 0.9 < pairs["score"].iloc[0] <= 1
    reason = pairs["reason"].iloc[0]
    assert reason == (
        "same title, same authors, same journal, volume, pages, same abstract, same DOI; but years differ by 1"
    )


def test_a_maybe_with_nothing_against_it_says_what_cannot_be_compared():
    frame = pd.DataFrame([{"ID": key, "title": PAPER["title"], "author": "Doe, Ann", "year": "2011"} for key in "ab"])
    (pair,) = find_duplicates(frame).itertuples()
    assert (pair.decision, pair.reason) == (
        "maybe",
        "same title, same author, same year; journal, volume, pages, DOI cannot be compared",
    )
    frame["journal"], frame["volume"], frame["pages"] = "Journal of Harm", "1", "2-9"
    assert find_duplicates(frame)["reason"].iloc[0] == "same title, same author, same journal, year, volume, pages"


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"ID": ["a"]}), pd.DataFrame({"title": [None, "x"]})])
def test_a_frame_without_much_has_no_duplicates(frame):
    pairs = find_duplicates(frame)
    assert list(pairs.columns) == ["id_1", "id_2", "decision", "score", "reason"]
    assert pairs.empty


def test_an_id_that_stands_twice_is_named():
    with pytest.raises(RecordFrameError, match="'a' stands for two records"):
        find_duplicates(pd.DataFrame({"ID": ["a", "a"], "title": ["x", "y"]}))


def test_numbers_with_gaps_are_read_as_pandas_gives_them():
    frame = pd.DataFrame([{"ID": 1, **PAPER}, {"ID": 2, **PAPER}, {"ID": 3, "title": "Something else"}])
    frame["year"] = pd.to_numeric(frame["year"])
    frame["volume"] = pd.to_numeric(frame["volume"])
    assert find_duplicates(frame)[["id_1", "id_2"]].to_numpy().tolist() == [["1", "2"]]


def test_a_record_is_never_paired_with_itself():
    frame = pd.DataFrame([{"ID": "a", **paper(abstract="ab" * 100)}, {"ID": "b", "title": "Another work"}])
    assert find_duplicates(frame).empty
