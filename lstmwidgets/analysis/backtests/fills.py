"""Filled values that rest on what came later, and the windows that read one too early."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.filling import filled
from lstmwidgets.data.windows import Windows


def rests_on(series: pd.Series) -> NDArray[np.int64]:
    """Position of the last value that each point may rest on, as ``attrs["repairs"]`` tells.

    A value that was observed rests on itself. One that was filled rests on what its rule read, and on
    what that rests on where an earlier rule had filled it. A record without a ``reach`` counts as having
    read all there is, unless it says that it did not look ahead.

    Returns
    -------
    int array (timesteps,)
        ``timesteps`` where a point may rest on all there is.

    Examples
    --------
    >>> from lstmwidgets.data.filling import fill_gaps
    >>> days = pd.date_range("2020-01-01", periods=4, freq="D")
    >>> gappy = pd.Series([1.0, np.nan, np.nan, 4.0], index=days)
    >>> [rests_on(fill_gaps(gappy, rule)).tolist() for rule in ("forward", "linear", "mean")]
    [[0, 0, 0, 3], [0, 3, 3, 3], [0, 4, 4, 3]]
    """
    count = len(series)
    own = np.arange(count)
    last = own.copy()
    for repair in series.attrs.get("repairs", []):
        times = [pd.to_datetime([gap[side] for gap in repair["gaps"]], format="ISO8601") for side in (0, 1)]
        if not len(times[0]):
            continue
        begin = series.index.searchsorted(times[0])
        end = series.index.searchsorted(times[1], side="right")
        reach = repair.get("reach", "all" if repair.get("looks_ahead", True) else 0)
        if reach == 0:
            read = begin - 1
        elif reach == "gap":
            read = end
        else:
            read = np.full_like(end, count) if reach == "all" else end - 1 + reach
        earlier = np.maximum.accumulate(last)[np.clip(read, 0, count - 1)]
        for first, after, furthest in zip(begin, end, np.maximum(read, earlier), strict=True):
            last[first:after] = furthest
    return np.where(filled(series), last, own)


def read_ahead(
    series: pd.Series, windows: Windows, starts: NDArray[np.integer], *, everything: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which windows read a filled value that may rest on what came after them, and which end on one.

    Parameters
    ----------
    series : pandas.Series
        That of the windows.
    starts : integer array
    everything : bool
        Look at all that lies before a window's end, as a model trained there would, and not only at
        the window.

    Returns
    -------
    two bool arrays (len(starts),)
    """
    origins = windows.origins(np.asarray(starts))
    last = rests_on(series)
    span = len(last) if everything else windows.sequence_length
    furthest = pd.Series(last).rolling(span, min_periods=1).max().to_numpy()
    return furthest[origins] > origins, last[origins] > origins
