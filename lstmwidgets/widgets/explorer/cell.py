"""The cell on paper: the diagram of cell.json with the numbers of one unit at one step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.patches import Circle, FancyBboxPatch

from lstmwidgets.analysis.inside.tracing import LayerTrace
from lstmwidgets.widgets.theme import GATES, colour

CELL = json.loads(Path(__file__).with_name("cell.json").read_text(encoding="utf-8"))
_ALIGN = {"start": "left", "middle": "center", "end": "right"}


def moment_of(layer: LayerTrace, t: int, unit: int) -> dict[str, float]:
    """Every number of one unit at one step, and what the step before left, by the names in cell.json."""
    moment = {gate: float(getattr(layer, gate)[t, unit]) for gate in GATES}
    before = t + 1 if layer.backwards else t - 1
    known = 0 <= before < len(layer.h)
    moment["c_before"] = float(layer.c[before, unit] if known else layer.initial_c[unit])
    moment["h_before"] = float(layer.h[before, unit] if known else layer.initial_h[unit])
    moment["kept"] = moment["f"] * moment["c_before"]
    moment["added"] = moment["i"] * moment["g"]
    moment["tanh_c"] = float(np.tanh(moment["c"]))
    moment["x"] = float(layer.x[t, 0])
    return moment


def draw_cell(axes: Any, layer: LayerTrace, t: int, unit: int) -> None:
    """Draw the cell, wires as wide and as strong as what they carry."""
    moment = moment_of(layer, t, unit)
    axes.set(xlim=(0, CELL["width"]), ylim=(CELL["height"], 0), aspect="equal")
    axes.set_axis_off()
    axes.add_patch(_box(CELL["body"], 12, facecolor="#f4f4f4", edgecolor="#dddddd"))
    for wire in CELL["wires"]:
        x, y = zip(*wire["path"], strict=True)
        size = min(abs(moment[wire["carries"]]), 1.0)
        axes.plot(x, y, color=_hue(wire["gate"]), linewidth=0.8 + 2.6 * size, alpha=0.3 + 0.7 * size)
    for box in CELL["boxes"]:
        axes.add_patch(_box(box, box["round"], facecolor="white", edgecolor=_hue(box["gate"])))
        _sign(axes, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["sign"])
    for node in CELL["nodes"]:
        circle = Circle((node["x"], node["y"]), 8, facecolor="white", edgecolor=colour("quiet"), zorder=3)
        axes.add_patch(circle)
        _sign(axes, node["x"], node["y"], node["sign"])
    for number in CELL["numbers"]:
        name = "x[0]" if number["shows"] == "x" and layer.x.shape[1] > 1 else number["name"]
        text = f"{name} {moment[number['shows']]:.2f}".strip().replace("-", "\N{MINUS SIGN}")
        style = {"ha": _ALIGN[number["anchor"]], "color": _hue(number["gate"]), "fontweight": "bold"}
        axes.text(number["x"], number["y"], text, fontsize=7, va="baseline", zorder=5, **style)


def _box(place: dict[str, Any], rounding: float, **style: Any) -> FancyBboxPatch:
    corner = place["x"] + rounding, place["y"] + rounding
    inner = place["width"] - 2 * rounding, place["height"] - 2 * rounding
    return FancyBboxPatch(corner, *inner, boxstyle=f"round,pad={rounding}", zorder=2, linewidth=1.1, **style)


def _sign(axes: Any, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=7, color="#212121", zorder=4)


def _hue(gate: str) -> str:
    return colour("actual" if gate == "x" else f"gate-{gate}")
