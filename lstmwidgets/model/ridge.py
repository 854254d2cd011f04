"""Ridge regression on the windows that the network reads: its honest rival, and where a highway begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self
from weakref import WeakKeyDictionary

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

    Windows are read in blocks and only their sums of products are kept, so memory does not grow with
    their number. Of more windows than `MOST_WORK` allows, it takes as many as fit, evenly spread
    over the part: that is 608,000 windows of 336 steps of one series.

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

    MOST_WORK = 2**36
    """Products that the fit may sum, windows times the square of a window's numbers: a few seconds."""

    def fit(self, windows: Windows) -> Self:
        """Fit on the training part; validation chooses the penalty."""
        width, horizon = windows.sequence_length * windows.values.shape[1], windows.horizon
        starts: NDArray[np.integer] = windows.train[_observed(windows, windows.train)]
        starts = _thinned(starts, max(1, self.MOST_WORK // width**2))
        self.windows_fitted_, self.penalty_ = len(starts), float("nan")
        self._shape = (windows.sequence_length, windows.values.shape[1], horizon)
        self._centre, self._level = np.zeros(width), np.zeros(horizon)
        self._weights = np.full((width, horizon), np.nan)
        if not len(starts):
            return self
        means, products = _sums(windows, starts)
        self._centre, self._level = means[:width], means[width:]
        # The normal equations in the inputs' principal directions: one decomposition serves every penalty.
        sizes, directions = np.linalg.eigh(products[:width, :width])
        along = directions.T @ products[:width, width:]
        unit = float(sizes.sum()) / width or 1.0
        every = np.stack(
            [
                directions @ (along / (np.maximum(sizes, 0.0) + penalty * unit)[:, None])
                for penalty in self.GRID
            ]
        )
        best = int(np.argmin(self._errors(windows, windows.validation, every)))
        self.penalty_, self._weights = self.GRID[best], every[best]
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
        starts = np.asarray(starts)
        outputs = [
            (_flat(windows, block) - self._centre) @ self._weights + self._level
            for block in _blocks(starts, len(self._centre))
        ]
        return windows.restore(np.concatenate([np.empty((0, windows.horizon)), *outputs]), starts)

    @property
    def kernel_(self) -> NDArray[np.float64]:
        """Weights from a window as one row to all steps: shape (sequence_length * features, horizon)."""
        return self._weights

    @property
    def bias_(self) -> NDArray[np.float64]:
        """What is added to the weighted window, shape (horizon,)."""
        bias: NDArray[np.float64] = self._level - self._centre @ self._weights
        return bias

    def _errors(
        self, windows: Windows, starts: NDArray[np.integer], every: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Summed squared error of each of some weights, shape (fits, width, horizon), where observed."""
        total = np.zeros(len(every))
        for block in _blocks(starts, every.shape[1]):
            answers = (_flat(windows, block) - self._centre) @ every + self._level
            total += np.nansum((answers - windows.targets(block)) ** 2, axis=(1, 2))
        return total


_fitted: WeakKeyDictionary[Windows, Ridge] = WeakKeyDictionary()


def ridge_of(windows: Windows) -> Ridge:
    """The ridge regression of some windows, fitted once for as long as they are kept."""
    if windows not in _fitted:
        _fitted[windows] = Ridge().fit(windows)
    return _fitted[windows]


_BLOCK = 2**20
"""Numbers of windows to hold at a time: 8 MiB."""


def _sums(windows: Windows, starts: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means of inputs and targets side by side, and the sums of products of what lies above these."""
    sums = products = np.zeros(())
    for block in _blocks(starts, windows.sequence_length * windows.values.shape[1]):
        rows = np.hstack([_flat(windows, block), windows.targets(block)])
        sums, products = sums + rows.sum(axis=0), products + rows.T @ rows
    means = sums / len(starts)
    return means, products - len(starts) * np.outer(means, means)


def _blocks(starts: NDArray[np.integer], width: int) -> Iterator[NDArray[np.integer]]:
    """Some windows at a time, as memory allows."""
    most = max(1, _BLOCK // width)
    for begin in range(0, len(starts), most):
        yield starts[begin : begin + most]


def _thinned(starts: NDArray[np.integer], most: int) -> NDArray[np.integer]:
    """At most so many, evenly spread."""
    if len(starts) <= most:
        return starts
    return starts[np.linspace(0, len(starts) - 1, most).round().astype(np.intp)]


def _flat(windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.float64]:
    """What each window reads, as one row."""
    inputs = windows.inputs(starts)
    return inputs.reshape(len(inputs), inputs.shape[1] * inputs.shape[2]).astype(np.float64)


def _observed(windows: Windows, starts: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which windows had all their targets observed."""
    unknown = np.concatenate(([0], np.cumsum(~windows.known)))
    first = windows.origins(starts) + 1
    return unknown[first + windows.horizon] == unknown[first]
