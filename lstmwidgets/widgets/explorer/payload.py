"""A trace as the browser takes it: facts, and one block of float32 numbers cut into named arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.inside.ledger import forecast_shares, memory_ledger, rests_on
from lstmwidgets.analysis.inside.tracing import LayerTrace, WindowTrace
from lstmwidgets.analysis.inside.units import dead_units, order_units, saturation
from lstmwidgets.widgets.browser.blocks import joined

GATES = {"i": "input gates", "f": "forget gates", "o": "output gates"}
ORDERS = ("index", "half-life", "similarity", "contribution")


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


def pack(trace: WindowTrace, layer: LayerTrace, around: Surroundings | None) -> Packed:
    """Everything that the browser draws of one layer over one window."""
    timesteps, units = layer.h.shape
    ledger = memory_ledger(layer)
    arrays: dict[str, ArrayLike] = {name: getattr(layer, name) for name in "ifgoch"}
    arrays |= {
        "ledger": ledger.contributions,
        "x": layer.x,
        "initial_c": layer.initial_c,
        "initial_h": layer.initial_h,
        "half_life": ledger.half_life,
    }
    rests: list[str] = []
    whole = layer is trace.layer and trace.head is not None
    if whole:
        shares = forecast_shares(ledger, trace)
        arrays["share"] = shares
        rests = [rests_on(shares[:, [ahead]]) for ahead in range(shares.shape[1])]
    horizon = 0
    labels = steps_in_words(timesteps)
    if around is not None and trace.values is not None:
        horizon = len(around.actual)
        labels = list(around.labels)
        arrays |= {"values": trace.values, "before": around.before}
        arrays |= {"actual": around.actual}
    arrays |= {f"order {name}": order_units(trace if whole else layer, name) for name in ORDERS}
    cut, block = joined(arrays)
    names = ("kernel", "recurrent_kernel", "bias")
    cut_weights, weights = joined({name: getattr(layer, name) for name in names})
    facts = {
        "arrays": cut,
        "weights": cut_weights,
        "timesteps": timesteps,
        "units": units,
        "features": int(layer.x.shape[1]),
        "horizon": horizon,
        "season": around.season if around else 1,
        "backwards": bool(layer.backwards),
        "labels": labels,
        "start": trace.start,
        "rests": rests,
        "notes": _notes(layer),
        "orders": list(ORDERS),
        "layers": [each.name for each in trace.layers],
    }
    return Packed(facts, block, weights)


def steps_in_words(timesteps: int) -> list[str]:
    """For a window without times.

    Examples
    --------
    >>> steps_in_words(3)
    ['step 0', 'step 1', 'step 2']
    """
    return [f"step {step}" for step in range(timesteps)]


def _notes(layer: LayerTrace) -> list[str]:
    """What the strips show of gates that no longer move, and of units that never did."""
    shares = saturation(layer)
    said = [
        f"{GATES[name]} {state} {share:.0%} of the time"
        for state, column in (("shut", "low"), ("open", "high"))
        for name, share in zip("ifgo", shares[column].to_numpy(np.float64), strict=True)
        if name in GATES and share >= 0.01
    ]
    notes = ["Hardly any gate is ever fully shut or fully open."]
    if said:
        notes = [f"Saturated: {', '.join(said)}."]
    dead = dead_units(layer)
    if len(dead):
        few = ", ".join(map(str, dead[:8])) + (", …" if len(dead) > 8 else "")
        notes.append(f"{len(dead)} of {layer.h.shape[1]} units show nothing in this window: {few}.")
    return notes
