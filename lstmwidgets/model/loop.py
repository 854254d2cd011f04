"""Compiled passes over windows: training, measuring and forecasting without Python in the loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.data.windows import Windows
from lstmwidgets.model.backend import keras, tf

CHUNK_SECONDS = 0.05
"""How long one compiled call may take, so that Stop and Pause are heeded between calls."""

FORECAST_BYTES = 64e6
"""Memory for the gates of one forward pass outside training; decides how many windows go together."""


class Loop:
    """One network bound to one series' windows.

    Batches are gathered from the series by index inside the compiled function: no window matrix
    is ever held, and no Python runs between the batches of one call.

    Parameters
    ----------
    network : keras.Model
        From (batch, sequence_length, features) to (batch, horizon).
    windows : Windows
    optimizer : keras.optimizers.Optimizer, optional
        Needed to train only.
    loss : "squared" or "absolute"
        What is averaged over the targets observed: squared errors, or their sizes.
    """

    def __init__(
        self,
        network: keras.Model,
        windows: Windows,
        optimizer: keras.optimizers.Optimizer | None = None,
        loss: Literal["squared", "absolute"] = "squared",
    ) -> None:
        self.network = network
        self.windows = windows
        self._seconds_per_batch: float | None = None
        widest = max(weight.shape[-1] for weight in network.weights)  # the four gates side by side
        window_bytes = 2 * 4 * windows.sequence_length * widest  # gates, candidate, states, and room
        self._forecast_batch = int(np.clip(FORECAST_BYTES / window_bytes, 16, 1024))
        series = tf.constant(windows.values)
        reads = tf.range(windows.sequence_length)
        ahead = tf.range(windows.sequence_length, windows.sequence_length + windows.horizon)
        centred, centres = bool(windows.centres.any()), tf.constant(windows.centres)
        alike = bool(windows.centres.all())  # then nothing has to be multiplied
        known = None if windows.all_known else tf.constant(windows.known.astype(np.float32))
        # A missing value would reach the gradient as 0 times NaN: put a number there that counts for nothing.
        came = tf.constant(np.where(windows.known, windows.values[:, 0], np.float32(0)))
        size = tf.square if loss == "squared" else tf.abs

        def gather_inputs(starts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            """What each window reads, and the level that its answer is relative to."""
            inputs = tf.gather(series, starts[:, None] + reads)
            if not centred:
                return inputs, 0.0
            last = inputs[:, -1:, :] if alike else inputs[:, -1:, :] * centres
            return inputs - last, last[:, :, 0]

        def errors(starts: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
            """Error sizes, 0 where the target was not observed, and how many targets were."""
            inputs, level = gather_inputs(starts)
            places = starts[:, None] + ahead
            sizes = size(network(inputs, training=training) - (tf.gather(came, places) - level))
            if known is None:
                return sizes, tf.cast(tf.size(sizes), tf.float32)
            observed = tf.gather(known, places)
            return sizes * observed, tf.reduce_sum(observed)

        one_batch = tf.TensorSpec([None], tf.int32)
        many_batches = tf.TensorSpec([None, None], tf.int32)

        @tf.function(input_signature=[many_batches])
        def train(batches: tf.Tensor) -> tf.Tensor:
            assert optimizer is not None, "only a loop with an optimizer trains"
            total = tf.constant(0.0, tf.float64)
            for number in tf.range(tf.shape(batches)[0]):
                with tf.GradientTape() as tape:
                    sizes, count = errors(batches[number], training=True)
                    mean = tf.reduce_sum(sizes) / count
                weights = network.trainable_variables
                optimizer.apply(tape.gradient(mean, weights), weights)
                total += tf.cast(mean, tf.float64)
            return total

        @tf.function(input_signature=[one_batch])
        def measure(starts: tf.Tensor) -> tf.Tensor:
            return tf.reduce_sum(tf.cast(errors(starts, training=False)[0], tf.float64))

        @tf.function(input_signature=[one_batch])
        def forecast(starts: tf.Tensor) -> tf.Tensor:
            return network(gather_inputs(starts)[0], training=False)

        self._train, self._measure, self._forecast = train, measure, forecast

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
            total += float(self._train(chunk)) * batch_size
            done += len(chunk)
            seconds = (time.perf_counter() - began) / len(chunk)
            # The first call also compiles, so its time says nothing about the next.
            self._seconds_per_batch = 2 * CHUNK_SECONDS if first_call else seconds
            between(done)
        rest = starts[whole * batch_size :]
        if len(rest):
            total += float(self._train(rest[None, :])) * len(rest)
            between(whole + 1)
        return total / len(starts)

    def mean_loss(self, starts: NDArray[np.int32], between: Callable[[], None] = lambda: None) -> float:
        """Mean loss of the network as it stands over the targets observed, scaled and centred."""
        total = 0.0
        for batch in self._batches(starts):
            total += float(self._measure(batch))
            between()
        return total / self.windows.count_observed(starts)

    def forecast(self, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecasts in the unit of the series, shape (len(starts), horizon)."""
        outputs = [self._forecast(batch).numpy() for batch in self._batches(np.asarray(starts, np.int32))]
        scaled = np.concatenate(outputs) if outputs else np.empty((0, self.windows.horizon), np.float32)
        return self.windows.restore(scaled, np.asarray(starts))

    def _batches(self, starts: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
        for first in range(0, len(starts), self._forecast_batch):
            yield starts[first : first + self._forecast_batch]
