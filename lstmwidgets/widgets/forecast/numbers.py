"""What a backtest's forecasts come to: errors by cutoff, residuals, and how alike they follow one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.diagnosis.evidence import autocorrelation
from lstmwidgets.analysis.scoring.metrics import mae, rmse, skill

Numbers = NDArray[np.float64]

BINS = 31
FEWEST_RESIDUALS = 10
NOISE = 1.96
"""Standard errors within which 95 % of what noise shows would lie."""


def scored(y: Numbers, forecasts: Mapping[str, Numbers]) -> NDArray[np.bool_]:
    """Where what came and every forecast are known: all models are scored on the same.

    A model that knows nothing at all is left out of the question.
    """
    known = np.isfinite(y)
    for forecast in forecasts.values():
        there = np.isfinite(forecast)
        if there.any():
            known = known & there
    return np.asarray(known)


def error_by_cutoff(y: Numbers, forecast: Numbers, counted: NDArray[np.bool_]) -> Numbers:
    """Mean absolute error over the steps that count; NaN for a cutoff without one.

    Examples
    --------
    >>> y, forecast = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 4.0], [9.0, 9.0]])
    >>> error_by_cutoff(y, forecast, np.array([[True, True], [False, False]])).tolist()
    [1.0, nan]
    """
    errors = np.where(counted & np.isfinite(forecast), np.abs(forecast - y), 0.0)
    counts = np.count_nonzero(counted & np.isfinite(forecast), axis=1)
    return np.where(counts > 0, errors.sum(axis=1) / np.maximum(counts, 1), np.nan)


def outstanding(errors: Numbers) -> dict[str, int]:
    """Positions of the largest, the middle and the smallest error; none where nothing is known.

    Examples
    --------
    >>> outstanding(np.array([0.5, np.nan, 0.1, 0.9]))
    {'worst': 3, 'median': 0, 'best': 2}
    """
    known = np.flatnonzero(np.isfinite(errors))
    if not known.size:
        return {}
    order = known[np.argsort(errors[known], kind="stable")]
    return {"worst": int(order[-1]), "median": int(order[(len(order) - 1) // 2]), "best": int(order[0])}


def residual_histogram(residuals: Numbers, bins: int = BINS) -> tuple[Numbers, Numbers]:
    """How residuals are spread over bins of one width around 0: of all steps, then of each.

    Parameters
    ----------
    residuals : float64 array, shape (cutoffs, horizon)
        NaN where not known.
    bins : int
        Odd, so that one lies around 0. The outermost two hold all that lies beyond, which is one
        residual in a hundred or fewer.

    Returns
    -------
    edges : float64 array, shape (bins + 1,)
    shares : float64 array, shape (horizon + 1, bins)
        In row 0 all steps, in row k the k-th step ahead; each row sums to 1, or is 0 where nothing is known.
    """
    known = residuals[np.isfinite(residuals)]
    reach = float(np.quantile(np.abs(known), 0.99)) if known.size else 1.0
    reach = reach or float(np.abs(known).max(initial=0.0))
    if reach < 1e-30:  # which float32, as the browser has it, hardly tells from 0
        reach = 1.0
    edges = np.linspace(-reach, reach, bins + 1)
    numbers = np.clip(np.searchsorted(edges, residuals, side="right") - 1, 0, bins - 1)
    counts = np.zeros((residuals.shape[1] + 1, bins))
    for step in range(residuals.shape[1]):
        there = np.isfinite(residuals[:, step])
        counts[step + 1] = np.bincount(numbers[there, step], minlength=bins)
    counts[0] = counts[1:].sum(axis=0)
    totals = counts.sum(axis=1, keepdims=True)
    return edges, counts / np.maximum(totals, 1.0)


@dataclass(frozen=True, eq=False)
class Echo:
    """How one-step residuals are alike to those before them.

    Attributes
    ----------
    lags : int array
        In steps of the series.
    values : float64 array
        Autocorrelation at each lag.
    band : float64 array
        Within plus and minus this 95 % of what noise shows would lie.
    """

    lags: NDArray[np.integer]
    values: Numbers
    band: Numbers

    @property
    def outside(self) -> int:
        """How many lags lie outside the band."""
        return int(np.count_nonzero(np.abs(self.values) > self.band))


def echo_of(residuals: Numbers, at: NDArray[np.integer], season: int, most: int = 72) -> Echo | None:
    """Autocorrelation of one-step residuals, or None where there are too few to tell.

    Parameters
    ----------
    residuals : float64 array, shape (cutoffs,)
        NaN where not known.
    at : int array, shape (cutoffs,)
        Position of each cutoff; they may lie several steps apart.
    season : int
        Points in one cycle: two cycles are looked at where there is room.
    most : int
        The most lags to look at.
    """
    known = np.isfinite(residuals)
    if np.count_nonzero(known) < FEWEST_RESIDUALS:
        return None
    apart = int(np.gcd.reduce(np.diff(at)))
    places = (at - at[0]) // apart
    regular = np.full(int(places[-1]) + 1, np.nan)
    regular[places] = residuals
    spread = residuals[known]
    if np.ptp(spread) == 0 or 2 * np.count_nonzero(known) < len(regular):
        return None
    wanted = max(24, 2 * (season // apart) + 2)
    lags = int(min(wanted, most, int(np.count_nonzero(known)) // 3))
    found = autocorrelation(regular, lags)
    return Echo(apart * np.arange(1, lags + 1), found.values, NOISE * found.errors)


def score_frame(y: Numbers, forecasts: Mapping[str, Numbers], baselines: tuple[str, ...]) -> pd.DataFrame:
    """MAE, RMSE and skill of each model, all on the same forecasts.

    Skill is against the baseline with the least MAE; NaN without baselines.
    """
    counted = scored(y, forecasts)
    rows: dict[str, dict[str, Any]] = {}
    for name, forecast in forecasts.items():
        rows[name] = {"MAE": mae(y[counted], forecast[counted]), "RMSE": rmse(y[counted], forecast[counted])}
    bars = [rows[name]["MAE"] for name in baselines if np.isfinite(rows[name]["MAE"])]
    bar = min(bars, default=float("nan"))
    for row in rows.values():
        row["skill"] = skill(row["MAE"], bar)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
    table.attrs = {"points": int(np.count_nonzero(counted)), "cutoffs": len(y)}
    return table
