"""Subgroup analyses: names and order of groups, small groups, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from toolkit import meta
from toolkit.errors import ModelInputError

Y = np.array([0.1, 0.4, 0.3, 0.8, 0.6, 0.2, 0.5, 1.1])
V = np.array([0.02, 0.05, 0.03, 0.04, 0.02, 0.06, 0.03, 0.05])
GROUPS = ["rural", "urban", "rural", "urban", "urban", "rural", "urban", "urban"]


def test_each_group_is_what_its_studies_give_alone():
    found = meta.subgroups(Y, V, GROUPS, labels=list("abcdefgh"))
    rural = np.array(GROUPS) == "rural"
    assert found.names == ("rural", "urban")
    assert found["rural"].tau2 == meta.random_effects(Y[rural], V[rural]).tau2
    assert found["rural"].labels == ("a", "c", "f")
    assert found.overall.estimate == meta.random_effects(Y, V).estimate
    assert list(found.to_frame()["k"]) == [3, 5]


def test_the_order_of_a_categorical_is_kept_and_unused_groups_are_dropped():
    groups = pd.Series(pd.Categorical(GROUPS, ["urban", "none", "rural"]), index=range(10, 18))
    assert meta.subgroups(Y, V, groups).names == ("urban", "rural")


def test_groups_that_share_tau2_are_compared_by_an_f_test():
    found = meta.subgroups(Y, V, GROUPS, common_tau2=True)
    assert found.df_between == (1, 6)
    assert {result.tau2 for result in found.results} == {found.regression.tau2}
    assert "one tau² for all" in found.summary()
    assert "F " in found.summary()


def test_a_group_of_one_study_is_that_study():
    found = meta.subgroups(Y, V, ["one", *["rest"] * 7])
    assert (found["one"].estimate, found["one"].test) == (Y[0], "z")
    assert found.q_between > 0


def test_a_standard_error_of_zero_leaves_nothing_to_compare_by():
    found = meta.subgroups([0.2, 0.2, 0.5, 0.9], V[:4], ["a", "a", "b", "b"])
    assert found.q_between is None
    assert "standard error of a is 0" in found.reason
    assert found.reason in found.summary()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (["rural", None, *GROUPS[2:]], "The group is missing in row 1"),
        (["rural"] * 8, r"All studies are in one group \(rural\)"),
        (GROUPS[:5], "There are 8 studies and 5 groups"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(groups, message):
    with pytest.raises(ModelInputError, match=message):
        meta.subgroups(Y, V, groups)
