"""Find values that stand out: lone outliers, markers of missing values, stretches that never change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OUTLIER_SCORE = 5.0
"""Scores from here on are outliers: see `outlier_scores`."""

LONGEST_SEASON = 400
"""Seasons of more points change too little from one point to the next to be taken off."""

_SIDE = 3  # known values on each side that a point is compared with
_AROUND = 101  # steps around a point that tell what is usual there
_CYCLES = 7  # cycles around a point that tell its seasonal part
_SHORTEST = 6  # points of a stretch that may count as stuck
_OFTEN = 10  # other runs of a value that make it common
_NORMAL = 1.4826  # from the median size of Gaussian numbers to their standard deviation


def outlier_scores(values: Floats, seasons: Sequence[int] = ()) -> Floats:
    """How far each value lies from both its neighbourhoods, in usual steps of the series.

    A two-sided Hampel rule (Hampel, 1974; Pearson, 2002, https://doi.org/10.1109/87.974338). The
    seasons are taken off first, by medians of the same phase over seven cycles. Then a value is
    compared with the median of the three values before it and of the three after it. Its distance is
    the smaller of the two, and 0 where it lies between them: the first value on a new level agrees
    with those after it, so that a level shift, a trend or a random walk gives no outlier; a run of
    three or more values counts as a level. The unit is 1.4826 times the median size of the steps from
    one value to the next, over 101 steps around or over the whole series, whichever is larger: where
    a series is restless, more is needed. In 43,824 points of Gaussian white noise, of a random walk
    and of an AR(1), the largest score seen was 4.1; `OUTLIER_SCORE` is 5.

    Parameters
    ----------
    values : float array (timesteps,), NaN where missing
    seasons : sequence of int, points in each cycle, ascending

    Returns
    -------
    float array (timesteps,)
        Above 0 for a value that is too high, below 0 for one too low; NaN where nothing is known.

    Examples
    --------
    >>> calm = np.array([0.0, 1, 0, 2, 1, 0, 1, 1, 2, 0, 1, 0])
    >>> calm[6] = 20
    >>> np.flatnonzero(np.abs(outlier_scores(calm)) >= OUTLIER_SCORE).tolist()
    [6]
    """
    rest = values
    for season in seasons:
        rest = rest - seasonal_part(rest, season)
    before, after = rest - _side_medians(rest), rest - _side_medians(rest[::-1])[::-1]
    before, after = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    nearer = np.where(np.abs(before) < np.abs(after), before, after)
    distance = np.where(np.sign(before) == np.sign(after), nearer, 0.0)
    distance[np.isnan(values)] = np.nan
    return distance / _usual_step(rest, _resolution(values))


def seasonal_part(values: Floats, season: int) -> Floats:
    """What a season of ``season`` points adds: medians over seven cycles of what is left of the level.

    The level is the running median over one cycle. Shape (timesteps,), 0 where nothing is known.
    """
    level = pd.Series(values).rolling(season | 1, center=True, min_periods=season // 2 + 1).median()
    cycles = -(-len(values) // season)
    by_phase = np.full(cycles * season, np.nan)
    by_phase[: len(values)] = values - level.to_numpy()
    medians = pd.DataFrame(by_phase.reshape(cycles, season)).rolling(_CYCLES, center=True, min_periods=2)
    return np.nan_to_num(medians.median().to_numpy().ravel()[: len(values)])


def _side_medians(values: Floats) -> Floats:
    """Median of the known ones among the three values before each; NaN where there is none."""
    padded = np.concatenate([np.full(_SIDE, np.nan), values])
    sides = np.sort(np.lib.stride_tricks.sliding_window_view(padded, _SIDE)[:-1], axis=1)  # NaN go last
    known = np.count_nonzero(~np.isnan(sides), axis=1)
    rows = np.arange(len(values))
    low, high = sides[rows, np.maximum(known - 1, 0) // 2], sides[rows, np.minimum(known // 2, _SIDE - 1)]
    return np.where(known > 0, (low + high) / 2, np.nan)


def _usual_step(values: Floats, resolution: float) -> Floats:
    """The size of steps that is usual around each value, and no less than in the whole series."""
    steps = np.abs(np.diff(values, prepend=np.nan))
    known = steps[~np.isnan(steps)]
    overall = float(np.median(known)) if len(known) else 0.0
    if overall == 0 and (known > 0).any():
        overall = float(np.median(known[known > 0]))  # most values repeat the one before
    around = pd.Series(steps).rolling(_AROUND, center=True, min_periods=_AROUND // 4).median().to_numpy()
    # Rounded numbers have no step below their last digit.
    usual = np.maximum(_NORMAL * np.fmax(around, overall), resolution)
    return np.where(usual > 0, usual, np.inf)


def _resolution(values: Floats) -> float:
    """The smallest difference between two different values of a sample; 0 when there is but one."""
    distinct = np.unique(values[~np.isnan(values)][:100_000])
    gaps = np.diff(distinct)
    # Below a part in 10^12 of the numbers themselves a difference is rounding.
    gaps = gaps[gaps > 1e-12 * np.abs(distinct).max()] if len(gaps) else gaps
    return float(gaps.min()) if len(gaps) else 0.0


def marker_values(values: Floats) -> list[float]:
    """Numbers such as -999 or 9999 that probably mark a missing value.

    The smallest or the largest of at least ten values is named when it stands there twice or more,
    but for less than half of them, and lies more than twice as far from all others as these lie from
    each other. Zero is never named: shops close and rain stops.

    Examples
    --------
    >>> marker_values(np.array([1.0, -999, 3, 2, -999, 4, 2, 1, 3, 5]))
    [-999.0]
    """
    known = values[~np.isnan(values)]
    if len(known) < 10:
        return []
    ends = np.array([known.min(), known.max()])
    rest = known[(known > ends[0]) & (known < ends[1])]
    if not len(rest):
        return []
    found = []
    for end, others in ((ends[0], known[known > ends[0]]), (ends[1], known[known < ends[1]])):
        # Both ends may be markers, so that the other one does not count as one of the rest.
        spread = max(float(np.ptp(rest)), _resolution(others))
        distance = min(abs(rest.min() - end), abs(rest.max() - end))
        if end != 0 and 2 <= np.count_nonzero(known == end) < len(known) / 2 and distance > 2 * spread:
            found.append(float(end))
    return found


def constant_stretches(values: Floats) -> NDArray[np.intp]:
    """Where one value is repeated for unusually long.

    Long is measured against the series itself, so that rounded numbers, and zeros every night, are
    left alone. Were each point the same as the one before as often as is seen in the rest of the
    series (and with that value), so long a run would be expected less than 0.01 times; and it is
    longer than four times the length that 95 % of the other runs stay within: of those of its own
    value where there are ten, else of all. Always at least six points.

    Parameters
    ----------
    values : float array (timesteps,), NaN where missing; a missing value ends a run

    Returns
    -------
    int array (stretches, 2)
        Position of the first point, and how many points.

    Examples
    --------
    >>> constant_stretches(np.array([3.0, 1, 4, 1, 5, 5, 5, 5, 5, 5, 9, 2, 6])).tolist()
    [[4, 6]]
    """
    starts, lengths = _runs(values)
    if not len(starts):
        return np.empty((0, 2), dtype=np.intp)
    runs = pd.DataFrame({"value": values[starts], "length": lengths})
    # The run at hand must not vouch for itself: shares are taken without it, quantiles without the longest.
    points = lengths.sum() - lengths
    share = (points - (len(runs) - 1) + 0.5) / (points + 1)
    by_chance = 1 + np.log(lengths.sum() / 0.01) / -np.log(share)
    all_others = np.sort(lengths)[:-1] if len(runs) > 1 else lengths
    needed = np.maximum(by_chance, 4 * np.quantile(all_others, 0.95))
    count = runs.groupby("value")["length"].transform("size")
    common = runs[(count > _OFTEN) & (runs.groupby("value")["length"].transform("max") >= _SHORTEST)]
    if len(common):
        others = common.drop(common.groupby("value")["length"].idxmax())
        usual = others.groupby("value")["length"].quantile(0.95)
        longer = 4 * common["value"].map(usual).to_numpy()
        # How often a value follows itself tells more than the mean over all; beyond 0.7 its runs have a usual
        # length, such as that of a night, and the quantile alone is left to speak.
        own = 1 - 1 / common["value"].map(others.groupby("value")["length"].mean()).to_numpy()
        by_itself = 1 + np.log(lengths.sum() / 0.01) / -np.log(np.clip(own, 1e-9, 0.7))
        needed[common.index] = np.maximum(np.maximum(by_itself, by_chance[common.index]), longer)
    stuck = (lengths >= _SHORTEST) & ((lengths > needed) | (len(runs) == 1))
    return np.column_stack([starts[stuck], lengths[stuck]]).astype(np.intp)


def _runs(values: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Start and length of each run of equal known values."""
    if not len(values):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    begins = np.r_[True, values[1:] != values[:-1]]  # NaN differs from NaN, and stands alone
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.r_[starts, len(values)])
    known = ~np.isnan(values[starts])
    return starts[known], lengths[known]
