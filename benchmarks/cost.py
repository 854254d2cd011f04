"""What a training was said to cost, and what it did: seconds and memory, each config in a process of its own.

.venv/bin/python benchmarks/cost.py           the table
.venv/bin/python benchmarks/cost.py --write   the same, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import results
from peers.worker import memory

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.datasets import sine_mix
from lstmwidgets.model.costs import calibration
from lstmwidgets.model.costs.cost import Estimate, estimate

HERE = Path(__file__).resolve().parent
SHAPES = [(48, 50, 32), (48, 50, 128), (168, 64, 32), (24, 128, 64), (24, 16, 32)]
"""Sequence length, units and batch size, as in train.py."""

EVERYWHERE: list[dict[str, Any]] = [{}, {"layers": 2}, {"cell": "gru"}]
AT_THE_FIRST: list[dict[str, Any]] = [
    {"cell": "rnn"},
    {"cell": "bilstm"},
    {"cell": "lstm_attention"},
    {"cell": "transformer"},
    {"activation": "relu"},
]
WINDOWS, EPOCHS = 3000, 8
WITHIN = 0.3
BUSY = 0.3  # load from which a run is warned of
CHILD_SECONDS = 900


@dataclass(frozen=True)
class Outcome:
    """One training: what was said before, and what came of it."""

    config: LSTMConfig
    told: Estimate
    seconds: list[float]
    bytes: int

    @property
    def off(self) -> dict[str, float]:
        """By what share the estimates are off: of all epochs, of one after the first, and of memory."""
        return {
            "training": self.told.seconds / sum(self.seconds) - 1,
            "epoch": self.told.epoch / float(np.median(self.seconds[1:])) - 1,
            "memory": self.told.bytes / self.bytes - 1,
        }


def configs() -> list[LSTMConfig]:
    """Every config that is trained."""
    changes = [(shape, each) for each in EVERYWHERE for shape in SHAPES]
    changes += [(SHAPES[0], each) for each in AT_THE_FIRST]
    return [
        LSTMConfig(sequence_length=length, units=units, batch_size=batch, horizon=1, epochs=EPOCHS, **others)
        for (length, units, batch), others in changes
    ]


def child(config: LSTMConfig) -> None:
    """Train in this process; print each epoch's seconds, and how far memory rose above the imports."""
    from lstmwidgets.model.training import Trainer

    points = round((WINDOWS + config.sequence_length) / 0.7)
    trainer = Trainer(sine_mix(length=points, noise=0.3), config)
    imported = memory()[0]
    history = trainer.run().history
    told = {"seconds": history["seconds"].tolist(), "bytes": memory()[1] - imported}
    print(json.dumps({**told, "windows": len(trainer.windows.train)}))


def outcome(config: LSTMConfig) -> Outcome:
    """Train a config in a new process, which has learned nothing from those before."""
    ran = subprocess.run(
        [sys.executable, __file__, "--child", config.model_dump_json()],
        capture_output=True,
        text=True,
        timeout=CHILD_SECONDS,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    if ran.returncode:
        sys.exit(f"{named(config)} failed:\n{ran.stderr[-2000:]}")
    found = json.loads(ran.stdout.splitlines()[-1])
    return Outcome(config, estimate(config, found["windows"]), found["seconds"], found["bytes"])


def named(config: LSTMConfig) -> str:
    """A config as a row is called."""
    more = [f"{config.layers} layers"] * (config.layers > 1) + [config.activation] * (
        config.activation != "tanh"
    )
    return ", ".join([config.cell, *more])


def report(machine: dict[str, Any], took: float, found: list[Outcome]) -> str:
    """Table and verdicts."""
    lines = [
        "| | steps, units, batch | parameters | GFLOP | epoch | was | | in all | was | | memory | was | |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for each in found:
        config, told, off = each.config, each.told, each.off
        shape = f"{config.sequence_length}, {config.units}, {config.batch_size}"
        epoch, whole = float(np.median(each.seconds[1:])), sum(each.seconds)
        lines.append(
            f"| {named(config)} | {shape} | {told.parameters:,} | {told.flops / 1e9:,.0f} "
            f"| {told.epoch:.3f} s | {epoch:.3f} s | {off['epoch']:+.0%} "
            f"| {told.seconds:.2f} s | {whole:.2f} s | {off['training']:+.0%} "
            f"| {told.bytes / 1e6:.0f} MB | {each.bytes / 1e6:.0f} MB | {off['memory']:+.0%} |"
        )
    rows = []
    for what, words in (("epoch", "an epoch"), ("training", "all epochs"), ("memory", "memory")):
        worst = max(found, key=lambda each, what=what: abs(each.off[what]))  # type: ignore[misc]
        inside = sum(abs(each.off[what]) <= WITHIN for each in found)
        rows.append(
            (
                f"{words} foretold within {WITHIN:.0%} everywhere",
                f"{inside} of {len(found)}; at worst {worst.off[what]:+.0%} ({named(worst.config)})",
                inside == len(found),
            )
        )
    what = (
        f"{WINDOWS:,} training windows, horizon 1, {EPOCHS} epochs with their validation; *epoch* is the "
        f"median of those after the first. The calibration took {took:.1f} s, TensorFlow's import included."
    )
    return "\n\n".join([f"{results.about(machine)}.", what, "\n".join(lines), results.verdict_table(rows)])


def main() -> None:
    """Measure, print, and where asked for write."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--write", action="store_true", help="put the table into benchmarks/README.md")
    options.add_argument("--child", metavar="CONFIG", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        child(LSTMConfig.model_validate_json(chosen.child))
        return
    machine = results.machine()
    if machine["load"] > BUSY:
        print(f"Others keep {machine['load']:g} cores busy: the figures will be off.", file=sys.stderr)
    with TemporaryDirectory() as cache:  # as on a machine where nothing was ever timed
        os.environ[calibration.FOLDER_VARIABLE] = cache
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "lstmwidgets.model.costs.calibration"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        took = time.perf_counter() - began
        found = []
        for config in configs():
            found.append(outcome(config))
            off = ", ".join(f"{what} {by:+.0%}" for what, by in found[-1].off.items())
            print(f"{named(config)}, {config.units} units: {off}", file=sys.stderr, flush=True)
    text = report(machine, took, found)
    print(text)
    if chosen.write:
        results.write_section(HERE / "README.md", "cost.py", text)


if __name__ == "__main__":
    main()
