"""What is done on each worker before its first task: it falls silent, and imports what it will need."""

from __future__ import annotations

import asyncio
import atexit
import importlib
import os
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin


class Ready(WorkerPlugin):
    """Gets a worker ready: what it will need is imported before, and beside, its first task.

    Parameters
    ----------
    modules : sequence of str
        What is imported, with all that it imports in its turn.
    ours : bool
        Whether the worker was started by us: what it and TensorFlow print then goes to a file.
    """

    def __init__(self, modules: Sequence[str], ours: bool) -> None:
        self.name = f"lstmwidgets-{secrets.token_hex(4)}"  # two crews may share a scheduler
        self.modules, self.ours = tuple(modules), ours

    def setup(self, worker: Any) -> None:
        """Called by Dask on every worker, also on one that comes later."""
        if self.ours:
            _quiet(Path(worker.local_directory) / "output.log")
            atexit.register(
                os._exit, 0
            )  # taking TensorFlow apart lasts longer than Dask waits before it kills
            with suppress(ValueError):  # not in the main thread
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it ends it
        threading.Thread(target=_import, args=(self.modules,), daemon=True).start()


async def imported(modules: Sequence[str]) -> None:
    """On a worker, by ``Client.run``: wait until these are imported, still hearing what it is told."""
    await asyncio.to_thread(_import, modules)


def _quiet(log: Path) -> None:
    """Send what this process prints to a file: a progress bar of each worker helps nobody."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(handle, number)
    os.close(handle)


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)
