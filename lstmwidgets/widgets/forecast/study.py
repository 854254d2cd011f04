"""A backtest with all that is worth knowing of it, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.backtests.intervals import coverage_table
from lstmwidgets.analysis.scoring.baselines import REPEAT_LAST, SEASONAL_NAIVE, WINDOW_MEAN
from lstmwidgets.analysis.scoring.metrics import error_by_step
from lstmwidgets.widgets.forecast import numbers
from lstmwidgets.widgets.forecast.walks import Walk, read_walk

BARS = (REPEAT_LAST, SEASONAL_NAIVE)
"""No forecast is shown without these beside it, and its skill is against the better of them."""


@dataclass(frozen=True, eq=False)
class Study:
    """What is drawn, of all cutoffs.

    Attributes
    ----------
    walk : Walk
    bars : tuple of str
        The baselines that the model is measured against.
    errors : dict from model to float64 array, shape (cutoffs,)
        Mean absolute error from each cutoff, on the steps where all models have a forecast.
    by_step : pandas.DataFrame
        Mean absolute error of each model by step ahead, from 1.
    residuals : float64 array, shape (cutoffs, horizon)
        What came less the model's forecast.
    edges, shares : float64 arrays
        See `numbers.residual_histogram`.
    echo : Echo or None
    coverage : dict from level to float64 array, shape (horizon + 1, 2)
        The share of what came that the interval held, and its mean width: of all steps, then of each.
    held : dict from level to int array, shape (cutoffs,)
        How many of the values that came lie in the interval.
    known : int array, shape (cutoffs,)
        How many values came.
    scores : pandas.DataFrame
    """

    walk: Walk
    bars: tuple[str, ...]
    errors: dict[str, NDArray[np.float64]]
    by_step: pd.DataFrame
    residuals: NDArray[np.float64]
    edges: NDArray[np.float64]
    shares: NDArray[np.float64]
    echo: numbers.Echo | None
    coverage: dict[int, NDArray[np.float64]]
    held: dict[int, NDArray[np.integer]]
    known: NDArray[np.integer]
    scores: pd.DataFrame


def study(frame: Any, series: pd.Series | None = None, model: str | None = None) -> Study:
    """Read a backtest and compute everything that is shown of it; raises what `read_walk` raises."""
    walk = read_walk(frame, series, model)
    counted = numbers.scored(walk.y, walk.forecasts)
    residuals = walk.y - walk.forecasts[walk.model]
    edges, shares = numbers.residual_histogram(residuals)
    known = np.isfinite(walk.y)
    informed = [name for name, forecast in walk.forecasts.items() if np.isfinite(forecast).any()]
    bars = _bars(walk)
    return Study(
        walk=walk,
        bars=bars,
        errors={
            name: numbers.error_by_cutoff(walk.y, each, counted) for name, each in walk.forecasts.items()
        },
        by_step=error_by_step(frame, informed).reindex(columns=list(walk.forecasts)),
        residuals=residuals,
        edges=edges,
        shares=shares,
        echo=numbers.echo_of(residuals[:, 0], walk.at, walk.season),
        coverage=_coverage(frame, walk),
        held={
            level: np.count_nonzero(known & (low <= walk.y) & (walk.y <= high), axis=1)
            for level, (low, high) in walk.bounds.items()
        },
        known=np.count_nonzero(known, axis=1),
        scores=numbers.score_frame(walk.y, walk.forecasts, bars),
    )


def _bars(walk: Walk) -> tuple[str, ...]:
    """Both usual baselines; where there is no season, the mean of the window instead of the second."""
    usual = [name for name in BARS if name in walk.forecasts and name != walk.model]
    if SEASONAL_NAIVE not in walk.forecasts and WINDOW_MEAN in walk.forecasts and walk.model != WINDOW_MEAN:
        usual.append(WINDOW_MEAN)
    return tuple(usual)


def _coverage(frame: pd.DataFrame, walk: Walk) -> dict[int, NDArray[np.float64]]:
    if not walk.bounds:
        return {}
    columns = ["coverage", "width"]
    overall = coverage_table(frame, walk.model)[columns]
    steps = coverage_table(frame, walk.model, by_step=True)[columns]
    return {
        level: np.vstack([overall.xs(level).to_numpy(), steps.xs(level, level="level").to_numpy()])
        for level in walk.bounds
    }
