"""A progress bar for terminals and plain cells."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


class ProgressBar:
    """A `Trainer` callback that shows a tqdm bar in a terminal or a notebook, and clears it at the end.

    Where standard error goes to a file, nothing is written.
    """

    def __init__(self) -> None:
        self._bar: Any = None

    def on_state(self, trainer: Any) -> None:
        """Open the bar when training begins, close it when it ends."""
        if trainer.state == "training" and self._bar is None:
            self._bar = tqdm(
                total=1.0,
                file=sys.stderr,
                disable=not (sys.stderr.isatty() or "ipykernel" in sys.modules),
                leave=False,
                bar_format="{desc} |{bar:24}| {elapsed}<{remaining}{postfix}",
            )
        elif trainer.state in ("done", "stopped", "failed") and self._bar is not None:
            self._bar.close()
            self._bar = None
        self._describe(trainer)

    def on_progress(self, trainer: Any) -> None:
        """Move the bar."""
        self._describe(trainer)

    def on_epoch(self, trainer: Any) -> None:
        """Show the losses of the epoch just finished."""
        if self._bar is not None:
            last = trainer.history.iloc[-1]
            self._bar.set_postfix_str(
                f"loss {last['loss']:.4f}, validation {last['val_loss']:.4f}", refresh=False
            )
        self._describe(trainer)

    def _describe(self, trainer: Any) -> None:
        if self._bar is None:
            return
        progress = trainer.progress
        waiting = " (waiting for another training)" if trainer.waiting else ""
        self._bar.set_description_str(f"epoch {progress.epoch}/{progress.epochs}{waiting}", refresh=False)
        self._bar.n = progress.fraction
        self._bar.refresh()
