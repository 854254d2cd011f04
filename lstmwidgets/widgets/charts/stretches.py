"""Which stretch of a series to look at, and what lies in it: plain functions for charts and stills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.windows import Split
from lstmwidgets.widgets.charts.thinning import in_blocks

ALL, TESTED, CLOSE = "Whole series", "Validation and test", "Close-up"
_LEGIBLE = 900
"""With more points than this, validation and test are better seen close up first."""


@dataclass(frozen=True)
class Stretch:
    """A part of a series to look at: positions ``first`` to ``last``, both included."""

    first: int
    last: int


def stretches(split: Split | None, length: int, horizon: int) -> dict[str, Stretch]:
    """Ready-made views by name: the whole series, validation and test, and a close-up of the test part."""
    views = {ALL: Stretch(0, length - 1)}
    if split is not None:
        close = min(split.size("test"), max(6 * horizon, 48))
        views[TESTED] = Stretch(split.train_end, length - 1)
        views[CLOSE] = Stretch(length - close, length - 1)
    return views


def first_view(split: Split | None) -> str:
    """The view to begin with: validation and test, unless that is too much to see anything."""
    if split is None:
        return ALL
    return TESTED if split.length - split.train_end <= _LEGIBLE else CLOSE


def blocks_between(
    forecasts: pd.DataFrame | None, model: str, begin: np.datetime64, end: np.datetime64
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """One model's forecasts within two times, as a line that breaks from each cutoff to the next."""
    if forecasts is None or model not in forecasts:
        return np.array([begin]), np.array([np.nan])
    times = as_times(pd.DatetimeIndex(forecasts["ds"]))
    rows = np.flatnonzero((times >= begin) & (times <= end))
    cutoffs = as_times(pd.DatetimeIndex(forecasts["cutoff"]))[rows]
    return in_blocks(times[rows], forecasts[model].to_numpy(np.float64)[rows], cutoffs)


def as_times(index: pd.DatetimeIndex) -> NDArray[np.datetime64]:
    """Times as the browser takes them: UTC, in milliseconds."""
    naive = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    return naive.to_numpy().astype("datetime64[ms]")


def moment(stamp: np.datetime64) -> str:
    """A time in words, its hour only where it matters."""
    when = pd.Timestamp(stamp)
    return f"{when.day} {when:%b %Y}" + (f" {when:%H:%M}" if when.hour or when.minute else "")
