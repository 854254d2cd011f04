"""Forecasts for many series: with one worker and two, beside a process each, and beside neuralforecast.

.venv/bin/python benchmarks/batch.py --quick            20 series in some minutes
.venv/bin/python benchmarks/batch.py --install --write  200 and 1,000, into benchmarks/README.md
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import environments
import nbformat
import numpy as np
import pandas as pd
import psutil
import results
from train import BUSY, START_SECONDS, Failed, Peer, Worker

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import make_windows
from lstmwidgets.reports.batch import batch
from lstmwidgets.reports.batch.events import SeriesEnded
from lstmwidgets.shipped import report_template

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
FILE = "m4_hourly_train.csv"
SAVED = environments.FOLDER / "batch.json"

SETTINGS = {"sequence_length": 48, "horizon": 48, "units": 32, "epochs": 5}
CONFIG = LSTMConfig(**SETTINGS)
ONE, TWO = "lstmwidgets batch, 1 worker", "lstmwidgets batch, 2 workers"
ALONE = "a fresh papermill process, forecast alone"
REPORT = "a fresh papermill process, whole report"
EACH, TOGETHER = "neuralforecast, a model for each", "neuralforecast, one model for all"
PEER = Peer("neuralforecast", "neuralforecast_batch.py", "neuralforecast")

AT_TWO, OVER_PAPERMILL, FLAT = 1.7, 20.0, 0.15
PROCESS_SECONDS = 600
LOOK_SECONDS = 0.25
ALL_WINDOWS = 1024
"""Windows a step of the model for all: neuralforecast's own default."""

CELL = """import lstmwidgets as lw
config = lw.LSTMConfig(sequence_length=sequence_length, horizon=horizon, units=units, epochs=epochs)
lw.Study(csv, config).save(out)"""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    series: int
    rounds: int
    each: int  # series that neuralforecast does in a round
    counts: tuple[int, ...]  # series of the batches whose cost is compared, in the order that they are run


WHOLE = Plan(series=200, rounds=3, each=10, counts=(10, 100, 1000, 100, 10))
QUICK = Plan(series=20, rounds=1, each=3, counts=(10, 40, 10))


@dataclass
class BatchRun:
    """One batch: all seconds, those to the first result, and what a series cost once workers were warm."""

    whole: float
    start: float
    warm: float
    peak: int


