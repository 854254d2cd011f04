"""Trials one after another in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from lstmwidgets.analysis.choosing.search.leader import Leader
from lstmwidgets.analysis.choosing.search.trial import Attempt


def search_here(leader: Leader) -> None:
    """Do trials until there are enough, or the time is over."""
    import lstmwidgets.model.training  # noqa: F401 - some seconds the first time, which no trial is to be charged

    leader.begin()
    while (asked := leader.ask()) is not None:
        number, job = asked
        attempt = Attempt(job, partial(leader.hear, number))
        try:
            with _ended_after(leader.left, attempt):
                outcome = attempt.run()
        except BaseException:
            leader.put_back(number)
            raise
        leader.settle(number, outcome)


@contextmanager
def _ended_after(seconds: float | None, attempt: Attempt) -> Iterator[None]:
    if seconds is None:
        yield
        return
    bell = threading.Timer(seconds, attempt.stop)
    bell.daemon = True
    bell.start()
    try:
        yield
    finally:
        bell.cancel()
