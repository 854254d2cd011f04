"""Epochs of this trainer and of its peers, side by side in one run: seconds, memory and losses.

.venv/bin/python benchmarks/train.py --quick            one shape, under a minute
.venv/bin/python benchmarks/train.py --install --write  everything, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environments
import numpy as np
import results
from results import NOT_COMPILED, OURS, PeerResult, Run, Shape, ShapeResult

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.datasets import sine_mix
from lstmwidgets.model.costs.cost import training_flops

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
SAVED = environments.FOLDER / "train.json"
PICTURE = "train.svg"

SHAPES = [
    Shape(48, 50, 32),
    Shape(48, 50, 128),
    Shape(168, 64, 32),
    Shape(24, 128, 64),
    Shape(24, 16, 32),
    Shape(48, 50, 32, cell="gru"),
    Shape(24, 128, 64, cell="gru"),
    Shape(48, 50, 32, layers=2),
    Shape(24, 128, 64, layers=2),
]

START_SECONDS = 300  # eight processes import at once
EPOCH_SECONDS = 300
BUSY = 0.3  # load from which a run is warned of
REST_SECONDS = 0.2  # for threads of the last peer that still spin


@dataclass(frozen=True)
class Peer:
    """A script under peers/, and the environment it needs; None is this project's own."""

    name: str
    script: str
    environment: str | None = None
    arguments: tuple[str, ...] = ()
    same_weights: bool = True


PEERS = [
    Peer(OURS, "ours.py"),
    Peer(NOT_COMPILED, "ours.py", arguments=("--not-compiled",)),
    Peer("Keras fit", "keras_fit.py"),
    Peer("Keras fit (XLA)", "keras_fit.py", arguments=("--jit",)),
    Peer("PyTorch eager", "torch_eager.py", "torch"),
    Peer("JAX scan", "jax_scan.py", "jax"),
    Peer("neuralforecast", "neuralforecast_fit.py", "neuralforecast", same_weights=False),
    Peer("darts", "darts_fit.py", "darts", same_weights=False),
]


class Failed(Exception):
    """A peer that died, or took too long; the message goes into its row."""


class Worker:
    """A peer's process, spoken to in JSON lines; what it prints otherwise goes to .bench/logs."""

    def __init__(self, peer: Peer, python: Path) -> None:
        self.log = environments.FOLDER / "logs" / f"{Path(peer.script).stem}{''.join(peer.arguments)}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, HERE / "peers" / peer.script, *peer.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=environments.FOLDER,
                env={
                    **os.environ,
                    "CUDA_VISIBLE_DEVICES": "",
                    "JAX_PLATFORMS": "cpu",
                    "TF_CPP_MIN_LOG_LEVEL": "2",
                },
            )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def tell(self, **command: Any) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died: `answer` says of what

    def answer(self, timeout: float) -> dict[str, Any]:
        """The next answer; `Failed` with the last line of the log when there is none."""
        try:
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise Failed(f"no answer within {timeout:g} s") from None
        if not line:
            said = [each.strip() for each in self.log.read_text().splitlines() if each.strip()]
            raise Failed(said[-1][:200] if said else f"ended with {self.process.wait(10)}")
        return dict(json.loads(line))

    def end(self) -> None:
        self.process.kill()
        self.process.wait(30)


def write_task(shape: Shape, windows: int, horizon: int, epochs: int, config: LSTMConfig) -> Path:
    """Series, windows, orders and initial weights for every peer: see `peers.worker.Task`."""
    length, weights = shape.steps, initial_weights(shape, horizon, config.seed)
    values = sine_mix(length=windows + length + horizon - 1, noise=0.3, seed=config.seed).to_numpy()
    series = ((values - values.mean()) / values.std()).astype(np.float32)
    cut = np.lib.stride_tricks.sliding_window_view(series, length + horizon)
    path = environments.FOLDER / "task.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(
        path,
        series=series,
        inputs=cut[:, :length, None],
        targets=cut[:, length:],
        orders=np.array(
            [np.random.default_rng([config.seed, epoch]).permutation(windows) for epoch in range(epochs)],
            np.int32,
        ),
        batch_size=shape.batch,
        learning_rate=config.learning_rate,
        cell=shape.cell,
        weights=len(weights),
        **{f"weight_{number}": weight for number, weight in enumerate(weights)},
    )
    return path


def initial_weights(shape: Shape, horizon: int, seed: int) -> list[np.ndarray]:
    """Weights as Keras would draw them: Glorot uniform, orthogonal, a forget gate that begins open."""
    random = np.random.default_rng(seed)
    units = shape.units

    def glorot(rows: int, columns: int) -> np.ndarray:
        limit = np.sqrt(6 / (rows + columns))
        return random.uniform(-limit, limit, (rows, columns))

    gates = {"lstm": 4, "gru": 3}[shape.cell]
    bias = np.repeat([0.0, 1.0, 0.0, 0.0], units) if shape.cell == "lstm" else np.zeros((2, gates * units))
    weights = []
    for number in range(shape.layers):
        orthogonal = np.linalg.qr(random.normal(size=(gates * units, units)))[0].T
        weights += [glorot(units if number else 1, gates * units), orthogonal, bias]
    weights += [glorot(units, horizon), np.zeros(horizon)]
    return [weight.astype(np.float32) for weight in weights]


def matmul_rate(size: int = 1024, repeats: int = 5) -> float:
    """Floating-point operations a second of a large float32 product, the best of a few."""
    square = np.ones((size, size), np.float32)
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        square @ square
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / min(seconds)


