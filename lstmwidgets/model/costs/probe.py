"""Time real training batches of a few configs, for `lstmwidgets.model.costs.calibration` to keep."""

from __future__ import annotations

import os
import time
from contextlib import suppress

import numpy as np

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.datasets import sine_mix
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build
from lstmwidgets.model.costs.pace import Pace, Timed, fitted, ways_of
from lstmwidgets.model.loop import Loop

PROBES: tuple[tuple[LSTMConfig, tuple[int, ...]], ...] = (
    (LSTMConfig(sequence_length=24, horizon=1, units=16), (32,)),
    (LSTMConfig(sequence_length=48, horizon=1, units=48), (32, 128)),
    (LSTMConfig(sequence_length=24, horizon=1, units=128), (64,)),
    (LSTMConfig(sequence_length=24, horizon=1, units=64, cell="gru"), (8, 96)),
    (LSTMConfig(sequence_length=24, horizon=1, units=32, activation="relu"), (16, 128)),
    (LSTMConfig(sequence_length=32, horizon=1, units=48, cell="lstm_attention"), (16, 64)),
    (LSTMConfig(sequence_length=32, horizon=1, units=48, cell="transformer"), (16, 64)),
)
"""What is compiled, and the batch sizes it is timed with: few, for compiling takes most of the time."""

PIECE_SECONDS = 0.03
ROUNDS, PIECES = 2, 3
"""How often each is timed: the best of all pieces, some seconds apart, had the machine most to itself."""

_NICE = 5


def time_machine() -> Pace:
    """The pace of this machine; takes some seconds, and lets other programs go first."""
    with suppress(OSError, AttributeError):
        os.nice(_NICE)
    loops: list[tuple[LSTMConfig, int, Loop]] = []
    compiling: dict[str, list[float]] = {}
    for config, batch_sizes in PROBES:
        loop, first = _loop(config)
        compiling.setdefault(ways_of(config)[-1], []).append(first)
        loops += [(config, rows, loop) for rows in batch_sizes]
    rounds = [[_best(loop, rows) for _, rows, loop in loops] for _ in range(ROUNDS)]
    timed = [
        Timed(config, rows, min(seconds))
        for (config, rows, _), seconds in zip(loops, zip(*rounds, strict=True), strict=True)
    ]
    begun = compiling[ways_of(PROBES[0][0])[-1]]  # of these, the very first paid for starting, too
    return fitted(timed, {way: min(each) for way, each in compiling.items()}, begun[0] - min(begun))


def _loop(config: LSTMConfig) -> tuple[Loop, float]:
    """A network ready to train, and the seconds that compiling it took."""
    series = sine_mix(length=6 * config.sequence_length + 200, noise=0.3)
    windows = make_windows(series, config)
    began = time.perf_counter()
    network = build(config)
    optimizer = keras.optimizers.Adam(config.learning_rate, name="adam")
    optimizer.build(network.trainable_variables)
    loop = Loop(network, windows, optimizer)
    loop.train_epoch(windows.train[:1], 1)
    loop.mean_loss(windows.validation)
    return loop, time.perf_counter() - began


def _best(loop: Loop, rows: int) -> float:
    """Seconds of a batch of so many windows, the best of a few pieces of training."""

    def piece(batches: int) -> float:
        starts = np.resize(loop.windows.train, batches * rows)
        began = time.perf_counter()
        loop.train_epoch(starts, rows)
        return (time.perf_counter() - began) / batches

    one = min(piece(2) for _ in range(2))
    batches = max(1, round(PIECE_SECONDS / one))
    return min(piece(batches) for _ in range(PIECES))
