"""What is said of a search, on made-up trials."""

from __future__ import annotations

import math

import pytest

from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError
from tests.analysis.choosing.search.made import many, search_of, trial

FIRST = trial(32, 0.003, "none", 2.0)


def test_the_tables_hold_every_trial_and_the_least_error_so_far():
    search = search_of(FIRST, trial(64, 0.01, "linear", 1.5), trial(16, 0.01, "none", 3.0, state="pruned"))
    assert search.trials["state"].tolist() == ["done", "done", "pruned"]
    assert search.trials["error"].tolist() == [2.0, 1.5, 3.0]
    assert search.trials.loc[1, ["units", "highway"]].tolist() == [64, "linear"]
    assert search.history.tolist() == [2.0, 1.5, 1.5]
    assert (search.best_trial, search.best_error) == (1, 1.5)
    assert search.best == LSTMConfig(units=64, learning_rate=0.01, highway="linear")
    assert repr(search) == "Search('Made up': 2 done, 1 pruned, best error 1.5 °C)"


def test_of_equal_trials_the_earliest_is_best_and_a_broken_off_one_never():
    assert search_of(FIRST, trial(8, 0.003, "none", 2.0)).best_trial == 0
    assert search_of(FIRST, trial(8, 0.003, "none", 0.1, state="pruned")).best_trial == 0


def test_the_setting_that_makes_trials_good_matters_most():
    search = many()
    shares = search.importance
    assert shares.index[0] == "highway" and 0.5 < shares.iloc[0] <= 1
    assert search.beyond_chance == ["highway"]  # learning_rate explains 0.5 by chance
    assert not len(search_of(*[FIRST] * 9).importance)


def test_a_clear_gain_is_told_with_its_evidence_and_its_doubt():
    search = many()
    best = search.best_trial
    reason = search.reason
    assert reason.startswith(
        f"Of 12 trials (10 trained to the end, 1 broken off early, 1 failed), trial {best} is chosen: units "
    )
    assert f"off by {search.best_error:.4g} °C on average, over 120 cutoffs" in reason
    lower = f"{100 * (1 - search.best_error / 2.0):.0f} %"
    assert (
        f"The config it began with is off by 2 °C: the choice lowers that by {lower}, more than the noise of "
        "the cutoffs explains (p < 0.001, corrected for a choice among 11 trials)." in reason
    )
    assert "Looked at alone, highway explains " in reason
    assert reason.endswith("the test part, at which no trial has looked, says how good it is.")


def test_a_gain_within_the_noise_is_called_so_and_the_smallest_of_equals_is_named():
    search = search_of(FIRST, trial(100, 0.01, "none", 1.999), trial(8, 0.001, "none", 1.9995))
    assert (
        "within the noise of the cutoffs" in search.reason
        and "so that the first may do as well" in search.reason
    )
    assert (
        "Next comes trial 2 (2 °C), within the noise. The smallest network within the noise is"
        in search.reason
    )
    assert "800 weights in place of 10,000, off by 2 °C (units 8" in search.reason
    assert "Too few trials to say which settings matter" in search.reason


def test_where_the_first_is_best_that_is_said():
    assert "That is the config it began with: no other came to its end." in search_of(FIRST).reason


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        ([], "no trial came to its end: raise budget"),
        (
            [trial(16, 0.03, "none", None, state="failed", reason="the loss is no number")],
            "1 failed, the first because the loss is no number",
        ),
    ],
)
def test_a_search_without_a_result_says_what_to_do(trials, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        _ = search_of(*trials).best


def test_a_trial_that_failed_has_no_error():
    search = many()
    assert math.isnan(search.trials["error"].iloc[-1]) and search.trials["reason"].iloc[-1].startswith(
        "the loss"
    )


def test_shares_of_two_settings_that_went_together_are_told_as_overlapping():
    """Large networks were tried with the highway only: either explains all of it."""
    pairs = [(8 + number, "none", 2.0 + number / 99) for number in range(8)]
    pairs += [(100 + number, "linear", 1.0 + number / 99) for number in range(8)]
    search = search_of(*(trial(units, 0.003, highway, error) for units, highway, error in pairs))
    assert set(search.beyond_chance) == {"units", "highway"} and search.importance.sum() > 1.2
    [said] = [each for each in search.sentences if "looked at alone" in each]
    assert said.endswith("share counts for both, so that the shares may add up to more than 100 %.")
