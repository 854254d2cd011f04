"""What a search is asked for: budgets, spaces, storages; and what it sees of a series."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from optuna.storages import InMemoryStorage

from lstmwidgets.analysis.choosing.search.budget import seconds_of
from lstmwidgets.analysis.choosing.search.ground import ground_of
from lstmwidgets.analysis.choosing.search.space import SEARCHED, space_of, start
from lstmwidgets.analysis.choosing.search.storing import opened, place_of
from lstmwidgets.analysis.choosing.search.trial import _thinned
from lstmwidgets.analysis.choosing.search.tune import tune
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError, Unavailable

DEFAULT = LSTMConfig()


def waves(rows: int = 200) -> pd.Series:
    index = pd.date_range("2020-01-01", periods=rows, freq="h", name="ds")
    noise = np.random.default_rng(0).normal(0, 0.1, rows)
    return pd.Series(np.sin(np.arange(rows) * np.pi / 6) + noise, index, name="waves")


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [("5m", 300), ("90S", 90), (" 1h 30m ", 5400), (2.5, 2.5), (timedelta(hours=1), 3600)],
)
def test_a_budget_is_a_time_in_words_or_numbers(budget, seconds):
    assert seconds_of(budget) == seconds


@pytest.mark.parametrize("budget", [0, "0m", -5, "-5m", "5", "soon", "", float("nan"), True, "900d", [5]])
def test_a_budget_that_is_no_time_is_refused_with_what_is_accepted(budget):
    with pytest.raises(
        LSTMWidgetsError, match=r"budget=.* is not accepted: budget takes a time above nothing"
    ):
        tune(waves(), budget)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"budget": None}, "would go on for ever"),
        ({"trials": 0}, "trials=0 is not accepted: trials takes a whole number from 1"),
        ({"space": []}, "space is empty"),
        (
            {"space": ["neurons"]},
            "space names 'neurons', which is no setting: what can be searched is sequence_length, cell",
        ),
        ({"space": ["horizon"]}, "horizon cannot be searched: it says what is forecast"),
        ({"space": {"units": (64, 8)}}, r"space\['units'\]=\(64, 8\) is not accepted"),
        (
            {"space": {"units": (8, 1024)}},
            "units=1024 is not accepted: units takes a whole number from 1 to 512",
        ),
        ({"space": {"units": (8.5, 16)}}, "units takes a list of choices or a range"),
        ({"space": {"cell": ("lstm", "gru")}}, "cell takes a list of choices, of 'lstm' or 'gru'"),
        ({"space": {"cell": []}}, "the list is empty"),
        ({"space": "units"}, "space='units' is not accepted: space takes a list of names"),
        (
            {"space": ["cell"], "config": LSTMConfig(activation="relu")},
            "activation='relu' is not accepted with cell='transformer'",
        ),
        ({"folds": 0}, "folds=0 is not accepted: folds takes a whole number from 1 to 20"),
        ({"folds": 9}, "folds=9 do not fit: .* Lower folds to at most 4"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "exclude each other"),
        ({"storage": ""}, "storage='' is not accepted: name a file"),
        ({"storage": 3}, "storage=3 is not accepted: storage takes a path, an address"),
        ({"name": ""}, "name='' is not accepted"),
        ({"seed": -1}, "seed=-1 is not accepted"),
        ({"config": LSTMConfig(sequence_length=150)}, "sequence_length=150 with horizon=24 does not fit"),
        ({"space": {"sequence_length": (8, 150)}}, "sequence_length=150 with horizon=24 does not fit"),
        ({"config": LSTMConfig(horizon=100)}, "horizon=100 does not fit"),
        (
            {"config": LSTMConfig(**{name: getattr(DEFAULT, name) for name in SEARCHED})},
            "nothing is left to search",
        ),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_anything_is_written(asked, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LSTMWidgetsError, match=message):
        tune(waves(), **{"budget": "1s", "progress_bar": False, **asked})
    assert not list(tmp_path.iterdir())


def test_what_was_set_by_hand_stays_unless_it_is_named():
    by_hand = LSTMConfig(units=16, learning_rate=0.01)
    names = [dial.name for dial in space_of(None, by_hand, 48, calendar=False)]
    assert names == [each for each in SEARCHED if each not in ("units", "learning_rate", "calendar")]
    [dial] = space_of({"units": None}, by_hand, 48, calendar=False)
    assert (dial.low, dial.high, dial.log) == (8, 128, True)


def test_the_first_trial_takes_the_configs_values_where_the_space_holds_them():
    space = space_of(
        {"units": (4, 16), "dropout": [0.0, 0.2], "cell": ["gru", "rnn"]}, DEFAULT, 48, calendar=False
    )
    assert start(space, DEFAULT) == {"dropout": 0.0}
    assert [str(dial) for dial in space] == ["gru or rnn", "4 to 16 by ratio", "0.0 or 0.2"]


def test_a_search_holds_nothing_of_the_test_part_and_earlier_folds_end_earlier():
    ground, longest = ground_of(waves(), LSTMConfig(horizon=6), 2, None)
    assert ground.ends == ((140, 170), (110, 140)) and len(ground.series) == 170
    assert longest == 27  # a quarter of the 110 points that the earlier fold learns from
    series, split = ground.fold(1)
    assert len(series) == 140 and (split.train_end, split.validation_end, split.length) == (110, 140, 140)


def test_all_configs_are_judged_on_the_cutoffs_that_the_longest_windows_have():
    series = waves()
    series.iloc[150] = np.nan
    config = LSTMConfig(horizon=2, sequence_length=4)
    ground, _ = ground_of(series, config, 1, None)
    judged = ground.with_judged(config.replace(sequence_length=8)).judged[0]
    times = [series.index.get_loc(time) for time in judged]
    assert times == [*range(139, 150), *range(158, 168)]  # what comes after 149 was observed in part


def test_errors_that_are_kept_are_means_of_neighbours_where_there_are_many():
    few, together = _thinned(np.arange(5.0))
    assert few.tolist() == [0, 1, 2, 3, 4] and together == 1
    many, together = _thinned(np.arange(1025.0))
    assert together == 3 and len(many) == 341 and many[0] == 3.0  # the oldest two are over


def test_a_storage_is_a_file_an_address_or_optunas_own(tmp_path):
    assert place_of(None) == Path("lstmwidgets-search.sqlite3")
    assert place_of("b.db") == Path("b.db") and place_of("mysql://h/d") == "mysql://h/d"
    own = InMemoryStorage()
    assert place_of(own) is own
    (tmp_path / "notes.txt").write_text("not a database, and longer than its header would be" * 9)
    with opened(tmp_path / "50%20 {a}?b#.sqlite3"):
        assert (tmp_path / "50%20 {a}?b#.sqlite3").is_file()
    words = r"the search cannot be kept in .*notes.txt.*name another storage"
    with pytest.raises(Unavailable, match=words), opened(tmp_path / "notes.txt"):
        pass
    with pytest.raises(LSTMWidgetsError, match="there is no folder"):
        place_of(tmp_path / "no" / "search.sqlite3")
