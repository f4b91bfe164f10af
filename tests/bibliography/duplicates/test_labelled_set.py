"""A labelled set made for the project: works in several databases' styles, among works that resemble them."""

from __future__ import annotations

import random
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.bibliography.duplicates import Decision, connected, find_duplicates
from toolkit.bibliography.duplicates.clusters import weak_links

SUBJECTS = (
    "housing subsidies|street clinics|night shelters|cash transfers|drug courts|needle exchange|school meals".split("|")
)
OUTCOMES = "mortality|employment|school attendance|HIV infection|depressive symptoms|arrests|hospital admissions".split(
    "|"
)
GROUPS = "young adults|single mothers|migrant workers|people who inject drugs|former prisoners|older tenants".split("|")
PLACES = "Lisbon|northern Ghana|Rotterdam|rural Bihar|Glasgow|three Andean towns|Baltimore".split("|")
FAMILIES = (
    "Okafor Lindqvist Müller Silva Brandt Adeyemi Novák Rossi García Tanaka O'Neill Haddad Jensen Kaya Mbeki".split()
)
GIVEN = "Ada Per Jörg Rui Ute Tunde Iva Elena Juan Yuki Siobhan Rana Lars Deniz Thabo".split()
JOURNALS = {
    "Journal of Urban Health": "J Urban Health",
    "International Journal of Drug Policy": "Int J Drug Policy",
    "Social Science and Medicine": "Soc Sci Med",
    "The Lancet Public Health": "Lancet Public Health",
}


def work(chance: random.Random, number: int) -> dict[str, str]:
    first = chance.randint(10, 1400)
    return {
        "title": f"Effects of {chance.choice(SUBJECTS)} on {chance.choice(OUTCOMES)} among {chance.choice(GROUPS)} "
        f"in {chance.choice(PLACES)}: {chance.choice(['a cohort study', 'a randomised trial', 'a time series'])}",
        "author": " and ".join(
            f"{family}, {chance.choice(GIVEN)}" for family in chance.sample(FAMILIES, chance.randint(1, 5))
        ),
        "year": str(chance.randint(1995, 2023)),
        "journal": chance.choice(list(JOURNALS)),
        "volume": str(chance.randint(5, 90)),
        "number": str(chance.randint(1, 12)),
        "pages": f"{first}-{first + chance.randint(4, 14)}",
        "doi": f"10.9999/made.{number}" if chance.random() < 0.6 else "",
        "abstract": "",
    }


def as_another_database_has_it(record: dict[str, str], chance: random.Random) -> dict[str, str]:
    """The record with what databases do to it."""
    families = [name.split(", ") for name in record["author"].split(" and ")]
    first, last = record["pages"].split("-")
    styles = [
        {"author": " and ".join(f"{family}, {given[0]}." for family, given in families)},
        {"author": "; ".join(f"{family} {given[0]}" for family, given in families)},
        {"journal": JOURNALS[record["journal"]]},
        {"title": record["title"].upper()},
        {"title": f"{record['title']}. [Review] [{chance.randint(9, 90)} refs]"},
        {"pages": f"{first}-{last[-2:]}" if len(first) == len(last) and first[:-2] == last[:-2] else record["pages"]},
        {"pages": ""},
        {"doi": "", "number": ""},
        {"year": str(int(record["year"]) - 1)},
        {"volume": ""},
    ]
    changes = chance.sample(styles, 3)
    return record | {name: value for change in changes for name, value in change.items()}


def neighbour(record: dict[str, str], chance: random.Random) -> dict[str, str]:
    """Another work that resembles the record: an erratum, a reply, a part, a version for a conference, letters."""
    last = int(record["pages"].split("-")[1])
    after = {"doi": "", "pages": f"{last + 40}-{last + 41}"}
    return record | chance.choice(
        [
            {"title": f"Erratum: {record['title']}", **after},
            {"title": f"Authors' reply: {record['title']}", **after},
            {"title": f"{record['title']}. Part 2", **after},
            {"title": f"{record['title']}: study protocol", "journal": "Trials", "volume": "3", **after},
            {"journal": "Abstracts of the Harm Congress", "volume": "2", **after},
            {"author": "Zimmermann, Otto", **after},
        ]
    )


def labelled_set(seed: int, works: int = 250) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    chance = random.Random(seed)
    rows, groups = [], []
    for number in range(works):
        record = work(chance, number)
        copies = [
            record,
            *(as_another_database_has_it(record, chance) for _ in range(chance.choice([0, 0, 1, 1, 2, 3]))),
        ]
        groups.append([f"r{len(rows) + place:05}" for place in range(len(copies))])
        rows += copies
        if chance.random() < 0.3:
            rows.append(neighbour(record, chance))
    frame = pd.DataFrame(rows)
    frame.insert(0, "ID", [f"r{place:05}" for place in range(len(frame))])
    return frame, {pair for group in groups for pair in combinations(group, 2)}


def joined(pairs: pd.DataFrame) -> set[tuple[str, str]]:
    links = pairs.loc[pairs["decision"] == Decision.DUPLICATE, ["id_1", "id_2"]].itertuples(index=False, name=None)
    return {pair for group in connected(links) for pair in combinations(sorted(group), 2)}


@pytest.mark.parametrize("seed", range(6))
def test_precision_and_recall_on_a_labelled_set(seed):
    frame, true = labelled_set(seed)
    found = joined(find_duplicates(frame))
    assert len(true) > 250
    assert found - true == set()
    assert len(found & true) / len(true) >= 0.985


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(seed, chance):
    frame, _ = labelled_set(seed, works=15)
    order = list(frame.index)
    chance.shuffle(order)
    pd.testing.assert_frame_equal(find_duplicates(frame), find_duplicates(frame.loc[order]))


text = st.text(max_size=30)


@given(
    st.lists(st.fixed_dictionaries({name: text for name in ("title", "author", "year", "pages", "doi")}), max_size=6)
)
def test_any_text_is_answered_and_the_answer_is_symmetric(records):
    frame = pd.DataFrame(records, columns=["title", "author", "year", "pages", "doi"], dtype=object)
    frame["ID"] = [f"r{place}" for place in range(len(frame))]
    pairs = find_duplicates(frame)
    pd.testing.assert_frame_equal(pairs, find_duplicates(frame.iloc[::-1]))
    assert pairs["score"].between(0, 1).all()


def test_a_huge_field_takes_no_time_of_its_own():
    records = [{"title": letter * 1_000_000, "author": "(" * 1_000_000, "pages": "1" * 1_000_000} for letter in "[(<a-"]
    assert find_duplicates(pd.DataFrame(records)).empty


def test_a_link_that_would_join_what_must_stay_apart_is_weak():
    links = [("a", "b"), ("c", "d"), ("b", "c"), ("d", "e")]
    assert weak_links(links, [("d", "a")]) == {("b", "c")}
    assert weak_links(links, []) == set()


pairs_of_numbers = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1]))


@given(pairs_of_numbers, pairs_of_numbers)
def test_no_group_holds_two_that_must_stay_apart(links, apart):
    weak = weak_links(links, apart)
    groups = connected(link for link in links if link not in weak)
    assert not any({one, other} <= set(group) for group in groups for one, other in apart)
