"""What a report is asked to look at: a file, a frame, a bundled series, or one series of many."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.cells import as_text, quoted
from lstmwidgets.data.columns import ID_COLUMN, few
from lstmwidgets.data.datasets import DATASETS, load_dataset
from lstmwidgets.data.reading import CSV_SUFFIXES, PARQUET_SUFFIXES, Table, open_table
from lstmwidgets.data.series import read_unannounced
from lstmwidgets.errors import LSTMWidgetsError


def read_source(
    source: Any,
    *,
    time: str | Sequence[str] | None = None,
    value: str | None = None,
    freq: str | None = None,
    id_column: str | None = None,
    only: str | None = None,
) -> pd.Series:
    """Read one series, out of many where the source holds many.

    Parameters
    ----------
    source : path, DataFrame, Series or str
        As `lstmwidgets.read_series` takes it; or the name of a bundled series, where there is no such file.
    time, value, freq
        As in `lstmwidgets.read_series`.
    id_column : str, optional
        The column that tells the series of a long frame apart; ``unique_id`` where there is one.
    only : str, optional
        Which of them. Ids are text: 007 is not 7.

    Returns
    -------
    pandas.Series
        As `lstmwidgets.read_series` gives it, named after its id where it has one.

    Raises
    ------
    LSTMWidgetsError
        For what `lstmwidgets.read_series` refuses, for a column or id that is not there, and for several
        series of which none is named.
    """
    name = bundled(source)
    if name is not None:
        given = {"time": time, "value": value, "freq": freq, "id_column": id_column, "only": only}
        for option, setting in given.items():
            if setting is not None:
                raise LSTMWidgetsError(
                    f"{option}={setting!r} goes with a file of your own, and {name!r} is a bundled series: "
                    "leave it out"
                )
        return load_dataset(name)
    if isinstance(source, pd.Series):
        if id_column is not None or only is not None:
            raise LSTMWidgetsError(
                f"only={only!r} of id_column={id_column!r} picks a series out of a frame, and this is one: "
                "leave both out"
            )
        return read_unannounced(source, time, value, freq)
    _refuse_unknown_name(source)
    if not isinstance(source, (str, Path, pd.DataFrame)):
        return read_unannounced(source, time, value, freq)  # which refuses it in words
    table, chosen = _rows_of(open_table(source), id_column, only, {time, value} if _named(time) else {value})
    series = read_unannounced(table, time, value, freq)
    return series if chosen is None else series.rename(chosen)


def bundled(source: Any) -> str | None:
    """The bundled series that a source names, or None: a file of that name comes first.

    Examples
    --------
    >>> bundled("co2"), bundled("no-such.csv")
    ('co2', None)
    """
    named = isinstance(source, str) and source in DATASETS and not Path(source).is_file()
    return str(source) if named else None


def source_name(source: Any) -> str:
    """What a report calls its source: a file's own name, without its folders.

    Examples
    --------
    >>> source_name("sales/2024/data.csv"), source_name("co2")
    ('data.csv', 'co2')
    """
    if isinstance(source, (str, Path)):
        return bundled(source) or Path(source).name
    return f"a pandas {type(source).__name__}"


def _named(time: Any) -> bool:
    return time is None or isinstance(time, str)


def _refuse_unknown_name(source: Any) -> None:
    """Tell what is bundled, where a source is neither a file nor looks like the path of one."""
    if not isinstance(source, str) or os.path.exists(source) or Path(source).name != source:
        return
    if Path(source).suffix.lower() in (*CSV_SUFFIXES, *PARQUET_SUFFIXES, ".gz"):
        return
    close = difflib.get_close_matches(source.lower(), DATASETS, n=1)
    raise LSTMWidgetsError(
        f"there is no file {source!r} (looked in {str(Path.cwd())!r}), and no bundled series of that name"
        + (f": did you mean {close[0]!r}?" if close else f": these are {', '.join(DATASETS)}")
    )


def _rows_of(
    table: Table, id_column: str | None, only: str | None, wanted: set[Any]
) -> tuple[Table, str | None]:
    """A table of one series' rows, and its id; the table itself where it tells no series apart."""
    names = list(table.sample.columns)
    if id_column is None and (only is not None or ID_COLUMN in names) and ID_COLUMN not in wanted:
        id_column = ID_COLUMN
    if id_column is None:
        return table, None
    if id_column not in names:
        option = "id_column" if id_column != ID_COLUMN else "only"
        raise LSTMWidgetsError(
            f"{option}={only if option == 'only' else id_column!r} needs a column {id_column!r}, and "
            f"{table.label} has {few(names)}: name the one "
            " that tells the series apart, id_column=… (--id on the command line)"
        )
    if id_column in wanted:
        raise LSTMWidgetsError(f"id_column={id_column!r} is the time or value column too: name another one")
    if only is not None and not isinstance(only, str):
        raise LSTMWidgetsError(
            f"only={only!r} is no text, and ids are: write only={str(only)!r}, with papermill -r only {only}"
        )
    only = None if only is None else only.strip()
    rows, seen, place = [], dict[str, None](), table.first
    kept = [name for name in names if name != id_column and (name != ID_COLUMN or name in wanted)]
    for chunk in table.chunks(names):
        ids = as_text(chunk[id_column])
        nameless = (ids == "").to_numpy()
        if nameless.any():  # blank rows are passed over
            told = chunk[nameless].apply(lambda column: as_text(column) != "").any(axis=1).to_numpy()
            refuse_nameless(table, id_column, place + np.flatnonzero(nameless)[told])
        place += len(chunk)
        seen |= dict.fromkeys(one for one in ids.unique() if one)
        if only is None and len(seen) > 1:
            raise LSTMWidgetsError(_several(table.label, id_column, list(seen)))
        mine = (ids != "") if only is None else (ids == only) & (only != "")
        if mine.any():
            rows.append(chunk.loc[mine, kept])
    if only is not None and not rows:
        raise LSTMWidgetsError(_unknown(table.label, id_column, only, list(seen)))
    if not rows:
        return table, None  # which is refused for having no rows
    chosen = only if only is not None else next(iter(seen))
    found = pd.concat(rows, ignore_index=True)
    return replace(
        table,
        label=f"{table.label} ({id_column} {chosen[:60]!r})",
        word="in row",
        first=1,
        sample=found.head(len(table.sample)),
        chunks=lambda columns: iter([found[columns]]),
    ), chosen


