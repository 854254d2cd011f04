"""How long a batch takes on a machine: what each way of running a layer costs, fitted to timed batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lstmwidgets.config import LSTMConfig
from lstmwidgets.model.shapes import encoder_of, heads_of, weight_shapes

WAYS = ("lstm", "gru", "keras", "readout", "encoder")
"""The kernels for LSTM and GRU, Keras' own loop over the steps, attention of the last step, and of all."""

GATES = {"lstm": 4, "gru": 3, "rnn": 1, "bilstm": 4, "lstm_attention": 4}
"""Of each unit, the candidate counted among them."""

_CALLS = {"gru": 1.4, "rnn": 0.4}  # operations a step in Keras' loop, where an LSTM's are one
_FUSED = ("tanh", "sigmoid")


class Work(NamedTuple):
    """What a batch asks for, forward and backward; each has a cost of its own.

    Attributes
    ----------
    layers : float
        Layers run one after another: what is paid once a batch, however small.
    steps : float
        Steps taken one after another, in all layers; on Keras' way by how much there is to call in each.
    elements : float
        Values that go through an activation or a softmax.
    flops : float
        Floating-point operations of the products.
    """

    layers: float = 0.0
    steps: float = 0.0
    elements: float = 0.0
    flops: float = 0.0


class Timed(NamedTuple):
    """One batch of ``rows`` windows took ``seconds``."""

    config: LSTMConfig
    rows: int
    seconds: float


@dataclass(frozen=True)
class Pace:
    """Seconds that each kind of work takes, by way, on one machine.

    Attributes
    ----------
    costs : mapping of way to Work
        Seconds for one of each.
    compiling : mapping of way to float
        Seconds to compile a layer run that way, before its first batch.
    starting : float
        Seconds that the first of all trainings in a process takes longer.
    """

    costs: Mapping[str, Work]
    compiling: Mapping[str, float]
    starting: float

    def seconds(self, config: LSTMConfig, rows: int, features: int = 1) -> float:
        """Seconds of one training batch of ``rows`` windows."""
        asked = work_of(config, rows, features)
        return sum(float(np.dot(self.costs[way], work)) for way, work in asked.items())

    def first_seconds(self, config: LSTMConfig) -> float:
        """Seconds of compiling before the first batch."""
        each = [self.compiling[way] for way in ways_of(config)]
        return self.starting + max(each) + (config.layers - 1) * 0.5 * each[0]

    def scaled(self, ratio: float) -> Pace:
        """That of a machine that takes ``ratio`` times as long."""
        return Pace(
            {way: Work(*(ratio * cost for cost in costs)) for way, costs in self.costs.items()},
            {way: ratio * seconds for way, seconds in self.compiling.items()},
            ratio * self.starting,
        )


def way_of(config: LSTMConfig) -> str:
    """How the recurrent layers of a config are run, or for a transformer its blocks."""
    if config.cell == "transformer":
        return "encoder"
    if config.cell == "rnn" or (config.activation, config.recurrent_activation) != _FUSED:
        return "keras"
    return "gru" if config.cell == "gru" else "lstm"


def ways_of(config: LSTMConfig) -> tuple[str, ...]:
    """Every way that the layers of a config are run, that of the recurrent ones first."""
    return (way_of(config), "readout") if config.cell == "lstm_attention" else (way_of(config),)


def forward_flops(config: LSTMConfig, features: int = 1) -> dict[str, int]:
    """Floating-point operations of the products for one window on its way forward, by way.

    Two for each weight and each time that it is used: once a step, or once a window behind the last
    step. In an attention every step also meets every other twice: to be weighed, and to be summed.
    """
    length, once = config.sequence_length, ["forecast/", "highway/"]
    if config.cell == "lstm_attention":  # one question, of the last state, is asked of all steps
        once += ["attention/query/", "attention/attention_output/"]
    found = dict.fromkeys(ways_of(config), 0)
    for name, shape in weight_shapes(config, features).items():
        if name.endswith("kernel"):
            way = "readout" if name.startswith("attention/") else way_of(config)
            found[way] += 2 * math.prod(shape) * (1 if name.startswith(tuple(once)) else length)
    if config.cell == "lstm_attention":
        found["readout"] += 4 * length * config.units
    elif config.cell == "transformer":
        found["encoder"] += 4 * config.layers * length**2 * encoder_of(config, features).width
    return found


