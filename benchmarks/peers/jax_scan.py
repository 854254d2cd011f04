"""JAX: an epoch as one compiled ``lax.scan`` over batches, each a ``lax.scan`` over time, with optax."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from worker import Task, serve


def lstm(weights: Any, steps: jax.Array, every: bool) -> jax.Array:
    """Hidden states of an LSTM over steps (timesteps, batch, features): every one, or the last."""
    kernel, recurrent_kernel, bias = weights

    def step(state: Any, projected: jax.Array) -> Any:
        h, c = state
        i, f, g, o = jnp.split(projected + h @ recurrent_kernel, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h if every else None

    start = jnp.zeros((steps.shape[1], len(recurrent_kernel)))
    (h, _), hidden = jax.lax.scan(step, (start, start), steps @ kernel + bias)
    return hidden if every else h


def gru(weights: Any, steps: jax.Array, every: bool) -> jax.Array:
    """The same of a GRU whose reset gate comes after the product, as in Keras and PyTorch."""
    kernel, recurrent_kernel, (bias, recurrent_bias) = weights

    def step(h: jax.Array, projected: jax.Array) -> Any:
        x_z, x_r, x_h = jnp.split(projected, 3, axis=-1)
        h_z, h_r, h_h = jnp.split(h @ recurrent_kernel + recurrent_bias, 3, axis=-1)
        z = jax.nn.sigmoid(x_z + h_z)
        h = z * h + (1 - z) * jnp.tanh(x_h + jax.nn.sigmoid(x_r + h_r) * h_h)
        return h, h if every else None

    start = jnp.zeros((steps.shape[1], len(recurrent_kernel)))
    h, hidden = jax.lax.scan(step, start, steps @ kernel + bias)
    return hidden if every else h


def forecast(cell: Callable[..., jax.Array], weights: Any, inputs: jax.Array) -> jax.Array:
    """Forecasts (batch, horizon) for inputs (batch, timesteps, 1)."""
    *layers, (kernel, bias) = weights
    signal = jnp.swapaxes(inputs, 0, 1)
    for number, layer in enumerate(layers):
        signal = cell(layer, signal, number + 1 < len(layers))
    return signal @ kernel + bias


class JaxScan:
    """Weights and the optimizer's state stay on the JAX side; the last, smaller batch is compiled apart."""

    def __init__(self, task: Task) -> None:
        optimizer = optax.adam(task.learning_rate, eps=1e-7)
        inputs, targets = jnp.asarray(task.inputs), jnp.asarray(task.targets)
        self.weights: Any = jax.tree.map(jnp.asarray, [*task.recurrent, task.head])
        self.state = optimizer.init(self.weights)
        self.task = task
        cell = {"lstm": lstm, "gru": gru}[task.cell]

        def error(weights: Any, batch: jax.Array) -> jax.Array:
            return jnp.mean((forecast(cell, weights, inputs[batch]) - targets[batch]) ** 2)

        def update(carried: Any, batch: jax.Array) -> Any:
            weights, state = carried
            loss, gradient = jax.value_and_grad(error)(weights, batch)
            change, state = optimizer.update(gradient, state)
            return (optax.apply_updates(weights, change), state), loss

        @partial(jax.jit, donate_argnums=(0, 1))
        def train(weights: Any, state: Any, batches: jax.Array) -> Any:
            (weights, state), losses = jax.lax.scan(update, (weights, state), batches)
            return weights, state, losses.sum()

        self.train = train

    def epoch(self, number: int) -> float:
        order, size = self.task.orders[number], self.task.batch_size
        whole = len(order) // size * size
        total = 0.0
        for batches in (order[:whole].reshape(-1, size), order[whole:][None]):
            if batches.size:
                self.weights, self.state, loss = self.train(self.weights, self.state, batches)
                total += float(loss) * batches.shape[1]
        return total / len(order)


if __name__ == "__main__":
    serve(JaxScan, ["jax", "optax"])
