"""Fewer points for a line that looks the same: plain functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 4000
"""A browser draws this many points of a line without a pause (bqplot slows down beyond 5,000)."""


def thin(
    x: NDArray[Any], y: NDArray[np.float64], most: int = MOST_POINTS
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Keep at most ``most`` points of a line: the least and the greatest of each stretch, and each gap.

    Parameters
    ----------
    x, y : arrays, shape (points,)
        A line; NaN in ``y`` breaks it.
    most : int
        At least 4.

    Examples
    --------
    >>> x, y = np.arange(1000.0), np.zeros(1000)
    >>> y[[123, 777]] = 5.0, -5.0
    >>> shorter = thin(x, y, most=40)[1]
    >>> len(shorter) <= 40, sorted(set(shorter.tolist()))
    (True, [-5.0, 0.0, 5.0])
    """
    if len(x) <= most:
        return x, y
    edges = np.linspace(0, len(x), max(1, (most - 2) // 3) + 1).astype(np.intp)
    buckets = edges[:-1]
    number = np.repeat(np.arange(len(buckets)), np.diff(edges))
    known = np.isfinite(y)
    least = _first_in_bucket(np.where(known, y, np.inf), number, buckets)
    greatest = _first_in_bucket(np.where(known, -y, np.inf), number, buckets)
    gap = _first_in_bucket(np.where(known, np.inf, 0.0), number, buckets)
    kept = np.unique(np.concatenate([[0], least, greatest, gap[~known[gap]], [len(x) - 1]]))
    return x[kept], y[kept]


def _first_in_bucket(
    y: NDArray[np.float64], number: NDArray[np.intp], buckets: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Position of the least value of each bucket, the first where several are equal."""
    least = np.minimum.reduceat(y, buckets)
    candidates = np.flatnonzero(y == least[number])
    return candidates[np.searchsorted(candidates, buckets)]


def in_blocks(
    x: NDArray[Any], y: NDArray[np.float64], block: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Break a line wherever ``block`` changes, by a NaN between.

    Examples
    --------
    >>> in_blocks(np.arange(4), np.array([1.0, 2.0, 3.0, 4.0]), np.array(["a", "a", "b", "b"]))[1].tolist()
    [1.0, 2.0, nan, 3.0, 4.0]
    """
    breaks = np.flatnonzero(block[1:] != block[:-1]) + 1
    return np.insert(x, breaks, x[breaks]), np.insert(y, breaks, np.nan)
