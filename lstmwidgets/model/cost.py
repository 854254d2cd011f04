"""What a config will cost: parameters, arithmetic and seconds, told before anything is built."""

from __future__ import annotations

import math
import time
from functools import lru_cache

import numpy as np

from lstmwidgets.config import LSTMConfig

# Fitted to epochs of nine shapes (sequence_length, units, batch_size, layers) from (24, 16, 32, 1) to
# (168, 64, 32, 1) and (48, 32, 32, 2), which it meets within a factor of 0.6 to 1.4, on two cores whose
# probe took PROBE_SECONDS: a cost for each time step of each batch, one for the arithmetic, and one to
# compile before the first epoch.
PROBE_SECONDS = 5.5e-6
STEP_SECONDS = 3.0e-5
FLOPS_PER_SECOND = 5.0e10
COMPILE_SECONDS = 1.5

_measured_over_modelled = 1.0


def training_flops(config: LSTMConfig, features: int = 1) -> int:
    """Floating-point operations of one window in training, forward and backward.

    Two for each weight and time step going forward, and twice that going back.
    """
    inputs = [features] + [config.units] * (config.layers - 1)
    per_step = sum(4 * config.units * (width + config.units) for width in inputs)
    straight = config.sequence_length * features * config.horizon * (config.highway == "linear")
    return 3 * 2 * (per_step * config.sequence_length + config.units * config.horizon + straight)


def estimate_seconds(config: LSTMConfig, windows: int, features: int = 1) -> float:
    """How long training will take on this machine, in seconds.

    Rests on a probe of a few milliseconds, made once, until the process has trained something;
    then on how long that took.

    Parameters
    ----------
    config : LSTMConfig
    windows : int
        Training windows.
    features : int
        What is read at each step.
    """
    return (
        COMPILE_SECONDS * _probe() / PROBE_SECONDS
        + config.epochs * _measured_over_modelled * _modelled_epoch(config, windows, features)
    )


def remember(config: LSTMConfig, windows: int, seconds: float, features: int = 1) -> None:
    """Let later estimates rest on an epoch that took ``seconds``."""
    global _measured_over_modelled
    _measured_over_modelled = seconds / _modelled_epoch(config, windows, features)


def _modelled_epoch(config: LSTMConfig, windows: int, features: int) -> float:
    batches = math.ceil(windows / config.batch_size)
    steps = batches * config.layers * config.sequence_length * STEP_SECONDS
    arithmetic = windows * training_flops(config, features) / FLOPS_PER_SECOND
    return (steps + arithmetic) * _probe() / PROBE_SECONDS


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
