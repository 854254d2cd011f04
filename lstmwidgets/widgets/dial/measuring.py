"""The trainings behind a dial: which are planned, which are there, and the background where the rest run."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Literal

import numpy as np
import pandas as pd

from lstmwidgets.analysis.choosing.common import Job
from lstmwidgets.analysis.choosing.curve import ValidationCurve, curve_jobs
from lstmwidgets.analysis.choosing.naive import error_to_beat
from lstmwidgets.analysis.choosing.runs import Run, Runs
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.costs.cost import estimate_seconds

log = logging.getLogger(__name__)

State = Literal["idle", "running", "done", "stopped", "failed"]


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Attributes
    ----------
    parameter : str
    values : tuple of int
        Ascending.
    seeds : int or tuple of int
        How many, or which.
    jobs : tuple of (name, LSTMConfig)
        Every value with the first seed, then with the next.
    """

    parameter: str
    values: tuple[int, ...]
    seeds: int | tuple[int, ...]
    jobs: tuple[Job, ...]

    @property
    def rounds(self) -> int:
        """Trainings of each value."""
        return len(self.jobs) // len(self.values)


class Measuring:
    """Trainings of one series, kept for as long as the dial lives: what is there is not trained again.

    Attributes
    ----------
    series : pandas.Series
    state : str
        ``idle``, ``running``, ``done`` (with all that is planned), ``stopped`` or ``failed``.
    plan : Plan
    to_beat : (str, float)
        Name and validation error of the better naive rule; "" and NaN where there is none.
    problem : str
        Why the plan does not fit the series, or what made the trainings fail; "" where nothing did.
    lock : threading.RLock
        Held while any of these change and while a watcher is told; never while a training is asked to
        stop, so that the two threads never wait for each other.
    """

    def __init__(
        self,
        series: pd.Series,
        config: LSTMConfig,
        covariates: pd.DataFrame | None,
        changed: Callable[[], None],
        progressed: Callable[[], None],
    ) -> None:
        self.series, self.config, self.covariates = series, config, covariates
        self.lock = threading.RLock()
        self.state: State = "idle"
        self.problem = ""
        self._changed, self._progressed = changed, progressed
        self._found: dict[LSTMConfig, Run] = {}
        self._seconds: dict[LSTMConfig, float] = {}
        self._runs: Runs | None = None

    def aim(self, parameter: str, values: Sequence[int] | None, seeds: int | Sequence[int]) -> None:
        """Take another plan; what of it is measured already counts.

        Raises
        ------
        LSTMWidgetsError
            When a value, a seed or the parameter is not accepted, or while trainings run.
        """
        self.check_free()
        jobs = curve_jobs(self.series, self.config, parameter, values, seeds)
        with self.lock:
            tried = tuple(sorted({int(getattr(config, parameter)) for _, config in jobs}))
            which = int(seeds) if isinstance(seeds, (int, np.integer)) else tuple(map(int, seeds))
            self.plan = Plan(parameter, tried, which, tuple(jobs))
            self.problem, self.to_beat = "", ("", math.nan)
            try:
                common = self._made(jobs).common
            except LSTMWidgetsError as error:
                self.problem, self._seconds = str(error), {}
            else:
                self.to_beat = error_to_beat(common, [config for _, config in jobs])
                self._seconds = {
                    config: estimate_seconds(
                        config, len(common.windows(config).train), common.windows(config).values.shape[1]
                    )
                    for _, config in jobs
                }
            self.state = "done" if not self.missing else "idle"

    def _made(self, jobs: Sequence[Job]) -> Runs:
        return Runs(
            self.series,
            jobs,
            covariates=self.covariates,
            test=False,
            on_run=self._came,
            on_change=self._moved,
        )

    # What there is --------------------------------------------------------------------------

    @property
    def measured(self) -> list[Run]:
        """The trainings of the plan that have ended, judged on the cutoffs that they share."""
        with self.lock:
            return on_shared_cutoffs([self._found[one] for _, one in self.plan.jobs if one in self._found])

    @property
    def missing(self) -> list[Job]:
        """The trainings of the plan that have not ended."""
        with self.lock:
            return [(name, config) for name, config in self.plan.jobs if config not in self._found]

    @property
    def curve(self) -> ValidationCurve | None:
        """That of what is measured; None before the first training has ended."""
        runs = self.measured
        unit = str(self.series.attrs.get("unit", ""))
        return ValidationCurve.of(self.plan.parameter, runs, unit, self.to_beat) if runs else None

    @property
    def current(self) -> Runs | None:
        """The trainings under way."""
        return self._runs if self.state == "running" else None

    @property
    def remaining(self) -> float:
        """About how many seconds the missing trainings take: calculated, corrected by those that ended."""
        with self.lock:
            ended = [
                self._found[one] for _, one in self.plan.jobs if one in self._found and one in self._seconds
            ]
            foreseen = sum(self._seconds[run.config] for run in ended)
            pace = sum(run.seconds for run in ended) / foreseen if foreseen else 1.0
            left = sum(self._seconds.get(config, 0.0) for _, config in self.missing)
            runs = self.current
            job, progress = (None, None) if runs is None else (runs.current, runs.progress)
            if job is not None and progress is not None:
                left -= progress.fraction * self._seconds.get(job[1], 0.0)
            return pace * max(left, 0.0)

    # What a dial may ask for ----------------------------------------------------------------

    def check_free(self) -> None:
        """Refuse while trainings run."""
        if self.state == "running":
            raise LSTMWidgetsError("this dial is running: stop it first, or wait for its end")

    def run(self) -> None:
        """Train what is missing in this thread; raises what a training raises."""
        runs = self._open()
        if runs is not None:
            runs.run()

    def start(self) -> None:
        """Train what is missing in the background."""
        runs = self._open()
        if runs is not None:
            runs.start()

    def stop(self) -> None:
        """End the training under way within one batch, and begin no other; what has ended stays."""
        runs = self.current
        if runs is not None:
            runs.stop()

    def _open(self) -> Runs | None:
        """Get ready to train; None where nothing is missing."""
        with self.lock:
            self.check_free()
            missing = self.missing
            self._runs = self._made(missing) if missing else None
            self.problem = ""
            self.state = "running" if missing else "done"
            self._tell(self._changed)
            return self._runs

    # What the trainings tell, on their thread -------------------------------------------------

    def _came(self, run: Run) -> None:
        with self.lock:
            self._found[run.config] = run
            self._tell(self._changed)

    def _moved(self, runs: Runs) -> None:
        with self.lock:
            if runs is not self._runs:
                return
            if runs.state == "running":
                self._tell(self._progressed)
                return
            self.problem = runs.problem
            self.state = runs.state
            self._tell(self._changed)

    def _tell(self, watcher: Callable[[], None]) -> None:
        """What goes wrong while drawing must not end the trainings."""
        try:
            watcher()
        except Exception:
            log.exception("the dial could not be drawn")


def on_shared_cutoffs(runs: list[Run]) -> list[Run]:
    """The same trainings, each judged on the cutoffs that all of them have.

    Those of one go are so already. Of a series with gaps, longer windows can have fewer cutoffs, and a
    later go does not know of them.
    """
    indexes = [run.val_errors.index for run in runs if not run.failure]
    if not indexes or all(index.equals(indexes[0]) for index in indexes):
        return runs
    shared = reduce(lambda one, other: one.intersection(other), indexes)
    return [
        run
        if run.failure
        else replace(
            run, val_errors=run.val_errors.loc[shared], val_error=float(run.val_errors.loc[shared].mean())
        )
        for run in runs
    ]
