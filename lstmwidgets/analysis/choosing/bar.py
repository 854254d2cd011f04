"""A progress bar over many trainings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lstmwidgets.analysis.choosing.runs import Runs

_FORM = "{desc} |{bar:24}| {elapsed}{postfix}"


class RunsBar:
    """Shows which training is under way and how far all are; `show` is for the ``on_change`` of `Runs`."""

    def __init__(self) -> None:
        self._bar: Any = None

    @contextmanager
    def opened(self, shown: bool) -> Iterator[None]:
        """Open the bar in a terminal or a notebook while the block runs."""
        from lstmwidgets.model.progress import open_bar

        with open_bar(1.0, _FORM, shown) as self._bar:
            yield

    def show(self, runs: Runs) -> None:
        """Move the bar."""
        job = runs.current
        number = min(len(runs.done) + 1, len(runs.jobs))
        name = "" if job is None else f" {job[0]}, seed {job[1].seed}"
        waiting = " (waiting for another training)" if runs.waiting else ""
        self._bar.set_description_str(f"{number}/{len(runs.jobs)}{name}{waiting}", refresh=False)
        self._bar.n = runs.fraction
        if runs.done and self._bar.n:  # before, most of the time went into what comes once
            left = self._bar.format_dict["elapsed"] * (1 / self._bar.n - 1)
            self._bar.set_postfix_str(f"about {self._bar.format_interval(left)} left", refresh=False)
        self._bar.refresh()
