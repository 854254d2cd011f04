"""The way through a Keras model's graph, from its input to what each recurrent and attention layer reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.inside.recurrent import MEMORIES, check_activations, is_recurrent


@dataclass(frozen=True, eq=False)
class Call:
    """One place in a model's graph where a recurrent layer, or a pair of them, is called."""

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
class Attend:
    """One place in a model's graph where a MultiHeadAttention layer is called."""

    layer: Any
    name: str
    arguments: dict[str, Any]
    direct: ClassVar[bool] = False

    @property
    def reads(self) -> list[Any]:
        """The symbolic tensors among its arguments."""
        return [value for value in self.arguments.values() if isinstance(value, keras.KerasTensor)]


@dataclass(frozen=True, eq=False)
class Nested:
    """One place where a model within the model is called."""

    graph: Graph
    arguments: list[Any]

    @property
    def reads(self) -> list[Any]:
        """Its arguments, unless nothing within it needs them."""
        return self.arguments if any(not call.direct for call in calls(self.graph)) else []


@dataclass(frozen=True, eq=False)
class Graph:
    inputs: list[Any]
    parts: list[Call | Attend | Nested]


def checked_ends(model: Any) -> tuple[list[Any], list[Any]]:
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


def graph_of(inputs: list[Any], outputs: list[Any], prefix: str, given: set[int]) -> Graph:
    """Every call that the outputs rest on, in order; ``given`` are the tensors that are the window."""
    parts: list[Call | Attend | Nested] = []
    times_called: dict[str, int] = {}
    for node in _nodes(outputs):
        operation = node.operation
        times_called[operation.name] = times_called.get(operation.name, 0) + 1
        again = "" if times_called[operation.name] == 1 else f" (call {times_called[operation.name]})"
        if is_recurrent(operation) or _is_pair(operation):
            parts.append(_call(node, prefix, again, given))
        elif isinstance(operation, keras.layers.MultiHeadAttention) and _over_steps(node):
            parts.append(Attend(operation, f"{prefix}{operation.name}{again}", _named_arguments(node)))
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
                parts.append(Nested(within, arguments))
        elif isinstance(operation, keras.Layer):
            _check_hides_no_memory(operation)
    return Graph(inputs, parts)


def _nodes(outputs: list[Any]) -> list[Any]:
    """Every call that the outputs rest on, each after those whose results it reads."""
    ordered, seen = [], set()
    stack = [(made_by(tensor), False) for tensor in reversed(outputs)]
    while stack:
        node, parents_done = stack.pop()
        if parents_done:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((made_by(tensor), False) for tensor in reversed(node.input_tensors))
    return ordered


def made_by(tensor: Any) -> Any:
    operation, number, _ = tensor._keras_history
    return operation._inbound_nodes[number]


def _call(node: Any, prefix: str, again: str, given: set[int]) -> Call:
    layer = node.operation
    arguments = _named_arguments(node, ("sequences", "initial_state", "mask"))
    sequence, mask, handed = (arguments.get(name) for name in ("sequences", "mask", "initial_state"))
    states = () if handed is None else tuple(keras.tree.flatten(handed))
    halves: tuple[Any, ...] = (layer,)
    if _is_pair(layer):
        halves = layer.forward_layer, layer.backward_layer
        if halves[0].go_backwards:
            middle = len(states) // 2
            halves, states = halves[::-1], (*states[middle:], *states[:middle])
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


def _named_arguments(
    node: Any, names: tuple[str, ...] = ("query", "value", "key", "query_mask", "value_mask", "key_mask")
) -> dict[str, Any]:
    return dict(zip(names, node.arguments.args, strict=False)) | node.arguments.kwargs


def _over_steps(node: Any) -> bool:
    """Whether its attention goes over one axis, that of the steps."""
    return len(node.input_tensors[0].shape) == 3


def calls(graph: Graph) -> Iterator[Call | Attend]:
    for part in graph.parts:
        if isinstance(part, Nested):
            yield from calls(part.graph)
        else:
            yield part


def _is_pair(operation: Any) -> bool:
    """Whether it is Bidirectional with such layers for both halves."""
    return isinstance(operation, keras.layers.Bidirectional) and all(
        is_recurrent(half) for half in (operation.forward_layer, operation.backward_layer)
    )


def _check_hides_no_memory(layer: Any) -> None:
    hidden = [inner for inner in layer._flatten_layers() if isinstance(inner, MEMORIES)]
    if not hidden:
        return
    kind, held = type(layer).__name__, type(hidden[0]).__name__
    if isinstance(layer, keras.layers.TimeDistributed):
        reason = "runs it once for each step, so that there is not one walk to read: pass the model inside"
    elif isinstance(layer, keras.layers.RNN):
        plain = held.removesuffix("Cell")
        reason = f"walks its cells itself: use keras.layers.{plain}, which takes the same weights"
    else:
        reason = "calls it in its own code: pass a model in which that layer stands by itself"
    raise LSTMWidgetsError(
        f"the layer {layer.name!r} ({kind}) holds {hidden[0].name!r} ({held}) and {reason}"
    )


def without_memory(model: Any) -> str:
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    held = ", ".join(f"{layer.name!r} ({type(layer).__name__})" for layer in layers)
    return (
        f"the model {model.name!r} has no recurrent and no attention layer that its output rests on; its "
        f"layers are {held}. Pass a model with keras.layers.LSTM, GRU, SimpleRNN or MultiHeadAttention"
    )
