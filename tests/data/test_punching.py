"""Gaps punched into what is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmwidgets.data.punching import draw_lengths, gaps_of, longest_punch, positions, punch, punched


@given(
    known=st.lists(st.booleans(), max_size=80),
    lengths=st.lists(st.integers(1, 12), max_size=10),
    seed=st.integers(0, 99),
)
def test_punched_gaps_lie_where_all_is_known_between_known_values_and_apart(known, lengths, seed):
    known = np.array(known, dtype=bool)
    gaps = punch(known, np.array(lengths, dtype=int), np.random.default_rng(seed))
    left = known.copy()
    for start, length in gaps:
        assert known[start : start + length].all()
        left[start : start + length] = False
    for start, length in gaps:  # also when all are gone
        assert left[start - 1] and left[start + length] and start > 0
    assert left.sum() == known.sum() - sum(length for _, length in gaps)
    assert set(gaps) <= set(gaps_of(left))  # each is a gap of its own
    assert gaps == sorted(gaps)
    asked, got = sorted(lengths, reverse=True), sorted((length for _, length in gaps), reverse=True)
    if asked and asked[0] <= longest_punch(known):
        assert got[0] == asked[0]  # the longest finds its place


def test_the_longest_that_can_be_punched_leaves_a_known_value_at_each_end():
    known = np.array([1, 1, 0, 1, 1, 1, 1, 1, 0], dtype=bool)
    assert longest_punch(known) == 3
    assert punch(known, np.array([3, 4]), np.random.default_rng(0)) == [(4, 3)]
    assert longest_punch(np.zeros(4, bool)) == longest_punch(np.ones(2, bool)) == 0


def test_every_place_has_the_same_chance():
    places = [
        punch(np.ones(7, bool), np.array([3]), np.random.default_rng(seed))[0][0] for seed in range(900)
    ]
    counts = np.bincount(places)
    assert counts[0] == 0 and len(counts) == 4
    assert counts[1:] == pytest.approx([300, 300, 300], abs=60)  # four standard deviations


def test_gaps_are_found_between_known_values_only():
    assert gaps_of(np.array([0, 0, 1, 0, 1, 1, 0, 0, 1, 0], dtype=bool)) == [(3, 1), (6, 2)]
    assert gaps_of(np.zeros(3, bool)) == gaps_of(np.ones(3, bool)) == []


def test_punching_leaves_the_values_given_as_they_are():
    values = np.arange(5.0)
    np.testing.assert_array_equal(punched(values, [(1, 1), (3, 1)]), [0, np.nan, 2, np.nan, 4])
    assert values.sum() == 10
    assert positions([(3, 2), (0, 1)]).tolist() == [3, 4, 0]


def test_each_length_is_drawn_once_before_any_is_drawn_again():
    rng = np.random.default_rng(0)
    assert sorted(draw_lengths(np.array([1, 2, 3]), 6, 100, rng)) == [1, 1, 2, 2, 3, 3]
    assert len(set(draw_lengths(np.array([1, 2, 3]), 3, 100, rng))) == 3
    assert draw_lengths(np.array([4, 9]), 50, 8, rng).tolist() == [4, 4]  # nothing else fits into 8 points
