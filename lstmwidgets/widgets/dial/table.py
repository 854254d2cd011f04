"""The dial's table: each value with its error as a bar and a number, and what it costs."""

from __future__ import annotations

import math

import pandas as pd

from lstmwidgets.widgets.charts.rows import UNKNOWN, Bar, bars, column, heads, table
from lstmwidgets.widgets.dial.scene import NAMES, Scene
from lstmwidgets.widgets.panel.words import duration

COLUMNS = {
    "error": ("error", "Mean absolute error on the validation part, mean over seeds"),
    "range": ("range", "The luckiest seed and the unluckiest"),
    "parameters": ("parameters", "Trainable numbers of the network"),
    "epoch": ("s/epoch", "Seconds for an epoch, median over epochs and seeds, on this machine"),
    "training": ("training", "Time of a whole training, median over seeds"),
    "seeds": ("seeds", "Trainings that gave a result, of those planned"),
}
"""Name and meaning of each column of numbers."""


def cells_of(scene: Scene) -> dict[int, dict[str, str]]:
    """What stands beside each value, for table and still."""
    found = scene.table
    errors = column(found["mean"])
    lows, highs = column(found["low"]), column(found["high"])
    several = found["runs"] > 1
    return {
        value: {
            "error": errors[place],
            "range": f"{lows[place]} to {highs[place]}" if several.iloc[place] else UNKNOWN,
            "seeds": f"{found['runs'].iloc[place]:.0f} of {scene.rounds}",
            **_costs(found.iloc[place]),
        }
        for place, value in enumerate(scene.values)
    }


def _costs(row: pd.Series) -> dict[str, str]:
    if not math.isfinite(row["parameters"]):
        return dict.fromkeys(["parameters", "epoch", "training"], UNKNOWN)
    return {
        "parameters": f"{row['parameters']:,.0f}",
        "epoch": f"{row['epoch_seconds']:.2g}",
        "training": duration(row["seconds"]),
    }


def mark_of(value: int, scene: Scene) -> str:
    """What a value is, in a word or two; empty for most."""
    if value == scene.chosen:
        return "chosen, and best" if value == scene.best else "chosen"
    return "best" if value == scene.best else ""


def values_html(scene: Scene) -> str:
    """The table; values not measured yet have their row already, so that nothing jumps."""
    unit = f", in {scene.unit}" if scene.unit else ""
    label = NAMES[scene.parameter].lower()
    error = f"Mean absolute error on the validation part{unit}; a dot for each seed"
    head = heads([(label, "The values tried"), ("", error), *COLUMNS.values()])
    top = float(scene.points["error"].max()) if len(scene.points) else 1.0
    cells = cells_of(scene)
    rows = []
    for value, mean in zip(scene.values, scene.table["mean"].tolist(), strict=True):
        points = scene.points.loc[scene.points["value"] == value, "error"].tolist()
        bar = Bar(mean, points, "validation", rule=scene.limit)
        mark = mark_of(value, scene)
        tag = f' <span class="lw-tag lw-{mark.split(",")[0]}">{mark}</span>' if mark else ""
        numbers = "".join(f"<td>{cells[value][name]}</td>" for name in COLUMNS)
        rows.append(
            f'<tr><th scope="row">{value:,}{tag}</th><td class="lw-row-drawn">{bars([bar], top or 1.0)}</td>'
            f"{numbers}</tr>"
        )
    return table(f"Validation error and cost by {label}", head, rows, "lw-dialled")
