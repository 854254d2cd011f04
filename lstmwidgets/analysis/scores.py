"""A forecaster beside its baselines: one table of scores, one table of forecasts."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.baselines import repeat_last, seasonal_naive, window_mean
from lstmwidgets.analysis.metrics import mae, naive_error, rmse, skill
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.data.windows import PARTS, Part, Windows
from lstmwidgets.errors import LSTMWidgetsError

LSTM, REPEAT_LAST, SEASONAL_NAIVE, WINDOW_MEAN = "LSTM", "repeat last", "seasonal naive", "window mean"

Forecasts = dict[str, NDArray[np.float64]]


class Forecaster(Protocol):
    """What these tables ask of a forecaster; `lstmwidgets.LSTMForecaster` has it once fitted."""

    config: LSTMConfig
    series_: pd.Series
    windows_: Windows | None

    def forecast_windows(self, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecasts in the unit of the series, shape (len(starts), horizon)."""
        ...


def score_table(forecaster: Forecaster, part: Part) -> pd.DataFrame:
    """Score a forecaster and its baselines over every window of one part and every step ahead.

    All rows are scored on the same forecasts: where the seasonal naive has no value (the one a
    cycle before is missing), that step counts for none of them.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted; usually an `lstmwidgets.LSTMForecaster`.
    part : "train", "validation" or "test"

    Returns
    -------
    pandas.DataFrame
        Index ``model``: "LSTM", "repeat last" and, where the series has a season, "seasonal
        naive", else "window mean", the mean of the values a window reads. Columns ``MAE`` and
        ``RMSE`` in the unit of the series, ``MASE`` (see `lstmwidgets.analysis.metrics.mase`) and
        ``skill``, against the better baseline's MAE.
        ``attrs["season"]`` and ``attrs["points"]`` hold the season and how many forecasts were
        scored, ``attrs["notes"]`` a sentence for each thing left out.

    Raises
    ------
    LSTMWidgetsError
        When ``part`` is none of the three, or the forecaster does not hold its series' windows.
    """
    windows = _windows(forecaster, part)
    starts = windows.starts(part)
    notes: list[str] = []
    actual, forecasts, season = _forecasts(forecaster, windows, starts, notes)
    scored = np.isfinite([actual, *forecasts.values()]).all(axis=0)
    if not scored.all():
        notes.append(
            f"{np.count_nonzero(~scored)} of {scored.size} forecasts are left out for every model, because "
            "one of them has no value there."
        )
    kept = {name: forecast[scored] for name, forecast in forecasts.items()}
    errors = {name: mae(actual[scored], forecast) for name, forecast in kept.items()}
    scale = _mase_scale(forecaster, windows, season, notes)
    bar = min(error for name, error in errors.items() if name != LSTM)
    table = pd.DataFrame(
        {
            "MAE": errors,
            "RMSE": {name: rmse(actual[scored], forecast) for name, forecast in kept.items()},
            "MASE": {name: error / scale for name, error in errors.items()},
            "skill": {name: skill(error, bar) for name, error in errors.items()},
        }
    ).rename_axis("model")
    table.attrs = {"part": part, "season": season, "points": int(np.count_nonzero(scored)), "notes": notes}
    return table


def forecast_table(forecaster: Forecaster, part: Part, stride: int | None = None) -> pd.DataFrame:
    """Forecasts of a forecaster and its baselines beside what came, from cutoffs spread over one part.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted; usually an `lstmwidgets.LSTMForecaster`.
    part : "train", "validation" or "test"
    stride : int, optional
        Steps between two cutoffs, from 1 up; by default the horizon, so that forecasts follow one
        another without overlap. Windows that touch a missing value are left out.

    Returns
    -------
    pandas.DataFrame
        One row for each cutoff and step: ``unique_id``, ``ds`` (the time forecast), ``cutoff``
        (the time of the last value known), ``y``, ``LSTM``, ``repeat last`` and, where the series
        has a season, ``seasonal naive`` (NaN where the cycle before is missing), else ``window
        mean``.
        ``attrs["notes"]`` holds a sentence for each thing left out.

    Raises
    ------
    LSTMWidgetsError
        When ``part`` or ``stride`` is not accepted, or the forecaster does not hold its series'
        windows.
    """
    windows = _windows(forecaster, part)
    stride = windows.horizon if stride is None else stride
    if isinstance(stride, bool) or not isinstance(stride, (int, np.integer)) or stride < 1:
        raise LSTMWidgetsError(f"stride={stride!r} is not accepted: stride takes a whole number from 1 up")
    starts = windows.starts(part)
    starts = starts[(starts[-1] - starts) % stride == 0]  # counted from the end: the newest part is covered
    notes: list[str] = []
    actual, forecasts, season = _forecasts(forecaster, windows, starts, notes)
    index, origins = forecaster.series_.index, windows.origins(starts)
    ahead = origins[:, None] + 1 + np.arange(windows.horizon)
    table = pd.DataFrame(
        {
            "unique_id": str(forecaster.series_.name),
            "ds": index[ahead.ravel()],
            "cutoff": index[np.repeat(origins, windows.horizon)],
            "y": actual.ravel(),
            **{name: forecast.ravel() for name, forecast in forecasts.items()},
        }
    )
    table.attrs = {"part": part, "season": season, "notes": notes}
    return table


def _windows(forecaster: Forecaster, part: str) -> Windows:
    if part not in PARTS:
        raise LSTMWidgetsError(
            f"part={part!r} is not accepted: a series has the parts {', '.join(map(repr, PARTS))}"
        )
    windows = getattr(forecaster, "windows_", None)
    if windows is None:
        raise LSTMWidgetsError(
            "this forecaster holds no series to be scored on: call fit(series) first; after load, set "
            "forecaster.series_ = series and forecaster.windows_ = make_windows(series, forecaster.config, "
            "forecaster.scaler_)"
        )
    return windows


def _forecasts(
    forecaster: Forecaster, windows: Windows, starts: NDArray[np.integer], notes: list[str]
) -> tuple[NDArray[np.float64], Forecasts, int]:
    """What came, what each model forecast, both of shape (windows, horizon), and the season."""
    values = forecaster.series_.to_numpy(dtype=np.float64)
    origins, horizon = windows.origins(starts), windows.horizon
    actual = values[origins[:, None] + 1 + np.arange(horizon)]
    forecasts = {
        LSTM: forecaster.forecast_windows(starts),
        REPEAT_LAST: repeat_last(values, origins, horizon),
    }
    season = season_length(forecaster.series_)
    seasonal = seasonal_naive(values, origins, horizon, season)
    if season > 1 and np.isfinite(seasonal).any():
        forecasts[SEASONAL_NAIVE] = seasonal
        return actual, forecasts, season
    reason = (
        "The series has no season, so the seasonal naive is the same as repeat last and is left out"
        if season == 1
        else f"The seasonal naive is left out: no value one cycle ({season} steps) before is known"
    )
    notes.append(f"{reason}; in its place stands the mean of the values each window reads.")
    forecasts[WINDOW_MEAN] = window_mean(values, origins, horizon, windows.sequence_length)
    return actual, forecasts, season


def _mase_scale(forecaster: Forecaster, windows: Windows, season: int, notes: list[str]) -> float:
    train = forecaster.series_.to_numpy(dtype=np.float64)[: windows.split.train_end]
    try:
        return naive_error(train, season)
    except LSTMWidgetsError as error:
        notes.append(f"MASE is left out: {error}.")
        return float("nan")
