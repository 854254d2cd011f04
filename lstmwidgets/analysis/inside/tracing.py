"""One window through a trained network, with every gate kept, and what the forecast is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.cells import AttentionTrace
from lstmwidgets.analysis.inside.traces import (
    AnyLayer,
    AnyWindow,
    AttentionWindowTrace,
    GRULayerTrace,
    GRUWindowTrace,
    Head,
    LayerTrace,
    RNNLayerTrace,
    RNNWindowTrace,
    WindowTrace,
)
from lstmwidgets.data.scaling import centres
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.model.inside.reading import LayerReading

_WINDOWS: dict[str, Any] = {
    "lstm": WindowTrace,
    "gru": GRUWindowTrace,
    "rnn": RNNWindowTrace,
    "attention": AttentionWindowTrace,
}


# Any: which cell it is no checker can know, and an LSTM's gates are asked for without a question first.
def trace(source: Any, x: Any = None, *, start: int | None = None) -> WindowTrace | Any:
    """Run one window through a trained network and keep every gate of every recurrent layer.

    Parameters
    ----------
    source : LSTMForecaster or keras.Model
        A fitted forecaster; or a Sequential or functional model, also nested or Bidirectional, as
        `lstmwidgets.model.inside.reading.read_network` says.
    x : array or timestamp, optional
        For a model, one window as it reads it, shape (timesteps, features). For a forecaster, the time
        of the last value read: anything that ``pandas.Timestamp`` takes.
    start : int, optional
        For a forecaster, the window's starting position in ``source.windows_``, instead of ``x``. With
        neither, the newest window of the test part; after `load`, the end of the series.

    Returns
    -------
    WindowTrace, GRUWindowTrace, RNNWindowTrace or AttentionWindowTrace
        By the last recurrent layer: arrays ``i f g o c h`` of an LSTM, ``z r g h`` of a GRU, ``h`` of a
        simple recurrent layer, shape (timesteps, units); of a network without one ``a``, the weights of its
        last attention layer, shape (timesteps, heads). ``layers`` holds all of them, ``attention`` every
        attention layer, and ``head`` makes the forecast of the last hidden state.

    Raises
    ------
    LSTMWidgetsError
        For a forecaster that is not fitted, a window that is not in its series or not complete, a
        model without a layer that can be read, and an ``x`` that does not fit the model.

    References
    ----------
    Hochreiter, S. and Schmidhuber, J. (1997). Long Short-Term Memory. Neural Computation 9(8).
    Gers, F. A., Schmidhuber, J. and Cummins, F. (2000). Learning to Forget: Continual Prediction
    with LSTM. Neural Computation 12(10).
    Cho, K. et al. (2014). Learning Phrase Representations using RNN Encoder-Decoder for Statistical
    Machine Translation. EMNLP.
    Vaswani, A. et al. (2017). Attention Is All You Need. NeurIPS.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> from lstmwidgets.model.build import build
    >>> network = build(lw.LSTMConfig(sequence_length=4, units=3, horizon=2))
    >>> seen = trace(network, [[0.1], [0.2], [0.3], [0.4]])
    >>> seen.f.shape, seen.layer.name, seen.head.forecast(seen.h[-1]).shape
    ((4, 3), 'lstm_1', (2,))
    """
    refuse_many(source)
    if hasattr(source, "windows_") and hasattr(source, "model_"):
        return _trace_of_forecaster(source, x, start)
    if hasattr(source, "forecast_windows"):
        raise LSTMWidgetsError("this forecaster is not fitted: call fit(series) first")
    if start is not None:
        raise LSTMWidgetsError(
            f"start={start!r} is not accepted with a model, which has no series: pass the window itself, "
            "trace(model, x) with x of shape (timesteps, features)"
        )
    if x is None and callable(source):
        raise LSTMWidgetsError(
            "a model has no window of its own: pass one, trace(model, x) with x of shape "
            "(timesteps, features)"
        )
    return _trace(source, x, scale=1.0, level=0.0)


def refuse_many(source: Any) -> None:
    """Refuse a forecaster of many series, saying how one of them is had."""
    if isinstance(names := getattr(source, "series_", None), dict):
        one = next(iter(names))
        raise LSTMWidgetsError(
            f"{type(source).__name__} has windows of {len(names):,} series, and which is meant is not told: "
            f"take the forecaster of one of them, as in forecaster.forecaster({one!r})"
        )


def _trace_of_forecaster(forecaster: Any, x: Any, start: int | None) -> AnyWindow:
    from lstmwidgets.model.inside.passes import checked_start, scaled_window

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
) -> AnyWindow:
    from lstmwidgets.model.inside.output_layer import linear_output
    from lstmwidgets.model.inside.reading import read_network

    found = read_network(model, x)
    attention = tuple(
        AttentionTrace(each.weights.T.astype(np.float64), each.name) for each in found.attention
    )
    layers = tuple(_layer_trace(reading) for reading in found.layers) or attention
    shown = len(layers) - (2 if found.layers and found.layers[-1].pair is not None else 1)
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
    named = {"name": last.name} if isinstance(last, AttentionTrace) else {}
    window_trace: AnyWindow = _WINDOWS[last.cell](
        **last.arrays,
        **named,
        layers=layers,
        shown=shown,
        times=times,
        values=values,
        start=start,
        head=head,
        no_head=no_head,
        attention=attention,
    )
    return window_trace


def _layer_trace(reading: LayerReading) -> AnyLayer:
    arrays = {letter: np.asarray(array, np.float64) for letter, array in reading.gates._asdict().items()}
    settings: dict[str, Any] = {
        **arrays,
        "name": reading.name,
        "x": reading.inputs,
        "kernel": reading.kernel,
        "recurrent_kernel": reading.recurrent_kernel,
        "bias": reading.bias,
        "backwards": reading.backwards,
        "initial_h": reading.initial_h.astype(np.float64),
        **dict(zip(("activation", "recurrent_activation"), reading.activations, strict=False)),
    }
    if reading.initial_c is not None:
        return LayerTrace(**settings, initial_c=reading.initial_c.astype(np.float64))
    if "z" in arrays:
        return GRULayerTrace(
            **settings, recurrent_bias=reading.recurrent_bias, reset_after=reading.reset_after
        )
    return RNNLayerTrace(**settings)
