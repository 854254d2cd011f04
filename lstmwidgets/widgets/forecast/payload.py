"""A backtest as the browser takes it: facts, and one block of float32 numbers cut into named arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.browser.blocks import joined
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.forecast import words
from lstmwidgets.widgets.forecast.numbers import outstanding
from lstmwidgets.widgets.forecast.study import Study
from lstmwidgets.widgets.forecast.walks import Walk

MOST_NUMBERS = 4_000_000
"""So many forecasts are sent at most, 16 MB: beyond, not every cutoff can be walked to."""

FITTED = 0.95
"""The share of cutoffs whose lowest, and whose highest, point lies within the scale for all of them."""

SQUASHED = 2.5
"""So many times the range of a usual cutoff that scale may be high, to be what the plot opens with."""

_SPARE = ("validation", "test", "gate-f", "gate-h")
"""Hues for models that the palette does not name."""


@dataclass(frozen=True)
class Packed:
    """What is sent.

    Attributes
    ----------
    facts : dict
        JSON: ``arrays`` (name, shape and byte offset of each in the block), names, hues and words.
    block : bytes
        The arrays one after another, float32. Values are less ``facts["level"]``, so that a series of
        large numbers loses none of its small changes.
    times : bytes
        Of each value: milliseconds since 1970, as the clock on the wall shows them, float64.
    """

    facts: dict[str, Any]
    block: bytes
    times: bytes


def walked(walk: Walk) -> NDArray[np.integer]:
    """Which cutoffs can be walked to: all of them, or as many as can be sent, the last among them."""
    tables = len(walk.forecasts) + 2 * len(walk.bounds)
    every = -(-len(walk.at) * walk.horizon * tables // MOST_NUMBERS)
    return np.arange(len(walk.at) - 1, -1, -max(every, 1))[::-1]


def hue_of(model: str, models: list[str]) -> str:
    """The name in the palette of a model's colour, whether or not the palette knows the model."""
    try:
        return theme.model_colour(model).name
    except KeyError:
        strangers = [name for name in models if not _named(name)]
        return _SPARE[strangers.index(model) % len(_SPARE)]


def _named(model: str) -> bool:
    try:
        theme.model_colour(model)
    except KeyError:
        return False
    return True


def context_of(walk: Walk) -> int:
    """Steps before the cutoff to show: enough to see a cycle, and the forecast still a good part of it."""
    return max(2 * walk.horizon, 24, min(walk.season, 3 * walk.horizon))


def common_scale(found: Study) -> tuple[float, float, bool]:
    """Lowest and highest value of the vertical axis for all cutoffs, and whether the plot opens with it.

    A few spikes, or one forecast gone astray, would squash all other cutoffs: the axis is for what most
    of them show, and is extended for the one that needs more. Where the level wanders, so that a usual
    cutoff would still be squashed, each has its own at first.
    """
    walk = found.walk.taken(walked(found.walk))
    around = walk.at[:, None] + np.arange(-context_of(walk), walk.horizon + 1)
    shown = [walk.values[np.clip(around, 0, len(walk.values) - 1)]]
    shown += [walk.forecasts[name] for name in (walk.model, *found.bars)]
    table = np.concatenate([*shown, *(end for pair in walk.bounds.values() for end in pair)], axis=1)
    table = np.where(np.isfinite(table), table, np.nan)
    lows, highs = np.fmin.reduce(table, axis=1), np.fmax.reduce(table, axis=1)
    known = np.isfinite(lows)
    if not known.any():
        return 0.0, 1.0, True
    low, high = float(np.quantile(lows[known], 1 - FITTED)), float(np.quantile(highs[known], FITTED))
    return low, high, bool(high - low <= SQUASHED * np.median((highs - lows)[known]))


