"""What a config will cost: parameters, arithmetic, memory and seconds, told before anything is built."""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lstmwidgets.config import LSTMConfig
from lstmwidgets.model.costs import calibration
from lstmwidgets.model.costs.pace import GATES, REFERENCE, Pace, forward_flops, way_of, ways_of
from lstmwidgets.model.shapes import count_parameters, encoder_of, heads_of, weight_shapes

FORECAST_BYTES = 64e6
"""Memory for the gates of one forward pass outside training; decides how many windows go together."""

PROBE_SECONDS = 5.5e-6
"""Seconds of one small step in NumPy where `REFERENCE` was measured."""

_CALLS = 1.1
"""What an epoch takes for its batches' seconds: calls, tellings and other programs take the rest."""

_FORWARD = 0.25
"""What a forecast of a window takes of the seconds that training on it takes."""

_REMEMBERED = 5
"""Epochs of one kind that the next estimate rests on."""


class Estimate(NamedTuple):
    """What a training will ask for.

    Attributes
    ----------
    parameters : int
        Trainable numbers.
    flops : int
        Floating-point operations of the products in all epochs, forward and backward.
    bytes : int
        Memory at the peak, above what the imported libraries take.
    first_epoch : float
        Seconds of the first epoch, with the compilation.
    epoch : float
        Seconds of each later one, its validation included.
    seconds : float
        Of all epochs.
    calibrated : bool
        Whether that rests on what was measured on this machine: by the probe of
        `lstmwidgets.model.costs.calibration`, or by this process as it trained.
    """

    parameters: int
    flops: int
    bytes: int
    first_epoch: float
    epoch: float
    seconds: float
    calibrated: bool


def estimate(config: LSTMConfig, windows: int, features: int = 1) -> Estimate:
    """What training a config will cost on this machine.

    Parameters
    ----------
    config : LSTMConfig
    windows : int
        Training windows.
    features : int
        What is read at each step.

    Examples
    --------
    >>> told = estimate(LSTMConfig(units=32, horizon=24, epochs=10), windows=1000)
    >>> told.parameters, round(told.first_epoch + 9 * told.epoch - told.seconds, 9)
    (5144, 0.0)
    """
    kept = calibration.kept()
    pace = kept or rough_pace()
    learned = _LEARNED.factor(config, pace, measured=kept is not None)
    epoch = (learned or 1.0) * _epoch(pace, config, windows, features)
    first = epoch + pace.first_seconds(config)
    return Estimate(
        parameters=count_parameters(config, features),
        flops=config.epochs * windows * training_flops(config, features),
        bytes=training_bytes(config, features),
        first_epoch=first,
        epoch=epoch,
        seconds=first + (config.epochs - 1) * epoch,
        calibrated=kept is not None or learned is not None,
    )


def estimate_seconds(config: LSTMConfig, windows: int, features: int = 1) -> float:
    """How long all epochs will take on this machine, in seconds: see `estimate`."""
    return estimate(config, windows, features).seconds


def training_flops(config: LSTMConfig, features: int = 1) -> int:
    """Floating-point operations of one window in training, forward and backward.

    Two for each weight and each time it is used going forward, and twice that going back; in an attention
    also those between the steps.
    """
    return 3 * sum(forward_flops(config, features).values())


def training_bytes(config: LSTMConfig, features: int = 1) -> int:
    """Memory of a training at its peak, in bytes, above what the imported libraries take.

    The weights as often as they are kept, what compiling leaves, and what a batch keeps for the way back; or
    where that is more, what a forecast takes of as many windows as `FORECAST_BYTES` allows.
    """
    weights = 4 * count_parameters(config, features)
    by_kernel, others = _kept_by_window(config, features)
    training = config.batch_size * (by_kernel + others)
    forecast = _forecast_rows(config, features) * _IN_PASSING * others
    walks = config.layers * (2 if config.cell == "bilstm" else 1)
    compiled = sum(_COMPILED_BYTES[way] for way in ways_of(config)) * (1 + 0.4 * (walks - 1))
    return round(compiled + _COPIES * weights + max(training, forecast))


def remember(config: LSTMConfig, windows: int, seconds: float, features: int = 1) -> None:
    """Let later estimates of the same kind of config rest on an epoch that took ``seconds``."""
    pace = calibration.kept() or rough_pace()
    _LEARNED.add(config, pace, seconds / _epoch(pace, config, windows, features))


def rough_pace() -> Pace:
    """The pace of the reference, by how quick this machine is at one small product."""
    return REFERENCE.scaled(_probe() / PROBE_SECONDS)


