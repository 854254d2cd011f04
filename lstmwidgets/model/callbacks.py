"""Who is told how a training goes: listeners of this project's kind, and Keras' callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras

if TYPE_CHECKING:
    from lstmwidgets.model.training import Trainer

_BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")


class Callback(Protocol):
    """What a training tells its listeners; each method is optional, and runs on the training's thread."""

    def on_state(self, trainer: Trainer) -> None:
        """``trainer.state`` or ``trainer.waiting`` changed."""

    def on_progress(self, trainer: Trainer) -> None:
        """``trainer.progress`` moved; at most five times a second."""

    def on_epoch(self, trainer: Trainer) -> None:
        """``trainer.history`` gained a row."""


class Callbacks:
    """All of a training's callbacks, of either kind.

    Raises
    ------
    LSTMWidgetsError
        When one has no method that is ever called, or when one of Keras' kind wants to run between
        batches, where no Python runs.
    """

    def __init__(self, callbacks: Sequence[Any]) -> None:
        self._all = _checked(callbacks)
        self._of_keras = [each for each in self._all if isinstance(each, keras.callbacks.Callback)]
        self._told: keras.callbacks.CallbackList | None = None
        for callback in self._of_keras:
            _check_leaves_batches_alone(callback)

    @property
    def of_keras(self) -> bool:
        """Whether any is of Keras' kind, which may do with the network what it likes."""
        return bool(self._of_keras)

    def tell(self, event: Literal["on_state", "on_progress", "on_epoch"], trainer: Trainer) -> None:
        """Tell those that have a method of this name."""
        for callback in self._all:
            method = getattr(callback, event, None)
            if method is not None:
                method(trainer)

    def begin(self, network: keras.Model, trainer: Trainer, batches: int) -> None:
        """Hand Keras' callbacks the network in training, with the trainer's optimizer as its own."""
        network.stop_training = False
        if self._of_keras:
            network.optimizer = trainer.optimizer
            self._told = keras.callbacks.CallbackList(
                self._of_keras, model=network, epochs=trainer.config.epochs, steps=batches, verbose=0
            )
            self._told.on_train_begin()

    def begin_epoch(self, finished: int) -> None:
        """Say to Keras' callbacks that an epoch begins after ``finished`` others."""
        if self._told is not None:
            self._told.on_epoch_begin(finished)

    def end_epoch(self, finished: int, loss: float, val_loss: float) -> None:
        """Say that it ended; ``network.stop_training`` may then be true."""
        if self._told is not None:
            self._told.on_epoch_end(finished, {"loss": loss, "val_loss": val_loss})

    def end(self) -> None:
        """Say that the training is over, however it ended."""
        told, self._told = self._told, None
        if told is not None:
            told.on_train_end()


def _checked(callbacks: Any) -> list[Any]:
    """All of them, once each is seen to have something that will be called."""
    events = [name for name in vars(Callback) if name.startswith("on_")]
    if not isinstance(callbacks, (list, tuple)):
        raise LSTMWidgetsError(f"callbacks={callbacks!r} is not accepted: pass a list of them")
    for callback in callbacks:
        if isinstance(callback, type):
            raise LSTMWidgetsError(
                f"{callback.__name__} is a class: pass an object, {callback.__name__}(...)"
            )
        of_keras = isinstance(callback, keras.callbacks.Callback)
        if not of_keras and not any(hasattr(callback, event) for event in events):
            methods = " or ".join(events)
            raise LSTMWidgetsError(
                f"{callback!r} would never be called: a callback is one of Keras' or has {methods}"
            )
    return list(callbacks)


def _check_leaves_batches_alone(callback: keras.callbacks.Callback) -> None:
    """Refuse what would be left out in silence; what Keras' own do between batches is off by default."""
    methods = [getattr(callback, hook) for hook in _BATCH_HOOKS]
    wishes = [
        f"has {hook}"
        for hook, method in zip(_BATCH_HOOKS, methods, strict=True)
        if not getattr(method, "__module__", "").startswith("keras.")
    ]
    for option, off in (("save_freq", "epoch"), ("update_freq", "epoch"), ("write_steps_per_second", False)):
        value = getattr(callback, option, off)
        wishes += [] if value == off else [f"has {option}={value!r}"]
    if wishes:
        raise LSTMWidgetsError(
            f"{type(callback).__name__} {wishes[0]}, and no Python runs between the batches of an epoch "
            "here: use on_epoch_end, or save_freq='epoch'"
        )
