"""A model's forecasts beside its baselines' over many cutoffs, as arrays: what a diagnosis looks at."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.backtests.frames import by_cutoff
from lstmwidgets.analysis.backtests.intervals import interval_levels
from lstmwidgets.analysis.diagnosis.evidence import MeanTest, mean_test, skill_test
from lstmwidgets.analysis.scoring.baselines import (
    DRIFT,
    REPEAT_LAST,
    RIDGE,
    SEASONAL_NAIVE,
    WINDOW_MEAN,
    Baseline,
)
from lstmwidgets.analysis.scoring.metrics import model_columns
from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.analysis.scoring.tables import better_naive
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.features import calendar_names
from lstmwidgets.data.grid import infer_grid, points_per_cycle
from lstmwidgets.data.windows import Part
from lstmwidgets.errors import LSTMWidgetsError

Values = NDArray[np.float64]

NAIVE = (REPEAT_LAST, SEASONAL_NAIVE, DRIFT, WINDOW_MEAN)
"""Baselines that learn nothing: a model that is no better than any one of them has not earned its
training."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Forecasts of one model and its baselines from the same cutoffs, with what came.

    Attributes
    ----------
    model : str
        The model looked at, a key of ``forecasts``.
    y : float64 array, shape (cutoffs, horizon)
        What came, in the unit of the series; NaN where it was not observed.
    forecasts : dict of str to float64 array, shape (cutoffs, horizon)
    positions : integer array, shape (cutoffs,)
        Where the cutoffs lie on the time grid of the series, ascending.
    times : pandas.DatetimeIndex of length cutoffs
        When they are.
    season : int
        Points in one cycle, 1 for none.
    intervals : dict of int to (lower, upper), each of shape (cutoffs, horizon)
        The model's own, by level in per cent.
    unit : str
        Of the series; empty where not known.
    config : LSTMConfig or None
        Of the network looked at; None where not known.
    refit : bool
        Whether the model was fitted again on the way.
    calendar : bool
        Whether a day, week or year is longer than two steps.
    held_out : bool
        Whether the intervals were calibrated on errors known before every cutoff, none of them in-sample.
    notes : tuple of str
        A sentence for each thing left out.
    """

    model: str
    y: Values
    forecasts: dict[str, Values]
    positions: NDArray[np.integer]
    times: pd.DatetimeIndex
    season: int
    intervals: dict[int, tuple[Values, Values]]
    unit: str = ""
    config: LSTMConfig | None = None
    refit: bool = False
    calendar: bool = False
    held_out: bool = True
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = [name for name, forecast in self.forecasts.items() if np.isfinite(forecast).any()]
        silent = [name for name in self.forecasts if name not in known and name != self.model]
        if silent:
            notes = [f"{name} is left out: it has no forecast from any of these cutoffs." for name in silent]
            kept = {name: self.forecasts[name] for name in self.forecasts if name not in silent}
            object.__setattr__(self, "forecasts", kept)
            object.__setattr__(self, "notes", (*self.notes, *notes))
        counted = np.isfinite([self.y, *self.forecasts.values()]).all(axis=0)
        losses = {
            name: np.where(counted, np.abs(forecast - self.y), np.nan)
            for name, forecast in self.forecasts.items()
        }
        object.__setattr__(self, "_counted", counted)
        object.__setattr__(self, "_losses", losses)

    @property
    def cutoffs(self) -> int:
        """How many cutoffs there are."""
        return self.y.shape[0]

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.y.shape[1]

    @property
    def stride(self) -> int:
        """Steps between two cutoffs, mostly."""
        gaps = np.diff(self.positions)
        if not len(gaps):
            return self.horizon
        steps, counts = np.unique(gaps, return_counts=True)
        return int(steps[np.argmax(counts)])

    @property
    def overlap(self) -> int:
        """How many cutoffs in a row have targets in common."""
        return max(1, -(-self.horizon // self.stride))

    @property
    def apart(self) -> int:
        """About how many of the cutoffs share no target: what there is to judge by."""
        return -(-self.cutoffs // self.overlap)

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Where what came and every model's forecast are known: only these are scored."""
        return vars(self)["_counted"]

    @property
    def naive(self) -> list[str]:
        """The baselines here that learn nothing."""
        return [name for name in NAIVE if name in self.forecasts and name != self.model]

    @property
    def is_rule(self) -> bool:
        """Whether the model looked at is itself a baseline that learns nothing."""
        return self.model in NAIVE

    @property
    def is_network(self) -> bool:
        """Whether it may be a network: none of the baselines."""
        return self.model not in (*NAIVE, RIDGE)

    @property
    def others(self) -> list[str]:
        """Every model here but the one looked at."""
        return [name for name in self.forecasts if name != self.model]

    @property
    def reference(self) -> str | None:
        """What skill is measured against, as in score tables; for a naive rule, the best of the others.

        None where there is none, or nothing is scored.
        """
        if not self.counted.any():
            return None
        errors = {name: self.mae(name) for name in self.naive}
        return min(errors, key=errors.__getitem__, default=None) if self.is_rule else better_naive(errors)

    def losses(self, name: str) -> Values:
        """Absolute errors, shape (cutoffs, horizon); NaN where not scored."""
        return vars(self)["_losses"][name]

    def mae(self, name: str) -> float:
        """Mean absolute error, in the unit of the series."""
        return float(self.losses(name)[self.counted].mean()) if self.counted.any() else math.nan

    def by_step(self, name: str) -> Values:
        """Mean absolute error of each step ahead, shape (horizon,)."""
        return _means(self.losses(name), axis=0)

    def by_cutoff(self, name: str, first: int = 1) -> Values:
        """Mean absolute error of each cutoff over the steps from ``first`` on, shape (cutoffs,)."""
        return _means(self.losses(name)[:, first - 1 :], axis=1)

    def skill(self, other: str) -> MeanTest:
        """Skill of the model against another; its p value is that of the difference of their errors.

        It is that of all forecasts, as in score tables: where values are missing, cutoffs count for as many
        as came. The test goes by cutoff.
        """
        test = skill_test(self.by_cutoff(self.model), self.by_cutoff(other), self.overlap)
        bar = self.mae(other)
        return (
            replace(test, mean=1 - self.mae(self.model) / bar) if math.isfinite(test.mean) and bar else test
        )

    def difference(self, other: str, first: int = 1) -> MeanTest:
        """Error of the model less that of another over the steps from ``first`` on, one a cutoff."""
        ours, theirs = self.by_cutoff(self.model, first), self.by_cutoff(other, first)
        return mean_test(ours - theirs, self.overlap)

    def truth(self) -> tuple[Values, NDArray[np.integer]]:
        """What came on one time line, and where the cutoffs lie on it."""
        first = int(self.positions[0])
        line = np.full(int(self.positions[-1]) - first + self.horizon + 1, np.nan)
        places = self.positions - first
        for step in range(self.horizon):
            known = np.isfinite(self.y[:, step])
            line[places[known] + step + 1] = self.y[known, step]
        last = self.forecasts.get(REPEAT_LAST)
        if last is not None:  # what stood at the cutoff itself, before anything came
            unseen = np.isnan(line[places]) & np.isfinite(last[:, 0])
            line[places[unseen]] = last[unseen, 0]
        return line, places