@dataclass
class Found:
    """Everything measured in one run; ``missing`` says why neuralforecast has no figures."""

    plan: Plan
    machine: dict[str, Any]
    batches: dict[str, list[BatchRun]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    by_count: dict[int, list[BatchRun]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: str = ""

    def keep(self) -> None:
        """Write all that was measured so far, for `--redraw`, should the run be cut off."""
        SAVED.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def kept(cls) -> Found:
        saved = json.loads(SAVED.read_text())
        saved["plan"] = Plan(**saved["plan"])
        for name, key in (("batches", str), ("by_count", int)):
            saved[name] = {key(k): [BatchRun(**run) for run in runs] for k, runs in saved[name].items()}
        return cls(**saved)


def read_m4(folder: Path) -> dict[str, np.ndarray]:
    """Values of M4's hourly series, by id."""
    path = folder / FILE
    if not path.exists():
        sys.exit(
            f"there is no {FILE} in {folder}: take it from the M4 competition's repository, and name its "
            "folder with --data"
        )
    table = pd.read_csv(path, index_col=0)
    return {
        str(name): row[~np.isnan(row)] for name, row in zip(table.index, table.to_numpy(float), strict=True)
    }


def panel_of(m4: dict[str, np.ndarray], count: int) -> pd.DataFrame:
    """A long frame of so many series, evenly taken from all; beyond their number they come again."""
    names = list(m4)
    places = np.arange(count) % len(names) if count > len(names) else np.linspace(0, len(names) - 1, count)
    frames = []
    for number, name in enumerate(names[int(place)] for place in places):
        times = pd.date_range("2020-01-01", periods=len(m4[name]), freq="h")
        again = f" ({number // len(names) + 1})" if number >= len(names) else ""
        frames.append(pd.DataFrame({"unique_id": f"{name}{again}", "ds": times, "y": m4[name]}))
    return pd.concat(frames, ignore_index=True)


def steps_of(rows: pd.DataFrame) -> int:
    """Updates of the weights in our training of one series."""
    windows = make_windows(rows.set_index("ds")["y"].asfreq("h"), CONFIG)
    return CONFIG.epochs * -(-len(windows.train) // CONFIG.batch_size)


@contextmanager
def watched() -> Iterator[list[int]]:
    """The most bytes that any process started meanwhile holds, as seen four times a second."""
    here, over = psutil.Process(), threading.Event()
    before, most = {child.pid for child in here.children(recursive=True)}, [0]

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            for child in here.children(recursive=True):
                if child.pid not in before:
                    try:
                        most[0] = max(most[0], child.memory_info().rss)
                    except psutil.Error:
                        continue  # it has ended

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def run_batch(panel: pd.DataFrame, workers: int) -> BatchRun:
    """Forecasts for a panel, into a folder of its own; a series that fails ends the benchmark."""
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder, watched() as most:
        began = time.perf_counter()

        def note(event: Any) -> None:
            if isinstance(event, SeriesEnded):
                ends.append(time.perf_counter() - began)

        result = batch(
            panel, Path(folder) / "out", workers=workers, forecasts_only=True, on_event=note, **SETTINGS
        )
        whole = time.perf_counter() - began
    if result.failed:
        sys.exit(f"{len(result.failed)} series failed, the first: {next(iter(result.failed.items()))}")
    first = 2 * workers  # of each worker, one that compiles and one beside those that still do
    return BatchRun(whole, ends[0], (ends[-1] - ends[first - 1]) / (len(ends) - first), most[0])


def run_papermill(rows: pd.DataFrame, notebook: Path | None) -> float:
    """Seconds of a papermill process for one series; without a notebook, one that only forecasts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows[["ds", "y"]].to_csv(folder / "data.csv", index=False)
        (folder / "out").mkdir()
        given = {"csv": str(folder / "data.csv"), "out": str(folder / "out"), **SETTINGS}
        if notebook is None:
            notebook = folder / "forecast.ipynb"
            parameters = nbformat.v4.new_code_cell("\n".join(f"{key} = None" for key in given))
            parameters.metadata["tags"] = ["parameters"]
            cells = [parameters, nbformat.v4.new_code_cell(CELL)]
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), notebook)
        command = [sys.executable, "-m", "papermill", notebook, folder / "done.ipynb", "--no-progress-bar"]
        for key, value in given.items():
            command += ["-p", key, str(value)]
        began = time.perf_counter()
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PROCESS_SECONDS)
        seconds = time.perf_counter() - began
        if ran.returncode or not (folder / "out" / "metrics.json").exists():
            sys.exit(f"papermill failed:\n{ran.stderr[-2000:]}")
        return seconds


class Neuralforecast:
    """Its process in its own environment; without one, every question is answered by nothing."""

    def __init__(self, found: Found, panel: pd.DataFrame, install: bool) -> None:
        self._found, self._worker = found, None
        self._groups = dict(list(panel.groupby("unique_id", sort=False)))
        python = environments.python_of(PEER.name)
        if python is None and install:
            python = environments.make(PEER.name)
        if python is None:
            found.missing = f"not installed: `batch.py --install` makes .bench/{PEER.name}"
            return
        path = environments.FOLDER / "panel.parquet"
        panel.to_parquet(path)
        self._worker = Worker(PEER, python)
        found.versions = self._answer().get("versions", {})
        self._answer(panel=str(path))

    def each(self, ids: Sequence[str]) -> list[float]:
        """Seconds of a model for each, with as many steps as ours takes."""
        return self._ask(ids, [steps_of(self._groups[one]) for one in ids], CONFIG.batch_size, False)

    def together(self) -> list[float]:
        """Seconds a series of one model for all, which is shown as many windows as all ours are."""
        ids = list(self._groups)
        windows = CONFIG.batch_size * sum(steps_of(self._groups[one]) for one in ids)
        return [one / len(ids) for one in self._ask(ids, [windows // ALL_WINDOWS], ALL_WINDOWS, True)]

    def end(self) -> None:
        if self._worker is not None:
            self._worker.end()

    def _ask(self, ids: Sequence[str], steps: list[int], windows: int, together: bool) -> list[float]:
        settings = {**CONFIG.model_dump(), "windows": windows}
        asked = {"ids": list(ids), "steps": steps, "together": together, "settings": settings}
        return list(self._answer(**asked).get("seconds", []))

    def _answer(self, **asked: Any) -> dict[str, Any]:
        if self._worker is None:
            return {}
        if asked:
            self._worker.tell(**asked)
        try:
            return self._worker.answer(START_SECONDS)
        except Failed as failure:
            self._found.missing = f"failed: {failure}"
            self.end()
            self._worker = None
            return {}


def measure(plan: Plan, m4: dict[str, np.ndarray], install: bool) -> Found:
    """Every way in turn, the turn's order rotated from round to round; then batches of other sizes."""
    found = Found(plan, results.machine())
    panel = panel_of(m4, plan.series)
    ids = list(panel["unique_id"].unique())
    rival = Neuralforecast(found, panel, install)

    def rows(number: int) -> pd.DataFrame:
        return panel[panel["unique_id"] == ids[number % len(ids)]]

    ways: dict[str, Callable[[int], list[Any]]] = {
        ONE: lambda number: [run_batch(panel, 1)],
        ALONE: lambda number: [run_papermill(rows(2 * number + other), None) for other in (0, 1)],
        TWO: lambda number: [run_batch(panel, 2)],
        REPORT: lambda number: [run_papermill(rows(number), report_template())],
        EACH: lambda number: rival.each(ids[number * plan.each : (number + 1) * plan.each]),
    }
    names = list(ways)
    try:
        for number in range(plan.rounds):
            turn = number % len(names)
            for way in names[turn:] + names[:turn]:
                print(f"round {number + 1} of {plan.rounds}: {way} …", file=sys.stderr, flush=True)
                kept: dict[str, list[Any]] = found.batches if way in (ONE, TWO) else found.seconds
                kept.setdefault(way, []).extend(ways[way](number))
                found.keep()
        found.seconds[TOGETHER] = rival.together()
    finally:
        rival.end()
    for count in plan.counts:
        print(f"{count} series with 2 workers …", file=sys.stderr, flush=True)
        found.by_count.setdefault(count, []).append(run_batch(panel_of(m4, count), 2))
        found.keep()
    return found


def report(found: Found) -> str:
    """Tables and targets, in Markdown."""
    count = found.plan.series
    whole = {way: [run.whole / count for run in runs] for way, runs in found.batches.items()}
    costs = {**whole, **{way: each for way, each in found.seconds.items() if each}}
    base = float(np.median(costs[ONE]))
    lines = ["| | s a series | series/s | cost, times 1 worker's | s once warm |", "|---|--:|--:|--:|--:|"]
    for way in (ONE, TWO, ALONE, REPORT, EACH, TOGETHER):
        if way not in costs:
            lines.append(f"| {way} | {found.missing} | | | |")
            continue
        middle = float(np.median(costs[way]))
        warm = [run.warm for run in found.batches.get(way, [])]
        lines.append(
            f"| {way} | {_spread(costs[way])} | {1 / middle:.2f} | {middle / base:.2f} | "
            f"{_spread(warm) if warm else ''} |"
        )
    sizes = ["| series | s a series once warm | s to the first | s in all | most memory of a worker |"]
    sizes.append("|--:|--:|--:|--:|--:|")
    for size, runs in sorted(found.by_count.items()):
        warm, starts, wholes = ([getattr(run, name) for run in runs] for name in ("warm", "start", "whole"))
        most = max(run.peak for run in runs) / 1e6
        sizes.append(
            f"| {size:,} | {_spread(warm)} | {_spread(starts, 1)} | {_spread(wholes, 1)} | {most:.0f} MB |"
        )
    about = f"{results.about(found.machine)}; {', '.join(f'{k} {v}' for k, v in found.versions.items())}."
    what = (
        f"{count} series of M4 Hourly, forecasts only; {CONFIG.sequence_length} steps to read, "
        f"{CONFIG.horizon} ahead, {CONFIG.units} units, {CONFIG.epochs} epochs in batches of "
        f"{CONFIG.batch_size}. Median, smallest and largest in brackets: {found.plan.rounds} batches of each "
        f"kind, from start to end; {2 * found.plan.rounds} and {found.plan.rounds} papermill processes; "
        f"{len(found.seconds.get(EACH, []))} of neuralforecast's models, 1 of its model for all."
    )
    return "\n\n".join(
        [about, what, "\n".join(lines), "\n".join(sizes), results.verdict_table(_verdicts(found, costs))]
    )


def _verdicts(found: Found, costs: dict[str, list[float]]) -> list[tuple[str, str, bool | None]]:
    def warm(runs: list[BatchRun]) -> float:
        return float(np.median([run.warm for run in runs]))

    at_two = warm(found.batches[ONE]) / warm(found.batches[TWO])
    over = float(np.median(costs[ALONE]) / np.median(costs[ONE]))
    by_size = [warm(runs) for _, runs in sorted(found.by_count.items())]
    apart = max(by_size) / min(by_size) - 1
    return [
        (f"{AT_TWO:g}× the series per second with 2 workers, once warm", f"{at_two:.2f}×", at_two >= AT_TWO),
        (
            f"{OVER_PAPERMILL:g}× a fresh papermill process, with 1 worker",
            f"{over:.1f}×",
            over >= OVER_PAPERMILL,
        ),
        (
            f"the same cost a series for {', '.join(f'{size:,}' for size in sorted(found.by_count))}, "
            f"within {FLAT:.0%}",
            f"{apart:.0%}",
            apart <= FLAT,
        ),
    ]


def _spread(seconds: Sequence[float], digits: int = 3) -> str:
    middle = f"{np.median(seconds):.{digits}f}"
    if len(seconds) == 1:
        return middle
    return f"{middle} ({min(seconds):.{digits}f}–{max(seconds):.{digits}f})"


def main() -> None:
    """Measure, print, and where asked for write."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="20 series, one round, batches of 10 and 40")
    options.add_argument(
        "--install", action="store_true", help="make neuralforecast's environment if missing"
    )
    options.add_argument("--write", action="store_true", help="put the tables into benchmarks/README.md")
    options.add_argument("--redraw", action="store_true", help="report the last run again, measuring nothing")
    options.add_argument(
        "--data", type=Path, default=DATA, help=f"folder of {FILE} (default: ../shared/data)"
    )
    chosen = options.parse_args()
    if chosen.redraw:
        if not SAVED.exists():
            sys.exit("there is no last run to report: leave --redraw out")
        found = Found.kept()
    else:
        m4 = read_m4(chosen.data)
        if (load := results.load()) > BUSY:
            print(f"Others keep {load:.2f} cores busy: the figures will be off.", file=sys.stderr)
        environments.FOLDER.mkdir(exist_ok=True)
        found = measure(QUICK if chosen.quick else WHOLE, m4, chosen.install)
    text = report(found)
    print(text)
    if chosen.write:
        results.write_section(HERE / "README.md", "batch.py", text)


if __name__ == "__main__":
    main()
