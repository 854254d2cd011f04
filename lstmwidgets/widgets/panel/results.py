"""What a panel shows of a forecaster: forecasts, scores and what they say, as frames, HTML and words."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.analysis.diagnosis.checks.finding import percent
from lstmwidgets.analysis.scoring.scores import forecast_table, network_in, score_table
from lstmwidgets.analysis.scoring.tables import better_naive
from lstmwidgets.model.costs.pace import forward_flops
from lstmwidgets.widgets import theme

_QUICK_FLOPS = 5e9
_CLOSE = 0.05  # too little to rest a choice on
_EVEN = "too close to call, use the rule."
_METRICS = ("MAE", "RMSE", "MASE", "skill")
_MEANING = {
    "MAE": "Mean absolute error, in the unit of the series",
    "RMSE": "Root mean squared error, in the unit of the series: large errors weigh more",
    "MASE": "Mean absolute scaled error: below 1 is better than one cycle ago was on the training part",
    "skill": "Share of the better naive rule's MAE taken away: 1 is perfect, 0 no better, below 0 worse",
}


@dataclass(frozen=True)
class Result:
    """Forecasts over validation and test, and scores on test (None when not computed yet)."""

    forecasts: pd.DataFrame
    scores: pd.DataFrame | None


def result_of(forecaster: Any, *, in_haste: bool = False) -> Result:
    """Forecast validation and test in blocks of one horizon, and score every window of the test part.

    Parameters
    ----------
    forecaster : LSTMForecaster
    in_haste : bool
        Leave the scores out where they would take more than about half a second.
    """
    forecasts = pd.concat(
        [forecast_table(forecaster, part) for part in ("validation", "test")], ignore_index=True
    )
    each = sum(forward_flops(forecaster.config, len(forecaster.windows_.features)).values())
    flops = len(forecaster.windows_.test) * each
    scores = None if in_haste and flops > _QUICK_FLOPS else score_table(forecaster, "test")
    return Result(forecasts, scores)


def verdict(scores: pd.DataFrame | None) -> tuple[str, str]:
    """What the scores say of the network in one sentence, and its tone: good, warning, error or quiet."""
    if scores is None:
        return "Scored once a first epoch is finished.", "quiet"
    errors = {str(model): float(error) for model, error in scores["MAE"].items()}
    network, naive = network_in(errors), str(better_naive(errors))
    gain, ours = float(scores["skill"][network]), errors[network]
    if not math.isfinite(ours):
        return "No forecast of the test part can be scored.", "quiet"
    if not math.isfinite(gain):
        return f"{naive} makes no error on the test part: there is nothing to gain.", "warning"
    best = min(errors, key=lambda model: errors[model])
    lead = (ours - errors[best]) / ours if best != network else 0.0
    ahead = f"{best} errs {percent(lead)} less than the {network}: use {best} instead."
    outdone = best not in (network, naive) and lead >= _CLOSE
    if gain >= _CLOSE:
        said = f"On the test part the {network} errs {percent(gain)} less than the better naive rule, {naive}"
        return (f"{said}, but {ahead}", "warning") if outdone else (f"{said}.", "good")
    if gain > -_CLOSE:
        said = f"On the test part the {network} is within {percent(_CLOSE)} of the better naive rule, {naive}"
        return (f"{said}, and {ahead}", "warning") if outdone else (f"{said}: {_EVEN}", "quiet")
    said = f"On the test part the {network} errs {percent(-gain)} more than {naive}"
    return f"{said}, and {ahead}" if outdone else f"{said}: use {naive} instead.", "error"


def formatted(scores: pd.DataFrame | None, network: str) -> pd.DataFrame:
    """The scores as text, with as many decimals a column as its smallest number needs for three digits."""
    if scores is None:
        return pd.DataFrame("–", theme.models_in([network, *theme.MODELS]), list(_METRICS))
    return pd.DataFrame(
        {metric: _column(metric, scores[metric].to_numpy(np.float64)) for metric in _METRICS}, scores.index
    )


def _column(metric: str, values: np.ndarray) -> list[str]:
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    decimals = 2 if metric in ("MASE", "skill") or not sizes.size else 2 - math.floor(math.log10(sizes.min()))
    decimals = min(max(decimals, 0), 9)
    return [
        "–" if not math.isfinite(value) else f"{value:,.{decimals}f}".replace("-", "−") for value in values
    ]


def scores_html(scores: pd.DataFrame | None, unit: str, network: str) -> str:
    """A table of the scores, or its empty frame before there are any."""
    rows = formatted(scores, network)
    heads = "".join(f'<th scope="col" title="{_MEANING[metric]}">{metric}</th>' for metric in _METRICS)
    body = ""
    for model, row in zip(rows.index, rows.to_numpy(), strict=True):
        mark = f'<span class="lw-mark" style="background: {theme.model_colour(str(model)).css}"></span>'
        body += f'<tr><th scope="row">{mark}{model}</th>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>'
    notes = " ".join(scores.attrs.get("notes", [])) if scores is not None else ""
    heading = html.escape(f"Errors on the test part, {unit}" if unit else "Errors on the test part")
    return (
        f'<h4>{heading}</h4><table aria-label="{heading}">'
        f'<thead><tr><th scope="col">model</th>{heads}</tr></thead>'
        f'<tbody>{body}</tbody></table><div class="lw-caption">{html.escape(notes)}</div>'
    )
