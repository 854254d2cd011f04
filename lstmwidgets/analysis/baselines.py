"""Forecasts that need no training: the bar every model has to clear."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.errors import LSTMWidgetsError


def repeat_last(values: ArrayLike, origins: ArrayLike, horizon: int) -> NDArray[np.float64]:
    """Forecast that nothing changes: every step ahead equals the last known value.

    Parameters
    ----------
    values : array, shape (timesteps,)
        The series, missing values as NaN.
    origins : integer array, shape (windows,)
        Position of the last known value of each window, from 0 to timesteps - 1.
    horizon : int
        Steps ahead, at least 1.

    Returns
    -------
    float64 array, shape (windows, horizon)
        In the unit of the series; NaN where the last value is missing.

    Raises
    ------
    LSTMWidgetsError
        When an origin lies outside the series, or ``horizon`` is not a whole number from 1 up.

    Examples
    --------
    >>> repeat_last([3, 5, 4, 6], origins=[1, 3], horizon=3).tolist()
    [[5.0, 5.0, 5.0], [6.0, 6.0, 6.0]]
    """
    series, last = _checked(values, origins)
    return np.repeat(series[last][:, None], _count("horizon", horizon), axis=1)


def window_mean(values: ArrayLike, origins: ArrayLike, horizon: int, length: int) -> NDArray[np.float64]:
    """Forecast the mean of the last ``length`` values: the bar for a series without trend or season.

    Parameters
    ----------
    values, origins, horizon
        As in `repeat_last`.
    length : int
        Values to average, at least 1.

    Returns
    -------
    float64 array, shape (windows, horizon)
        In the unit of the series; NaN where one of the values is missing, or lies before the series
        begins.

    Raises
    ------
    LSTMWidgetsError
        As `repeat_last`, and when ``length`` is not a whole number from 1 up.

    Examples
    --------
    >>> window_mean([3, 5, 4, 6], origins=[1, 3], horizon=2, length=3).tolist()
    [[nan, nan], [5.0, 5.0]]
    """
    series, last = _checked(values, origins)
    length = _count("length", length)
    known = np.isfinite(series)
    level = float(series[known].mean()) if known.any() else 0.0  # sums of small numbers lose less
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, series - level, 0.0))))
    missing = np.concatenate(([0], np.cumsum(~known)))
    first = np.maximum(last + 1 - length, 0)
    complete = (last + 1 >= length) & (missing[last + 1] == missing[first])
    means = np.where(complete, level + (sums[last + 1] - sums[first]) / length, np.nan)
    return np.repeat(means[:, None], _count("horizon", horizon), axis=1)


def seasonal_naive(values: ArrayLike, origins: ArrayLike, horizon: int, season: int) -> NDArray[np.float64]:
    """Forecast that the last cycle comes again, as often as the horizon needs it.

    Step ``k`` ahead of origin ``n`` repeats the value at ``n + k - season * ceil(k / season)``
    (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, section 5.2). With a season
    of 1 this is `repeat_last`.

    Parameters
    ----------
    values, origins, horizon
        As in `repeat_last`.
    season : int
        Points in one cycle, at least 1.

    Returns
    -------
    float64 array, shape (windows, horizon)
        In the unit of the series; NaN where the value one cycle before is missing, or lies before
        the series begins.

    Raises
    ------
    LSTMWidgetsError
        As in `repeat_last`; also when ``season`` is not a whole number from 1 up.

    Examples
    --------
    >>> seasonal_naive([3, 5, 4, 6], origins=[3], horizon=5, season=2).tolist()
    [[4.0, 6.0, 4.0, 6.0, 4.0]]
    """
    series, last = _checked(values, origins)
    season = _count("season", season)
    phase = np.arange(_count("horizon", horizon)) % season
    source = last[:, None] + 1 - season + phase
    return np.where(source >= 0, series[np.maximum(source, 0)], np.nan)


def _checked(values: ArrayLike, origins: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    series, last = np.asarray(values, dtype=np.float64), np.asarray(origins)
    if series.ndim != 1:
        raise LSTMWidgetsError(f"values has the shape {series.shape}: expected (timesteps,), one series")
    if last.size == 0:
        last = last.astype(np.intp)
    if last.ndim != 1 or not np.issubdtype(last.dtype, np.integer):
        raise LSTMWidgetsError(
            f"origins has the shape {last.shape} and type {last.dtype}: expected integers, shape (windows,)"
        )
    outside = last[(last < 0) | (last >= len(series))]
    if outside.size:
        raise LSTMWidgetsError(
            f"origin {outside[0]} lies outside the series: its {len(series)} values have the positions "
            f"0 to {len(series) - 1}"
        )
    return series, last


def _count(name: str, number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
        raise LSTMWidgetsError(f"{name}={number!r} is not accepted: {name} takes a whole number from 1 up")
    return int(number)
