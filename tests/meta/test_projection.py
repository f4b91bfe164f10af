"""The projection's forms and traces against the k x k matrix that they stand for."""

from fractions import Fraction

import numpy as np
import pytest

from toolkit.meta.projection import DesignProjection, MeanProjection

RANDOM = np.random.default_rng(20240501)
K = 8
W = RANDOM.uniform(0.1, 5.0, K)
Z = RANDOM.normal(size=K)
D, E = RANDOM.uniform(size=(2, K))
MODERATED = np.column_stack([np.ones(K), RANDOM.normal(2000, 10, K), RANDOM.integers(0, 2, K)])


@pytest.fixture(params=["mean", "moderated"])
def pair(request):
    """A projection, and P, X and W as matrices."""
    x = np.ones((K, 1)) if request.param == "mean" else MODERATED
    projection = MeanProjection(W) if request.param == "mean" else DesignProjection(W, x)
    w = np.diag(W)
    p = w - w @ x @ np.linalg.solve(x.T @ w @ x, x.T @ w)
    return projection, p, x, w


def test_residuals_times_weights_are_p_times_z(pair):
    projection, p, _, _ = pair
    np.testing.assert_allclose(W * projection.residuals(Z), p @ Z, atol=1e-8)


def test_quadratic_form(pair):
    projection, p, _, _ = pair
    assert projection.form(Z) == pytest.approx(Z @ p @ Z, rel=1e-8)


def test_traces(pair):
    projection, p, _, _ = pair
    assert projection.trace() == pytest.approx(np.trace(p), rel=1e-8)
    assert projection.trace(D) == pytest.approx(np.trace(p @ np.diag(D)), rel=1e-8)
    assert projection.trace_product() == pytest.approx(np.trace(p @ p), rel=1e-8)
    assert projection.trace_product(D, E) == pytest.approx(np.trace(p @ np.diag(D) @ p @ np.diag(E)), rel=1e-8)


def test_coefficients_covariance_hat_values_and_determinant(pair):
    projection, _, x, w = pair
    information = x.T @ w @ x
    np.testing.assert_allclose(projection.covariance(), np.linalg.inv(information), rtol=1e-6)
    np.testing.assert_allclose(projection.coefficients(Z), np.linalg.solve(information, x.T @ w @ Z), rtol=1e-6)
    np.testing.assert_allclose(projection.hat(), np.diag(x @ np.linalg.solve(information, x.T @ w)), rtol=1e-6)
    assert projection.log_determinant() == pytest.approx(np.linalg.slogdet(information)[1])


def test_a_dominating_weight_does_not_drown_the_others():
    # Exact for two studies: every trace is one of 1 / (v1 + v2), whatever the ratio of the weights.
    w = np.array([1e14, 3.0])
    projection, exact = MeanProjection(w), 1 / (1 / 1e14 + 1 / 3.0)
    assert projection.trace() == pytest.approx(2 * exact, rel=1e-12)
    assert projection.trace_product() == pytest.approx(4 * exact**2, rel=1e-12)
    d = np.array([0.5, 2.0])
    assert projection.trace_product(d, d) == pytest.approx((exact * d.sum()) ** 2, rel=1e-12)


@pytest.mark.parametrize("largest", [1e4, 1e10, 1e14])
def test_a_dominating_weight_does_not_drown_the_others_in_a_regression(largest):
    w, z = [Fraction(value) for value in (largest, 3.0, 5.0, 7.0, 11.0)], [Fraction(n) for n in (1, 2, 4, 8, 16)]
    total, first, second = (sum(a * b**power for a, b in zip(w, z, strict=True)) for power in range(3))
    determinant = total * second - first**2
    trace = Fraction(0)
    for i in range(5):
        for j in range(5):
            shared = w[i] * w[j] * (second - first * (z[i] + z[j]) + total * z[i] * z[j]) / determinant
            trace += ((w[i] if i == j else 0) - shared) ** 2
    x = np.column_stack([np.ones(5), [1.0, 2.0, 4.0, 8.0, 16.0]])
    projection = DesignProjection(np.array([float(value) for value in w]), x)
    assert projection.trace_product() == pytest.approx(float(trace), rel=1e-9)
    stack = DesignProjection(np.array([[float(value) for value in w], [1.0, 3.0, 5.0, 7.0, 11.0]]), x)
    assert stack.trace_product()[0] == pytest.approx(float(trace), rel=1e-9)
    plain = DesignProjection(np.array([1.0, 3.0, 5.0, 7.0, 11.0]), x)
    assert stack.trace_product()[1] == pytest.approx(plain.trace_product(), rel=1e-12)
