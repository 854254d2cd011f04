"""One window through a trained network, with every gate kept, and what the forecast is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.gates import GateTrace
from lstmwidgets.data.scaling import centres
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.model.reading import LayerReading


@dataclass(frozen=True, eq=False)
class LayerTrace(GateTrace):
    """What one LSTM layer read and did; its ``i f g o c h`` are those of `GateTrace`.

    Index 0 of every array over time is the first step that the layer was handed, also where it walked
    backwards.

    Attributes
    ----------
    name : str
        That of the layer; "model/layer" within a nested model.
    x : float32 array, shape (timesteps, features)
        What the layer read. Of the first layer of a forecaster: the values, scaled and centred.
    kernel, recurrent_kernel, bias : float32 arrays
        Shapes (features, 4 * units), (units, 4 * units) and (4 * units,), packed i, f, g, o.
    backwards : bool
        Whether the layer walked from the last step to the first.
    initial_h, initial_c : float64 arrays, shape (units,)
        States before the first step walked: zeros, unless the layer is stateful or was handed some.
    """

    name: str
    x: NDArray[np.float32]
    kernel: NDArray[np.float32]
    recurrent_kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    backwards: bool
    initial_h: NDArray[np.float64]
    initial_c: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Head:
    """The linear output layer: the forecast is ``level + scale * (h @ kernel + bias + straight.sum(0))``.

    Attributes
    ----------
    kernel : float64 array, shape (units, horizon)
    bias : float64 array, shape (horizon,)
    scale, level : float
        In the unit of the series. ``level`` is the last value read where the forecaster centres on
        it, else the mean of the training part. Of a bare Keras model 1 and 0.
    straight : float64 array, shape (timesteps, horizon)
        What each step adds past the memory, through a linear highway; 0 without one.
    """

    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]
    scale: float
    level: float
    straight: NDArray[np.float64] | float = 0.0

    def forecast(self, h: ArrayLike) -> NDArray[np.float64]:
        """Forecasts from hidden states, shape (..., units) to (..., horizon)."""
        past_memory = self.bias + np.sum(self.straight, axis=0)
        answer: NDArray[np.float64] = self.level + self.scale * (np.asarray(h) @ self.kernel + past_memory)
        return answer


@dataclass(frozen=True, eq=False)
class WindowTrace(GateTrace):
    """One window through a network; ``i f g o c h`` are those of the last LSTM layer. See `trace`.

    Attributes
    ----------
    layers : tuple of LayerTrace
        Every LSTM layer that the output rests on, each after those that it reads; of a Bidirectional
        layer the forward half and then the backward half.
    shown : int
        Which of ``layers`` the gates are those of: the last, or its forward half.
    times : DatetimeIndex or None
        Of the values read; None for a bare model.
    values : float64 array, shape (timesteps,), or None
        The values read, in the unit of the series; None for a bare model.
    start : int or None
        The window's starting position in the forecaster's series.
    head : Head or None
        The linear output layer, where it reads the last hidden state of the layer shown directly.
    no_head : str
        Why ``head`` is None, as the end of a sentence that begins "because"; empty where there is one.
    """

    layers: tuple[LayerTrace, ...]
    shown: int
    times: pd.DatetimeIndex | None
    values: NDArray[np.float64] | None
    start: int | None
    head: Head | None
    no_head: str

    @property
    def layer(self) -> LayerTrace:
        """The layer whose gates these are."""
        return self.layers[self.shown]

    @property
    def backwards(self) -> bool:
        """Whether that layer walked from the last step to the first."""
        return self.layer.backwards

    @property
    def initial_c(self) -> NDArray[np.float64]:
        """That layer's cell state before the first step it walked, shape (units,)."""
        return self.layer.initial_c


def trace(source: Any, x: Any = None, *, start: int | None = None) -> WindowTrace:
    """Run one window through a trained network and keep every gate of every LSTM layer.

    Parameters
    ----------
    source : LSTMForecaster or keras.Model
        A fitted forecaster; or a Sequential or functional model, also nested or Bidirectional, as
        `lstmwidgets.model.reading.read_layers` says.
    x : array or timestamp, optional
        For a model, one window as it reads it, shape (timesteps, features). For a forecaster, the time
        of the last value read: anything that ``pandas.Timestamp`` takes.
    start : int, optional
        For a forecaster, the window's starting position in ``source.windows_``, instead of ``x``. With
        neither, the newest window of the test part; after `load`, the end of the series.

    Returns
    -------
    WindowTrace
        Arrays ``i f g o c h`` of the last LSTM layer, shape (timesteps, units), ``layers`` for all,
        and ``head``, which makes the forecast of the last hidden state.

    Raises
    ------
    LSTMWidgetsError
        For a forecaster that is not fitted, a window that is not in its series or not complete, a
        model without an LSTM layer that can be read, and an ``x`` that does not fit the model.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long Short-Term Memory. Neural Computation 9(8).
    Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to Forget: Continual Prediction
    with LSTM. Neural Computation 12(10).

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> from lstmwidgets.model.build import build
    >>> network = build(lw.LSTMConfig(sequence_length=4, units=3, horizon=2))
    >>> seen = trace(network, [[0.1], [0.2], [0.3], [0.4]])
    >>> seen.f.shape, seen.layer.name, seen.head.forecast(seen.h[-1]).shape
    ((4, 3), 'lstm_1', (2,))
    """
    if hasattr(source, "windows_") and hasattr(source, "model_"):
        return _trace_of_forecaster(source, x, start)
    if hasattr(source, "forecast_windows"):
        raise LSTMWidgetsError("this forecaster is not fitted: call fit(series) first")
    if start is not None:
        raise LSTMWidgetsError(
            f"start={start!r} is not accepted with a model, which has no series: pass the window itself, "
            "trace(model, x) with x of shape (timesteps, features)"
        )
    if x is None:
        raise LSTMWidgetsError(
            "a model has no window of its own: pass one, trace(model, x) with x of shape "
            "(timesteps, features)"
        )
    return _trace(source, x, scale=1.0, level=0.0)


