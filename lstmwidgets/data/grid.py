"""Find the regular grid that timestamps lie on, and put a series on it with its gaps left empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset

from lstmwidgets.errors import LSTMWidgetsError

# A grid this many times longer than the data holds next to nothing but gaps.
MAX_STRETCH = 50

_DAY = pd.Timedelta(days=1)
_WORDS = {
    "YS": "yearly",
    "YE": "yearly",
    "BYS": "yearly, business days",
    "BYE": "yearly, business days",
    "QS": "quarterly",
    "QE": "quarterly",
    "BQS": "quarterly, business days",
    "BQE": "quarterly, business days",
    "MS": "monthly",
    "ME": "monthly",
    "BMS": "monthly, business days",
    "BME": "monthly, business days",
    "W": "weekly",
    "B": "business days",
    "D": "daily",
    "h": "hourly",
    "min": "every minute",
    "s": "every second",
}
_SEASONS = {"YS": 1, "YE": 1, "QS": 4, "QE": 4, "MS": 12, "ME": 12, "W": 52, "B": 5, "D": 7}


@dataclass(frozen=True)
class Grid:
    """A regular index, its frequency, and the position of each given timestamp in it."""

    index: pd.DatetimeIndex
    freq: BaseOffset
    positions: NDArray[np.intp]

    def gaps(self) -> list[list[Any]]:
        """Each run of timestamps that had no row: first, last (ISO text) and how many."""
        edges = np.flatnonzero(np.diff(self.positions) > 1)
        before, after = self.positions[edges], self.positions[edges + 1]
        return [
            [self.index[start + 1].isoformat(), self.index[end - 1].isoformat(), int(end - start - 1)]
            for start, end in zip(before, after, strict=True)
        ]


def regular_grid(times: pd.DatetimeIndex, freq: str | None, where: Callable[[int], str]) -> Grid:
    """Put ascending, distinct timestamps on a regular grid.

    Parameters
    ----------
    times : pandas.DatetimeIndex, at least two, ascending, no two equal
    freq : str or None
        A pandas frequency such as ``"h"`` to be checked, or None to infer it.
    where : callable
        Names the place of a timestamp, given its position, for example ``"line 7"``.

    Raises
    ------
    LSTMWidgetsError
        When the timestamps lie on no one grid, or the grid would be almost empty.
    """
    if freq is not None:
        return _given(times, freq, where)
    if inferred := infer_grid(times):
        return inferred
    guess = usual_step(times)
    if guess is None:
        raise LSTMWidgetsError(
            f"the {len(times):,} timestamps from {times[0].isoformat()} to {times[-1].isoformat()} have no "
            "step in "
            'common: resample them first, for example series.resample("D").mean(), or pass freq='
        )
    _refuse_stretch(times, guess)
    if len(times.day.unique()) == 1 and times[1] - times[0] >= 28 * _DAY:
        raise LSTMWidgetsError(
            f"the timestamps stand on day {times[0].day} of the month, which is no regular grid: move them "
            "to the "
            'start of their month, frame["time"].dt.to_period("M").dt.to_timestamp()'
        )
    raise LSTMWidgetsError(
        f"the timestamps do not lie on one regular grid: the most common step is {describe_freq(guess)} "
        f"({guess.freqstr}), and {_off_grid(times, guess, where)}. Correct them, pass the freq= that fits, "
        "or "
        f'bring them to a grid first, for example series.resample("{guess.freqstr}").mean()'
    )


def infer_grid(times: pd.DatetimeIndex) -> Grid | None:
    """The grid of the most common step, or of the shortest one, when every timestamp lies on it."""
    for offset in _candidates(times):
        if stretch_of(times, offset) <= MAX_STRETCH and (grid := try_grid(times, offset)) is not None:
            return grid
    return None


def _given(times: pd.DatetimeIndex, freq: str, where: Callable[[int], str]) -> Grid:
    offset = read_freq(freq)
    _refuse_stretch(times, offset)
    grid = try_grid(times, offset)
    if grid is not None:
        return grid
    inferred = infer_grid(times)
    fits = ""
    if inferred is not None:
        found = inferred.freq
        # "W" means any week and "QS" any quarter, whichever day or month they start on.
        if "-" not in freq and found.n == offset.n and _family(found.freqstr) == _family(offset.freqstr):
            return inferred
        fits = f" They fit freq={found.freqstr!r}: pass that, or leave freq out."
    raise LSTMWidgetsError(
        f"freq={freq!r} does not fit the timestamps: {_off_grid(times, offset, where)}."
        + (fits or " Correct them, or pass another freq=")
    )


def read_freq(freq: Any) -> BaseOffset:
    """The offset that a ``freq`` names, or an error that says what is accepted."""
    accepted = "a pandas frequency such as 'h', '15min', 'D', 'B', 'W', 'MS', 'QS' or 'YS'"
    try:
        offset: BaseOffset | None = to_offset(freq)
    except (ValueError, TypeError):
        offset = None
    if offset is None or offset.n < 1:
        raise LSTMWidgetsError(f"freq={freq!r} is not accepted: freq takes {accepted}")
    return offset


def try_grid(times: pd.DatetimeIndex, offset: BaseOffset) -> Grid | None:
    """The grid of an offset from the first timestamp on, when every timestamp lies on it."""
    index = pd.date_range(times[0], times[-1], freq=offset, unit="us")
    if len(index) < len(times) or index[-1] != times[-1]:
        return None
    # Both ascend, so that a search serves where an index lookup would build a table of all the times.
    positions = index.searchsorted(times)
    return Grid(index, offset, positions) if (index[positions] == times).all() else None


def _off_grid(times: pd.DatetimeIndex, offset: BaseOffset, where: Callable[[int], str]) -> str:
    # Start where the most common step is seen, so that a first timestamp that is off is named itself.
    expected = times[:-1].to_series().reset_index(drop=True) + offset
    start = int(np.argmax((expected == times[1:].to_series().reset_index(drop=True)).to_numpy()))
    back = pd.date_range(end=times[start], periods=start + 2, freq=offset, unit="us")
    index = pd.date_range(times[start], times[-1], freq=offset, unit="us").union(back)
    off = np.flatnonzero(index.get_indexer(times) < 0)
    if not len(off):
        off = np.array([0])
    named = ", ".join(f"{times[place].isoformat(sep=' ')} ({where(int(place))})" for place in off[:5])
    return f"off the grid: {named}" + (f" and {len(off) - 5:,} more" if len(off) > 5 else "")


def _refuse_stretch(times: pd.DatetimeIndex, offset: BaseOffset) -> None:
    stretch = stretch_of(times, offset)
    if stretch > MAX_STRETCH:
        raise LSTMWidgetsError(
            f"a grid with freq={offset.freqstr!r} from {times[0].isoformat()} to {times[-1].isoformat()} "
            f"would have about {stretch * len(times):,.0f} points for {len(times):,} rows, almost all of "
            "them empty: check for a mistyped date, keep one stretch of time, or pass a coarser freq="
        )


def stretch_of(times: pd.DatetimeIndex, offset: BaseOffset) -> float:
    """How many times longer than the data a grid would be, told without building it."""
    step = (pd.Timestamp("2001-01-01") + 8 * offset - (pd.Timestamp("2001-01-01") + 4 * offset)) / 4
    return float((times[-1] - times[0]) / step / len(times))


def _candidates(times: pd.DatetimeIndex) -> list[BaseOffset]:
    """Offsets worth trying: of the most common step first, then of the shortest."""
    usual, shortest = usual_step(times), _calendar_or_clock(times, shortest=True)
    return [one for one in dict.fromkeys([usual, shortest]) if one is not None]


def usual_step(times: pd.DatetimeIndex) -> BaseOffset | None:
    """The most common step between ascending timestamps."""
    return _calendar_or_clock(times, shortest=False)


def _calendar_or_clock(times: pd.DatetimeIndex, shortest: bool) -> BaseOffset | None:
    steps, counts = np.unique(np.diff(times.to_numpy()), return_counts=True)
    # Of two steps equally common the shorter one: the longer is then more likely the gap.
    step = pd.Timedelta(steps[0] if shortest else steps[np.argmax(counts)])
    if step >= 28 * _DAY and (offset := _calendar_offset(times, shortest)) is not None:
        return offset
    if step == 7 * _DAY:
        return to_offset(f"W-{times[0].day_name()[:3].upper()}")
    if step == _DAY:
        skips_weekends = bool((times.day_of_week < 5).all()) and times[-1] - times[0] >= 7 * _DAY
        return to_offset("B" if skips_weekends else "D")
    if step % _DAY == pd.Timedelta(0):
        return to_offset(f"{step // _DAY}D")
    return to_offset(step)


def _calendar_offset(times: pd.DatetimeIndex, shortest: bool) -> BaseOffset | None:
    """Months, quarters and years, when every timestamp stands at the start or the end of a month."""
    code = _month_anchor(times)
    if code is None:
        return None
    months, counts = np.unique(
        np.diff(times.year.to_numpy() * 12 + times.month.to_numpy()), return_counts=True
    )
    step = int(months[0] if shortest else months[np.argmax(counts)])
    anchor = times[0].strftime("%b").upper()
    edge = code.removeprefix("B")[-1]
    business = "B" if code.startswith("B") else ""
    if step == 0:
        return None
    if step % 12 == 0:
        return to_offset(f"{step // 12}{business}Y{edge}-{anchor}")
    if step == 3:
        return to_offset(f"{business}Q{edge}-{anchor}")
    return to_offset(f"{step}{code}")


def _month_anchor(times: pd.DatetimeIndex) -> str | None:
    days = times.normalize()
    if (times.day == 1).all():
        return "MS"
    for code in ("ME", "BMS", "BME"):
        offset = to_offset(code)
        if all(offset.is_on_offset(day) for day in days[:400]):
            return code
    return None


def _family(freqstr: str) -> str:
    return freqstr.split("-")[0].lstrip("0123456789")


def describe_freq(offset: BaseOffset) -> str:
    """A frequency in words, for example ``'monthly'`` or ``'every 3 D'``."""
    if offset.n == 1 and (words := _WORDS.get(_family(offset.freqstr))):
        return words
    return f"every {offset.freqstr.split('-')[0]}"


def points_per_cycle(offset: BaseOffset) -> int:
    """Points in one usual cycle of a frequency: a year, a week, a day, an hour or a minute; 1 if none.

    Examples
    --------
    >>> [points_per_cycle(to_offset(freq)) for freq in ("h", "15min", "min", "D", "W", "MS", "QS", "YS")]
    [24, 96, 60, 7, 52, 12, 4, 1]
    """
    family = _family(offset.freqstr).removeprefix("B") or "B"
    if offset.freqstr == "7D":
        return _SEASONS["W"]
    if family in _SEASONS:
        points, rest = divmod(_SEASONS[family], offset.n)
        return max(points, 1) if not rest or family == "W" else 1
    if not isinstance(offset, pd.offsets.Tick):
        return 1
    step = pd.Timedelta(offset)
    for cycle, finest in ((_DAY, pd.Timedelta(minutes=5)), (pd.Timedelta(hours=1), pd.Timedelta(minutes=1))):
        if step >= finest:
            return int(cycle / step) if cycle % step == pd.Timedelta(0) else 1
    minute = pd.Timedelta(minutes=1)
    return int(minute / step) if step >= pd.Timedelta(seconds=1) and minute % step == pd.Timedelta(0) else 1
