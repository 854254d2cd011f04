"""Every weight of a config's network by name and shape, known before anything is built."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from lstmwidgets.config import LSTMConfig

Shapes = dict[str, tuple[int, ...]]

_WIDE_ENOUGH = ((16, 4), (4, 2))
"""From so many units up, an attention has so many heads, where they divide the units."""


class Encoder(NamedTuple):
    """Sizes of a transformer: see `encoder_of`.

    Attributes
    ----------
    width : int
        Numbers that stand for one step: an even one.
    inner : int
        Width of the feed-forward part between.
    heads : int
    """

    width: int
    inner: int
    heads: int


def weight_shapes(config: LSTMConfig, features: int = 1) -> Shapes:
    """Name and shape of each weight of the network that `lstmwidgets.model.build.build` makes, in order.

    An LSTM layer of ``units`` cells on ``inputs`` values has a kernel (inputs, 4 units), a
    recurrent kernel (units, 4 units) and a bias (4 units,), packed i, f, g, o as Keras does. A GRU has
    three blocks in their place, packed z, r, candidate, and a bias for each kernel, (2, 3 units).
    """
    if config.cell == "transformer":
        shapes, width = _encoder_shapes(config, features), encoder_of(config, features).width
    else:
        shapes, width = _recurrent_shapes(config, features)
    shapes |= {"forecast/kernel": (width, config.horizon), "forecast/bias": (config.horizon,)}
    if config.highway == "linear":
        shapes["highway/kernel"] = (config.sequence_length * features, config.horizon)
    return shapes


def count_parameters(config: LSTMConfig, features: int = 1) -> int:
    """Trainable numbers of the network.

    Examples
    --------
    >>> count_parameters(LSTMConfig(units=32, horizon=24))
    5144
    """
    return sum(math.prod(shape) for shape in weight_shapes(config, features).values())


def heads_of(width: int) -> int:
    """How many heads an attention over so many units has: 4, 2 or 1.

    Examples
    --------
    >>> [heads_of(units) for units in (3, 8, 32, 50)]
    [1, 2, 4, 2]
    """
    return next((heads for least, heads in _WIDE_ENOUGH if width >= least and width % heads == 0), 1)


@lru_cache(maxsize=64)
def encoder_of(config: LSTMConfig, features: int = 1) -> Encoder:
    """The transformer that has as many parameters as the LSTM of the same settings, as nearly as can be.

    From 8 units up the two are within 3 % of each other; a smaller transformer than of 2 numbers a step
    does not exist. The feed-forward part is about twice as wide as the rest.
    """
    wanted = count_parameters(config.replace(cell="lstm"), features)

    def inner(width: int) -> float:
        fixed = config.replace(cell="transformer")
        shapes = _encoder_shapes(fixed, features, Encoder(width, 0, heads_of(width)))
        without = sum(math.prod(shape) for shape in shapes.values()) + (width + 1) * config.horizon
        if config.highway == "linear":
            without += config.sequence_length * features * config.horizon
        return (wanted - without) / (config.layers * (2 * width + 1))

    widths = [*range(2, 16, 2), *range(16, 4 * config.units + 16, 4)]
    fitting = [width for width in widths if inner(width) >= 1] or widths[:1]
    best = min(fitting, key=lambda width: abs(math.log(max(inner(width), 1) / (2 * width))))
    return Encoder(best, max(1, round(inner(best))), heads_of(best))


def _recurrent_shapes(config: LSTMConfig, features: int) -> tuple[Shapes, int]:
    """Shapes of all layers before the forecast, and how wide what they hand on is."""
    shapes: Shapes = {}
    units, width = config.units, features
    for number in range(1, config.layers + 1):
        if config.cell == "bilstm":
            for way in ("forward", "backward"):
                shapes |= _layer(f"bilstm_{number}/{way}_lstm_{number}", 4, width, units)
        elif config.cell == "gru":
            shapes |= {**_layer(f"gru_{number}", 3, width, units), f"gru_{number}/bias": (2, 3 * units)}
        elif config.cell == "rnn":
            shapes |= _layer(f"rnn_{number}", 1, width, units)
        else:
            shapes |= _layer(f"lstm_{number}", 4, width, units)
        width = 2 * units if config.cell == "bilstm" else units
    if config.cell == "lstm_attention":
        shapes |= _attention("attention", units, heads_of(units))
        width = 2 * units
    return shapes, width


def _encoder_shapes(config: LSTMConfig, features: int, encoder: Encoder | None = None) -> Shapes:
    width, inner, heads = encoder or encoder_of(config, features)
    shapes: Shapes = {"embedding/kernel": (features, width), "embedding/bias": (width,)}
    for number in range(1, config.layers + 1):
        block = f"block_{number}"
        shapes |= {f"{block}_norm/gamma": (width,), f"{block}_norm/beta": (width,)}
        shapes |= _attention(f"{block}_attention", width, heads)
        shapes |= {f"{block}_inner_norm/gamma": (width,), f"{block}_inner_norm/beta": (width,)}
        shapes |= {f"{block}_inner/kernel": (width, inner), f"{block}_inner/bias": (inner,)}
        shapes |= {f"{block}_outer/kernel": (inner, width), f"{block}_outer/bias": (width,)}
    return shapes | {"norm/gamma": (width,), "norm/beta": (width,)}


def _layer(name: str, gates: int, inputs: int, units: int) -> Shapes:
    return {
        f"{name}/kernel": (inputs, gates * units),
        f"{name}/recurrent_kernel": (units, gates * units),
        f"{name}/bias": (gates * units,),
    }


def _attention(name: str, width: int, heads: int) -> Shapes:
    each = width // heads
    shapes: Shapes = {}
    for part in ("query", "key", "value"):
        shapes |= {f"{name}/{part}/kernel": (width, heads, each), f"{name}/{part}/bias": (heads, each)}
    out = f"{name}/attention_output"
    return shapes | {f"{out}/kernel": (heads, each, width), f"{out}/bias": (width,)}
