"""The cost of each way that layers are run, and its fit to timed batches."""

import numpy as np
import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.model.costs.pace import REFERENCE, WAYS, Pace, Timed, Work, fitted, way_of, ways_of, work_of

CONFIGS = [
    LSTMConfig(units=units, sequence_length=24, cell=cell)
    for cell in ("lstm", "gru", "rnn", "lstm_attention", "transformer")
    for units in (16, 96)
]


def timed(pace: Pace) -> list[Timed]:
    return [Timed(config, rows, pace.seconds(config, rows)) for config in CONFIGS for rows in (8, 64)]


def test_every_config_is_run_one_way_or_two():
    assert way_of(LSTMConfig()) == way_of(LSTMConfig(cell="bilstm")) == "lstm"
    assert way_of(LSTMConfig(cell="gru")) == "gru"
    for kerass in (
        LSTMConfig(cell="rnn"),
        LSTMConfig(activation="relu"),
        LSTMConfig(cell="gru", recurrent_activation="hard_sigmoid"),
    ):
        assert way_of(kerass) == "keras"
    assert ways_of(LSTMConfig(cell="lstm_attention")) == ("lstm", "readout")
    assert ways_of(LSTMConfig(cell="transformer")) == ("encoder",)


def test_the_work_of_a_batch_grows_with_its_rows_but_for_what_is_paid_once():
    few, many = (work_of(LSTMConfig(layers=2, activation="relu"), rows)["keras"] for rows in (10, 30))
    assert many == Work(few.layers, few.steps, 3 * few.elements, 3 * few.flops)
    assert (few.layers, few.steps) == (2, 96)


@pytest.mark.parametrize("ratio", [0.25, 1.0, 9.0])
def test_a_machine_so_many_times_as_slow_is_found_to_be(ratio):
    found = fitted(timed(REFERENCE.scaled(ratio)), {"lstm": 3.0})
    for way in WAYS:
        np.testing.assert_allclose(found.costs[way], np.multiply(ratio, REFERENCE.costs[way]), rtol=1e-6)
    assert found.compiling["lstm"] == 3.0
    assert found.starting == pytest.approx(ratio * REFERENCE.starting)
    assert found.compiling["gru"] == pytest.approx(ratio * REFERENCE.compiling["gru"])


def test_overhead_and_arithmetic_have_a_pace_each():
    other = Pace(
        {way: Work(2 * a, 2 * b, c, d) for way, (a, b, c, d) in REFERENCE.costs.items()},
        REFERENCE.compiling,
        0.0,
    )
    for config, rows, seconds in timed(other):
        assert fitted(timed(other), {}).seconds(config, rows) == pytest.approx(seconds, rel=0.1)


def test_a_way_that_was_not_timed_is_as_the_others_are():
    found = fitted([each for each in timed(REFERENCE.scaled(2.0)) if each.config.cell == "lstm"], {})
    for way in WAYS:
        np.testing.assert_allclose(found.costs[way], np.multiply(2.0, REFERENCE.costs[way]), rtol=1e-6)
