"""The kernels of an app's visitors: so many at most, and none for longer than somebody uses it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado import web
from traitlets import Integer, default

GONE_SECONDS = 60
"""So long a kernel waits for a page that never came, or whose connection broke without a word."""


class ThisPython(KernelSpecManager):
    """Knows one kernel: that of the Python which runs the server, whatever else is installed."""

    @default("kernel_dirs")
    def _no_folders(self) -> list[str]:
        return []  # what is left is the kernel in ipykernel itself


@dataclass
class Seat:
    """A visitor's place: how many connections its page holds, and since when none."""

    connections: int = 0
    visited: bool = False
    empty_since: float = field(default_factory=time.monotonic)

    @property
    def empty_for(self) -> float:
        """Seconds."""
        return 0.0 if self.connections else time.monotonic() - self.empty_since


class VisitorKernels(AsyncMappingKernelManager):
    """One kernel a visitor, up to a limit; ended when its page is gone, when it is idle and when it died.

    A page that is closed says so, and its kernel ends at once; what is done here is for all the others.
    """

    most = Integer(4, min=1, config=True, help="So many kernels at a time.")

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._seats: dict[str, Seat] = {}

    async def start_kernel(self, **options: Any) -> str:  # type: ignore[override]  # as the base class has it
        """Start a visitor's kernel, if need be in the seat of one left behind; 503 when all are taken."""
        if len(self._seats) >= self.most:
            await self._end_one_left_behind()
        if len(self._seats) >= self.most:
            raise web.HTTPError(503, "all %s seats are taken", self.most)
        kernel_id = self.new_kernel_id()
        self._seats[kernel_id] = Seat()
        try:
            return str(await super().start_kernel(kernel_id=kernel_id, **options))
        except BaseException:
            self._seats.pop(kernel_id, None)
            raise

    async def shutdown_kernel(  # type: ignore[override]  # as the base class has it
        self, kernel_id: str, now: bool = True, restart: bool = False
    ) -> None:
        """End a kernel. Its seat is free at once: who reloads the page must not be told to wait."""
        self._seats.pop(kernel_id, None)
        await super().shutdown_kernel(kernel_id, now=now, restart=restart)

    def notify_connect(self, kernel_id: str) -> None:
        """Notice that a page has connected."""
        super().notify_connect(kernel_id)
        if seat := self._seats.get(kernel_id):
            seat.connections += 1
            seat.visited = True

    def notify_disconnect(self, kernel_id: str) -> None:
        """Notice that a page is gone."""
        super().notify_disconnect(kernel_id)
        if seat := self._seats.get(kernel_id):
            seat.connections -= 1
            seat.empty_since = time.monotonic()

    def touch(self, kernel_id: str) -> None:
        """Notice that a visitor does something on the page of which the kernel need not hear."""
        self.get_kernel(kernel_id).last_activity = datetime.now(UTC)

    def seconds_left(self, kernel_id: str) -> float:
        """Until a kernel is ended for being idle."""
        idle = datetime.now(UTC) - self.get_kernel(kernel_id).last_activity
        return max(0.0, self.cull_idle_timeout - idle.total_seconds())

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that is idle, left behind or dead; asked of each in turn, every few seconds."""
        kernel, seat = self.get_kernel(kernel_id), self._seats.get(kernel_id)
        if not await ensure_async(kernel.is_alive()):
            why = "it died"
        elif seat is not None and seat.empty_for > GONE_SECONDS:
            why = "its page is gone"
        elif kernel.execution_state != "busy" and not self.seconds_left(kernel_id):
            why = f"nobody used it for {self.cull_idle_timeout} seconds"
        else:
            return
        self.log.info("Ending kernel %s: %s", kernel_id, why)
        await self.shutdown_kernel(kernel_id)

    async def _end_one_left_behind(self) -> None:
        """End the kernel whose page has been gone for longest; one whose page is still to come is spared."""
        left = {each: seat.empty_for for each, seat in self._seats.items() if seat.visited and seat.empty_for}
        if left:
            await self.shutdown_kernel(max(left, key=left.__getitem__))
