"""The way through a Keras model's graph: from its input to what each LSTM layer reads, and to its output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model import kernels
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.layers import weight_tensors


@dataclass(frozen=True, eq=False)
class Call:
    """One place in a model's graph where an LSTM layer, or a pair of them, is called."""

    layers: tuple[Any, ...]
    names: tuple[str, ...]
    pair: str | None
    sequence: Any
    mask: Any
    states: tuple[Any, ...]
    direct: bool  # it reads the model's input as it stands

    @property
    def reads(self) -> list[Any]:
        """The symbolic tensors that have to be known before its gates can be."""
        every = (self.sequence, self.mask, *self.states)
        return [] if self.direct else [read for read in every if isinstance(read, keras.KerasTensor)]


@dataclass(frozen=True, eq=False)
class _Nested:
    """One place where a model within the model is called."""

    graph: _Graph
    arguments: list[Any]

    @property
    def reads(self) -> list[Any]:
        """Its arguments, unless nothing within it needs them."""
        return self.arguments if any(not call.direct for call in calls(self.graph)) else []


@dataclass(frozen=True, eq=False)
class _Graph:
    inputs: list[Any]
    parts: list[Call | _Nested]


class _Route(NamedTuple):
    graph: _Graph
    outputs: list[Any]  # a Sequential that has been added to has others
    look: Callable[[tf.Tensor], Any]


# By network, which is not kept from being collected: a route holds its layers, and no layer holds its model.
_routes: WeakKeyDictionary[Any, _Route] = WeakKeyDictionary()


def route_through(model: Any) -> _Route:
    inputs, outputs = _checked_ends(model)
    route = _routes.get(model)
    if route is not None and [id(tensor) for tensor in route.outputs] == [id(tensor) for tensor in outputs]:
        return route
    graph = graph_of(inputs, outputs, "", {id(tensor) for tensor in inputs})
    if not any(calls(graph)):
        raise LSTMWidgetsError(_without_lstm(model))
    look = tf.function(lambda batch: _look(graph, batch), reduce_retracing=True)
    route = _routes[model] = _Route(graph, outputs, look)
    return route


def _look(graph: _Graph, batch: tf.Tensor) -> list[tuple[Any, ...]]:
    """For each call its inputs, its mask, and for each of its layers the gates and the states before them."""
    # A stateful layer's states are those before the model runs, which moves them.
    before = [
        [[tf.identity(state) for state in layer.states] if layer.stateful else [] for layer in call.layers]
        for call in calls(graph)
    ]
    found = iter(_values(graph, [batch]))
    seen = []
    for call, own in zip(calls(graph), before, strict=True):
        sequence, mask, handed = (batch, None, []) if call.direct else next(found)
        x, walks = tf.cast(sequence[:1], tf.float32), []
        for number, (layer, states) in enumerate(zip(call.layers, own, strict=True)):
            states = handed[2 * number : 2 * number + 2] or states or layer.get_initial_state(1)
            h0, c0 = (tf.cast(state, tf.float32)[:1] for state in states)
            walk = kernels.all_gates(x[:, ::-1] if layer.go_backwards else x, h0, c0, *weight_tensors(layer))
            walks.append((kernels.Gates(*(gate[0] for gate in walk)), h0[0], c0[0]))
        seen.append((x[0], None if mask is None else tf.convert_to_tensor(mask)[0], *walks))
    return seen


def run_window(route: _Route, model: Any, batch: tf.Tensor) -> Any:
    """What the compiled look sees, with the states of stateful layers put back afterwards."""
    stateful = [layer for layer in model._flatten_layers() if getattr(layer, "stateful", False)]
    states = [state for layer in stateful for state in (getattr(layer, "states", None) or ())]
    before = [tf.identity(state) for state in states]
    try:
        return route.look(batch)
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)


def _checked_ends(model: Any) -> tuple[list[Any], list[Any]]:
    """Symbolic inputs and outputs of a model that has both, and one input."""
    if not isinstance(model, keras.Model):
        hint = " (of a layer, see lstmwidgets.model.layers.gates)" if isinstance(model, keras.Layer) else ""
        raise LSTMWidgetsError(
            f"{type(model).__name__} is no Keras model: pass a Sequential or functional keras.Model, or a "
            f"fitted LSTMForecaster{hint}"
        )
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        if isinstance(model, keras.Sequential):
            raise LSTMWidgetsError(
                f"the model {model.name!r} is not built yet: begin it with "
                "keras.Input((timesteps, features)), or call it on a batch first"
            )
        raise LSTMWidgetsError(
            f"the model {model.name!r} is a {type(model).__name__} that calls its layers in its own code, so "
            "that what they read cannot be told: make it Sequential or functional, or read one layer with "
            "lstmwidgets.model.layers.gates"
        )
    if len(inputs) > 1:
        names = ", ".join(repr(tensor.name) for tensor in inputs)
        raise LSTMWidgetsError(
            f"the model {model.name!r} has {len(inputs)} inputs ({names}) and x is one window: pass the part "
            "of it that reads one input, for example keras.Model(an_input, the_output_of_a_layer)"
        )
    return list(inputs), list(outputs)


