"""Orders and health of units, on cells constructed so that the answer is known."""

import math

import numpy as np
import pytest

from lstmwidgets.analysis.inside.gates import GateTrace, gate_activations
from lstmwidgets.analysis.inside.tracing import Head, WindowTrace
from lstmwidgets.analysis.inside.units import ORDERS, dead_units, order_units, saturation
from lstmwidgets.errors import LSTMWidgetsError


def of_gates(f=0.5, i=0.5, g=0.5, o=0.5, timesteps=6):
    """Units side by side whose gates are constant over time, and the states that follow."""
    i, f, g, o = np.broadcast_arrays(*(np.atleast_1d(np.asarray(gate, float)) for gate in (i, f, g, o)))
    c, states = np.zeros(len(f)), []
    for _ in range(timesteps):
        c = f * c + i * g
        states.append(c)
    c = np.array(states)
    gates = (np.repeat(gate[None], timesteps, axis=0) for gate in (i, f, g, o))
    return GateTrace(*gates, c=c, h=o * np.tanh(c))


def of_states(c):
    """Units whose cell states are given; the gates do not matter."""
    c = np.asarray(c, float)
    half = np.full(c.shape, 0.5)
    return GateTrace(half, half, half, half, c=c, h=0.5 * np.tanh(c))


def with_head(found, kernel):
    head = Head(np.asarray(kernel, float), np.zeros(np.shape(kernel)[1]), 2.0, 7.0)
    gates = [getattr(found, name) for name in "ifgoch"]
    layer = type("Layer", (), {"backwards": False, "initial_c": np.zeros(found.c.shape[1])})()
    return WindowTrace(
        *gates, layers=(layer,), shown=0, times=None, values=None, start=None, head=head, no_head=""
    )


@pytest.mark.parametrize("by", ORDERS)
@pytest.mark.parametrize("units", [1, 2, 3, 7])
def test_every_order_names_each_unit_once(by, units):
    draw = np.random.default_rng(units)
    weights = draw.normal(size=(1, 4 * units)), draw.normal(size=(units, 4 * units)), np.zeros(4 * units)
    for timesteps in (1, 20):
        found = gate_activations(draw.normal(size=(timesteps, 1)), *weights)
        order = order_units(found, by)
        assert np.issubdtype(order.dtype, np.integer)
        assert sorted(order.tolist()) == list(range(units))


def test_by_index_is_as_they_are():
    assert order_units(of_gates(f=[0.9, 0.1, 0.5])).tolist() == [0, 1, 2]


def test_by_half_life_the_longest_memory_comes_first():
    assert order_units(of_gates(f=[0.5, 1.0, 0.9, 0.0, 0.9]), "half-life").tolist() == [1, 2, 4, 0, 3]


def test_by_similarity_units_that_move_together_stand_together_and_still_ones_come_last():
    t = np.linspace(0, 4 * math.pi, 60)
    slow, fast = np.sin(t), np.sin(5 * t)
    still = np.full(60, 0.3)
    c = np.column_stack([slow, still, fast, 3 * slow + 1, -2 * fast, fast + 0.1 * slow, np.zeros(60)])
    order = order_units(of_states(c), "similarity").tolist()
    place = {unit: order.index(unit) for unit in range(7)}
    assert order[-2:] == [1, 6]
    assert abs(place[0] - place[3]) == 1
    assert abs(place[2] - place[5]) == 1
    assert place[4] in (0, 4)  # it moves against the fast ones: at an end, with nobody beside it


def test_by_similarity_units_that_all_stand_still_keep_their_order():
    assert order_units(of_states(np.ones((5, 3))), "similarity").tolist() == [0, 1, 2]


def test_by_contribution_what_the_window_wrote_counts_whatever_its_sign():
    assert order_units(of_gates(g=[0.1, -0.9, 0.5]), "contribution").tolist() == [1, 2, 0]


def test_by_contribution_to_the_forecast_the_output_weights_count_too():
    found = with_head(of_gates(g=[0.1, -0.9, 0.5]), [[10.0, -10.0], [0.0, 0.01], [0.5, 0.5]])
    assert order_units(found, "contribution").tolist() == [0, 2, 1]


def test_another_order_is_refused_with_those_there_are():
    with pytest.raises(
        LSTMWidgetsError, match="by='size' is not accepted: by takes 'index' or 'half-life' or"
    ):
        order_units(of_gates(), "size")


def test_saturation_counts_steps_and_units_at_each_end():
    found = of_gates(
        i=[0.01, 0.99, 0.5, 0.04],
        f=[0.96, 0.99, 1.0, 0.5],
        g=[-0.96, 0.5, 0.04, -0.04],
        o=[0.0, 0.05, 0.95, 1],
    )
    table = saturation(found)
    assert table.index.tolist() == list("ifgo") and table.columns.tolist() == ["low", "high"]
    assert table.loc["i"].tolist() == [0.5, 0.25]
    assert table.loc["f"].tolist() == [0.0, 0.75]
    assert table.loc["g"].tolist() == [0.25, 0.0]  # near zero a candidate is in its middle
    assert table.loc["o"].tolist() == [0.25, 0.25]  # 0.05 and 0.95 are still within


def test_saturation_per_unit_has_a_row_for_each_gate_and_unit():
    found = of_gates(f=[0.5, 0.99])
    found.f[:3, 0] = 0.01
    table = saturation(found, per_unit=True)
    assert table.index.names == ["gate", "unit"] and len(table) == 8
    assert table.loc["f"].to_numpy().tolist() == [[0.5, 0.0], [0.0, 1.0]]
    assert saturation(found).loc["f"].tolist() == [0.25, 0.5]


def test_saturated_constant_gates_break_no_order():
    found = gate_activations(
        np.ones((8, 1)), np.zeros((1, 12)), np.zeros((3, 12)), np.repeat([900.0, 900.0, 900.0, -900.0], 3)
    )
    for by in ORDERS:
        assert order_units(found, by).tolist() == [0, 1, 2]
    assert saturation(found).to_numpy().tolist() == [[0, 1], [0, 1], [0, 1], [1, 0]]
    assert dead_units(found).tolist() == [0, 1, 2]


def test_a_unit_is_dead_that_moves_no_more_than_the_tolerance():
    h = np.zeros((5, 3))
    h[2, 1], h[3, 2] = 0.0005, -0.2
    found = GateTrace(*(h for _ in "ifgoc"), h=h)
    assert dead_units(found).tolist() == [0, 1]
    assert dead_units(found, tolerance=0).tolist() == [0]
    assert dead_units(found, tolerance=0.5).tolist() == [0, 1, 2]


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), "much"])
def test_a_tolerance_that_is_none_is_refused(tolerance):
    with pytest.raises(LSTMWidgetsError, match="tolerance=.* takes a number from 0 up"):
        dead_units(of_gates(), tolerance)
