"""How far a forecaster's forecasts lie off at each cutoff of a part: what every choice goes by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.windows import PARTS, Part, Windows
from lstmwidgets.errors import LSTMWidgetsError


def errors_by_cutoff(forecaster: Any, part: Part = "validation") -> pd.Series:
    """Mean absolute error of the forecast from each cutoff of a part, in the unit of the series.

    Every window of the part is a cutoff: a rolling origin (Tashman, 2000), with the network as it was
    fitted. The targets are those of the part whatever the config reads, so that configs with the same
    horizon and parts are compared on the same values.

    Parameters
    ----------
    forecaster : LSTMForecaster
        Fitted, with its series.
    part : "validation", "test" or "train"

    Returns
    -------
    pandas.Series
        ``error`` by time of the last value read, ascending; the mean over the steps that were observed.

    Raises
    ------
    LSTMWidgetsError
        When the forecaster is not fitted or holds no series, or there is no such part.

    References
    ----------
    Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: an analysis and review.
    International Journal of Forecasting 16(4).

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    >>> forecaster = lw.LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> errors_by_cutoff(forecaster).index[[0, -1]].year.tolist()
    [1940, 1953]
    """
    if part not in PARTS:
        raise LSTMWidgetsError(f"part={part!r} is not accepted: part takes {' or '.join(map(repr, PARTS))}")
    windows = getattr(forecaster, "windows_", None)
    if windows is None:
        raise LSTMWidgetsError(
            "this forecaster is not fitted, or was loaded from a file without its series: fit it first"
        )
    starts = windows.starts(part)
    errors = mean_errors(forecaster.forecast_windows(starts), windows, starts)
    times = pd.DatetimeIndex(forecaster.series_.index)[windows.origins(starts)]
    return pd.Series(errors, times.rename("cutoff"), name="error")


def mean_errors(
    forecasts: NDArray[np.float64], windows: Windows, starts: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Mean absolute error of each forecast over the steps that were observed, shape (windows,)."""
    came = windows.observed(starts)
    observed = np.isfinite(came)
    sizes = np.where(observed, np.abs(forecasts - np.where(observed, came, 0.0)), 0.0)
    means: NDArray[np.float64] = sizes.sum(axis=1) / observed.sum(axis=1)  # a window has a target at least
    return means
