"""A crew: workers that are ready, wherever they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from distributed import Client, WorkerPlugin

from lstmwidgets.errors import LSTMWidgetsError

MOST_WORKERS = 1024

Plugin = Callable[[bool], WorkerPlugin]
"""Makes what gets each worker ready, told whether the workers were started by us."""


@dataclass(frozen=True)
class Crew:
    """Workers that are ready.

    Attributes
    ----------
    client : distributed.Client
    dashboard : str
        Address of Dask's own page.
    memory_limit : int or None
        Bytes at which a worker is stopped; None where that is not ours to say.
    ours : bool
        Whether they were started by us, and end with us.
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
def crew_of(workers: int | None, scheduler: str | None, plugin: Plugin) -> Iterator[Crew]:
    """Workers on this machine, stopped in the end; or those of a scheduler, which stay.

    Parameters
    ----------
    workers : int, optional
        How many processes; by default one for each core, as far as memory goes.
    scheduler : str, optional
        Address of a Dask scheduler, for example ``"tcp://10.0.0.5:8786"``.
    plugin : callable
        Makes what is run on each worker before its first task: see `lstmwidgets.workers.ready`.

    Raises
    ------
    Unavailable
        When the scheduler does not answer, has no workers, or when packages differ there; or when no process
        can be started.
    """
    if scheduler is None:
        from lstmwidgets.workers.own import own_crew

        with own_crew(workers, plugin(True)) as crew:
            yield crew
    else:
        from lstmwidgets.workers.other import other_crew

        with other_crew(scheduler, plugin(False)) as crew:
            yield crew


def checked(workers: Any, scheduler: str | None) -> None:
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
