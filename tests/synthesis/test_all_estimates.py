"""All estimates of the pooled samples beside one a sample: which rows go in, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit import meta, open_review
from toolkit.vocabulary import Method

FIGURES = [("2.0", "1.5", "2.67"), ("1.4", "1.0", "1.96"), ("3.1", "2.0", "4.8"), ("2.4", "1.2", "4.8")]


def row(figures, **changes):
    return dict(zip(("value", "ci_low", "ci_high"), figures, strict=True)) | changes


@pytest.fixture
def several(make_review):
    """Four samples with a row each, and three more rows of two of them; others that must stay out."""
    rows = [row(figures) for figures in FIGURES]
    rows += [
        row(("1.8", "1.2", "2.7"), role="additional", sample="sample-study-1"),
        row(("2.2", "1.3", "3.7"), role="additional", sample="sample-study-1"),
        row(("1.1", "0.8", "1.5"), role="additional", sample="sample-study-2"),
        row(("9.0", "4.0", "20.25"), role="additional", sample="sample-study-3", status="recalled"),
        row(("9.0", "4.0", "20.25"), role="additional", sample="of-its-own"),
        row(("2.1", "1.9", "2.3"), role="review"),
        {"question": "q2"},
    ]
    return open_review(make_review(rows).write()).synthesize("q1")


def test_primary_and_additional_rows_of_the_pooled_samples_go_in_and_no_others(several):
    found = several.all_estimates()
    assert [item.estimate.estimate for item in found.rows] == ["E1", "E2", "E3", "E4", "E5", "E6", "E7"]
    assert found.result.n_clusters == 4


def test_the_result_is_the_workflow_on_these_rows(several):
    found = several.all_estimates(rho=0.8)
    y, v = ([getattr(item.effect, part) for item in found.rows] for part in "yv")
    direct = meta.correlated_hierarchical_effects(y, v, [1, 2, 3, 4, 1, 1, 2], rho=0.8)
    assert (found.result.estimate, found.result.se) == (direct.estimate, direct.se)
    assert found.result.rho == 0.8


def test_both_results_stand_side_by_side_on_the_natural_scale_with_other_correlations(several):
    frame = several.all_estimates().to_frame()
    assert frame.rho.tolist()[1:] == [0.0, 0.3, 0.6, 0.9]
    assert frame.estimates.tolist() == [4, 7, 7, 7, 7]
    assert set(frame.samples) == {4}
    assert frame.effect[0] == pytest.approx(np.exp(several.result.estimate))
    assert frame.ci_low[3] == pytest.approx(np.exp(several.all_estimates().result.ci_low))


def test_the_words_compare_the_two_and_warn_of_few_degrees_of_freedom(several):
    text = several.all_estimates().summary()
    assert text.startswith("All 7 estimates of the 4 samples: odds ratio")
    assert "one estimate a sample, as planned" in text
    assert "fewer than 4" in text


def test_one_estimate_a_sample_leaves_nothing_to_add(make_review):
    found = open_review(make_review([{}, {}, {}, {"question": "q2"}]).write()).synthesize("q1").all_estimates()
    assert found.result is None
    assert found.summary() == "Each of the 3 samples has one usable estimate, so there is nothing to add."
    assert found.to_frame().analysis.tolist() == ["one estimate a sample, as planned"]


def test_a_question_that_was_not_pooled_says_so(make_review):
    found = open_review(make_review([{}, {}, {"question": "q2"}]).write()).synthesize("q1").all_estimates()
    assert found.summary() == "Nothing was pooled for this question."


def test_every_pooled_question_of_the_shipped_review_can_be_run_in_one_line(shipped):
    pooled = [item for item in shipped.syntheses() if item.method is Method.POOL]
    found = [item.all_estimates() for item in pooled]
    several = [item for item in found if item.result is not None]
    assert len(pooled) == 32
    assert len(several) >= 20
    for item in several:
        assert len(item.rows) > item.synthesis.result.k
        assert item.result.ci_low < item.result.estimate < item.result.ci_high
        assert item.result.model.convergence.converged
    assert all(item.reason for item in found if item.result is None)
