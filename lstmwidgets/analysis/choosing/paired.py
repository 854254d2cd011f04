"""Whether two configs differ by more than the noise of cutoffs and of seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.analysis.diagnosis.evidence import MeanTest, mean_test
from lstmwidgets.errors import LSTMWidgetsError


@dataclass(frozen=True)
class Difference(MeanTest):
    """How far the errors of one config lie above those of another: see `difference`.

    Attributes
    ----------
    over_cutoffs, over_seeds : float
        The two parts of ``error``, whose square is the sum of theirs; NaN where a part is not known.
    cutoffs, seeds : int
        Cutoffs compared, and trainings of the config that has fewer.
    reference : float
        Mean error of the other config.
    """

    over_cutoffs: float
    over_seeds: float
    cutoffs: int
    seeds: int
    reference: float

    @property
    def share(self) -> float:
        """The difference as a share of the other config's error; NaN where that is 0."""
        return self.mean / self.reference if self.reference else math.nan

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Where the true difference lies, at a level of confidence; NaN where nothing can be said."""
        from scipy.stats import t as student  # type: ignore[import-untyped]

        if not self.freedom:
            return math.nan, math.nan
        reach = float(student.ppf(0.5 + level / 2, self.freedom)) * self.error
        return self.mean - reach, self.mean + reach


def difference(one: ArrayLike, other: ArrayLike, overlap: int) -> Difference:
    """Test whether two configs err alike, on the cutoffs they share and over the seeds of both.

    The statement is of other times and other seeds than those tried. The mean difference strays for two
    reasons: the cutoffs happen to suit one config, and its seeds happen to be lucky. These have nothing to
    do with each other, so their variances add. That of cutoffs comes from the differences between seed means,
    cutoff by cutoff (`mean_test`, which heeds that neighbouring cutoffs share targets); that of seeds is
    Welch's (1947), from the mean error of each training. The mean is compared with Student's t, of the
    degrees of freedom of Satterthwaite (1946). What a training does at a cutoff beyond both counts in both
    variances, and luck that a seed brings to both configs is not subtracted: where this test errs, it is on
    the side of telling nothing.

    Of 2,000 simulated pairs of configs equally good, with 3 seeds, 96 cutoffs of 12 steps and both noises
    alike, it told 5 % apart at the 5 % level; the cutoffs alone would tell 13 %. With 10 seeds it was 6 %,
    and 9 % where each noise is asked by itself and both agree. However unlike the noises of two configs,
    it stays between 3 and 7 % from three seeds on; with two seeds it can be 10 %.

    Parameters
    ----------
    one, other : arrays, shape (seeds, cutoffs)
        Mean absolute errors; the numbers of seeds may differ. A cutoff with any NaN is left out.
    overlap : int
        How many neighbouring cutoffs share targets: see `mean_test`.

    Returns
    -------
    Difference
        With a single seed on either side nothing is known of the noise of seeds: ``over_seeds`` is NaN
        then, and ``p`` speaks of these very trainings. With too few cutoffs for `mean_test` only the mean
        is known, and ``p`` is NaN.

    Raises
    ------
    LSTMWidgetsError
        When there is no training, or the cutoffs are not as many on both sides.

    References
    ----------
    Welch, B. L. (1947). The generalization of Student's problem when several different population
    variances are involved. Biometrika 34.
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
    Biometrics Bulletin 2(6).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> lstm, gru = 5.0 + rng.normal(0, 0.1, (2, 3, 90))
    >>> difference(lstm, gru, overlap=1).p > 0.05, difference(lstm, gru + 0.5, overlap=1).p < 0.001
    (True, True)
    """
    ours, theirs = (np.asarray(errors, dtype=np.float64) for errors in (one, other))
    if ours.ndim != 2 or theirs.ndim != 2 or ours.shape[1] != theirs.shape[1] or not len(ours) * len(theirs):
        raise LSTMWidgetsError(
            f"errors have the shapes {ours.shape} and {theirs.shape}: expected (seeds, cutoffs), with the "
            "same cutoffs and at least one seed"
        )
    known = np.isfinite(ours).all(axis=0) & np.isfinite(theirs).all(axis=0)
    ours, theirs = ours[:, known], theirs[:, known]
    seeds, cutoffs = min(len(ours), len(theirs)), int(known.sum())
    reference = float(theirs.mean()) if cutoffs else math.nan
    over = mean_test(ours.mean(axis=0) - theirs.mean(axis=0), overlap)
    if not over.freedom or seeds < 2:
        return Difference(
            over.mean, over.error, over.freedom, over.p, over.error, math.nan, cutoffs, seeds, reference
        )
    variances = [(over.error**2, over.freedom), *(_seed_variance(each) for each in (ours, theirs))]
    error = math.sqrt(sum(variance for variance, _ in variances))
    freedom = _satterthwaite(variances) if error else over.freedom
    return Difference(
        mean=over.mean,
        error=error,
        freedom=freedom,
        p=_two_sided(over.mean, error, freedom),
        over_cutoffs=over.error,
        over_seeds=math.sqrt(sum(variance for variance, _ in variances[1:])),
        cutoffs=cutoffs,
        seeds=seeds,
        reference=reference,
    )


def _seed_variance(errors: NDArray[np.float64]) -> tuple[float, int]:
    """Variance of a config's mean error over its seeds, and its degrees of freedom."""
    means = errors.mean(axis=1)
    return float(means.var(ddof=1)) / len(means), len(means) - 1


def _satterthwaite(variances: Sequence[tuple[float, float]]) -> float:
    whole = sum(variance for variance, _ in variances)
    # Shares first: the squares of small variances would not be numbers.
    return 1 / sum((variance / whole) ** 2 / freedom for variance, freedom in variances)


def _two_sided(mean: float, error: float, freedom: float) -> float:
    from scipy.stats import t as student

    if error == 0.0:
        return float(mean == 0.0)
    return float(2 * student.sf(abs(mean) / error, freedom))


def holm(ps: Sequence[float]) -> list[float]:
    """Correct several p values, so that the chance of any false alarm among them stays below the level.

    The step-down procedure of Holm (1979), A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6(2): the smallest is multiplied by how many there are, the next by
    one less, and none becomes smaller than one before it. NaN stay, and count for nothing.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, largest = [math.nan] * len(ps), 0.0
    known = sorted((p, place) for place, p in enumerate(ps) if not math.isnan(p))
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[place] = largest
    return corrected
