"""Workers on this machine: processes of our own, which end with us."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, WorkerPlugin
from distributed.system import MEMORY_LIMIT

from lstmwidgets.errors import Unavailable
from lstmwidgets.workers.crew import Crew

WORKER_BYTES = 1_500_000_000
"""What a worker is reckoned to need: TensorFlow and a training of the default size take 0.9 GB."""

_CONFIG = {
    "distributed.worker.multiprocessing-method": "spawn",  # a forked TensorFlow can deadlock
    "distributed.worker.profile.enabled": False,
    # Results are small and leave at once: nothing to spill, and a paused worker would wait for ever.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.diagnostics.nvml": False,
}

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""Variables that say how many threads a worker's libraries take."""


def default_workers() -> int:
    """One for each core, for most of what a training costs runs on one; fewer where memory is short."""
    return max(1, min(CPU_COUNT, MEMORY_LIMIT // WORKER_BYTES))


@contextmanager
def own_crew(workers: int | None, plugin: WorkerPlugin) -> Iterator[Crew]:
    """Workers on this machine, stopped in the end: see `lstmwidgets.workers.crew.crew_of`."""
    count = workers or default_workers()
    threads = str(max(1, CPU_COUNT // count))
    limit = int(MEMORY_LIMIT // count)
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="lstmwidgets-", ignore_cleanup_errors=True)
        )
        # A worker that is killed leaves its files where they are taken away with all others.
        environment = {**dict.fromkeys(_THREADS, threads), "TMPDIR": folder}
        stack.enter_context(dask.config.set(_CONFIG))
        stack.enter_context(_environment_kept())
        with _starting(Path(folder) / "start.log"):
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=count,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=limit,
                    local_directory=folder,
                    env=environment,
                    silence_logs=logging.CRITICAL,
                )
            )
            client = stack.enter_context(Client(cluster, set_as_default=False))
        client.register_plugin(plugin)
        yield Crew(client, cluster.dashboard_link, limit, ours=True)


@contextmanager
def _starting(log: Path) -> Iterator[None]:
    """While workers are started: what they print goes to a file, and Ctrl-C is heard a second later.

    In a terminal it reaches them too, at a moment when they know no better than to end in a traceback.
    """
    heard = []
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(True)) if main else None
    try:
        with _errors_to(log):
            yield
    except Exception as error:
        if heard:
            raise KeyboardInterrupt from None
        said = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] or [str(error)]
        raise Unavailable(
            f"the workers did not start ({said[-1].strip()}). In a script, make the call below `if __name__ "
            '== "__main__":`: each worker reads the script'
        ) from error
    finally:
        if main:
            signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt


@contextmanager
def _errors_to(log: Path) -> Iterator[None]:
    """Have standard error go to a file, that of processes started meanwhile too."""
    sys.stderr.flush()
    kept = os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Dask sets variables for its workers in this process too, and leaves them there."""
    names = dask.config.get("distributed.nanny.pre-spawn-environ", {})
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
