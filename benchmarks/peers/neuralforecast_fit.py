"""neuralforecast's LSTM or GRU through ``NeuralForecast.fit``, as close to the task as its arguments allow.

It draws each batch at random from all windows of the series, with replacement between batches, so an
epoch here is as many steps as the task has batches, each full. The task's number of encoder layers and one
linear layer make the network that of the task; weights and order are its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from lightning_epochs import QUIET, Gate
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import GRU, LSTM
from worker import Task, serve


class Neuralforecast:
    """One long ``fit``, held between epochs."""

    def __init__(self, task: Task) -> None:
        self.gate = Gate(task.batches)
        model = {"lstm": LSTM, "gru": GRU}[task.cell](
            h=task.horizon,
            input_size=task.sequence_length,
            encoder_n_layers=task.layers,
            encoder_hidden_size=task.units,
            decoder_layers=1,
            loss=MSE(),
            scaler_type="identity",
            learning_rate=task.learning_rate,
            batch_size=1,  # series a batch: there is one
            windows_batch_size=task.batch_size,
            max_steps=10**6,
            val_check_steps=10**6,
            callbacks=[self.gate],
            **QUIET,
        )
        times = pd.date_range("2020-01-01", periods=len(task.series), freq="h")
        frame = pd.DataFrame({"unique_id": "series", "ds": times, "y": task.series.astype(np.float64)})
        self.gate.start(lambda: NeuralForecast([model], freq="h").fit(frame))

    def epoch(self, number: int) -> float:
        return self.gate.epoch()


if __name__ == "__main__":
    serve(Neuralforecast, ["neuralforecast", "torch", "pytorch-lightning"])
