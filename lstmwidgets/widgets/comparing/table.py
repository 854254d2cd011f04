"""The comparison's table: each config with its errors as bars and numbers, and what it costs."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lstmwidgets.widgets.charts.rows import UNKNOWN, Bar, bars, column, heads, size_of, table
from lstmwidgets.widgets.comparing.scene import PARTS, Candidate, Scene
from lstmwidgets.widgets.panel.words import duration
from lstmwidgets.widgets.theme import MODELS, PALETTE

Cells = dict[str, str]

COSTS = {
    "parameters": ("parameters", "Trainable numbers of the network"),
    "epoch": ("s/epoch", "Seconds for an epoch, median over epochs and seeds, on this machine"),
    "best": ("to best", "Time to the end of the epoch whose weights are kept, median over seeds"),
    "memory": ("memory", "What training takes, by calculation"),
}
"""Name and meaning of each column of costs."""


def cells_of(scene: Scene) -> list[Cells]:
    """What stands in each row beside its bars, for table and still: each config's, and the naive rule's last.

    ``validation`` and ``test`` are the mean over seeds; ``… spread`` its standard deviation, empty for
    a single seed. A list, for a config may be called like a naive rule.
    """
    rows: list[Cells] = [_costs(scene.table.loc[name]) for name in scene.table.index]
    if scene.rule:
        rows.append(dict.fromkeys(["skill", *COSTS], UNKNOWN))
    for part in PARTS:
        short = "val" if part == "validation" else part
        means = [*scene.table[f"{short}_error"], *([scene.rule_errors[part]] if scene.rule else [])]
        spreads = [*scene.table[f"{short}_spread"], math.nan]
        written = column(means)
        decimals = max(len(text.partition(".")[2]) for text in written)
        for row, text, spread in zip(rows, written, spreads, strict=False):
            row[part] = text
            row[f"{part} spread"] = "" if math.isnan(spread) else f"± {spread:,.{decimals}f}"
    return rows


def _costs(row: pd.Series) -> Cells:
    skill, epoch, best = row["skill"], row["epoch_seconds"], row["seconds_to_best"]
    return {
        "skill": f"{round(skill, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")
        if math.isfinite(skill)
        else UNKNOWN,
        "parameters": f"{row['parameters']:,.0f}",
        "epoch": f"{epoch:.2g}" if math.isfinite(epoch) else UNKNOWN,
        "best": duration(best) if math.isfinite(best) else UNKNOWN,
        "memory": size_of(row["memory"]),
    }


def errors_html(scene: Scene) -> str:
    """The table, and above it how to read its bars."""
    cells = cells_of(scene)
    unit = f", in {scene.unit}" if scene.unit else ""
    head = heads(
        [
            ("config", "One row for each config compared"),
            ("error on validation (light) and test", "A dot for each seed, a mark across for the naive rule"),
            (
                "validation",
                f"Mean absolute error on the validation part{unit}; ± standard deviation over seeds",
            ),
            ("test", f"Mean absolute error on the test part{unit}; ± standard deviation over seeds"),
            ("skill", "Share of the better naive rule's test error taken away: 1 is perfect, 0 no better"),
            *COSTS.values(),
        ]
    )
    rows = [
        _row(each.name, each.hue, _bars(each, scene), found, scene.top)
        for each, found in zip(scene.candidates, cells, strict=False)
    ]
    if scene.rule:
        hue = MODELS.get(scene.rule, "quiet")
        drawn = [Bar(scene.rule_errors[part], hue=hue, faint=part == "validation") for part in PARTS]
        rows.append(_row(scene.rule, hue, drawn, cells[-1], scene.top))
    return table("Errors and costs of each config", head, rows, "lw-compared")


def _bars(candidate: Candidate, scene: Scene) -> list[Bar]:
    found = {part: candidate.errors(part) for part in PARTS}
    return [
        Bar(
            mean=float(errors.mean()) if errors.size else np.nan,
            points=errors.tolist(),
            hue=candidate.hue,
            faint=part == "validation",
            rule=scene.rule_errors.get(part, np.nan),
            rule_hue=MODELS.get(scene.rule, "quiet"),
        )
        for part, errors in found.items()
    ]


def _row(name: str, hue: str, drawn: Sequence[Bar], cells: Cells, top: float) -> str:
    mark = f'<span class="lw-mark" style="background: {PALETTE[hue].css}"></span>'
    errors = "".join(
        f'<td>{cells[part]}<span class="lw-quiet lw-spread">{cells[f"{part} spread"]}</span></td>'
        for part in PARTS
    )
    costs = "".join(f"<td>{cells[cost]}</td>" for cost in ("skill", *COSTS))
    return (
        f'<tr><th scope="row">{mark}{html.escape(name)}</th><td class="lw-row-drawn">{bars(drawn, top)}</td>'
        f"{errors}{costs}</tr>"
    )
