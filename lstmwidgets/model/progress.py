"""A progress bar for terminals and plain cells."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from tqdm import tqdm


class _Writable(Protocol):
    def write(self, text: str) -> Any: ...
    def flush(self) -> None: ...


class ProgressBar:
    """A `Trainer` callback that shows a tqdm bar: in a terminal, or as one line under a notebook's cell.

    A terminal is left clean at the end, a cell keeps the last line. Where standard error goes to a
    file, nothing is written.

    Parameters
    ----------
    what : str
        What the training is for, where there are several.
    """

    def __init__(self, what: str = "") -> None:
        self._what = f"{what}: " if what else ""
        self._bar: Any = None

    def on_state(self, trainer: Any) -> None:
        """Open the bar when training begins, close it when it ends."""
        if trainer.state == "training" and self._bar is None:
            self._bar = open_bar(1.0, "{desc} |{bar:24}| {elapsed}<{remaining}{postfix}")
        self._describe(trainer)
        if trainer.state in ("done", "stopped", "failed") and self._bar is not None:
            self._bar.close()
            self._bar = None

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
        epoch = f"{self._what}epoch {progress.epoch}/{progress.epochs}{waiting}"
        self._bar.set_description_str(epoch, refresh=False)
        self._bar.n = progress.fraction
        self._bar.refresh()


def open_bar(total: float, bar_format: str, shown: bool = True) -> tqdm[Any]:
    """A bar in a terminal, which is left clean at the end, or one line under a notebook's cell."""
    cell = _cell_line() if shown else None
    return tqdm(
        total=total,
        file=cell or sys.stderr,
        disable=not shown or (cell is None and not sys.stderr.isatty()),
        leave=cell is not None,
        ncols=None if cell is None else 100,
        bar_format=bar_format,
    )


def _cell_line() -> _Writable | None:
    """The line under the cell that now runs, or None outside a notebook's kernel."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None or not hasattr(shell, "kernel") else _CellLine()


class _CellLine:
    """A file whose last line is shown under the cell, and redrawn in place: standard error would be red."""

    encoding = "utf-8"  # by which tqdm knows that it may draw in eighths of a block

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        line = text.strip("\r\n")
        if not line.strip():
            return
        from IPython.display import display

        if self._handle is None:
            self._handle = display({"text/plain": line}, raw=True, display_id=True)
        else:
            self._handle.update({"text/plain": line}, raw=True)

    def flush(self) -> None:
        """Nothing is held back."""
