"""Merging duplicates: the best field wins, nothing is lost, keys follow, and undo gives the same bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from toolkit.bibliography import Library
from toolkit.bibliography.duplicates.merge import merge
from toolkit.bibliography.duplicates.review import QUEUE, UNDO, UndoError, plan_dedupe, queue_findings, undo_dedupe
from toolkit.bibliography.key_uses import with_keys_renamed
from toolkit.cli import app

TWO = """\
@article{okafor2014housing,
  author   = {Okafor, A.},
  title    = {Housing subsidies and the health of families with young children},
  year     = {2014},
  journal  = {J Urban Health},
  volume   = {91},
  pages    = {727},
  keywords = {housing, health},
}

% a note that stays
@article{OKAFOR14,
  author   = {Okafor, Ada N.},
  title    = {Housing subsidies and the health of families with young children.},
  year     = {2014},
  journal  = {Journal of Urban Health},
  volume   = {91},
  pages    = {727--733},
  doi      = {10.9999/juh.2014.17},
  abstract = {We followed families.},
  keywords = {health; lottery},
  file     = {:okafor.pdf:PDF},
  groups   = {read},
}

@inbook{part, crossref = {OKAFOR14}, title = {A part}}
"""


def library(text: str) -> Library:
    return Library.from_bytes(text.encode())


def merged(text: str, *keys: str) -> Library:
    source = library(text)
    return source.edited(merge(source, keys).edits)


def test_the_older_key_stays_and_the_other_becomes_its_alias():
    plan = merge(library(TWO), ["OKAFOR14", "okafor2014housing"])
    assert (plan.kept, plan.removed) == ("okafor2014housing", ("OKAFOR14",))
    after = merged(TWO, "OKAFOR14", "okafor2014housing")
    assert list(after) == ["okafor2014housing", "part"]
    assert after["okafor2014housing"].own["ids"] == "OKAFOR14"
    assert "% a note that stays" in after.text


def test_the_best_value_of_each_field_wins_and_the_others_are_kept():
    own = merged(TWO, "okafor2014housing", "OKAFOR14")["okafor2014housing"].own
    assert own["author"] == "Okafor, Ada N."
    assert own["alternative-author"] == "Okafor, A."
    assert own["journal"] == "Journal of Urban Health"
    assert own["pages"] == "727--733"
    assert own["alternative-pages"] == "727"
    assert own["doi"] == "10.9999/juh.2014.17"
    assert own["abstract"] == "We followed families."
    assert own["title"] == "Housing subsidies and the health of families with young children"
    assert own["alternative-title"].endswith("children.")


def test_groups_files_and_keywords_are_united():
    own = merged(TWO, "okafor2014housing", "OKAFOR14")["okafor2014housing"].own
    assert {word.strip() for word in own["keywords"].replace(";", ",").split(",")} == {"housing", "health", "lottery"}
    assert (own["file"], own["groups"]) == (":okafor.pdf:PDF", "read")


def test_what_inherited_from_the_entry_that_goes_inherits_from_the_one_that_stays():
    assert merged(TWO, "okafor2014housing", "OKAFOR14")["part"].own["crossref"] == "okafor2014housing"


def test_an_alternative_value_never_takes_the_place_of_another():
    text = (
        "@article{a, title = {One}}\n"
        "@article{b, title = {Two}, alternative-title = {Three}}\n"
        "@book{c, title = {Four}}\n"
    )
    own = merged(text, "a", "b", "c")["a"].own
    assert {own["title"], own["alternative-title"], own["alternative-title-2"], own["alternative-title-3"]} == {
        "One",
        "Two",
        "Three",
        "Four",
    }
    assert own["alternative-entrytype"] == "book"


words = st.text("abc XY", min_size=1, max_size=8).map(str.strip).filter(bool)
fields = st.dictionaries(st.sampled_from(["title", "author", "pages", "note", "abstract", "doi"]), words, min_size=1)


@given(st.lists(fields, min_size=2, max_size=4))
def test_no_value_of_any_entry_is_lost(entries):
    text = "".join(
        f"@article{{k{number},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in entry.items()) + "}\n"
        for number, entry in enumerate(entries)
    )
    source = library(text)
    after = source.edited(merge(source, list(source)).edits)
    assert list(after) == ["k0"]
    kept = set(after["k0"].own.values())
    assert {value for key in source for value in source[key].own.values()} <= kept


@pytest.mark.parametrize(
    ("suffix", "before", "after"),
    [
        (".csv", "s1,old1;other,x\r\n", "s1,new1;other,x\r\n"),
        (".csv", "study,references\nold1,old1b; old1\n", "study,references\nnew1,old1b; new1\n"),
        (".csv", 's1,"after old1 came","old1"\n', 's1,"after old1 came","new1"\n'),
        (".toml", 'reference = "old1" # old1 is old\n', 'reference = "new1" # old1 is old\n'),
        (
            ".ipynb",
            '"cite([\'old1\'])", "[@old1; @old1b]", "@old1."',
            '"cite([\'new1\'])", "[@new1; @old1b]", "@new1."',
        ),
        (".ipynb", '"cite(\\"old1\\")", "the old1 one"', '"cite(\\"new1\\")", "the old1 one"'),
    ],
)
def test_keys_are_renamed_where_they_are_keys_and_nowhere_else(suffix, before, after):
    assert with_keys_renamed(before, {"old1": "new1"}, suffix=suffix) == after


@pytest.fixture
def review(files):
    """A review whose first study cites a second entry of one work, and that holds a pair for a person to decide."""
    twin = TWO.replace("OKAFOR14", "study-1").split("@inbook")[0]
    maybe = TWO.split("% a note")[0].replace("okafor2014housing", "reply2014").replace("{Housing", "{Reply to: Housing")
    files.library += twin + maybe
    files.library = files.library.replace(
        "@article{study-1,\n  author = {Doe, Ann}", "@article{doe,\n  author = {Doe, B}", 1
    )
    root = files.write()
    (root / "notebooks").mkdir()
    (root / "notebooks/one.ipynb").write_text(json.dumps({"cells": [{"source": ["as [@study-1] found"]}]}))
    return root


def read(root) -> Library:
    return Library.read(root / "references/library.bib")


def everything(root) -> dict:
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file() and path.suffix != ".bak"}


def test_a_plan_changes_no_file(review):
    before = everything(review)
    plan = plan_dedupe(review, read(review))
    assert [(found.kept, found.removed) for found in plan.merges] == [("okafor2014housing", ("study-1",))]
    assert everything(review) == before


def test_merge_and_undo_leave_the_same_bytes_however_often(review):
    before = everything(review)
    for _ in range(2):
        plan_dedupe(review, read(review)).apply()
        assert b"okafor2014housing" in (review / "data/estimates.csv").read_bytes()
        assert "[@okafor2014housing]" in (review / "notebooks/one.ipynb").read_text()
        undo_dedupe(review)
        (review / QUEUE).unlink()
        assert everything(review) == before


def test_merging_twice_is_merging_once(review):
    plan_dedupe(review, read(review)).apply()
    once = (review / "references/library.bib").read_bytes()
    again = plan_dedupe(review, read(review))
    assert again.merges == ()
    again.apply()
    assert (review / "references/library.bib").read_bytes() == once


def test_what_a_person_decided_in_the_queue_is_followed(review):
    plan_dedupe(review, read(review)).apply()
    queue = (review / QUEUE).read_text()
    assert "reply2014" in queue
    (review / QUEUE).write_text(queue.replace("maybe", "no"))
    assert "maybe" not in plan_dedupe(review, read(review)).maybe["decision"].tolist()
    decided = [line.replace("maybe", "duplicate") if "reply2014" in line else line for line in queue.splitlines()]
    (review / QUEUE).write_text("\n".join(decided))
    assert [plan.removed for plan in plan_dedupe(review, read(review)).merges] == [("reply2014",)]


def test_the_check_tells_the_pairs_that_nobody_decided_on(review):
    plan_dedupe(review, read(review)).apply()
    found, *others = queue_findings(review, read(review))
    assert {other.rule for other in others} == {"duplicate-open"}
    assert (found.rule, found.line, found.column, found.value) == ("duplicate-open", 2, "decision", "maybe")
    shown = CliRunner().invoke(app, ["refs", "check", "--review", str(review)])
    assert "may be one work" in shown.output
    queue = (review / QUEUE).read_text()
    (review / QUEUE).write_text(queue.replace("maybe", "yes"))
    assert {finding.rule for finding in queue_findings(review, read(review))} == {"duplicate-decision"}
    (review / QUEUE).write_text(queue.replace("maybe", "no"))
    assert queue_findings(review, read(review)) == []


def test_a_person_can_keep_apart_what_the_rules_would_merge(review):
    (review / "references").joinpath("duplicates.csv").write_text(
        "id_1,id_2,decision,score,reason\nokafor2014housing,study-1,no,1,two works\n"
    )
    plan = plan_dedupe(review, read(review))
    assert plan.merges == ()
    plan.apply()
    assert "okafor2014housing,study-1,no" in (review / QUEUE).read_text()


def test_undo_refuses_when_a_file_was_changed_since(review):
    plan_dedupe(review, read(review)).apply()
    table = review / "data/estimates.csv"
    table.write_bytes(table.read_bytes() + b"\n")
    before = everything(review)
    with pytest.raises(UndoError, match=r"data/estimates\.csv was changed"):
        undo_dedupe(review)
    assert everything(review) == before


def test_undo_leads_back_from_a_merge_that_was_killed_half_way(review):
    before = everything(review)
    plan_dedupe(review, read(review)).apply()
    undo_file = (review / UNDO).read_bytes()
    (review / "references/library.bib").write_bytes(before[review / "references/library.bib"])
    (review / UNDO).write_bytes(undo_file)
    undo_dedupe(review)
    (review / QUEUE).unlink()
    assert everything(review) == before


def test_undo_without_a_merge_says_so(review):
    with pytest.raises(UndoError, match="no merge to undo"):
        undo_dedupe(review)


def test_the_command_shows_then_merges_then_puts_back(review):
    run = CliRunner().invoke
    before = everything(review)
    shown = run(app, ["refs", "dedupe", "--review", str(review)])
    assert shown.exit_code == 0
    assert "okafor2014housing <- study-1" in shown.output
    assert "1 groups to merge" in shown.output
    assert everything(review) == before
    assert json.loads(run(app, ["refs", "dedupe", "-r", str(review), "--json"]).output)["merges"][0]["removed"] == [
        "study-1"
    ]
    assert "Merged 1" in run(app, ["refs", "dedupe", "-r", str(review), "--apply"]).output
    assert list(read(review)).count("study-1") == 0
    assert "Put back references/library.bib" in run(app, ["refs", "dedupe", "-r", str(review), "--undo"]).output
    assert "study-1" in read(review)
