"""The side of a peer: a process that prepares one task, then runs an epoch each time it is told to.

Runs in each peer's own environment, so it needs NumPy and nothing of this project.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Task:
    """What every peer is given.

    Attributes
    ----------
    series : float32 array, shape (timesteps,)
        Scaled; it holds exactly as many windows as there are ``inputs``.
    inputs, targets : float32 arrays, shapes (windows, sequence_length, 1) and (windows, horizon)
    orders : int32 array, shape (epochs, windows)
        The order of the windows in each epoch; ``batch_size`` of them make a batch.
    weights : float32 arrays
        Kernel, recurrent kernel and bias of each recurrent layer, packed as Keras packs them: i, f, g, o
        of an LSTM, z, r, h of a GRU; then kernel and bias of the linear output.
    cell : str
        ``"lstm"`` or ``"gru"``.
    """

    series: NDArray[np.float32]
    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    orders: NDArray[np.int32]
    weights: list[NDArray[np.float32]]
    batch_size: int
    learning_rate: float
    cell: str

    @property
    def sequence_length(self) -> int:
        return int(self.inputs.shape[1])

    @property
    def horizon(self) -> int:
        return int(self.targets.shape[1])

    @property
    def units(self) -> int:
        return len(self.weights[1])

    @property
    def layers(self) -> int:
        return len(self.weights) // 3

    @property
    def recurrent(self) -> list[list[NDArray[np.float32]]]:
        """Kernel, recurrent kernel and bias of each layer."""
        return [self.weights[3 * number : 3 * number + 3] for number in range(self.layers)]

    @property
    def head(self) -> list[NDArray[np.float32]]:
        """Kernel and bias of the linear output."""
        return self.weights[3 * self.layers :]

    @property
    def batches(self) -> int:
        return -(-len(self.inputs) // self.batch_size)

    @classmethod
    def load(cls, path: Path) -> Task:
        with np.load(path) as saved:
            arrays = {name: saved[name] for name in saved.files}
        return cls(
            **{name: arrays[name] for name in ("series", "inputs", "targets", "orders")},
            weights=[arrays[f"weight_{number}"] for number in range(int(arrays["weights"]))],
            batch_size=int(arrays["batch_size"]),
            learning_rate=float(arrays["learning_rate"]),
            cell=str(arrays["cell"]),
        )


class Peer(Protocol):
    """A network in training, its weights and its optimizer's state where the last epoch left them.

    One that knows better than a clock around ``epoch`` how long it took says so in ``seconds``.
    """

    def epoch(self, number: int) -> float:
        """Train epoch ``number`` (from 0) to its end; the mean of its batches' losses."""


def serve(make: Callable[[Task], Peer], packages: list[str]) -> None:
    """Answer the commands of train.py, a JSON object a line, until the pipe closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print goes to the log, not between the answers

    def answer(**facts: Any) -> None:
        answers.write(json.dumps(facts) + "\n")
        answers.flush()

    answer(versions={name: version(name) for name in packages}, memory=memory()[0])
    peer: Peer | None = None
    for line in sys.stdin:
        command = json.loads(line)
        if "task" in command:
            peer = make(Task.load(Path(command["task"])))
            answer(ready=True)
            continue
        assert peer is not None, "an epoch before its task"
        gc.collect()
        began = time.perf_counter()
        loss = peer.epoch(command["epoch"])
        seconds = time.perf_counter() - began
        answer(seconds=getattr(peer, "seconds", seconds), loss=loss, peak=memory()[1])
    answers.close()
    os._exit(0)  # a peer's threads may be waiting for an epoch that never comes


def memory() -> tuple[int, int]:
    """Resident bytes of this process, now and at most so far."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where getrusage would count what the parent held
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmRSS"].split()[0]) * 1024, int(lines["VmHWM"].split()[0]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most, most  # macOS counts bytes
