"""Other cells than the LSTM's: what their traces hold, what is remembered, and where attention looks."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lstmwidgets as lw
from lstmwidgets.analysis.inside.attention import looks_at
from lstmwidgets.analysis.inside.cells import UNLIMITED, AttentionTrace, GRUTrace, RNNTrace
from lstmwidgets.analysis.inside.ledger import resting_share
from lstmwidgets.analysis.inside.traces import (
    AttentionWindowTrace,
    GRULayerTrace,
    GRUWindowTrace,
    LayerTrace,
    RNNWindowTrace,
    WindowTrace,
)
from lstmwidgets.analysis.inside.units import orders_of
from lstmwidgets.data.windows import make_windows


@cache
def traced(**changes):
    """A forecaster of a network with random weights, for what is compared is arithmetic, and its trace."""
    from lstmwidgets.model.build import build

    series = lw.load_dataset("sine_mix").iloc[:200]
    config = lw.LSTMConfig(**{"sequence_length": 12, "horizon": 3, "units": 6, **changes})
    network = build(config)
    draw = np.random.default_rng(0)
    network.set_weights([draw.normal(scale=0.6, size=weight.shape) for weight in network.get_weights()])
    forecaster = lw.LSTMForecaster.fitted(config, series, make_windows(series, config), network)
    return forecaster, lw.trace(forecaster)


@pytest.fixture
def gru():
    return traced(cell="gru")


def of_gates(z, r, g, before=0.0):
    """A GRU of one unit whose gates are given, with the state that follows from them."""
    h, states = before, []
    for step in range(len(z)):
        h = z[step] * h + (1 - z[step]) * g[step]
        states.append(h)
    return GRUTrace(*(np.array(array, dtype=float)[:, None] for array in (z, r, g, states)))


@pytest.mark.parametrize(
    ("changes", "kind", "letters", "layers", "attention"),
    [
        ({"cell": "gru"}, GRUWindowTrace, "zrgh", 1, 0),
        ({"cell": "rnn"}, RNNWindowTrace, "h", 1, 0),
        ({"cell": "bilstm"}, WindowTrace, "ifgoch", 2, 0),
        ({"cell": "lstm_attention"}, WindowTrace, "ifgoch", 1, 1),
        ({"cell": "transformer"}, AttentionWindowTrace, "a", 1, 1),
        ({"activation": "relu", "recurrent_activation": "hard_sigmoid"}, WindowTrace, "ifgoch", 1, 0),
    ],
    ids=str,
)
def test_each_cell_has_a_trace_with_its_own_arrays(changes, kind, letters, layers, attention):
    _, seen = traced(**changes)
    assert type(seen) is kind and "".join(seen.letters) == letters
    assert (len(seen.layers), len(seen.attention)) == (layers, attention)
    for letter, array in seen.arrays.items():
        assert array is getattr(seen.layer, letter) and array.dtype == np.float64
        assert array.shape == seen.state.shape and len(array) == 12
    for each in seen.attention:
        np.testing.assert_allclose(each.a.sum(axis=0), 1, atol=1e-6)


def test_a_gru_tells_its_weights_and_how_it_resets(gru):
    _, seen = gru
    layer = seen.layer
    assert isinstance(layer, GRULayerTrace) and layer.reset_after and layer.name == "gru_1"
    assert layer.kernel.shape == (1, 18) and layer.bias.shape == layer.recurrent_bias.shape == (18,)
    before = np.concatenate([layer.initial_h[None], seen.h[:-1]])
    np.testing.assert_allclose(seen.h, seen.z * before + (1 - seen.z) * seen.g, atol=1e-6)


@given(timesteps=st.integers(1, 12), seed=st.integers(0, 2**32 - 1), before=st.floats(-1, 1))
@settings(max_examples=30)
def test_the_ledger_of_a_gru_equals_a_loop_and_adds_up_to_its_last_state(timesteps, seed, before):
    draw = np.random.default_rng(seed)
    z, r = draw.uniform(size=(2, timesteps))
    g = draw.uniform(-1, 1, timesteps)
    found = of_gates(z, r, g, before)
    ledger = lw.memory_ledger(found, [before])
    for step in range(timesteps):
        left = math.prod(z[step + 1 :]) * (1 - z[step]) * g[step]
        assert ledger.contributions[step, 0] == pytest.approx(left, rel=1e-12)
    total = ledger.contributions.sum() + ledger.start[0]
    assert total == pytest.approx(found.h[-1, 0], abs=1e-12)


def test_an_update_gate_that_keeps_half_has_a_half_life_of_one_step():
    found = of_gates([0.5] * 5, [1] * 5, [0.2] * 5)
    assert lw.memory_ledger(found).half_life.tolist() == [1.0]
    slow = of_gates([1.0] * 5, [1] * 5, [0.2] * 5)
    assert lw.memory_ledger(slow).half_life.tolist() == [math.inf]


@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "gru"},
        {"cell": "gru", "activation": "relu", "centering": "none"},
        {"cell": "gru", "highway": "linear"},
        {"activation": "relu", "recurrent_activation": "hard_sigmoid"},
        {"activation": "sigmoid", "recurrent_activation": "tanh"},
    ],
    ids=str,
)
def test_shares_add_up_to_the_forecast_whatever_the_cell_and_its_activations(changes):
    forecaster, seen = traced(**changes)
    ledger = lw.memory_ledger(seen)
    np.testing.assert_allclose(ledger.contributions.sum(axis=0), seen.state[-1], atol=1e-5)
    head, shares = seen.head, lw.forecast_shares(ledger, seen)
    total = head.level + head.scale * head.bias + shares.sum(axis=0) + resting_share(seen)
    forecast = forecaster.forecast_windows(np.array([seen.start]))[0]
    np.testing.assert_allclose(total, forecast, rtol=1e-4, atol=1e-4)
    assert resting_share(seen).any() == (changes.get("activation") == "sigmoid")
    assert "rests on the step" in lw.rests_on(shares)


@pytest.mark.parametrize("cell", ["rnn", "transformer"])
def test_a_cell_without_gates_has_no_ledger_and_says_why(cell):
    _, seen = traced(cell=cell)
    kind = "rnn" if cell == "rnn" else "attention"
    with pytest.raises(
        lw.LSTMWidgetsError, match=f"no memory ledger of a cell of the kind '{kind}': no gate"
    ):
        lw.memory_ledger(seen)
    with pytest.raises(lw.LSTMWidgetsError, match="no memory ledger"):
        lw.order_units(seen, "half-life")
    assert orders_of(seen) == ("index", "similarity")
    assert sorted(lw.order_units(seen, "similarity")) == list(range(seen.state.shape[1]))
    assert lw.saturation(seen).empty


def test_the_forecast_of_a_bilstm_or_of_attention_has_no_shares_and_says_why():
    for cell in ("bilstm", "lstm_attention"):
        _, seen = traced(cell=cell)
        with pytest.raises(lw.LSTMWidgetsError, match="no shares, because its output layer 'forecast' reads"):
            lw.forecast_shares(lw.memory_ledger(seen), seen)


def test_saturation_and_dead_units_of_a_gru(gru):
    _, seen = gru
    table = lw.saturation(seen)
    assert table.index.tolist() == ["z", "r", "g"]
    assert table.loc["z", "high"] == pytest.approx((seen.z > 0.95).mean())
    assert table.loc["g", "low"] == pytest.approx((seen.g < -0.95).mean())
    assert lw.saturation(seen, per_unit=True).index.equals(
        pd.MultiIndex.from_product([["z", "r", "g"], range(6)], names=["gate", "unit"])
    )
    still = GRUTrace(*(np.full((4, 2), 0.5) for _ in "zrgh"))
    assert lw.dead_units(still).tolist() == [0, 1]
    assert lw.order_units(seen, "contribution").tolist() != list(range(6))


def test_limits_follow_the_activations():
    ones, nothing = np.ones((2, 1)), np.zeros(1)
    layer = {"name": "m", "x": ones, "kernel": ones, "recurrent_kernel": ones, "bias": nothing}
    layer |= {"backwards": False, "initial_h": nothing}

    def lstm(*activations):
        return LayerTrace(*[ones] * 6, **layer, initial_c=nothing, **dict(
            zip(("activation", "recurrent_activation"), activations, strict=True)
        ))  # fmt: skip

    assert [lstm("tanh", "sigmoid").limits(letter) for letter in "igch"] == [
        (0, 1),
        (-1, 1),
        UNLIMITED,
        (-1, 1),
    ]
    assert [lstm("relu", "tanh").limits(letter) for letter in "ig"] == [(-1, 1), (0, math.inf)]
    assert lstm("relu", "tanh").limits("h") == UNLIMITED
    assert lstm("relu", "hard_sigmoid").limits("h") == (0, math.inf)
    gated = GRULayerTrace(*[ones] * 4, **layer, recurrent_bias=nothing, activation="sigmoid")
    assert [gated.limits(letter) for letter in "zgh"] == [(0, 1), (0, 1), (0, 1)]
    loose = GRULayerTrace(*[ones] * 4, **layer, recurrent_bias=nothing, recurrent_activation="relu")
    assert loose.limits("h") == UNLIMITED
    assert RNNTrace(ones).limits("h") == (-1, 1)


def test_where_attention_looks_is_said_of_each_head():
    weights = np.full((10, 2), 0.1)
    weights[:, 1] = 0.05
    weights[9, 1] = 0.55
    assert looks_at(AttentionTrace(weights, "attention")) == [
        "Head 0 weighs all 10 steps about alike.",
        "Head 1 looks most at step 0 (55 % of its weight).",
    ]
