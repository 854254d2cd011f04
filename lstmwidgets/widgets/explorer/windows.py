"""The windows of a forecaster's series among which an explorer may move, and what lies around each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.traces import AnyWindow
from lstmwidgets.data.features import KNOWN
from lstmwidgets.data.series import season_length
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.explorer.payload import Surroundings

OVERVIEW_POINTS = 2000


class SeriesWindows:
    """All windows that can be read, also those after which nothing is known yet.

    Those are the windows without a missing value; where missing values are read as unknown, all with a
    known one.

    Attributes
    ----------
    starts : int64 array, ascending
        Starting positions.
    title : str
        What the series is, with its unit.
    whole_only : str
        Why the network forecasts from whole windows alone, as the end of a sentence that begins "because";
        empty where there is a forecast as known at each step.
    """

    def __init__(self, forecaster: Any) -> None:
        from lstmwidgets.model.inside.walking import why_not_walked

        self._forecaster = forecaster
        self.whole_only = why_not_walked(forecaster.model_)
        self._length, self._horizon = forecaster.config.sequence_length, forecaster.config.horizon
        self._series: pd.Series = forecaster.series_
        self._index = pd.DatetimeIndex(self._series.index)
        self._values = self._series.to_numpy(np.float64)
        windows = forecaster.windows_
        readable = _within(np.isfinite(windows.values).all(axis=1), self._length)
        heard = _within(windows.known, self._length) if windows.features[-1] == KNOWN else readable
        self.starts = np.flatnonzero((readable == self._length) & (heard > 0))
        unit, name = (
            str(self._series.attrs.get("unit", "")),
            self._series.attrs.get("title", self._series.name),
        )
        self.title = str(name) if unit in ("", "none") else f"{name} ({unit})"

    def checked(self, name: str, start: int) -> int:
        """``start`` itself when a complete window begins there."""
        if start in self.starts:
            return int(start)
        raise LSTMWidgetsError(
            f"{name}={start} is no complete window: they start from {self.starts[0]} to {self.starts[-1]}, "
            "and touch no missing value"
        )

    def nearest(self, start: int) -> int:
        """The complete window that starts nearest."""
        return int(self.starts[np.abs(self.starts - start).argmin()])

    def ending_on(self, moment: Any) -> int:
        """The complete window nearest to that whose last value is the newest at or before a date.

        Raises
        ------
        LSTMWidgetsError
            When it is no date, or no window ends so early or so late.
        """
        try:
            when = pd.Timestamp(moment)
        except (TypeError, ValueError):
            raise LSTMWidgetsError(f"{moment!r} is no date: write it as 2001-12-31") from None
        if when.tzinfo is not None:
            raise LSTMWidgetsError(
                f"{moment!r} has a time zone, and the series' times have none: leave it out"
            )
        if isinstance(moment, str) and len(moment.strip()) <= len("2001-12-31"):
            when += pd.Timedelta(days=1) - pd.Timedelta(1, "us")  # the whole of that day
        first, last = self._index[self.starts[0] + self._length - 1], self._index[-1]
        if pd.isna(when) or not first <= when < last + (last - self._index[-2]) + pd.Timedelta(days=1):
            raise LSTMWidgetsError(
                f"no window ends on {moment}: they end from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
            )
        position = int(np.count_nonzero(self._index <= when)) - 1
        return self.nearest(position - self._length + 1)

    def known_at(self, start: int) -> NDArray[np.float64]:
        """The forecast as known after each step: shape (timesteps, horizon), in the unit of the series.

        Of a network that reads whole windows alone it is known after the last step, and NaN before.
        """
        from lstmwidgets.model.inside.passes import as_known_at

        if not self.whole_only:
            return as_known_at(self._forecaster, start)
        known = np.full((self._length, self._horizon), np.nan)
        known[-1] = self._forecaster.forecast_windows(np.array([start]))[0]
        return known

    def around(self, start: int) -> Surroundings:
        """What came before and after a window."""
        end, season = start + self._length, season_length(self._series)
        actual = np.full(self._horizon, np.nan)
        came = self._values[end : end + self._horizon]
        actual[: len(came)] = came
        times = self._index[start:end]
        ahead = pd.date_range(times[-1], periods=self._horizon + 1, freq=self._index.freq)[1:]
        return Surroundings(
            before=self._values[max(0, start - season) : start],
            actual=actual,
            season=season,
            labels=(*times_in_words(times), *times_in_words(ahead)),
        )

    def facts(self, found: AnyWindow) -> dict[str, Any]:
        """For the browser: where a window lies, and where others may."""
        assert found.start is not None
        clock = bool((self._index[:2] != self._index[:2].normalize()).any())
        form = "%Y-%m-%dT%H:%M" if clock else "%Y-%m-%d"
        end = self._length - 1
        return {
            "length": len(self._index),
            "lowest": int(self.starts[0]),
            "highest": int(self.starts[-1]),
            "first": times_in_words(self._index[:1])[0],
            "last": times_in_words(self._index[-1:])[0],
            "clock": clock,
            "first_date": self._index[self.starts[0] + end].strftime(form),
            "last_date": self._index[-1].strftime(form),
            "date": self._index[found.start + end].strftime(form),
        }

    def overview(self) -> bytes:
        """The whole series, thinned: positions, then as many values, float32."""
        places, thinned = thin(np.arange(len(self._values)), self._values, OVERVIEW_POINTS)
        return np.concatenate([places, thinned]).astype(np.float32).tobytes()


def _within(flags: NDArray[np.bool_], length: int) -> NDArray[np.integer]:
    """How many of each window's steps are flagged."""
    counts = np.concatenate([[0], np.cumsum(flags)])
    return counts[length:] - counts[:-length]


def times_in_words(times: pd.DatetimeIndex) -> list[str]:
    """Each time as short as may be: with the clock only where days are cut finer.

    Examples
    --------
    >>> times_in_words(pd.DatetimeIndex(["2001-12-31", "2002-01-07"]))
    ['31 Dec 2001', '7 Jan 2002']
    """
    clock = bool((times != times.normalize()).any())
    return [f"{each.day} {each:%b %Y}" + (f" {each:%H:%M}" if clock else "") for each in times]
