"""Find the cycles of a series, and measure how strong each is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.offsets import BaseOffset, Tick

from lstmwidgets.data.grid import points_per_cycle

Floats = NDArray[np.float64]

MOST_POINTS = 20_000
"""The newest points that one season is measured on; of longer series the rest is left aside."""

LONGEST = 400
"""Points of a cycle that is measured as it is; longer ones are measured on means of several points."""

_CYCLES = 3  # fewer tell nothing
WEAKEST = 0.05
_CLEARER = 2.0  # times as strong as a cycle of another length on the same data
_CHANCE = 0.001


@dataclass(frozen=True)
class Season:
    """One cycle that was looked for.

    Attributes
    ----------
    period : int
        Points of the series in one cycle.
    name : str
        "day", "week", "year", …; "" for a cycle that the data suggested.
    strength : float in [0, 1]
        Share of the variance, trend aside, that the season accounts for.
    verdict : "season", "cycle" or "none"
        "season": steady and clearly stronger than cycles of other lengths. "cycle": it comes back, but
        its length wanders. "none": no more than chance gives.
    cycles : float
        How many were measured.
    block : int
        Points averaged before measuring, 1 for none.
    """

    period: int
    name: str
    strength: float
    verdict: str
    cycles: float
    block: int


@dataclass(frozen=True)
class Seasons:
    """What `find_seasons` found, and on which part of the series."""

    found: tuple[Season, ...]
    first: int
    points: int
    interpolated: int

    @property
    def steady(self) -> tuple[Season, ...]:
        """Those that are seasons, shortest first."""
        return tuple(one for one in self.found if one.verdict == "season")


def season_strength(values: Floats, period: int) -> tuple[float, Floats]:
    """Strength of a season, and the season itself, by a decomposition with a season that never changes.

    ``F = max(0, 1 - Var(R) / Var(S + R))`` with the season ``S`` and the remainder ``R`` of STL
    (Wang, Smith & Hyndman, 2006, https://doi.org/10.1007/s10618-005-0039-x; Cleveland et al., 1990).

    Parameters
    ----------
    values : float array (timesteps,), all known
    period : int, from 2 up, at most half of ``timesteps``

    Returns
    -------
    float in [0, 1]
    float array (timesteps,)

    Examples
    --------
    >>> steps = np.arange(120)
    >>> round(season_strength(np.sin(2 * np.pi * steps / 12) + 0.1 * steps, 12)[0], 3)
    1.0
    """
    from statsmodels.tsa.seasonal import STL  # 0.5 s to import, and needed here alone

    cycles = -(-len(values) // period)
    # A span of ten times the cycles makes the season periodic, as s.window="periodic" does in R. It is then a
    # straight line for each phase, and can be found at every half of the series.
    parts = STL(
        values,
        period=period,
        seasonal=10 * cycles + 1,
        seasonal_deg=0,
        seasonal_jump=max(1, cycles // 2),
        trend_jump=period // 5 + 1,
        low_pass_jump=period // 5 + 1,
    ).fit()
    season = np.asarray(parts.seasonal, dtype=np.float64)
    rest = np.asarray(parts.resid, dtype=np.float64)
    both = float(np.var(season + rest))
    # What rounding leaves of a constant is no season.
    if both <= 1e-20 * max(1.0, float(np.max(np.abs(values))) ** 2):
        return 0.0, np.zeros(len(values))
    return max(0.0, 1 - float(np.var(rest)) / both), season


def find_seasons(values: Floats, freq: BaseOffset | None, declared: int | None = None) -> Seasons:
    """Look for the calendar's usual cycles, and for those that the data themselves suggest.

    Measured on the longest stretch without a missing value when that holds half of the points, else
    on the whole with missing values interpolated, for this measurement only; and on the newest
    20,000 points at most. A cycle of more than 400 points is measured on means of several points, a
    year of hours on days. At least three cycles are needed.

    The data suggest a cycle where the periodogram has a peak far above its surroundings and the
    autocorrelation a hill at the same lag (Vlachos, Yu & Castelli, 2005,
    https://doi.org/10.1137/1.9781611972757.40). Each candidate is measured by `season_strength` on
    what shorter seasons leave, and compared with cycles of slightly other lengths on the same data:
    red noise has strength at every length, a season at its own. It counts as a season when it is
    twice as strong as those, at least 0.05, and at least three times as strong as noise over so few
    cycles (3 / cycles, but no more than 0.9).

    Parameters
    ----------
    values : float array (timesteps,), NaN where missing
    freq : pandas offset or None
        None when the times lie on no grid: then only the data are asked.
    declared : int, optional
        Points in a cycle that the series itself declares.

    Returns
    -------
    Seasons
        Shortest cycle first; all of the calendar's that could be measured, and those the data
        suggest.
    """
    # In a unit in which squares are numbers; a power of two changes no digit.
    values = np.ldexp(values, -np.frexp(np.nanmax(np.abs(values), initial=0.0))[1])
    first, stretch, interpolated = _measurable(values)
    names = dict(_usual_cycles(freq))
    found: list[Season] = []
    if not len(stretch) or np.ptp(stretch) == 0:
        return Seasons((), first, len(stretch), interpolated)
    for period in sorted(names):
        block = _block(period, sorted(names))
        if (season := _measure(values, stretch, period, names[period], block, found)) is not None:
            found.append(season)
    for period in _suggested(stretch):
        if any(_related(period, one.period) for one in found):
            continue
        season = _measure(values, stretch, period, "", 1, found)
        if season is not None and season.strength >= bar_to_clear(season.cycles):
            if season.verdict == "none":
                season = Season(period, "", season.strength, "cycle", season.cycles, 1)
            found.append(season)
    if declared is not None and declared > 1 and not any(_related(declared, one.period) for one in found):
        season = _measure(values, stretch, declared, "", _block(declared, sorted(names)), found)
        found += [] if season is None else [season]
    return Seasons(tuple(sorted(found, key=lambda one: one.period)), first, len(stretch), interpolated)


def _usual_cycles(freq: BaseOffset | None) -> Iterator[tuple[int, str]]:
    """Points in the calendar's cycles at a frequency, and their names."""
    if freq is None:
        return
    if isinstance(freq, Tick):
        step = pd.Timedelta(freq)
        for name, days in (("minute", 1 / 1440), ("hour", 1 / 24), ("day", 1.0), ("week", 7.0)):
            cycle = pd.Timedelta(days=days)
            if cycle % step == pd.Timedelta(0) and 2 <= cycle / step <= 100_000:
                yield int(cycle / step), name
        if 2 <= (points := round(pd.Timedelta(days=365.2425) / step)) <= 100_000:
            yield points, "year"
        return
    points = points_per_cycle(freq)
    if freq.freqstr.startswith("B") and points == 5:
        yield from ((5, "week"), (261, "year"))
    elif freq.freqstr == "D":
        yield from ((7, "week"), (365, "year"))
    elif points > 1:
        yield points, "year"


def _measurable(values: Floats) -> tuple[int, Floats, int]:
    """First position, values and count of interpolated ones of the part that is measured."""
    known = ~np.isnan(values)
    if not known.any():
        return 0, np.empty(0), 0
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    begins, ends = edges[0::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    first, last = int(begins[longest]), int(ends[longest])
    if last - first < len(values) / 2 and last - first < MOST_POINTS:
        first, last = int(begins[0]), int(ends[-1])
    first = max(first, last - MOST_POINTS)
    part = values[first:last]
    return first, _interpolated(part), int(np.count_nonzero(np.isnan(part)))


def _interpolated(values: Floats) -> Floats:
    steps, known = np.arange(len(values)), ~np.isnan(values)
    return np.interp(steps, steps[known], values[known])


def _measure(
    values: Floats, stretch: Floats, period: int, name: str, block: int, found: list[Season]
) -> Season | None:
    """The strength of one candidate on what the seasons before it leave; None with too few cycles."""
    if block == 1:
        part, length = stretch, period
        for one in found:
            if one.verdict == "season" and one.block == 1:
                part = part - season_strength(part, one.period)[1]
    else:
        part, length = _means(values, block), round(period / block)
    cycles = len(part) / length
    if cycles < _CYCLES or np.ptp(part) == 0:
        return None
    strength = season_strength(part, length)[0]
    verdict = "none"
    if strength >= bar_to_clear(cycles):
        chance = max((season_strength(part, other)[0] for other in _others(len(part), length)), default=0.0)
        verdict = "season" if strength >= _CLEARER * chance else "none"
    return Season(period, name, strength, verdict, cycles, block)


def bar_to_clear(cycles: float) -> float:
    """The weakest strength that counts; noise alone has about 1 / cycles."""
    return max(WEAKEST, min(3 / cycles, 0.9))


def _block(period: int, cycles: list[int]) -> int:
    """Points to average so that a cycle has at most 400: a shorter cycle of the calendar, or a divisor."""
    fewest = -(-period // LONGEST)
    whole = [one for one in cycles if fewest <= one <= period / 24]
    divisors = (block for block in range(fewest, 3 * fewest) if period % block == 0)
    return 1 if fewest == 1 else min(whole, default=next(divisors, fewest))


def _means(values: Floats, block: int) -> Floats:
    """Means over blocks, counted from the end; those with more than half missing are interpolated."""
    whole = values[len(values) % block :].reshape(-1, block)
    known = np.count_nonzero(~np.isnan(whole), axis=1)
    means = np.nansum(whole, axis=1) / np.maximum(known, 1)
    means[known * 2 < block] = np.nan
    inside = np.flatnonzero(~np.isnan(means))
    if not len(inside):
        return np.empty(0)
    return _interpolated(means[inside[0] : inside[-1] + 1])[-MOST_POINTS:]


def _others(points: int, period: int) -> list[int]:
    """Periods near one, yet at least a cycle and a half away over the data, and not harmonics of it."""
    cycles = points / period
    near = [period - 2, period - 1, period + 1, period + 2]
    near += [round(points / (cycles + shift)) for shift in (-1.5, 1.5) if cycles + shift >= 2]
    apart = {one for one in near if one >= 2 and abs(points / one - cycles) >= 1.4}
    fits = [one for one in apart if one % period and period % one and points / one >= 2]
    return sorted(fits, key=lambda one: abs(one - period))[:4]


def _suggested(values: Floats) -> list[int]:
    """Periods with a peak in the periodogram and a hill in the autocorrelation, strongest first."""
    points = len(values)
    if points < 12:
        return []
    steps = np.arange(points)
    rest = values - np.polyval(np.polyfit(steps, values, 1), steps)
    power = np.abs(np.fft.rfft(rest * np.hanning(points))) ** 2
    padded = np.abs(np.fft.rfft(rest, 2 * points)) ** 2
    correlation = np.fft.irfft(padded)[:points] / np.arange(points, 0, -1)
    # In noise the power over its median is exponential: the highest of so many stays below this bar.
    bar = np.log(len(power) / _CHANCE) / np.log(2)
    found: list[int] = []
    for peak in np.argsort(-power[_CYCLES:])[:40] + _CYCLES:
        around = power[max(1, peak // 2 - 3) : 2 * peak + 4]
        if peak >= len(power) - 1 or power[peak] < max(power[peak - 1], power[peak + 1]):
            continue
        low, high = max(2, int(points / (peak + 1))), min(points // 2, -(-points // (peak - 1)))
        if power[peak] < bar * np.median(around) or high <= low:
            continue
        lag = low + int(np.argmax(correlation[low : high + 1]))
        hill = correlation[lag] > max(correlation[lag - 1], correlation[lag + 1], 0)
        if hill and lag <= LONGEST and not any(_related(lag, other) for other in found):
            near = [one for one in range(lag - 2, lag + 3) if low <= one <= high]
            found.append(max(near, key=lambda one: season_strength(values, one)[0]))
    return found[:3]


def _related(period: int, other: int) -> bool:
    """Whether one is nearly a whole multiple of the other."""
    short, long = sorted((period, other))
    return abs(long - round(long / short) * short) <= max(1, 0.03 * long)
