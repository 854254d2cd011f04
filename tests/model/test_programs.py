"""Compiled passes: shared by trainings alike, told apart by all else, with no memory of anyone."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model import programs
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.build import build
from lstmwidgets.model.loop import Loop
from lstmwidgets.model.training import Trainer

CONFIG = lw.LSTMConfig(sequence_length=12, horizon=4, units=6, epochs=2, batch_size=16, dropout=0.2)


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("sine_mix").iloc[:300]


def _loop(series, config=CONFIG, optimizer=None):
    network = build(config)
    optimizer = keras.optimizers.Adam(config.learning_rate) if optimizer is None else optimizer
    optimizer.build(network.trainable_variables)
    return Loop(network, make_windows(series, config), optimizer, config.loss)


def _weights(network):
    return np.concatenate([weight.ravel() for weight in network.get_weights()])


def test_a_training_like_an_earlier_one_compiles_nothing(series, monkeypatch):
    gathered = []
    gather = programs.Program._gather
    monkeypatch.setattr(programs, "_kept", OrderedDict())
    monkeypatch.setattr(
        programs.Program, "_gather", lambda *arguments: gathered.append(1) or gather(*arguments)
    )
    lw.backtest(Trainer(series, CONFIG).run().forecaster, progress_bar=False)
    assert len(gathered) == 3  # to train, to measure, to forecast
    other = CONFIG.replace(seed=1, learning_rate=0.02, epochs=3, batch_size=8)
    lw.backtest(Trainer(series.iloc[40:], other).run().forecaster, progress_bar=False)
    assert len(gathered) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"units": 5},
        {"horizon": 3},
        {"layers": 2},
        {"dropout": 0.0},
        {"centering": "none"},
        {"loss": "absolute"},
    ],
)
def test_another_network_or_loss_is_another_program(series, changes):
    assert _loop(series)._program is not _loop(series, CONFIG.replace(**changes))._program


def test_optimizers_share_a_program_when_they_differ_in_nothing_but_the_rate(series):
    adam, schedules = keras.optimizers.Adam, keras.optimizers.schedules
    same = [_loop(series, optimizer=one)._program for one in (adam(0.1), adam(0.2, name="mine"))]
    others = [
        adam(schedules.ExponentialDecay(0.1, 10, 0.5)),
        adam(schedules.ExponentialDecay(0.1, 10, 0.6)),
        adam(0.1, clipnorm=1.0),
        keras.optimizers.AdamW(0.1),
    ]
    apart = [_loop(series, optimizer=one)._program for one in others]
    assert same[0] is same[1] and len({id(program) for program in [*same, *apart]}) == 5


def test_an_optimizer_of_ones_own_has_a_program_to_itself(series):
    def halved(share):
        class Slow(keras.optimizers.SGD):
            def update_step(self, gradient, variable, learning_rate):
                self.assign_sub(variable, share * learning_rate * gradient)

        return Slow(0.1)

    whole, none = _loop(series, optimizer=halved(1.0)), _loop(series, optimizer=halved(0.0))
    before = _weights(none.network)
    for loop in (whole, none):
        loop.train_epoch(loop.windows.train[:32], 16)
    assert not whole._program.shared
    np.testing.assert_array_equal(_weights(none.network), before)
    assert not np.array_equal(_weights(whole.network), before)


def test_a_network_made_elsewhere_has_a_program_to_itself(series):
    windows = make_windows(series, CONFIG)
    plain = keras.Sequential([keras.Input((12, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])
    loop = Loop(plain, windows)
    assert not loop._program.shared
    expected = windows.restore(plain(windows.inputs(windows.test)).numpy(), windows.test)
    np.testing.assert_allclose(loop.forecast(windows.test), expected, rtol=1e-6)


def test_trainings_that_take_turns_within_an_epoch_end_as_if_alone(series):
    alone = [_loop(series, CONFIG.replace(seed=seed)) for seed in (1, 2)]
    first, second = (_loop(series, CONFIG.replace(seed=seed)) for seed in (1, 2))
    assert first._program is second._program
    starts = first.windows.train[: 6 * 16]
    for loop in alone:
        loop.train_epoch(starts, 16)
    rest = iter(np.split(starts, 6))

    def let_the_other_go_on(batches):
        batch = next(rest, None)
        if batch is not None:
            second.train_epoch(batch, 16)

    first.train_epoch(starts, 16, let_the_other_go_on)
    for batch in rest:
        second.train_epoch(batch, 16)
    for loop, expected in zip((first, second), alone, strict=True):
        np.testing.assert_array_equal(_weights(loop.network), _weights(expected.network))


def test_trainers_stepped_in_turn_end_as_if_alone(series):
    configs = [CONFIG.replace(seed=seed) for seed in (1, 2)]
    trainers = [Trainer(series, config) for config in configs]
    for trainer in 2 * trainers:
        assert trainer.step().wait(60)
    for trainer, config in zip(trainers, configs, strict=True):
        assert trainer.state == "done"
        alone = Trainer(series, config).run().forecaster.model_
        np.testing.assert_array_equal(_weights(trainer.forecaster.model_), _weights(alone))


def test_a_forecaster_forecasts_the_same_after_others_were_trained(series):
    forecaster = Trainer(series, CONFIG).run().forecaster
    starts = forecaster.windows_.test
    before = forecaster.forecast_windows(starts)
    other = Trainer(series, CONFIG.replace(seed=3)).run().forecaster
    assert not np.array_equal(other.forecast_windows(starts), before)
    np.testing.assert_array_equal(forecaster.forecast_windows(starts), before)


def test_what_a_callback_of_keras_does_to_the_network_is_heeded_and_stays_with_it(series):
    class Freeze(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.get_layer("lstm_1").trainable = False

    freeze = Freeze()
    frozen = Trainer(series, CONFIG, callbacks=[freeze]).run().forecaster.model_.get_weights()
    seen = _weights(freeze.model)
    free = Trainer(series, CONFIG).run().forecaster.model_.get_weights()
    at_first = build(CONFIG).get_weights()
    for place in range(3):
        np.testing.assert_array_equal(frozen[place], at_first[place])
        assert not np.array_equal(free[place], at_first[place])
    np.testing.assert_array_equal(_weights(freeze.model), seen)


def test_a_callback_may_set_the_learning_rate(series):
    class Stand:
        def on_epoch(self, trainer):
            trainer.optimizer.learning_rate = 0.0

    config = CONFIG.replace(epochs=1)
    once = Trainer(series, config).run()
    twice = Trainer(series, config.replace(epochs=2), callbacks=[Stand()]).run()
    assert float(once.optimizer.learning_rate.numpy()) == pytest.approx(CONFIG.learning_rate)
    np.testing.assert_array_equal(_weights(once.forecaster.model_), _weights(twice.forecaster.model_))


def test_few_programs_are_kept_and_those_asked_for_last(series, monkeypatch):
    monkeypatch.setattr(programs, "_kept", OrderedDict())
    monkeypatch.setattr(programs, "MOST_KEPT", 2)
    found = [_loop(series, CONFIG.replace(units=units))._program for units in (3, 4, 3, 5)]
    assert found[0] is found[2] and len(programs._kept) == 2
    assert _loop(series, CONFIG.replace(units=3))._program is found[0]
    assert _loop(series, CONFIG.replace(units=4))._program is not found[1]


def test_a_forecaster_that_has_forecast_can_be_copied_and_sent(series):
    forecaster = Trainer(series, CONFIG.replace(epochs=1)).run().forecaster
    starts = forecaster.windows_.test
    expected = forecaster.forecast_windows(starts)
    for other in (copy.deepcopy(forecaster), pickle.loads(pickle.dumps(forecaster))):
        np.testing.assert_array_equal(other.forecast_windows(starts), expected)


def test_the_seeds_of_dropout_move_on_as_they_do_in_keras(series):
    loop = _loop(series)
    (seed,) = (variable for variable in loop.network.variables if not variable.trainable)
    before = int(seed.numpy()[1])
    loop.train_epoch(loop.windows.train[:48], 16)
    loop.mean_loss(loop.windows.validation)
    loop.network(tf.zeros([1, 12, 1]), training=False)
    assert int(seed.numpy()[1]) == before + 5
