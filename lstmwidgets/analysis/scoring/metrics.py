"""How wrong a forecast is, in the unit of the series and against a reference.

A pair of actual and forecast counts where both are known: pairs with a NaN on either side are
left out, and with no pair left the answer is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.backtests.frames import by_cutoff
from lstmwidgets.errors import LSTMWidgetsError

Metric = Callable[[ArrayLike, ArrayLike], float]


def mae(y: ArrayLike, yhat: ArrayLike) -> float:
    """Mean absolute error, in the unit of the series; 0 is perfect.

    Parameters
    ----------
    y, yhat : arrays of one shape
        Actual values and forecasts.

    Examples
    --------
    >>> mae([1, 2, float("nan")], [2, 4, 9])
    1.5
    """
    return _mean(np.abs(_errors(y, yhat)))


def rmse(y: ArrayLike, yhat: ArrayLike) -> float:
    """Root mean squared error, in the unit of the series; a few large errors weigh more than in `mae`.

    Parameters
    ----------
    y, yhat
        As in `mae`.

    Examples
    --------
    >>> rmse([0, 0, 0, 0], [0, 6, 0, 8])
    5.0
    """
    return float(np.sqrt(_mean(_errors(y, yhat) ** 2)))


def mape(y: ArrayLike, yhat: ArrayLike) -> float:
    """Mean absolute percentage error as a ratio, ``mean(|y - yhat| / |y|)``: 0.1 is 10 %.

    .. warning::
       An actual value near 0 makes one small error count as thousands of percent, and one of 0 has
       no percentage at all, so it is refused. Forecasts that are too low are punished less than
       those too high. And it needs a true zero: of °C and °F it gives different answers. `mase` has
       none of these faults.

    Parameters
    ----------
    y, yhat : arrays of one shape
        Actual values, none of them 0, and forecasts.

    Raises
    ------
    LSTMWidgetsError
        When an actual value that counts is 0.

    Examples
    --------
    >>> mape([10, 20], [11, 15])
    0.175
    """
    errors, actual = _errors(y, yhat), np.asarray(y, dtype=np.float64).ravel()
    counted = ~np.isnan(errors)
    zeros = int(np.count_nonzero(actual[counted] == 0))
    if zeros:
        raise LSTMWidgetsError(
            f"MAPE is not defined: {zeros} of {np.count_nonzero(counted)} actual values are 0, and no error "
            "is a percentage of 0. Use MASE, or MAE instead"
        )
    return _mean(np.abs(errors[counted] / actual[counted]))


def smape(y: ArrayLike, yhat: ArrayLike) -> float:
    """Symmetric mean absolute percentage error as a ratio in [0, 1]: ``mean(|y - yhat| / (|y| + |yhat|))``.

    A pair of two zeros counts as no error. This is the ratio of utilsforecast; the sMAPE of the M4
    competition is 200 times it (Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
    Competition. International Journal of Forecasting 36(1)). Where actual values change sign or lie
    near 0 it says little: any forecast of the other sign counts as 1.

    Parameters
    ----------
    y, yhat
        As in `mae`.

    Examples
    --------
    >>> smape([3, 0, 2], [1, 0, 6]), 200 * smape([100], [110])
    (0.3333333333333333, 9.523809523809524)
    """
    errors = np.abs(_errors(y, yhat))
    sizes = np.abs(np.asarray(y, np.float64)) + np.abs(np.asarray(yhat, np.float64))
    return _mean(errors / np.where(errors == 0, 1.0, sizes.ravel()))


def mase(y: ArrayLike, yhat: ArrayLike, train: ArrayLike, season: int) -> float:
    """Mean absolute scaled error: `mae` over that of the seasonal naive, one step, within the training part.

    Below 1 the forecast errs less than "as one cycle ago" did in the training part. It has no
    unit, so series can be compared. Hyndman, R. J. and Koehler, A. B. (2006). Another look at
    measures of forecast accuracy. International Journal of Forecasting 22(4).

    Parameters
    ----------
    y, yhat
        As in `mae`.
    train : array, shape (timesteps,)
        The training part of the series, in time order.
    season : int
        Points in one cycle; 1 compares each value with the one before it.

    Raises
    ------
    LSTMWidgetsError
        When the training part cannot give the scale: no two known values one cycle apart, or no
        change between any of them.

    Examples
    --------
    >>> mase([4, 5], [5, 7], train=[1, 2, 4, 3, 6], season=2)
    0.75
    """
    return mae(y, yhat) / naive_error(train, season)


def rmsse(y: ArrayLike, yhat: ArrayLike, train: ArrayLike, season: int) -> float:
    """Root mean squared scaled error: `rmse` over that of the seasonal naive within the training part.

    As `mase`, but a few large errors weigh more: the root of the measure of the M5 competition.
    Hyndman, R. J. and Athanasopoulos, G. Forecasting: Principles and Practice, 3rd edition,
    section 5.8.

    Parameters
    ----------
    y, yhat, train, season
        As in `mase`.

    Raises
    ------
    LSTMWidgetsError
        As `mase`.

    Examples
    --------
    >>> rmsse([0, 0], [6, -6], train=[1, 2, 4, 5], season=2)
    2.0
    """
    return rmse(y, yhat) / naive_error(train, season, rmse)


def naive_error(train: ArrayLike, season: int, metric: Metric = mae) -> float:
    """The scale of `mase`: mean absolute change over one cycle within the training part.

    With ``metric=rmse`` that of `rmsse`: the root of the mean squared change.
    """
    known = np.asarray(train, dtype=np.float64)
    name = "MASE" if metric is mae else "RMSSE"
    if isinstance(season, bool) or not isinstance(season, (int, np.integer)) or season < 1:
        raise LSTMWidgetsError(f"season={season!r} is not accepted: season takes a whole number from 1 up")
    if known.ndim != 1:
        raise LSTMWidgetsError(f"train has the shape {known.shape}: expected (timesteps,), one series")
    scale = metric(known[season:], known[:-season])
    if np.isnan(scale):
        raise LSTMWidgetsError(
            f"{name} needs two known values of the training part that lie season={season} steps apart, and "
            f"its {len(known)} values hold none: use a longer training part or a shorter season"
        )
    if scale == 0.0:
        raise LSTMWidgetsError(
            f"{name} is not defined: no value of the training part differs from the one season={season} "
            f"steps before it, so there is no error to compare with. Use {name.replace('SE', 'E')} instead"
        )
    return scale


def skill(error: float, reference_error: float) -> float:
    """Share of a reference's error that a forecast takes away: ``1 - error / reference_error``.

    1 is perfect, 0 no better than the reference, below 0 worse. NaN when the reference makes no
    error at all, for then nothing is left to take away.

    Examples
    --------
    >>> skill(1.5, 2.0), skill(4.0, 2.0)
    (0.25, -1.0)
    """
    if error < 0 or reference_error < 0:
        raise LSTMWidgetsError(
            f"an error is never below 0: got error={error!r}, reference_error={reference_error!r}"
        )
    return 1.0 - error / reference_error if reference_error else float("nan")


def pinball(y: ArrayLike, yhat: ArrayLike, level: float) -> float:
    """Pinball loss of a forecast quantile, in the unit of the series; 0 is perfect.

    A value above the forecast costs ``level`` times its distance, one below it ``1 - level`` times:
    so the true quantile costs least. At 0.5 it is half of `mae`. Koenker, R. and Bassett, G. (1978).
    Regression quantiles. Econometrica 46(1).

    Parameters
    ----------
    y, yhat : arrays of one shape
        Actual values and forecasts of the quantile.
    level : float, between 0 and 1
        The share of values that should lie below the forecast. Of a 90 % interval the ends have the
        levels 0.05 and 0.95.

    Raises
    ------
    LSTMWidgetsError
        When ``level`` is not between 0 and 1.

    Examples
    --------
    >>> pinball([10, 10], [8, 14], level=0.9)
    1.1
    """
    if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
        raise LSTMWidgetsError(
            f"level={level!r} is not accepted: level takes a share between 0 and 1, such as 0.95"
        )
    above = -_errors(y, yhat)
    return _mean(np.maximum(level * above, (level - 1) * above))


def coverage(y: ArrayLike, lo: ArrayLike, hi: ArrayLike) -> float:
    """Share of actual values within their interval, its ends included: in [0, 1].

    Parameters
    ----------
    y, lo, hi : arrays of one shape
        Actual values, and the lower and upper end of each one's interval. One with a NaN among the
        three does not count.

    Raises
    ------
    LSTMWidgetsError
        When a lower end lies above its upper end.

    Examples
    --------
    >>> coverage([1, 2, 3, 4], lo=[0, 2, 4, 0], hi=[2, 3, 5, 3])
    0.5
    """
    actual, low, high = _interval(y, lo, hi)
    inside = ((low <= actual) & (actual <= high)).astype(np.float64)
    return _mean(np.where(np.isnan(actual) | np.isnan(low) | np.isnan(high), np.nan, inside))


def mean_width(lo: ArrayLike, hi: ArrayLike) -> float:
    """Mean width of intervals, in the unit of the series: of two with one coverage, the narrower says more.

    Parameters
    ----------
    lo, hi : arrays of one shape
        Lower and upper ends; one with a NaN at either does not count.

    Raises
    ------
    LSTMWidgetsError
        When a lower end lies above its upper end.

    Examples
    --------
    >>> mean_width([0, 2], [2, 6])
    3.0
    """
    _, low, high = _interval(lo, lo, hi)
    return _mean(high - low)


METRICS: Mapping[str, Metric] = MappingProxyType({"MAE": mae, "RMSE": rmse, "MAPE": mape, "sMAPE": smape})
"""Metrics that need nothing but actual values and forecasts, by the name of their column."""

_NO_MODEL = ("unique_id", "ds", "cutoff", "y")


def model_columns(frame: pd.DataFrame) -> list[str]:
    """Names of the models in a long frame: all columns but the four of its rows, and ends of intervals.

    Examples
    --------
    >>> model_columns(pd.DataFrame(columns=["unique_id", "ds", "cutoff", "y", "LSTM", "LSTM-lo-90", "drift"]))
    ['LSTM', 'drift']
    """
    names = frame.columns[~frame.columns.astype(str).str.contains(r"-(?:lo|hi)-\d+(?:\.\d+)?$")]
    return [str(name) for name in names if name not in _NO_MODEL]


def scored_rows(frame: pd.DataFrame, models: Sequence[str] | None = None) -> tuple[list[str], pd.Series]:
    """The models of a long frame, and which of its rows count: those where ``y`` and all forecasts are known.

    Raises
    ------
    LSTMWidgetsError
        When the frame holds no ``y``, no model, or not all those named.
    """
    found = model_columns(frame)
    names = found if models is None else [models] if isinstance(models, str) else list(models)
    missing = [name for name in ("y", *names) if name not in frame.columns]
    if missing or not names:
        lack = f"no column {missing[0]!r}" if missing else "no model's column"
        raise LSTMWidgetsError(
            f"the frame has {lack}: expected the columns unique_id, ds, cutoff, y and one for each model, as "
            f"lstmwidgets.backtest gives them; it has {', '.join(map(repr, frame.columns))}"
        )
    return names, pd.Series(np.isfinite(frame[["y", *names]].to_numpy(np.float64)).all(axis=1), frame.index)


def error_by_step(
    frame: pd.DataFrame, models: Sequence[str] | None = None, metric: str | Metric = "MAE"
) -> pd.DataFrame:
    """Errors of each model by steps ahead: how fast a forecast loses its worth.

    Parameters
    ----------
    frame : pandas.DataFrame
        Long, as `lstmwidgets.backtest` and `lstmwidgets.forecast_table` give it: ``unique_id``,
        ``ds``, ``cutoff``, ``y`` and a column for each model, with a row for every step of every
        cutoff. Rows where ``y`` or one model's forecast is NaN count for none of them.
    models : sequence of str, optional
        By default all of the frame's.
    metric : str or function
        "MAE", "RMSE", "MAPE" or "sMAPE", or a function of actual values and forecasts.

    Returns
    -------
    pandas.DataFrame
        Index ``step``, from 1; a column for each model; NaN for a step where no row counts.

    Raises
    ------
    LSTMWidgetsError
        When a column is missing, ``metric`` is unknown, the frame holds several series, or some
        cutoffs have rows for fewer steps than others.

    Examples
    --------
    >>> rows = {"unique_id": "a", "ds": [1, 2, 2, 3], "cutoff": [0, 0, 1, 1], "y": [5, 6, 6, 9]}
    >>> error_by_step(pd.DataFrame({**rows, "drift": [5, 7, 7, 6]}))["drift"].to_dict()
    {1: 0.5, 2: 2.0}
    """
    if not callable(metric) and metric not in METRICS:
        raise LSTMWidgetsError(
            f"metric={metric!r} is not accepted: metric takes {', '.join(map(repr, METRICS))} or a function "
            "of actual values and forecasts"
        )
    measure = metric if callable(metric) else METRICS[metric]
    table = by_cutoff(frame, None)
    names, counted = scored_rows(table.drop(columns="step"), models)
    rows = table[counted]
    values = {name: rows[name].to_numpy(np.float64) for name in ("y", *names)}
    errors = {
        step: {name: measure(values["y"][places], values[name][places]) for name in names}
        for step, places in rows.groupby("step").indices.items()
    }
    every = pd.RangeIndex(1, table["step"].max() + 1, name="step")
    return pd.DataFrame.from_dict(errors, orient="index", columns=names, dtype=np.float64).reindex(every)


def _errors(y: ArrayLike, yhat: ArrayLike) -> NDArray[np.float64]:
    actual, forecast = np.asarray(y, dtype=np.float64), np.asarray(yhat, dtype=np.float64)
    if actual.shape != forecast.shape:
        raise LSTMWidgetsError(
            f"y has the shape {actual.shape} and yhat {forecast.shape}: each actual value needs one forecast"
        )
    return (forecast - actual).ravel()


def _interval(y: ArrayLike, lo: ArrayLike, hi: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    actual, low, high = (np.asarray(array, dtype=np.float64) for array in (y, lo, hi))
    if not actual.shape == low.shape == high.shape:
        raise LSTMWidgetsError(
            f"y has the shape {actual.shape}, lo {low.shape} and hi {high.shape}: each actual value needs "
            "one interval"
        )
    crossed = low > high
    if crossed.any():
        raise LSTMWidgetsError(
            f"{np.count_nonzero(crossed)} intervals have their lower end above the upper one, the first "
            f"lo={low[crossed][0]:g}, hi={high[crossed][0]:g}: pass lo before hi"
        )
    return actual, low, high


def _mean(errors: NDArray[np.float64]) -> float:
    known = errors[~np.isnan(errors)]
    return float(known.mean()) if known.size else float("nan")
