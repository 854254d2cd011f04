"""Keras ``fit`` on arrays of windows, as everyone writes it; with ``--jit``, compiled by XLA."""

from __future__ import annotations

import os
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
from worker import Task, serve


class Watch(keras.callbacks.Callback):
    """Seconds from the beginning of the last epoch to its end."""

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds = time.perf_counter() - self.began


class KerasFit:
    """Plain ``keras.layers.LSTM`` or ``GRU`` under ``fit``.

    One call an epoch, so that the order can be told. What a call costs outside its epoch counts in
    the first one alone, for a user calls ``fit`` once.
    """

    def __init__(self, task: Task) -> None:
        kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[task.cell]
        below = [kind(task.units, return_sequences=True) for _ in range(task.layers - 1)]
        self.model = keras.Sequential(
            [
                keras.Input((task.sequence_length, 1)),
                *below,
                kind(task.units),
                keras.layers.Dense(task.horizon),
            ]
        )
        jit = True if "--jit" in sys.argv else "auto"
        self.model.compile(keras.optimizers.Adam(task.learning_rate), loss="mse", jit_compile=jit)
        self.model.set_weights(task.weights)
        self.task = task
        self.seconds = 0.0

    def epoch(self, number: int) -> float:
        task, order, watch = self.task, self.task.orders[number], Watch()
        inputs, targets = task.inputs[order], task.targets[order]
        began = time.perf_counter()
        history = self.model.fit(
            inputs, targets, batch_size=task.batch_size, shuffle=False, verbose=0, callbacks=[watch]
        )
        self.seconds = watch.seconds if number else time.perf_counter() - began
        return float(history.history["loss"][0])


if __name__ == "__main__":
    serve(KerasFit, ["tensorflow", "keras"])
