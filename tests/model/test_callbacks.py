"""Keras' callbacks around compiled epochs: what they see, what they may do, and what is refused."""

import keras
import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.model.training import Trainer

CONFIG = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=4, batch_size=16, learning_rate=0.01)


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("sine_mix").iloc[:300]


class _Record(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.heard = []

    def on_train_begin(self, logs=None):
        self.heard.append(("begin", self.params["epochs"], self.params["steps"]))

    def on_epoch_begin(self, epoch, logs=None):
        self.heard.append(("epoch", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.heard.append((epoch, logs["loss"], logs["val_loss"]))

    def on_train_end(self, logs=None):
        self.heard.append("end")


def test_keras_callbacks_hear_of_every_epoch_what_the_history_holds(series):
    record = _Record()
    trainer = Trainer(series, CONFIG.replace(epochs=2), callbacks=[record]).run()
    begin, first, ended, second, ended_again, end = record.heard
    assert begin == ("begin", 2, -(-len(trainer.windows.train) // 16)) and end == "end"
    assert [first, second] == [("epoch", 0), ("epoch", 1)]
    losses = trainer.history[["loss", "val_loss"]].to_numpy().tolist()
    assert [list(ended[1:]), list(ended_again[1:])] == losses


def test_a_learning_rate_set_between_epochs_is_the_one_trained_with(series):
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0 if epoch else rate)
    trainer = Trainer(series, CONFIG, callbacks=[schedule]).run()
    assert float(trainer.optimizer.learning_rate) == 0.0
    assert trainer.history.val_loss.iloc[1:].nunique() == 1  # nothing moved after the first epoch
    assert trainer.history.val_loss.iloc[0] == trainer.history.val_loss.iloc[1]


def test_early_stopping_by_keras_ends_the_training_as_done(series):
    stopping = keras.callbacks.EarlyStopping(monitor="loss", min_delta=100.0, patience=1)
    trainer = Trainer(series, CONFIG.replace(epochs=50), callbacks=[stopping]).run()
    assert trainer.state == "done" and len(trainer.history) == 2


def test_the_weights_kept_are_those_measured_whatever_a_callback_does_with_them(series):
    class Scramble(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.set_weights([weight + 10.0 for weight in self.model.get_weights()])

    scrambled = Trainer(series, CONFIG.replace(epochs=1), callbacks=[Scramble()]).run()
    plain = Trainer(series, CONFIG.replace(epochs=1)).run()
    for ours, theirs in zip(
        scrambled.forecaster.model_.get_weights(), plain.forecaster.model_.get_weights(), strict=True
    ):
        assert np.array_equal(ours, theirs)


def test_a_checkpoint_of_keras_holds_a_model_that_loads(series, tmp_path):
    path = tmp_path / "best.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path, save_best_only=True)
    trainer = Trainer(series, CONFIG, callbacks=[checkpoint]).run()
    loaded = keras.models.load_model(path, compile=False)
    for ours, theirs in zip(loaded.get_weights(), trainer.forecaster.model_.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_callback_is_told_of_the_end_of_a_training_that_failed(series):
    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("broken")

    record = _Record()
    trainer = Trainer(series, CONFIG, callbacks=[record, Broken()])
    with pytest.raises(RuntimeError, match="broken"):
        trainer.run()
    assert trainer.state == "failed" and record.heard[-1] == "end"


class _EachBatch(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        pass


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (_EachBatch(), "_EachBatch has on_train_batch_end, and no Python runs between the batches"),
        (
            keras.callbacks.ModelCheckpoint("x.keras", save_freq=100),
            "ModelCheckpoint has save_freq=100.*save_freq='epoch'",
        ),
        (
            keras.callbacks.TensorBoard(write_steps_per_second=True),
            "TensorBoard has write_steps_per_second=True",
        ),
        (
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None),
            "LambdaCallback has .*: use on_epoch_end",
        ),
    ],
    ids=["a class", "save_freq", "steps a second", "a function"],
)
def test_work_between_batches_is_refused_in_words(series, callback, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        Trainer(series, CONFIG, callbacks=[callback])


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([keras.callbacks.EarlyStopping], r"EarlyStopping is a class: pass an object, EarlyStopping\(...\)"),
        ([print], "would never be called: a callback is one of Keras' or has on_state or"),
        (keras.callbacks.History(), "is not accepted: pass a list of them"),
    ],
    ids=["a class", "a function", "no list"],
)
def test_what_would_never_be_called_is_refused(series, callbacks, message):
    with pytest.raises(lw.LSTMWidgetsError, match=message):
        Trainer(series, CONFIG, callbacks=callbacks)
