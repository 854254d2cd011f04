"""Peak memory of training on series of growing length, each way in a process of its own.

.venv/bin/python benchmarks/memory.py           the table
.venv/bin/python benchmarks/memory.py --write   the same, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import environments
import numpy as np
import pandas as pd
import results
from numpy.typing import NDArray
from peers.worker import memory

from lstmwidgets.config import LSTMConfig

HERE = Path(__file__).resolve().parent
CONFIG = LSTMConfig(sequence_length=168, horizon=1, units=50, batch_size=32, centering="none")
BATCHES = 100
"""Enough for memory to stop growing; an epoch over 10^6 windows would take minutes and show no more."""

POINTS = (10_000, 100_000, 1_000_000)
"""At the first, memory is that of TensorFlow, the network and a batch; what comes on top is the length's."""
MOST_MEGABYTES = 300
CHILD_SECONDS = 600


class Enough(Exception):
    """Ends an epoch after `BATCHES`."""


def ours(series: NDArray[np.float64], validating: bool = True) -> None:
    """This trainer's loop: windows by index; then as much of the validation, in its larger batches."""
    from lstmwidgets.data.windows import make_windows
    from lstmwidgets.model.backend import keras
    from lstmwidgets.model.build import build
    from lstmwidgets.model.loop import Loop

    windows = make_windows(pd.Series(series), CONFIG)
    network = build(CONFIG)
    optimizer = keras.optimizers.Adam(CONFIG.learning_rate)
    optimizer.build(network.trainable_variables)
    loop = Loop(network, windows, optimizer)
    order = np.random.default_rng(0).permutation(windows.train)

    def between(batches: int) -> None:
        if batches >= BATCHES:
            raise Enough

    with suppress(Enough):
        loop.train_epoch(order, CONFIG.batch_size, between)
    if validating:
        loop.mean_loss(windows.validation[: BATCHES * CONFIG.batch_size])


def dataset(series: NDArray[np.float64]) -> None:
    """``keras.utils.timeseries_dataset_from_array`` under ``fit``."""
    import keras

    values, length = _scaled(series), CONFIG.sequence_length
    batches = keras.utils.timeseries_dataset_from_array(
        values[:-1, None],
        values[length:],
        sequence_length=length,
        batch_size=CONFIG.batch_size,
        shuffle=True,
        seed=0,
    )
    _plain_network().fit(batches, steps_per_epoch=min(BATCHES, len(batches)), verbose=0)


def matrix(series: NDArray[np.float64]) -> None:
    """Every window copied into one array, as tutorials do, under ``fit``."""
    values, length = _scaled(series), CONFIG.sequence_length
    inputs = np.lib.stride_tricks.sliding_window_view(values[:-1], length)[..., None].copy()
    steps = min(BATCHES, len(inputs) // CONFIG.batch_size)
    _plain_network().fit(
        inputs, values[length:], batch_size=CONFIG.batch_size, steps_per_epoch=steps, verbose=0
    )


WAYS: dict[str, Callable[[NDArray[np.float64]], None]] = {
    "lstmwidgets": ours,
    "lstmwidgets, training alone": partial(ours, validating=False),
    "timeseries_dataset_from_array": dataset,
    "window matrix": matrix,
}


def _scaled(series: NDArray[np.float64]) -> NDArray[np.float32]:
    return ((series - series.mean()) / series.std()).astype(np.float32)


def _plain_network() -> Any:
    import keras

    network = keras.Sequential(
        [
            keras.Input((CONFIG.sequence_length, 1)),
            keras.layers.LSTM(CONFIG.units),
            keras.layers.Dense(CONFIG.horizon),
        ]
    )
    network.compile(keras.optimizers.Adam(CONFIG.learning_rate), loss="mse")
    return network


def child(way: str, path: Path) -> None:
    """Train in this process, and print how far its memory rose above where imports left it."""
    from lstmwidgets.model import backend, build, loop  # noqa: F401  the baseline has everything imported

    baseline = memory()[0]
    WAYS[way](np.load(path))
    print(json.dumps({"above": memory()[1] - baseline}))


def above_imports(way: str, points: int) -> int:
    """Bytes at the peak over those after imports, of a new process."""
    path = environments.FOLDER / "series.npy"
    path.parent.mkdir(exist_ok=True)
    steps = np.arange(points)
    np.save(path, np.sin(steps * 2 * np.pi / 24) + 0.3 * np.random.default_rng(0).standard_normal(points))
    ran = subprocess.run(
        [sys.executable, __file__, "--child", way, path],
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "KERAS_BACKEND": "tensorflow"},
    )
    if ran.returncode:
        sys.exit(f"{way} with {points} points failed:\n{ran.stderr[-2000:]}")
    return int(json.loads(ran.stdout.splitlines()[-1])["above"])


def report(machine: dict[str, Any], found: dict[str, dict[int, int]]) -> str:
    """Peak over imports, and what of it the series' length accounts for."""
    lines = [
        "| | points | the series | peak over imports | of it for the length | times the series |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for way, peaks in found.items():
        for points, peak in peaks.items():
            grown, own = peak - peaks[POINTS[0]], points * 8
            length = "" if points == POINTS[0] else f"{grown / 1e6:.1f} MB"
            times = "" if points == POINTS[0] else f"{grown / own:.1f}×"
            lines.append(
                f"| {way} | {points:,} | {own / 1e6:.2f} MB | {peak / 1e6:.0f} MB | {length} | {times} |"
            )
    largest = found["lstmwidgets"][POINTS[-1]] / 1e6
    verdict = results.verdict_table(
        [
            (
                f"less than {MOST_MEGABYTES} MB over imports at 10^6 points",
                f"{largest:.0f} MB",
                largest < MOST_MEGABYTES,
            )
        ]
    )
    what = (
        f"{CONFIG.sequence_length} steps, {CONFIG.units} units, batches of {CONFIG.batch_size}, the first "
        f"{BATCHES} of an epoch. The series is float64; 'for the length' is the peak less that at "
        f"{POINTS[0]:,} points."
    )
    return "\n\n".join([f"{results.about(machine)}.", what, "\n".join(lines), verdict])


def main() -> None:
    """Measure, print, and where asked for write."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options.add_argument("--child", nargs=2, metavar=("WAY", "SERIES"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        child(chosen.child[0], Path(chosen.child[1]))
        return
    machine = results.machine()
    found: dict[str, dict[int, int]] = {}
    for way in WAYS:
        for points in POINTS:
            print(f"{way}, {points:,} points …", file=sys.stderr, flush=True)
            found.setdefault(way, {})[points] = above_imports(way, points)
    text = report(machine, found)
    print(text)
    if chosen.write:
        results.write_section(HERE / "README.md", "memory.py", text)


if __name__ == "__main__":
    main()
