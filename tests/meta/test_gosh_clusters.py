"""Clusters in a GOSH plot against base R, dbscan and mclust, by the steps of dmetar's gosh.diagnostics()."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError
from toolkit.meta.sensitivity.gosh_clusters import cluster_imbalance

VALUES = json.loads((Path(__file__).parents[1] / "reference/gosh_clusters.json").read_text())
RESULT = meta.random_effects(VALUES["y"], VALUES["v"], tau2="DL", test="z", labels=list("ABCDEFGH"))
SUBSETS = meta.gosh(RESULT)
MEMBERS = np.array(VALUES["members"], dtype=bool)
POSITION = {tuple(row): position for position, row in enumerate(MEMBERS.tolist())}
THEIRS = [POSITION[tuple(row)] for row in SUBSETS.included.tolist()]  # where metafor has each of our subsets
OPTIONS = {"k-means": {}, "DBSCAN": {"radius": 0.4}, "gaussian-mixture": {}}


@pytest.mark.parametrize("method", list(OPTIONS))
def test_clusters_and_their_studies_equal_those_of_r(method):
    pytest.importorskip("sklearn", reason="NOT TESTED: needs scikit-learn, the extra `diagnostics`")
    found, wanted = meta.gosh_clusters(SUBSETS, method=method, **OPTIONS[method]), VALUES["methods"][method]
    theirs = np.array(wanted["cluster"])[THEIRS]
    names = [theirs[found.cluster == row][0] for row in range(len(found.imbalance))]
    assert (np.array([*names, 0])[found.cluster] == theirs).all()  # the same groups under other numbers; noise is 0
    order = np.array(names) - 1
    np.testing.assert_allclose(found.imbalance, np.array(wanted["imbalance"])[order], atol=1e-9)
    np.testing.assert_allclose(found.cooks_distance, np.array(wanted["cooks_distance"])[order], rtol=1e-9, atol=1e-9)
    assert found.is_outlying.tolist() == wanted["outlying"]
    assert "G" in found.summary()
    assert len(found.to_frame()) == found.imbalance.size


@pytest.mark.parametrize("method", list(OPTIONS))
def test_imbalance_follows_from_the_clusters(method):
    wanted = VALUES["methods"][method]
    found = cluster_imbalance(np.array(wanted["cluster"]) - 1, MEMBERS)
    np.testing.assert_allclose(found, wanted["imbalance"], atol=1e-9)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(ImportError, match="extra `diagnostics`"):
        meta.gosh_clusters(SUBSETS)


def test_subsets_that_are_all_alike_have_no_clusters():
    alike = meta.random_effects([0.1, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4], test="z")
    with pytest.raises(ModelInputError, match="same I2"):
        meta.gosh_clusters(meta.gosh(alike))


def test_an_unknown_method_is_refused():
    with pytest.raises(ModelInputError, match="k-means, DBSCAN, gaussian-mixture"):
        meta.gosh_clusters(SUBSETS, method="spectral")