def refuse_nameless(table: Table, id_column: str, places: NDArray[np.int64]) -> None:
    """Refuse rows that hold something and belong to no series, if there are any.

    Parameters
    ----------
    table : Table
    id_column : str
        The column in which they are empty.
    places : int array
        Where they stand, as the table counts.
    """
    if len(places):
        more = f" and {len(places) - 4:,} more" if len(places) > 4 else ""
        raise LSTMWidgetsError(
            f"{table.label} has rows that name no series: {id_column!r} is empty {table.word} "
            f"{', '.join(map(str, places[:4]))}{more}. Name their series, or drop them"
        )


def _several(label: str, id_column: str, ids: list[str]) -> str:
    shown = few(ids[:4]) + " and more" * (len(ids) > 4)  # how many, nobody knows: the rest was not read
    return (
        f"{label} holds several series, {id_column} {shown}: "
        f"name one, only={quoted(ids[0])} (--only on the command line), or report on all of them with "
        "lstmwidgets batch"
    )


def _unknown(label: str, id_column: str, only: str, ids: list[str]) -> str:
    lower = {one.lower(): one for one in ids}
    shown = [lower[one] for one in difflib.get_close_matches(only.lower(), lower, n=3)] or ids[:4]
    more = len(ids) - len(shown)
    return (
        f"only={quoted(only)} is not in column {id_column!r} of {label}: it holds {few(shown)}"
        f"{f' and {more:,} more' if more else ''}"
    )
