"""Compiled passes over windows, kept for the next network of the same kind: only the first one compiles."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.data.windows import Windows
from lstmwidgets.model.backend import keras, tf
from lstmwidgets.model.build import kind_of

Loss = Literal["squared", "absolute"]
State = list[tf.Variable]
"""The variables of a network in their order, and for a training those of its optimizer after them."""

MOST_KEPT = 24
"""How many programs are kept; the one not asked for longest goes first.

Each holds about 5 MB. A config needs two, to train and to forecast, and a validation curve goes around all
of its configs with one seed after another.
"""

_compiled = tf.function(
    autograph=False
)  # rewriting Python takes longer than all the rest, and nothing needs it
_BATCH = tf.TensorSpec([None], tf.int32)
_BATCHES = tf.TensorSpec([None, None], tf.int32)
_COLUMN = tf.TensorSpec([None], tf.float32)


class Cut(NamedTuple):
    """All of some windows that compiled code depends on; how many there are is not among it."""

    sequence_length: int
    horizon: int
    centres: tuple[float, ...]
    all_known: bool


class Table(NamedTuple):
    """The tensors of one series: what is read, (timesteps, features), what came, and 1 where it was observed.

    Where every target was, nothing looks at the last one and it is empty.
    """

    values: tf.Tensor
    came: tf.Tensor
    known: tf.Tensor


def cut_and_table(windows: Windows) -> tuple[Cut, Table]:
    """What a pass over some windows is compiled for, and what it is then handed."""
    centres = tuple(windows.centres.tolist())
    cut = Cut(windows.sequence_length, windows.horizon, centres, windows.all_known)
    # A missing value would reach the gradient as 0 times NaN: put a number there that counts for nothing.
    came = np.where(windows.known, windows.values[:, 0], np.float32(0))
    known = np.empty(0) if cut.all_known else windows.known
    return cut, Table(tf.constant(windows.values), tf.constant(came), tf.constant(known.astype(np.float32)))


class Program:
    """Training, measuring and forecasting as compiled functions of a state and of a series' tensors.

    Batches are gathered from the series by index inside the compiled functions: no window matrix
    is ever held, and no Python runs between the batches of one call. Each is compiled when first called.

    Parameters
    ----------
    network : keras.Model
        Its layers are what is compiled; the weights are those of whoever calls.
    optimizer : keras.optimizers.Optimizer or None
        Built on that network.
    cut : Cut
    loss : "squared" or "absolute"
    shared : bool
        Whether others than this network and optimizer call: their state is then moved in and out.
    """

    def __init__(
        self,
        network: keras.Model,
        optimizer: keras.optimizers.Optimizer | None,
        cut: Cut,
        loss: Loss,
        shared: bool,
    ) -> None:
        self.shared = shared
        self._network, self._optimizer, self._cut = network, optimizer, cut
        self._size = tf.square if loss == "squared" else tf.abs
        self._at_work = threading.Lock()

    def train(self, state: State, table: Table, batches: NDArray[np.int32]) -> float:
        """Update a state by one batch after the other; the sum of the batches' mean losses.

        An optimizer knows nothing but the variables that it was built on. So a shared program has
        variables of its own, which take the state over and hand it back within the same call: between
        calls it remembers nothing, and trainings may take turns at it.
        """
        with self._at_work:
            return float(self._train(state if self.shared else [], *table, tf.constant(batches)))

    def measure(self, weights: State, table: Table, starts: NDArray[np.int32]) -> float:
        """The sum of the error sizes over all targets observed."""
        with self._at_work:  # Keras' layers keep notes while they are compiled
            measure = self._measure
        return float(measure(weights, *table, tf.constant(starts)))

    def forecast(self, weights: State, table: Table, starts: NDArray[np.int32]) -> NDArray[np.float32]:
        """What a network of these weights answers, scaled and centred: (windows, horizon)."""
        with self._at_work:
            forecast = self._forecast
        answers: NDArray[np.float32] = forecast(weights, table.values, tf.constant(starts)).numpy()
        return answers

    @cached_property
    def _train(self) -> Any:
        network, optimizer = self._network, self._optimizer
        assert optimizer is not None, "only a program with an optimizer trains"
        own = state_of(network, optimizer) if self.shared else []

        @_compiled
        def train(state: State, values: Any, came: Any, known: Any, batches: Any) -> tf.Tensor:
            for mine, theirs in zip(own, state, strict=True):
                mine.assign(theirs)

            def one_batch(number: Any, total: Any) -> tuple[Any, Any]:
                starts = batches[number]
                with tf.GradientTape() as tape:
                    inputs, level = self._gather(values, starts)
                    answers = network(inputs, training=True)
                    sizes, count = self._errors(answers, level, came, known, starts)
                    mean = tf.reduce_sum(sizes) / count
                weights = network.trainable_variables
                optimizer.apply(tape.gradient(mean, weights), weights)
                return number + 1, total + tf.cast(mean, tf.float64)

            end = tf.shape(batches)[0]
            zeros = tf.constant(0), tf.constant(0.0, tf.float64)
            _, total = tf.while_loop(lambda number, _: number < end, one_batch, zeros)
            for mine, theirs in zip(own, state, strict=True):
                theirs.assign(mine)
            return total

        return train.get_concrete_function(own, *self._table, _BATCHES)

    @cached_property
    def _measure(self) -> Any:
        @_compiled
        def measure(weights: State, values: Any, came: Any, known: Any, starts: Any) -> tf.Tensor:
            inputs, level = self._gather(values, starts)
            sizes, _ = self._errors(self._answer(weights, inputs), level, came, known, starts)
            return tf.reduce_sum(tf.cast(sizes, tf.float64))

        return measure.get_concrete_function(state_of(self._network), *self._table, _BATCH)

    @cached_property
    def _forecast(self) -> Any:
        @_compiled
        def forecast(weights: State, values: Any, starts: Any) -> tf.Tensor:
            return self._answer(weights, self._gather(values, starts)[0])

        return forecast.get_concrete_function(state_of(self._network), self._table[0], _BATCH)

    @property
    def _table(self) -> tuple[tf.TensorSpec, ...]:
        return tf.TensorSpec([None, len(self._cut.centres)], tf.float32), _COLUMN, _COLUMN

    def _answer(self, weights: State, inputs: Any) -> Any:
        """The network's answers with other weights in the place of its own."""
        pairs = list(zip(self._network.variables, weights, strict=True))
        with keras.StatelessScope(pairs) as scope:
            answers = self._network(inputs, training=False)
        for mine, theirs in pairs:
            if not mine.trainable:  # the seed of a dropout, which Keras moves on at every pass
                theirs.assign(scope.get_current_value(mine))
        return answers

    def _gather(self, values: Any, starts: Any) -> tuple[Any, Any]:
        """What each window reads, and the level that its answer is relative to."""
        inputs = tf.gather(values, starts[:, None] + tf.range(self._cut.sequence_length))
        centres = self._cut.centres
        if not any(centres):
            return inputs, 0.0
        last = inputs[:, -1:, :] if all(centres) else inputs[:, -1:, :] * tf.constant(centres)
        return inputs - last, last[:, :, 0]

    def _errors(self, answers: Any, level: Any, came: Any, known: Any, starts: Any) -> tuple[Any, Any]:
        """Error sizes, 0 where the target was not observed, and how many targets were."""
        begin = self._cut.sequence_length
        places = starts[:, None] + tf.range(begin, begin + self._cut.horizon)
        sizes = self._size(answers - (tf.gather(came, places) - level))
        if self._cut.all_known:
            return sizes, tf.cast(tf.size(sizes), tf.float32)
        observed = tf.gather(known, places)
        return sizes * observed, tf.reduce_sum(observed)


