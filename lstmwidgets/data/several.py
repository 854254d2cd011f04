"""Whether repeated times are several series in one table, and which column then tells them apart."""

from __future__ import annotations

import shlex

import pandas as pd

from lstmwidgets.data.cells import as_text, is_missing, numeric_share, quoted
from lstmwidgets.data.reading import Table

_ROWS = 200_000
"""Looked at: enough to tell a key from chance, and no table in memory."""


def several_series(table: Table, time: str, value: str) -> str:
    """What to do where a column tells the rows of each time apart, as a sentence; empty where none does.

    Parameters
    ----------
    table : Table
    time, value : str
        Columns that are none.
    """
    others = [str(name) for name in table.sample.columns if name not in (time, value)]
    rows: list[pd.DataFrame] = []
    for chunk in table.chunks([time, *others]) if others else ():
        rows.append(chunk)
        if sum(map(len, rows)) >= _ROWS:
            break
    if not rows:
        return ""
    known = pd.concat(rows, ignore_index=True).apply(as_text)
    known = known[~is_missing(known[time])]
    # Words before numbers: of two columns that would do, a name is more likely meant for it.
    shares = {name: numeric_share(table.sample[name]) for name in others}
    for name in sorted(shares, key=shares.__getitem__):
        ids = known[name].unique()
        names_all = not is_missing(known[name]).any() and 2 <= len(ids) <= len(known) / 2
        if names_all and not known.duplicated([time, name]).any():
            return _remedy(name, str(ids[0]))
    return ""


def _remedy(name: str, first: str) -> str:
    return (
        f"{quoted(name)} tells several series apart: report on one with --id {shlex.quote(name)} --only "
        f"{shlex.quote(first)} (from Python id_column={name!r}, only={first!r}), or on all with lstmwidgets "
        f"batch --id {shlex.quote(name)}; or keep one, frame[frame[{name!r}] == {quoted(first)}]"
    )
