"""What must not depend on the order, the unit, the sign or the origin of the effects, for every method of the room."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit import meta

SEEDS = st.integers(0, 10**6)
UNITS = st.sampled_from([1e-8, 1e-3, 0.5, 7.0, 1e4])


@dataclass(frozen=True)
class Numbers:
    """Numbers of a method: effects with a sign, sizes in the unit of the effects, turning ones that have none but
    change their sign with the effects, and fixed ones that change with nothing."""

    effects: list = field(default_factory=list)
    sizes: list = field(default_factory=list)
    turning: list = field(default_factory=list)
    fixed: list = field(default_factory=list)


def limits(found):
    return [found.estimate, found.ci_low, found.ci_high]


def of_egger(found):
    return Numbers([] if found.estimate is None else limits(found), [], [found.statistic], [found.p_value])


def of_rank(found):
    return Numbers(turning=[found.tau], fixed=[found.p_value, found.exact])


def of_trim(found):
    filled = found.filled
    sizes = [np.sqrt(filled.tau2), *np.sqrt(filled.v)]
    return Numbers([*limits(filled), *sorted(found.filled_y)], sizes, [], [found.k0, found.k0_se, found.k0_p])


def of_number(found):
    return Numbers(fixed=[found.number, found.p_value])


def of_pet_peese(found):
    return Numbers(limits(found), [found.se], [found.statistic], [found.p_value, found.pet_p, found.chosen])


def of_henmi(found):
    return Numbers(limits(found), [found.se, np.sqrt(found.tau2)], [], [found.quantile])


def of_limit(found):
    return Numbers([*limits(found), found.slope], [found.se], [], [found.q_small, found.q_residual])


def of_excess(found):
    return Numbers([one for one in found.limits if one is not None], [], [], [found.observed, found.expected,
                   found.p_value])  # fmt: skip


def of_estimate(found):
    return Numbers(limits(found), [found.se], [found.statistic], [found.p_value])


def of_kink(found):
    return Numbers([found.estimate, found.first], [found.kink, found.sd, found.se], [], [found.p_value])


def of_selection(found):
    sizes = [np.sqrt(found.tau2)] if found.se is None else [np.sqrt(found.tau2), found.se]
    return Numbers([found.estimate], sizes, [], [found.lrt, *found.delta, *found.counts])


def of_copas(found):
    path = [point for point in found.path if point.se is not None]
    return Numbers([one for point in path for one in limits(point)], [], [], [point.p_value for point in path])


def of_p_curve(found):
    return Numbers(fixed=[found.k, found.right_skew, found.right_skew_half, found.flat, found.power, found.power_low])


def of_star(found):
    return Numbers([one for one in limits(found) if one is not None], [np.sqrt(found.tau2)], [], [found.p_value])


def of_affirmative(found):
    effects = limits(found) if found.worst is None else [*limits(found), found.worst]
    return Numbers(effects, [found.se], [found.statistic], [found.p_value, found.s_value, found.s_value_limit])


# Name: how it is run, what is compared, whether it moves with the origin, and the relative tolerance.
METHODS = {
    "egger": (meta.egger, of_egger, True, 1e-7),
    "egger by variance": (lambda fit: meta.egger(fit, predictor="variance"), of_egger, True, 1e-7),
    "egger by rma": (lambda fit: meta.egger(fit, model="rma"), of_egger, True, 1e-5),
    "rank test": (meta.rank_test, of_rank, True, 1e-9),
    "trim and fill by L0": (meta.trim_and_fill, of_trim, True, 1e-5),
    "trim and fill by R0": (lambda fit: meta.trim_and_fill(fit, estimator="R0"), of_trim, True, 1e-5),
    "Rosenthal": (meta.failsafe_n, of_number, False, 1e-9),
    "Orwin": (lambda fit: meta.failsafe_n(fit, method="Orwin"), of_number, False, 1e-9),
    "Rosenberg": (lambda fit: meta.failsafe_n(fit, method="Rosenberg"), of_number, False, 1e-9),
    "PET-PEESE": (meta.pet_peese, of_pet_peese, False, 1e-7),
    "Henmi and Copas": (meta.henmi_copas, of_henmi, True, 1e-7),
    "limit": (meta.limit_meta_analysis, of_limit, True, 1e-5),
    "limit beta-lim": (lambda fit: meta.limit_meta_analysis(fit, method="beta-lim"), of_limit, True, 1e-5),
    "limit mu-lim": (lambda fit: meta.limit_meta_analysis(fit, method="mu-lim"), of_limit, True, 1e-5),
    "excess": (meta.excess_significance, of_excess, False, 1e-5),
    "excess by chi2": (lambda fit: meta.excess_significance(fit, test="chi2"), of_excess, False, 1e-5),
    "adequate power": (meta.weighted_average_adequate_power, of_estimate, False, 1e-7),
    "kink": (meta.endogenous_kink, of_kink, False, 1e-7),
    "Copas": (meta.copas_model, of_copas, False, 1e-4),
    "p-curve": (lambda fit: meta.p_curve(meta.random_effects(4 * fit.y, fit.v)), of_p_curve, False, 1e-7),
    "p-uniform*": (meta.p_uniform_star, of_star, False, 1e-4),
    "affirmative": (
        lambda fit: meta.publication_bias_sensitivity(fit, selection_ratio=3),
        of_affirmative,
        False,
        1e-7,
    ),
    "step function": (meta.selection_model, of_selection, False, 1e-4),
    "half-normal weight": (lambda fit: meta.selection_model(fit, weight="halfnorm"), of_selection, False, 1e-4),
}
MOVING = [name for name, (_, _, moves, _) in METHODS.items() if moves]


def drawn(seed):
    """Some studies of an effect with heterogeneity, two of them far apart so that all intervals hold a p-value."""
    random = np.random.default_rng(seed)
    k = int(random.integers(6, 16))
    v = random.uniform(0.01, 0.3, k)
    y = random.uniform(0.1, 0.6) + random.normal(size=k) * np.sqrt(v + random.uniform(0, 0.1))
    y[:2] = 0.9, 0.05
    v[:2] = 0.02, 0.11
    return y, v


def numbers(name, y, v):
    run, read, _, tolerance = METHODS[name]
    return read(run(meta.random_effects(y, v, test="z"))), tolerance


def compare(found, wanted, tolerance, size):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        if isinstance(other, int | float | np.number):
            assert float(one) == pytest.approx(float(other), rel=tolerance, abs=tolerance * size)
        else:
            assert one == other


@pytest.mark.parametrize("name", METHODS)
@given(seed=SEEDS, rounded=st.booleans())
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_studies_does_not_matter(name, seed, rounded):
    y, v = drawn(seed)
    if rounded and not name.startswith("trim"):  # of equal effects trim and fill puts in those that come last, as R's
        y, v = np.round(y, 1), np.round(v, 1) + 0.05
        v[0] += 0.3
    order = np.random.default_rng(seed + 1).permutation(len(y))
    wanted, tolerance = numbers(name, y, v)
    found, _ = numbers(name, y[order], v[order])
    for part in ("effects", "turning", "fixed"):
        compare(getattr(found, part), getattr(wanted, part), tolerance, 1.0)
    compare(sorted(found.sizes), sorted(wanted.sizes), tolerance, 1.0)


@pytest.mark.parametrize("name", METHODS)
@given(seed=SEEDS, unit=UNITS, turned=st.booleans())
@settings(max_examples=8, deadline=None)
def test_the_unit_and_the_sign_of_the_effects_carry_over(name, seed, unit, turned):
    y, v = drawn(seed)
    sign = -1.0 if turned else 1.0
    wanted, tolerance = numbers(name, y, v)
    found, _ = numbers(name, sign * unit * y, unit**2 * v)
    compare(sorted(found.effects), sorted(sign * unit * np.array(wanted.effects)), tolerance, unit)
    compare(found.sizes, unit * np.array(wanted.sizes), tolerance, unit)
    compare(found.turning, sign * np.array(wanted.turning), tolerance, 1.0)
    compare(found.fixed, wanted.fixed, tolerance, 1.0)


@pytest.mark.parametrize("name", MOVING)
@given(seed=SEEDS, shift=st.sampled_from([-3.0, 0.7, 50.0]))
@settings(max_examples=8, deadline=None)
def test_the_origin_of_the_effects_carries_over(name, seed, shift):
    y, v = drawn(seed)
    wanted, tolerance = numbers(name, y, v)
    found, _ = numbers(name, y + shift, v)
    compare(np.array(found.effects) - shift, wanted.effects, tolerance, 1.0)
    for part in ("sizes", "turning", "fixed"):
        compare(getattr(found, part), getattr(wanted, part), tolerance, 1.0)


@given(seed=SEEDS, shift=st.sampled_from([-3.0, 0.7]))
@settings(max_examples=8, deadline=None)
def test_excess_significance_moves_with_its_null(seed, shift):
    y, v = drawn(seed)
    wanted = meta.excess_significance(meta.random_effects(y, v))
    found = meta.excess_significance(meta.random_effects(y + shift, v), null=shift)
    assert (found.observed, found.expected, found.p_value) == pytest.approx(
        (wanted.observed, wanted.expected, wanted.p_value), rel=1e-5
    )


@given(seed=SEEDS, turned=st.booleans())
@settings(max_examples=20, deadline=None)
def test_order_and_groups_of_counts_do_not_matter(seed, turned):
    random = np.random.default_rng(seed)
    totals = random.integers(20, 200, (2, 9))
    events = random.binomial(totals, 0.3)
    order = random.permutation(9)
    for method in meta.CountTest:
        wanted = meta.asymmetry_of_counts(events[0], totals[0], events[1], totals[1], method=method)
        first, second = (1, 0) if turned else (0, 1)
        found = meta.asymmetry_of_counts(
            events[first][order], totals[first][order], events[second][order], totals[second][order], method=method
        )
        assert found.statistic == pytest.approx(-wanted.statistic if turned else wanted.statistic, rel=1e-7)
        assert found.p_value == pytest.approx(wanted.p_value, rel=1e-7)


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_a_panel_has_the_same_readings_in_any_order(seed):
    random = np.random.default_rng(seed)
    v = random.uniform(0.01, 0.3, 14)
    y = 0.3 + random.normal(size=14) * np.sqrt(v + 0.02)
    order = random.permutation(14)
    whole = meta.bias_panel(meta.random_effects(y, v)).to_frame()
    other = meta.bias_panel(meta.random_effects(y[order], v[order])).to_frame()
    assert whole["reason"].tolist() == other["reason"].tolist()
    columns = ["estimate", "statistic", "p_value"]
    np.testing.assert_allclose(whole[columns], other[columns], rtol=1e-4, atol=1e-6)
