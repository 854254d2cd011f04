"""Forecasts from many moments of the past beside what came, for a forecaster and its baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.backtests.cutoffs import Starts, starts_at, starts_of_part, without_missing
from lstmwidgets.analysis.backtests.fills import read_ahead
from lstmwidgets.analysis.backtests.kept import PART_FORECASTS, kept_parts
from lstmwidgets.analysis.backtests.rolling import Ground, fit_at, ground_of, refit_split
from lstmwidgets.analysis.scoring.baselines import Baseline, default_baselines, fitted_baselines
from lstmwidgets.analysis.scoring.scores import Forecaster
from lstmwidgets.data.series import season_length
from lstmwidgets.data.windows import windows_over
from lstmwidgets.errors import LSTMWidgetsError

Forecasts = dict[str, NDArray[np.float64]]


def backtest(
    forecaster: Forecaster,
    series: Any = None,
    horizon: int | None = None,
    *,
    cutoffs: Sequence[Any] | pd.DatetimeIndex | None = None,
    step: int | None = None,
    part: str = "test",
    refit: bool | int = False,
    baselines: Sequence[Baseline] | None = None,
    covariates: pd.DataFrame | None = None,
    folder: str | Path | None = None,
    progress_bar: bool = True,
) -> pd.DataFrame:
    """Forecast from many cutoffs, each time with what was known by then, by the network and its baselines.

    All models forecast from the same cutoffs (a rolling origin: Tashman, L. J. (2000). Out-of-sample
    tests of forecasting accuracy. International Journal of Forecasting 16(4)). A cutoff is left out,
    and told, when its window touches a missing value or nothing was observed after it.

    Besides the frame it returns, a backtest holds no more than `PART_FORECASTS` forecasts at a time:
    100,000 cutoffs of 96 steps make a frame of 0.8 GB, and 0.2 GB more at the peak.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted.
    series : pandas.Series, DataFrame or path, optional
        By default the one it was fitted on. Another one, such as the same continued, is scaled as
        that one was, and its parts end at the same times: all that is newer is test.
    horizon : int, optional
        Steps ahead, from 1 to ``config.horizon``, which is the default.
    cutoffs : sequence of timestamps, optional
        Times of the last value known; ``part`` and ``step`` then choose none.
    step : int, optional
        Time steps between two cutoffs, from 1 up, counted back from the last one possible. By default
        the horizon, so that forecasts do not overlap.
    part : "test", "validation", "train" or "all"
        All that is forecast lies within it; "all" is all after the training part. The validation part
        chose which epoch's weights were kept, and the training part flatters.
    refit : bool or int
        False forecasts with the network as it is. True fits a new one with the same config at every
        cutoff, and a number ``k`` at every ``k``-th one, on nothing but what was known there: the
        newest ``validation_fraction`` of it validates, the rest trains. Baselines are fitted again too.
        Gaps are not filled again: a fill that rests on later values tells of them here as well.
    baselines : sequence of Baseline, optional
        By default `lstmwidgets.analysis.scoring.baselines.default_baselines`. Copies are fitted.
    covariates : pandas.DataFrame, optional
        Those of ``series``; by default the forecaster's own.
    folder : path, optional
        Where finished parts are kept. A backtest called again with the same arguments and folder goes
        on where it was killed, and ends with the same numbers.
    progress_bar : bool
        Show a bar, in a terminal or a notebook.

    Returns
    -------
    pandas.DataFrame
        One row for each cutoff and step, sorted: ``unique_id``, ``ds`` (the time forecast), ``cutoff``
        (of the last value known), ``y`` (NaN where not observed), the network's column (``LSTM``, or what
        `LSTMConfig.network` says of its cell) and one for each baseline, in the unit of the series.
        ``attrs`` is plain JSON: ``season``, ``horizon``, ``unit`` (empty where not known), ``part`` (None
        for given cutoffs), ``train_end`` (the last time trained on, with ``refit`` by the first network),
        ``refit``, ``config`` (settings of the network) and ``notes``, a sentence for each thing left out,
        in-sample or read too early.

    Raises
    ------
    LSTMWidgetsError
        When the forecaster is not fitted or does not hold its series, when an argument is not
        accepted, when a cutoff is not in the series or has no room before or after it, when no cutoff
        is left, or when the folder holds another backtest.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> frame = backtest(forecaster, step=1)
    >>> frame["cutoff"].nunique(), frame.columns[:5].tolist()
    (14, ['unique_id', 'ds', 'cutoff', 'y', 'LSTM'])
    """
    from lstmwidgets.model.progress import open_bar

    every = _checked_refit(refit)
    ground = ground_of(forecaster, series, covariates)
    longest = forecaster.config.horizon
    steps = longest if horizon is None else _checked_count("horizon", horizon, longest)
    notes = list(ground.notes)
    if cutoffs is None:
        stride = steps if step is None else _checked_count("step", step)
        starts = starts_of_part(ground.windows, ground.index, steps, part, stride)
    elif step is not None:
        raise LSTMWidgetsError(f"step={step!r} goes with part=, not with cutoffs=: pass one of them")
    else:
        starts = starts_at(ground.windows, ground.index, steps, cutoffs)
    starts = without_missing(ground.windows, starts, steps, notes)
    season = season_length(ground.series)
    rivals = default_baselines(season) if baselines is None else list(baselines)
    names = [forecaster.config.network, *_checked_names(rivals, forecaster.config.network)]
    kept = None if folder is None else kept_parts(folder, forecaster, ground, starts, steps, every, rivals)
    if every:
        forecast = _refitting(forecaster, ground, rivals)
        first_known = int(ground.windows.origins(starts)[0]) + 1
        train_end = ground.index[refit_split(first_known, forecaster.config).train_end - 1]
    else:
        forecast = _as_fitted(forecaster, ground, None if baselines is None else rivals, season)
        train_end = ground.fitted_index[ground.fitted.split.train_end - 1]
        _tell_in_sample(ground, starts, notes)
    _tell_filled(ground, starts, notes, refitted=bool(every))
    columns = {name: np.empty((len(starts), steps)) for name in names}
    size = every or max(1, PART_FORECASTS // steps)
    form = "{n_fmt}/{total_fmt} cutoffs |{bar:24}| {elapsed}<{remaining}"
    with open_bar(len(starts), form, progress_bar) as bar:
        for number, first in enumerate(range(0, len(starts), size)):
            block = starts[first : first + size]
            shapes = {name: ((len(block), steps), np.dtype(np.float64)) for name in names}
            done = None if kept is None else kept.read(number, shapes)
            if done is None:
                done = {name: answers[:, :steps] for name, answers in forecast(block).items()}
                if kept is not None:
                    kept.write(number, done)
            for name in names:
                columns[name][first : first + size] = done[name]
            bar.update(len(block))
    frame = _frame(ground, starts, steps, columns)
    _tell_empty(frame, names, notes)
    frame.attrs = {
        "season": season,
        "horizon": steps,
        "unit": ground.series.attrs.get("unit", ""),
        "part": part if cutoffs is None else None,
        "train_end": train_end.isoformat(),
        "refit": bool(refit) if isinstance(refit, (bool, np.bool_)) else every,
        "config": forecaster.config.model_dump(),
        "notes": notes,
    }
    return frame


def _as_fitted(
    forecaster: Any, ground: Ground, rivals: Sequence[Baseline] | None, season: int
) -> Callable[[Starts], Forecasts]:
    """Forecasts of the network as it is, and of baselines fitted where it was."""
    if rivals is None:
        fitted = fitted_baselines(ground.fitted, season)
    else:
        fitted = [deepcopy(baseline).fit(ground.fitted) for baseline in rivals]
    if ground.windows is not ground.fitted:
        from lstmwidgets.model.forecaster import LSTMForecaster

        # One forecaster of these windows, so that its pass over them is compiled once and not for each part.
        forecaster = LSTMForecaster.fitted(
            forecaster.config, ground.series, ground.windows, forecaster.model_, ground.covariates
        )

    def forecast(starts: Starts) -> Forecasts:
        answers = {forecaster.config.network: forecaster.forecast_windows(starts)}
        return answers | {each.name: each.forecast(ground.windows, starts) for each in fitted}

    return forecast


def _refitting(forecaster: Any, ground: Ground, rivals: Sequence[Baseline]) -> Callable[[Starts], Forecasts]:
    """Forecasts of a network and of baselines that are fitted anew at the first of some cutoffs."""

    def forecast(starts: Starts) -> Forecasts:
        fresh = fit_at(ground, forecaster.config, int(ground.windows.origins(starts)[0]))
        known = fresh.windows_
        assert known is not None, "a forecaster just trained has its windows"
        split = ground.windows.split
        windows = windows_over(ground.series, fresh.config, split, ground.covariates, fresh.scaler_)
        answers = {fresh.config.network: fresh.forecast_windows(starts, windows)}
        for baseline in rivals:
            answers[baseline.name] = deepcopy(baseline).fit(known).forecast(windows, starts)
        return answers

    return forecast


def _frame(ground: Ground, starts: Starts, steps: int, columns: Forecasts) -> pd.DataFrame:
    windows, origins = ground.windows, ground.windows.origins(starts)
    ahead = (origins[:, None] + 1 + np.arange(steps)).ravel()
    frame = pd.DataFrame(
        {
            "ds": ground.index[ahead],
            "cutoff": ground.index[np.repeat(origins, steps)],
            "y": np.where(windows.known[ahead], windows.read[ahead], np.nan),
            **{name: answers.ravel() for name, answers in columns.items()},
        },
        copy=False,
    )
    frame.insert(0, "unique_id", str(ground.series.name))
    return frame


def _tell_in_sample(ground: Ground, starts: Starts, notes: list[str]) -> None:
    """Say how many cutoffs forecast what the network was trained on, or chosen by."""
    first = ground.index[ground.windows.origins(starts) + 1]
    split, times = ground.fitted.split, ground.fitted_index
    train_end, validation_end = times[split.train_end - 1], times[split.validation_end - 1]
    trained = int(np.count_nonzero((first <= train_end) & (first >= times[0])))
    chosen = int(np.count_nonzero((first <= validation_end) & (first > train_end)))
    if trained:
        what, sure = ("values", "") if ground.seen else ("times", "as far as their values are the same, ")
        notes.append(
            f"{trained:,} of {len(starts):,} cutoffs forecast {what} that the network was trained on, those "
            f"up to {train_end.isoformat()}: {sure}errors there are in-sample, and smaller than what is to "
            "come."
        )
    if chosen:
        notes.append(
            f"{chosen:,} of {len(starts):,} cutoffs forecast the validation part, which chose the weights "
            "that were kept: errors there may be a little smaller than what is to come."
        )


def _tell_filled(ground: Ground, starts: Starts, notes: list[str], refitted: bool) -> None:
    """Say how many cutoffs read a filled value that may rest on what came after them."""
    early, at_end = read_ahead(ground.series, ground.windows, starts, everything=refitted)
    count, ends = int(np.count_nonzero(early)), int(np.count_nonzero(at_end))
    if not count:
        return
    notes.append(
        f"{count:,} of {len(starts):,} cutoffs {'train on or ' * refitted}read filled values that may rest "
        f"on what came after the cutoff{f', {ends:,} of them as the last value known' * bool(ends)}: this "
        "may flatter the forecast." + " Gaps were filled once, and not again at each cutoff." * refitted
    )


def _tell_empty(frame: pd.DataFrame, names: list[str], notes: list[str]) -> None:
    """Say where there was nothing to compare with, and which models have no forecast."""
    observed = frame["y"].notna()
    unknown = int(np.count_nonzero(~observed))
    if unknown:
        notes.append(
            f"{unknown:,} of {len(frame):,} values forecast were not observed: they count for no model."
        )
    for name in names:
        empty = int(np.count_nonzero(frame[name].isna() & observed))
        if empty:
            notes.append(f"The model {name!r} has no forecast for {empty:,} of {len(frame):,} values.")


def _checked_names(baselines: Sequence[Baseline], network: str) -> list[str]:
    names = [baseline.name for baseline in baselines]
    taken = {"unique_id", "ds", "cutoff", "y", network}
    for place, name in enumerate(names):
        if name in taken or name in names[:place]:
            raise LSTMWidgetsError(
                f"two columns would be called {name!r}: give each baseline a name of its own"
            )
    return names


def _checked_refit(refit: bool | int) -> int:
    """How many cutoffs one network serves; 0 when none is fitted anew."""
    if isinstance(refit, (bool, np.bool_)):
        return int(refit)
    if not isinstance(refit, (int, np.integer)) or refit < 1:
        raise LSTMWidgetsError(
            f"refit={refit!r} is not accepted: False keeps the network, True fits one at every cutoff, and a "
            "whole number k from 1 up at every k-th"
        )
    return int(refit)


def _checked_count(name: str, number: int, most: int | None = None) -> int:
    fits = isinstance(number, (int, np.integer)) and not isinstance(number, bool) and number >= 1
    if not fits or (most is not None and number > most):
        accepted = "from 1 up" if most is None else f"from 1 to {most}, as far as this forecaster sees"
        raise LSTMWidgetsError(f"{name}={number!r} is not accepted: {name} takes a whole number {accepted}")
    return int(number)
