"""Epochs, losses and forecasts over windows, in compiled calls short enough to be stopped between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.data.windows import Windows
from lstmwidgets.model.backend import keras
from lstmwidgets.model.costs.cost import FORECAST_BYTES
from lstmwidgets.model.programs import Loss, cut_and_table, program_for, state_of

CHUNK_SECONDS = 0.05
"""How long one compiled call may take, so that Stop and Pause are heeded between calls."""


class Loop:
    """One network bound to one series' windows, and to the compiled passes that serve both: see `Program`.

    Parameters
    ----------
    network : keras.Model
        From (batch, sequence_length, features) to (batch, horizon).
    windows : Windows
    optimizer : keras.optimizers.Optimizer, optional
        Needed to train only.
    loss : "squared" or "absolute"
        What is averaged over the targets observed: squared errors, or their sizes.
    alone : bool
        Compile passes for this network and optimizer alone, as for those that someone else may change.
    """

    def __init__(
        self,
        network: keras.Model,
        windows: Windows,
        optimizer: keras.optimizers.Optimizer | None = None,
        loss: Loss = "squared",
        alone: bool = False,
    ) -> None:
        self.network = network
        self.windows = windows
        self._seconds_per_batch: float | None = None
        window_bytes = _window_bytes(network, windows.sequence_length)
        self._forecast_batch = int(np.clip(FORECAST_BYTES / window_bytes, 16, 1024))
        cut, self._table = cut_and_table(windows)
        self._program = program_for(network, optimizer, cut, loss, alone)
        self._weights, self._state = state_of(network), state_of(network, optimizer)

    def train_epoch(
        self,
        starts: NDArray[np.int32],
        batch_size: int,
        between: Callable[[int], None] = lambda batches: None,
    ) -> float:
        """Update the weights once for each batch of ``starts``, in the order given.

        Parameters
        ----------
        starts : int32 array
            Starting positions of the training windows, shuffled by the caller.
        batch_size : int
            Windows a batch; the last one holds what is left over.
        between : callable
            Called with the number of batches done after each compiled call, at most
            `CHUNK_SECONDS` or one batch apart; what it raises ends the epoch.

        Returns
        -------
        float
            Mean loss over the windows, each measured when its batch came.
        """
        whole = len(starts) // batch_size
        batches = starts[: whole * batch_size].reshape(whole, batch_size)
        total, done = 0.0, 0
        while done < whole:
            began = time.perf_counter()
            first_call = self._seconds_per_batch is None
            size = 1 if first_call else max(1, int(CHUNK_SECONDS / max(self._seconds_per_batch or 0.0, 1e-6)))
            chunk = batches[done : done + size]
            total += self._program.train(self._state, self._table, chunk) * batch_size
            done += len(chunk)
            seconds = (time.perf_counter() - began) / len(chunk)
            # The first call also compiles, so its time says nothing about the next.
            self._seconds_per_batch = 2 * CHUNK_SECONDS if first_call else seconds
            between(done)
        rest = starts[whole * batch_size :]
        if len(rest):
            total += self._program.train(self._state, self._table, rest[None, :]) * len(rest)
            between(whole + 1)
        return total / len(starts)

    def mean_loss(self, starts: NDArray[np.int32], between: Callable[[], None] = lambda: None) -> float:
        """Mean loss of the network as it stands over the targets observed, scaled and centred."""
        total = 0.0
        for batch in self._batches(starts):
            total += self._program.measure(self._weights, self._table, batch)
            between()
        return total / self.windows.count_observed(starts)

    def forecast(self, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecasts in the unit of the series, shape (len(starts), horizon)."""
        outputs = [
            self._program.forecast(self._weights, self._table, batch)
            for batch in self._batches(np.asarray(starts, np.int32))
        ]
        scaled = np.concatenate(outputs) if outputs else np.empty((0, self.windows.horizon), np.float32)
        return self.windows.restore(scaled, np.asarray(starts))

    def _batches(self, starts: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
        for first in range(0, len(starts), self._forecast_batch):
            yield starts[first : first + self._forecast_batch]


def _window_bytes(network: keras.Model, length: int) -> int:
    """Memory of one window in a forward pass: gates, candidate, states, and room; pairs of steps."""
    widest = max(weight.shape[-1] for weight in network.weights)  # the four gates side by side
    attentions = [layer for layer in network.layers if isinstance(layer, keras.layers.MultiHeadAttention)]
    pairs = max((layer.num_heads * layer.output.shape[1] * length for layer in attentions), default=0)
    return 2 * 4 * (length * widest + pairs)
