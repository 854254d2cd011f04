"""darts' BlockRNNModel: the same network and the same windows, weights and order its own."""

from __future__ import annotations

import pandas as pd
from darts import TimeSeries
from darts.models import BlockRNNModel
from lightning_epochs import QUIET, Gate
from worker import Task, serve


class Darts:
    """One long ``fit``, held between epochs."""

    def __init__(self, task: Task) -> None:
        self.gate = Gate(task.batches)
        model = BlockRNNModel(
            model=task.cell.upper(),
            input_chunk_length=task.sequence_length,
            output_chunk_length=task.horizon,
            hidden_dim=task.units,
            n_rnn_layers=task.layers,
            batch_size=task.batch_size,
            n_epochs=10**6,
            optimizer_kwargs={"lr": task.learning_rate},
            random_state=0,
            pl_trainer_kwargs={"callbacks": [self.gate], **QUIET},
        )
        times = pd.date_range("2020-01-01", periods=len(task.series), freq="h")
        series = TimeSeries.from_times_and_values(times, task.series)
        self.gate.start(lambda: model.fit(series))

    def epoch(self, number: int) -> float:
        return self.gate.epoch()


if __name__ == "__main__":
    serve(Darts, ["darts", "torch", "pytorch-lightning"])
