"""What an explorer says beside its strips: gates that stand still, states that explode, what is not there."""

from __future__ import annotations

import numpy as np

from lstmwidgets.analysis.inside.attention import looks_at
from lstmwidgets.analysis.inside.cells import AttentionTrace
from lstmwidgets.analysis.inside.traces import AnyLayer, AnyWindow
from lstmwidgets.analysis.inside.units import dead_units, saturation
from lstmwidgets.widgets.explorer.scales import FAR, Scale

NAMES = {
    "i": "input gate",
    "f": "forget gate",
    "g": "candidate",
    "o": "output gate",
    "c": "cell state",
    "h": "hidden state",
    "z": "update gate",
    "r": "reset gate",
    "a": "attention",
}
"""Every array by its letter."""


def notes_of(layer: AnyLayer, found: AnyWindow, scales: dict[str, Scale]) -> list[str]:
    """Sentences about one layer over one window."""
    said = _standing(layer) if layer.gates else []
    said += _exploding(layer, scales)
    if not isinstance(layer, AttentionTrace):
        dead = dead_units(layer)
        if len(dead):
            few = ", ".join(map(str, dead[:8])) + (", …" if len(dead) > 8 else "")
            said.append(f"{len(dead)} of {layer.h.shape[1]} units show nothing in this window: {few}.")
    for each in [layer] if isinstance(layer, AttentionTrace) else found.attention[-1:]:
        said += looks_at(each)
    return said


def _standing(layer: AnyLayer) -> list[str]:
    """Gates that no longer move; one that is no share, as with relu, is never shut or open."""
    shares = saturation(layer)
    shut_or_open = [name for name in layer.gates if name != "g" and layer.limits(name) == (0.0, 1.0)]
    said = [
        f"{NAMES[name]}s {state} {share:.0%} of the time"
        for state, column in (("shut", "low"), ("open", "high"))
        for name in shut_or_open
        if (share := float(shares.loc[name, column])) >= 0.01  # type: ignore[arg-type]
    ]
    if said:
        return [f"Saturated: {', '.join(said)}."]
    return ["Hardly any gate is ever fully shut or fully open."] if shut_or_open else []


def _exploding(layer: AnyLayer, scales: dict[str, Scale]) -> list[str]:
    said = []
    broken = [letter for letter, array in layer.arrays.items() if not np.isfinite(array).all()]
    if broken:
        first = min(
            int(np.flatnonzero(~np.isfinite(layer.arrays[letter]).all(axis=1))[0]) for letter in broken
        )
        said.append(f"Exploded: from step {first} on, {' and '.join(broken)} are beyond all numbers.")
    bent = [letter for letter, scale in scales.items() if scale.bend]
    if bent:
        said.append(
            f"Values of {' and '.join(bent)} go beyond {FAR:g}, for nothing holds them with "
            f"{getattr(layer, 'activation', 'this activation')}: their shades follow the order of magnitude."
        )
    return said
