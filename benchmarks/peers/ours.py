"""This trainer: the compiled loop under `lstmwidgets.Trainer`, built as `Trainer` builds it.

With ``--not-compiled``, as if the package had been built without a C compiler: on TensorFlow's kernel for
an LSTM, on Keras' own layer for a GRU.
"""

from __future__ import annotations

import sys

import numpy as np
from worker import Task, serve

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.scaling import Scaler
from lstmwidgets.data.windows import Split, Windows
from lstmwidgets.model import native
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build
from lstmwidgets.model.loop import Loop


class Ours:
    """One `Loop`, told the order of each epoch."""

    def __init__(self, task: Task) -> None:
        config = LSTMConfig(
            sequence_length=task.sequence_length,
            horizon=task.horizon,
            cell=task.cell,
            units=task.units,
            layers=task.layers,
            batch_size=task.batch_size,
            centering="none",  # so that every peer's loss is that of the same quantity
        )
        if "--not-compiled" in sys.argv:
            native.operations = lambda: None
        elif native.operations() is None:
            raise SystemExit("the package was built without a C compiler: install one, then `make install`")
        network = build(config)
        network.set_weights(task.weights)
        optimizer = keras.optimizers.Adam(task.learning_rate)
        optimizer.build(network.trainable_variables)
        starts = np.arange(len(task.inputs), dtype=np.int32)
        windows = Windows(
            values=task.series[:, None],
            features=("value",),
            centres=np.zeros(1, np.float32),
            read=task.series.astype(np.float64),
            known=np.ones(len(task.series), bool),
            scaler=Scaler(mean=0.0, scale=1.0),
            split=Split(len(task.series), len(task.series), len(task.series)),
            sequence_length=config.sequence_length,
            horizon=config.horizon,
            train=starts,
            validation=starts[:0],
            test=starts[:0],
            left_out=0,
        )
        self.loop = Loop(network, windows, optimizer)
        self.task = task

    def epoch(self, number: int) -> float:
        return self.loop.train_epoch(self.task.orders[number], self.task.batch_size)


if __name__ == "__main__":
    serve(Ours, ["tensorflow", "keras"])
