"""A backtest's frame: checked, in the order of its cutoffs, its steps ahead counted."""

from __future__ import annotations

import pandas as pd

from lstmwidgets.errors import LSTMWidgetsError


def by_cutoff(frame: pd.DataFrame, model: str | None) -> pd.DataFrame:
    """A backtest sorted by cutoff, its rows' steps ahead counted, its index their places before.

    Without a model, times may be numbers as well: counting steps takes no more.
    """
    if not isinstance(frame, pd.DataFrame):
        raise LSTMWidgetsError(
            f"a {type(frame).__name__} is not a backtest: pass the DataFrame that backtest(…) gives"
        )
    needed = ["unique_id", "ds", "cutoff", "y", *([model] if model is not None else [])]
    absent = [name for name in needed if name not in frame.columns]
    if absent or frame.empty:
        raise LSTMWidgetsError(
            f"this is not a backtest with forecasts of {model!r}: it has {len(frame)} rows and the columns "
            f"{', '.join(map(repr, frame.columns))}"
            f"{'; missing: ' + ', '.join(map(repr, absent)) if absent else ''}. Pass what backtest(…) gives"
        )
    horizon, frame = frame.attrs.get("horizon"), frame.copy(deep=False)
    frame.attrs = {}  # pandas copies them, all the way down, whenever a column is looked at
    for name in ("ds", "cutoff"):
        numbered = model is None and pd.api.types.is_numeric_dtype(frame[name])
        if not (pd.api.types.is_datetime64_any_dtype(frame[name]) or numbered):
            raise LSTMWidgetsError(
                f"the column {name!r} holds {frame[name].dtype}, such as {frame[name].iloc[0]!r}, and not "
                f"times: set frame[{name!r}] = pandas.to_datetime(frame[{name!r}])"
            )
    ids = frame["unique_id"].unique()
    if len(ids) > 1:
        raise LSTMWidgetsError(
            f"the frame holds {len(ids)} series, {ids[0]!r} and {ids[1]!r} among them, whose errors are not "
            "alike: take one at a time"
        )
    table = frame.reset_index(drop=True).sort_values(["cutoff", "ds"], kind="stable")
    table["step"] = table.groupby("cutoff").cumcount() + 1
    counts = table.groupby("cutoff").size()
    horizon = counts.iloc[0] if horizon is None else horizon
    other = counts[counts != horizon]
    if len(other):
        raise LSTMWidgetsError(
            f"cutoff {other.index[0].isoformat()} has {other.iloc[0]} rows where {horizon} are expected, one "
            "a step: pass the frame as backtest(…) gave it, with every row"
        )
    return table
