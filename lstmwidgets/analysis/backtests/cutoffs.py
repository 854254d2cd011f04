"""Which cutoffs a backtest forecasts from, by position in the series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.features import KNOWN
from lstmwidgets.data.windows import PARTS, Windows
from lstmwidgets.errors import LSTMWidgetsError

Starts = NDArray[np.integer]

BACKTEST_PARTS = (*PARTS, "all")


def starts_of_part(windows: Windows, index: pd.DatetimeIndex, horizon: int, part: str, step: int) -> Starts:
    """Starts of the windows of one part, ``step`` time steps apart and counted back from the last one.

    Raises
    ------
    LSTMWidgetsError
        When the part is unknown, or has no room for a single window.
    """
    if part not in BACKTEST_PARTS:
        raise LSTMWidgetsError(
            f"part={part!r} is not accepted: a backtest takes {', '.join(map(repr, BACKTEST_PARTS))}"
        )
    check_long_enough(windows, horizon)
    split = windows.split
    bounds = (split.train_end, split.length) if part == "all" else split.bounds(part)  # type: ignore[arg-type]
    starts = starts_within(bounds, windows.sequence_length, horizon)
    if not len(starts):
        size, word = (
            bounds[1] - bounds[0],
            "all after the training part" if part == "all" else f"the {part} part",
        )
        begins = f" (it would begin at {index[bounds[0]].isoformat()})" if size > 0 else ""
        raise LSTMWidgetsError(
            f"{word} has {max(0, size)} of the series' {len(index)} points{begins}, too few for horizon="
            f"{horizon} after a window of sequence_length={windows.sequence_length}: lower horizon, take "
            "another part, or give cutoffs="
        )
    return starts[(starts[-1] - starts) % step == 0]


def starts_at(
    windows: Windows, index: pd.DatetimeIndex, horizon: int, cutoffs: Sequence[Any] | pd.DatetimeIndex
) -> Starts:
    """Starts of the windows that end at given times, ascending.

    Raises
    ------
    LSTMWidgetsError
        When one of them is not in the series, is given twice, or has no room before or after it.
    """
    check_long_enough(windows, horizon)
    try:
        wanted = pd.DatetimeIndex([cutoffs] if isinstance(cutoffs, (str, pd.Timestamp)) else list(cutoffs))
    except (ValueError, TypeError) as error:
        raise LSTMWidgetsError(f"cutoffs={cutoffs!r} are not timestamps: {error}") from None
    if not len(wanted):
        raise LSTMWidgetsError("cutoffs has no timestamp in it: give at least one, or leave it out")
    places = index.get_indexer(wanted)
    earliest, latest = windows.sequence_length - 1, len(index) - 1 - horizon
    for time, place in zip(wanted, places, strict=True):
        if place < 0:
            raise LSTMWidgetsError(
                f"cutoff {time} is not a time of the series, which runs from {index[0].isoformat()} to "
                f"{index[-1].isoformat()} with the frequency {index.freqstr}"
            )
        if place < earliest:
            raise LSTMWidgetsError(
                f"cutoff {time} is too early: {place + 1} values are known by then, and a window reads "
                f"sequence_length={windows.sequence_length}. The first possible is "
                f"{index[earliest].isoformat()}"
            )
        if place > latest:
            raise LSTMWidgetsError(
                f"cutoff {time} has {len(index) - 1 - place} of horizon={horizon} steps after it in the "
                f"series: the last possible is {index[latest].isoformat()}"
            )
    if wanted.has_duplicates:
        raise LSTMWidgetsError(f"cutoff {wanted[wanted.duplicated()][0]} is given twice: give each once")
    return np.sort(places) - earliest


def without_missing(windows: Windows, starts: Starts, horizon: int, notes: list[str]) -> Starts:
    """Those starts whose window can be read and has something observed after it; the others are told.

    Raises
    ------
    LSTMWidgetsError
        When none is left.
    """
    complete = complete_starts(windows, starts, horizon)
    out = int(np.count_nonzero(~complete))
    if out == len(starts):
        missing = int(np.count_nonzero(~windows.known))
        raise LSTMWidgetsError(
            f"the window of every one of the {out:,} cutoffs touches a missing value, or nothing was "
            f"observed after it ({missing:,} of the series' {len(windows.known):,} values were not "
            "observed): fill the gaps first (lstmwidgets.fill), or give other cutoffs"
        )
    if out:
        notes.append(
            f"{out:,} of {len(starts):,} cutoffs are left out, because their window touches a missing value "
            "or nothing was observed after it."
        )
    return starts[complete]


def check_long_enough(windows: Windows, horizon: int) -> None:
    """Refuse a series that holds not one window and its forecast."""
    points, needed = len(windows.read), windows.sequence_length + horizon
    if points < needed:
        raise LSTMWidgetsError(
            f"the series has {points} points, too few for one window: sequence_length="
            f"{windows.sequence_length} and horizon={horizon} need {needed}. Use a longer series"
        )


def starts_within(bounds: tuple[int, int], length: int, horizon: int) -> Starts:
    """Starts of all windows that have their first ``horizon`` targets between two positions."""
    begin, end = bounds
    return np.arange(max(0, begin - length), end - length - horizon + 1)


def is_complete(
    readable: NDArray[np.bool_],
    known: NDArray[np.bool_],
    masked: bool,
    starts: Starts,
    length: int,
    horizon: int,
) -> NDArray[np.bool_]:
    """Which windows can be read in full, and have an observed target: the rule of `Windows`."""
    unread = np.concatenate(([0], np.cumsum(~readable)))
    observed = np.concatenate(([0], np.cumsum(known)))
    heard = observed if masked else np.arange(len(observed))
    inside, after = starts + length, starts + length + horizon
    complete: NDArray[np.bool_] = (
        (unread[inside] == unread[starts])
        & (heard[inside] > heard[starts])
        & (observed[after] > observed[inside])
    )
    return complete


def complete_starts(windows: Windows, starts: Starts, horizon: int) -> NDArray[np.bool_]:
    """Which windows can be read in full and have an observed target within ``horizon`` steps."""
    readable = np.asarray(np.isfinite(windows.values).all(axis=1))
    masked = windows.features[-1] == KNOWN
    return is_complete(readable, windows.known, masked, starts, windows.sequence_length, horizon)
