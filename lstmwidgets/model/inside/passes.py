"""Passes over a forecaster's windows that keep more than the forecast: as known at each step, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.data.scaling import centres
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import tf
from lstmwidgets.model.inside.walking import passes_of
from lstmwidgets.model.loop import FORECAST_BYTES

KNOWN_AT_BLOCKS = 4
"""Into how many blocks `as_known_at` cuts its windows, each walking only as far as its longest reaches."""

_NO_SERIES = (
    "this forecaster was loaded from a file, which holds the last {length} values of its series only: leave "
    "start out to take those, or set forecaster.series_ = series and forecaster.windows_ = "
    "make_windows(series, forecaster.config, forecaster.scaler_)"
)


def scaled_window(forecaster: Any, start: int | None = None) -> NDArray[np.float32]:
    """The values of one window of a fitted forecaster: scaled, and not centred.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted.
    start : int, optional
        The window's starting position in the series. Left out, the newest window of the test part,
        or after `load` the last ``sequence_length`` values.

    Returns
    -------
    float32 array, shape (sequence_length, features)

    Raises
    ------
    LSTMWidgetsError
        When ``start`` is no position of a complete window, or the forecaster does not hold its series.
    """
    windows, length = forecaster.windows_, forecaster.config.sequence_length
    if windows is None:
        if start is not None:
            raise LSTMWidgetsError(f"start={start!r} cannot be found: {_NO_SERIES.format(length=length)}")
        return forecaster.last_window()
    first = checked_start(forecaster, start)
    values = windows.values[first : first + length]
    missing = int(np.count_nonzero(~np.isfinite(values).all(axis=1)))
    if missing:
        raise LSTMWidgetsError(
            f"{missing} of the sequence_length={length} values of the window at start={first} are missing: "
            "take another window, or fill the gaps and fit again"
        )
    return values


def checked_start(forecaster: Any, start: int | None = None) -> int:
    """A window's starting position as an int; by default that of the newest window of the test part."""
    windows, length = forecaster.windows_, forecaster.config.sequence_length
    if windows is None:
        raise LSTMWidgetsError(_NO_SERIES.format(length=length))
    if start is None:
        return int(windows.test[-1])
    last = len(windows.values) - length
    if isinstance(start, bool) or not isinstance(start, (int, np.integer)) or not 0 <= start <= last:
        raise LSTMWidgetsError(
            f"start={start!r} is not accepted: a window of sequence_length={length} values of this series "
            f"starts at a whole number from 0 to {last}"
        )
    return int(start)


def as_known_at(forecaster: Any, start: int | None = None) -> NDArray[np.float64]:
    """What a forecaster's network would forecast from its window cut off after each step.

    Each of the cut windows is centred on its own last value, as the config says, so that row ``t`` is
    the forecast of a forecaster that had read the window's steps 0 to ``t`` and nothing else. It was
    trained on whole windows only: the first rows are its answers to something it never saw.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted.
    start : int, optional
        As in `scaled_window`.

    Returns
    -------
    float64 array, shape (sequence_length, horizon)
        In the unit of the series. The last row is the forecast itself.

    Raises
    ------
    LSTMWidgetsError
        As `scaled_window`, and for a network that is not walked step by step, which
        `lstmwidgets.model.inside.walking.why_not_walked` tells beforehand.
    """
    values = scaled_window(forecaster, start)
    network, length = forecaster.model_, len(values)
    compiled = passes_of(network)
    steps, centred = tf.constant(values), _centres(forecaster)
    answers = [
        compiled.known_at(steps, rows, centred).numpy() for rows in _row_blocks(length, compiled.widest_units)
    ]
    outputs = np.concatenate(answers).astype(np.float64)
    levels = centred[0] * values[:, :1].astype(np.float64)
    return (outputs + levels) * forecaster.scaler_.scale + forecaster.scaler_.mean


def _centres(forecaster: Any) -> NDArray[np.float32]:
    """1 for each feature that a window reads relative to its last value, else 0."""
    features = forecaster.model_.inputs[0].shape[-1]
    return centres(features, len(forecaster.scaler_.covariates), forecaster.config)


def _row_blocks(length: int, units: int) -> list[NDArray[np.int32]]:
    """Rows 0 to length - 1 in blocks that are few, and whose hidden states fit into the memory allowed."""
    most = max(1, int(FORECAST_BYTES / (2 * 4 * length * units)))
    size = min(most, -(-length // KNOWN_AT_BLOCKS))
    return [np.arange(first, min(first + size, length), dtype=np.int32) for first in range(0, length, size)]


def cell_states(
    forecaster: Any, starts: ArrayLike, steps: tuple[int, int], units: ArrayLike | None = None
) -> Iterator[NDArray[np.float32]]:
    """Memory of the last layer over the same steps of many windows, a batch of windows at a time.

    Of an LSTM that is the cell state, of a GRU or a simple recurrent layer the hidden state.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted, with its windows.
    starts : integer array, shape (windows,)
        Starting positions of complete windows.
    steps : (first, last)
        Steps within the window, from 0 to sequence_length - 1, both included.
    units : sequence of int, optional
        Which units; by default all.

    Yields
    ------
    float32 array, shape (some windows, last - first + 1, units)
        In the order of ``starts``; as many windows at a time as fit into `FORECAST_BYTES`.

    Raises
    ------
    LSTMWidgetsError
        When the forecaster does not hold its series, or its network is of another kind.
    """
    windows, length = forecaster.windows_, forecaster.config.sequence_length
    if windows is None:
        raise LSTMWidgetsError(_NO_SERIES.format(length=length))
    compiled = passes_of(forecaster.model_)
    first, last = steps
    chosen = np.arange(compiled.last_units) if units is None else np.asarray(units)
    window_bytes = 4 * (last + 1) * compiled.widest_units * 8  # seven outputs of the kernel, and its input
    size = int(np.clip(FORECAST_BYTES / window_bytes, 1, 1024))
    series = tf.constant(windows.values)
    centred = _centres(forecaster)
    wanted = np.asarray(starts, np.int32)
    for begin in range(0, len(wanted), size):
        yield compiled.cell_states(
            series,
            wanted[begin : begin + size],
            np.array([first, last, length], np.int32),
            chosen.astype(np.int32),
            centred,
        ).numpy()
