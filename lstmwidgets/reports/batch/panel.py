"""A long frame of many series, split into the rows of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.cells import NumberReader, as_text, quoted
from lstmwidgets.data.columns import ID_COLUMN, choose_columns, few, join_time
from lstmwidgets.data.reading import Table, open_table
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.study.command import flag
from lstmwidgets.reports.study.source import refuse_nameless

_HOLDS = {"id_column": "tells the series apart", "time": "holds the times", "value": "holds the values"}


@dataclass(frozen=True, eq=False)
class Panel:
    """Many series, their rows as they were read.

    Attributes
    ----------
    label : str
        How messages call the source, for example ``"'panel.csv'"``.
    ids : tuple of str
        In order of appearance.
    time : str or tuple of str
        The column of times, or those of their parts.
    value : str
        The column of values.
    word : str
        A row's place in words, for example ``"on line"``.
    """

    label: str
    word: str
    ids: tuple[str, ...]
    time: str | tuple[str, ...]
    value: str
    _frame: pd.DataFrame
    _places: NDArray[np.int64]
    _bounds: NDArray[np.int64]
    _hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, number: int) -> pd.DataFrame:
        """The rows of one series, its times and its values, in order of appearance."""
        start, end = self._bounds[number : number + 2]
        return self._frame.iloc[start:end].reset_index(drop=True)

    def first(self, number: int) -> int | None:
        """The place of a series' first row in the source; None where others lie between its rows."""
        places = self._places[slice(*self._bounds[number : number + 2])]
        together = places[-1] - places[0] == len(places) - 1
        return int(places[0]) if together else None

    def rows_hash(self, number: int) -> str:
        """SHA-256 over what the cells of one series' rows mean, and their order."""
        start, end = self._bounds[number : number + 2]
        return hashlib.sha256(self._hashes[start:end].tobytes()).hexdigest()


def read_panel(
    source: str | Path | pd.DataFrame,
    id_column: str = ID_COLUMN,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
) -> Panel:
    """Read a long frame once, and split it by the id of its rows.

    Cells are passed on as they stand, for each series is read and judged by itself; decimal commas
    alone are settled here, because the whole column says what they mean.

    Parameters
    ----------
    source : path or DataFrame
        A CSV or Parquet file, as `lstmwidgets.read_series` takes it, with a row for each time of each
        series.
    id_column : str
        The column that names each row's series. Ids are text: 007 stays 007.
    time, value : str, optional
        Column names; found by themselves when only one column fits.

    Raises
    ------
    LSTMWidgetsError
        For a source that cannot be read, a column that is not there or cannot be found, or rows that
        name no series.
    """
    if not isinstance(source, (str, Path, pd.DataFrame)):
        raise LSTMWidgetsError(
            f"a panel cannot be read from a {type(source).__name__}: pass the path of a CSV or Parquet file, "
            f"or a pandas DataFrame, with the columns {ID_COLUMN}, ds and y"
        )
    table = open_table(source)
    try:
        times, value = _columns_of(table, id_column, time, value)
        frame, places = _read(table, id_column, times, value)
    except UnicodeEncodeError as error:
        raise LSTMWidgetsError(
            f"{table.label} holds {error.object[:40]!r}, which is not text in UTF-8: rename it"
        ) from None
    codes, ids = pd.factorize(frame.pop(id_column))
    order = np.argsort(codes, kind="stable")
    frame, places = frame.iloc[order].reset_index(drop=True), places[order]
    bounds = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(ids)))]).astype(np.int64)
    hashes = np.asarray(pd.util.hash_pandas_object(_as_meant(frame, value), index=False), np.uint64)
    named = times[0] if len(times) == 1 else tuple(times)
    return Panel(table.label, table.word, tuple(ids), named, value, frame, places, bounds, hashes)


