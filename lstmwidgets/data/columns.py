"""Decide which column holds the times and which the values, or say why that cannot be decided."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lstmwidgets.data.cells import (
    TimeFormat,
    _as_time_text,
    any_value,
    as_text,
    find_time_format,
    is_missing,
    numeric_share,
    quoted,
)
from lstmwidgets.data.reading import Table
from lstmwidgets.errors import LSTMWidgetsError

ID_COLUMN = "unique_id"

_TIME_NAMES = (
    "ds",
    "date",
    "time",
    "datetime",
    "timestamp",
    "day",
    "month",
    "year",
    "hour",
    "week",
    "quarter",
)
_PARTS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True)
class Choice:
    """The columns to read, how the time column is written, and the code that names it in the source."""

    time: str
    value: str
    time_format: TimeFormat
    has_ids: bool
    times: str

    @property
    def columns(self) -> list[str]:
        """The columns to read from the table."""
        return [self.time, self.value, *([ID_COLUMN] if self.has_ids else [])]

    def without_repeats(self) -> str:
        """Code that leaves one row of each time."""
        if self.times.endswith(".index"):
            return f"{self.times.removesuffix('.index')}[~{self.times}.duplicated()]"
        keys = self.times.removeprefix("frame[").removesuffix("]")
        return f"frame.drop_duplicates({keys}), or frame.groupby({keys}, as_index=False).mean()"

    def in_utc(self, zone: str, repeated: bool) -> str:
        """Code that brings clock times to UTC; without ``repeated`` no hour comes twice in autumn."""
        on_index = self.times.endswith(".index")
        target, dt = (self.times, "") if on_index else (f"frame[{self.time!r}]", ".dt")
        # A series that was read holds the hour that never was.
        known = "series = series.dropna(); " if self.times == "series.index" and not repeated else ""
        ambiguous = '"infer"' if repeated else "True"
        return (
            f'{known}{target} = pandas.to_datetime({self.times}){dt}.tz_localize("{zone}", '
            f'ambiguous={ambiguous}){dt}.tz_convert("UTC")'
        )


def join_time(table: Table, parts: Sequence[str]) -> tuple[Table, str]:
    """A table that holds one column of times in place of those of year, month, day …, and its name.

    Raises
    ------
    LSTMWidgetsError
        For other parts than the year and what follows it, and for columns that are not there.
    """
    named = {str(part).lower(): str(part) for part in parts}
    if not named or sorted(map(str.lower, map(str, parts))) != sorted(_PARTS[: len(named)]):
        raise LSTMWidgetsError(
            f"time={list(parts)!r} is not accepted: time takes one column, or those that hold the parts of a "
            f"time, called {', '.join(_PARTS)}, from the year on without a break. Rename columns called "
            "otherwise"
        )
    columns = [named[part] for part in _PARTS[: len(named)]]
    for column in columns:
        _check_there(table, "time", column)
    name = "time"
    while name in table.sample.columns:
        name += "_joined"

    def joined(chunk: pd.DataFrame) -> pd.DataFrame:
        cells = [_as_time_text(chunk[column]) for column in columns]
        blank = np.all([is_missing(text) for text in cells], axis=0)
        time, *rest = (text.str.zfill(2).mask(is_missing(text), "?") for text in cells)
        for mark, text in zip("-- ::", rest, strict=False):
            time = time + mark + text
        time = time + ":00" if len(columns) == 4 else time  # an hour alone is no clock
        return chunk.drop(columns=columns).assign(**{name: time.mask(blank, "")})

    def chunks(wanted: list[str]) -> Iterator[pd.DataFrame]:
        for chunk in table.chunks([*(one for one in wanted if one != name), *columns]):
            yield joined(chunk)[wanted]

    note = f"columns {', '.join(map(repr, columns))} joined to times"
    times = {name: f"frame[{columns!r}]"}
    return replace(
        table, sample=joined(table.sample), chunks=chunks, notes=[*table.notes, note], times=times
    ), name


def choose_columns(table: Table, time: str | None, value: str | None) -> Choice:
    """Choose the time and value columns of a table.

    Raises
    ------
    LSTMWidgetsError
        When a named column is not there, or when several columns would do; the message lists the
        candidates and the call to make.
    """
    sample = table.sample
    for label, name in (("time", time), ("value", value)):
        if name is not None:
            _check_there(table, label, name)
    if time is not None and time == value:
        raise LSTMWidgetsError(
            f"time={time!r} and value={value!r} are the same column: pass two different ones"
        )
    if sample.empty:
        raise LSTMWidgetsError(
            f"{table.label} has no rows below its column names {few(sample.columns)}: a series needs at "
            "least 2"
        )
    if len(sample.columns) == 1:
        raise LSTMWidgetsError(
            f"{table.label} has one column, {sample.columns[0]!r}: a series needs a time column and a value "
            "column. If the cells are separated by another sign, use commas, semicolons or tabs"
        )
    time, time_format = _choose_time(table, time, value)
    value = value if value is not None else _choose_value(table, time)
    has_ids = ID_COLUMN in sample.columns and ID_COLUMN not in (time, value)
    return Choice(time, value, time_format, has_ids, table.times.get(time, f"frame[{time!r}]"))


def _check_there(table: Table, label: str, name: str) -> None:
    if name not in list(table.sample.columns):
        names = {str(one).lower(): str(one) for one in table.sample.columns}
        close = difflib.get_close_matches(str(name).lower(), names, n=1)
        raise LSTMWidgetsError(
            f"{label}={name!r} is not a column of {table.label}: it has {few(table.sample.columns)}"
            + (f"; did you mean {names[close[0]]!r}?" if close else "")
        )


def _choose_time(table: Table, time: str | None, value: str | None) -> tuple[str, TimeFormat]:
    sample = table.sample
    if time is not None:
        found = find_time_format(sample[time])
        if found is None:
            raise LSTMWidgetsError(_no_timestamps(table, time))
        return time, found
    formats = {str(name): find_time_format(sample[name]) for name in sample.columns if name != value}
    written = {name: one for name, one in formats.items() if one is not None and not one.plain_numbers}
    numbers = (
        {
            name: one
            for name, one in formats.items()
            if one is not None
            and one.plain_numbers
            and pd.to_numeric(as_text(sample[name])).is_monotonic_increasing
        }
        if not written
        else {}
    )
    candidates = written or ({} if _date_parts(formats) else numbers)
    if len(candidates) > 1 and "ds" in candidates:
        candidates = {"ds": candidates["ds"]}
    if len(candidates) == 1:
        return next(iter(candidates.items()))
    if candidates:
        raise LSTMWidgetsError(
            f"{table.label} has {len(candidates)} columns that may hold the times: {few(candidates)}. "
            f"Name one: read_series(…, time={next(iter(candidates))!r})"
        )
    if parts := _date_parts(formats):
        raise LSTMWidgetsError(
            f"{table.label} spreads the time over several columns: name them all, read_series(…, "
            f"time={parts!r}, value=…)"
        )
    named = [name for name in formats if name.lower() in _TIME_NAMES]
    if len(named) == 1:
        raise LSTMWidgetsError(_no_timestamps(table, named[0]))
    raise LSTMWidgetsError(
        f"{table.label} has no column of timestamps; it has {few(formats, sample=sample)}. Write the times "
        "as 2020-01-31 or 2020-01-31 15:00, or name their column: read_series(…, time=…)"
    )


def _date_parts(names: Iterable[str]) -> list[str]:
    """Columns year, month, day (and hour, minute, second) that hold one time between them."""
    parts = [name for name in names if name.lower() in _PARTS]
    return parts if {"year", "month", "day"} <= {name.lower() for name in parts} else []


def _no_timestamps(table: Table, name: str) -> str:
    cells = table.sample[name]
    text = as_text(cells)
    known = text[~is_missing(text)]
    rows = ", ".join(
        f"{cell!r} {table.word} {table.first + place}"
        for place, cell in zip(np.flatnonzero(~is_missing(text))[:3], known, strict=False)
    )
    hint = ""
    if len(known) and known.str.fullmatch(r"1\d{9}|1\d{12}").all():
        unit = "s" if len(str(known.iloc[0])) == 10 else "ms"
        call = f"pandas.to_datetime(frame[{name!r}], unit={unit!r})"
        hint = f". They look like Unix time: frame[{name!r}] = {call}"
    return (
        f"column {name!r} of {table.label} does not hold timestamps: {rows or 'every cell is empty'}. Write "
        f"the times as 2020-01-31 or 2020-01-31 15:00, or name another column: read_series(…, time=…){hint}"
    )


def _choose_value(table: Table, time: str) -> str:
    sample = table.sample
    others = [str(name) for name in sample.columns if name not in (time, ID_COLUMN)]
    if "y" in others and (ID_COLUMN in sample.columns or time == "ds"):
        return "y"
    others = [name for name in others if not _is_row_number(name, sample[name])]
    if len(others) == 1:
        return others[0]
    numeric = [name for name in others if numeric_share(sample[name], table.decimal_commas) > 0.5]
    if len(numeric) == 1:
        return numeric[0]
    if numeric:
        raise LSTMWidgetsError(
            f"{table.label} has {len(numeric)} columns of numbers: {few(numeric)}. Name the one to "
            f"forecast: read_series(…, value={numeric[0]!r})"
        )
    raise LSTMWidgetsError(
        f"{table.label} has no column of numbers beside {time!r}; it has {few(others, sample=sample)}. Name "
        "the one to forecast: read_series(…, value=…)"
    )


def _is_row_number(name: str, cells: pd.Series) -> bool:
    """Whether a column is the row number that pandas writes beside a frame."""
    if not (name.startswith("unnamed ") or name == "__index_level_0__"):
        return False
    numbers = pd.to_numeric(as_text(cells), errors="coerce")
    return bool((numbers == np.arange(len(numbers))).all())


def few(names: Iterable[object], most: int = 8, sample: pd.DataFrame | None = None) -> str:
    """The first of some names, each in quotes and cut where it is long, and how many more there are.

    Examples
    --------
    >>> few(["ds", "y"]), few(["a", "b", "c"], most=2)
    ("'ds', 'y'", "'a', 'b' and 1 more")
    """
    known = [str(name) for name in names]
    shown = [
        quoted(name) if sample is None else f"{quoted(name)} (such as {quoted(str(any_value(sample[name])))})"
        for name in known[:most]
    ]
    return ", ".join(shown) + (f" and {len(known) - most:,} more" if len(known) > most else "")
