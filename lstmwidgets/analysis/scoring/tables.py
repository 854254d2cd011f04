"""Many models scored on the same forecasts, as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.scoring.baselines import REPEAT_LAST, SEASONAL_NAIVE, WINDOW_MEAN
from lstmwidgets.analysis.scoring.metrics import METRICS, mae, naive_error, rmse, scored_rows, skill
from lstmwidgets.errors import LSTMWidgetsError

SCORES = ("MAE", "RMSE", "MASE", "skill")
"""Columns of a score table that asks for no others."""

ALL_SCORES = ("MAE", "RMSE", "MAPE", "sMAPE", "MASE", "RMSSE", "skill")
"""Every column a score table can have."""

Forecasts = dict[str, NDArray[np.float64]]


def score_frame(
    frame: pd.DataFrame,
    train: ArrayLike | None = None,
    *,
    season: int | None = None,
    models: Sequence[str] | None = None,
    metrics: Sequence[str] = ALL_SCORES,
) -> pd.DataFrame:
    """Score every model of a backtest over all its cutoffs and steps.

    Parameters
    ----------
    frame : pandas.DataFrame
        Long, of one series, as `lstmwidgets.backtest` and `lstmwidgets.forecast_table` give it: ``y``
        and a column for each model. Rows where ``y`` or one model's forecast is NaN count for none.
    train : array, shape (timesteps,), optional
        The training part of the series, in time order: the scale of ``MASE`` and ``RMSSE``, which are
        NaN without it.
    season : int, optional
        Points in one cycle, 1 for none; by default ``frame.attrs["season"]``.
    models : sequence of str, optional
        By default all of the frame's.
    metrics : sequence of str
        Columns, of those in `ALL_SCORES`.

    Returns
    -------
    pandas.DataFrame
        As `score_table`, a row for each model.

    Raises
    ------
    LSTMWidgetsError
        When a column is missing, the frame holds several series, or a metric is unknown.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [10.0, 12.0], "LSTM": [11.0, 12.0], "repeat last": [9.0, 9.0]})
    >>> score_frame(frame, train=[1, 2, 4, 3], season=1, metrics=["MAE", "sMAPE", "MASE", "skill"]).round(3)
                 MAE  sMAPE   MASE  skill
    model
    LSTM         0.5  0.024  0.375   0.75
    repeat last  2.0  0.098  1.500   0.00
    """
    names, _ = scored_rows(frame, models)
    if "unique_id" in frame and frame["unique_id"].nunique() > 1:
        first, second = frame["unique_id"].unique()[:2]
        raise LSTMWidgetsError(
            f"the frame holds several series, {str(first)!r} and {str(second)!r} among them, each with a "
            "scale of its own: score them one at a time, as in frame.groupby('unique_id')"
        )
    notes: list[str] = []
    forecasts = with_forecasts({name: frame[name].to_numpy(np.float64) for name in names}, notes)
    return scores_of(
        frame["y"].to_numpy(np.float64),
        forecasts,
        train=train,
        season=frame.attrs.get("season") if season is None else season,
        metrics=metrics,
        notes=notes,
    )


def better_naive(errors: Mapping[str, float]) -> str | None:
    """The naive rule with the smallest error: what a forecast has to beat to have any skill.

    Repeat last or the seasonal naive; where there is no seasonal naive, repeat last or the window
    mean. None when there is none of them.

    Examples
    --------
    >>> better_naive({"LSTM": 1.0, "repeat last": 3.0, "seasonal naive": 2.0, "window mean": 1.5})
    'seasonal naive'
    """
    rules = (REPEAT_LAST, SEASONAL_NAIVE if SEASONAL_NAIVE in errors else WINDOW_MEAN)
    return min((rule for rule in rules if rule in errors), key=lambda rule: errors[rule], default=None)


def with_forecasts(forecasts: Forecasts, notes: list[str], season: int | None = None) -> Forecasts:
    """The models that have any forecast: one without would leave nothing to score the others on."""
    silent = [name for name, forecast in forecasts.items() if not np.isfinite(forecast).any()]
    for name in silent:
        reason = "it has no forecast here"
        if name == SEASONAL_NAIVE and season is not None:
            reason = f"no value one cycle ({season} steps) before is known"
        notes.append(f"{name.capitalize()} is left out: {reason}.")
    return {name: forecast for name, forecast in forecasts.items() if name not in silent}


def scores_of(
    actual: NDArray[np.float64],
    forecasts: Forecasts,
    *,
    train: ArrayLike | None,
    season: int | None,
    metrics: Sequence[str],
    notes: list[str],
) -> pd.DataFrame:
    """Score models on the forecasts that all of them have, of values that were observed.

    Parameters
    ----------
    actual : float64 array of any shape
        NaN where not observed.
    forecasts : dict of str to float64 array of that shape
    train, season, metrics
        As in `score_frame`.
    notes : list of str
        Gains a sentence for each thing left out, and becomes ``attrs["notes"]``.
    """
    unknown = [name for name in metrics if name not in ALL_SCORES]
    if unknown or isinstance(metrics, str):
        raise LSTMWidgetsError(
            f"metrics={metrics!r} is not accepted: it takes a list out of {', '.join(map(repr, ALL_SCORES))}"
        )
    observed = np.isfinite(actual)
    counted = np.isfinite([actual, *forecasts.values()]).all(axis=0)
    if not observed.all():
        notes.append(
            f"{np.count_nonzero(~observed)} of {actual.size} values to forecast were not observed, and count "
            "for no model."
        )
    lost = np.count_nonzero(observed & ~counted)
    if lost:
        notes.append(
            f"{lost} of {actual.size} forecasts are left out for every model, because one of them has no "
            "value there."
        )
    came, kept = actual[counted], {name: forecast[counted] for name, forecast in forecasts.items()}
    errors = {name: mae(came, forecast) for name, forecast in kept.items()}
    reference = better_naive(errors)
    columns: dict[str, dict[str, float]] = {}
    for metric in metrics:
        try:
            columns[metric] = _column(metric, came, kept, errors, reference, train, season)
        except LSTMWidgetsError as error:
            notes.append(f"{metric} is left out: {error}.")
            columns[metric] = dict.fromkeys(kept, float("nan"))
    if "MAPE" in metrics and (caution := _mape_caution(came)):
        notes.append(caution)
    table = pd.DataFrame(columns, index=list(kept)).rename_axis("model")
    table.attrs = {
        "season": season,
        "points": int(np.count_nonzero(counted)),
        "reference": reference,
        "notes": notes,
    }
    return table


def _column(
    metric: str,
    came: NDArray[np.float64],
    kept: Forecasts,
    errors: dict[str, float],
    reference: str | None,
    train: ArrayLike | None,
    season: int | None,
) -> dict[str, float]:
    if metric == "skill":
        if reference is None:
            raise LSTMWidgetsError(
                "no naive rule is among the models: add repeat last and the seasonal naive"
            )
        return {name: skill(error, errors[reference]) for name, error in errors.items()}
    if metric in METRICS:
        return {name: METRICS[metric](came, forecast) for name, forecast in kept.items()}
    if train is None or season is None:
        raise LSTMWidgetsError(
            f"its scale comes from the training part: pass {'train' if train is None else 'season'}="
        )
    base = mae if metric == "MASE" else rmse
    scale = naive_error(train, season, base)
    return {name: base(came, forecast) / scale for name, forecast in kept.items()}


def _mape_caution(came: NDArray[np.float64]) -> str:
    sizes = np.abs(came)
    if not came.size or not sizes.min() or sizes.min() > 0.01 * sizes.mean():
        return ""
    return (
        f"MAPE says little here: actual values come as near to 0 as {sizes.min():.2g}, where a small error "
        f"is a large percentage, and their mean size is {sizes.mean():.2g}."
    )
