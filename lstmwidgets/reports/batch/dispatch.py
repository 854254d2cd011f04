"""Jobs handed out to a crew, and their outcomes taken back: few at a time, none lost, none twice."""

from __future__ import annotations

import queue
import secrets
import time as clock
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from distributed import Future, KilledWorker

from lstmwidgets.errors import Unavailable, in_short
from lstmwidgets.reports.batch.events import BatchNote
from lstmwidgets.reports.batch.memory import killed
from lstmwidgets.reports.batch.series import Series
from lstmwidgets.reports.batch.work import Outcome, run
from lstmwidgets.workers.crew import Crew

_AHEAD = 2  # jobs for each worker: one that runs, and one that is there when it ends
_LOOK_SECONDS = 2.0
_ALONE_SECONDS = 180.0  # this machine starts a worker again within some seconds, or cannot


def hand_out(to_do: Sequence[int], series: Series, crew: Crew) -> None:
    """Have every job done. Dask tries one again whose worker is lost; the first result counts.

    A job that several workers died over may only have waited in their company. It is tried once more at the
    end, alone: then it is known which one to blame.

    Parameters
    ----------
    to_do : sequence of int
        Numbers of series.
    """
    if max(crew.threads().values(), default=1) > 1:
        series.tell(BatchNote("a worker does one series at a time: `dask worker --nworkers` uses more cores"))
    suspects = _Round(to_do, series, crew).run()
    for number in suspects:
        for still in _Round([number], series, crew).run():
            series.settle(still, Outcome(reason=killed(crew.memory_limit)))


@dataclass
class _Round:
    """Jobs under way."""

    to_do: Sequence[int]
    series: Series
    crew: Crew
    waiting: deque[int] = field(init=False)
    running: dict[Future, int] = field(default_factory=dict)
    ended: queue.SimpleQueue[Future] = field(default_factory=queue.SimpleQueue)
    suspects: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.waiting = deque(self.to_do)
        self._name = secrets.token_hex(4)
        self._workers = self.crew.threads()
        self._looked = self._manned = clock.monotonic()

    def run(self) -> list[int]:
        """Do them; the numbers of those over which workers died."""
        try:
            while self.waiting or self.running:
                self._submit()
                with suppress(queue.Empty):
                    self._take(self.ended.get(timeout=_LOOK_SECONDS))
                self._look()
        except OSError as error:  # of the connection: those of the disk are told by the ledger
            raise Unavailable(
                "the Dask scheduler went away: what is finished stays. Run the same command again, and it "
                "goes on with the rest"
            ) from error
        finally:
            if self.running and self.crew.client.status == "running":
                self.crew.client.cancel(list(self.running), force=True)
        return self.suspects

    def _submit(self) -> None:
        while self.waiting and len(self.running) < _AHEAD * max(1, len(self._workers)):
            number = self.waiting.popleft()
            future = self.crew.client.submit(
                run, self.series.job(number), key=f"series-{self._name}-{number}", pure=False
            )
            self.running[future] = number
            future.add_done_callback(self.ended.put)

    def _take(self, future: Future) -> None:
        number = self.running.pop(future)
        if future.status == "cancelled":
            raise ConnectionError
        error = future.exception()
        if error is None:
            self.series.settle(number, future.result())
        elif isinstance(error, KilledWorker):
            self.suspects.append(number)
        else:
            self.series.settle(number, Outcome(reason=in_short(error)))

    def _look(self) -> None:
        """See who is there, now and then: workers come and go."""
        if clock.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = clock.monotonic()
        now = self.crew.threads()
        lost = [address for address in self._workers if address not in now]
        if lost:
            left = "its series is" if len(lost) == 1 else "their series are"
            rest = "" if now else "; none is left, and the rest waits for one to come"
            self.series.tell(BatchNote(f"lost {', '.join(lost)}: {left} tried on another worker{rest}"))
        self._workers = now
        if now:
            self._manned = self._looked
        elif self.crew.ours and self._looked - self._manned > _ALONE_SECONDS:
            raise Unavailable(
                "all workers were lost, and none could be started again: what is finished stays. See whether "
                "memory or disk space ran out, then run the same command again: it goes on with the rest"
            )