def work_of(config: LSTMConfig, rows: int, features: int = 1) -> dict[str, Work]:
    """What one training batch of ``rows`` windows asks for, by way."""
    flops = {way: 3.0 * rows * count for way, count in forward_flops(config, features).items()}
    length, layers, units = config.sequence_length, config.layers, config.units
    if config.cell == "transformer":
        sizes = encoder_of(config, features)
        each = sizes.heads * length + 8 * sizes.width + sizes.inner
        return {"encoder": Work(layers, 0.0, rows * length * layers * each, flops["encoder"])}
    way, walks = way_of(config), 2 if config.cell == "bilstm" else 1  # which run side by side
    elements = rows * length * layers * walks * units * GATES[config.cell]
    steps = layers * length * (_CALLS.get(config.cell, 1.0) if way == "keras" else 1.0)
    found = {way: Work(layers, steps, elements, flops[way])}
    if config.cell == "lstm_attention":
        elements = rows * length * (heads_of(units) + 2 * units)
        found["readout"] = Work(1.0, 0.0, elements, flops["readout"])
    return found


REFERENCE = Pace(
    {
        "lstm": Work(3.0e-4, 0.0, 6.7e-10, 7.4e-12),
        "gru": Work(2.3e-4, 0.0, 9.9e-10, 5.8e-12),
        "keras": Work(4.4e-4, 1.1e-4, 3.4e-9, 1.5e-11),
        "readout": Work(1.4e-3, 0.0, 0.0, 3.0e-11),
        "encoder": Work(2.0e-3, 0.0, 5.9e-9, 7.5e-12),
    },
    {"lstm": 0.35, "gru": 0.35, "keras": 0.6, "readout": 0.75, "encoder": 1.3},
    starting=0.3,
)
"""Two cores of a server (AMD EPYC), fitted to 65 timed batches of 50 configs: rough for any other, but it
knows how the cost of each way divides among its kinds of work."""

_TRUST = 0.2
"""What the reference counts for beside one timed batch: it decides what few batches leave open."""

_LEAST = 0.1
"""Share of a batch that an attention is taken to need at least, timed together with the layers below it."""


def fitted(
    timed: Iterable[Timed],
    compiling: Mapping[str, float],
    starting: float | None = None,
    reference: Pace = REFERENCE,
) -> Pace:
    """The pace of a machine on which these batches were timed.

    The reference knows how the cost of a way divides among its parts. Each way here gets two factors, one for
    what is paid however small a batch is (layers and steps) and one for the arithmetic, by least squares of
    the relative errors. A way that was not timed gets the median of what the others take.

    Parameters
    ----------
    timed : iterable of Timed
    compiling : mapping of way to float
        Seconds, for the ways that were compiled.
    starting : float, optional
        Seconds.
    reference : Pace
    """
    from scipy.optimize import nnls  # type: ignore[import-untyped]  # for the process that times

    samples = list(timed)
    costs: dict[str, Work] = {}
    overall: dict[str, float] = {}
    for way in WAYS:
        shares = []
        for config, rows, seconds in samples:
            *below, top = ways_of(config)
            if top == way:
                work = work_of(config, rows)
                left = seconds - sum([float(np.dot(costs[each], work[each])) for each in below])
                parts = np.multiply(reference.costs[way], work[way]) / max(left, _LEAST * seconds)
                shares.append([parts[:2].sum(), parts[2:].sum()])
        if shares:
            overall[way] = float(np.median(1.0 / np.sum(shares, axis=1)))
            beside = math.sqrt(_TRUST)
            table = np.vstack([shares, beside / overall[way] * np.eye(2)])
            wanted = np.concatenate([np.ones(len(shares)), [beside, beside]])
            (fixed, arithmetic), _ = nnls(table, wanted)
            factors = fixed, fixed, arithmetic, arithmetic
            costs[way] = Work(*np.multiply(factors, reference.costs[way]).tolist())
    rest = reference.scaled(float(np.median(list(overall.values()))) if overall else 1.0)
    return Pace(
        {**rest.costs, **costs},
        {**rest.compiling, **compiling},
        rest.starting if starting is None else starting,
    )
