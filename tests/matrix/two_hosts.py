"""A batch over two hosts, a worker of which is killed half-way: every series is there, once.

Two network namespaces stand for the hosts, joined by virtual links: the scheduler and the batch in one,
two workers in the other. A script of its own, for it needs root and iproute2:

    sudo .venv/bin/python tests/matrix/two_hosts.py [--series 200]
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
M4 = ROOT.parent / "shared" / "data" / "m4_hourly_train.csv"
HERE, THERE = "10.77.86.1", "10.77.86.2"
SCHEDULER = f"tcp://{HERE}:8786"
HORIZON = 24
TINY = {"sequence_length": 24, "horizon": HORIZON, "units": 4, "epochs": 1}
PATIENCE_SECONDS = 60


def panel(count: int) -> pd.DataFrame:
    """M4 Hourly where it lies beside the repository, else series of the same lengths and cycle."""
    series = {}
    if M4.exists():
        with M4.open(newline="") as file:
            for row in list(csv.reader(file))[1 : count + 1]:
                series[row[0]] = np.array([float(cell) for cell in row[1:] if cell not in ("", "NA")])
    rng = np.random.default_rng(0)
    while len(series) < count:
        steps = np.arange(rng.choice([700, 960]))
        series[f"G{len(series) + 1}"] = (
            100 + 20 * np.sin(steps * 2 * np.pi / 24) + rng.normal(0, 5, len(steps))
        )
    return pd.concat(
        pd.DataFrame(
            {"unique_id": name, "ds": pd.date_range("2020-01-01", periods=len(values), freq="h"), "y": values}
        )
        for name, values in series.items()
    )


@contextlib.contextmanager
def hosts() -> Iterator[tuple[str, str]]:
    """The names of two namespaces that reach each other, and nothing else."""
    here, there = (f"lstmwidgets-{os.getpid()}-{each}" for each in ("a", "b"))
    link = f"lw{os.getpid() % 10**6}"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, timeout=30)

    try:
        for name in (here, there):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip(
            "link",
            "add",
            f"{link}a",
            "netns",
            here,
            "type",
            "veth",
            "peer",
            "name",
            f"{link}b",
            "netns",
            there,
        )
        for name, end, address in ((here, f"{link}a", HERE), (there, f"{link}b", THERE)):
            ip("-n", name, "address", "add", f"{address}/30", "dev", end)
            ip("-n", name, "link", "set", end, "up")
        yield here, there
    finally:
        for name in (here, there):
            subprocess.run(["ip", "netns", "delete", name], check=False, timeout=30)


@contextlib.contextmanager
def started(host: str, log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of Dask on a host, ended with all that it started."""
    command = ["ip", "netns", "exec", host, sys.executable, "-m", "dask", *words, "--no-dashboard"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its whole group, as a host that loses its power does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def wait_until(log: Path, words: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while words not in log.read_text(errors="replace"):
        if time.monotonic() > deadline:
            raise SystemExit(f"{log.name} never said {words!r}:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)


def outside(count: int, folder: Path) -> int:
    """Set up both hosts, and run the batch on the first."""
    panel(count).to_parquet(folder / "panel.parquet")
    logs = [folder / f"{name}.log" for name in ("scheduler", "worker-1", "worker-2")]
    with hosts() as (here, there), contextlib.ExitStack() as stack:
        stack.enter_context(started(here, logs[0], "scheduler", "--host", HERE, "--port", "8786"))
        wait_until(logs[0], "Scheduler at")
        workers = []
        for log in logs[1:]:
            words = ("worker", SCHEDULER, "--nthreads", "1", "--local-directory", str(folder / log.stem))
            workers.append(stack.enter_context(started(there, log, *words)))
        for log in logs[1:]:
            wait_until(log, "Registered to")
        inside = [sys.executable, __file__, "--inside", str(folder), "--kill", str(workers[0].pid)]
        return subprocess.run(["ip", "netns", "exec", here, *inside], check=False, timeout=1800).returncode


def inside(folder: Path, victim: int) -> None:
    """Run the batch, kill a worker when half is done, and look at what came of it."""
    from lstmwidgets.reports.batch import batch
    from lstmwidgets.reports.batch.events import BatchNote, BatchStarted, SeriesEnded

    told: Counter[str] = Counter()

    def hear(event: object) -> None:
        if isinstance(event, BatchStarted):
            print(f"{event.series} series, {event.workers} workers at {SCHEDULER}", flush=True)
        elif isinstance(event, BatchNote):
            print(event.words, flush=True)
        elif isinstance(event, SeriesEnded):
            told[event.unique_id] += 1
            if event.ended == event.series // 2:
                os.killpg(victim, signal.SIGKILL)
                print(f"{event.ended} are done: one of both workers is killed", flush=True)

    source, out = folder / "panel.parquet", folder / "out"
    result = batch(source, out, scheduler=SCHEDULER, forecasts_only=True, on_event=hear, **TINY)
    ids = sorted(pd.read_parquet(source)["unique_id"].unique())
    forecasts = pd.read_parquet(result.forecasts)
    checks = {
        "each series is told once": told == Counter(ids),
        "none has failed": not result.failed,
        "each has one row in summary.parquet": sorted(pd.read_parquet(result.summary)["unique_id"]) == ids,
        "each has a folder": len(list((out / "series").iterdir())) == len(ids),
        f"each has {HORIZON} forecasts, once": forecasts.groupby("unique_id").size().to_dict()
        == dict.fromkeys(ids, HORIZON)
        and not forecasts.duplicated(["unique_id", "ds"]).any(),
    }
    again = batch(source, out, forecasts_only=True, **TINY)
    checks["a second run finds all of them done"] = sorted(again.reused) == ids
    for what, holds in checks.items():
        print(f"{'yes' if holds else 'NO '}  {what}")
    print(f"{len(ids)} series in {result.seconds:.0f} s")
    raise SystemExit(0 if all(checks.values()) else 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--kill", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        inside(asked.inside, asked.kill)
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("ip"):
        raise SystemExit("network namespaces need Linux, root and iproute2: sudo .venv/bin/python …")
    with tempfile.TemporaryDirectory(prefix="two-hosts-") as folder:
        return outside(asked.series, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
