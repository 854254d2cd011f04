"""A backtest's long frame as arrays: one row a cutoff, one column a step ahead, on one grid of times."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.data.filling import filled as filled_points
from lstmwidgets.data.grid import infer_grid
from lstmwidgets.data.series import season_length
from lstmwidgets.errors import LSTMWidgetsError

COLUMNS = ("unique_id", "ds", "cutoff", "y")
_BOUND = re.compile(r"(?P<model>.+)-(?P<side>lo|hi)-(?P<level>\d+)")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walk:
    """Forecasts from many cutoffs.

    Attributes
    ----------
    name : str
        Of the series.
    model : str
        Whose residuals and intervals are looked at.
    season : int
        Points in one cycle; 1 means none.
    times : DatetimeIndex, shape (timesteps,)
        Regular, from the first time known to the last one forecast.
    values : float64 array, shape (timesteps,)
        The series; NaN where it is not known.
    filled : bool array, shape (timesteps,)
        Which values are not observed but filled in.
    at : int array, shape (cutoffs,), ascending
        Position in ``times`` of each cutoff, the last value known.
    y : float64 array, shape (cutoffs, horizon)
        What came; NaN where nothing was observed.
    forecasts : dict from model to float64 array, shape (cutoffs, horizon)
    bounds : dict from level to a pair of float64 arrays, shape (cutoffs, horizon)
        Lower and upper end of the model's interval at each level, in percent, ascending.
    """

    name: str
    model: str
    season: int
    times: pd.DatetimeIndex
    values: Numbers
    filled: NDArray[np.bool_]
    at: NDArray[np.integer]
    y: Numbers
    forecasts: dict[str, Numbers]
    bounds: dict[int, tuple[Numbers, Numbers]]

    @property
    def cutoffs(self) -> pd.DatetimeIndex:
        """The time of the last value known, at each cutoff."""
        return self.times[self.at]

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.y.shape[1])

    def taken(self, rows: NDArray[np.integer]) -> Walk:
        """The same with some of the cutoffs only."""
        return replace(
            self,
            at=self.at[rows],
            y=self.y[rows],
            forecasts={name: each[rows] for name, each in self.forecasts.items()},
            bounds={level: (low[rows], high[rows]) for level, (low, high) in self.bounds.items()},
        )


def read_walk(frame: Any, series: pd.Series | None = None, model: str | None = None) -> Walk:
    """Check a backtest's frame and cut it into arrays.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `lstmwidgets.backtest` returns it: ``unique_id``, ``ds``, ``cutoff``, ``y``, a column for each
        model, and ``model-lo-80``, ``model-hi-80`` for intervals.
    series : pandas.Series, optional
        What lies before the cutoffs, with ``attrs["repairs"]`` where points were filled; by default
        what the frame knows of it.
    model : str, optional
        By default the network, or the first where there is none.

    Raises
    ------
    LSTMWidgetsError
        When columns are missing, the frame is empty or holds several series, cutoffs have different
        horizons, times lie on no regular grid, or the series does not hold them.
    """
    rows = _checked_frame(frame)
    models, bounds = _columns(rows)
    chosen = _chosen(model, models)
    horizon = _horizon(rows)
    ds = pd.DatetimeIndex(rows["ds"])
    cutoffs = pd.DatetimeIndex(rows["cutoff"])[::horizon]
    times = _grid(cutoffs, ds) if series is None else _grid_of(series, cutoffs, ds)
    at = _positions(times, cutoffs, ds, horizon)

    def table(column: str) -> Numbers:
        return rows[column].to_numpy(np.float64).reshape(-1, horizon)

    y = table("y")
    values, filled = _values(times, at, y, series)
    return Walk(
        name=str(rows["unique_id"].iloc[0]),
        model=chosen,
        season=_season(rows, series, times),
        times=times,
        values=values,
        filled=filled,
        at=at,
        y=y,
        forecasts={name: table(name) for name in models},
        bounds={level: (table(low), table(high)) for level, (low, high) in bounds.get(chosen, {}).items()},
    )


def _checked_frame(frame: Any) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        raise LSTMWidgetsError(
            f"{type(frame).__name__!r} is no backtest: pass a fitted LSTMForecaster, or a frame that "
            "lstmwidgets.backtest returned"
        )
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        raise LSTMWidgetsError(
            f"the frame has no column {' and no '.join(map(repr, missing))} (it has "
            f"{', '.join(map(repr, frame.columns)) or 'none'}): a backtest has unique_id, ds, cutoff, y and "
            "a column for each model, as lstmwidgets.backtest returns it"
        )
    if frame.empty:
        raise LSTMWidgetsError("the backtest is empty: it needs one cutoff at least")
    for name in ("ds", "cutoff"):
        if not pd.api.types.is_datetime64_any_dtype(frame[name]):
            raise LSTMWidgetsError(
                f"the column {name!r} holds {frame[name].dtype}, not times: convert it with "
                "pandas.to_datetime"
            )
        if frame[name].isna().any():
            raise LSTMWidgetsError(f"the column {name!r} holds {int(frame[name].isna().sum())} missing times")
    names = frame["unique_id"].unique()
    if len(names) > 1:
        raise LSTMWidgetsError(
            f"the frame holds {len(names)} series ({', '.join(map(repr, names[:3]))}, …) and one can be "
            f"shown at a time: pass frame[frame.unique_id == {names[0]!r}]"
        )
    rows = frame.sort_values(["cutoff", "ds"], kind="stable")
    twice = rows.duplicated(["cutoff", "ds"])
    if twice.any():
        first = rows[twice].iloc[0]
        raise LSTMWidgetsError(
            f"the cutoff {first['cutoff']} forecasts {first['ds']} twice: leave one row for each step"
        )
    return rows


def _columns(rows: pd.DataFrame) -> tuple[list[str], dict[str, dict[int, tuple[str, str]]]]:
    """The models, and the interval columns of each by level."""
    models: list[str] = []
    sides: dict[tuple[str, int], dict[str, str]] = {}
    for name in rows.columns:
        if name in COLUMNS:
            continue
        if not isinstance(name, str) or not pd.api.types.is_numeric_dtype(rows[name]):
            raise LSTMWidgetsError(
                f"the column {name!r} holds {rows[name].dtype}, not forecasts: drop it, or convert it "
                "to numbers"
            )
        found = _BOUND.fullmatch(name)
        if found is None:
            models.append(name)
        else:
            sides.setdefault((found["model"], int(found["level"])), {})[found["side"]] = name
    if not models:
        raise LSTMWidgetsError(
            "the frame has no model: beside unique_id, ds, cutoff and y it needs a forecast"
        )
    bounds: dict[str, dict[int, tuple[str, str]]] = {}
    for (model, level), pair in sorted(sides.items(), key=lambda item: item[0][1]):
        if len(pair) < 2:
            (only,) = pair.values()
            raise LSTMWidgetsError(
                f"the frame has {only!r} without its other end: an interval needs -lo- and -hi-"
            )
        bounds.setdefault(model, {})[level] = (pair["lo"], pair["hi"])
    return models, bounds


def _chosen(model: str | None, models: list[str]) -> str:
    if model is None:
        network = network_in(models)
        return network if network in models else models[0]
    if model not in models:
        raise LSTMWidgetsError(
            f"model={model!r} is not in the frame: it has {' and '.join(map(repr, models))}"
        )
    return model


def _horizon(rows: pd.DataFrame) -> int:
    """Steps ahead, which every cutoff must have alike."""
    counts = rows.groupby("cutoff", sort=True).size()
    if counts.nunique() > 1:
        usual = int(counts.mode().iloc[0])
        odd = counts[counts != usual]
        raise LSTMWidgetsError(
            f"the cutoff {odd.index[0]} has {odd.iloc[0]} of the {usual} steps that others have: every "
            "cutoff needs the same horizon. Drop those that were cut short"
        )
    return int(counts.iloc[0])


def _grid(cutoffs: pd.DatetimeIndex, ds: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Regular times from the first cutoff to the last step."""
    every = cutoffs.union(ds).unique().sort_values()
    if len(every) == 2:
        return every
    grid = infer_grid(every)
    if grid is None:
        raise LSTMWidgetsError(
            f"the times from {every[0]} to {every[-1]} lie on no regular grid: pass the series that was "
            "backtested as well"
        )
    return grid.index


