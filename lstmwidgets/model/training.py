"""Train a config on a series: one state machine for scripts, panels and reports."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.series import read_series
from lstmwidgets.data.windows import Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build, start_highway
from lstmwidgets.model.callbacks import Callbacks
from lstmwidgets.model.checkpoint import Checkpoint, Epoch
from lstmwidgets.model.costs import cost
from lstmwidgets.model.forecaster import LSTMForecaster
from lstmwidgets.model.loop import Loop

log = logging.getLogger(__name__)

State = Literal["idle", "training", "paused", "done", "stopped", "failed"]
ENDED: tuple[State, ...] = ("done", "stopped", "failed")
PROGRESS_SECONDS = 0.2


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    ``epoch`` counts from 1 and is the one under way; ``elapsed`` and ``remaining`` are seconds of
    training, pauses not counted, and ``remaining`` is None until something is known.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    elapsed: float
    remaining: float | None

    @property
    def fraction(self) -> float:
        """Share of all batches done, from 0 to 1."""
        return min(1.0, (self.epoch - 1 + self.batch / self.batches) / self.epochs)


class _Turn:
    """Lets one training of this process run at a time, in the order they asked.

    Two TensorFlow trainings at once slow each other down, and their random draws may mix.
    """

    def __init__(self) -> None:
        self._queue: deque[Trainer | _Block] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait in line for a block of work that is neither paused nor stopped."""
        block = _Block()
        try:
            self.take(block)
            yield
        finally:
            self.give(block)

    def take(self, trainer: Trainer | _Block) -> None:
        """Wait in line; returns early, without the turn, when the trainer is told to stop."""
        with self._changed:
            self._queue.append(trainer)
            at_once = self._queue[0] is trainer
        if not at_once:
            trainer._set_waiting(True)
            with self._changed:
                self._changed.wait_for(lambda: self._queue[0] is trainer or trainer._stopping)
            trainer._set_waiting(False)

    def give(self, trainer: Trainer | _Block) -> None:
        with self._changed:
            if trainer in self._queue:
                self._queue.remove(trainer)
            self._changed.notify_all()

    def nudge(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Block:
    """Stands in line as a `Trainer` does."""

    _stopping = False

    def _set_waiting(self, waiting: bool) -> None:
        log.debug("a block of work %s", "waits for its turn" if waiting else "has its turn")


_TURN = _Turn()
whole_turn = _TURN.held


class _Stop(Exception):
    """Ends the training from within a batch loop."""


class Trainer:
    """Trains one config on one series: ``idle → training ⇄ paused → done | stopped | failed``.

    `run` trains in the calling thread, `start` in a worker thread; the numbers are the same. One
    training runs at a time in a process: another one waits, with `waiting` true, until the first
    ends or is paused. The weights kept are those of the epoch with the lowest validation loss, or with
    ``highway="linear"`` the ridge regression that the network began as, where no epoch was better.

    Parameters
    ----------
    series : pandas.Series, DataFrame or path
        Anything `lstmwidgets.read_series` reads.
    config : LSTMConfig, optional
    callbacks : sequence
        Objects with any of ``on_state``, ``on_progress`` and ``on_epoch``, as in
        `lstmwidgets.model.callbacks.Callback`, and Keras' own callbacks. These see the network as
        it is after each epoch, and end the training by ``stop_training``; between batches no
        Python runs, so what they would do there is refused. A model that ``ModelCheckpoint`` saves
        loads once ``lstmwidgets.model.layers`` is imported.
    optimizer : keras.optimizers.Optimizer, optional
        By default Adam with ``config.learning_rate``. A copy of it is used, fresh, with any
        learning-rate schedule it holds; a callback may set ``trainer.optimizer.learning_rate``.
    folder : path, optional
        Where to keep a checkpoint after each epoch. A training started again on the same folder,
        series and config goes on from there, and ends with the same weights as one never
        interrupted.
    covariates : pandas.DataFrame, optional
        Other series, known up to each window's end, that are read beside it: see
        `lstmwidgets.make_windows`.
    windows : Windows, optional
        The series' windows where they are not those that `lstmwidgets.make_windows` cuts by itself, for
        example with a ``split`` of their own; they go with this config and these covariates.

    Raises
    ------
    LSTMWidgetsError
        When the config does not fit the series, or the folder holds another training.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    >>> trainer = Trainer(lw.load_dataset("nile"), config).run()
    >>> trainer.state, len(trainer.history)
    ('done', 2)
    """

    def __init__(
        self,
        series: Any,
        config: LSTMConfig | None = None,
        *,
        callbacks: Sequence[Any] = (),
        optimizer: keras.optimizers.Optimizer | None = None,
        folder: str | Path | None = None,
        covariates: pd.DataFrame | None = None,
        windows: Windows | None = None,
    ) -> None:
        self.config = checked_config(config)
        self.series: pd.Series = read_series(series)
        self.covariates = covariates
        if windows is None:
            windows = make_windows(self.series, self.config, covariates=covariates)
        self.windows = windows
        self._callbacks = Callbacks(callbacks)
        if optimizer is None:  # by one name: TensorFlow keeps 35 kB for each that a variable ever had
            optimizer = keras.optimizers.Adam(self.config.learning_rate, name="adam")
        self.optimizer: keras.optimizers.Optimizer = type(optimizer).from_config(optimizer.get_config())
        self.error: BaseException | None = None
        self.waiting = False
        self._checkpoint: Checkpoint | None = None
        if folder is not None:
            self._checkpoint = Checkpoint(folder, self.series, self.config, covariates, windows)
        self._epochs: list[Epoch] = []
        self._batches = -(-len(self.windows.train) // self.config.batch_size)
        self._batch = 0
        self._elapsed = 0.0
        self._best_loss = float("inf")
        self._forecaster: LSTMForecaster | None = None
        self._state: State = "idle"
        self._wanted: Literal["run", "pause", "stop"] = "run"
        self._one_epoch = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    # What a caller may ask for -------------------------------------------------------------

    def run(self) -> Trainer:
        """Train in this thread until done, stopped or failed; a failure is raised here.

        An interrupt (Ctrl-C, or the notebook's stop button) stops the training, keeps the best
        weights, and is raised again.
        """
        self._begin()
        self._work()
        if self.error is not None:
            raise self.error
        return self

    def start(self) -> Trainer:
        """Train in a worker thread, or resume when paused; returns at once."""
        if self.state == "paused":
            return self.resume()
        self._begin()
        self._thread = threading.Thread(target=self._work, name="lstmwidgets-training", daemon=True)
        self._thread.start()
        return self

    def pause(self) -> Trainer:
        """Pause after the batches under way (within 50 ms or one batch)."""
        return self._ask("pause")

    def resume(self) -> Trainer:
        """Go on after a pause."""
        return self._ask("run")

    def step(self) -> Trainer:
        """Train one epoch (or finish the one under way) in a worker thread, then pause."""
        with self._changed:
            self._one_epoch = True
        return self.start() if self.state in ("idle", "paused") else self

    def stop(self) -> Trainer:
        """End the training after the batches under way and keep the best weights so far."""
        self._ask("stop")
        _TURN.nudge()
        return self

    def wait(self, timeout: float | None = None) -> bool:
        """Block until the training pauses or ends; False when ``timeout`` seconds passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._resting, timeout)

    async def done(self) -> Trainer:
        """Wait for the end without blocking the notebook's kernel."""
        while self.state not in ENDED:
            await asyncio.sleep(0.05)
        return self

    # What a caller may look at -------------------------------------------------------------

    @property
    def state(self) -> State:
        """One of idle, training, paused, done, stopped, failed."""
        return self._state

    @property
    def history(self) -> pd.DataFrame:
        """One row for each finished epoch, counted from 1.

        Columns ``loss`` and ``val_loss``, mean squared errors of scaled values, or with
        ``loss="absolute"`` mean absolute ones (with ``centering="last"``, 1 is the training error of
        repeating the last value), and ``seconds``. The training loss is measured while the weights
        move, as Keras does.
        """
        epochs = list(self._epochs)
        index = pd.RangeIndex(1, len(epochs) + 1, name="epoch")
        return pd.DataFrame([vars(epoch) for epoch in epochs], index, columns=["loss", "val_loss", "seconds"])

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights are kept, the best on validation.

        0 before the first epoch ends, and where none was better than the ridge regression that a
        network with ``highway="linear"`` begins as.
        """
        losses = [epoch.val_loss for epoch in self._epochs]
        return 1 + int(np.argmin(losses)) if losses and min(losses) <= self._best_loss else 0

    @property
    def progress(self) -> Progress:
        """How far the training is, and how long it may still take."""
        finished, batch = len(self._epochs), self._batch
        done = finished * self._batches + batch
        total = self.config.epochs * self._batches
        paces = [epoch.seconds for epoch in self._epochs[-3:]]
        if paces:
            remaining: float | None = float(np.mean(paces)) * (total - done) / self._batches
        else:
            remaining = self._elapsed * (total - done) / done if batch > 1 else None
        return Progress(
            epoch=min(finished + 1, self.config.epochs),
            epochs=self.config.epochs,
            batch=self._batches if finished == self.config.epochs else batch,
            batches=self._batches,
            elapsed=self._elapsed,
            remaining=0.0 if self.state in ENDED else remaining,
        )

    @property
    def forecaster(self) -> LSTMForecaster | None:
        """The best weights so far; None before the first epoch ends.

        One object for the whole training: its weights follow until the training ends.
        """
        return self._forecaster

    # The training itself -------------------------------------------------------------------

    def _begin(self) -> None:
        with self._changed:
            if self._state != "idle":
                raise LSTMWidgetsError(
                    f"this training is {self._state}: make a new Trainer to train again"
                    if self._state in ENDED
                    else f"this training is {self._state} already"
                )
            self._wanted = "run"
            self._state = "training"
            self._changed.notify_all()
        try:
            self._callbacks.tell("on_state", self)
        except BaseException as error:  # or whoever waits for this training would wait for ever
            with self._changed:
                self._state, self.error = "failed", error
                self._changed.notify_all()
            raise

    def _ask(self, wanted: Literal["run", "pause", "stop"]) -> Trainer:
        with self._changed:
            if self._state in ("training", "paused"):
                self._wanted = wanted
                self._changed.notify_all()
        return self

    @property
    def _resting(self) -> bool:
        return self._state in ("idle", *ENDED) or (self._state == "paused" and self._wanted == "pause")

    @property
    def _stopping(self) -> bool:
        return self._wanted == "stop"

    def _work(self) -> None:
        ending: State = "done"
        try:
            _TURN.take(self)
            self._heed()
            self._train()
        except _Stop:
            ending = "stopped"
        except KeyboardInterrupt as interrupt:
            ending, self.error = "stopped", interrupt
        except BaseException as error:  # the thread's only way to tell: state and message
            log.debug("training failed", exc_info=True)
            ending, self.error = "failed", error
        finally:
            _TURN.give(self)
            self._set_state(ending)

    def _train(self) -> None:
        network = build(self.config, features=self.windows.values.shape[1])
        self.optimizer.build(network.trainable_variables)
        best = build(self.config, features=self.windows.values.shape[1])
        loop = Loop(network, self.windows, self.optimizer, self.config.loss, alone=self._callbacks.of_keras)
        if self.config.highway == "linear" and start_highway(network, self.windows):
            self._best_loss = loop.mean_loss(self.windows.validation)
            best.set_weights(network.get_weights())
        if self._checkpoint is not None:
            self._epochs = self._checkpoint.restore(network, self.optimizer, best)
            if self._epochs:
                self._best_loss = min(self._best_loss, *(epoch.val_loss for epoch in self._epochs))
                self._elapsed = sum(epoch.seconds for epoch in self._epochs)
                self._publish(best)
                self._callbacks.tell("on_epoch", self)
        self._callbacks.begin(network, self, self._batches)
        try:
            while (
                len(self._epochs) < self.config.epochs
                and not self._patience_is_over()
                and not network.stop_training
            ):
                self._train_epoch(loop)
                last = self._epochs[-1]
                if last.val_loss < self._best_loss:
                    self._best_loss = last.val_loss
                    best.set_weights(network.get_weights())
                self._callbacks.end_epoch(len(self._epochs) - 1, last.loss, last.val_loss)
                if self._checkpoint is not None:
                    self._checkpoint.save(network, self.optimizer, best, self._epochs)
                self._publish(best)
                self._callbacks.tell("on_epoch", self)
                self._pause_after_step()
        except (_Stop, KeyboardInterrupt):
            if self._forecaster is None:
                self._publish(network)  # stopped in the first epoch: what it has learned is all there is
            raise
        finally:
            self._callbacks.end()

    def _publish(self, network: keras.Model) -> None:
        if self._forecaster is None:
            self._forecaster = LSTMForecaster.fitted(
                self.config, self.series, self.windows, network, self.covariates
            )
        self._forecaster.history_ = self.history

    def _train_epoch(self, loop: Loop) -> None:
        number = len(self._epochs) + 1
        order = np.random.default_rng([self.config.seed, number]).permutation(self.windows.train)
        clock = _Clock(self._elapsed)
        last_told = 0.0

        def between(batches: int = self._batches) -> None:
            nonlocal last_told
            self._batch = batches
            self._elapsed = clock.total
            if time.monotonic() - last_told >= PROGRESS_SECONDS:
                last_told = time.monotonic()
                self._callbacks.tell("on_progress", self)
            with clock.stopped():
                self._heed()

        self._callbacks.begin_epoch(number - 1)
        loss = loop.train_epoch(order, self.config.batch_size, between)
        val_loss = loop.mean_loss(self.windows.validation, between)
        self._batch, self._elapsed = 0, clock.total
        if not np.isfinite([loss, val_loss]).all():
            raise LSTMWidgetsError(
                f"the loss is no longer a finite number in epoch {number} (train {loss}, validation "
                f"{val_loss}): lower learning_rate={self.config.learning_rate:g}, for example to "
                f"{self.config.learning_rate / 10:g}"
            )
        self._epochs.append(Epoch(loss, val_loss, clock.seconds))
        if number > 1:  # the first epoch's time includes compilation
            cost.remember(self.config, len(self.windows.train), clock.seconds, len(self.windows.features))

    def _patience_is_over(self) -> bool:
        losses = [epoch.val_loss for epoch in self._epochs]
        return 0 < self.config.patience < len(losses) - int(np.argmin(losses or [0]))

    def _pause_after_step(self) -> None:
        with self._changed:
            if self._one_epoch and self._wanted == "run" and len(self._epochs) < self.config.epochs:
                self._wanted = "pause"
            self._one_epoch = False
        self._heed()

    def _heed(self) -> None:
        """Do what was asked for since the last batch: go on, pause, or stop."""
        if self._wanted == "run":
            return
        if self._wanted == "pause":
            _TURN.give(self)
            self._set_state("paused")
            with self._changed:
                self._changed.wait_for(lambda: self._wanted != "pause")
            if not self._stopping:
                self._set_state("training")
                _TURN.take(self)
        if self._stopping:
            raise _Stop

    def _set_state(self, state: State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
        self._callbacks.tell("on_state", self)

    def _set_waiting(self, waiting: bool) -> None:
        if waiting != self.waiting:
            self.waiting = waiting
            self._callbacks.tell("on_state", self)


class _Clock:
    """Seconds of work in one epoch, pauses not counted."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    @property
    def total(self) -> float:
        return self._before + self.seconds

    @contextmanager
    def stopped(self) -> Iterator[None]:
        asleep = time.perf_counter()
        try:
            yield
        finally:
            self._began += time.perf_counter() - asleep
