"""The layers that read a window: recurrent ones of every kind, and attention."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.model.backend import keras
from lstmwidgets.model.layers import FusedGRU, FusedLSTM
from lstmwidgets.model.shapes import encoder_of, heads_of

Seeds = Iterator[int]


def read_window(window: Any, config: LSTMConfig, seeds: Seeds) -> Any:
    """What the forecast is made of: a row of numbers for each window.

    Of ``lstm``, ``gru`` and ``rnn`` the last hidden state; of ``bilstm`` the last one of the walk forward
    and of the walk backward (Schuster and Paliwal, 1997), both within the window; of ``lstm_attention`` the
    last one and, beside it, what it finds by looking back at all of them (Luong et al., 2015, with the
    scaled products and heads of Vaswani et al., 2017); of ``transformer`` the last position of an encoder
    (Vaswani et al., 2017, normalised before each part as Xiong et al., 2020, advise).

    Parameters
    ----------
    window : tensor, shape (batch, sequence_length, features)
    config : LSTMConfig
    seeds : iterator of int
        For every random draw, in the order of the layers.

    Returns
    -------
    tensor, shape (batch, width)

    References
    ----------
    Schuster, M. and Paliwal, K. K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing 45(11).
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
    machine translation. EMNLP. The GRU is theirs.
    Luong, M.-T., Pham, H. and Manning, C. D. (2015). Effective approaches to attention-based neural
    machine translation. EMNLP.
    Vaswani, A. et al. (2017). Attention is all you need. NeurIPS.
    Xiong, R. et al. (2020). On layer normalization in the transformer architecture. ICML.
    """
    if config.cell == "transformer":
        return _encoder(window, config, seeds)
    signal = window
    for number in range(1, config.layers + 1):
        every = number < config.layers or config.cell == "lstm_attention"
        signal = _layer(config, number, every, seeds)(signal)
    if config.cell != "lstm_attention":
        return signal
    last = _last(signal, config, "last_state")
    found = _attention("attention", config.units, seeds, last, signal)
    return keras.layers.Flatten(name="state_and_context")(
        keras.layers.Concatenate(name="with_context")([last, found])
    )


def _layer(config: LSTMConfig, number: int, every: bool, seeds: Seeds) -> keras.layers.Layer:
    """One recurrent layer; every random draw of it has a seed of its own."""

    def make(kind: Any, name: str, **more: Any) -> keras.layers.Layer:
        if config.cell != "rnn":
            more["recurrent_activation"] = config.recurrent_activation
        return kind(
            config.units,
            activation=config.activation,
            return_sequences=every,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
            dropout=config.dropout,
            seed=next(seeds),
            name=name,
            **more,
        )

    if config.cell == "gru":
        return make(FusedGRU, f"gru_{number}")
    if config.cell == "rnn":
        return make(keras.layers.SimpleRNN, f"rnn_{number}")
    if config.cell == "bilstm":
        there = make(FusedLSTM, f"lstm_{number}")
        back = make(FusedLSTM, f"lstm_{number}", go_backwards=True)
        return keras.layers.Bidirectional(there, backward_layer=back, name=f"bilstm_{number}")
    return make(FusedLSTM, f"lstm_{number}")


def _encoder(window: Any, config: LSTMConfig, seeds: Seeds) -> Any:
    layers, sizes = keras.layers, encoder_of(config, window.shape[-1])

    def dense(width: int, name: str, activation: str | None = None) -> keras.layers.Layer:
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(width, activation=activation, kernel_initializer=start, name=name)

    def quietened(signal: Any, name: str) -> Any:
        return layers.Dropout(config.dropout, seed=next(seeds), name=name)(signal)

    steps = dense(sizes.width, "embedding")(window)
    where = positions(config.sequence_length, sizes.width)
    signal = layers.Rescaling(1.0, offset=where.tolist(), name="position")(steps)
    for number in range(1, config.layers + 1):
        block = f"block_{number}"
        calm = layers.LayerNormalization(name=f"{block}_norm")(signal)
        seen = _attention(f"{block}_attention", sizes.width, seeds, calm, calm)
        seen = quietened(seen, f"{block}_attention_dropout")
        signal = layers.Add(name=f"{block}_seen")([signal, seen])
        calm = layers.LayerNormalization(name=f"{block}_inner_norm")(signal)
        thought = dense(sizes.width, f"{block}_outer")(dense(sizes.inner, f"{block}_inner", "relu")(calm))
        thought = quietened(thought, f"{block}_dropout")
        signal = layers.Add(name=block)([signal, thought])
    answer = layers.LayerNormalization(name="norm")(_last(signal, config, "last_position"))
    return layers.Flatten(name="position_as_row")(answer)


def positions(length: int, width: int) -> NDArray[np.float32]:
    """Sines and cosines that tell one step from another, shape (length, width); Vaswani et al. (2017).

    Examples
    --------
    >>> positions(2, 4).round(2).tolist()[0]
    [0.0, 0.0, 1.0, 1.0]
    """
    waves = np.exp(-math.log(10_000.0) * np.arange(0, width, 2) / width)
    angles = np.arange(length)[:, None] * waves
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)[:, :width].astype(np.float32)


def _last(signal: Any, config: LSTMConfig, name: str) -> Any:
    """The last step alone, (batch, 1, width)."""
    return keras.layers.Cropping1D((config.sequence_length - 1, 0), name=name)(signal)


def _attention(name: str, width: int, seeds: Seeds, query: Any, steps: Any) -> Any:
    """A multi-head attention from a query to all steps."""
    heads = heads_of(width)
    layer = keras.layers.MultiHeadAttention(heads, width // heads, name=name)
    found = layer(query, steps)
    for kernel in layer.weights:
        if kernel.path.endswith("/kernel"):  # Keras' own draws for query, key and value would be the same
            start = keras.initializers.GlorotUniform(seed=next(seeds))
            kernel.assign(keras.ops.reshape(start((width, width)), kernel.shape))
    return found