def measure(
    shape: Shape, peers: dict[Peer, Path | None], windows: int, horizon: int, epochs: int
) -> ShapeResult:
    """All peers at one shape: a process each, and epochs in turn, the turn's order rotated."""
    config = LSTMConfig(
        sequence_length=shape.steps,
        horizon=horizon,
        cell=shape.cell,
        units=shape.units,
        layers=shape.layers,
        batch_size=shape.batch,
    )
    task = write_task(shape, windows, horizon, epochs + 1, config)
    found = {peer.name: PeerResult(same_weights=peer.same_weights) for peer in peers}
    workers = {}
    for peer, python in peers.items():
        if python is None:
            found[peer.name].missing = f"not installed: `train.py --install` makes .bench/{peer.environment}"
        else:
            workers[peer.name] = Worker(peer, python)

    def ask(name: str, timeout: float, **command: Any) -> dict[str, Any]:
        if command:
            workers[name].tell(**command)
        try:
            return workers[name].answer(timeout)
        except Failed as failure:
            found[name].missing = f"failed: {failure}"
            workers.pop(name).end()
            return {}

    rates = []
    try:
        for name in list(workers):
            hello = ask(name, START_SECONDS)
            found[name].versions = hello.get("versions", {})
            found[name].imported = hello.get("memory", 0)
        for name in list(workers):
            ask(name, START_SECONDS, task=str(task))
        for number in range(epochs + 1):
            names = list(workers)
            turn = number % max(1, len(names))
            for name in names[turn:] + names[:turn]:
                time.sleep(REST_SECONDS)
                told = ask(name, EPOCH_SECONDS, epoch=number)
                if not told:
                    continue
                if number == 0:
                    found[name].first = told["seconds"]
                else:
                    found[name].seconds.append(told["seconds"])
                found[name].losses.append(told["loss"])
                found[name].peak = told["peak"]
            time.sleep(REST_SECONDS)
            rates.append(matmul_rate())
    finally:
        for worker in workers.values():
            worker.end()
    rate = float(np.median(rates))
    return ShapeResult(shape, found, rate / 1e9, windows * training_flops(config) / rate)


def shape_of(text: str) -> Shape:
    """A shape as it is written after ``--shape``."""
    found = re.fullmatch(r"([1-9]\d*),([1-9]\d*),([1-9]\d*)(?:,(lstm|gru)(?:,([1-9]\d*))?)?", text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no shape: try 48,50,32 or 48,50,32,gru or 48,50,32,lstm,2"
        )
    steps, units, batch, cell, layers = found.groups()
    return Shape(int(steps), int(units), int(batch), cell or "lstm", int(layers or 1))


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="the first shape and a third of the windows")
    options.add_argument("--install", action="store_true", help="make the peers' environments where missing")
    options.add_argument("--write", action="store_true", help="put tables and picture into benchmarks/")
    options.add_argument("--redraw", action="store_true", help="report the last run again, measuring nothing")
    options.add_argument("--epochs", type=int, default=5, help="epochs timed after the first (default 5)")
    options.add_argument("--windows", type=int, help="training windows (default 3000; with --quick 1000)")
    options.add_argument("--horizon", type=int, default=1, help="outputs of the network (default 1)")
    options.add_argument(
        "--shape",
        type=shape_of,
        action="append",
        metavar="STEPS,UNITS,BATCH[,CELL[,LAYERS]]",
        help="instead of all, and more than once if need be: 48,50,32 or 48,50,32,gru or 48,50,32,lstm,2",
    )
    options.add_argument("--peers", nargs="+", metavar="NAME", help=", ".join(peer.name for peer in PEERS))
    return options.parse_args()


def run(chosen: argparse.Namespace) -> Run:
    """Measure what was asked for."""
    names = [peer.name for peer in PEERS]
    if unknown := set(chosen.peers or ()) - set(names):
        sys.exit(f"no peer is called {', '.join(sorted(unknown))}: --peers takes {', '.join(names)}")
    peers: dict[Peer, Path | None] = {}
    for peer in PEERS:
        if chosen.peers and peer.name not in chosen.peers:
            continue
        if peer.environment is None:
            peers[peer] = Path(sys.executable)
            continue
        python = environments.python_of(peer.environment)
        peers[peer] = environments.make(peer.environment) if python is None and chosen.install else python
    shapes = chosen.shape or (SHAPES[:1] if chosen.quick else SHAPES)
    windows = chosen.windows or (1000 if chosen.quick else 3000)
    machine = results.machine()
    if machine["load"] > BUSY:
        print(f"Others keep {machine['load']:g} cores busy: the figures will be off.", file=sys.stderr)
    measured = []
    for shape in shapes:
        print(f"{shape.words} …", file=sys.stderr, flush=True)
        measured.append(measure(shape, peers, windows, chosen.horizon, chosen.epochs))
    return Run(windows, chosen.horizon, measured, machine)


def main() -> None:
    """Measure, print, and where asked for write."""
    chosen = arguments()
    if chosen.redraw:
        if not SAVED.exists():
            sys.exit("there is no last run to report: leave --redraw out")
        found = Run.from_dict(json.loads(SAVED.read_text()))
    else:
        found = run(chosen)
        SAVED.write_text(json.dumps(found.to_dict(), indent=1))
    text = results.report(found, PICTURE)
    print(text)
    folder = HERE if chosen.write else environments.FOLDER
    results.save(results.draw(found), folder / PICTURE)
    if chosen.write:
        results.write_section(README, "train.py", text)
    print(f"\nThe picture is {(folder / PICTURE).relative_to(HERE.parent)}", file=sys.stderr)


if __name__ == "__main__":
    main()
