"""When did memory look like this before, and what came next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.scoring.scores import _windows
from lstmwidgets.errors import LSTMWidgetsError


def match(
    forecaster: Any,
    start: int,
    steps: tuple[int, int],
    units: Sequence[int] | None = None,
    threshold: float | None = None,
    most: int = 5,
) -> pd.DataFrame:
    """Past windows whose memory, over the same steps, was most like that of the window chosen.

    Only the past counts: what followed a window found was known before the first of the steps
    chosen. Windows found overlap one another by less than half.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted, with its series.
    start : int
        The starting position of the window chosen.
    steps : (first, last)
        The steps within the window that are compared, from 0 to sequence_length - 1, both included.
    units : sequence of int, optional
        The units of the last layer that are compared; by default all.
    threshold : float, optional
        Instead of ``units``: those whose state is at least this far from zero at every one of
        the steps chosen, as in LSTMVis (Strobelt et al., 2018).
    most : int
        How many windows are answered at most, from 1 up.

    Returns
    -------
    pandas.DataFrame
        The closest first: ``start``; ``ds``, the time of the last value read; ``distance``, the root
        mean square over steps and units of the difference between the cell states (of a GRU or a simple
        recurrent network the hidden states), divided by the
        spread (standard deviation) of that unit over all windows compared, so that it has no unit,
        and two windows picked at random are about 1.4 apart; and ``y_1`` to ``y_h``, the ``horizon``
        values that came next, in the unit of the series. ``attrs`` holds ``start``, ``steps``,
        ``units`` (those compared) and ``windows`` (how many were compared).

    Raises
    ------
    LSTMWidgetsError
        When an argument is not accepted, when no unit is beyond the threshold, or when the series
        holds no window early enough.

    References
    ----------
    Strobelt, H., Gehrmann, S., Pfister, H. and Rush, A. M. (2018). LSTMVis: A Tool for Visual
    Analysis of Hidden State Dynamics in Recurrent Neural Networks. IEEE Transactions on
    Visualization and Computer Graphics 24(1).
    """
    windows = _windows(forecaster, "test")
    from lstmwidgets.model.inside.passes import cell_states, checked_start, scaled_window

    length, horizon = windows.sequence_length, windows.horizon
    first, last = _checked_steps(steps, length)
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise LSTMWidgetsError(f"most={most!r} is not accepted: most takes a whole number from 1 up")
    start = checked_start(forecaster, start)
    scaled_window(forecaster, start)  # refuses a window with missing values
    chosen = next(cell_states(forecaster, [start], (first, last)))[0].astype(np.float64)
    wanted = _chosen_units(chosen, units, threshold)
    chosen = chosen[:, wanted]

    starts = _past_starts(windows.values, length, horizon, start + first)
    if not len(starts):
        raise LSTMWidgetsError(
            f"no window of {length} values and {horizon} after them lies before position {start + first}, "
            f"where the steps chosen begin (start={start}, steps={(first, last)}): choose a later window, or "
            "later steps"
        )
    middle = chosen.mean(axis=0)  # sums of squares about a value near the mean lose no digits
    squares, total, total_of_squares = [], np.zeros(len(wanted)), np.zeros(len(wanted))
    for states in cell_states(forecaster, starts, (first, last), wanted):
        squares.append(((states - chosen) ** 2).mean(axis=1))
        total += (states - middle).sum(axis=(0, 1))
        total_of_squares += ((states - middle) ** 2).sum(axis=(0, 1))
    count = len(starts) * len(chosen)
    variance = total_of_squares / count - (total / count) ** 2
    variance[variance <= 1e-12] = (
        np.inf
    )  # in float32 a unit that is always the same, which tells nothing apart
    distances = np.sqrt((np.concatenate(squares) / variance).mean(axis=1))

    found = _apart(starts, distances, length, most)
    origins = starts[found] + length - 1
    values = forecaster.series_.to_numpy(dtype=np.float64)
    ahead = values[origins[:, None] + 1 + np.arange(horizon)]
    table = pd.DataFrame(
        {
            "start": starts[found],
            "ds": pd.DatetimeIndex(forecaster.series_.index)[origins],
            "distance": distances[found],
            **{f"y_{step + 1}": ahead[:, step] for step in range(horizon)},
        }
    )
    table.attrs = {
        "start": start,
        "steps": (first, last),
        "units": wanted.tolist(),
        "windows": len(starts),
    }
    return table


def _checked_steps(steps: Any, length: int) -> tuple[int, int]:
    try:
        first, last = (int(step) for step in steps)
        whole = (first, last) == tuple(steps)
    except (TypeError, ValueError):
        whole = False
    if not whole or not 0 <= first <= last < length:
        raise LSTMWidgetsError(
            f"steps={steps!r} is not accepted: steps takes (first, last), two whole numbers from 0 to "
            f"{length - 1} of which the first is no later"
        )
    return first, last


def _chosen_units(
    states: NDArray[np.float64], units: Sequence[int] | None, threshold: float | None
) -> NDArray[np.intp]:
    """Indices of the units to compare, of states with the shape (steps, units)."""
    count = states.shape[1]
    if units is not None and threshold is not None:
        raise LSTMWidgetsError(
            f"units={units!r} and threshold={threshold!r} both choose units: pass one of them"
        )
    if units is not None:
        wanted = np.asarray(units)
        whole = wanted.ndim == 1 and wanted.size and np.issubdtype(wanted.dtype, np.integer)
        if not whole or wanted.min() < 0 or wanted.max() >= count:
            raise LSTMWidgetsError(
                f"units={units!r} is not accepted: units takes a list of whole numbers from 0 to {count - 1}"
            )
        return np.unique(wanted)
    if threshold is None:
        return np.arange(count)
    if (
        isinstance(threshold, bool)
        or not isinstance(threshold, (int, float, np.number))
        or not threshold >= 0
    ):
        raise LSTMWidgetsError(f"threshold={threshold!r} is not accepted: threshold takes a number from 0 up")
    lowest = np.abs(states).min(axis=0)
    beyond = np.flatnonzero(lowest >= threshold)
    if not len(beyond):
        raise LSTMWidgetsError(
            f"no unit's state is {threshold:g} or more from zero at every one of the {len(states)} "
            f"steps chosen, and the most that one reaches is {lowest.max():.3g}: lower threshold, or choose "
            "fewer steps"
        )
    return beyond


def _past_starts(values: NDArray[np.float32], length: int, horizon: int, position: int) -> NDArray[np.int64]:
    """Starts of complete windows whose last target lies at ``position`` or before it."""
    reach = length + horizon
    missing_before = np.concatenate(([0], np.cumsum(~np.isfinite(values).all(axis=1))))
    candidates = np.arange(max(0, position + 2 - reach))
    return candidates[missing_before[candidates + reach] == missing_before[candidates]]


def _apart(
    starts: NDArray[np.int64], distances: NDArray[np.float64], length: int, most: int
) -> NDArray[np.intp]:
    """Places of the closest windows, each overlapping those before it by less than half."""
    left = distances.copy()
    found: list[int] = []
    while len(found) < most and np.isfinite(left.min()):
        best = int(left.argmin())
        found.append(best)
        left[2 * np.abs(starts - starts[best]) <= length] = np.inf
    return np.array(found)
