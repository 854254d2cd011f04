"""Report everything about a series that a forecast may stumble over, and repair nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.auditing.clocks import Axis, ClockChanges, find_axis, find_clock_changes
from lstmwidgets.data.auditing.outliers import (
    LONGEST_SEASON,
    OUTLIER_SCORE,
    constant_stretches,
    marker_values,
    outlier_scores,
)
from lstmwidgets.data.auditing.report import Audit, Unreadable
from lstmwidgets.data.auditing.seasons import Seasons, find_seasons
from lstmwidgets.data.auditing.words import notes_of
from lstmwidgets.data.cells import Offenders
from lstmwidgets.data.columns import Choice
from lstmwidgets.data.filling import describe_repairs
from lstmwidgets.data.series import Source, open_source, read_rows
from lstmwidgets.errors import LSTMWidgetsError

Floats = NDArray[np.float64]


def audit(
    source: str | Path | pd.DataFrame | pd.Series,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
    freq: str | None = None,
) -> Audit:
    """Look a series over: its times, its gaps, its odd values and its seasons.

    Takes what `read_series` takes, and reports what that refuses: repeated timestamps, times off
    one grid, mixed time zones, infinite values, cells that cannot be read. Nothing is changed. To
    go on all the same, the audit takes the first known value of a repeated timestamp, looks at rows
    off the grid as if they stood at its nearest time, and leaves out what cannot be read; its notes
    say so.

    What is looked for, and by which rule:

    - gaps: runs of times without a row, or with an empty cell;
    - outliers: `lstmwidgets.data.auditing.outliers.outlier_scores`, a two-sided Hampel rule after the seasons
      are taken off; numbers such as -999 that mark missing values: ``marker_values`` there;
    - constant stretches: ``constant_stretches`` there, measured against how often values repeat;
    - clock changes: an hour missing in spring or repeated in autumn on the days of a time zone;
    - seasons: `lstmwidgets.data.auditing.seasons.find_seasons`, with the strength of Wang, Smith & Hyndman
      (2006), on the newest 20,000 points at most, and longer cycles on means.

    43,824 hourly values take about a second, a million a few; every value is looked at, but for the
    seasons as said.

    Parameters
    ----------
    source, time, value, freq
        As for `read_series`.

    Returns
    -------
    Audit
        Prints and shows as a report; ``notes`` holds its sentences, the most important first.

    Raises
    ------
    LSTMWidgetsError
        When there is nothing to look over: no such file or column, fewer than two rows with a
        readable time, several ``unique_id``, or dates and decimal commas that can be read in two ways.

    Examples
    --------
    >>> frame = pd.DataFrame({"ds": ["2020-01-01", "2020-01-02", "2020-01-05"], "y": [1.0, 2.0, 4.0]})
    >>> report = audit(frame)
    >>> report.missing, report.points
    (2, 5)
    >>> report.gaps["points"].to_list()
    [2]
    >>> print(report.notes[0])
    2 of 5 values are missing (40.0 %), in 1 gap of 2 points, from 2020-01-03 to 2020-01-04. ...
    """
    opened = open_source(source, time, value, freq)
    rows = read_rows(opened.table, opened.choice)
    rows.numbers.check_commas()
    stamps, bad_times, read_notes = rows.times.recover()
    values, places = np.concatenate(rows.values), rows.places()
    unreadable = Unreadable(
        times=_told(bad_times, opened),
        values=_told(rows.numbers.bad, opened),
        infinite=_told(rows.numbers.infinite, opened),
        counts=(bad_times.count, rows.numbers.bad.count, rows.numbers.infinite.count),
    )
    values = np.where(np.isinf(values), np.nan, values)
    readable = ~np.isnat(stamps)
    stamps, values, places = stamps[readable], values[readable], places[readable]
    if len(stamps) < 2:
        raise LSTMWidgetsError(
            f"{opened.table.label} has {len(stamps)} row{'s' * (len(stamps) != 1)} with a timestamp that can "
            "be read: an audit needs at least 2"
        )
    out_of_order = int(np.count_nonzero(stamps[1:] < stamps[:-1]))
    order = np.argsort(stamps, kind="stable")
    times, values, places = pd.DatetimeIndex(stamps[order]), values[order], places[order]
    duplicates, firsts = _duplicates(times, values, places)
    times, values, places = times[firsts], values[firsts], places[firsts]
    axis = find_axis(times, opened.freq)
    on_axis = np.full(len(axis.index), np.nan)
    on_axis[axis.positions] = values[axis.rows]
    has_row = np.zeros(len(axis.index), dtype=bool)
    has_row[axis.positions] = True
    # A series that was read before has a row everywhere, and remembers where it had none.
    for first, last, _ in opened.attrs.get("gaps", []):
        inside = slice(*axis.index.slice_locs(pd.Timestamp(first), pd.Timestamp(last)))
        has_row[inside] &= ~np.isnan(on_axis[inside])
    gaps = _gaps(axis.index, np.isnan(on_axis), ~has_row)
    season = opened.attrs.get("season")
    seasons, outliers, markers, constant = _odd_values(on_axis, axis, season)
    table = opened.table
    report = Audit(
        value=opened.choice.value,
        time=opened.choice.time,
        source=table.label,
        rows=rows.count - len(rows.blank),
        start=axis.index[0],
        end=axis.index[-1],
        freq=None if axis.freq is None else axis.freq.freqstr,
        points=len(axis.index),
        missing=int(np.count_nonzero(np.isnan(on_axis))),
        without_row=int(np.count_nonzero(~has_row)),
        gaps=gaps,
        duplicates=duplicates,
        out_of_order=out_of_order,
        unreadable=unreadable,
        off_grid=_off_grid(times, places, axis, table.word),
        far=len(axis.far),
        zones=rows.times.zones,
        clock_changes=_clock_changes(axis, gaps, duplicates, opened.choice),
        outliers=outliers,
        markers=markers,
        constant=constant,
        seasons=seasons,
        reading=(*table.notes, *read_notes, *_but_missing(rows.numbers.notes()), *rows.notes),
        repairs=tuple(describe_repairs(source)) if isinstance(source, pd.Series) else (),
        notes=(),
    )
    return replace(report, notes=notes_of(report))


def _but_missing(notes: list[str]) -> list[str]:
    """What is told of numbers, but for missing ones, which the gaps tell better."""
    return [note for note in notes if not note.endswith("kept as NaN")]


def _told(offenders: Offenders, opened: Source) -> str:
    return offenders.describe(opened.table.word) if offenders.count else ""


def _duplicates(
    times: pd.DatetimeIndex, values: Floats, places: NDArray[np.int64]
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """A row for each repeated time, and the row of every time that counts: the first known one."""
    same = np.diff(times.asi8) == 0
    if not same.any():
        empty = pd.DataFrame({"time": times[:0], "rows": [], "differ": [], "places": []})
        return empty.astype({"rows": "int64", "differ": "bool"}), np.arange(len(times))
    begins = np.flatnonzero(np.r_[True, ~same])
    group = np.cumsum(np.r_[True, ~same]) - 1
    rows = np.bincount(group)
    ordered = np.lexsort((np.arange(len(times)), np.isnan(values), group))
    firsts = ordered[begins]
    found = []
    for one in np.flatnonzero(rows > 1):
        part = slice(begins[one], begins[one] + rows[one])
        differ = len(pd.unique(values[part])) > 1
        found.append((times[begins[one]], int(rows[one]), differ, places[part][:4].tolist()))
    return pd.DataFrame(found, columns=["time", "rows", "differ", "places"]), firsts


def _gaps(index: pd.DatetimeIndex, missing: NDArray[np.bool_], no_row: NDArray[np.bool_]) -> pd.DataFrame:
    edges = np.flatnonzero(np.diff(missing.astype(np.int8), prepend=0, append=0))
    begins, ends = edges[0::2], edges[1::2]
    without = np.r_[0, np.cumsum(no_row)]
    return pd.DataFrame(
        {
            "start": index[begins],
            "end": index[ends - 1],
            "points": ends - begins,
            "no_row": without[ends] - without[begins],
        }
    )


def _odd_values(
    values: Floats, axis: Axis, declared: Any
) -> tuple[Seasons, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The seasons of a series; its outliers; markers of missing values; and constant stretches."""
    known = values[~np.isnan(values)]
    found = marker_values(values)
    markers = pd.DataFrame(
        {"value": np.array(found), "points": np.array([np.count_nonzero(known == one) for one in found], int)}
    )
    # A marker is no value: it would hide the season, and swell what is usual.
    values = np.where(np.isin(values, found), np.nan, values)
    stretches = constant_stretches(values)
    if len(known) > 1 and np.ptp(known) == 0:  # whatever is missing in between
        places = np.flatnonzero(~np.isnan(values))
        stretches = np.array([[places[0], places[-1] - places[0] + 1]])
    lengths = stretches[:, 1]
    constant = pd.DataFrame(
        {
            "start": axis.index[stretches[:, 0]],
            "end": axis.index[stretches[:, 0] + lengths - 1],
            "points": [np.count_nonzero(~np.isnan(values[at : at + long])) for at, long in stretches],
            "value": values[stretches[:, 0]],
        }
    )
    declared = declared if isinstance(declared, int) and not isinstance(declared, bool) else None
    seasons = find_seasons(values, axis.freq, declared)
    periods = [one.period for one in seasons.steady if one.period <= LONGEST_SEASON]
    scores = outlier_scores(values, periods)
    places = np.flatnonzero(np.abs(scores) >= OUTLIER_SCORE)
    outliers = pd.DataFrame({"time": axis.index[places], "value": values[places], "score": scores[places]})
    return seasons, outliers, markers, constant


def _off_grid(times: pd.DatetimeIndex, places: NDArray[np.int64], axis: Axis, word: str) -> pd.DataFrame:
    rows = np.union1d(axis.off, axis.far)
    return pd.DataFrame({"time": times[rows], "place": [f"{word} {places[row]}" for row in rows]})


def _clock_changes(
    axis: Axis, gaps: pd.DataFrame, duplicates: pd.DataFrame, choice: Choice
) -> ClockChanges | None:
    if not isinstance(axis.freq, pd.offsets.Tick):
        return None
    step = pd.Timedelta(axis.freq)
    hour = pd.Timedelta(hours=1)
    if hour % step != pd.Timedelta(0):
        return None
    skipped = gaps[(gaps["points"] == hour // step) & (gaps["no_row"] == gaps["points"])]
    twice = duplicates[duplicates["rows"] == 2]
    found = find_clock_changes(
        axis.index[[0, -1]], pd.DatetimeIndex(skipped["start"]), pd.DatetimeIndex(twice["time"])
    )
    return found and replace(found, in_utc=choice.in_utc(found.zone, bool(found.repeated)))
