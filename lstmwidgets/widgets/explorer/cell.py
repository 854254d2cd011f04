"""The cell on paper: the diagram of its kind, in cells/, with the numbers of one unit at one step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch

from lstmwidgets.analysis.inside.traces import GRULayerTrace, LayerTrace, RNNLayerTrace
from lstmwidgets.model.inside.activations import ACTIVATIONS
from lstmwidgets.widgets.theme import colour

Walked = LayerTrace | GRULayerTrace | RNNLayerTrace

CELLS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "cells").glob("*.json"))
}
"""Where everything stands in the diagram of each cell; cell.js draws the same."""

_ALIGN = {"start": "left", "middle": "center", "end": "right"}
_MINUS = "\N{MINUS SIGN}"


def signs_of(layer: Walked) -> dict[str, str]:
    """How the curves of a layer's gates and of its candidate or state are written."""
    gate = getattr(layer, "recurrent_activation", "sigmoid")
    return {"gate": ACTIVATIONS[gate].sign, "squash": ACTIVATIONS[layer.activation].sign}


def moment_of(layer: Walked, t: int, unit: int) -> dict[str, float]:
    """Every number of one unit at one step, and what the step before left, by the names in cells/."""
    moment = {letter: float(array[t, unit]) for letter, array in layer.arrays.items()}
    before = t + 1 if layer.backwards else t - 1
    known = 0 <= before < len(layer.h)
    h = layer.h[before] if known else layer.initial_h
    moment |= {"x": float(layer.x[t, 0]), "h_before": float(h[unit])}
    if isinstance(layer, LayerTrace):
        moment["c_before"] = float(layer.c[before, unit] if known else layer.initial_c[unit])
        moment["kept"] = moment["f"] * moment["c_before"]
        moment["added"] = moment["i"] * moment["g"]
        moment["shown"] = float(ACTIVATIONS[layer.activation].function(np.array(moment["c"])))
    if isinstance(layer, GRULayerTrace):
        moment["open"] = 1.0 - moment["z"]
        moment["kept"] = moment["z"] * moment["h_before"]
        moment["added"] = moment["open"] * moment["g"]
        moment["heard"] = moment["r"] * moment["h_before"]
    return moment


def result_of(layer: Walked, t: int, unit: int) -> str:
    """What the numbers come to: the equations of the state with those of one step."""
    moment, squash = moment_of(layer, t, unit), signs_of(layer)["squash"]
    n = {name: _written(value) for name, value in moment.items()}
    h = _written(moment["h"], 3)
    if isinstance(layer, LayerTrace):
        text = (
            f"c = f·c + i·g = {n['f']}·{n['c_before']} + {n['added']} = {_written(moment['c'], 3)}\n"
            f"h = o·{squash}(c) = {n['o']}·{n['shown']} = {h}"
        )
    elif isinstance(layer, GRULayerTrace):
        text = (
            f"h = z·h + (1-z)·g = {n['z']}·{n['h_before']} + {n['open']}·{n['g']}\n"
            f"  = {n['kept']} + {n['added']} = {h}"
        )
    else:
        text = f"h = {squash}(x, h before) = {h}"
    return text.replace("-", _MINUS).replace(f"+ {_MINUS}", f"{_MINUS} ")


def draw_cell(axes: Any, layer: Walked, t: int, unit: int) -> None:
    """Draw the cell, wires as wide and as strong as what they carry."""
    moment, cell, signs = moment_of(layer, t, unit), CELLS[layer.cell], signs_of(layer)
    axes.set(xlim=(0, cell["width"]), ylim=(cell["height"], 0), aspect="equal")
    axes.set_axis_off()
    axes.add_patch(_box(cell["body"], 12, facecolor="#f4f4f4", edgecolor="#dddddd"))
    for wire in cell["wires"]:
        x, y = zip(*wire["path"], strict=True)
        size = min(np.nan_to_num(abs(moment[wire["carries"]])), 1.0)
        axes.plot(x, y, color=_hue(wire["gate"]), linewidth=0.8 + 2.6 * size, alpha=0.3 + 0.7 * size)
    for box in cell["boxes"]:
        axes.add_patch(_box(box, box["round"], facecolor="white", edgecolor=_hue(box["gate"])))
        sign = signs.get(box["sign"], box["sign"])
        _sign(axes, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, sign)
    for node in cell["nodes"]:
        circle = Circle((node["x"], node["y"]), 8, facecolor="white", edgecolor=colour("quiet"), zorder=3)
        axes.add_patch(circle)
        _sign(axes, node["x"], node["y"], node["sign"])
    for number in cell["numbers"]:
        name = "x[0]" if number["shows"] == "x" and layer.x.shape[1] > 1 else number["name"]
        text = f"{name} {_written(moment[number['shows']])}".strip()
        style = {"ha": _ALIGN[number["anchor"]], "color": _hue(number["gate"]), "fontweight": "bold"}
        axes.text(number["x"], number["y"], text, fontsize=7, va="baseline", zorder=5, **style)


def _written(value: float, digits: int = 2) -> str:
    """A number as short as its wire has room for."""
    text = f"{value:.1e}".replace("e+0", "e") if abs(value) >= 1e5 else f"{value:.{digits}f}"
    return text.replace("-", _MINUS)


def _box(place: dict[str, Any], rounding: float, **style: Any) -> FancyBboxPatch:
    corner = place["x"] + rounding, place["y"] + rounding
    inner = place["width"] - 2 * rounding, place["height"] - 2 * rounding
    return FancyBboxPatch(corner, *inner, boxstyle=f"round,pad={rounding}", zorder=2, linewidth=1.1, **style)


def _sign(axes: Any, x: float, y: float, text: str) -> None:
    size = 7 if len(text) < 5 else 5
    axes.text(x, y, text, ha="center", va="center", fontsize=size, color="#212121", zorder=4)


def _hue(gate: str) -> str:
    return colour("actual" if gate == "x" else f"gate-{gate}")