def pack(
    found: Study, title: str, unit: str, diagnosis: dict[str, Any] | None, notes: Sequence[str] = ()
) -> Packed:
    """Everything that the browser draws."""
    walk, rows = found.walk, walked(found.walk)
    part = walk.taken(rows)
    first = max(0, int(part.at[0]) - context_of(walk))
    last = int(part.at[-1]) + walk.horizon + 1
    values, times = walk.values[first:last], walk.times[first:last]
    low, high, common = common_scale(found)
    level = 0.5 * (low + high)
    models = sorted(walk.forecasts, key=lambda name: name != walk.model)  # which is drawn on top
    arrays: dict[str, ArrayLike] = {
        "values": values - level,
        "filled": np.flatnonzero(walk.filled[first:last]),
        "at": part.at - first,
        "came": _came(walk)[first:last] - level,
        "known": found.known[rows],
        "edges": found.edges,
        "shares": found.shares,
    }
    for name in models:
        arrays[f"forecast {name}"] = _thin_as_may_be(part.forecasts[name] - level)
        arrays[f"error {name}"] = found.errors[name][rows]
        arrays[f"by step {name}"] = found.by_step[name].to_numpy()
    for width, (lower, upper) in part.bounds.items():
        centre = part.forecasts[walk.model]
        arrays[f"below {width}"] = _thin_as_may_be(centre - lower)
        arrays[f"above {width}"] = _thin_as_may_be(upper - centre)
        arrays[f"held {width}"] = found.held[width][rows]
        arrays[f"coverage {width}"] = found.coverage[width][:, 0]
        arrays[f"width {width}"] = found.coverage[width][:, 1]
    if found.echo is not None:
        arrays |= {"lags": found.echo.lags, "echo": found.echo.values, "band": found.echo.band}
    cut, block = joined(arrays)
    facts = {
        "arrays": cut,
        "title": title,
        "unit": unit,
        "model": walk.model,
        "models": [{"name": name, "hue": hue_of(name, models)} for name in models],
        "rival": words.rival(found),
        "levels": list(walk.bounds),
        "horizon": walk.horizon,
        "season": walk.season,
        "context": context_of(walk),
        "level": level,
        "limits": [low - level, high - level],
        "common": common,
        "cutoffs": len(rows),
        "clock": words.has_clock(walk.times),
        "marks": outstanding(found.errors[walk.model][rows]),
        "spread": _spread(found),
        "diagnosis": diagnosis,
        "notes": [*map(str, notes), *_notes(found, len(rows))],
    }
    wall = times.tz_localize(None) if times.tz is not None else times
    return Packed(facts, block, as_times(wall).astype(np.float64).tobytes())


def _came(walk: Walk) -> NDArray[np.float64]:
    """What came at each time, NaN where nothing was observed: what forecasts are scored on."""
    came, known = np.full(len(walk.values), np.nan), np.isfinite(walk.y)
    came[(walk.at[:, None] + 1 + np.arange(walk.horizon))[known]] = walk.y[known]
    return came


def _thin_as_may_be(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row or one column where all are alike: repeat last has one number a cutoff."""
    for alike in (table[:, :1], table[:1]):
        if alike.size < table.size and np.allclose(table, alike, rtol=1e-6, atol=1e-7 * _size(table)):
            return alike
    return table


def _size(table: NDArray[np.float64]) -> float:
    known = table[np.isfinite(table)]
    return float(np.abs(known).max(initial=0.0))


def _spread(found: Study) -> list[list[float | None]]:
    """Mean and standard deviation of the residuals: of all steps, then of each."""
    rows: list[list[float | None]] = []
    for residuals in (found.residuals, *found.residuals.T):
        known = residuals[np.isfinite(residuals)]
        rows.append([float(known.mean()), float(known.std())] if known.size else [None, None])
    return rows


def _notes(found: Study, shown: int) -> list[str]:
    every = len(found.walk.at)
    if shown == every:
        return []
    return [
        f"The backtest has {every:,} cutoffs, too many to send; {shown:,} of them can be walked to. All "
        "errors, residuals and coverages are of every cutoff."
    ]
