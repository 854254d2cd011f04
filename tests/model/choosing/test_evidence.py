"""The rules that self-tuning rests on, on constructed numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.data.auditing.seasons import Season, Seasons
from lstmwidgets.data.windows import make_windows
from lstmwidgets.model.choosing.decisions import BY_HAND, AuditTrail, Decision
from lstmwidgets.model.choosing.lengths import lengths_of
from lstmwidgets.model.choosing.lines import choose_calendar, choose_length, line_errors
from lstmwidgets.model.choosing.range_test import RATES, range_test, rate_of
from lstmwidgets.model.choosing.repeats import block_errors
from lstmwidgets.model.choosing.rule import one_standard_error


def seasons(*found: tuple[int, float, str]) -> Seasons:
    return Seasons(
        tuple(Season(period, "", strength, verdict, 9.0, 1) for period, strength, verdict in found), 0, 0, 0
    )


def test_the_rate_chosen_lies_between_the_steepest_fall_and_the_lowest_loss():
    logs = np.log10(RATES)
    falls = 1 - 0.8 / (1 + np.exp(-8 * (logs + 3)))  # steepest at 10^-3
    losses = [1.0, *np.where(logs <= -2, falls, 0.2 + 3 * (logs + 2))]  # lowest at 10^-2, then up
    assert rate_of(RATES, losses)[0] == pytest.approx(10**-2.5, rel=0.5)


def test_a_loss_that_does_not_fall_gives_a_third_of_the_rate_at_which_it_rises():
    losses = [1.0, *(1.0 if rate <= 0.01 else 2.0 for rate in RATES)]
    rate, reason = rate_of(RATES, losses)
    assert 0.01 / 7 < rate <= 0.01 / 3 + 1e-4
    assert "does not fall" in reason


def test_a_range_test_leaves_a_rate_that_trains_and_is_the_same_each_time():
    config = lw.LSTMConfig(sequence_length=11, horizon=2, units=4)
    windows = make_windows(lw.load_dataset("sunspots"), config)
    found = range_test(config, windows)
    assert 1e-3 < found.rate < 0.2
    assert found == range_test(config.replace(learning_rate=0.5), windows)


def test_lengths_are_whole_cycles_of_the_strongest_season_and_fit_the_training_part():
    config = lw.LSTMConfig(horizon=24)
    both = seasons((24, 0.9, "season"), (168, 0.3, "season"), (50, 0.99, "none"))
    assert lengths_of(both, config, 5000)[0] == [24, 48, 96, 168, 192]
    assert lengths_of(both, config, 224)[0] == [24, 48, 96]  # half of what the horizon leaves
    assert lengths_of(seasons((11, 0.4, "cycle")), config, 5000)[0] == [11, 22, 44, 88]
    assert lengths_of(seasons(), config.replace(horizon=1), 5000)[0] == [8, 16, 32, 64]
    assert lengths_of(seasons((24, 0.9, "season")), config, 40)[0] == [8]


def test_blocks_take_out_what_is_hard_for_all_and_keep_every_mean():
    random = np.random.default_rng(0)
    hard = np.repeat(random.normal(10, 5, 8), 6)  # blocks differ by far more than candidates do
    times = pd.date_range("2020", periods=48, freq="h")
    noise = random.normal(0, 0.1, (3, 48))
    errors = [pd.Series(hard + gap + own, times) for gap, own in zip((0.0, 0.005, 2.0), noise, strict=True)]
    repeats = block_errors(errors, horizon=6)
    assert repeats.shape == (3, 8)
    np.testing.assert_allclose(repeats.mean(axis=1), [each.mean() for each in errors])
    choice = one_standard_error([64, 32, 8], repeats)
    assert choice.standard_error < 0.1
    assert choice.chosen == 1  # 8 is clearly worse than 64, 32 is not


def test_blocks_are_of_the_cutoffs_that_all_have_and_one_where_there_are_few():
    times = pd.date_range("2020", periods=6, freq="D")
    first, second = pd.Series(np.arange(6.0), times), pd.Series(1.0, times[2:])
    np.testing.assert_allclose(block_errors([first, second], horizon=4), [[3.5], [1.0]])


def test_the_calendar_is_read_where_it_helps_and_its_year_was_seen_twice():
    days = np.arange(1500)
    index = pd.date_range("2018", periods=1500, freq="D")
    noise = np.random.default_rng(0).normal(0, 1, 1500)
    series = pd.Series(10 * np.sin(2 * np.pi * days / 365.2425) + noise, index, name="year")
    config = lw.LSTMConfig(sequence_length=7, horizon=7)

    def cut(series: pd.Series):
        return lambda config: make_windows(series, config)

    assert choose_calendar(series, config, cut(series)).value == "cycles"
    short = choose_calendar(series[:900], config, cut(series[:900]))
    assert short.value == "none" and "1.7 years" in short.reason
    yearly = lw.load_dataset("nile")
    assert (
        choose_calendar(yearly, config, cut(yearly)).reason == "no day, week or year is longer than two steps"
    )


def test_a_length_chosen_is_the_shortest_whose_line_errs_within_one_per_cent_of_the_least():
    series = lw.load_dataset("sunspots")
    config = lw.LSTMConfig(horizon=6)
    decision = choose_length(series, config, lambda config: make_windows(series, config))
    errors = dict(zip(decision.evidence["lengths"], decision.evidence["line_errors"], strict=True))
    assert decision.value == min(one for one in errors if errors[one] <= 1.01 * min(errors.values()))
    windows = make_windows(series, config.replace(sequence_length=decision.value))
    assert line_errors(windows, series.index).mean() == pytest.approx(errors[decision.value], rel=1e-3)


def test_a_trail_shows_a_line_each_and_names_what_was_chosen():
    trail = AuditTrail(
        [Decision("learning_rate", 0.00123456, "a test", {"a": 1}), Decision("units", 8, BY_HAND, {}, False)]
    )
    assert str(trail) == "learning_rate = 0.00123: a test\nunits = 8: set by you"
    assert trail.chosen == ("learning_rate",)
    assert trail.to_json()[1] == {
        "setting": "units",
        "value": 8,
        "reason": BY_HAND,
        "evidence": {},
        "chosen": False,
    }