def _columns_of(
    table: Table, id_column: str, time: str | Sequence[str] | None, value: str | None
) -> tuple[list[str], str]:
    """The columns of times and of values, judged by the first series: in a panel, times begin anew."""
    there = list(table.sample.columns)
    parts = [] if time is None or isinstance(time, str) else list(time)
    column = time if isinstance(time, str) else None
    for label, name in [("id_column", id_column), ("time", column), ("value", value)]:
        if name is not None and name not in there:
            raise LSTMWidgetsError(
                f"{quoted(name)} is not a column of {table.label}, which has {few(there)}: name the one that "
                f"{_HOLDS[label]}, {label}=… ({flag(label)} on the command line)"
            )
    if id_column in (time, value, *parts):
        raise LSTMWidgetsError(
            f"id_column={quoted(id_column)} is the time or value column too: name another one "
            f"({flag('id_column')} on the command line)"
        )
    if table.sample.empty:
        raise LSTMWidgetsError(f"{table.label} has no rows below its column names: there is no series in it")
    ids = as_text(table.sample[id_column])
    first = table.sample[ids == ids[ids != ""].iloc[0]] if (ids != "").any() else table.sample
    # Called so, it is never taken for the values, and `y` is taken for them.
    first = first.drop(columns=[] if id_column == ID_COLUMN else [ID_COLUMN], errors="ignore")
    table = replace(table, sample=first.rename(columns={id_column: ID_COLUMN}))
    if parts:
        table, column = join_time(table, parts)
    choice = choose_columns(table, column, value)
    return parts or [choice.time], choice.value


def _read(
    table: Table, id_column: str, times: list[str], value: str
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Ids as text, times and values as they stand, and the place of each row; without blank rows."""
    kept: list[pd.DataFrame] = []
    kept_places: list[NDArray[np.int64]] = []
    place = table.first
    numbers = NumberReader(value, table.word, table.decimal_commas)
    for chunk in table.chunks([id_column, *times, value]):
        places = np.arange(place, place + len(chunk), dtype=np.int64)
        place += len(chunk)
        mixed = [name for name in (*times, value) if chunk[name].dtype == object]
        chunk = chunk.assign(**{name: as_text(chunk[name]) for name in (id_column, *mixed)})
        nameless = (chunk[id_column] == "").to_numpy()
        if nameless.any():
            blank = nameless & np.all([as_text(chunk[name]) == "" for name in (*times, value)], axis=0)
            refuse_nameless(table, id_column, places[nameless & ~blank])
            chunk, places = chunk[~blank], places[~blank]
        if table.decimal_commas:
            chunk = chunk.assign(**{value: _with_points(chunk[value], numbers, places)})
        kept.append(chunk)
        kept_places.append(places)
    numbers.check_commas()
    frame = pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()
    if frame.empty:
        raise LSTMWidgetsError(f"{table.label} has no rows below its column names: there is no series in it")
    return frame, np.concatenate(kept_places)


def _with_points(cells: pd.Series, numbers: NumberReader, places: NDArray[np.int64]) -> pd.Series:
    """Cells whose decimal commas are points; what is no number stays as it is, for its series to tell."""
    read = numbers.read(cells, places)
    text = as_text(cells)
    return text.where(np.isnan(read), text.str.replace(",", ".", regex=False))


def _as_meant(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """Cells as numbers and times where they are some, else as text, whatever the type of their column.

    A missing value in one series turns the column of them all from integers into floats, and a word turns it
    into text: neither changes what the others say.
    """
    columns: dict[str, Any] = {}
    for place, name in enumerate(frame):
        cells = frame[name]
        if cells.dtype.kind == "M" and getattr(cells.dtype, "tz", None) is None:
            columns[f"time {place}"] = cells.astype("datetime64[us]")
            continue
        if name != value and not pd.api.types.is_numeric_dtype(cells.dtype):
            columns[f"text {place}"] = as_text(cells)
            continue
        numbers = NumberReader(str(name), "").read(cells, np.arange(len(cells)))
        text = np.full(len(cells), "", dtype=object)
        text[np.isnan(numbers)] = as_text(cells[np.isnan(numbers)])
        columns |= {f"number {place}": numbers, f"text {place}": text}
    return pd.DataFrame(columns)
