"""Conformal prediction as functions of arrays: how wide an interval the errors so far call for."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from math import ceil

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.errors import LSTMWidgetsError

LEVELS = (80, 90)
"""Levels made by default: per cent of what comes that an interval is to hold."""


def checked_levels(levels: Sequence[int]) -> tuple[int, ...]:
    """Levels as a rising tuple of whole numbers from 1 to 99, each once."""
    wanted = tuple(levels) if isinstance(levels, (tuple, list, np.ndarray, range)) else (levels,)
    whole = all(isinstance(level, (int, np.integer)) and not isinstance(level, bool) for level in wanted)
    if not wanted or not whole or not all(1 <= level <= 99 for level in wanted):
        raise LSTMWidgetsError(
            f"levels={levels!r} is not accepted: levels takes whole numbers from 1 to 99, such as (80, 90)"
        )
    return tuple(sorted({int(level) for level in wanted}))


def residuals_needed(level: int) -> int:
    """The fewest residuals that can calibrate a level: with fewer, the interval would have no end.

    Examples
    --------
    >>> [residuals_needed(level) for level in (50, 80, 90, 99)]
    [1, 4, 9, 99]
    """
    return -(-level // (100 - level))


def conformal_quantiles(residuals: ArrayLike, levels: Sequence[int] = LEVELS) -> NDArray[np.float64]:
    """Half the width of split-conformal intervals: for each step the error that a level's share stays below.

    Of ``n`` absolute residuals it is the one of rank ``ceil((n + 1) * level / 100)``, one more than
    the plain quantile takes: the residual to come is one among ``n + 1``. If all of them could
    have come in any order, the interval holds it with at least the level's probability. Vovk, V.
    et al. (2005). Algorithmic Learning in a Random World; Papadopoulos, H. et al. (2002). Inductive
    confidence machines for regression; Lei, J. et al. (2018). Distribution-free predictive
    inference for regression. JASA 113(523).

    Parameters
    ----------
    residuals : array, shape (cutoffs, steps)
        Forecast less actual, of either sign, in the unit of the series; NaN where not known.
    levels : sequence of int
        From 1 to 99, rising.

    Returns
    -------
    float64 array, shape (steps, levels)
        In the unit of the series, rising along the levels.

    Raises
    ------
    LSTMWidgetsError
        When a step has too few residuals for a level: 90 needs 9 of them, 99 needs 99.

    Examples
    --------
    >>> conformal_quantiles([[1], [-3], [2], [-5]], levels=(50, 80)).tolist()
    [[3.0, 5.0]]
    """
    wanted = checked_levels(levels)
    errors = np.abs(np.asarray(residuals, dtype=np.float64))
    if errors.ndim != 2:
        raise LSTMWidgetsError(f"residuals has the shape {errors.shape}: expected (cutoffs, steps)")
    quantiles = np.empty((errors.shape[1], len(wanted)))
    for number, column in enumerate(errors.T):
        known = np.sort(column[np.isfinite(column)])
        for place, level in enumerate(wanted):
            if len(known) < residuals_needed(level):
                raise LSTMWidgetsError(
                    f"a {level} % interval needs at least {residuals_needed(level)} errors to be calibrated "
                    f"on, and step {number + 1} has {len(known)}: backtest from more cutoffs (a smaller "
                    "step, or a larger part), or ask for a lower level"
                )
            rank = -(-(len(known) + 1) * level // 100)  # in whole numbers: 10 * 0.9 must not become 9.000…1
            quantiles[number, place] = known[rank - 1]
    return quantiles


def adaptive_widths(
    errors: ArrayLike,
    arrived: ArrayLike,
    levels: Sequence[int] = LEVELS,
    gamma: float = 0.005,
    window: int = 1000,
) -> NDArray[np.float64]:
    """Half the widths of adaptive intervals for one step ahead, over cutoffs in time order.

    A level ``L`` aims at the share ``s = L / 100`` of errors, and with each error that arrives
    moves to ``s + gamma * (missed - (1 - L / 100))``. The width is the error of rank
    ``r = ceil((n + 1) * s)`` among the last ``n`` that have arrived. Where ``r`` exceeds ``n``,
    Gibbs and Candès (2021) make the interval endless; here it is ``r / n`` times the largest error,
    which has an end and still grows until misses stop. Where ``r`` is 0 or less it is 0. A wider
    level is never narrower than a lower one.

    Parameters
    ----------
    errors : array, shape (cutoffs,)
        Absolute errors; NaN where what came is not known, and then neither hit nor miss.
    arrived : integer array, shape (cutoffs,)
        How many of the first errors are known at each cutoff; at most as many as lie before it.
    levels, gamma, window
        As in `adaptive_conformal`.

    Returns
    -------
    float64 array, shape (cutoffs, levels)
        NaN where fewer than `residuals_needed` errors have arrived.

    Examples
    --------
    >>> adaptive_widths([1, 4, 2, 3, 9], [0, 1, 2, 3, 4], levels=[50], gamma=0.0).ravel().tolist()
    [nan, 1.0, 4.0, 2.0, 3.0]
    """
    known, counts = np.asarray(errors, dtype=np.float64).tolist(), np.asarray(arrived).tolist()
    wanted = checked_levels(levels)
    needed = [residuals_needed(level) for level in wanted]
    if any(count > place for place, count in enumerate(counts)):
        raise LSTMWidgetsError("arrived counts an error that has not come yet: at most the ones before count")
    aims = [level / 100 for level in wanted]
    issued: list[list[float]] = []
    ordered: list[float] = []  # the last errors by size, and by time
    recent: deque[float] = deque()
    taken = 0
    for count in counts:
        for place in range(taken, count):
            error = known[place]
            if error != error:
                continue
            for number, level in enumerate(wanted):
                width = issued[place][number]
                if width == width:
                    aims[number] += gamma * ((error > width) - (1 - level / 100))
            insort(ordered, error)
            recent.append(error)
            if len(recent) > window:
                del ordered[bisect_left(ordered, recent.popleft())]
        taken = max(taken, count)
        issued.append(_widths(ordered, aims, needed))
    return np.array(issued, dtype=np.float64).reshape(len(counts), len(wanted))


def _widths(ordered: list[float], aims: list[float], needed: list[int]) -> list[float]:
    """One width for each aim, in rising order: that of its rank, or beyond the largest error."""
    count, widths, widest = len(ordered), [], 0.0
    for aim, fewest in zip(aims, needed, strict=True):
        if count < fewest:
            widths.append(float("nan"))
            continue
        rank = ceil((count + 1) * aim - 1e-9)  # 10 * 0.9 must not become 9.000…1
        beyond = ordered[-1] * rank / count
        widest = max(widest, beyond if rank > count else ordered[rank - 1] if rank > 0 else 0.0)
        widths.append(widest)
    return widths
