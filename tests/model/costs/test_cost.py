"""What is told before training: parameters, arithmetic, memory and seconds."""

import math

import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.datasets import sine_mix
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.costs import calibration, cost, pace
from lstmwidgets.model.costs.pace import Pace, Work
from lstmwidgets.model.shapes import count_parameters, encoder_of

SMALL = LSTMConfig(units=128, sequence_length=24, horizon=1)
FLAT = Pace(
    {way: Work(layers=1e-3) for way in pace.WAYS},  # a millisecond a layer and batch, whatever is in it
    dict.fromkeys(pace.WAYS, 2.0),
    starting=0.5,
)


@pytest.fixture
def measured(monkeypatch):
    """A machine whose pace is known, and a process that has trained nothing."""
    monkeypatch.setattr(calibration, "kept", lambda: FLAT)
    monkeypatch.setattr(cost, "_LEARNED", cost._Learned())


@pytest.fixture
def unmeasured(measured, monkeypatch):
    monkeypatch.setattr(calibration, "kept", lambda: None)


def test_parameters_are_counted_by_the_textbook_formula():
    config = LSTMConfig(units=50, layers=2, horizon=7)
    first, second, output = 4 * 50 * (1 + 50 + 1), 4 * 50 * (50 + 50 + 1), 51 * 7
    assert count_parameters(config) == first + second + output
    assert cost.estimate(config, 100).parameters == first + second + output


def test_arithmetic_grows_with_the_square_of_the_units_and_with_the_sequence():
    assert cost.training_flops(SMALL.replace(units=256)) / cost.training_flops(SMALL) == pytest.approx(
        4, rel=0.02
    )
    assert cost.training_flops(SMALL.replace(sequence_length=48)) == pytest.approx(
        2 * cost.training_flops(SMALL), rel=0.01
    )


def test_arithmetic_is_two_operations_a_weight_and_use_and_twice_that_going_back():
    small = LSTMConfig(units=8, sequence_length=10, horizon=3)
    gates = {"lstm": 4, "gru": 3, "rnn": 1}
    for cell, count in gates.items():
        step = 2 * count * 8 * (2 + 8)  # two features and the state before
        assert cost.training_flops(small.replace(cell=cell), 2) == 3 * (10 * step + 2 * 8 * 3)
    both_ways = 2 * 10 * 2 * 4 * 8 * (2 + 8) + 2 * 16 * 3
    assert cost.training_flops(small.replace(cell="bilstm"), 2) == 3 * both_ways


def test_an_attention_also_pays_for_every_pair_of_steps():
    config = LSTMConfig(units=32, sequence_length=20, horizon=1, cell="transformer")
    width, inner, _ = encoder_of(config)
    each = 2 * (width + 4 * width**2 + 2 * width * inner)  # embedding; query, key, value, output; inner
    pairs = 2 * 2 * 20**2 * width
    assert sum(pace.forward_flops(config).values()) == 20 * each + pairs + 2 * width
    readout = pace.forward_flops(config.replace(cell="lstm_attention"))["readout"]
    assert (
        readout == 20 * 2 * 2 * 32**2 + 2 * 2 * 32**2 + 2 * 2 * 20 * 32
    )  # keys, values; one query, one answer


def test_memory_follows_what_is_kept_of_a_batch():
    small, large = (cost.training_bytes(SMALL.replace(batch_size=rows)) for rows in (512, 4096))
    assert large - small == pytest.approx(4 * 3584 * 24 * 128 * 7.5)  # that many numbers a unit and step
    assert cost.training_bytes(SMALL.replace(units=512)) > cost.training_bytes(SMALL) + 4 * 10 * 4 * 512**2
    assert all(
        0 < cost.training_bytes(LSTMConfig(cell=cell)) < 300e6
        for cell in ("lstm", "gru", "rnn", "bilstm", "lstm_attention", "transformer")
    )


@pytest.mark.parametrize("cell", ["lstm", "lstm_attention", "transformer"])
def test_memory_counts_as_many_windows_as_are_forecast_at_once(cell):
    from lstmwidgets.model.build import build
    from lstmwidgets.model.loop import Loop

    config = LSTMConfig(cell=cell, sequence_length=400, horizon=1, units=16, batch_size=1)
    loop = Loop(build(config), make_windows(sine_mix(3000), config))
    assert cost._forecast_rows(config, 1) == loop._forecast_batch < 1024


def test_seconds_are_those_of_every_batch_of_every_epoch_and_of_one_compilation(measured):
    config = SMALL.replace(batch_size=32, epochs=5, layers=2)
    told = cost.estimate(config, windows=100)
    assert told.calibrated
    assert told.first_epoch - told.epoch == pytest.approx(3.5)  # of two layers, the second at half
    assert told.seconds == pytest.approx(3.5 + 5 * told.epoch) == cost.estimate_seconds(config, 100)
    assert told.epoch == pytest.approx(math.ceil(100 / 32) * 2e-3, rel=0.2)  # and its validation
    assert told.flops == 5 * 100 * cost.training_flops(config)


def test_an_estimate_rests_on_the_last_trainings_of_its_kind(measured):
    config = LSTMConfig(epochs=10)
    for seconds in (3.0, 3.0, 300.0):  # one of them while the machine slept
        cost.remember(config, 1000, seconds=seconds)
    assert cost.estimate(config, 1000).epoch == pytest.approx(3.0)
    assert cost.estimate(config.replace(batch_size=16), 1000).epoch == pytest.approx(6.0, rel=0.05)
    other = cost.estimate(config.replace(cell="gru"), 1000)
    assert other.epoch < 1  # another kind is as it was


def test_what_was_learned_beside_a_rough_pace_is_forgotten_once_the_machine_is_measured(
    unmeasured, monkeypatch
):
    config = LSTMConfig()
    cost.remember(config, 1000, 50.0)
    assert cost.estimate(config, 1000).epoch == pytest.approx(50.0)
    monkeypatch.setattr(calibration, "kept", lambda: FLAT)
    assert cost.estimate(config, 1000).epoch < 1


def test_where_nothing_was_measured_whatever_was_trained_is_better_than_nothing(unmeasured):
    config = LSTMConfig()
    rough = cost.estimate(config, 1000)
    assert not rough.calibrated and 0 < rough.seconds < 1000
    cost.remember(config.replace(cell="gru"), 1000, 7 * cost.estimate(config.replace(cell="gru"), 1000).epoch)
    learned = cost.estimate(config, 1000)
    assert learned.calibrated and learned.epoch == pytest.approx(7 * rough.epoch)
