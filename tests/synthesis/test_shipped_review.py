"""The evidence that this project ships: complete, sound, and pooled as R's metafor pools the same files."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from toolkit.errors import Severity
from toolkit.vocabulary import Method, Role, Status

REFERENCE = Path(__file__).parents[1] / "reference"
SYNTHESES = {item["question"]: item for item in json.loads((REFERENCE / "syntheses.json").read_text())["syntheses"]}
TOLERANCES = tomllib.loads((REFERENCE / "tolerances.toml").read_text())


def test_the_review_holds_all_of_the_evidence(shipped):
    records = shipped.records
    assert (len(records.claims), len(records.questions), len(records.studies)) == (20, 130, 620)
    assert (len(records.estimates), len(shipped.library)) == (1046, 522)
    assert Counter(row.role for row in records.estimates.values()) == {
        Role.DIRECTION: 361,
        Role.PRIMARY: 291,
        Role.ADDITIONAL: 178,
        Role.CONTEXT: 122,
        Role.REVIEW: 94,
    }
    assert shipped.status_counts() == {"verified": 792, "derived": 202, "computed": 36, "recalled": 16}
    assert Counter(question.method for question in records.questions.values()) == {
        Method.DESCRIBE: 54,
        Method.DIRECTION: 44,
        Method.POOL: 32,
    }


def test_the_review_has_no_errors_and_its_warnings_are_known(shipped):
    assert not [finding for finding in shipped.findings if finding.severity is Severity.ERROR]
    assert Counter((finding.rule, finding.record) for finding in shipped.findings) == {
        # printed so at their sources, and said so in the notes
        ("interval-symmetry", "TRA107"): 1,
        ("interval-symmetry", "TRA108"): 1,
        ("interval-symmetry", "REM-R4-029"): 1,
        ("interval-symmetry", "REM-R4-049"): 1,
        ("interval-symmetry", "REM-R4-065"): 1,
        # their sources do not state the level
        ("interval-level", "CRT039"): 1,
        ("interval-level", "CRT040"): 1,
        # the reviewers wrote the size without its sign
        ("plan-side", "housing-first-substance-use"): 1,
    }


def test_figures_stay_as_printed(shipped):
    rows = shipped.records.estimates
    assert str(rows["TRA152"].ci_high) == "11.10"
    assert str(rows["REM-R7-007"].time_1) == "553.0"


def test_every_planned_pool_is_pooled_and_has_a_reference(shipped):
    pooled = {question.question for question in shipped.questions if question.method is Method.POOL}
    assert set(SYNTHESES) == pooled
    assert all(shipped.synthesize(key).method is Method.POOL for key in pooled)


@pytest.mark.parametrize("key", SYNTHESES)
def test_a_pooled_question_agrees_with_metafor(shipped, key):
    ours, theirs = shipped.synthesize(key), SYNTHESES[key]
    result = ours.result
    assert [row.estimate.estimate for row in ours.pooled_rows] == theirs["estimates"]
    exact, iterated, profile = (TOLERANCES[name] for name in ("effect-size", "iterated", "q-profile"))
    np.testing.assert_allclose(result.y, theirs["yi"], rtol=exact, atol=exact)
    np.testing.assert_allclose(result.v, theirs["vi"], rtol=exact)
    floor = float(np.mean(theirs["vi"])) / 1000  # a tau2 of 0 has no relative error
    prediction, heterogeneity = result.prediction_interval(), result.heterogeneity_interval()
    scale = theirs["se"]
    for name, value in (
        ("estimate", result.estimate),
        ("se", result.se),
        ("ci_low", result.ci_low),
        ("ci_high", result.ci_high),
        ("prediction_low", prediction.low),
        ("prediction_high", prediction.high),
    ):
        assert value == pytest.approx(theirs[name], rel=iterated, abs=iterated * scale), name
    assert result.p_value == pytest.approx(theirs["p_value"], rel=1e-5)
    assert result.tau2 == pytest.approx(theirs["tau2"], rel=iterated, abs=iterated * floor)
    assert result.i2 == pytest.approx(theirs["i2"], rel=iterated, abs=iterated)
    assert result.q == pytest.approx(theirs["q"], rel=exact)
    assert heterogeneity.tau2[1] == pytest.approx(theirs["tau2_low"], rel=profile, abs=profile * floor)
    assert heterogeneity.tau2[2] == pytest.approx(theirs["tau2_high"], rel=profile, abs=profile * floor)


def test_no_recalled_row_is_pooled_or_counted(shipped):
    for question in shipped.questions:
        trace = shipped.synthesize(question.question).trace()
        if len(trace):
            assert not (trace["used"] & (trace["status"] == Status.RECALLED)).any(), question.question


def test_every_row_is_used_or_says_why_not(shipped):
    for question in shipped.questions:
        trace = shipped.synthesize(question.question).trace()
        if len(trace):
            assert (trace["used"] == (trace["reason_left_out"] == "")).all(), question.question


def test_every_claim_has_a_row_in_the_verdicts(shipped):
    verdicts = shipped.verdicts()
    assert set(verdicts["claim"]) == set(shipped.records.claims)
    assert len(verdicts) == 130 + 2  # two normative claims rest on the others
    assert verdicts.loc[verdicts["question"].isna(), "outcome"].tolist() == ["normative", "normative"]


def test_negligible_claims_without_a_pool_are_never_more_than_directions(shipped):
    for question in shipped.questions:
        synthesis = shipped.synthesize(question.question)
        if question.predicted.is_negligible and synthesis.method is not Method.POOL:
            assert synthesis.verdict.outcome.value.startswith(("direction", "described")), question.question


@pytest.mark.parametrize(
    ("question", "row", "other"),
    [
        ("custody-reoffending", "CRT001", "CRT016"),
        ("custody-reoffending", "CRT002", "CRT013"),
        ("custody-reoffending", "CRT003", "CRT015"),
        ("incarceration-overdose-death", "TRA146", "DET134"),
        ("incarceration-overdose-death", "TRA147", "DET133"),
        ("incarceration-overdose-death", "TRA148", "DET136"),
    ],
)
def test_figures_that_stand_under_two_claims_are_told_on_both_sides(shipped, question, row, other):
    shared = {(item.estimate, item.other_estimate) for item in shipped.synthesize(question).shared}
    assert (row, other) in shared
    elsewhere = shipped.records.estimates[other].question
    assert (other, row) in {(item.estimate, item.other_estimate) for item in shipped.synthesize(elsewhere).shared}


def test_the_row_that_looks_misprinted_is_pooled_and_left_out_beside_it(shipped):
    (item,) = shipped.synthesize("oat-hcv-incidence").sensitivity
    assert item.left_out == ("REM-R4-049",)
    assert item.result.k == shipped.synthesize("oat-hcv-incidence").result.k - 1
