"""The training behind one panel: loading TensorFlow, starting, stopping, and what there is to show so far."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, Protocol

import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.loading import loads, preload, training_module
from lstmwidgets.widgets.panel.results import Result, result_of

if TYPE_CHECKING:
    from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis
    from lstmwidgets.model.training import Trainer

log = logging.getLogger(__name__)

State = Literal["idle", "loading", "training", "paused", "done", "stopped", "failed"]
UNDER_WAY: tuple[State, ...] = ("loading", "training", "paused")
_DIAGNOSED: tuple[State, ...] = ("paused", "done", "stopped")

_LOSS_SECONDS = 0.25
_RESULT_SECONDS = 1.0
_RESULT_SHARE = (
    0.1  # forecasting for the picture takes at most this share of the time: the training has the rest
)


class Watcher(Protocol):
    """Who is told what happens; on the training's thread, with the session's lock held."""

    def state_changed(self) -> None:
        """``session.state``, or what is to be said of it, changed."""

    def progressed(self) -> None:
        """``session.trainer.progress`` moved."""

    def epochs_ended(self) -> None:
        """``session.trainer.history`` gained rows."""

    def result_changed(self) -> None:
        """``session.result`` is new."""

    def diagnosed(self) -> None:
        """``session.diagnosis`` is there, or ``session.failure`` says why not."""

    def went_wrong(self, error: Exception) -> None:
        """Something failed outside the training itself."""


class Session:
    """The training of a panel, from Train to Reset.

    Attributes
    ----------
    state : str
        That of the trainer, or ``loading`` while TensorFlow is imported and the training prepared.
    trainer : Trainer or None
    trained_on : tuple of LSTMConfig and pandas.Series, or None
        What the present training began with.
    result : Result or None
        The newest forecasts and scores.
    diagnosis : Diagnosis or None
        Of that result, while the training rests or has ended.
    diagnosing : bool
        Whether it is being made.
    failure : Exception or None
        Why it could not be made.
    lock : threading.RLock
        Held while any of these change and while a watcher is told. Nobody asks anything of a
        trainer while holding it, except to start: so the two threads never wait for each other.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.lock = threading.RLock()
        self.state: State = "idle"
        self.trainer: Trainer | None = None
        self.trained_on: tuple[LSTMConfig, pd.Series] | None = None
        self.result: Result | None = None
        self.diagnosis: Diagnosis | None = None
        self.diagnosing = False
        self.failure: Exception | None = None
        self._watcher = watcher
        self._launch: object | None = None
        self._preloading: threading.Thread | None = None
        self._loss_told = self._result_told = self._result_cost = 0.0

    @property
    def loads(self) -> bool:
        """Whether TensorFlow is still to be imported, or being imported."""
        return loads()

    def preload(self) -> None:
        """Import TensorFlow in the background, so that the first training does not wait for it."""
        if self._preloading is None:
            self._preloading = preload()

    def run(self, config: LSTMConfig, series: pd.Series) -> None:
        """Train in this thread; raises what the training raises."""
        launch = self._open(config, series)
        try:
            trainer = self._trainer(launch)
        except _GivenUp:
            return
        except BaseException:
            self.reset()
            raise
        trainer.run()

    def start(self, config: LSTMConfig, series: pd.Series, *, one_epoch: bool = False) -> None:
        """Train in the background; ``one_epoch`` pauses after the first."""
        launch = self._open(config, series)
        threading.Thread(
            target=self._begin, args=[launch, one_epoch], name="lstmwidgets-launch", daemon=True
        ).start()

    def pause(self) -> None:
        """Pause, or go on after a pause."""
        trainer, state = self.trainer, self.state
        if trainer is not None:
            (trainer.resume if state == "paused" else trainer.pause)()

    def step(self) -> None:
        """Go on to the end of one epoch, then pause."""
        if self.trainer is not None:
            self.trainer.step()

    def stop(self) -> None:
        """End the training and keep the best weights so far; give up one that has not begun."""
        with self.lock:
            trainer = self.trainer
            if self.state == "loading":
                self._forget()
                self._watcher.state_changed()
        if trainer is not None:
            trainer.stop()

    def reset(self) -> None:
        """Stop, and forget the training and its result."""
        with self.lock:
            trainer = self.trainer
            self._forget()
            self._watcher.state_changed()
        if trainer is not None:
            trainer.stop()

    def _forget(self) -> None:
        self.state = "idle"
        self.trainer = self.trained_on = self.result = self._launch = None
        self.diagnosing, self.diagnosis, self.failure = False, None, None
        self._loss_told = self._result_told = self._result_cost = 0.0

    def _open(self, config: LSTMConfig, series: pd.Series) -> object:
        with self.lock:
            if self.state in UNDER_WAY:
                raise LSTMWidgetsError(
                    f"this panel's training is {self.state}: stop it first, or wait for its end"
                )
            self._forget()
            self.state, self.trained_on = "loading", (config, series)
            self._launch = launch = object()
            self._watcher.state_changed()
            return launch

    def _trainer(self, launch: object) -> Trainer:
        training = training_module()
        with self.lock:
            if self._launch is not launch or self.trained_on is None:
                raise _GivenUp
            config, series = self.trained_on
            self.trainer = training.Trainer(series, config, callbacks=[_Listener(self)])
            return self.trainer

    def _begin(self, launch: object, one_epoch: bool) -> None:
        try:
            trainer = self._trainer(launch)
            with self.lock:
                if self._launch is launch:
                    (trainer.step if one_epoch else trainer.start)()
        except _GivenUp:
            return
        except Exception as error:
            with self.lock, self._told():
                if self._launch is launch:
                    self.state = "failed"
                    self._watcher.state_changed()
                    self._watcher.went_wrong(error)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong while telling must not end the training; it is told instead."""
        try:
            yield
        except Exception as error:
            log.debug("told the watcher", exc_info=True)
            self._watcher.went_wrong(error)

    # What the trainer tells, on its own thread. Nobody waits for forecasts, nor for what is found in them:
    # both are computed unlocked.

    def _hear(self, trainer: Trainer, tell: Callable[[], None]) -> None:
        with self.lock:
            if trainer is self.trainer:  # else it was reset, and what it tells is of no interest
                with self._told():
                    tell()

    def _state_changed(self, trainer: Trainer) -> None:
        if trainer.state not in ("idle", "training"):
            self._hear(trainer, self._watcher.epochs_ended)
            self._show_result(trainer, in_haste=trainer.state == "paused")

        def tell() -> None:
            self.state = trainer.state
            self.diagnosis = self.failure = None  # a network that goes on is no longer the one diagnosed
            scored = self.result is not None and self.result.scores is not None
            self.diagnosing = scored and self.state in _DIAGNOSED
            self._watcher.state_changed()

        self._hear(trainer, tell)
        if self.diagnosing and trainer is self.trainer:
            self._diagnose(trainer)

    def _diagnose(self, trainer: Trainer) -> None:
        """Look for what is wrong with the forecasts; all else is shown and usable meanwhile."""
        found: Diagnosis | None = None
        failure: Exception | None = None
        try:
            from lstmwidgets.analysis.diagnosis.diagnose import diagnose

            found = diagnose(trainer.forecaster)
        except Exception as error:
            log.debug("told the watcher", exc_info=True)
            failure = error
        finally:  # also after an interrupt: nobody may wait for ever

            def tell() -> None:
                self.diagnosing, self.diagnosis, self.failure = False, found, failure
                self._watcher.diagnosed()

            self._hear(trainer, tell)

    def _epoch_ended(self, trainer: Trainer) -> None:
        now = time.monotonic()
        if now - self._loss_told >= _LOSS_SECONDS:
            self._hear(trainer, self._watcher.epochs_ended)
            self._loss_told = now
        if now - self._result_told >= max(_RESULT_SECONDS, self._result_cost / _RESULT_SHARE):
            self._show_result(trainer, in_haste=True)

    def _show_result(self, trainer: Trainer, in_haste: bool) -> None:
        if trainer.forecaster is None or trainer is not self.trainer:
            return
        began = time.monotonic()
        try:
            result = result_of(trainer.forecaster, in_haste=in_haste)
        except Exception as error:
            failure = error
            self._hear(trainer, lambda: self._watcher.went_wrong(failure))
            return

        def tell() -> None:
            self.result = result
            self._watcher.result_changed()

        self._hear(trainer, tell)
        self._result_told = time.monotonic()
        self._result_cost = self._result_told - began


class _GivenUp(Exception):
    """Stopped or reset before it began."""


class _Listener:
    """Passes a trainer's events on to its session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_state(self, trainer: Trainer) -> None:
        self._session._state_changed(trainer)

    def on_progress(self, trainer: Trainer) -> None:
        self._session._hear(trainer, self._session._watcher.progressed)

    def on_epoch(self, trainer: Trainer) -> None:
        self._session._epoch_ended(trainer)
