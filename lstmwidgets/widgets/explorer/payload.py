"""A trace as the browser takes it: facts, and one block of float32 numbers cut into named arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.cells import AttentionTrace, timesteps_and_units
from lstmwidgets.analysis.inside.ledger import forecast_shares, memory_ledger, rests_on
from lstmwidgets.analysis.inside.traces import AnyLayer, AnyWindow, GRULayerTrace, LayerTrace
from lstmwidgets.analysis.inside.units import order_units, orders_of
from lstmwidgets.model.inside.activations import ACTIVATIONS
from lstmwidgets.widgets.browser.blocks import joined
from lstmwidgets.widgets.explorer.cell import signs_of
from lstmwidgets.widgets.explorer.notes import NAMES, notes_of
from lstmwidgets.widgets.explorer.scales import ATTENTION, LEDGER, attention_scale, ledger_scale, scales_of


@dataclass(frozen=True)
class Packed:
    """What is sent of one window.

    Attributes
    ----------
    facts : dict
        JSON: ``arrays`` (name, shape and byte offset of each array in the block), sizes, labels, words.
    block : bytes
        The arrays one after another, float32, C order.
    weights : bytes
        ``facts["weights"]`` cut likewise: the layer's, which are the same for every window.
    """

    facts: dict[str, Any]
    block: bytes
    weights: bytes


@dataclass(frozen=True)
class Surroundings:
    """What a series adds to a window's trace, in its unit.

    Attributes
    ----------
    before : float64 array
        The season before the window, for the seasonal naive; may be empty.
    actual : float64 array, shape (horizon,)
        What came, NaN where it is not known.
    season : int
    labels : tuple of str
        The time of each step read and each step ahead.
    """

    before: NDArray[np.float64]
    actual: NDArray[np.float64]
    season: int
    labels: tuple[str, ...]


def pack(trace: AnyWindow, layer: AnyLayer, around: Surroundings | None) -> Packed:
    """Everything that the browser draws of one layer over one window."""
    timesteps, units = timesteps_and_units(layer)
    scales, arrays = scales_of(layer), dict[str, ArrayLike](layer.arrays)
    orders = orders_of(layer)
    rests: list[str] = []
    whole = bool(layer is trace.layer and layer.gates and trace.head is not None)
    if layer.gates:
        ledger = memory_ledger(layer)
        scales[LEDGER] = ledger_scale(ledger.contributions)
        arrays |= {LEDGER: ledger.contributions, "half_life": ledger.half_life}
        if whole:
            shares = forecast_shares(ledger, trace)
            arrays["share"] = shares
            rests = [rests_on(shares[:, [ahead]]) for ahead in range(shares.shape[1])]
    weights_named: dict[str, ArrayLike] = {}
    if not isinstance(layer, AttentionTrace):
        arrays |= {"x": layer.x, "initial_h": layer.initial_h}
        names = ("kernel", "recurrent_kernel", "bias")
        weights_named = {name: getattr(layer, name) for name in names}
    if isinstance(layer, LayerTrace):
        arrays["initial_c"] = layer.initial_c
        if layer.activation != "tanh":  # which the browser has itself
            arrays["shown"] = ACTIVATIONS[layer.activation].function(layer.c)
    if isinstance(layer, GRULayerTrace):
        weights_named["recurrent_bias"] = layer.recurrent_bias
    if (look := attention_beside(trace, layer)) is not None:
        arrays[ATTENTION], scales[ATTENTION] = look.a, attention_scale(look.a)
    horizon = 0
    labels = steps_in_words(timesteps)
    if around is not None and trace.values is not None:
        horizon = len(around.actual)
        labels = list(around.labels)
        arrays |= {"values": trace.values, "before": around.before}
        arrays |= {"actual": around.actual}
    arrays |= {f"order {name}": order_units(trace if whole else layer, name) for name in orders}
    cut, block = joined(arrays)
    cut_weights, weights = joined(weights_named)
    facts = {
        "arrays": cut,
        "weights": cut_weights,
        "cell": layer.cell,
        "letters": list(layer.letters),
        "names": NAMES,
        "signs": {} if isinstance(layer, AttentionTrace) else signs_of(layer),
        "reset_after": bool(getattr(layer, "reset_after", False)),
        "scales": {name: scale.facts() for name, scale in scales.items()},
        "timesteps": timesteps,
        "units": units,
        "heads": 0 if look is None else look.a.shape[1],
        "features": 0 if isinstance(layer, AttentionTrace) else int(layer.x.shape[1]),
        "horizon": horizon,
        "season": around.season if around else 1,
        "backwards": bool(layer.backwards),
        "labels": labels,
        "start": trace.start,
        "rests": rests,
        "notes": notes_of(layer, trace, scales),
        "orders": list(orders),
        "layers": [each.name for each in trace.layers],
    }
    return Packed(facts, block, weights)


def attention_beside(trace: AnyWindow, layer: AnyLayer) -> AttentionTrace | None:
    """The last attention layer, to be shown below the strips of a layer with as many steps."""
    if isinstance(layer, AttentionTrace) or not trace.attention:
        return None
    last = trace.attention[-1]
    return last if len(last.a) == len(layer.h) else None


def steps_in_words(timesteps: int) -> list[str]:
    """For a window without times.

    Examples
    --------
    >>> steps_in_words(3)
    ['step 0', 'step 1', 'step 2']
    """
    return [f"step {step}" for step in range(timesteps)]
