"""The workers of a batch: a Dask cluster of this machine's own, or any other by its address."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster, Security
from distributed.core import rpc
from distributed.system import MEMORY_LIMIT

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.storage import versions
from lstmwidgets.reports.batch.work import Warm, in_short
from lstmwidgets.reports.single.refusals import Unavailable

CONNECT_SECONDS = 8
MOST_WORKERS = 1024
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

_PYTHON = ".".join(map(str, sys.version_info[:2]))
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""Variables that say how many threads a worker's libraries take."""


@dataclass(frozen=True)
class Crew:
    """Workers that are ready.

    Attributes
    ----------
    client : distributed.Client
    dashboard : str
        Address of Dask's own page.
    memory_limit : int or None
        Bytes at which a worker is stopped; None where that is not this batch's to say.
    ours : bool
        Whether they were started for this batch.
    """

    client: Client
    dashboard: str
    memory_limit: int | None
    ours: bool

    def threads(self) -> dict[str, int]:
        """How many threads each worker has, by the workers' addresses."""
        found: dict[str, int] = self.client.nthreads()
        return found


@contextmanager
def crew_of(workers: int | None, scheduler: str | None, forecasts_only: bool) -> Iterator[Crew]:
    """Workers on this machine, stopped in the end; or those of a scheduler, which stay.

    Parameters
    ----------
    workers : int, optional
        How many processes; by default one for each core, as far as memory goes.
    scheduler : str, optional
        Address of a Dask scheduler, for example ``"tcp://10.0.0.5:8786"``.
    forecasts_only : bool
        What the workers get ready for.

    Raises
    ------
    Unavailable
        When the scheduler does not answer, has no workers, or when packages differ there; or when no process
        can be started.
    """
    with _own(workers, forecasts_only) if scheduler is None else _other(scheduler, forecasts_only) as crew:
        yield crew


def checked(workers: int | None, scheduler: str | None) -> None:
    """Refuse what cannot be meant, before anything is started."""
    if scheduler is not None and workers is not None:
        raise LSTMWidgetsError(
            f"workers={workers!r} and scheduler={scheduler!r} exclude each other: a scheduler has its workers"
        )
    whole = isinstance(workers, int) and not isinstance(workers, bool)
    if workers is not None and not (whole and 1 <= workers <= MOST_WORKERS):
        raise LSTMWidgetsError(
            f"workers={workers!r} is not accepted: workers takes a whole number from 1 to {MOST_WORKERS}"
        )


def default_workers() -> int:
    """One for each core, for most of what a series costs runs on one; fewer where memory is short."""
    return max(1, min(CPU_COUNT, MEMORY_LIMIT // WORKER_BYTES))


@contextmanager
def _own(workers: int | None, forecasts_only: bool) -> Iterator[Crew]:
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
        client.register_plugin(Warm(forecasts_only, ours=True))
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
            f"the workers did not start ({said[-1].strip()}). In a script, call batch() below `if __name__ "
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


@contextmanager
def _other(address: str, forecasts_only: bool) -> Iterator[Crew]:
    client = _connected(address)
    plugin = Warm(forecasts_only, ours=False)
    try:
        _check_workers(client, address)
        client.register_plugin(plugin)
        try:
            yield Crew(client, client.dashboard_link, None, ours=False)
        finally:
            with suppress(OSError):  # the scheduler may be gone
                client.unregister_worker_plugin(plugin.name)
    finally:
        client.close(timeout=5)


def _connected(address: str) -> Client:
    """A client of the scheduler; one that found none would hang for long when it is dropped."""
    try:
        with ThreadPoolExecutor(1) as pool:  # this thread may have an event loop at work, as in a notebook
            kind = pool.submit(lambda: asyncio.run(_kind_at(address))).result()
        if kind != "Scheduler":
            raise ValueError(f"there is a Dask {kind.lower()} there")
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # whatever answers there may say anything
        raise Unavailable(
            f"no Dask scheduler answers at {address!r} ({in_short(error)}): check the address, which looks "
            "like tcp://host:8786, and that `dask scheduler` runs there and can be reached from here"
        ) from None


async def _kind_at(address: str) -> str:
    """What stands at an address: "Scheduler", "Worker" or "Nanny"."""
    arguments = Security().get_connection_args("client")
    async with rpc(address, timeout=CONNECT_SECONDS, connection_args=arguments) as there:
        return str((await asyncio.wait_for(there.identity(), CONNECT_SECONDS))["type"])


def _check_workers(client: Client, address: str) -> None:
    """Refuse a cluster that would give other numbers, or none."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise Unavailable(
            f"the scheduler at {address!r} has no workers: start one with `dask worker {address}`, in an "
            "environment that has lstmwidgets"
        ) from None
    ours = {**versions(), "python": _PYTHON}
    for place, theirs in _versions_at(client, address, list(ours)).items():
        if theirs["lstmwidgets"] is None:
            raise Unavailable(
                f"{place} has no lstmwidgets: install lstmwidgets {ours['lstmwidgets']} in the environment "
                "that Dask runs in there"
            )
        other = [f"{name} {theirs[name]} (here {ours[name]})" for name in ours if theirs[name] != ours[name]]
        if other:
            raise Unavailable(
                f"{place} has {', '.join(other)}: install the same versions there as here, or numbers would "
                "depend on where a series is computed"
            )


def _versions_at(client: Client, address: str, names: list[str]) -> dict[str, dict[str, str | None]]:
    """Versions of packages, and of Python, at the scheduler and at each worker."""

    def found(
        names: list[str],
    ) -> dict[str, str | None]:  # sent as it stands, for it may not be there
        import sys
        from importlib.metadata import PackageNotFoundError, version

        there: dict[str, str | None] = {}
        for name in names:
            try:
                there[name] = version(name)
            except PackageNotFoundError:
                there[name] = None
        return {**there, "python": ".".join(map(str, sys.version_info[:2]))}

    workers = client.run(found, names)
    scheduler = client.run_on_scheduler(found, names)
    return {
        f"the scheduler at {address}": scheduler,
        **{f"the worker at {each}": there for each, there in workers.items()},
    }
