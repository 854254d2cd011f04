"""What the training panel says: costs, states, changes and errors as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import PARTS, Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.costs.cost import estimate
from lstmwidgets.model.shapes import count_parameters
from lstmwidgets.widgets.cells import named, parameters_of
from lstmwidgets.widgets.panel.opinion import Opinion

if TYPE_CHECKING:
    from lstmwidgets.model.training import Trainer

FEW_WINDOWS = 30
"""With fewer windows than this, errors on a part are mostly chance."""


def duration(seconds: float) -> str:
    """Seconds in words, as exact as they deserve.

    Examples
    --------
    >>> duration(3.21), duration(48.9), duration(125), duration(7300)
    ('3.2 s', '49 s', '2 min 05 s', '2 h 01 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def of_size(config: LSTMConfig, windows: Windows) -> str:
    """Parameters of the network, and windows of each part."""
    counts = ", ".join(f"{len(windows.starts(part)):,} {part}" for part in PARTS)
    why = "missing values" if np.isnan(windows.read).any() else "none of their targets was observed"
    left_out = f" ({windows.left_out:,} left out: {why})" if windows.left_out else ""
    return f"{count_parameters(config, len(windows.features)):,} parameters · {counts} windows{left_out}"


def of_cost(config: LSTMConfig, windows: Windows) -> str:
    """Size, arithmetic, memory, and about how long the training will take."""
    told = estimate(config, len(windows.train), len(windows.features))
    seconds = told.seconds
    roughly = duration(round(seconds) if seconds >= 1 else seconds).replace(".0 s", " s")
    doubt = "" if told.calibrated else ", not yet measured on this machine"
    asked = f"{operations(told.flops)}, {told.bytes / 1e6:,.0f} MB"
    return f"{of_size(config, windows)} · {asked}, about {roughly}{doubt}"


def operations(flops: float) -> str:
    """Floating-point operations, with two digits or three.

    Examples
    --------
    >>> operations(8.76e9), operations(1.234e12), operations(4.2e15)
    ('8.8 GFLOP', '1.2 TFLOP', '4,200 TFLOP')
    """
    size, unit = (flops / 1e12, "TFLOP") if flops >= 1e12 else (flops / 1e9, "GFLOP")
    return f"{size:.1f} {unit}" if size < 10 else f"{size:,.0f} {unit}"


def of_caution(windows: Windows) -> str:
    """What makes scores on the test part doubtful; empty when nothing does."""
    count = len(windows.test)
    if count >= FEW_WINDOWS:
        return ""
    return f"only {count} test window{': its' if count == 1 else 's: their'} scores say little"


def of_still(config: LSTMConfig, windows: Windows) -> str:
    """Size, and what makes the scores doubtful."""
    return " · ".join(part for part in (of_size(config, windows), of_caution(windows)) if part)


def of_refused(labels: list[str]) -> str:
    """Which controls hold something refused."""
    return f"Not accepted: {', '.join(labels)}. What is accepted stands beside the number."


def of_refusal(problem: str, kept: str) -> str:
    """Why a file was refused, and what the panel goes on with."""
    return f"{problem.rstrip('.')}. Nothing else has changed: the series is still {kept}."


def of_trainer(trainer: Trainer) -> tuple[str, str]:
    """What a training is doing or how it ended, and the tone to say it in."""
    epochs, state = len(trainer.history), trainer.state
    if state == "training":
        waiting = (
            "Waiting: another training of this kernel runs first. It begins by itself; Stop gives it up."
        )
        return (waiting, "warning") if trainer.waiting else ("Training.", "quiet")
    if state == "paused":
        return f"Paused after {_epochs(epochs)}. Resume goes on, Step trains one more.", "quiet"
    if state == "failed":
        return f"The training failed: {of_error(trainer.error)}", "error"
    kept = ""
    if epochs:
        kept = f"; the weights of epoch {trainer.best_epoch} are kept, the best on validation"
        if not trainer.best_epoch:
            kept = "; none was better on validation than the ridge regression it began as, which is kept"
    took = f" in {duration(trainer.progress.elapsed)}"
    if state == "stopped":
        return f"Stopped after {_epochs(epochs)}{took}{kept}.", "quiet"
    early = f" of {trainer.config.epochs}: no better epoch for {trainer.config.patience}"
    return f"Trained {_epochs(epochs)}{early if epochs < trainer.config.epochs else ''}{took}{kept}.", "quiet"


def _epochs(count: int) -> str:
    return f"{count:,} epoch{'' if count == 1 else 's'}"


def of_error(error: BaseException | None) -> str:
    """An error for the status line: our own words as they are, any other with its kind."""
    if isinstance(error, LSTMWidgetsError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def changes(before: LSTMConfig, series_before: pd.Series, now: LSTMConfig, series: pd.Series) -> list[str]:
    """Which settings differ, each as name and both values; those alone that both cells have.

    Examples
    --------
    >>> nothing, relu = pd.Series(dtype="float64"), LSTMConfig(units=32, activation="relu")
    >>> changes(relu, nothing, relu.replace(cell="gru", units=64), nothing)
    ['Cell LSTM → GRU', 'Units 32 → 64']
    >>> changes(relu, nothing, LSTMConfig(cell="transformer"), nothing)
    ['Cell LSTM → Transformer']
    """
    found = []
    for name, parameter in parameters_of(now).items():
        old, new = named(parameter, getattr(before, name)), named(parameter, getattr(now, name))
        if old != new and before.applies(name):
            found.append(f"{parameter.label} {old} → {new}")
    return found if series is series_before else ["another series", *found]


def of_panel(name: str, captions: list[str], opinion: Opinion) -> str:
    """The whole panel in one paragraph."""
    return " ".join([f"{name}.", *captions, opinion.sentence, *opinion.problems])
