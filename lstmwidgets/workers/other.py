"""The workers of a Dask scheduler, by its address; used only where they would give our numbers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from distributed import Client, Security, WorkerPlugin
from distributed.core import rpc

from lstmwidgets.errors import Unavailable, in_short
from lstmwidgets.model.storage import versions
from lstmwidgets.workers.crew import Crew

CONNECT_SECONDS = 8

_PYTHON = ".".join(map(str, sys.version_info[:2]))


@contextmanager
def other_crew(address: str, plugin: WorkerPlugin) -> Iterator[Crew]:
    """The workers of a scheduler, which stay; see `lstmwidgets.workers.crew.crew_of`."""
    client = _connected(address)
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
                "depend on where a training runs"
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