def state_of(network: keras.Model, optimizer: keras.optimizers.Optimizer | None = None) -> State:
    """The variables that a program works on for this network, and where it trains for its optimizer."""
    variables = [*network.variables, *(() if optimizer is None else optimizer.variables)]
    return [variable.value for variable in variables]


_kept: OrderedDict[Any, Program] = OrderedDict()
_keeping = threading.Lock()


def program_for(
    network: keras.Model,
    optimizer: keras.optimizers.Optimizer | None,
    cut: Cut,
    loss: Loss,
    alone: bool = False,
) -> Program:
    """The program that serves all networks and optimizers of these kinds, made now if there is none.

    A network that `build` did not make, or an optimizer with anything in it that is not of Keras, gets a
    program to itself: two of them may look the same and do something else.
    """
    kinds = kind_of(network), "" if optimizer is None else _kind_of_optimizer(optimizer)
    if alone or None in kinds:
        return Program(network, optimizer, cut, loss, shared=False)
    key = *kinds, cut, loss
    with _keeping:
        if key not in _kept:
            _kept[key] = Program(*_copies(network, optimizer), cut, loss, shared=True)
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return _kept[key]


def _kind_of_optimizer(optimizer: keras.optimizers.Optimizer) -> str | None:
    """All that decides how an optimizer works but its state, of which a learning rate that is a number is."""
    config = {**optimizer.get_config(), "name": None}
    schedule = config["learning_rate"]
    if isinstance(schedule, float):
        config["learning_rate"] = None
    makers = type(optimizer).__module__, *_values_of("module", config)
    if not optimizer.built or not all(str(module).split(".")[0] == "keras" for module in makers):
        return None
    return json.dumps([type(optimizer).__name__, config], sort_keys=True)


def _values_of(name: str, config: Any) -> Iterator[str]:
    """Every value of this name in a nested config."""
    for key, value in config.items() if isinstance(config, dict) else ():
        if key == name:
            yield value
        yield from _values_of(name, value)


def _copies(
    network: keras.Model, optimizer: keras.optimizers.Optimizer | None
) -> tuple[keras.Model, keras.optimizers.Optimizer | None]:
    network = type(network).from_config(network.get_config())
    if optimizer is not None:
        optimizer = type(optimizer).from_config(optimizer.get_config())
        optimizer.build(network.trainable_variables)
    return network, optimizer
