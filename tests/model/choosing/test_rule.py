"""The smallest model that the best one does not clearly beat."""

import numpy as np
import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.choosing.rule import one_standard_error


def test_the_smallest_size_within_one_standard_error_of_the_best_is_chosen():
    # The best mean is 1.00 with repeats 0.9 and 1.1: a standard error of 0.1, so that the limit is 1.1.
    errors = [[1.5, 1.5], [1.09, 1.09], [0.9, 1.1], [1.2, 1.2]]
    choice = one_standard_error([4, 8, 16, 32], errors)
    assert (choice.best, choice.chosen) == (2, 1)
    assert choice.standard_error == pytest.approx(0.1)
    assert choice.limit == pytest.approx(1.1)
    np.testing.assert_allclose(choice.means, [1.5, 1.09, 1.0, 1.2])


def test_just_outside_the_limit_the_best_is_kept():
    assert one_standard_error([8, 16], [[1.101, 1.101], [0.9, 1.1]]).chosen == 1


def test_a_size_in_no_order_is_judged_by_its_size_and_not_its_place():
    choice = one_standard_error([32, 8, 16], [[0.9, 1.1], [1.05, 1.05], [1.0, 1.04]])
    assert (choice.best, choice.chosen) == (0, 1)


def test_a_larger_model_as_good_is_never_chosen_over_the_best():
    assert one_standard_error([8, 16], [[0.9, 1.1], [1.0, 1.01]]).chosen == 0


def test_with_one_trial_each_nothing_is_known_of_the_noise_and_the_best_is_chosen():
    choice = one_standard_error([8, 16], [[1.0001], [1.0]])
    assert choice.chosen == choice.best == 1
    assert np.isnan(choice.standard_error)


def test_trials_that_gave_nothing_count_for_nothing():
    nan = np.nan
    choice = one_standard_error([2, 4, 8], [[nan, nan], [1.2, nan], [0.9, 1.3]])
    assert (choice.best, choice.chosen) == (2, 1)
    assert np.isnan(choice.means[0])


@pytest.mark.parametrize(
    ("sizes", "errors", "words"),
    [
        ([], np.empty((0, 1)), "one size or more"),
        ([4, 4], [[1.0], [2.0]], "twice"),
        ([4, 8], [1.0, 2.0], "expected (sizes, repeats)"),
        ([4, 8], [[np.nan], [np.nan]], "nothing to choose between"),
    ],
)
def test_what_cannot_be_chosen_between_is_refused_in_words(sizes, errors, words):
    with pytest.raises(LSTMWidgetsError) as refusal:
        one_standard_error(sizes, errors)
    assert words in str(refusal.value)
