"""Trainings one after another, each told as it ends: what comparisons and curves are measured by."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from lstmwidgets.analysis.choosing.common import Job, common_of
from lstmwidgets.analysis.choosing.outcome import Run as Run
from lstmwidgets.analysis.choosing.outcome import outcome_of
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.model.training import Progress, Trainer

log = logging.getLogger(__name__)

RunsState = Literal["idle", "running", "done", "stopped", "failed"]


class Runs:
    """Trains configs on one series, one after another: ``idle → running → done | stopped | failed``.

    A training whose loss stops being a number is a `Run` with a ``failure``, and the next one begins.
    Like every training, each waits for its turn where another runs in this process. With the same
    jobs, `run` and `start` give the same errors.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    jobs : sequence of (name, LSTMConfig)
        In the order of training, each with its own seed. No two have the same name and seed.
    covariates : pandas.DataFrame, optional
        As in `Trainer`.
    test : bool
        Whether to forecast the test part. Where something is to be chosen by these trainings, leave it
        unseen.
    on_run : callable, optional
        Called with each `Run` as it ends, on the training's thread; what it raises ends them all.
    on_change : callable, optional
        Called with this object when ``state`` changes, when a training begins, waits or ends, and, at most
        five times a second, while one moves on; on the training's thread.

    Attributes
    ----------
    common : Common
        The series, the windows of each config, and the cutoffs that all are judged on.
    problem : str
        Why it failed; "" where it did not.

    Raises
    ------
    LSTMWidgetsError
        When there is nothing to train, when a config does not fit the series, which is told with its
        name, or when no cutoff can be forecast from by all of them.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> small = lw.LSTMConfig(sequence_length=8, horizon=2, units=2, epochs=1)
    >>> runs = Runs(lw.load_dataset("nile"), [("2 units", small), ("4 units", small.replace(units=4))]).run()
    >>> runs.state, [(run.name, run.parameters, len(run.test_errors)) for run in runs.done]
    ('done', [('2 units', 38, 14), ('4 units', 106, 14)])
    """

    def __init__(
        self,
        series: Any,
        jobs: Sequence[Job],
        *,
        covariates: pd.DataFrame | None = None,
        test: bool = True,
        on_run: Callable[[Run], None] | None = None,
        on_change: Callable[[Runs], None] | None = None,
    ) -> None:
        self.jobs = _checked_jobs(jobs)
        self.problem = ""
        self.error: BaseException | None = None
        self.common = common_of(
            read_series(series), self.jobs, covariates, ("validation", "test") if test else ("validation",)
        )
        self._on_run, self._on_change = on_run, on_change
        self._done: list[Run] = []
        self._state: RunsState = "idle"
        self._stopping = False
        self._trainer: Trainer | None = None
        self._changed = threading.Condition()

    # What a caller may ask for -------------------------------------------------------------

    def run(self) -> Runs:
        """Train all in this thread; a failure is raised here.

        An interrupt (Ctrl-C, or the notebook's stop button) stops the training under way and is raised
        again; what had ended stays in ``done``.
        """
        self._begin()
        self._work()
        if self.error is not None:
            raise self.error
        return self

    def start(self) -> Runs:
        """Train all in a worker thread; returns at once."""
        self._begin()
        threading.Thread(target=self._work, name="lstmwidgets-runs", daemon=True).start()
        return self

    def stop(self) -> Runs:
        """End the training under way after its batch, and begin no other; those that have ended stay."""
        with self._changed:
            self._stopping = self._stopping or self._state == "running"
            trainer = self._trainer
        if trainer is not None:
            trainer.stop()
        return self

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing runs; False when ``timeout`` seconds passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state != "running", timeout)

    # What a caller may look at -------------------------------------------------------------

    @property
    def state(self) -> RunsState:
        """One of idle, running, done, stopped, failed."""
        return self._state

    @property
    def done(self) -> list[Run]:
        """The trainings that have ended, in order."""
        with self._changed:
            return list(self._done)

    @property
    def current(self) -> Job | None:
        """The job under way; None where nothing runs."""
        with self._changed:
            return self.jobs[len(self._done)] if self._trainer is not None else None

    @property
    def progress(self) -> Progress | None:
        """How far the training under way is; None where none is."""
        trainer = self._trainer
        return None if trainer is None else trainer.progress

    @property
    def waiting(self) -> bool:
        """Whether the training under way waits for one of another's."""
        trainer = self._trainer
        return trainer is not None and trainer.waiting

    @property
    def fraction(self) -> float:
        """Share of all trainings done, from 0 to 1; each counts alike."""
        progress = self.progress
        under_way = 0.0 if progress is None else progress.fraction
        return min(1.0, (len(self._done) + under_way) / len(self.jobs))

    # The trainings themselves --------------------------------------------------------------

    def _begin(self) -> None:
        with self._changed:
            if self._state != "idle":
                over = "over" if self._state != "running" else "running already"
                raise LSTMWidgetsError(f"these trainings are {over}: make new Runs to train again")
            self._state = "running"

    def _work(self) -> None:
        ending: RunsState = "done"
        try:
            self._tell()
            for name, config in self.jobs:
                run = None if self._stopping else self._train(name, config)
                if run is None:
                    ending = "stopped"
                    break
                with self._changed:
                    self._done.append(run)
                    self._trainer = None
                if self._on_run is not None:
                    self._on_run(run)
        except KeyboardInterrupt as interrupt:
            ending, self.error = "stopped", interrupt
        except BaseException as error:  # the thread's only way to tell: state and message
            log.debug("trainings failed", exc_info=True)
            ending, self.error, self.problem = "failed", error, str(error) or type(error).__name__
        finally:
            with self._changed:
                self._trainer, self._state = None, ending
                self._changed.notify_all()
            self._tell()

    def _tell(self) -> None:
        if self._on_change is not None:
            self._on_change(self)

    def _train(self, name: str, config: LSTMConfig) -> Run | None:
        """Train one config; None when stopped."""
        from lstmwidgets.model.training import Trainer

        trainer = Trainer(
            self.common.series,
            config,
            callbacks=[_Listener(self)],
            covariates=self.common.covariates,
            windows=self.common.windows(config),
        )
        with self._changed:
            self._trainer = trainer
        try:
            trainer.run()
        except LSTMWidgetsError as error:
            log.info("%s with seed %d failed: %s", name, config.seed, error)
            return outcome_of(name, trainer, self.common, str(error))
        return None if trainer.state == "stopped" else outcome_of(name, trainer, self.common)


class _Listener:
    """Hands a stop to a training that begins, and tells of its waiting and of its progress."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def on_state(self, trainer: Trainer) -> None:
        """Stop what was asked to stop before it began; tell whether it has begun or waits."""
        if self._runs._stopping and trainer.state == "training":
            trainer.stop()
        self._runs._tell()

    def on_progress(self, trainer: Trainer) -> None:
        """Tell how far it is."""
        self._runs._tell()


def _checked_jobs(jobs: Sequence[Job]) -> tuple[Job, ...]:
    seen: set[tuple[str, int]] = set()
    for job in jobs:
        if not (isinstance(job, tuple) and len(job) == 2 and isinstance(job[0], str)):
            raise LSTMWidgetsError(f"{job!r} is not a job: pass pairs (name, LSTMConfig)")
        name, config = job
        if not isinstance(config, LSTMConfig):
            raise LSTMWidgetsError(
                f"{name!r} is a {type(config).__name__}, not an LSTMConfig: write LSTMConfig(units=32, …)"
            )
        if (name, config.seed) in seen:
            raise LSTMWidgetsError(
                f"two jobs are called {name!r} and have the seed {config.seed}: give each a name or a seed "
                "of its own"
            )
        seen.add((name, config.seed))
    if not seen:
        raise LSTMWidgetsError("there is nothing to train: pass at least one (name, LSTMConfig)")
    return tuple(jobs)
