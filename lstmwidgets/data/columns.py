"""Decide which column holds the times and which the values, or say why that cannot be decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstmwidgets.data.cells import TimeFormat, any_value, as_text, find_time_format, is_missing, numeric_share
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


@dataclass(frozen=True)
class Choice:
    """The columns to read and how the time column is written."""

    time: str
    value: str
    time_format: TimeFormat
    has_ids: bool

    @property
    def columns(self) -> list[str]:
        """The columns to read from the table."""
        return [self.time, self.value, *([ID_COLUMN] if self.has_ids else [])]


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
        if name is not None and name not in sample.columns:
            raise LSTMWidgetsError(
                f"{label}={name!r} is not a column of {table.label}: it has {_listed(sample.columns)}"
            )
    if time is not None and time == value:
        raise LSTMWidgetsError(
            f"time={time!r} and value={value!r} are the same column: pass two different ones"
        )
    if sample.empty:
        raise LSTMWidgetsError(
            f"{table.label} has no rows below its column names {_listed(sample.columns)}: a series needs at "
            "least 2"
        )
    if len(sample.columns) == 1:
        raise LSTMWidgetsError(
            f"{table.label} has one column, {sample.columns[0]!r}: a series needs a time column and a value "
            "column. If the cells are separated by another sign, use commas, semicolons or tabs"
        )
    time, time_format = _choose_time(table, time, value)
    value = value if value is not None else _choose_value(table, time)
    return Choice(time, value, time_format, ID_COLUMN in sample.columns and ID_COLUMN not in (time, value))


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
            f"{table.label} has {len(candidates)} columns that may hold the times: {_listed(candidates)}. "
            f"Name one: read_series(…, time={next(iter(candidates))!r})"
        )
    if parts := _date_parts(formats):
        listed = ", ".join(map(repr, parts))
        raise LSTMWidgetsError(
            f"{table.label} spreads the time over the columns {listed}: join them first, "
            f'frame["time"] = pandas.to_datetime(frame[[{listed}]]), then read_series(frame, time="time", '
            "value=…)"
        )
    named = [name for name in formats if name.lower() in _TIME_NAMES]
    if len(named) == 1:
        raise LSTMWidgetsError(_no_timestamps(table, named[0]))
    raise LSTMWidgetsError(
        f"{table.label} has no column of timestamps; it has {_listed(formats, sample)}. Write the times as "
        "2020-01-31 or 2020-01-31 15:00, or name their column: read_series(…, time=…)"
    )


def _date_parts(names: Iterable[str]) -> list[str]:
    """Columns year, month, day (and hour, minute, second) that hold one time between them."""
    parts = [name for name in names if name.lower() in ("year", "month", "day", "hour", "minute", "second")]
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
            f"{table.label} has {len(numeric)} columns of numbers: {_listed(numeric)}. Name the one to "
            f"forecast: read_series(…, time={time!r}, value={numeric[0]!r})"
        )
    raise LSTMWidgetsError(
        f"{table.label} has no column of numbers beside {time!r}; it has {_listed(others, sample)}. Name the "
        "one to forecast: read_series(…, value=…)"
    )


def _is_row_number(name: str, cells: pd.Series) -> bool:
    """Whether a column is the row number that pandas writes beside a frame."""
    if not (name.startswith("unnamed ") or name == "__index_level_0__"):
        return False
    numbers = pd.to_numeric(as_text(cells), errors="coerce")
    return bool((numbers == range(len(numbers))).all())


def _listed(names: object, sample: pd.DataFrame | None = None) -> str:
    names = [str(name) for name in names]  # type: ignore[attr-defined]
    shown = [
        repr(name) if sample is None else f"{name!r} (such as {any_value(sample[name])!r})"
        for name in names[:8]
    ]
    return ", ".join(shown) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
