"""What `trace` answers: a network's layers over one window, and what reads the last of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.cells import AttentionTrace, GRUTrace, RNNTrace
from lstmwidgets.analysis.inside.gates import GateTrace


@dataclass(frozen=True, eq=False)
class Layer:
    """What one recurrent layer read, and with which weights; its gates are those of the class beside it.

    Index 0 of every array over time is the first step that the layer was handed, also where it walked
    backwards.

    Attributes
    ----------
    name : str
        That of the layer; "model/layer" within a nested model.
    x : float32 array, shape (timesteps, features)
        What the layer read. Of the first layer of a forecaster: the values, scaled and centred.
    kernel, recurrent_kernel, bias : float32 arrays
        Shapes (features, gates * units), (units, gates * units) and (gates * units,): an LSTM's four gates
        are packed i, f, g, o, a GRU's three z, r, g.
    backwards : bool
        Whether the layer walked from the last step to the first.
    initial_h : float64 array, shape (units,)
        State before the first step walked: zeros, unless the layer is stateful or was handed one.
    """

    name: str
    x: NDArray[np.float32]
    kernel: NDArray[np.float32]
    recurrent_kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    backwards: bool
    initial_h: NDArray[np.float64]

    @property
    def initial_state(self) -> NDArray[np.float64]:
        """The state that goes from step to step, before the first of them."""
        return self.initial_h


@dataclass(frozen=True, eq=False)
class LayerTrace(Layer, GateTrace):
    """What one LSTM layer read and did; its ``i f g o c h`` are those of `GateTrace`. See also `Layer`.

    Attributes
    ----------
    initial_c : float64 array, shape (units,)
        Cell state before the first step walked.
    activation, recurrent_activation : str
        What candidate and state go through, and what the gates do: names in ``keras.activations``.
    """

    initial_c: NDArray[np.float64]
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    @property
    def initial_state(self) -> NDArray[np.float64]:
        """The cell state before the first step walked."""
        return self.initial_c


@dataclass(frozen=True, eq=False)
class GRULayerTrace(Layer, GRUTrace):
    """What one GRU layer read and did; its ``z r g h`` are those of `GRUTrace`. See also `Layer`.

    Attributes
    ----------
    recurrent_bias : float32 array, shape (3 * units,)
        Added to the share of the hidden state; zeros without ``reset_after``.
    reset_after : bool
        Whether the reset gate multiplies what the candidate hears of the state, ``h @ recurrent_kernel``,
        as in Keras' default, and not the state itself, as in the paper.
    activation, recurrent_activation : str
        As in `LayerTrace`.
    """

    recurrent_bias: NDArray[np.float32]
    reset_after: bool = True
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"


@dataclass(frozen=True, eq=False)
class RNNLayerTrace(Layer, RNNTrace):
    """What one simple recurrent layer read and did; its ``h`` is that of `RNNTrace`. See also `Layer`."""

    activation: str = "tanh"


AnyLayer = LayerTrace | GRULayerTrace | RNNLayerTrace | AttentionTrace


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Window:
    """One window through a network; its arrays are those of the layer shown. See `trace`.

    Attributes
    ----------
    layers : tuple
        Every recurrent layer that the output rests on, each after those that it reads; of a Bidirectional
        layer the forward half and then the backward half. Of a network without one, its attention layers.
    shown : int
        Which of ``layers`` the arrays are those of: the last, or its forward half.
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
    attention : tuple of AttentionTrace
        Every attention layer that the output rests on.
    """

    layers: tuple[Any, ...]
    shown: int
    times: pd.DatetimeIndex | None
    values: NDArray[np.float64] | None
    start: int | None
    head: Head | None
    no_head: str
    attention: tuple[AttentionTrace, ...] = ()

    @property
    def layer(self) -> Any:
        """The layer whose arrays these are."""
        return self.layers[self.shown]

    @property
    def backwards(self) -> bool:
        """Whether that layer walked from the last step to the first."""
        return bool(self.layer.backwards)

    @property
    def initial_state(self) -> NDArray[np.float64]:
        """That layer's state before the first step it walked, shape (units,)."""
        before: NDArray[np.float64] = self.layer.initial_state
        return before


@dataclass(frozen=True, eq=False)
class WindowTrace(Window, GateTrace):
    """One window through a network; ``i f g o c h`` are those of the last LSTM layer. See `Window`."""

    @property
    def layer(self) -> LayerTrace:
        """The layer whose gates these are."""
        layer: LayerTrace = self.layers[self.shown]
        return layer

    @property
    def initial_c(self) -> NDArray[np.float64]:
        """That layer's cell state before the first step it walked, shape (units,)."""
        return self.layer.initial_c


@dataclass(frozen=True, eq=False)
class GRUWindowTrace(Window, GRUTrace):
    """One window through a network; ``z r g h`` are those of the last GRU layer. See `Window`."""


@dataclass(frozen=True, eq=False)
class RNNWindowTrace(Window, RNNTrace):
    """One window through a network; ``h`` is that of the last simple recurrent layer. See `Window`."""


@dataclass(frozen=True, eq=False)
class AttentionWindowTrace(Window, AttentionTrace):
    """One window through a network of attention alone; ``a`` is that of its last layer. See `Window`."""


AnyWindow = WindowTrace | GRUWindowTrace | RNNWindowTrace | AttentionWindowTrace
