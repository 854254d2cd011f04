"""What an axis shows and where its marks stand: plain functions, for live charts and stills alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def loss_limits(losses: NDArray[np.float64], centred: bool) -> tuple[float, float]:
    """Least and greatest loss to show: room around what there is, and 1 in sight where it means something."""
    shown = [*losses[np.isfinite(losses) & (losses > 0)].tolist(), *([1.0] if centred else [])] or [1.0]
    bottom, top = min(shown) / 1.25, max(shown) * 1.35
    return (bottom, top) if top / bottom > 4 else (top / 4, top)


def padded(values: ArrayLike, share: float = 0.08, above: float | None = None) -> tuple[float, float]:
    """Limits of an axis with room around the values; never of no width, which can freeze a chart.

    ``share`` and ``above`` are shares of the values' spread; ``above``, where names stand inside
    the top edge, is the room over them.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    spread = (high - low) or abs(high) or 1.0
    return low - spread * share, high + spread * (share if above is None else above)


def value_limits(heights: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Least and greatest value to show: the series (first) with room around it, and forecasts near it."""
    known = heights[0][np.isfinite(heights[0])]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    spread = (high - low) or abs(high) or 1.0
    others = np.concatenate([height[np.isfinite(height)] for height in heights[1:]] or [known])
    if others.size:
        low = max(min(low, float(others.min())), low - spread)
        high = min(max(high, float(others.max())), high + spread)
    return low - 0.06 * spread, high + 0.16 * spread  # more above: the parts' names stand there


def log_ticks(bottom: float, top: float, most: int = 6) -> NDArray[np.float64]:
    """Round values of a log axis: 1, 2 and 5 of each decade, fewer where those are many, more where few.

    Examples
    --------
    >>> log_ticks(0.08, 1.4).tolist(), log_ticks(0.21, 0.84).tolist()
    ([0.1, 0.2, 0.5, 1.0], [0.3, 0.5, 0.7])
    """
    powers = range(math.floor(math.log10(bottom)), math.ceil(math.log10(top)) + 1)
    for mantissas, every in (("125", 1), ("13", 1), ("1", 1), *(("1", apart) for apart in range(2, 40))):
        ticks = [
            float(f"{mantissa}e{power}") for power in powers if power % every == 0 for mantissa in mantissas
        ]
        shown = [tick for tick in ticks if bottom <= tick <= top]
        if len(shown) <= most:
            break
    if len(shown) < _FEW:
        finer = [float(f"{mantissa}e{power}") for power in powers for mantissa in "12357"]
        shown = [tick for tick in finer if bottom <= tick <= top]
    return np.array(shown)


_FEW = 3
"""A log axis with fewer numbers can hardly be read."""


def ticks_between(low: float, high: float, most: int = 6) -> NDArray[np.float64]:
    """Round values within two: multiples of 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> ticks_between(37.16, 44.23).tolist()
    [38.0, 40.0, 42.0, 44.0]
    """
    power = math.floor(math.log10((high - low) / most))
    steps = (float(f"{mantissa}e{power + more}") for more in (0, 1) for mantissa in (1, 2, 5))
    step = next(step for step in steps if (high - low) / step <= most)
    first, last = math.ceil(low / step), math.floor(high / step)
    return np.array([round(number * step, 12 - power) for number in range(first, last + 1)])


_CALENDAR = (
    *(("s", every, "%H:%M:%S") for every in (1, 2, 5, 10, 15, 30)),
    *(("m", every, "%H:%M") for every in (1, 2, 5, 10, 15, 30)),
    *(("h", every, "%-d %b %H:%M") for every in (1, 2, 3, 6, 12)),
    *(("D", every, "%-d %b") for every in (1, 2, 4, 7, 14)),
    *(("M", every, "%b %Y") for every in (1, 2, 3, 6)),
    *(("Y", digit * 10**power, "%Y") for power in range(4) for digit in (1, 2, 5)),
)


def date_ticks(
    begin: np.datetime64, end: np.datetime64, most: int = 6
) -> tuple[NDArray[np.datetime64], str | None]:
    """Round moments within two, at most so many, and how to write them (a format of d3).

    Examples
    --------
    >>> ticks, written = date_ticks(np.datetime64("2012-01-01", "ms"), np.datetime64("2014-06-30", "ms"))
    >>> ticks.astype("datetime64[M]").astype(str).tolist(), written
    (['2012-01', '2012-07', '2013-01', '2013-07', '2014-01'], '%b %Y')
    """
    for unit, every, written in _CALENDAR:
        zero = 1970 if unit == "Y" else 0  # years are rounded as they are written
        floors = np.array([begin, end]).astype(f"datetime64[{unit}]")
        low, high = (floors.astype(np.int64) + zero).tolist()
        low += int(floors[0] < begin)
        numbers = range(-(-low // every) * every, high + 1, every)
        if 0 < len(numbers) <= most:
            ticks = np.array(numbers, dtype=np.int64) - zero
            return ticks.astype(f"datetime64[{unit}]").astype("datetime64[ms]"), written
    return np.array([], "datetime64[ms]"), None


def epochs_in_sight(done: int, epochs: int) -> int:
    """Last epoch on the axis: all of a short training; of a long one what is done, and room to grow.

    Examples
    --------
    >>> [epochs_in_sight(done, 400) for done in (0, 19, 30, 250)]
    [25, 25, 50, 400]
    """
    room = next((last for last in (25, 50, 100, 200, 500) if last >= 1.2 * done), epochs)
    return max(2, min(room, epochs))


def whole_ticks(last: int) -> NDArray[np.float64]:
    """The first epoch, the last, and round numbers between."""
    step = next(
        step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power) if last / step <= 6
    )
    between = [tick for tick in range(step, last, step) if 1 < tick <= last - step / 2]
    return np.array([1, *between, last], dtype=np.float64)