def _means(values: Values, axis: int) -> Values:
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    sums = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def trial_of_frame(frame: pd.DataFrame, model: str, season: int | None = None) -> Trial:
    """Read a backtest's frame: ``unique_id, ds, cutoff, y``, a column a model, and intervals.

    Raises
    ------
    LSTMWidgetsError
        When the frame is not a backtest of one series with forecasts of ``model``.
    """
    table = by_cutoff(frame, model)
    steps = int(table["step"].max())
    ends, cutoffs = table["ds"].to_numpy(), table["cutoff"].to_numpy()[::steps]
    times = pd.DatetimeIndex(np.unique(np.concatenate([ends, cutoffs])))
    grid = infer_grid(times)
    # Times on no grid are still in order: their rank is the best count of steps there is.
    places = np.arange(len(times)) if grid is None else grid.positions
    notes = list(frame.attrs.get("notes", []))
    if season is None:
        season = frame.attrs.get("season")
    if season is None:
        season = 1 if grid is None else points_per_cycle(grid.freq)
        notes.append(f"The frame names no season: {season} is taken, the usual cycle of its frequency.")
    try:
        levels = interval_levels(frame, model)
    except LSTMWidgetsError:
        levels = ()

    def column(name: str) -> Values:
        return table[name].to_numpy(np.float64).reshape(-1, steps)

    return Trial(
        model=model,
        y=column("y"),
        forecasts={name: column(name) for name in model_columns(frame)},
        positions=places[times.searchsorted(pd.DatetimeIndex(cutoffs))],
        times=pd.DatetimeIndex(cutoffs),
        season=checked_season(season),
        intervals={level: (column(f"{model}-lo-{level}"), column(f"{model}-hi-{level}")) for level in levels},
        unit=_unit(frame.attrs),
        config=_config(frame.attrs) if model == network_in(frame.columns) else None,
        refit=bool(frame.attrs.get("refit")),
        calendar=grid is not None and _has_calendar(grid.freq),
        held_out=_held_out(frame, model),
        notes=tuple(notes),
    )


