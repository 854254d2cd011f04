"""Forecasts that need no network: the bar every model has to clear.

Classes that read windows, all through one interface, and below them the rules as plain functions
of arrays.
"""

from __future__ import annotations

from typing import Protocol, Self
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.data.windows import Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.ridge import Ridge

REPEAT_LAST, SEASONAL_NAIVE, DRIFT = "repeat last", "seasonal naive", "drift"
WINDOW_MEAN, RIDGE = "window mean", Ridge.name


class Baseline(Protocol):
    """A forecast to beat: fitted on the training part of windows, then asked for forecasts from any."""

    @property
    def name(self) -> str:
        """Its column and row in tables."""
        ...

    def fit(self, windows: Windows) -> Self:
        """Learn what there is to learn from the training part; whatever is chosen, validation chooses."""
        ...

    def forecast(self, windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecast from windows that begin at ``starts``, reading nothing after their origins.

        Returns
        -------
        float64 array, shape (len(starts), horizon)
            In the unit of the series; NaN where there is no forecast.
        """
        ...


class Rule:
    """A baseline with nothing to learn."""

    def fit(self, windows: Windows) -> Self:
        """Nothing to learn."""
        return self


class RepeatLast(Rule):
    """Nothing changes; see `repeat_last`."""

    name = REPEAT_LAST

    def forecast(self, windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """As `Baseline.forecast`."""
        return repeat_last(windows.read, windows.origins(np.asarray(starts)), windows.horizon)


class SeasonalNaive(Rule):
    """The last cycle comes again; see `seasonal_naive`.

    Parameters
    ----------
    season : int
        Points in one cycle, at least 1.
    """

    name = SEASONAL_NAIVE

    def __init__(self, season: int) -> None:
        self.season = _count("season", season)

    def forecast(self, windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """As `Baseline.forecast`."""
        origins = windows.origins(np.asarray(starts))
        return seasonal_naive(windows.read, origins, windows.horizon, self.season)


class Drift(Rule):
    """The mean change of the whole history goes on; see `drift`."""

    name = DRIFT

    def forecast(self, windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """As `Baseline.forecast`."""
        return drift(windows.read, windows.origins(np.asarray(starts)), windows.horizon)


class WindowMean(Rule):
    """The mean of the values that the window reads; see `window_mean`."""

    name = WINDOW_MEAN

    def forecast(self, windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """As `Baseline.forecast`."""
        origins = windows.origins(np.asarray(starts))
        return window_mean(windows.read, origins, windows.horizon, windows.sequence_length)


def default_baselines(season: int) -> list[Baseline]:
    """Every baseline, in the order of tables: the seasonal naive only where ``season`` is above 1."""
    seasonal = [SeasonalNaive(season)] if _count("season", season) > 1 else []
    return [RepeatLast(), *seasonal, Drift(), WindowMean(), Ridge()]


def fitted_baselines(windows: Windows, season: int) -> list[Baseline]:
    """`default_baselines` fitted on windows; asked again for the same windows, none is fitted anew."""
    known = _FITTED.setdefault(windows, {})
    if season not in known:
        known[season] = [baseline.fit(windows) for baseline in default_baselines(season)]
    return list(known[season])


_FITTED: WeakKeyDictionary[Windows, dict[int, list[Baseline]]] = WeakKeyDictionary()


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


def drift(values: ArrayLike, origins: ArrayLike, horizon: int) -> NDArray[np.float64]:
    """Forecast that the mean change so far goes on: a line through the first value and the last.

    Step ``k`` ahead of origin ``n`` is ``y[n] + k * (y[n] - y[m]) / (n - m)`` with ``m`` the first known
    value (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 5.2).

    Parameters
    ----------
    values, origins, horizon
        As in `repeat_last`.

    Returns
    -------
    float64 array, shape (windows, horizon)
        In the unit of the series; NaN where the last value is missing. Where the last value is the
        first one known, there is no change to go on, and it is repeated.

    Raises
    ------
    LSTMWidgetsError
        As `repeat_last`.

    Examples
    --------
    >>> drift([float("nan"), 5, 4, 9], origins=[1, 3], horizon=3).tolist()
    [[5.0, 5.0, 5.0], [11.0, 13.0, 15.0]]
    """
    series, last = _checked(values, origins)
    ahead = np.arange(1, _count("horizon", horizon) + 1)
    first = int(np.isfinite(series).argmax()) if len(series) else 0
    slopes = (series[last] - series[first : first + 1]) / np.maximum(last - first, 1)
    return series[last][:, None] + slopes[:, None] * ahead


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
    level = float(series[known.argmax()]) if known.any() else 0.0  # sums of small numbers lose less
    sums = np.concatenate(([0.0], np.cumsum(np.where(known, series - level, 0.0))))
    missing = np.concatenate(([0], np.cumsum(~known)))
    first = np.maximum(last + 1 - length, 0)
    complete = (last + 1 >= length) & (missing[last + 1] == missing[first])
    means = np.where(complete, level + (sums[last + 1] - sums[first]) / length, np.nan)
    return np.repeat(means[:, None], _count("horizon", horizon), axis=1)


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