def _epoch(pace: Pace, config: LSTMConfig, windows: int, features: int) -> float:
    whole, rest = divmod(windows, config.batch_size)
    training = whole * pace.seconds(config, config.batch_size, features)
    if rest:
        training += pace.seconds(config, rest, features)
    train_fraction = 1 - config.validation_fraction - config.test_fraction
    return _CALLS * training * (1 + _FORWARD * config.validation_fraction / train_fraction)


# Memory --------------------------------------------------------------------------------------

_COPIES = 14
"""Of the weights: trained, best, the program's own; their gradients, Adam's two moments; and on their way."""

_COMPILED_BYTES = {"lstm": 31e6, "gru": 31e6, "keras": 41e6, "readout": 25e6, "encoder": 70e6}
"""What compiling the passes of one layer leaves, by way; benchmarks/cost.py holds it to what is so."""

_KEPT_BY_UNIT = {"lstm": 7.5, "gru": 6.0, "keras": 3.2}
"""Numbers for each unit and step until the way back is over; on Keras' way for each gate of a unit."""

_HANDED_ON = 2.5
"""As many more where the state of every step is handed on to another layer."""

_IN_PASSING = 0.35
"""Share of what Keras' layers keep for the way back that they hold at once where there is none."""


def _forecast_rows(config: LSTMConfig, features: int) -> int:
    """Windows that `lstmwidgets.model.loop.Loop` forecasts at once."""
    length, pairs = config.sequence_length, 0
    if config.cell == "transformer":
        pairs = encoder_of(config, features).heads * length**2
    elif config.cell == "lstm_attention":
        pairs = heads_of(config.units) * length
    widest = max(shape[-1] for shape in weight_shapes(config, features).values())
    return int(np.clip(FORECAST_BYTES / (8 * (length * widest + pairs)), 16, 1024))


def _kept_by_window(config: LSTMConfig, features: int) -> tuple[float, float]:
    """Bytes kept of one window for the way back: by the kernels, and by Keras' layers."""
    length, units, way = config.sequence_length, config.units, way_of(config)
    if config.cell == "transformer":
        sizes = encoder_of(config, features)
        each = 11 * sizes.width + 2.5 * sizes.inner + 3 * sizes.heads * length
        return 0.0, 4 * length * config.layers * each
    walks = config.layers * (2 if config.cell == "bilstm" else 1)
    handed_on = config.layers - (config.cell != "lstm_attention")
    gates = GATES[config.cell] if way == "keras" else 1
    recurrent = 4 * length * units * (walks * gates * _KEPT_BY_UNIT[way] + handed_on * _HANDED_ON)
    readout = 4 * length * units * 4.5 * (config.cell == "lstm_attention")
    return (0.0, recurrent + readout) if way == "keras" else (recurrent, readout)


# What this process has seen ------------------------------------------------------------------


class _Learned:
    """How much longer than a pace told epochs of each kind of config took."""

    def __init__(self) -> None:
        self._ratios: dict[tuple[str, str], deque[float]] = {}
        self._pace: Pace | None = None
        self._changing = threading.Lock()

    def add(self, config: LSTMConfig, pace: Pace, ratio: float) -> None:
        with self._changing:
            self._hold_to(pace)
            kind = config.cell, way_of(config)
            self._ratios.setdefault(kind, deque(maxlen=_REMEMBERED)).append(ratio)

    def factor(self, config: LSTMConfig, pace: Pace, measured: bool) -> float | None:
        """That of the config's kind; where the machine was not measured, of whatever was trained."""
        with self._changing:
            self._hold_to(pace)
            own = self._ratios.get((config.cell, way_of(config)))
            if own is not None:
                return float(np.median(own))
            if measured or not self._ratios:
                return None
            return float(np.median([np.median(ratios) for ratios in self._ratios.values()]))

    def _hold_to(self, pace: Pace) -> None:
        """Forget what was learned beside another pace: of a machine not measured then."""
        if pace != self._pace:
            self._ratios.clear()
            self._pace = pace


_LEARNED = _Learned()


@lru_cache(maxsize=1)
def _probe() -> float:
    """Seconds of one small LSTM step in NumPy: tells a fast machine from a slow one."""
    states, weights = np.full((32, 32), 0.1, np.float32), np.full((32, 128), 0.1, np.float32)
    seconds = []
    for _ in range(50):
        began = time.perf_counter()
        np.tanh(states @ weights)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))
