"""The honest linear rival: ridge regression on the windows that the network reads."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.data.windows import Windows
from lstmwidgets.errors import LSTMWidgetsError


class Ridge:
    """Ridge regression from a window to all steps ahead: the honest linear rival of a network.

    It reads exactly what the network reads (``windows.inputs``, one row a window) and answers what
    the network answers (``windows.targets``), so with ``centering="last"`` it forecasts changes from
    the last value. It is fitted on the training windows whose targets were all observed. The
    strength of its penalty is the one of `GRID` with the least mean squared error over the
    validation part; a tie goes to the stronger.

    The fit holds at most `MOST_NUMBERS` numbers of the windows: of more windows, it takes as many
    as fit, evenly spread over the part. That is 49,932 windows of 168 steps of one series.

    Hoerl, A. E. and Kennard, R. W. (1970). Ridge regression. Technometrics 12(1).

    Attributes
    ----------
    penalty_ : float
        The strength chosen, as a share: see `GRID`.
    windows_fitted_ : int
        How many training windows it was fitted on. With none, all its forecasts are NaN.
    """

    name = "ridge"

    GRID = (10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
    """Penalties to choose from, as shares of the inputs' mean sum of squares over the training windows:
    at 1 the penalty weighs as much as a typical input does, whatever the unit or the number of windows."""

    MOST_NUMBERS = 2**23
    """How many numbers of windows the fit holds at a time: 64 MiB."""

    def fit(self, windows: Windows) -> Self:
        """Fit on the training part; validation chooses the penalty."""
        from sklearn.linear_model import Ridge as Regression  # takes a second to import

        x, y = self._rows(windows, windows.train[_observed(windows, windows.train)])
        self.windows_fitted_, self.penalty_ = len(x), float("nan")
        self._shape = (windows.sequence_length, windows.values.shape[1], windows.horizon)
        self._weights = np.full((x.shape[1], windows.horizon), np.nan)
        self._centre, self._level = np.zeros(x.shape[1]), np.zeros(windows.horizon)
        if not len(x):
            return self
        self._centre, self._level = x.mean(axis=0), y.mean(axis=0)
        # The triangular factor poses the same least squares in no more rows than columns.
        factor = np.linalg.qr(np.hstack([x - self._centre, y - self._level]), mode="r")
        x, y = np.split(factor, [x.shape[1]], axis=1)
        unit = float(np.square(x).sum()) / x.shape[1] or 1.0
        past, came = self._rows(windows, windows.validation)
        best = np.inf
        for penalty in self.GRID:
            fitted = Regression(alpha=penalty * unit, fit_intercept=False, solver="cholesky").fit(x, y)
            weights = np.reshape(fitted.coef_, (windows.horizon, -1)).T
            error = float(np.nanmean((self._answers(past, weights) - came) ** 2))
            if error < best:
                best, self.penalty_, self._weights = error, penalty, weights
        return self

    def forecast(self, windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecast from windows that begin at ``starts``, in the unit of the series: (len(starts), horizon).

        Raises
        ------
        LSTMWidgetsError
            When not fitted, or fitted on windows of another shape.
        """
        if not hasattr(self, "_weights"):
            raise LSTMWidgetsError("this ridge regression is not fitted: call fit(windows) first")
        shape = (windows.sequence_length, windows.values.shape[1], windows.horizon)
        if shape != self._shape:
            raise LSTMWidgetsError(
                f"the windows have sequence_length, features, horizon = {shape}, and this ridge regression "
                f"was fitted on windows of {self._shape}: call fit(windows) on these"
            )
        starts, block = np.asarray(starts), max(1, self.MOST_NUMBERS // self._weights.shape[0])
        outputs = [
            self._answers(_flat(windows, starts[begin : begin + block]), self._weights)
            for begin in range(0, max(1, len(starts)), block)
        ]
        return windows.restore(np.concatenate(outputs), starts)

    def _answers(self, x: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x - self._centre) @ weights + self._level

    def _rows(
        self, windows: Windows, starts: NDArray[np.integer]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Inputs and targets, evenly thinned to what memory allows."""
        most = max(1, self.MOST_NUMBERS // windows.values.shape[1] // windows.sequence_length)
        if len(starts) > most:
            starts = starts[np.linspace(0, len(starts) - 1, most).round().astype(np.intp)]
        return _flat(windows, starts), windows.targets(starts).astype(np.float64)


def _flat(windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
    """What each window reads, as one row."""
    inputs = windows.inputs(starts)
    return inputs.reshape(len(inputs), inputs.shape[1] * inputs.shape[2]).astype(np.float64)


def _observed(windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which windows had all their targets observed."""
    unknown = np.concatenate(([0], np.cumsum(~windows.known)))
    first = windows.origins(starts) + 1
    return unknown[first + windows.horizon] == unknown[first]
