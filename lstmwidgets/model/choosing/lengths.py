"""How much of the past may be worth reading: the lengths that a series' seasons speak for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.auditing.seasons import Season, Seasons, find_seasons
from lstmwidgets.data.windows import Windows

LONGEST = 256
"""Steps to read at most: what a training takes grows with them."""

SHORTEST = 8
"""Steps to read at least where no season says how many, room allowing."""

CYCLES = (1, 2, 4, 8)
"""Of the strongest season, or where there is none of the horizon, so many are candidates."""


def seasons_of(series: pd.Series, windows: Windows) -> Seasons:
    """The seasons of the training part: see `find_seasons`. Filled values are left aside."""
    season = series.attrs.get("season")
    declared = season if isinstance(season, int) and not isinstance(season, bool) else None
    train = slice(0, windows.split.train_end)
    values = np.where(windows.known, windows.read, np.nan)[train]
    return find_seasons(values, pd.DatetimeIndex(series.index).freq, declared)


def strongest(seasons: Seasons, longest: int) -> Season | None:
    """The strongest season of at most so many points; else the strongest cycle whose length wanders."""
    for verdict in ("season", "cycle"):
        found = [one for one in seasons.found if one.verdict == verdict and one.period <= longest]
        if found:
            return max(found, key=lambda one: one.strength)
    return None


def lengths_of(seasons: Seasons, config: LSTMConfig, train: int) -> tuple[list[int], str]:
    """Candidate lengths, ascending, and what they are made from, in words.

    One, two, four and eight cycles of the strongest season of the training part, and one and two of each
    other season. Where there is none, so many times the horizon, but at least `SHORTEST`. At most `LONGEST`,
    and half of the training part.

    Parameters
    ----------
    seasons : Seasons
        Of the training part.
    config : LSTMConfig
        Uses ``horizon``.
    train : int
        Points of the training part.
    """
    most = max(1, min(LONGEST, (train - config.horizon) // 2))
    season = strongest(seasons, most)
    if season is None:
        step = max(config.horizon, SHORTEST)
        why = (
            f"no season of at most {most} points was found in the training part, so lengths go by the horizon"
        )
        wanted = {step * count for count in CYCLES}
    else:
        kind = "season" if season.verdict == "season" else "cycle"
        named = f" ({season.name})" if season.name else ""
        why = f"the strongest {kind} of the training part has {season.period} points{named}"
        wanted = {season.period * count for count in CYCLES}
        wanted |= {one.period * count for one in seasons.steady for count in CYCLES[:2]}
    return sorted(length for length in wanted if length <= most) or [most], why


def seasons_evidence(seasons: Seasons) -> list[dict[str, Any]]:
    """What was found, as plain JSON."""
    return [
        {
            "period": one.period,
            "name": one.name,
            "strength": float(f"{one.strength:.4g}"),
            "verdict": one.verdict,
        }
        for one in seasons.found
    ]
