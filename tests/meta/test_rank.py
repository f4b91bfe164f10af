"""The rule of when a column is a combination of others, which single fits and stacks share."""

import numpy as np
import pytest

from toolkit.meta.rank import explain, is_deficient

RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize(("new", "combination"), [(0.0, True), (1e-10, True), (1e-8, False), (1.0, False)])
def test_one_matrix_and_a_stack_are_judged_alike_in_any_unit(unit, new, combination):
    x = RANDOM.normal(size=(20, 2))
    z = unit * (x @ [1.0, -2.0] + new * RANDOM.normal(size=20))
    assert explain(z[:, None], x).is_combination.tolist() == [combination]
    assert is_deficient(np.column_stack([x, z])[None]).tolist() == [combination]


def test_a_column_of_zeros_is_a_combination():
    x = np.column_stack([np.ones(5), np.zeros(5)])
    assert explain(x[:, [1]], x[:, [0]]).is_combination.all()
    assert is_deficient(x)
