"""The dial's table: each value with its error as a bar and a number, and what it costs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from lstmwidgets.widgets.charts.rows import UNKNOWN, Bar, bars, column, heads, table
from lstmwidgets.widgets.dial.scene import NAMES, Scene
from lstmwidgets.widgets.panel.words import duration
from lstmwidgets.widgets.theme import MODELS

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
    errors = column([*found["mean"], scene.rule_error])
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
    known, epoch = math.isfinite(row["parameters"]), row["epoch_seconds"]
    return {
        "parameters": f"{row['parameters']:,.0f}" if known else UNKNOWN,
        "epoch": f"{epoch:.2g}" if math.isfinite(epoch) else UNKNOWN,
        "training": duration(row["seconds"]) if row["runs"] else UNKNOWN,
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
    top = float(np.nanmax([*scene.points["error"], scene.rule_error, 0.0])) or 1.0
    cells = cells_of(scene)
    rows = []
    for value, mean in zip(scene.values, scene.table["mean"].tolist(), strict=True):
        points = scene.points.loc[scene.points["value"] == value, "error"].tolist()
        mark = mark_of(value, scene)
        tag = f' <span class="lw-tag lw-{mark.split(",")[0]}">{mark}</span>' if mark else ""
        bar = Bar(mean, points, "validation", rule=scene.limit)
        rows.append(_row(f"{value:,}{tag}", bar, top, cells[value]))
    if scene.rule:
        bar = Bar(scene.rule_error, hue=MODELS.get(scene.rule, "quiet"))
        rows.append(_row(scene.rule, bar, top, cells_of_rule(scene)))
    return table(f"Validation error and cost by {label}", head, rows, "lw-dialled")


def cells_of_rule(scene: Scene) -> dict[str, str]:
    """What stands beside the naive rule: its error alone."""
    error = column([*scene.table["mean"], scene.rule_error])[-1]
    return {**dict.fromkeys(COLUMNS, UNKNOWN), "error": error}


def _row(head: str, bar: Bar, top: float, cells: dict[str, str]) -> str:
    numbers = "".join(f"<td>{cells[name]}</td>" for name in COLUMNS)
    return f'<tr><th scope="row">{head}</th><td class="lw-row-drawn">{bars([bar], top)}</td>{numbers}</tr>'
