"""How wrong a forecast is, in the unit of the series and against a reference.

A pair of actual and forecast counts where both are known: pairs with a NaN on either side are
left out, and with no pair left the answer is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.errors import LSTMWidgetsError


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
    y, yhat : arrays of one shape
        Actual values and forecasts.

    Examples
    --------
    >>> rmse([0, 0, 0, 0], [0, 6, 0, 8])
    5.0
    """
    return float(np.sqrt(_mean(_errors(y, yhat) ** 2)))


def mase(y: ArrayLike, yhat: ArrayLike, train: ArrayLike, season: int) -> float:
    """Mean absolute scaled error: `mae` over that of the seasonal naive, one step, within the training part.

    Below 1 the forecast errs less than "as one cycle ago" did in the training part. It has no
    unit, so series can be compared. Hyndman, R. J. and Koehler, A. B. (2006). Another look at
    measures of forecast accuracy. International Journal of Forecasting 22(4).

    Parameters
    ----------
    y, yhat : arrays of one shape
        Actual values and forecasts.
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


def naive_error(train: ArrayLike, season: int) -> float:
    """The scale of `mase`: mean absolute change over one cycle within the training part."""
    known = np.asarray(train, dtype=np.float64)
    if isinstance(season, bool) or not isinstance(season, (int, np.integer)) or season < 1:
        raise LSTMWidgetsError(f"season={season!r} is not accepted: season takes a whole number from 1 up")
    if known.ndim != 1:
        raise LSTMWidgetsError(f"train has the shape {known.shape}: expected (timesteps,), one series")
    scale = mae(known[season:], known[:-season])
    if np.isnan(scale):
        raise LSTMWidgetsError(
            f"MASE needs two known values of the training part that lie season={season} steps apart, and its "
            f"{len(known)} values hold none: use a longer training part or a shorter season"
        )
    if scale == 0.0:
        raise LSTMWidgetsError(
            f"MASE is not defined: no value of the training part differs from the one season={season} steps "
            "before it, so there is no error to compare with. Use MAE instead"
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


def _errors(y: ArrayLike, yhat: ArrayLike) -> NDArray[np.float64]:
    actual, forecast = np.asarray(y, dtype=np.float64), np.asarray(yhat, dtype=np.float64)
    if actual.shape != forecast.shape:
        raise LSTMWidgetsError(
            f"y has the shape {actual.shape} and yhat {forecast.shape}: each actual value needs one forecast"
        )
    return (forecast - actual).ravel()


def _mean(errors: NDArray[np.float64]) -> float:
    known = errors[~np.isnan(errors)]
    return float(known.mean()) if known.size else float("nan")
