"""The equations of the cell, against Keras and against a slow loop written from the papers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmwidgets.analysis.inside.gates import GateTrace, gate_activations
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.inside.activations import sigmoid


def weights(features, units, seed=0, size=1.0):
    draw = np.random.default_rng(seed)
    return (
        draw.normal(scale=size, size=(features, 4 * units)),
        draw.normal(scale=size, size=(units, 4 * units)),
        draw.normal(scale=size, size=4 * units),
    )


def by_the_papers(x, kernel, recurrent_kernel, bias, h, c):
    """One scalar at a time, in Python floats: no array operation shared with the package."""
    units = len(h)
    steps = []
    for inputs in x.tolist():
        z = [
            bias[column]
            + sum(inputs[k] * kernel[k, column] for k in range(len(inputs)))
            + sum(h[k] * recurrent_kernel[k, column] for k in range(units))
            for column in range(4 * units)
        ]
        i = [1 / (1 + math.exp(-value)) for value in z[:units]]
        f = [1 / (1 + math.exp(-value)) for value in z[units : 2 * units]]
        g = [math.tanh(value) for value in z[2 * units : 3 * units]]
        o = [1 / (1 + math.exp(-value)) for value in z[3 * units :]]
        c = [f[k] * c[k] + i[k] * g[k] for k in range(units)]
        h = [o[k] * math.tanh(c[k]) for k in range(units)]
        steps.append((i, f, g, o, c, h))
    return {name: np.array([step[number] for step in steps]) for number, name in enumerate("ifgoch")}


@given(
    timesteps=st.integers(1, 12),
    features=st.integers(1, 4),
    units=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([0.01, 1.0, 5.0]),
)
@settings(deadline=None, max_examples=60)
def test_the_trace_equals_a_loop_over_units_written_from_the_papers(timesteps, features, units, seed, size):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(timesteps, features))
    h, c = draw.uniform(-1, 1, units), draw.normal(size=units)
    layer = weights(features, units, seed, size)
    trace = gate_activations(x, *layer, initial_h=h, initial_c=c)
    for name, expected in by_the_papers(x, *layer, h.tolist(), c.tolist()).items():
        np.testing.assert_allclose(getattr(trace, name), expected, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize(("timesteps", "features", "units"), [(1, 1, 1), (30, 1, 8), (48, 3, 5)])
def test_the_states_equal_those_of_keras_to_a_millionth(timesteps, features, units):
    from lstmwidgets.model.backend import keras

    layer = keras.layers.LSTM(
        units, return_sequences=True, return_state=True, bias_initializer="random_normal"
    )
    x = np.random.default_rng(1).normal(size=(timesteps, features)).astype(np.float32)
    states, last_h, last_c = (np.asarray(out)[0] for out in layer(x[None]))
    trace = gate_activations(x, *layer.get_weights())
    np.testing.assert_allclose(trace.h, states, rtol=0, atol=1e-6)
    np.testing.assert_allclose(trace.h[-1], last_h, rtol=0, atol=1e-6)
    np.testing.assert_allclose(trace.c[-1], last_c, rtol=0, atol=1e-6)


def test_an_open_forget_gate_and_a_shut_input_gate_keep_the_state_for_ever():
    bias = [-1000.0, 1000.0, 0.0, 1000.0]
    trace = gate_activations(np.ones((200, 1)), np.zeros((1, 4)), np.zeros((1, 4)), bias, initial_c=[0.75])
    assert (trace.i == 0).all()
    assert (trace.f == 1).all()
    assert (trace.o == 1).all()
    assert (trace.c == 0.75).all()
    assert trace.h[-1, 0] == math.tanh(0.75)


def test_gates_stay_between_zero_and_one_and_the_candidate_between_minus_one_and_one():
    trace = gate_activations(np.random.default_rng(0).normal(size=(50, 2)) * 1e6, *weights(2, 3, size=10))
    for gate in (trace.i, trace.f, trace.o):
        assert gate.shape == (50, 3)
        assert ((gate >= 0) & (gate <= 1)).all()
    for bounded in (trace.g, trace.h):
        assert (np.abs(bounded) <= 1).all()


def test_a_sequence_continued_from_its_states_gives_the_same_trace():
    x, layer = np.random.default_rng(3).normal(size=(20, 2)), weights(2, 4)
    whole, first = gate_activations(x, *layer), gate_activations(x[:13], *layer)
    rest = gate_activations(x[13:], *layer, initial_h=first.h[-1], initial_c=first.c[-1])
    np.testing.assert_allclose(rest.c, whole.c[13:], rtol=0, atol=1e-13)
    np.testing.assert_allclose(rest.h, whole.h[13:], rtol=0, atol=1e-13)


def test_no_step_depends_on_a_later_one():
    x, layer = np.random.default_rng(4).normal(size=(20, 1)), weights(1, 3)
    changed = x.copy()
    changed[12:] += 5
    before, after = gate_activations(x, *layer), gate_activations(changed, *layer)
    for name in "ifgoch":
        np.testing.assert_array_equal(getattr(before, name)[:12], getattr(after, name)[:12])
    assert not np.allclose(before.c[12:], after.c[12:])


def test_a_missing_input_makes_what_follows_missing_and_nothing_before_it():
    x = np.ones((5, 1))
    x[2] = np.nan
    trace = gate_activations(x, *weights(1, 2))
    assert np.isfinite(trace.c[:2]).all()
    assert np.isnan(trace.c[2:]).all()


def test_the_trace_is_frozen_and_leaves_its_inputs_alone():
    x, layer, start = np.ones((3, 1)), weights(1, 1), np.array([0.5])
    trace = gate_activations(x, *layer, initial_c=start)
    assert isinstance(trace, GateTrace)
    assert start[0] == 0.5
    with pytest.raises(AttributeError):
        trace.i = None


def test_the_sigmoid_overflows_nowhere():
    np.testing.assert_allclose(
        sigmoid(np.array([-1e9, -1.0, 0.0, 1.0, 1e9])), [0, 0.26894142, 0.5, 0.73105858, 1]
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"x": np.ones(5)},
            r"x has the shape \(5,\): expected \(timesteps, features\); for one series, pass",
        ),
        ({"x": np.ones((2, 5, 1))}, r"x has the shape \(2, 5, 1\)"),
        ({"x": [["a"]]}, "x is not an array of numbers"),
        (
            {"x": np.ones((5, 2))},
            r"kernel has the shape \(1, 12\): expected \(features, 4 \* units\) = \(2, 12\)",
        ),
        (
            {"kernel": np.ones((1, 9))},
            r"kernel has the shape \(1, 9\): .* = \(1, 12\), since x has the shape",
        ),
        (
            {"recurrent_kernel": np.ones((3, 9))},
            r"recurrent_kernel has the shape \(3, 9\): expected \(units, 4",
        ),
        ({"recurrent_kernel": np.ones((0, 0))}, r"recurrent_kernel has the shape \(0, 0\)"),
        ({"bias": np.ones((2, 12))}, r"bias has the shape \(2, 12\): expected \(4 \* units,\) = \(12,\)"),
        ({"initial_h": np.ones(2)}, r"initial_h has the shape \(2,\): expected \(units,\) = \(3,\)"),
        ({"initial_c": np.ones((1, 3))}, r"initial_c has the shape \(1, 3\)"),
    ],
)
def test_shapes_that_disagree_are_named(changes, message):
    kernel, recurrent_kernel, bias = weights(1, 3)
    given_arrays = {
        "x": np.ones((5, 1)),
        "kernel": kernel,
        "recurrent_kernel": recurrent_kernel,
        "bias": bias,
    }
    with pytest.raises(LSTMWidgetsError, match=message):
        gate_activations(**{**given_arrays, **changes})
