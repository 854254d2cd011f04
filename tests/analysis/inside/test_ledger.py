"""The ledger of a cell state: against a slow loop, against the state it adds up to, and against forecasts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lstmwidgets as lw
from lstmwidgets.analysis.inside.gates import GateTrace, gate_activations
from lstmwidgets.analysis.inside.ledger import (
    Ledger,
    forecast_shares,
    memory_ledger,
    output_weights,
    rests_on,
    start_share,
)
from lstmwidgets.analysis.inside.tracing import Head, LayerTrace, WindowTrace, trace


def random_trace(timesteps, units, seed=0, initial_c=None):
    draw = np.random.default_rng(seed)
    layer = (
        draw.normal(size=(2, 4 * units)),
        draw.normal(size=(units, 4 * units)),
        draw.normal(size=4 * units),
    )
    return gate_activations(draw.normal(size=(timesteps, 2)), *layer, initial_c=initial_c)


def of_gates(i, f, g, o, before=0.0):
    """A trace of one unit whose gates are given, with the states that follow from them."""
    c, states = before, []
    for step in range(len(i)):
        c = f[step] * c + i[step] * g[step]
        states.append((c, o[step] * math.tanh(c)))
    c, h = np.array(states).T
    return GateTrace(*(np.array(array, dtype=float)[:, None] for array in (i, f, g, o, c, h)))


def window_trace(layer, kernel, bias, scale=1.0, level=0.0, backwards=False, initial_c=None):
    """A trace with a linear output, of gates computed elsewhere."""
    units = layer.c.shape[1]
    gates = [getattr(layer, name) for name in "ifgoch"]
    nothing = np.zeros(units)
    read = LayerTrace(
        *gates,
        name="memory",
        x=np.zeros((len(layer.c), 1), np.float32),
        kernel=np.zeros((1, 4 * units), np.float32),
        recurrent_kernel=np.zeros((units, 4 * units), np.float32),
        bias=np.zeros(4 * units, np.float32),
        backwards=backwards,
        initial_h=nothing,
        initial_c=nothing if initial_c is None else initial_c,
    )
    head = Head(np.asarray(kernel, float), np.asarray(bias, float), scale, level)
    return WindowTrace(
        *gates, layers=(read,), shown=0, times=None, values=None, start=None, head=head, no_head=""
    )


def flipped(found):
    return GateTrace(*(getattr(found, name)[::-1] for name in "ifgoch"))


@given(
    timesteps=st.integers(1, 12), units=st.integers(1, 4), seed=st.integers(0, 2**32 - 1), start=st.booleans()
)
@settings(deadline=None, max_examples=40)
def test_the_ledger_equals_a_loop_and_adds_up_to_the_last_cell_state(timesteps, units, seed, start):
    initial_c = np.random.default_rng(seed).normal(size=units) if start else np.zeros(units)
    found = random_trace(timesteps, units, seed, initial_c)
    ledger = memory_ledger(found, initial_c)
    for unit in range(units):
        for step in range(timesteps):
            kept = math.prod(found.f[later, unit] for later in range(step + 1, timesteps))
            assert ledger.kept[step, unit] == pytest.approx(kept, rel=1e-12)
            written = found.i[step, unit] * found.g[step, unit]
            assert ledger.contributions[step, unit] == pytest.approx(kept * written, rel=1e-12)
        assert ledger.start[unit] == pytest.approx(math.prod(found.f[:, unit]) * initial_c[unit], rel=1e-12)
    np.testing.assert_allclose(ledger.contributions.sum(axis=0) + ledger.start, found.c[-1], atol=1e-12)


def test_a_layer_that_walked_backwards_has_the_same_ledger_turned_round():
    found = random_trace(9, 3)
    forward = memory_ledger(found)
    turned = window_trace(flipped(found), np.ones((3, 1)), [0.0], backwards=True)
    backward = memory_ledger(turned)
    np.testing.assert_array_equal(backward.contributions[::-1], forward.contributions)
    np.testing.assert_array_equal(backward.kept[::-1], forward.kept)
    np.testing.assert_array_equal(backward.half_life, forward.half_life)
    np.testing.assert_allclose(backward.contributions.sum(axis=0), turned.c[0], atol=1e-12)


@pytest.mark.parametrize(("f", "half_life"), [(0.5, 1), (0.25, 0.5), (0.5**0.1, 10), (0.99, 68.9676)])
def test_a_constant_forget_gate_has_the_half_life_of_exponential_decay(f, half_life):
    found = of_gates(*np.full((4, 7), [[1.0], [f], [0.5], [1.0]]))
    assert memory_ledger(found).half_life[0] == pytest.approx(half_life, rel=1e-5)


def test_a_gate_never_shut_never_forgets_and_one_shut_once_forgets_all():
    whole = of_gates([1, 0, 0, 0], [1, 1, 1, 1], [0.5, 0, 0, 0], [1, 1, 1, 1])
    ledger = memory_ledger(whole)
    assert ledger.half_life.tolist() == [math.inf]
    assert ledger.contributions.ravel().tolist() == [0.5, 0, 0, 0]
    shut = memory_ledger(of_gates([1, 1, 1, 1], [1, 1, 0, 1], [0.5] * 4, [1] * 4))
    assert shut.half_life.tolist() == [0]
    assert shut.kept.ravel().tolist() == [0, 0, 1, 1]
    assert shut.contributions.ravel().tolist() == [0, 0, 0.5, 0.5]


def test_the_start_is_the_traces_own_unless_another_is_given():
    before = np.array([2.0])
    found = of_gates([0, 0], [0.5, 0.5], [0, 0], [1, 1], before=2.0)
    carried = window_trace(found, [[1.0]], [0.0], initial_c=before)
    assert memory_ledger(carried).start.tolist() == [0.5]
    assert memory_ledger(carried, [4.0]).start.tolist() == [1.0]
    assert memory_ledger(found).start.tolist() == [0.0]
    with pytest.raises(
        lw.LSTMWidgetsError, match=r"initial_c has the shape \(2,\): expected \(units,\) = \(1,\)"
    ):
        memory_ledger(found, [1.0, 2.0])


@pytest.mark.parametrize("backwards", [False, True])
def test_shares_and_bias_and_level_add_up_to_the_forecast(backwards):
    draw = np.random.default_rng(2)
    before = draw.normal(size=4)
    found = random_trace(15, 4, seed=3, initial_c=before)
    kernel, bias = draw.normal(size=(4, 3)), draw.normal(size=3)
    seen = window_trace(
        flipped(found) if backwards else found,
        kernel,
        bias,
        scale=2.5,
        level=40.0,
        backwards=backwards,
        initial_c=before,
    )
    ledger = memory_ledger(seen)
    shares = forecast_shares(ledger, seen)
    assert shares.shape == (15, 3)
    total = 40 + 2.5 * bias + shares.sum(axis=0) + start_share(ledger, seen)
    np.testing.assert_allclose(total, 40 + 2.5 * (found.h[-1] @ kernel + bias), rtol=1e-12)


def test_shares_add_up_to_what_a_fitted_forecaster_forecasts():
    config = lw.LSTMConfig(sequence_length=16, horizon=4, units=6, epochs=2, batch_size=64)
    forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("sine_mix").iloc[:300], progress_bar=False)
    seen = trace(forecaster)
    ledger = memory_ledger(seen)
    np.testing.assert_allclose(ledger.contributions.sum(axis=0), seen.c[-1], rtol=0, atol=1e-6)
    total = seen.head.level + seen.head.scale * seen.head.bias + forecast_shares(ledger, seen).sum(axis=0)
    np.testing.assert_allclose(total, forecaster.forecast_windows(np.array([seen.start]))[0], rtol=1e-5)


@pytest.mark.parametrize("c", [0.0, 1e-12, -5e-5, 2e-4, 3.0, -20.0])
def test_the_share_of_a_state_near_zero_is_that_of_the_limit(c):
    gates = np.array([[c]])
    one = np.ones((1, 1))
    seen = window_trace(GateTrace(one, one, gates, one, gates, np.tanh(gates)), [[1.0]], [0.0])
    assert output_weights(seen)[0, 0] == pytest.approx(math.tanh(c) / c if c else 1.0, rel=1e-15)
    assert forecast_shares(memory_ledger(seen), seen)[0, 0] == pytest.approx(math.tanh(c), rel=1e-14)


def test_without_a_linear_output_there_are_no_shares_and_the_reason_is_told():
    found = random_trace(4, 2)
    with pytest.raises(lw.LSTMWidgetsError, match="no shares, because a GateTrace holds no output layer"):
        forecast_shares(memory_ledger(found), found)
    seen = window_trace(found, np.ones((2, 1)), [0.0])
    without = WindowTrace(**{**vars(seen), "head": None, "no_head": "its output layer 'out' is bent"})
    with pytest.raises(lw.LSTMWidgetsError, match="no shares, because its output layer 'out' is bent: they"):
        forecast_shares(memory_ledger(without), without)


def test_the_words_name_the_strongest_steps_counted_back_from_the_last():
    shares = np.zeros((30, 2))
    shares[28], shares[5], shares[4], shares[29] = [4, -1], [2, 1], [0, 2], [-1, 0]
    assert rests_on(shares) == "rests on the steps −1, −24 and −25 (91 % of what moves it)"
    assert rests_on(shares, 1) == "rests on the step −1 (45 % of what moves it)"
    assert rests_on(shares[:, 0], 2) == "rests on the steps −1 and −24 (86 % of what moves it)"
    assert rests_on(shares[29:]) == "rests on the step 0 (100 % of what moves it)"
    assert rests_on(np.zeros(4)) == "rests on no step: nothing in the window moves it"


def test_the_words_of_a_ledger_are_those_of_its_contributions():
    ledger = memory_ledger(random_trace(8, 3))
    assert isinstance(ledger, Ledger)
    assert rests_on(ledger) == rests_on(ledger.contributions)


@pytest.mark.parametrize("most", [0, -1, 1.5, True])
def test_naming_no_step_is_refused(most):
    with pytest.raises(lw.LSTMWidgetsError, match="most=.* takes a whole number from 1 up"):
        rests_on(np.ones(3), most)


@pytest.mark.parametrize("function", [lw.memory_ledger, lw.saturation, lw.dead_units])
def test_what_is_no_trace_is_refused_with_the_way_to_one(function):
    with pytest.raises(lw.LSTMWidgetsError, match=r"dict is no trace: pass lw\.trace\(forecaster\)"):
        function({})
    with pytest.raises(lw.LSTMWidgetsError, match="dict is no ledger: pass memory_ledger"):
        lw.forecast_shares({}, {})


@pytest.mark.parametrize("given", [lw.LSTMConfig(), "shares", 3.0, []])
def test_what_is_no_share_of_steps_is_refused_with_what_to_pass(given):
    with pytest.raises(lw.LSTMWidgetsError, match="is no share of steps: pass lw.forecast_shares"):
        lw.rests_on(given)