def _config(attrs: Any) -> LSTMConfig | None:
    settings = attrs.get("config")
    try:
        return LSTMConfig(**settings) if isinstance(settings, dict) else None
    except LSTMWidgetsError:  # of another version, whose settings are not these
        return None


def _held_out(frame: pd.DataFrame, model: str) -> bool:
    made = frame.attrs.get("calibration", {}).get(model)
    if made is None:
        return True
    return made["part"] != "train" and not (frame["cutoff"] < pd.Timestamp(made["until"])).any()


def trial_of_forecaster(
    forecaster: Any,
    part: Part,
    model: str,
    baselines: Sequence[Baseline],
    season: int,
    most: int,
    *,
    newest: bool = False,
) -> Trial:
    """Forecast from the windows of one part, at most ``most`` of them, evenly apart or the newest.

    Baselines are to be fitted on the forecaster's own windows.
    """
    windows, index = forecaster.windows_, pd.DatetimeIndex(forecaster.series_.index)
    starts = windows.starts(part)[-most:] if newest else thinned(windows.starts(part), most, season)
    forecasts, notes = {model: forecaster.forecast_windows(starts)}, []
    forecasts |= {baseline.name: baseline.forecast(windows, starts) for baseline in baselines}
    if newest:
        notes.append(f"One-step errors are looked at in the newest {len(starts):,} {part} windows in a row.")
    elif len(starts) < len(windows.starts(part)):
        notes.append(f"{len(starts):,} of the {len(windows.starts(part)):,} {part} windows are looked at.")
    return Trial(
        model=model,
        y=windows.observed(starts),
        forecasts=forecasts,
        positions=windows.origins(starts),
        times=index[windows.origins(starts)],
        season=season,
        intervals={},
        unit=_unit(forecaster.series_.attrs),
        config=forecaster.config,
        calendar=_has_calendar(index.freq),
        notes=tuple(notes),
    )


def thinned(starts: NDArray[np.int32], most: int, season: int) -> NDArray[np.int32]:
    """At most ``most`` starting positions, a fixed number of steps apart, counted from the last.

    The distance has no divisor in common with the season, so that they come to all of its phases: some
    hours of a day are harder to forecast than others.

    Examples
    --------
    >>> thinned(np.arange(1, 11), 4, season=1).tolist(), thinned(np.arange(1, 11), 4, season=6).tolist()
    ([1, 4, 7, 10], [5, 10])
    """
    if len(starts) <= most:
        return starts
    least = -(-len(starts) // most)
    step = next(step for step in itertools.count(least) if math.gcd(step, season) == 1)
    kept = starts[(starts[-1] - starts) % step == 0]
    return kept[-most:]


def checked_season(season: Any) -> int:
    """The season as a whole number from 1 up; anything else is refused."""
    if isinstance(season, bool) or not isinstance(season, (int, np.integer)) or season < 1:
        raise LSTMWidgetsError(f"season={season!r} is not accepted: season takes a whole number from 1 up")
    return int(season)


def _has_calendar(freq: Any) -> bool:
    try:
        return freq is not None and bool(calendar_names(freq))
    except LSTMWidgetsError:
        return False


def _unit(attrs: Any) -> str:
    unit = str(attrs.get("unit", ""))
    return "" if unit == "none" else unit
