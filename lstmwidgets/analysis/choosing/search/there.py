"""Trials side by side on the workers of a crew: they train and tell, and what to do is decided here."""

from __future__ import annotations

import logging
import queue
import secrets
import time as clock
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from distributed import Future, KilledWorker, get_worker, wait

from lstmwidgets.analysis.choosing.search.leader import Leader
from lstmwidgets.analysis.choosing.search.trial import Attempt, Job, Outcome
from lstmwidgets.errors import Unavailable, in_short
from lstmwidgets.workers.crew import Crew, crew_of
from lstmwidgets.workers.ready import Ready, imported

log = logging.getLogger(__name__)

_MODULES = ("lstmwidgets.model.training", "lstmwidgets.model.choosing.errors")
_LOOK_SECONDS = 2.0
_GRACE_SECONDS = 5.0  # for a worker to stop in: one that is just starting cannot hear
_ALONE_SECONDS = 180.0  # this machine starts a worker again within some seconds, or cannot

_attempts: dict[str, Attempt] = {}
_told: set[str] = set()
"""On a worker: what it is at, and what it was told to end, by their keys."""


def search_there(leader: Leader, workers: int | None, scheduler: str | None) -> None:
    """Do trials on workers until there are enough, or the time is over.

    Raises
    ------
    Unavailable
        When workers cannot be had, or are lost.
    """
    with crew_of(workers, scheduler, partial(Ready, _MODULES)) as crew:
        _Round(leader, crew).run()


@dataclass
class _Round:
    """Trials under way, at most one for each worker."""

    leader: Leader
    crew: Crew
    running: dict[Future, int] = field(default_factory=dict)
    heard: queue.SimpleQueue[Future | dict[str, Any]] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self._name = f"lstmwidgets-{secrets.token_hex(4)}"
        self._workers = list(self.crew.threads())
        self._looked = self._manned = clock.monotonic()
        self._ended: float | None = None

    def run(self) -> None:
        client = self.crew.client
        try:
            client.run(imported, _MODULES, on_error="ignore")  # what is missing there, its first trial tells
            self.leader.begin()
            client.subscribe_topic(self._name, lambda event: self.heard.put(event[1]))
            self._hand_out()
            while self.running and not self._is_overdue:
                with suppress(queue.Empty):
                    self._take(self.heard.get(timeout=self._patience()))
                self._look()
                self._hand_out()
        except OSError as error:
            raise Unavailable(
                "the Dask scheduler went away: the trials that are finished stay. Run the same search again, "
                "and it goes on"
            ) from error
        finally:
            if client.status == "running":
                self._let_end()
                client.cancel(list(self.running), force=True)
                client.unsubscribe_topic(self._name)
            self.leader.put_all_back()

    def _let_end(self) -> None:
        """Have whatever still runs end by itself: a process that is at work takes seconds to be ended."""
        if self.running and not self._is_overdue:
            self._end(list(self.running.values()))
            with suppress(OSError), self.crew.client.as_current():  # a timeout is one
                wait(list(self.running), timeout=_GRACE_SECONDS)

    @property
    def _is_overdue(self) -> bool:
        """Whether the time is over, and whoever has not stopped yet will not."""
        return self._ended is not None and clock.monotonic() - self._ended > _GRACE_SECONDS

    def _patience(self) -> float:
        left = self.leader.left
        return _LOOK_SECONDS if left is None or self._ended is not None else min(_LOOK_SECONDS, left + 0.01)

    def _hand_out(self) -> None:
        """One trial for each worker that has none; several at once would slow each other down."""
        while self._ended is None and len(self.running) < len(self._workers):
            asked = self.leader.ask()
            if asked is None:
                return
            number, job = asked
            future = self.crew.client.submit(
                _carry_out, job, self._key(number), self._name, number, key=self._key(number), pure=False
            )
            self.running[future] = number
            future.add_done_callback(self.heard.put)

    def _take(self, event: Future | dict[str, Any]) -> None:
        if isinstance(event, Future):
            self._settle(event)
            return
        number = event["number"]
        if number in self.running.values() and not self.leader.hear(number, event["step"], event["error"]):
            self._end([number])

    def _settle(self, future: Future) -> None:
        number = self.running.pop(future)
        if future.status == "cancelled":
            raise ConnectionError
        error = future.exception()
        if error is None:
            outcome = future.result()
        elif isinstance(error, KilledWorker):
            outcome = Outcome("failed", reason=_killed(self.crew.memory_limit), expected=False)
        else:
            outcome = Outcome("failed", reason=in_short(error), expected=False)
        self.leader.settle(number, outcome)

    def _end(self, numbers: Sequence[int]) -> None:
        """Have trials stopped within a batch, wherever they are."""
        if numbers:
            keys = [self._key(number) for number in numbers]
            with suppress(OSError):  # it may just be gone
                self.crew.client.run(_stop, keys, on_error="ignore")

    def _look(self) -> None:
        """See whether the time is over, and, now and then, who is there: workers come and go."""
        now = clock.monotonic()
        if self._ended is None and self.leader.left == 0.0:
            self._ended = now
            self._end(list(self.running.values()))
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        there = list(self.crew.threads())
        for address in set(self._workers) - set(there):
            log.info("lost the worker %s: its trial is done again on another one", address)
        self._workers = there
        if self._ended is not None:
            self._end(list(self.running.values()))  # one that was handed on meanwhile
        if there:
            self._manned = now
        elif self.crew.ours and now - self._manned > _ALONE_SECONDS:
            raise Unavailable(
                "all workers were lost, and none could be started again: the trials that are finished stay. "
                "See whether memory or disk space ran out, then run the same search again: it goes on"
            )

    def _key(self, number: int) -> str:
        return f"{self._name}-{number}"


def _carry_out(job: Job, key: str, topic: str, number: int) -> Outcome:
    """On a worker: one trial."""
    worker = get_worker()

    def hear(step: int, error: float) -> bool:
        worker.log_event(topic, {"number": number, "step": step, "error": error})
        return True

    attempt = _attempts[key] = Attempt(job, hear)
    try:
        if key in _told:
            attempt.stop()
        return attempt.run()
    finally:
        del _attempts[key]
        _told.discard(key)


def _stop(keys: Sequence[str]) -> None:
    """On a worker: end these trials, if it is at one of them or is about to."""
    for key in keys:
        _told.add(key)
        if key in _attempts:
            _attempts[key].stop()


def _killed(limit: int | None) -> str:
    each = "" if limit is None else f" (each may hold {limit / 1e9:.1f} GB)"
    return (
        f"every worker that tried it was killed, most often because memory ran out{each}: search fewer "
        "units, or use fewer workers"
    )
