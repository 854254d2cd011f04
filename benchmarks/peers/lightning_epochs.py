"""Stops a PyTorch Lightning training after each epoch until the next is asked for.

neuralforecast and darts own their training loop. One call of ``fit`` runs in a thread, and this
callback holds it between epochs, so that nothing is set up twice and epochs alternate with other peers'.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl
import torch

QUIET = {
    "accelerator": "cpu",
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "enable_progress_bar": False,
    "logger": False,
}
"""Arguments of ``pl.Trainer`` that leave out what has a cost and no bearing on the weights."""

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")


class Gate(pl.Callback):
    """Lets ``steps`` batches through at a time, and averages their losses."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._losses: list[torch.Tensor] = []
        self._failure: BaseException | None = None
        self._open, self._through = threading.Semaphore(0), threading.Semaphore(0)

    def __deepcopy__(self, memo: dict[int, Any]) -> Gate:
        return self  # both libraries copy a model's arguments, and there is one gate

    def on_train_batch_start(self, *_: Any) -> None:
        if self._done % self._steps == 0:
            self._open.acquire()

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self._losses.append((outputs["loss"] if isinstance(outputs, dict) else outputs).detach())
        self._done += 1
        if self._done % self._steps == 0:
            self._through.release()

    def start(self, fit: Callable[[], Any]) -> None:
        """Run ``fit`` in a thread; it waits before its first batch."""

        def work() -> None:
            try:
                fit()
            except BaseException as failure:
                self._failure = failure
            self._through.release()

        threading.Thread(target=work, daemon=True).start()

    def epoch(self) -> float:
        """Let one epoch through; the mean of its batches' losses."""
        self._open.release()
        self._through.acquire()
        if self._failure is not None:
            raise self._failure
        losses, self._losses = self._losses, []
        return float(torch.stack(losses).mean())
