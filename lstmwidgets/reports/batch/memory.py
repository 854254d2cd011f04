"""What a worker may hold: the kernel in which it makes reports, and which Dask does not see, counts too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psutil

from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.reports.single.kernels import WarmKernel

_LOOK_SECONDS = 0.1  # as often as Dask looks at a worker


_REMEDY = "give it fewer units, a smaller batch_size or fewer workers"


def killed(limit: int | None) -> str:
    """Why a series failed over which workers died, and what to do.

    Parameters
    ----------
    limit : int or None
        Bytes that each worker may hold, where that is known.

    Examples
    --------
    >>> killed(1_500_000_000).partition(":")[0]
    'every worker that tried it was killed, most often because memory ran out (each may hold 1.5 GB)'
    """
    each = "" if limit is None else f" (each may hold {limit / 1e9:.1f} GB)"
    return f"every worker that tried it was killed, most often because memory ran out{each}: {_REMEDY}"


@contextmanager
def bounded(kernel: WarmKernel, limit: int | None) -> Iterator[None]:
    """End the kernel when it and this process hold more than that: the series fails, the worker goes on.

    Parameters
    ----------
    kernel : WarmKernel
        What runs meanwhile.
    limit : int or None
        Bytes; None for no limit.

    Raises
    ------
    LSTMWidgetsError
        In place of whatever a kernel that was ended so leads to.
    """
    if limit is None:
        yield
        return
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        here = psutil.Process()
        while not done.wait(_LOOK_SECONDS):
            with suppress(psutil.Error):  # it is starting, or ending
                process = None if kernel.pid is None else psutil.Process(kernel.pid)
                if process is not None and _held(here) + _held(process) > limit:
                    over.set()
                    process.kill()
                    return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    except Exception as error:
        if over.is_set():
            raise LSTMWidgetsError(
                f"memory ran out: it took more than the {limit / 1e9:.1f} GB that each worker may hold. "
                f"{_REMEDY.capitalize()}"
            ) from error
        raise
    finally:
        done.set()
        watcher.join()


def _held(process: psutil.Process) -> int:
    return int(process.memory_info().rss)
