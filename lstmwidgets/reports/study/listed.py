"""A study as tables to be read: its models, its intervals, its forecast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from lstmwidgets.reports.page.display import Table
from lstmwidgets.reports.study import told
from lstmwidgets.reports.study.prose import Prose

if TYPE_CHECKING:
    from lstmwidgets.reports.study.study import Study


def scores(study: Study) -> Table:
    """Every model's errors, the best first."""
    shown = study.scores.sort_values("MAE")[["MAE", "RMSE", "MASE", "skill"]].rename_axis("model")
    return Table(shown, percent=["skill"], strong=study.config.network)


def coverage(study: Study) -> Table | Prose:
    """What the intervals promised, and what they held."""
    if study.coverage.empty:
        return Prose("There are no intervals: the notes below say why.")
    shown = study.coverage[["nominal", "coverage", "width"]].set_axis(
        ["promised", "held", "mean width"], axis="columns"
    )
    shown.index = pd.Index([f"{level} %" for level in shown.index], name="interval")
    return Table(shown, percent=["promised", "held"])


def forecast(study: Study, rows: int = 12) -> Table:
    """The first steps of the forecast."""
    ahead = (
        study.forecast.drop(columns="unique_id").head(rows).rename(columns={"ds": "time", "yhat": "forecast"})
    )
    names: dict[str, str] = {}
    for level in study.coverage.index:
        names |= {f"yhat-lo-{level}": f"{level} % from", f"yhat-hi-{level}": f"{level} % to"}
    return Table(ahead.rename(columns=names), digits=told.decimals(study) + 1 + _magnitude(ahead))


def _magnitude(forecast: pd.DataFrame) -> int:
    """The power of ten of a typical value."""
    size = float(forecast["forecast"].abs().median())
    return math.floor(math.log10(size)) if 0 < size < math.inf else 0