def _trace_of_forecaster(forecaster: Any, x: Any, start: int | None) -> WindowTrace:
    from lstmwidgets.model.passes import checked_start, scaled_window

    if x is not None and start is not None:
        raise LSTMWidgetsError(f"x={x!r} and start={start!r} both name a window: pass one of them")
    series, length = forecaster.series_, forecaster.config.sequence_length
    if x is not None:
        start = _start_of(x, pd.DatetimeIndex(series.index), length)
        if forecaster.windows_ is None and start == len(series) - length:
            start = None  # the end of the series, which a forecaster from a file still has
    window = scaled_window(forecaster, start)
    if forecaster.windows_ is not None:
        start = checked_start(forecaster, start)
    read = series.iloc[-length:] if start is None else series.iloc[start : start + length]
    scaler, centred = forecaster.scaler_, forecaster.config.centering == "last"
    return _trace(
        forecaster.model_,
        window - centres(window.shape[1], len(scaler.covariates), forecaster.config) * window[-1:],
        scale=scaler.scale,
        level=float(window[-1, 0]) * scaler.scale + scaler.mean if centred else scaler.mean,
        times=pd.DatetimeIndex(read.index),
        values=read.to_numpy(np.float64),
        start=start,
    )


def _start_of(x: Any, index: pd.DatetimeIndex, length: int) -> int:
    """The starting position of the window whose last value is that of the time given."""
    try:
        time = pd.Timestamp(x)
    except (TypeError, ValueError) as error:
        raise LSTMWidgetsError(
            f"x={x!r} is no time ({error}): for a forecaster, x is the time of the last value read, for "
            f"example {index[-1]!s}; a window's position is start="
        ) from None
    first, last = index[min(length, len(index)) - 1], index[-1]
    accepted = f"the last value read may be of a time from {first!s} to {last!s}"
    if pd.isna(time) or (time.tzinfo is None) != (index.tz is None):
        zone = "none" if index.tz is None else str(index.tz)
        raise LSTMWidgetsError(f"x={x!r} does not fit the series, whose time zone is {zone}: {accepted}")
    position = int(index.searchsorted(time))
    if position == len(index) or index[position] != time:
        near = index[max(position - 1, 0) : position + 1]
        raise LSTMWidgetsError(
            f"x={x!r} is no time of the series: near it are {' and '.join(map(str, near))}; {accepted}"
        )
    if position < length - 1:
        raise LSTMWidgetsError(
            f"x={x!r} leaves {position + 1} values to read, fewer than sequence_length={length}: {accepted}"
        )
    return position - length + 1


def _trace(
    model: Any,
    x: Any,
    *,
    scale: float,
    level: float,
    times: pd.DatetimeIndex | None = None,
    values: NDArray[np.float64] | None = None,
    start: int | None = None,
) -> WindowTrace:
    from lstmwidgets.model.graph import linear_output
    from lstmwidgets.model.reading import read_layers

    readings = read_layers(model, x)
    layers = tuple(_layer_trace(reading) for reading in readings)
    shown = len(layers) - (1 if readings[-1].pair is None else 2)
    output, head, no_head = linear_output(model), None, ""
    if isinstance(output, str):
        no_head = output
    else:
        kernel, bias = output.kernel.astype(np.float64), output.bias.astype(np.float64)
        head = Head(kernel, bias, scale, level)
        if output.highway is not None:
            window = np.asarray(x, np.float64).reshape(-1, model.inputs[0].shape[-1])
            straight = np.einsum("tf,tfh->th", window, output.highway.reshape(*window.shape, -1))
            head = replace(head, straight=straight)
    last = layers[shown]
    return WindowTrace(
        *(last.i, last.f, last.g, last.o, last.c, last.h),
        layers=layers,
        shown=shown,
        times=times,
        values=values,
        start=start,
        head=head,
        no_head=no_head,
    )


def _layer_trace(reading: LayerReading) -> LayerTrace:
    i, f, g, o, c, h = (np.asarray(gate, np.float64) for gate in reading.gates)
    return LayerTrace(
        *(i, f, g, o, c, h),
        name=reading.name,
        x=reading.inputs,
        kernel=reading.kernel,
        recurrent_kernel=reading.recurrent_kernel,
        bias=reading.bias,
        backwards=reading.backwards,
        initial_h=reading.initial_h.astype(np.float64),
        initial_c=reading.initial_c.astype(np.float64),
    )
