"""The paired test on errors made so that the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_rel

from lstmwidgets.analysis.choosing.paired import difference, holm
from lstmwidgets.analysis.diagnosis.evidence import mean_test
from lstmwidgets.errors import LSTMWidgetsError

CUTOFFS, OVERLAP = 96, 12


def slow(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Noise whose neighbours are alike, as errors are that share targets: standard deviation 1."""
    white = rng.normal(size=(*shape, CUTOFFS + OVERLAP - 1)) / math.sqrt(OVERLAP)
    return np.lib.stride_tricks.sliding_window_view(white, OVERLAP, axis=-1).sum(axis=-1)


def test_two_identical_configs_are_equal() -> None:
    errors = 5 + slow(np.random.default_rng(0), 3)
    same = difference(errors, errors, OVERLAP)
    assert (same.mean, same.p) == (0.0, 1.0)
    assert same.interval()[0] < 0 < same.interval()[1]


def test_a_constant_small_advantage_is_told_under_tiny_noise() -> None:
    rng = np.random.default_rng(1)
    shared = 5 + slow(rng)  # hard cutoffs are hard for both
    worse = shared + 0.001 * rng.normal(size=(3, CUTOFFS))
    better = shared - 0.01 + 0.001 * rng.normal(size=(3, CUTOFFS))
    test = difference(better, worse, OVERLAP)
    assert test.p < 0.001
    assert test.mean == pytest.approx(-0.01, rel=0.1)
    assert test.share == pytest.approx(-0.002, rel=0.1)
    assert test.interval()[1] < 0


def test_noise_that_leans_on_itself_is_not_taken_for_a_difference() -> None:
    """A plain paired t test tells many of these apart."""
    rng = np.random.default_rng(2)
    pairs = [5 + slow(rng, 2) for _ in range(200)]
    plain = np.mean([ttest_rel(*pair).pvalue < 0.05 for pair in pairs])
    ours = np.mean([difference(one[None], other[None], OVERLAP).p < 0.05 for one, other in pairs])
    assert plain > 0.4
    assert ours < 0.12


def test_a_lucky_seed_is_not_taken_for_a_difference() -> None:
    """The cutoffs alone would tell them apart for certain."""
    rng = np.random.default_rng(3)
    shared = 5 + slow(rng)
    one = shared + np.array([[-0.3], [0.0], [0.1]])
    other = shared + np.array([[0.2], [0.3], [-0.2]]) + 0.01 * rng.normal(size=CUTOFFS)
    assert mean_test(one.mean(axis=0) - other.mean(axis=0), OVERLAP).p < 0.001
    assert difference(one, other, OVERLAP).p > 0.2


def test_configs_alike_are_told_apart_as_seldom_as_the_level_says() -> None:
    """Both noises at once, each as strong as the other in the mean."""
    rng = np.random.default_rng(4)
    told = [
        difference(*(5 + slow(rng) + 0.58 * rng.normal(size=(3, 1)) for _ in range(2)), OVERLAP).p < 0.05
        for _ in range(400)
    ]
    assert np.mean(told) < 0.08


def test_where_cutoffs_bring_no_noise_it_is_welchs_test() -> None:
    ours, theirs = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.5, 5.5])
    flat = np.ones(40)
    test = difference(ours[:, None] * flat, theirs[:, None] * flat, overlap=1)
    oracle = ttest_ind(ours, theirs, equal_var=False)
    assert test.over_cutoffs == 0.0
    assert test.error == pytest.approx(test.over_seeds) == pytest.approx(test.mean / oracle.statistic)
    assert test.freedom == pytest.approx(oracle.df)
    assert test.p == pytest.approx(oracle.pvalue)


def test_where_seeds_bring_no_noise_it_is_the_test_over_cutoffs() -> None:
    rng = np.random.default_rng(5)
    one, other = 5 + slow(rng, 2)
    test = difference([one, one], [other, other], OVERLAP)
    assert (test.p, test.error) == pytest.approx(
        (mean_test(one - other, OVERLAP).p, mean_test(one - other, OVERLAP).error)
    )


def test_both_noises_add_as_squares() -> None:
    rng = np.random.default_rng(6)
    one, other = (5 + slow(rng) + 0.3 * rng.normal(size=(3, 1)) for _ in range(2))
    test = difference(one, other, OVERLAP)
    assert test.error == pytest.approx(math.hypot(test.over_cutoffs, test.over_seeds))
    assert (test.cutoffs, test.seeds) == (CUTOFFS, 3)


def test_one_seed_says_nothing_of_the_noise_of_seeds() -> None:
    rng = np.random.default_rng(7)
    one, other = 5 + slow(rng, 1), 5 + slow(rng, 3)
    test = difference(one, other, OVERLAP)
    assert math.isnan(test.over_seeds) and test.seeds == 1
    assert test.p == mean_test(one[0] - other.mean(axis=0), OVERLAP).p


def test_of_too_few_cutoffs_only_the_mean_is_known() -> None:
    test = difference(np.full((3, 20), 2.0), np.full((3, 20), 3.0), overlap=12)
    assert test.mean == -1.0 and math.isnan(test.p) and test.freedom == 0
    assert all(map(math.isnan, test.interval()))


def test_a_cutoff_that_one_training_lacks_counts_for_none() -> None:
    one, other = np.ones((2, 30)), np.full((2, 30), 2.0)
    one[0, 3], other[1, 4] = np.nan, np.nan
    one[1, 3] = 1e9
    assert difference(one, other, 1).cutoffs == 28
    assert difference(one, other, 1).mean == -1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [([1.0, 2.0], [1.0, 2.0]), ([[1.0, 2.0]], [[1.0]]), (np.empty((0, 3)), np.ones((1, 3)))],
)
def test_errors_of_another_shape_are_refused(one: object, other: object) -> None:
    with pytest.raises(LSTMWidgetsError, match=r"expected \(seeds, cutoffs\)"):
        difference(one, other, 1)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_step_by_step_at_every_level(ps: list[float]) -> None:
    """The procedure as Holm words it: from the smallest on, until one is not below its share of the level."""
    for level in (0.01, 0.05, 0.2):
        rejected = 0
        for place, p in enumerate(sorted(ps)):
            if p * (len(ps) - place) > level:
                break
            rejected += 1
        assert sum(corrected <= level for corrected in holm(ps)) == rejected


def test_holm_leaves_out_what_is_not_known() -> None:
    corrected = holm([0.04, math.nan, 0.01])
    assert corrected[0] == 0.04 and math.isnan(corrected[1]) and corrected[2] == 0.02
