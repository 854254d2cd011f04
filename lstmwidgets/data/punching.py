"""Punch gaps into what is known, to learn and to measure how well gaps are filled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Gap = tuple[int, int]
"""Position of a gap's first point, and its length."""

USUAL_LENGTHS = (1, 1, 1, 2, 3, 5, 8, 13, 24)
"""Gap lengths to punch, in points, where a series has no gap of its own to go by."""

_TRIES = 16


def gaps_of(known: NDArray[np.bool_]) -> list[Gap]:
    """The gaps between known values, in time order; what lies before the first or after the last is none.

    Examples
    --------
    >>> gaps_of(np.array([False, True, False, False, True, False, True, False]))
    [(2, 2), (5, 1)]
    """
    places = np.flatnonzero(known)
    lengths = np.diff(places) - 1
    inside = lengths > 0
    return [
        (int(place) + 1, int(length))
        for place, length in zip(places[:-1][inside], lengths[inside], strict=True)
    ]


def longest_punch(known: NDArray[np.bool_]) -> int:
    """The longest gap that can be punched: the longest known stretch, but for a value at each end."""
    edges = np.flatnonzero(np.diff(known.astype(np.int8), prepend=0, append=0))
    return max(0, int((edges[1::2] - edges[0::2]).max(initial=0)) - 2)


def punch(known: NDArray[np.bool_], lengths: NDArray[np.integer], rng: np.random.Generator) -> list[Gap]:
    """Places for gaps, each where all is known, with a known value at both ends; none touches another.

    The longest are placed first, each with the same chance wherever it fits; those that fit nowhere
    are left out.

    Parameters
    ----------
    known : bool array, shape (timesteps,)
    lengths : int array
        In points, from 1 up, in any order.
    rng : numpy.random.Generator

    Returns
    -------
    list of (first position, length)
        In time order.

    Examples
    --------
    >>> punch(np.ones(8, bool), np.array([2, 2]), np.random.default_rng(0))
    [(2, 2), (5, 2)]
    """
    free, placed = known.copy(), []
    for length in sorted((int(length) for length in lengths), reverse=True):
        start = _place(free, length, rng)
        if start is not None:
            free[start : start + length] = False
            placed.append((start, length))
    return sorted(placed)


def _place(free: NDArray[np.bool_], length: int, rng: np.random.Generator) -> int | None:
    """One of the places where a gap and its two neighbours are free, each with the same chance."""
    last = len(free) - length - 2
    for begin in rng.integers(0, last + 1, _TRIES) if last >= 0 else ():  # quick where most is free
        if free[begin : begin + length + 2].all():
            return int(begin) + 1
    before = np.concatenate([[0], np.cumsum(free)])  # free points before each position
    fits = np.flatnonzero(before[length + 2 :] - before[: max(0, last + 1)] == length + 2)
    return int(rng.choice(fits)) + 1 if len(fits) else None


def punched(values: NDArray[np.float64], gaps: list[Gap]) -> NDArray[np.float64]:
    """A copy of some values with NaN in the gaps."""
    result = values.copy()
    for start, length in gaps:
        result[start : start + length] = np.nan
    return result


def positions(gaps: list[Gap]) -> NDArray[np.intp]:
    """The positions of all points in some gaps, gap by gap."""
    return np.concatenate([np.arange(start, start + length) for start, length in gaps])


def draw_lengths(
    lengths: NDArray[np.integer], count: int, most: int, rng: np.random.Generator
) -> NDArray[np.integer]:
    """Up to ``count`` of some gap lengths, ``most`` points together; none twice before each came once."""
    rounds = -(-count // len(lengths))
    taken, points = [], 0
    for length in np.concatenate([rng.permutation(lengths) for _ in range(rounds)])[:count]:
        if points + length <= most:
            taken.append(length)
            points += length
    return np.array(taken, dtype=np.int64)
