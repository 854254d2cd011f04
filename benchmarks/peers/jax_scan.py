"""JAX: an epoch as one compiled ``lax.scan`` over batches, each a ``lax.scan`` over time, with optax."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from worker import Task, serve


def forecast(weights: Any, inputs: jax.Array) -> jax.Array:
    """Forecasts (batch, horizon) for inputs (batch, timesteps, 1)."""
    kernel, recurrent_kernel, bias, head_kernel, head_bias = weights

    def step(state: Any, projected: jax.Array) -> Any:
        h, c = state
        i, f, g, o = jnp.split(projected + h @ recurrent_kernel, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    start = jnp.zeros((len(inputs), len(recurrent_kernel)))
    (h, _), _ = jax.lax.scan(step, (start, start), jnp.swapaxes(inputs, 0, 1) @ kernel + bias)
    return h @ head_kernel + head_bias


class JaxScan:
    """Weights and the optimizer's state stay on the JAX side; the last, smaller batch is compiled apart."""

    def __init__(self, task: Task) -> None:
        optimizer = optax.adam(task.learning_rate, eps=1e-7)
        inputs, targets = jnp.asarray(task.inputs), jnp.asarray(task.targets)
        self.weights: Any = [jnp.asarray(weight) for weight in task.weights]
        self.state = optimizer.init(self.weights)
        self.task = task

        def error(weights: Any, batch: jax.Array) -> jax.Array:
            return jnp.mean((forecast(weights, inputs[batch]) - targets[batch]) ** 2)

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
