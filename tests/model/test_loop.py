"""Compiled passes: the same numbers as Keras' own training on the same batches."""

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build
from lstmwidgets.model.loop import Loop


@pytest.fixture(scope="module")
def windows_and_config():
    config = lw.LSTMConfig(sequence_length=12, horizon=4, units=6, batch_size=16, learning_rate=0.01)
    return make_windows(lw.load_dataset("sine_mix").iloc[:300], config), config


def _adam(network, config):
    optimizer = keras.optimizers.Adam(config.learning_rate)
    optimizer.build(network.trainable_variables)
    return optimizer


def test_fifty_steps_equal_keras_train_on_batch(windows_and_config):
    windows, config = windows_and_config
    ours, theirs = build(config), build(config)
    starts = np.resize(windows.train, 50 * 16)
    loop = Loop(ours, windows, _adam(ours, config))
    mean_loss = loop.train_epoch(starts, 16)
    theirs.compile(_adam(theirs, config), "mse")
    losses = []
    for batch in starts.reshape(50, 16):
        theirs.reset_metrics()
        losses.append(theirs.train_on_batch(windows.inputs(batch), windows.targets(batch)))
    assert mean_loss == pytest.approx(np.mean(losses), rel=1e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_the_last_smaller_batch_is_trained_on_too(windows_and_config):
    windows, config = windows_and_config
    network = build(config)
    optimizer = _adam(network, config)
    seen = []
    Loop(network, windows, optimizer).train_epoch(windows.train[:35], 16, seen.append)
    assert seen[-1] == 3 and int(optimizer.iterations.numpy()) == 3


def test_the_error_measured_is_that_of_the_forecasts(windows_and_config):
    windows, config = windows_and_config
    network = build(config)
    loop = Loop(network, windows)
    by_hand = np.mean((network(windows.inputs(windows.test)).numpy() - windows.targets(windows.test)) ** 2)
    assert loop.mean_loss(windows.test) == pytest.approx(by_hand, rel=1e-5)
    truth = windows.restore(windows.targets(windows.test), windows.test)
    in_units = np.mean((loop.forecast(windows.test) - truth) ** 2) / windows.scaler.scale**2
    assert in_units == pytest.approx(by_hand, rel=1e-4)


def test_no_windows_give_no_forecasts(windows_and_config):
    windows, config = windows_and_config
    assert Loop(build(config), windows).forecast(np.array([], np.int32)).shape == (0, 4)