def graph_of(inputs: list[Any], outputs: list[Any], prefix: str, given: set[int]) -> _Graph:
    """Every LSTM call that the outputs rest on, in order; ``given`` are the tensors that are the window."""
    parts: list[Call | _Nested] = []
    times_called: dict[str, int] = {}
    for node in _nodes(outputs):
        operation = node.operation
        times_called[operation.name] = times_called.get(operation.name, 0) + 1
        again = "" if times_called[operation.name] == 1 else f" (call {times_called[operation.name]})"
        if is_lstm(operation) or _is_pair(operation):
            parts.append(_call(node, prefix, again, given))
        elif isinstance(operation, keras.Model) and getattr(operation, "outputs", None):
            arguments = list(node.input_tensors)
            same = {
                id(inside)
                for inside, outside in zip(operation.inputs, arguments, strict=True)
                if id(outside) in given
            }
            deeper = f"{prefix}{operation.name}{again}/"
            within = graph_of(list(operation.inputs), list(operation.outputs), deeper, same)
            if within.parts:
                parts.append(_Nested(within, arguments))
        elif isinstance(operation, keras.Layer):
            _check_hides_no_lstm(operation)
    return _Graph(inputs, parts)


def _nodes(outputs: list[Any]) -> list[Any]:
    """Every call that the outputs rest on, each after those whose results it reads."""
    ordered, seen = [], set()
    stack = [(_made_by(tensor), False) for tensor in reversed(outputs)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((_made_by(tensor), False) for tensor in reversed(node.input_tensors))
    return ordered


def _made_by(tensor: Any) -> Any:
    operation, number, _ = tensor._keras_history
    return operation._inbound_nodes[number]


def _call(node: Any, prefix: str, again: str, given: set[int]) -> Call:
    layer = node.operation
    arguments = dict(zip(("sequences", "initial_state", "mask"), node.arguments.args, strict=False))
    arguments |= node.arguments.kwargs
    sequence, mask, handed = (arguments.get(name) for name in ("sequences", "mask", "initial_state"))
    states = () if handed is None else tuple(keras.tree.flatten(handed))
    halves: tuple[Any, ...] = (layer,)
    if _is_pair(layer):
        halves = layer.forward_layer, layer.backward_layer
        if halves[0].go_backwards:
            halves, states = halves[::-1], (*states[2:], *states[:2])
    for half in halves:
        check_activations(half)
    return Call(
        layers=halves,
        names=tuple(f"{prefix}{half.name}{again}" for half in halves),
        pair=f"{prefix}{layer.name}{again}" if len(halves) == 2 else None,
        sequence=sequence,
        mask=mask,
        states=states,
        direct=id(sequence) in given and mask is None and not states,
    )


def calls(graph: _Graph) -> Iterator[Call]:
    for part in graph.parts:
        if isinstance(part, _Nested):
            yield from calls(part.graph)
        else:
            yield part


def _values(graph: _Graph, inputs: list[tf.Tensor]) -> list[tuple[Any, Any, list[Any]]]:
    """Sequence, mask and initial states of each call that does not read the model's input directly."""
    known = {id(tensor): value for tensor, value in zip(graph.inputs, inputs, strict=True)}
    wanted = {id(read): read for part in graph.parts for read in part.reads if id(read) not in known}
    if wanted:
        known |= zip(wanted, keras.Function(graph.inputs, list(wanted.values()))(inputs), strict=True)
    found: list[tuple[Any, Any, list[Any]]] = []
    for part in graph.parts:
        if isinstance(part, _Nested):
            if part.reads:
                found += _values(part.graph, [known[id(read)] for read in part.arguments])
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


def is_lstm(operation: Any) -> bool:
    return isinstance(operation, keras.layers.LSTM)


def _is_pair(operation: Any) -> bool:
    """Whether it is Bidirectional with LSTM layers for both halves."""
    return isinstance(operation, keras.layers.Bidirectional) and all(
        is_lstm(half) for half in (operation.forward_layer, operation.backward_layer)
    )


def check_activations(layer: Any) -> None:
    names = tuple(
        getattr(activation, "__name__", type(activation).__name__)
        for activation in (layer.activation, layer.recurrent_activation)
    )
    if names != ("tanh", "sigmoid"):
        raise LSTMWidgetsError(
            f"the LSTM layer {layer.name!r} has the activations {names[0]!r} and {names[1]!r}: only tanh and "
            "sigmoid can be read, which are what keras.layers.LSTM has when none are named"
        )


def _check_hides_no_lstm(layer: Any) -> None:
    hidden = [
        inner
        for inner in layer._flatten_layers()
        if isinstance(inner, (keras.layers.LSTM, keras.layers.LSTMCell))
    ]
    if not hidden:
        return
    kind = type(layer).__name__
    if isinstance(layer, keras.layers.TimeDistributed):
        reason = "runs it once for each step, so that there is not one walk to read: pass the model inside"
    elif isinstance(layer, keras.layers.RNN):
        reason = "walks its cells itself: use keras.layers.LSTM, which takes the same weights"
    else:
        reason = "calls it in its own code: pass a model in which the LSTM layer stands by itself"
    raise LSTMWidgetsError(
        f"the layer {layer.name!r} ({kind}) holds {hidden[0].name!r} ({type(hidden[0]).__name__}) "
        f"and {reason}"
    )


def _without_lstm(model: Any) -> str:
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    held = ", ".join(f"{layer.name!r} ({type(layer).__name__})" for layer in layers)
    inner = [each for layer in layers for each in layer._flatten_layers()]
    other = ""
    if any(isinstance(each, keras.layers.GRU) for each in inner):
        other = " A GRU has two gates and no cell state, so there is nothing of this kind to read in it."
    elif any(isinstance(each, keras.layers.SimpleRNN) for each in inner):
        other = (
            " A SimpleRNN has neither gates nor a cell state, so there is nothing of this kind to read in it."
        )
    return (
        f"the model {model.name!r} has no LSTM layer that its output rests on; its layers are {held}.{other} "
        "Pass a model with keras.layers.LSTM"
    )


class LinearOutput(NamedTuple):
    """A model's answer is ``h @ kernel + bias``, with ``h`` the last hidden state of its last LSTM layer.

    Where it has a ``highway``, shape (timesteps * features, horizon), the window itself, as one row, times
    that is added.
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    highway: NDArray[np.float64] | None = None


def linear_output(model: keras.Model) -> LinearOutput | str:
    """The linear output layer that reads the last LSTM layer's last hidden state.

    Returns
    -------
    LinearOutput or str
        Kernel (units, horizon) and bias (horizon,); or why the model has no such layer, as the end of
        a sentence that begins "because".
    """
    outputs = list(model.outputs)
    if len(outputs) > 1:
        return f"the model has {len(outputs)} outputs"
    dense, node, _, within = _maker(outputs[0], ())
    highway = None
    if isinstance(dense, keras.layers.Add) and (parts := _with_highway(model, node, within)):
        highway, (dense, node, _, within) = parts
    if not isinstance(dense, keras.layers.Dense):
        return f"its last layer is {dense.name!r} ({type(dense).__name__}), not a Dense layer"
    if dense.activation is not keras.activations.linear:
        name = getattr(dense.activation, "__name__", type(dense.activation).__name__)
        return f"its output layer {dense.name!r} has the activation {name!r}, which is not linear"
    lstm, _, number, _ = _maker(node.input_tensors[0], within)
    if not is_lstm(lstm):
        return (
            f"its output layer {dense.name!r} reads {lstm.name!r} ({type(lstm).__name__}), not an LSTM layer "
            "directly"
        )
    if number > 1 or (number == 0 and lstm.return_sequences):
        what = "cell state" if number > 1 else "hidden states after every step"
        return f"its output layer {dense.name!r} reads the {what} of {lstm.name!r}, not its last hidden state"
    kernel = np.asarray(dense.kernel, np.float32)
    return LinearOutput(
        kernel,
        np.asarray(dense.bias, np.float32) if dense.use_bias else np.zeros(kernel.shape[1], np.float32),
        highway,
    )


def _with_highway(
    model: keras.Model, added: Any, within: tuple[Any, ...]
) -> tuple[NDArray[np.float64], Any] | None:
    """Of a sum of two layers, the kernel of a linear one that reads the flattened window, and the other."""
    made = [_maker(tensor, within) for tensor in added.input_tensors]
    for straight, other in (made, made[::-1]) if len(made) == 2 else ():
        layer, node, *_ = straight
        if not isinstance(layer, keras.layers.Dense) or layer.activation is not keras.activations.linear:
            continue
        flatten, under, *_ = _maker(node.input_tensors[0], within)
        reads_window = isinstance(flatten, keras.layers.Flatten) and under.input_tensors[0] is model.inputs[0]
        if reads_window and not layer.use_bias:
            return np.asarray(layer.kernel, np.float64), other
    return None


def _maker(tensor: Any, within: tuple[Any, ...]) -> tuple[Any, Any, int, tuple[Any, ...]]:
    """The layer that makes a tensor, its call, which of its results it is, and the models that this lies in.

    Goes through models within models, and through Dropout, which does nothing outside training.
    """
    while True:
        operation, _, number = tensor._keras_history
        node = _made_by(tensor)
        if isinstance(operation, keras.layers.InputLayer) and within:
            outside = within[-1]
            place = [inside is tensor for inside in outside.operation.inputs].index(True)
            tensor, within = outside.input_tensors[place], within[:-1]
        elif isinstance(operation, keras.Model) and getattr(operation, "outputs", None):
            tensor, within = operation.outputs[number], (*within, node)
        elif isinstance(operation, keras.layers.Dropout) and not node.arguments.kwargs.get("training"):
            tensor = node.input_tensors[0]
        else:
            return operation, node, number, within
