"""One trial: a config trained on each fold and judged by its validation errors, here or on a worker."""

from __future__ import annotations

import math
import time as clock
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.choosing.search.ground import Ground
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError, in_short

if TYPE_CHECKING:
    from lstmwidgets.model.training import Trainer

Hear = Callable[[int, float], bool]
"""Told a step and the error there; answers whether the trial may go on."""

KEPT = "lstmwidgets"
"""Attribute of a trial of Optuna under which `kept` stands."""

MOST_KEPT = 512
"""How many errors are kept of a trial: neighbouring cutoffs go together where there are more."""


@dataclass(frozen=True, eq=False)
class Job:
    """A config to be tried.

    Attributes
    ----------
    config : LSTMConfig
    ground : Ground
    stride : int
        Steps between two folds in what is reported: more than any config has epochs.
    """

    config: LSTMConfig
    ground: Ground
    stride: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a trial.

    Attributes
    ----------
    state : {"done", "stopped", "failed"}
    error : float
        Mean absolute error over the judged cutoffs, the mean of the folds; NaN unless done.
    errors : float64 array
        By cutoff in time order, over all folds, in at most 512 means of neighbours.
    together : int
        How many cutoffs one of them stands for.
    reason : str
        Why it failed, in words.
    expected : bool
        Whether that is known to happen to a config: False where something else may be to blame.
    seconds : float
    epochs, parameters : int
        Epochs trained, over all folds, and trainable numbers of the network.
    """

    state: Literal["done", "stopped", "failed"]
    error: float = math.nan
    errors: NDArray[np.float64] | None = None
    together: int = 1
    reason: str = ""
    expected: bool = True
    seconds: float = 0.0
    epochs: int = 0
    parameters: int = 0


class Attempt:
    """Carries a job out in the calling thread; `stop` may come from another one.

    Parameters
    ----------
    job : Job
    hear : callable
        Told, after each epoch, its step and the validation error of the best weights so far, in the unit of
        the series: the mean over the folds begun. So it can be compared between configs of any loss and
        centring, which the loss cannot.
    """

    def __init__(self, job: Job, hear: Hear) -> None:
        self._job, self._hear = job, hear
        self._stopping = False
        self._trainer: Trainer | None = None
        self._fold, self._epochs, self._parameters = 0, 0, 0
        self._found: list[pd.Series] = []
        self._of_best: tuple[int, pd.Series] | None = None
        self._unheard: Exception | None = None

    def stop(self) -> None:
        """End the trial within a batch."""
        self._stopping = True
        if self._trainer is not None:
            self._trainer.stop()

    def run(self) -> Outcome:
        """Train and judge; what goes wrong is an outcome.

        A keyboard interrupt is raised again, and so is what `hear` raises: no config is to blame for it.
        """
        began = clock.perf_counter()
        try:
            outcome = self._train_all()
        except Exception as error:  # a config that breaks something must not end the search
            if error is self._unheard:
                raise
            known = isinstance(error, LSTMWidgetsError)
            outcome = Outcome("failed", reason=str(error) if known else in_short(error), expected=known)
        finally:
            self._trainer = None
        seconds = clock.perf_counter() - began
        return replace(outcome, seconds=seconds, epochs=self._epochs, parameters=self._parameters)

    def _train_all(self) -> Outcome:
        for fold in range(len(self._job.ground.ends)):
            if not self._train(fold):
                return Outcome("stopped")
        errors, together = _thinned(pd.concat(self._found[::-1]).to_numpy(np.float64))
        mean = float(np.mean([each.mean() for each in self._found]))
        return Outcome("done", mean, errors, together)

    def _train(self, fold: int) -> bool:
        """Train on one fold; whether it came to its end."""
        from lstmwidgets.model.shapes import count_parameters
        from lstmwidgets.model.training import Trainer

        self._fold, self._of_best = fold, None
        ground, config = self._job.ground, self._job.config
        series, _ = ground.fold(fold)
        trainer = self._trainer = Trainer(
            series,
            config,
            callbacks=[self],
            covariates=ground.covariates,
            windows=ground.windows(config, fold),
        )
        self._parameters = count_parameters(config, len(trainer.windows.features))
        if not self._stopping:
            trainer.run()
        if trainer.state != "done":
            return False
        self._found.append(self._errors(trainer))
        return True

    # What a training tells -----------------------------------------------------------------

    def on_state(self, trainer: Trainer) -> None:
        """Stop what was asked to stop before it began."""
        if self._stopping and trainer.state == "training":
            trainer.stop()

    def on_progress(self, trainer: Trainer) -> None:
        """Stop what was asked to stop while it began."""
        if self._stopping:
            trainer.stop()

    def on_epoch(self, trainer: Trainer) -> None:
        """Tell how good the best weights are."""
        self._epochs += 1
        step = self._fold * self._job.stride + len(trainer.history)
        error = float(np.mean([each.mean() for each in (*self._found, self._errors(trainer))]))
        try:
            goes_on = self._hear(step, error)
        except Exception as unheard:
            self._unheard = unheard
            raise
        if not goes_on:
            self.stop()

    def _errors(self, trainer: Trainer) -> pd.Series:
        """Of the best weights so far, by judged cutoff; they are measured once."""
        from lstmwidgets.model.choosing.errors import errors_by_cutoff

        best = trainer.best_epoch
        if self._of_best is None or self._of_best[0] != best:
            errors = errors_by_cutoff(trainer.forecaster, "validation")
            self._of_best = best, errors.reindex(self._job.ground.judged[self._fold])
        return self._of_best[1]


def _thinned(errors: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Means of neighbours, few enough to be kept, and how many each is of; the oldest that are over go."""
    together = -(-len(errors) // MOST_KEPT)
    if together == 1:
        return errors, 1
    whole = errors[len(errors) % together :]
    return whole.reshape(-1, together).mean(axis=1), together


def kept(outcome: Outcome) -> dict[str, Any]:
    """What a study keeps of a trial beside its error: plain JSON."""
    notes: dict[str, Any] = {
        "seconds": round(outcome.seconds, 3),
        "epochs": outcome.epochs,
        "parameters": outcome.parameters,
    }
    if outcome.errors is not None:
        notes["errors"] = [float(f"{each:.6g}") for each in outcome.errors]
        notes["together"] = outcome.together
    if outcome.reason:
        notes["reason"] = outcome.reason
    return notes