def _grid_of(series: Any, cutoffs: pd.DatetimeIndex, ds: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The times of a series, carried on to the last step."""
    if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
        raise LSTMWidgetsError(
            f"series is a {type(series).__name__}: pass what lstmwidgets.read_series returns, or leave it out"
        )
    index = series.index
    if index.freq is None:
        raise LSTMWidgetsError("the series has no frequency: pass it through lstmwidgets.read_series")
    if (index.tz is None) != (ds.tz is None):
        raise LSTMWidgetsError(
            "the series and the frame disagree about time zones, one has one and the other has none: "
            "bring both to the same"
        )
    if cutoffs[0] < index[0] or cutoffs[-1] > index[-1]:
        raise LSTMWidgetsError(
            f"the cutoffs lie from {cutoffs[0]} to {cutoffs[-1]} and the series from {index[0]} to "
            f"{index[-1]}: pass the series that was backtested"
        )
    if ds.max() <= index[-1]:
        return index
    return pd.date_range(index[0], ds.max(), freq=index.freq)


def _positions(
    times: pd.DatetimeIndex, cutoffs: pd.DatetimeIndex, ds: pd.DatetimeIndex, horizon: int
) -> NDArray[np.integer]:
    at = times.get_indexer(cutoffs)
    if (at < 0).any():
        raise LSTMWidgetsError(
            f"the cutoff {cutoffs[int((at < 0).argmax())]} is none of the times from {times[0]} to "
            f"{times[-1]}: the frame and the series must lie on one regular grid"
        )
    steps = times.get_indexer(ds).reshape(-1, horizon)
    wrong = (steps != at[:, None] + 1 + np.arange(horizon)).any(axis=1)
    if wrong.any():
        raise LSTMWidgetsError(
            f"the times forecast from {cutoffs[int(wrong.argmax())]} are not the {horizon} steps that follow "
            "it: a backtest forecasts every step from 1 to its horizon"
        )
    return at


def _values(
    times: pd.DatetimeIndex, at: NDArray[np.integer], y: Numbers, series: pd.Series | None
) -> tuple[Numbers, NDArray[np.bool_]]:
    """The series on its grid, from the frame where no series is given, and which points were filled."""
    values, filled = np.full(len(times), np.nan), np.zeros(len(times), bool)
    steps, known = at[:, None] + 1 + np.arange(y.shape[1]), np.isfinite(y)
    if series is not None:
        values[: len(series)] = series.to_numpy(np.float64)
        filled[: len(series)] = filled_points(series)
        apart = known & np.isfinite(values[steps]) & ~np.isclose(values[steps], y, rtol=1e-5)
        if apart.any():
            first = steps[apart][0]
            raise LSTMWidgetsError(
                f"the series says {values[first]:g} at {times[first]} and the frame {y[apart][0]:g}: pass "
                "the series that was backtested"
            )
        return values, filled
    values[steps[known]] = y[known]
    return values, filled


def _season(rows: pd.DataFrame, series: pd.Series | None, times: pd.DatetimeIndex) -> int:
    if "season" in rows.attrs:
        return int(rows.attrs["season"])
    if series is None and times.freq is None:
        return 1
    return season_length(pd.Series(0.0, index=times) if series is None else series)
