"""What is told before training."""

import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.model import cost
from lstmwidgets.model.shapes import count_parameters


def test_parameters_are_counted_by_the_textbook_formula():
    config = LSTMConfig(units=50, layers=2, horizon=7)
    first, second, output = 4 * 50 * (1 + 50 + 1), 4 * 50 * (50 + 50 + 1), 51 * 7
    assert count_parameters(config) == first + second + output


def test_arithmetic_grows_with_the_square_of_the_units_and_with_the_sequence():
    small = LSTMConfig(units=128, sequence_length=24, horizon=1)
    assert cost.training_flops(small.replace(units=256)) / cost.training_flops(small) == pytest.approx(
        4, rel=0.02
    )
    assert cost.training_flops(small.replace(sequence_length=48)) == pytest.approx(
        2 * cost.training_flops(small), rel=0.01
    )


def test_an_estimate_rests_on_the_last_training(monkeypatch):
    monkeypatch.setattr(cost, "_measured_over_modelled", 1.0)
    config = LSTMConfig(epochs=10)
    cost.remember(config, 1000, seconds=3.0)
    compiling = cost.estimate_seconds(config, 1000) - 30.0
    assert 0 < compiling < 20
    assert cost.estimate_seconds(config.replace(epochs=20), 1000) == pytest.approx(60 + compiling)
