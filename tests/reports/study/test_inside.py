"""What a report tells of the inside of its network, for each cell."""

from __future__ import annotations

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.build import build, is_line, start_highway
from lstmwidgets.reports.page.display import Still
from lstmwidgets.reports.study import inside, models, told
from lstmwidgets.reports.study.study import Study


def told_of(cell: str) -> Study:
    """A study of a network with random weights: what is told is not how good it is."""
    series = lw.load_dataset("nile")
    config = lw.LSTMConfig(cell=cell, sequence_length=12, horizon=2, units=4)
    study = Study(series, config)
    network = build(config)
    draw = np.random.default_rng(1)
    network.set_weights([draw.normal(scale=0.7, size=weight.shape) for weight in network.get_weights()])
    windows = make_windows(series, config)
    study.__dict__["forecaster"] = lw.LSTMForecaster.fitted(config, series, windows, network)
    return study


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_cell_with_gates_has_its_forecast_taken_apart(cell):
    study = told_of(cell)
    assert repr(inside.cell(study)).startswith(f"A{'n' * (cell == 'lstm')} {cell.upper()} reads one step")
    assert repr(inside.memory(study)).startswith("The memory ledger takes the forecast apart")
    assert "rests on the step" in repr(inside.rests(study))
    picture = inside.picture(study)
    assert isinstance(picture, Still) and "rests on the step" in picture.words
    assert inside.caption(study) == "Every gate at each step of one window."


@pytest.mark.parametrize(
    ("cell", "begins", "reason"),
    [
        ("rnn", "A simple recurrent network", "no gate tells what share"),
        ("bilstm", "An LSTM reads", "one of its layers reads the window from its end"),
        ("lstm_attention", "An LSTM reads", "what attention finds is mixed with the last state"),
        ("transformer", "Attention looks at all steps at once", "it keeps no memory from step to step"),
    ],
)
def test_where_it_cannot_be_taken_apart_the_reason_is_told_and_attention_instead(cell, begins, reason):
    study = told_of(cell)
    assert repr(inside.cell(study)).startswith(begins)
    assert f"because {reason}" in repr(inside.memory(study))
    picture, rests = inside.picture(study), inside.rests(study)
    if cell in ("lstm_attention", "transformer"):
        assert isinstance(picture, Still) and "Head 0 " in picture.words and "Head 0 " in repr(rests)
    else:
        assert picture is None and rests is None
    assert inside.caption(study).endswith("at each step of one window.")
    assert study.explorer().summary()


def test_a_network_that_is_still_the_line_it_began_as_is_told_as_that_line():
    series = lw.load_dataset("nile")
    config = lw.LSTMConfig(sequence_length=12, horizon=2, units=4, highway="linear")
    windows, network = make_windows(series, config), build(config)
    assert not is_line(network)  # its cells draw at random until it begins
    assert start_highway(network, windows) and is_line(network)
    study = Study(series, config)
    study.__dict__["forecaster"] = lw.LSTMForecaster.fitted(config, series, windows, network)
    assert models.kept_epoch(study.forecaster) == 0
    assert "the forecast is the linear model itself: no epoch of training improved it" in study.verdict
    assert "makes the very same forecasts" in study.diagnosis["linear rival"].sentence
    assert study.diagnosis["linear rival"].headline in study.diagnosis.verdict
    assert repr(inside.cell(study)).startswith("The cells below do not reach the forecast")
    assert "no memory adds to that" in repr(inside.memory(study))
    assert "Half of" not in repr(inside.rests(study)) and "rests on the step" in repr(inside.rests(study))
    assert inside.caption(study).endswith("nothing of it reaches the forecast.")
    # the sentence and the card beside it tell one number
    gain = study.scores.at["LSTM", "skill"]
    assert study.diagnosis["skill"].evidence["skill"] == pytest.approx(gain, abs=1e-12)
    assert told.headline(study).verdict == study.verdict
