"""What is wrong with the times of a series: off their grid, twice there, or shifted by clock changes."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.frequencies import to_offset
from pandas.tseries.offsets import BaseOffset, Tick

from lstmwidgets.data.grid import MAX_STRETCH, infer_grid, read_freq, stretch_of, try_grid, usual_step

_HOUR = pd.Timedelta(hours=1)
_NICE = [pd.Timedelta(seconds=one) for one in (1, 2, 5, 10, 15, 20, 30)]
_NICE += [pd.Timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 20, 30)]
_NICE += [pd.Timedelta(hours=one) for one in (1, 2, 3, 4, 6, 8, 12)]
_NICE += [pd.Timedelta(days=one) for one in (1, 7)]

# One zone for each rule of daylight saving that is, or lately was, in wide use.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Mexico_City",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Jerusalem",
    "Asia/Tehran",
)


@dataclass(frozen=True)
class Axis:
    """The regular times that a series should stand at, and where each of its rows belongs.

    Attributes
    ----------
    index : pandas.DatetimeIndex
        Every regular time from the first row to the last.
    freq : pandas offset or None
        None when no step is common enough: ``index`` is then the times as they are.
    rows : int array
        The rows that have a place, each at its own.
    positions : int array, as long as ``rows``
        Their places in ``index``; a row off the grid stands at the nearest one.
    off : int array
        The rows that stand off the grid.
    far : int array
        The rows beyond a jump in time that dwarfs all the rest, which have no place.
    """

    index: pd.DatetimeIndex
    freq: BaseOffset | None
    rows: NDArray[np.intp]
    positions: NDArray[np.intp]
    off: NDArray[np.intp]
    far: NDArray[np.intp]


def find_axis(times: pd.DatetimeIndex, freq: str | None = None) -> Axis:
    """The axis of ascending, distinct timestamps, of which some may be wrong.

    Raises
    ------
    LSTMWidgetsError
        When ``freq`` is no pandas frequency.
    """
    none = np.empty(0, dtype=np.intp)
    every = np.arange(len(times))
    given = read_freq(freq) if freq is not None else None
    if len(times) < 2:
        return Axis(times, given, every, every, none, none)
    fits = given is None or stretch_of(times, given) <= MAX_STRETCH
    grid = infer_grid(times) if given is None else try_grid(times, given) if fits else None
    if grid is None and given is not None and "-" not in given.freqstr.partition("-")[0]:
        # "W" means any week and "QS" any quarter, as read_series takes it.
        own = infer_grid(times)
        same = own is not None and own.freq.freqstr.partition("-")[0] == given.freqstr.partition("-")[0]
        grid = own if same and "-" not in str(freq) else None
    if grid is not None:
        return Axis(grid.index, grid.freq, every, grid.positions, none, none)
    offset = given if given is not None else _likely_step(times)
    if offset is None:
        return Axis(times, None, every, every, none, none)
    if stretch_of(times, offset) > MAX_STRETCH:
        near = _densest(times, offset)
        if len(near) < max(2, len(times) // 2) or len(near) == len(times):
            return Axis(times, None, every, every, none, none)
        part = find_axis(times[near], offset.freqstr)
        far = np.setdiff1d(every, near)
        return Axis(part.index, part.freq, near[part.rows], part.positions, near[part.off], far)
    return _snapped(times, offset)


def _likely_step(times: pd.DatetimeIndex) -> BaseOffset | None:
    """The step that was probably meant: the most common one, or a round one near the median."""
    if (times[-1] - times[0]) / (len(times) - 1) >= 28 * pd.Timedelta(days=1):
        for code, stands in (("MS", times.is_month_start), ("ME", times.is_month_end)):
            if np.mean(stands) >= 0.5:
                return to_offset(code)
    steps = np.diff(times.to_numpy())
    common = usual_step(times)
    length = None if common is None else _fixed_step(common)
    if common is not None and (length is None or np.mean(steps == length.to_numpy()) >= 0.5):
        return common
    middle = pd.Timedelta(np.median(steps.astype("timedelta64[us]").astype(np.int64)), unit="us")
    nice = min(_NICE, key=lambda one: abs(one - middle))
    near = np.abs(steps - nice.to_numpy()) <= 0.25 * nice.to_numpy()
    if np.mean(near) < 0.5:
        return None
    return to_offset(f"{nice.days}D") if nice.days else to_offset(nice)


def _densest(times: pd.DatetimeIndex, offset: BaseOffset) -> NDArray[np.intp]:
    """The rows between two great jumps that hold the most."""
    step = np.median(np.diff(times.to_numpy()).astype("timedelta64[us]").astype(np.int64))
    jumps = np.diff(times.to_numpy()).astype("timedelta64[us]").astype(np.int64) > 1000 * step
    part = np.r_[0, np.cumsum(jumps)]
    return np.flatnonzero(part == np.bincount(part).argmax())


def _snapped(times: pd.DatetimeIndex, offset: BaseOffset) -> Axis:
    """Every row at the nearest time of a grid that most of them stand on."""
    if (step := _fixed_step(offset)) is not None:
        phases, counts = np.unique((times - times[0]) % step, return_counts=True)
        likely = phases[np.argmax(counts)] if counts.max() > len(times) / 2 else None
        anchor = times[0] + pd.Timedelta(likely) if likely is not None else times[0].round(step)
        index = pd.date_range(anchor - step, times[-1] + step, freq=step, unit="us")
        if isinstance(offset, pd.offsets.Week):  # the weekday of most rows, not of the first one
            offset = to_offset(f"{offset.n}W-{index[0].day_name()[:3].upper()}")
    else:
        begin, end = times[0].normalize() - 2 * offset, times[-1] + 2 * offset
        index = pd.date_range(begin, end, freq=offset, unit="us")
    after = np.clip(index.searchsorted(times), 1, len(index) - 1)
    nearer = (times - index[after - 1]) <= (index[after] - times)
    positions = after - nearer.astype(np.intp)
    off = np.flatnonzero(index[positions] != times)
    # Of two rows nearest to the same time, the one that stands on it counts, else the first.
    order = np.lexsort((np.arange(len(times)), index[positions] != times, positions))
    rows = np.sort(order[np.r_[True, np.diff(positions[order]) > 0]])
    first, last = positions[rows[0]], positions[rows[-1]]
    return Axis(
        index[first : last + 1], offset, rows, positions[rows] - first, off, np.empty(0, dtype=np.intp)
    )


def _fixed_step(offset: BaseOffset) -> pd.Timedelta | None:
    """The length of a step that is always the same; None for months and business days."""
    if isinstance(offset, Tick):
        return pd.Timedelta(offset)
    days = {"D": 1, "W": 7}.get(offset.freqstr.split("-")[0].lstrip("0123456789"))
    return None if days is None else pd.Timedelta(days=days * offset.n)


@dataclass(frozen=True)
class ClockChanges:
    """Days on which clock times show a change of clocks, a zone with these changes, and code for UTC."""

    zone: str
    missing: tuple[pd.Timestamp, ...]
    repeated: tuple[pd.Timestamp, ...]
    in_utc: str = ""


def find_clock_changes(
    times: pd.DatetimeIndex, missing: pd.DatetimeIndex, repeated: pd.DatetimeIndex
) -> ClockChanges | None:
    """Recognise the hour that is missing each spring, and the one that comes twice each autumn.

    Parameters
    ----------
    times : pandas.DatetimeIndex
        First and last time of the series.
    missing : pandas.DatetimeIndex
        The first time of each gap without rows that lasts exactly one hour.
    repeated : pandas.DatetimeIndex
        Every time that came twice.

    Returns
    -------
    ClockChanges or None
        With the zone, of one for each rule in wide use, whose changes explain most; None when none
        explains all springs, or all autumns, that the data show. Hours may be stamped by their
        start or by their end.
    """
    missing, repeated = missing[missing.hour <= 4], repeated[repeated.hour <= 4]
    best: ClockChanges | None = None
    if not len(missing) and not len(repeated):
        return None
    for zone in ZONES:
        springs, autumns = _changes(zone, times[0], times[-1])
        skipped = missing[missing.normalize().isin(springs)]
        doubled = repeated[repeated.normalize().isin(autumns)]
        # One spring that agrees may be chance where clocks changed in ten; half of them are not.
        if len(skipped) * 2 < len(springs):
            skipped = skipped[:0]
        if len(doubled.normalize().unique()) * 2 < len(autumns) or len(doubled) < len(repeated):
            doubled = doubled[:0]
        count = len(skipped) + len(doubled)
        if count and (best is None or count > len(best.missing) + len(best.repeated)):
            best = ClockChanges(zone, tuple(skipped), tuple(doubled))
    return best


def _changes(zone: str, start: pd.Timestamp, end: pd.Timestamp) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """Days on which clocks of a zone go forward, and back."""
    days = pd.date_range(start.normalize(), end.normalize() + pd.Timedelta(days=1), freq="D")
    try:
        universal = days.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")
    except (ZoneInfoNotFoundError, KeyError):  # a system without the database of time zones
        return days[:0], days[:0]
    ahead = (days - universal.tz_localize(None)).to_numpy()
    turn = np.diff(ahead)
    return days[:-1][turn > np.timedelta64(0)], days[:-1][turn < np.timedelta64(0)]
