"""One window sent through a model's graph: what each recurrent and attention layer in it is handed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model import kernels
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.inside.graph import (
    Attend,
    Call,
    Graph,
    Nested,
    calls,
    checked_ends,
    graph_of,
    without_memory,
)
from lstmwidgets.model.inside.recurrent import activations_of, is_lstm
from lstmwidgets.model.layers import weight_tensors

_FUSED = ("tanh", "sigmoid")
"""The activations of an LSTM whose gates the fused kernel gives; all others are walked in NumPy."""


class Route(NamedTuple):
    graph: Graph
    outputs: list[Any]  # a Sequential that has been added to has others
    look: Callable[[tf.Tensor], Any]


# By network, which is not kept from being collected: a route holds its layers, and no layer holds its model.
_routes: WeakKeyDictionary[Any, Route] = WeakKeyDictionary()


def route_through(model: Any) -> Route:
    inputs, outputs = checked_ends(model)
    route = _routes.get(model)
    if route is not None and [id(tensor) for tensor in route.outputs] == [id(tensor) for tensor in outputs]:
        return route
    graph = graph_of(inputs, outputs, "", {id(tensor) for tensor in inputs})
    if not any(calls(graph)):
        raise LSTMWidgetsError(without_memory(model))
    look = tf.function(lambda batch: _look(graph, batch), reduce_retracing=True)
    route = _routes[model] = Route(graph, outputs, look)
    return route


def _look(graph: Graph, batch: tf.Tensor) -> list[Any]:
    """What is seen at each call: at an `Attend` the weights of the last query, shape (heads, steps).

    At a `Call` its inputs, its mask, and for each of its layers the gates, where the fused kernel has
    them, and the states before the first step.
    """
    # A stateful layer's states are those before the model runs, which moves them.
    before = [
        [
            [tf.identity(state) for state in layer.states] if layer.stateful else []
            for layer in layers_of(call)
        ]
        for call in calls(graph)
    ]
    found = iter(_values(graph, [batch]))
    seen: list[Any] = []
    for call, own in zip(calls(graph), before, strict=True):
        if isinstance(call, Attend):
            _, weights = call.layer(**next(found), return_attention_scores=True, training=False)
            seen.append(tf.cast(weights[0, :, -1], tf.float32))
            continue
        sequence, mask, handed = (batch, None, []) if call.direct else next(found)
        x, walks = tf.cast(sequence[:1], tf.float32), []
        each = len(handed) // len(call.layers)
        for number, (layer, states) in enumerate(zip(call.layers, own, strict=True)):
            states = handed[each * number : each * (number + 1)] or states or layer.get_initial_state(1)
            states = [tf.cast(state, tf.float32)[:1] for state in states]
            gates: tuple[Any, ...] = ()
            if is_lstm(layer) and activations_of(layer) == _FUSED:
                (h0, c0), steps = states, x[:, ::-1] if layer.go_backwards else x
                gates = tuple(gate[0] for gate in kernels.all_gates(steps, h0, c0, *weight_tensors(layer)))
            walks.append((gates, [state[0] for state in states]))
        seen.append((x[0], None if mask is None else tf.convert_to_tensor(mask)[0], *walks))
    return seen


def layers_of(call: Call | Attend) -> tuple[Any, ...]:
    """The recurrent layers of a call."""
    return () if isinstance(call, Attend) else call.layers


def run_window(route: Route, model: Any, batch: tf.Tensor) -> Any:
    """What the compiled look sees, with the states of stateful layers put back afterwards."""
    stateful = [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]
    states = [state for layer in stateful for state in (getattr(layer, "states", None) or ())]
    before = [tf.identity(state) for state in states]
    try:
        return route.look(batch)
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)


def _values(graph: Graph, inputs: list[tf.Tensor]) -> list[Any]:
    """Sequence, mask and initial states of each call that does not read the model's input directly.

    Of an `Attend`, its arguments.
    """
    known = {id(tensor): value for tensor, value in zip(graph.inputs, inputs, strict=True)}
    wanted = {id(read): read for part in graph.parts for read in part.reads if id(read) not in known}
    if wanted:
        known |= zip(wanted, keras.Function(graph.inputs, list(wanted.values()))(inputs), strict=True)
    found: list[Any] = []
    for part in graph.parts:
        if isinstance(part, Nested):
            if part.reads:
                found += _values(part.graph, [known[id(read)] for read in part.arguments])
        elif isinstance(part, Attend):
            found.append({name: known.get(id(value), value) for name, value in part.arguments.items()})
        elif not part.direct:
            sequence = known[id(part.sequence)]
            # Keras hands masks from layer to layer as an attribute of the tensors.
            mask = getattr(sequence, "_keras_mask", None) if part.mask is None else part.mask
            found.append((sequence, known.get(id(mask), mask), [known.get(id(s), s) for s in part.states]))
    return found


def check_nothing_masked(call: Call, mask: Any) -> None:
    if mask is None:
        return
    kept = np.asarray(mask)
    if not kept.all():
        raise LSTMWidgetsError(
            f"{np.count_nonzero(~kept)} of the {len(kept)} steps that {call.names[0]!r} reads are masked, "
            "which it skips: pass a window without them"
        )
