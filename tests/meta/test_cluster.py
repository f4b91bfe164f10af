"""The batch engine on a Dask cluster, here of two local workers; the example of docs/cluster.md runs as it stands."""

import re
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from toolkit import meta

dask_distributed = pytest.importorskip(
    "distributed",
    reason="NOT TESTED: the Dask back end needs the extra `scale` (pip install 'evidence-review-toolkit[scale]')",
)

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"
SIZE = (120_000, 20)  # more than one parcel of a million cells


@pytest.fixture(scope="module")
def client():
    with dask_distributed.Client(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as client:
        yield client


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(8)
    v = rng.uniform(0.01, 0.2, SIZE)
    return np.where(rng.random(SIZE) < 0.1, np.nan, rng.normal(0.2, np.sqrt(v + 0.05))), v


def workers_that_fitted(client):
    logs = client.run(lambda dask_worker: dask_worker.state.executed_count)
    return sum(count > 0 for count in logs.values())


def test_a_batch_on_a_cluster_equals_the_same_batch_here(client, data):
    with joblib.parallel_config(backend="dask"):
        spread = meta.batch(*data, tau2="PM", test="z")
    assert workers_that_fitted(client) > 0
    pd.testing.assert_frame_equal(spread, meta.batch(*data, tau2="PM", test="z"), rtol=1e-10)


def test_subsets_replicates_and_permutations_on_a_cluster_are_those_of_their_seed(client):
    y, v = np.linspace(-0.3, 0.9, 25), np.linspace(0.02, 0.09, 25)
    result = meta.random_effects(y, v, tau2="DL")

    def everything():
        p = meta.permutation_test(result, permutations=50_000, seed=2).p_values
        drawn = meta.bootstrap(result, replicates=50_000, seed=2).fit.beta
        return p, drawn, meta.gosh(result, subsets=50_000, seed=2).fit.beta

    with joblib.parallel_config(backend="dask"):
        there = everything()
    for found, wanted in zip(there, everything(), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_the_example_of_the_page_runs(client):
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL).group(1)
    example = example.replace("Client()", "nullcontext()").replace("300_000", "60_000")
    scope = {}
    exec(compile("from contextlib import nullcontext\n" + example, str(PAGE), "exec"), scope)
    assert len(scope["results"]) == 60_000
    assert scope["results"].reason.eq("").all()
