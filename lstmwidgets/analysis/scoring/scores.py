"""A forecaster beside its baselines: one table of scores, one table of forecasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.scoring.baselines import Baseline, fitted_baselines
from lstmwidgets.analysis.scoring.single import check_single
from lstmwidgets.analysis.scoring.tables import SCORES, Forecasts, scores_of, with_forecasts
from lstmwidgets.config import NETWORKS, LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.data.windows import PARTS, Part, Windows
from lstmwidgets.errors import LSTMWidgetsError


def network_in(models: Iterable[str]) -> str:
    """The network among some models, by its name; `LSTMConfig.network` of the default where there is none.

    Examples
    --------
    >>> network_in(["unique_id", "y", "GRU", "drift"])
    'GRU'
    """
    names = set(NETWORKS.values())
    return next((name for name in models if name in names), LSTMConfig().network)


class Forecaster(Protocol):
    """What these tables ask of a forecaster; `lstmwidgets.LSTMForecaster` has it once fitted."""

    config: LSTMConfig
    series_: pd.Series
    windows_: Windows | None

    def forecast_windows(self, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecasts in the unit of the series, shape (len(starts), horizon)."""
        ...


def score_table(
    forecaster: Forecaster,
    part: Part,
    baselines: Sequence[Baseline] | None = None,
    metrics: Sequence[str] = SCORES,
) -> pd.DataFrame:
    """Score a forecaster and its baselines over every window of one part and every step ahead.

    All rows are scored on the same forecasts: where a value was not observed, or one model has no
    forecast (the seasonal naive where the value a cycle before is missing), that step counts for
    none of them.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted; usually an `lstmwidgets.LSTMForecaster`.
    part : "train", "validation" or "test"
    baselines : sequence of Baseline, optional
        Fitted here on the forecaster's windows. By default
        `lstmwidgets.analysis.scoring.baselines.default_baselines`, fitted once for each forecaster's windows.
    metrics : sequence of str
        Columns, of those in `lstmwidgets.analysis.scoring.tables.ALL_SCORES`.

    Returns
    -------
    pandas.DataFrame
        Index ``model``: the network ("LSTM", "GRU" …), "repeat last", where the series has a season
        "seasonal naive", "drift", "window mean" and "ridge". Columns ``MAE`` and ``RMSE`` in the unit of the
        series; ``MAPE``, ``sMAPE``, ``MASE`` and ``RMSSE`` without one: see
        `lstmwidgets.analysis.scoring.metrics`; and ``skill``, against the MAE of the better naive rule: see
        `lstmwidgets.analysis.scoring.tables.better_naive`.
        ``attrs["season"]`` and ``attrs["points"]`` hold the season and how many forecasts were
        scored, ``attrs["reference"]`` the better naive rule, ``attrs["notes"]`` a sentence for each
        thing left out.

    Raises
    ------
    LSTMWidgetsError
        When ``part`` is none of the three, a metric is unknown, or the forecaster does not hold its
        series' windows.
    """
    windows = _windows(forecaster, part)
    notes: list[str] = []
    actual, forecasts, season = _forecasts(forecaster, windows, windows.starts(part), baselines, notes)
    train = np.where(windows.known, windows.read, np.nan)[: windows.split.train_end]
    table = scores_of(actual, forecasts, train=train, season=season, metrics=metrics, notes=notes)
    table.attrs = {"part": part, **table.attrs}
    return table


def forecast_table(
    forecaster: Forecaster,
    part: Part,
    stride: int | None = None,
    baselines: Sequence[Baseline] | None = None,
) -> pd.DataFrame:
    """Forecasts of a forecaster and its baselines beside what came, from cutoffs spread over one part.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted; usually an `lstmwidgets.LSTMForecaster`.
    part : "train", "validation" or "test"
    stride : int, optional
        Steps between two cutoffs, from 1 up; by default the horizon, so that forecasts follow one
        another without overlap. Windows that read a missing value are left out.
    baselines : sequence of Baseline, optional
        As in `score_table`.

    Returns
    -------
    pandas.DataFrame
        One row for each cutoff and step: ``unique_id``, ``ds`` (the time forecast), ``cutoff``
        (the time of the last value known), ``y`` (NaN where it was not observed), the network's
        column (``LSTM``, or what `LSTMConfig.network` says), ``repeat last``, where the series has a season
        ``seasonal naive`` (NaN where the cycle before is missing), ``drift``, ``window mean`` and ``ridge``.
        ``attrs`` holds ``part``, ``season``, ``unit`` and ``notes``, a sentence for each thing left out.

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
    actual, forecasts, season = _forecasts(forecaster, windows, starts, baselines, notes)
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
    unit = forecaster.series_.attrs.get("unit", "")
    table.attrs = {"part": part, "season": season, "unit": unit, "notes": notes}
    return table


def _windows(forecaster: Forecaster, part: str) -> Windows:
    if part not in PARTS:
        raise LSTMWidgetsError(
            f"part={part!r} is not accepted: a series has the parts {', '.join(map(repr, PARTS))}"
        )
    check_single(forecaster)
    windows = getattr(forecaster, "windows_", None)
    if windows is None:
        raise LSTMWidgetsError(
            "this forecaster holds no series to be scored on: call fit(series) first; after load, set "
            "forecaster.series_ = series and forecaster.windows_ = make_windows(series, forecaster.config, "
            "forecaster.scaler_)"
        )
    return windows


def _forecasts(
    forecaster: Forecaster,
    windows: Windows,
    starts: NDArray[np.integer],
    baselines: Sequence[Baseline] | None,
    notes: list[str],
) -> tuple[NDArray[np.float64], Forecasts, int]:
    """What came, what each model forecast, both of shape (windows, horizon), and the season."""
    season = season_length(forecaster.series_)
    if baselines is None:
        rivals = fitted_baselines(windows, season)
        if season == 1:
            notes.append(
                "The series has no season, so the seasonal naive is the same as repeat last and is left out."
            )
    else:
        rivals = [baseline.fit(windows) for baseline in baselines]
    network = forecaster.config.network
    names = [network, *(baseline.name for baseline in rivals)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise LSTMWidgetsError(f"two models are called {twice.pop()!r}: each needs a name of its own")
    forecasts = {network: forecaster.forecast_windows(starts)}
    forecasts |= {baseline.name: baseline.forecast(windows, starts) for baseline in rivals}
    return windows.observed(starts), with_forecasts(forecasts, notes, season), season
