"""The one-standard-error rule: the smallest model that the best one does not clearly beat."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.errors import LSTMWidgetsError


@dataclass(frozen=True, eq=False)
class Choice:
    """What `one_standard_error` found; positions are those of ``sizes`` as given.

    Attributes
    ----------
    best : int
        Position of the smallest mean error.
    chosen : int
        Position of the smallest size whose mean error is within one standard error of that.
    means : float64 array, shape (sizes,)
        Mean error of each size; NaN where there was none.
    standard_error : float
        Of the best mean; NaN where each size was tried once, and nothing is known of the noise.
    limit : float
        The best mean and one standard error.
    """

    best: int
    chosen: int
    means: NDArray[np.float64]
    standard_error: float
    limit: float


def one_standard_error(sizes: ArrayLike, errors: ArrayLike) -> Choice:
    """Choose the smallest size whose error is within one standard error of the smallest error.

    The rule of Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, section
    3.4.3: among sizes that cannot be told apart, the simplest is as good, and costs less. The standard error
    is that of the mean over the best size's repeats, ``std(repeats, ddof=1) / sqrt(repeats)``.

    Parameters
    ----------
    sizes : array, shape (sizes,)
        In any order, each once.
    errors : array, shape (sizes, repeats)
        Errors of repeated trials of each size, such as one for each seed. NaN where a trial gave none; a
        size without any is never chosen.

    Returns
    -------
    Choice
        With a single repeat of the best size, the best itself.

    Raises
    ------
    LSTMWidgetsError
        For no sizes, a size given twice, errors of another shape, or no error at all.

    Examples
    --------
    >>> choice = one_standard_error([8, 16, 32], [[1.30, 1.34], [1.05, 1.03], [1.00, 1.06]])
    >>> [8, 16, 32][choice.best], [8, 16, 32][choice.chosen]
    (32, 16)
    """
    tried, found = np.asarray(sizes, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if tried.ndim != 1 or not len(tried):
        raise LSTMWidgetsError(f"sizes={sizes!r} is not accepted: pass a list of one size or more")
    if len(set(tried.tolist())) < len(tried):
        raise LSTMWidgetsError(f"sizes={sizes!r} is not accepted: a size is in it twice")
    if found.ndim != 2 or len(found) != len(tried):
        raise LSTMWidgetsError(
            f"errors have the shape {found.shape}: expected (sizes, repeats), with {len(tried)} sizes"
        )
    known = np.isfinite(found)
    counts = known.sum(axis=1)
    if not counts.any():
        raise LSTMWidgetsError("none of the sizes has an error: there is nothing to choose between")
    sums = np.where(known, found, 0.0).sum(axis=1)
    means = np.divide(sums, counts, out=np.full(len(tried), np.nan), where=counts > 0)
    best = int(np.nanargmin(means))
    repeats = found[best][known[best]]
    noise = float(repeats.std(ddof=1)) / math.sqrt(len(repeats)) if len(repeats) > 1 else math.nan
    limit = float(means[best]) + (0.0 if math.isnan(noise) else noise)
    within = np.flatnonzero(means <= limit)
    chosen = int(within[np.argmin(tried[within])])
    if math.isnan(noise):
        chosen = best
    return Choice(best, chosen, means, noise, limit)
