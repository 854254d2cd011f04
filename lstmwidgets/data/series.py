"""Read one time series from a file, a frame or a series; check it, and never repair it silently."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.cells import NumberReader, TimeReader, as_text, is_missing, quoted
from lstmwidgets.data.columns import ID_COLUMN, Choice, choose_columns, few, join_time
from lstmwidgets.data.grid import Grid, describe_freq, points_per_cycle, regular_grid
from lstmwidgets.data.mixed import refuse_mixed
from lstmwidgets.data.reading import Table, check_row_count, open_table
from lstmwidgets.data.several import several_series
from lstmwidgets.errors import LSTMWidgetsError

log = logging.getLogger(__name__)

_GAPS = "times had no row and are NaN"
_BLANKS = "kept as NaN"


def read_series(
    source: str | Path | pd.DataFrame | pd.Series,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
    freq: str | None = None,
) -> pd.Series:
    """Read one series onto a regular time index, and say what was chosen.

    Nothing is repaired or invented: missing values and times without a row become NaN and are
    counted; rows out of order are sorted, which is noted; everything else is refused with the
    places at fault and what to do. CSV files are read in chunks and only two columns are kept,
    so that a file of 200 MB and 7 million rows takes about 0.5 GB at the peak.

    Parameters
    ----------
    source : path, DataFrame or Series
        A CSV file (``.csv``, ``.tsv``, ``.txt``, also gzipped; UTF-8; comma, semicolon or tab), a
        Parquet file, a frame with a time and a value column (or a time index), or a series on a
        time index. At most 20 million rows. A long frame ``unique_id, ds, y`` may hold one id.
    time, value : str, optional
        Column names; found by themselves when only one column fits. Times that are spread over columns
        called year, month, day, hour … are joined: ``time=["year", "month", "day", "hour"]``.
    freq : str, optional
        A pandas frequency such as ``"h"`` that the timestamps must fit; inferred when left out, also
        when some dates are missing.

    Returns
    -------
    pandas.Series
        float64 on a DatetimeIndex with ``freq``, named after the value column. ``attrs`` is plain
        JSON: ``time``, ``value``, ``freq``, ``rows`` (read), ``missing`` (NaN in the result),
        ``gaps`` (first and last time without a row, and how many), ``notes`` (sentences).

    Raises
    ------
    LSTMWidgetsError
        For a file that is missing, empty or of unknown kind or encoding; columns that cannot be
        told apart; cells that are neither numbers nor timestamps; infinite or only missing values;
        repeated timestamps; fewer than two rows; timestamps off one regular grid, or of mixed frequencies.

    Examples
    --------
    >>> frame = pd.DataFrame({"ds": ["2020-01-01", "2020-01-02", "2020-01-04"], "y": [1, 2, 4]})
    >>> series = read_series(frame)
    >>> series.to_list()
    [1.0, 2.0, nan, 4.0]
    >>> series.attrs["notes"][0]
    "time: column 'ds'; value: column 'y'; frequency: daily (D)"
    >>> series.attrs["gaps"]
    [['2020-01-03T00:00:00', '2020-01-03T00:00:00', 1]]
    """
    series = read_unannounced(source, time, value, freq)
    before = source.attrs.get("notes", []) if isinstance(source, pd.Series) else []
    # A missing value is missing, whether its row is there or not: both are told at the same level.
    told = [
        note
        for note in series.attrs["notes"]
        if (_GAPS in note or note.endswith(_BLANKS)) and note not in before
    ]
    for note in told:
        log.warning("%s", note)
    log.info("%s", "; ".join(note for note in series.attrs["notes"] if note not in told))
    return series


def read_unannounced(
    source: str | Path | pd.DataFrame | pd.Series | Table,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
    freq: str | None = None,
) -> pd.Series:
    """Read as `read_series` does, or a table already open, and log nothing: for gaps told elsewhere."""
    opened = open_source(source, time, value, freq)
    times, values, places, notes = _gather(opened.table, opened.choice)
    return _assemble(opened.table, opened.choice, times, values, places, notes, opened.freq, opened.attrs)


@dataclass(frozen=True)
class Source:
    """A source opened and its columns chosen: what `read_series` and the audit both start from."""

    table: Table
    choice: Choice
    freq: str | None
    attrs: dict[str, Any]


def open_source(source: Any, time: str | Sequence[str] | None, value: str | None, freq: str | None) -> Source:
    """Open a path, frame or series and choose its columns; see `read_series` for what is refused."""
    attrs: dict[str, Any] = {}
    parts = time if isinstance(time, (list, tuple)) else None
    column = cast("str | None", time if parts is None else None)
    is_series = isinstance(source, pd.Series)
    if is_series:
        attrs = plain_attrs(source)
        source, column, value, freq = _frame_of(source, column, value, freq)
    elif isinstance(source, pd.DataFrame):
        if freq is None and time is None:
            freq = _own_freq(source.index)
    elif not isinstance(source, (str, Path, Table)):
        raise LSTMWidgetsError(
            f"a series cannot be read from a {type(source).__name__}: pass the path of a CSV or Parquet "
            "file, a pandas DataFrame, or a pandas Series on a time index"
        )
    table = open_table(source)
    if is_series:
        label = repr(attrs["title"]) if "title" in attrs else "the series"
        table = replace(table, label=label, times={str(column): "series.index"})
    if parts is not None:
        table, column = join_time(table, parts)
    return Source(table, choose_columns(table, column, value), freq, attrs)


def plain_attrs(series: pd.Series) -> dict[str, Any]:
    """A copy of a series' attrs, as far as they are plain JSON."""
    kept = {}
    for key, content in series.attrs.items():
        try:
            json.dumps(content)
        except (TypeError, ValueError):
            continue
        kept[str(key)] = deepcopy(content)
    return kept


