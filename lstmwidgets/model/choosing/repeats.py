"""Repeated trials out of one: errors by block of validation cutoffs, for the one-standard-error rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST_BLOCKS = 10


def block_errors(errors: Sequence[pd.Series], horizon: int) -> NDArray[np.float64]:
    """Mean error of each candidate in contiguous blocks of the cutoffs that all of them have.

    Forecasts from neighbouring cutoffs err alike, so single cutoffs are no repeats; blocks of at least
    ``horizon`` cutoffs, at most ten, nearly are. A block that is hard is hard for every candidate, which says
    nothing of their differences: the block's mean over candidates is taken out, and what is left is stretched
    by ``sqrt(candidates / (candidates - 1))``, because part of a candidate's own deviation went with the mean
    (Cousineau, D. (2005). Confidence intervals in within-subject designs. Tutorials in Quantitative Methods
    for Psychology 1(1); Morey, R. D. (2008), the same, 4(2)). Each candidate's mean stays what it is.

    What is not in it is the draw of the initial weights: a training more for each seed would be needed.

    Parameters
    ----------
    errors : sequence of pandas.Series
        For each candidate its error by cutoff: see `errors_by_cutoff`.
    horizon : int

    Returns
    -------
    float64 array, shape (candidates, blocks)
        With fewer than two such blocks, one.

    Examples
    --------
    >>> easy, hard = np.repeat([1.0, 2.0], 4), np.repeat([1.0, 3.0], 4)
    >>> times = pd.date_range("2020", periods=8, freq="D")
    >>> block_errors([pd.Series(easy, times), pd.Series(hard, times)], horizon=4).round(2).tolist()
    [[1.85, 1.15], [1.65, 2.35]]
    """
    table = pd.concat(list(errors), axis=1, join="inner").to_numpy(np.float64)
    cutoffs, candidates = table.shape
    blocks = min(MOST_BLOCKS, cutoffs // max(1, horizon))
    means = table.mean(axis=0)[:, None]
    if blocks < 2:
        return means
    by_block = np.stack([block.mean(axis=0) for block in np.array_split(table, blocks)], axis=1)
    if candidates == 1:
        return by_block
    own = by_block - by_block.mean(axis=0)
    own -= own.mean(axis=1, keepdims=True)
    repeats: NDArray[np.float64] = means + own * np.sqrt(candidates / (candidates - 1))
    return repeats
