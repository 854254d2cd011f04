"""The worked equations and the tiny cell, against Python's own arithmetic on what they print."""

import math
import re

import numpy as np
import pytest

from lstmwidgets.analysis.inside.equations import (
    EQUATIONS,
    SEQUENCES,
    courses,
    input_sequence,
    meaning,
    worked_equation,
)
from lstmwidgets.analysis.inside.tiny_cell import (
    DEFAULT_WEIGHTS,
    gate_input,
    one_step_before,
    packed,
    tiny_trace,
)
from lstmwidgets.errors import LSTMWidgetsError


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


@pytest.mark.parametrize("gate", EQUATIONS)
@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("step", [0, 4, 5, 20])
def test_the_printed_numbers_are_an_equation_that_holds(gate, sequence, step):
    x = input_sequence(sequence)
    lines = worked_equation(gate, x, tiny_trace(x), DEFAULT_WEIGHTS, step)
    result = float(lines[-1].rsplit("= ", 1)[1])
    assert result == pytest.approx(getattr(tiny_trace(x), EQUATIONS[gate].letter)[step, 0], abs=5e-4)
    for line in (lines[1], lines[2].rsplit(" = ", 1)[0]):
        value = eval(line.strip().removeprefix("= "), {"sigmoid": sigmoid, "tanh": math.tanh})
        assert value == pytest.approx(result, abs=0.04), line


def test_the_formulas_are_those_of_the_cell():
    x = input_sequence("sine")
    trace = tiny_trace(x)
    names = {letter: float(getattr(trace, letter)[9, 0]) for letter in "ifgoch"}
    before = {letter: float(one_step_before(getattr(trace, letter))[9, 0]) for letter in "ch"}
    known = {**DEFAULT_WEIGHTS, "x": float(x[9]), "sigmoid": sigmoid, "tanh": math.tanh}
    for equation in EQUATIONS.values():
        left, right = equation.formula.split(" = ")
        # on the right stand the states of the step before, save the cell state that h shows
        states = {**names, **before, **({"c": names["c"]} if left == "h" else {})}
        assert eval(right, {**known, **states}) == pytest.approx(names[left]), equation.formula


def test_the_meaning_of_the_cell_state_adds_up():
    x = input_sequence("pulse")
    trace = tiny_trace(x)
    kept, before, added = map(float, re.findall(r"-?\d+\.\d+", meaning("cell", trace, 18)))
    assert kept + added == pytest.approx(trace.c[18, 0], abs=0.01)
    assert before == pytest.approx(trace.c[17, 0], abs=0.005)


def test_what_was_kept_and_what_was_added_make_the_state():
    every = courses(tiny_trace(input_sequence("sine")))
    np.testing.assert_allclose(every["f * c"] + every["i * g"], every["c"], atol=1e-15)
    np.testing.assert_allclose(every["o"] * every["tanh(c)"], every["h"], atol=1e-15)


def test_the_sequences_are_what_they_are_called():
    pulse, step, sine = (input_sequence(name) for name in ("pulse", "step", "sine"))
    assert np.flatnonzero(pulse).tolist() == [4, 18]
    assert step.tolist() == [0.0] * 8 + [1.0] * 22
    np.testing.assert_allclose(sine[:15], sine[15:], atol=1e-12)
    week = input_sequence("temperature")
    assert week.shape == (168,)
    assert np.corrcoef(week[:-24], week[24:])[0, 1] > 0.99


def test_a_sequence_cannot_be_changed_by_who_reads_it():
    with pytest.raises(ValueError, match="read-only"):
        input_sequence("pulse")[0] = 1.0


def test_weights_are_packed_in_the_order_of_keras():
    kernel, recurrent_kernel, bias = packed(DEFAULT_WEIGHTS)
    assert (kernel.shape, recurrent_kernel.shape, bias.shape) == ((1, 4), (1, 4), (4,))
    for column, gate in enumerate("ifgo"):
        assert kernel[0, column] == DEFAULT_WEIGHTS[f"kernel_{gate}"]
        assert recurrent_kernel[0, column] == DEFAULT_WEIGHTS[f"recurrent_kernel_{gate}"]
        assert bias[column] == DEFAULT_WEIGHTS[f"bias_{gate}"]


def test_what_goes_into_a_gate_comes_out_of_it():
    x = input_sequence("sine")
    trace = tiny_trace(x)
    z = gate_input(x, trace, "f", DEFAULT_WEIGHTS)
    np.testing.assert_allclose(1 / (1 + np.exp(-z)), trace.f[:, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({**DEFAULT_WEIGHTS, "bias_z": 1.0}, "weight 'bias_z' is unknown"),
        ({name: 1.0 for name in DEFAULT_WEIGHTS if name != "kernel_o"}, "weight 'kernel_o' is missing"),
    ],
)
def test_a_weight_unknown_or_missing_is_named(weights, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        tiny_trace([1.0], weights)