def _own_freq(index: pd.Index) -> str | None:
    """The frequency an index states itself, which is then kept rather than inferred."""
    if not isinstance(index, pd.DatetimeIndex) or index.freq is None or index.tz is not None:
        return None
    return None if index.freq.n < 1 or "<" in index.freq.freqstr else index.freq.freqstr


def _frame_of(
    series: pd.Series, time: str | None, value: str | None, freq: str | None
) -> tuple[pd.DataFrame, str, str, str | None]:
    if isinstance(series.index, (pd.RangeIndex, pd.MultiIndex)):
        raise LSTMWidgetsError(
            f"the series has no timestamps: its index is a {type(series.index).__name__}. Give it one, for "
            "example "
            'series.index = pandas.date_range("2020-01-01", periods=len(series), freq="D")'
        )
    time_name = time or str(series.index.name or series.attrs.get("time") or "time")
    value_name = value or str(series.name if series.name is not None else "y")
    if time_name == value_name:
        time_name += "_index"
    frame = pd.DataFrame(
        {time_name: series.index.to_series().reset_index(drop=True), value_name: series.array}
    )
    return frame, time_name, value_name, freq or _own_freq(series.index)


def _gather(
    table: Table, choice: Choice
) -> tuple[NDArray[np.datetime64], NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Read both columns to the end: times, values, the place of each row, and notes."""
    rows = read_rows(table, choice)
    stamps, notes = rows.times.finish()
    notes += rows.numbers.finish()
    return stamps, np.concatenate(rows.values), rows.places(), [*table.notes, *notes, *rows.notes]


@dataclass
class Rows:
    """Both columns as read, before anything is refused.

    Attributes
    ----------
    times, numbers : TimeReader, NumberReader
        Hold the timestamps, and every cell that could not be read.
    values : list of arrays (rows,), a chunk each, NaN where a cell is missing or cannot be read
    blank : array of int
        Places of the rows without time and value, which were passed over.
    first, count : int
        Place of the first row, and how many rows there are, blank ones included.
    """

    times: TimeReader
    numbers: NumberReader
    values: list[NDArray[np.float64]]
    blank: NDArray[np.int64]
    first: int
    count: int

    @property
    def notes(self) -> list[str]:
        """A sentence on the blank rows, if there are any."""
        blanks = len(self.blank)
        return [f"{blanks:,} blank {'row' if blanks == 1 else 'rows'} skipped"] if blanks else []

    def places(self) -> NDArray[np.int64]:
        """The line, or position, of each row that was kept."""
        places = np.arange(self.first, self.first + self.count, dtype=np.int64)
        return np.delete(places, self.blank - self.first) if len(self.blank) else places


def read_rows(table: Table, choice: Choice) -> Rows:
    """Read both columns to the end, refusing only a second ``unique_id``."""
    times = TimeReader(choice.time, table.word, choice.time_format)
    numbers = NumberReader(choice.value, table.word, table.decimal_commas)
    values: list[NDArray[np.float64]] = []
    skipped: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    ids: dict[str, None] = {}
    row = 0
    for chunk in table.chunks(choice.columns):
        places = np.arange(row, row + len(chunk), dtype=np.int64) + table.first
        row += len(chunk)
        blank = _blank_rows(chunk, choice)
        if blank.any():
            skipped.append(places[blank])
            chunk, places = chunk[~blank], places[~blank]
        if choice.has_ids:
            ids |= dict.fromkeys(as_text(chunk[ID_COLUMN]).unique())
            _check_ids(ids, table)
        times.read(chunk[choice.time], places)
        values.append(numbers.read(chunk[choice.value], places))
    return Rows(times, numbers, values, np.concatenate(skipped), table.first, row)


def _blank_rows(chunk: pd.DataFrame, choice: Choice) -> NDArray[np.bool_]:
    """Rows with neither a time nor a value, such as the blank lines at the end of a file."""
    time, value = chunk[choice.time], chunk[choice.value]
    candidates = np.array(time == "" if time.dtype == "str" else time.isna())
    if candidates.any():
        candidates[candidates] = is_missing(as_text(value[candidates]))
    return candidates


def _check_ids(ids: dict[str, None], table: Table) -> None:
    if len(ids) > 1:
        first = next(iter(ids))
        raise LSTMWidgetsError(
            f"{table.label} holds several series, {ID_COLUMN} {few(list(ids)[:4])}"
            f"{' and more' if len(ids) > 4 else ''}: keep one, for example "
            f"frame[frame[{ID_COLUMN!r}] == {quoted(first)}]"
        )


def _assemble(
    table: Table,
    choice: Choice,
    times: NDArray[np.datetime64],
    values: NDArray[np.float64],
    places: NDArray[np.int64],
    notes: list[str],
    freq: str | None,
    attrs: dict[str, Any],
) -> pd.Series:
    rows = len(times)
    word = table.word.split()[-1]
    if rows < 2:
        raise LSTMWidgetsError(f"{table.label} has {rows} row{'s' * (rows != 1)}: a series needs at least 2")
    if np.isnan(values).all():
        raise LSTMWidgetsError(
            f"every value of column {choice.value!r} is missing ({rows:,} rows): name another column"
        )
    steps_back = int(np.count_nonzero(times[1:] < times[:-1]))
    if steps_back:
        order = np.argsort(times, kind="stable")
        times, values, places = times[order], values[order], places[order]
        notes.append("rows sorted by time: they were not in ascending order")
    index = pd.DatetimeIndex(times)
    _check_duplicates(index, places, word, choice, table)
    if freq is None:
        refuse_mixed(index, choice.time)
    grid = regular_grid(index, freq, lambda position: f"{word} {places[position]}")
    check_row_count(len(grid.index), "the regular time index")
    series = pd.Series(_on_grid(grid, values), index=grid.index, name=choice.value)
    series.index.name = choice.time
    _describe(series, choice, grid, rows, notes, attrs)
    return series


def _on_grid(grid: Grid, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(grid.index) == len(values):
        return values
    filled = np.full(len(grid.index), np.nan)
    filled[grid.positions] = values
    return filled


def _describe(
    series: pd.Series, choice: Choice, grid: Grid, rows: int, notes: list[str], attrs: dict[str, Any]
) -> None:
    freq = grid.freq
    said = (
        f"time: column {choice.time!r}; value: column {choice.value!r}; "
        f"frequency: {describe_freq(freq)} ({freq.freqstr})"
    )
    gaps = grid.gaps()
    if gaps:
        points = sum(points for _, _, points in gaps)
        shown = "; ".join(f"{start} to {end}" if start != end else start for start, end, _ in gaps[:3])
        notes.append(
            f"{points:,} of {len(series):,} {_GAPS}, in {len(gaps):,} "
            f"gap{'s' * (len(gaps) != 1)}: {shown}{' …' if len(gaps) > 3 else ''}"
        )
    missing = int(series.isna().sum())
    # A series that was read before keeps what was noted then, for it no longer shows in the data,
    # and is not told anew that it has missing values.
    old = [
        note for note in attrs.get("notes", []) if not str(note).startswith("time: ") and note not in notes
    ]
    if old and attrs.get("missing") == missing:
        notes = [note for note in notes if not note.endswith(_BLANKS)]
    series.attrs |= attrs | {
        "time": choice.time,
        "value": choice.value,
        "freq": freq.freqstr,
        "rows": attrs.get("rows", rows) if not gaps else rows,
        "missing": missing,
        "gaps": sorted([*attrs.get("gaps", []), *gaps]),
        "notes": [said, *old, *notes],
    }


def _check_duplicates(
    index: pd.DatetimeIndex, places: NDArray[np.int64], word: str, choice: Choice, table: Table
) -> None:
    # Sorted already: comparing neighbours needs no table of all the times.
    if (np.diff(index.asi8) > 0).all():
        return
    repeated = index[index.duplicated()].unique()
    shown = []
    for stamp in repeated[:5]:
        where = places[index.get_loc(stamp)]
        listed = " and ".join(str(place) for place in where[:4]) + (" and more" if len(where) > 4 else "")
        shown.append(f"{stamp.isoformat(sep=' ')} ({word}s {listed})")
    more = f" and {len(repeated) - 5:,} more" if len(repeated) > 5 else ""
    if _looks_like_clock_change(index, repeated):
        remedy = (
            "this looks like clocks going back at the end of daylight saving: use times in UTC, "
            f"{choice.in_utc('Europe/Berlin', repeated=True)}, with your own zone"
        )
    else:
        remedy = several_series(table, choice.time, choice.value)
        remedy = remedy or f"decide which row counts, for example {choice.without_repeats()}"
    raise LSTMWidgetsError(
        f"column {choice.time!r} has {len(repeated):,} timestamp{'s' * (len(repeated) != 1)} more than once: "
        f"{', '.join(shown)}{more}: {remedy}"
    )


def _looks_like_clock_change(index: pd.DatetimeIndex, repeated: pd.DatetimeIndex) -> bool:
    """Each repeated time comes twice, in the small hours, on at most one day of each year."""
    twice = bool((index[index.isin(repeated)].value_counts() == 2).all())
    days = repeated.normalize().unique()
    clock_step = bool((np.diff(index.to_numpy()) < np.timedelta64(2, "h")).mean() > 0.5)
    return twice and clock_step and bool((repeated.hour < 4).all()) and days.year.is_unique


def season_length(series: pd.Series) -> int:
    """Points in one seasonal cycle of a series; 1 means no season.

    What the dataset declares (``series.attrs["season"]``) counts first; else the usual cycle of the
    frequency: 24 for hours, 7 for days, 52 for weeks, 12 for months, 4 for quarters, 1 for years.

    Examples
    --------
    >>> season_length(pd.Series(0.0, index=pd.date_range("2020-01-01", periods=3, freq="h")))
    24
    """
    declared = series.attrs.get("season")
    if declared is not None:
        return int(declared)
    freq = getattr(series.index, "freq", None)
    if freq is None:
        raise LSTMWidgetsError(
            f"the series has no frequency (its index is a {type(series.index).__name__}): pass it through "
            "read_series"
        )
    return points_per_cycle(freq)


def data_hash(series: pd.Series, covariates: pd.DataFrame | None = None) -> str:
    """SHA-256 over the times (microseconds, UTC) and the float64 values, as 64 hex digits.

    Equal data give an equal hash, whatever the name, the attrs or the NaN's bit pattern. Covariates
    count with their names and with those of their rows that belong to the series.

    Examples
    --------
    >>> data_hash(pd.Series([1.0, 2.0], index=pd.date_range("2020-01-01", periods=2)))[:16]
    'be4da950a5c07ddb'
    """
    index = series.index
    if not isinstance(index, pd.DatetimeIndex):
        raise LSTMWidgetsError(f"the series is on a {type(index).__name__}: pass it through read_series")
    digest = hashlib.sha256(index.as_unit("us").asi8.astype("<i8").tobytes())
    columns = {} if covariates is None else dict(covariates.reindex(index).items())
    for name, column in [("", series), *columns.items()]:
        values = column.to_numpy(dtype="<f8") + 0.0
        values[np.isnan(values)] = np.nan
        digest.update(str(name).encode() + values.tobytes())
    return digest.hexdigest()
