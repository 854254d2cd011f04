"""A search trains, goes on where it was killed, heeds its budget, and never sees the test part."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
from distributed import LocalCluster
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

import lstmwidgets as lw
from lstmwidgets.analysis.choosing.search import storing
from lstmwidgets.analysis.choosing.search.ground import ground_of
from lstmwidgets.analysis.choosing.search.leader import Leader
from lstmwidgets.analysis.choosing.search.result import Search
from lstmwidgets.analysis.choosing.search.space import Dial
from lstmwidgets.analysis.choosing.search.storing import led, study_of
from lstmwidgets.analysis.choosing.search.trial import KEPT, Attempt, Job, Outcome
from lstmwidgets.analysis.choosing.search.tune import tune
from lstmwidgets.config import LSTMConfig
from lstmwidgets.errors import LSTMWidgetsError, Unavailable
from lstmwidgets.model.choosing.errors import errors_by_cutoff
from tests.analysis.choosing.search.test_asked import waves

TINY = LSTMConfig(sequence_length=4, horizon=2, units=2, epochs=2)
SPACE = {"learning_rate": (1e-3, 1e-1), "loss": ["squared", "absolute"]}

search = partial(tune, budget=None, config=TINY, space=SPACE, progress_bar=False)


@dataclass
class Found:
    """The same search twice: in two calls, and in one on a series with another test part."""

    halves: Search
    whole: Search
    told: list[int]


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> Found:
    folder = tmp_path_factory.mktemp("search")
    told: list[int] = []
    search(waves(), trials=2, storage=folder / "a.sqlite3")
    halves = search(
        waves(),
        trials=4,
        storage=folder / "a.sqlite3",
        on_trial=lambda so_far: told.append(len(so_far.trials)),
    )
    other = waves()
    other.iloc[170:] = np.random.default_rng(9).normal(1e6, 1e6, 30)
    return Found(halves, search(other, trials=4, storage=folder / "b.journal"), told)


def test_a_search_in_two_calls_is_that_in_one_and_the_test_part_changes_nothing(found):
    timeless = [found.halves.trials.drop(columns="seconds"), found.whole.trials.drop(columns="seconds")]
    pd.testing.assert_frame_equal(*timeless)
    assert found.told == [2, 3, 4]  # what is there, then each trial
    assert found.halves.study.study_name == found.whole.study.study_name


def test_the_first_trial_is_the_config_itself(found):
    assert found.halves.config_of(0) == TINY
    assert len(found.halves.trials["learning_rate"].unique()) == 4


def test_the_error_is_that_of_a_forecaster_trained_with_the_config(found):
    forecaster = lw.LSTMForecaster(found.halves.best).fit(waves(), progress_bar=False)
    assert errors_by_cutoff(forecaster).mean() == pytest.approx(found.halves.best_error, rel=1e-6)
    errors, together = found.halves.errors(found.halves.best_trial)
    assert together == 1 and errors == pytest.approx(errors_by_cutoff(forecaster).to_numpy(), rel=1e-4)


def test_a_search_with_enough_trials_trains_nothing(found):
    again = search(waves(), trials=3, storage=found.halves.study._storage, name=found.halves.study.study_name)
    assert again.best == found.halves.best and len(again.trials) == 4


def test_another_search_under_the_same_name_is_refused(found):
    with pytest.raises(LSTMWidgetsError, match=r"is of another search \(other space\)"):
        search(
            waves(),
            trials=9,
            space={"learning_rate": (1e-3, 1e-2), "loss": ["squared", "absolute"]},
            storage=found.halves.study._storage,
            name=found.halves.study.study_name,
        )


KILLED = """
import os, signal
from lstmwidgets.analysis.choosing.search.leader import Leader
from tests.analysis.choosing.search.test_tune import search, waves

hear = Leader.hear

def and_die(self, number, step, error):
    goes_on = hear(self, number, step, error)
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)  # the first epoch of the second trial is told of
    return goes_on

Leader.hear = and_die
search(waves(), trials=4)
"""


def test_a_killed_search_goes_on_with_no_trial_lost_or_done_twice(found, tmp_path, monkeypatch):
    root = str(Path(__file__).resolve().parents[4])
    killed = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    monkeypatch.chdir(tmp_path)
    seen: list[pd.DataFrame] = []
    resumed = search(waves(), trials=4, on_trial=lambda so_far: seen.append(so_far.trials))
    assert seen[0]["state"].tolist() == ["done", "waiting"]  # what is there is shown at once
    assert seen[1]["state"].tolist() == ["done", "done"]  # the first stood, the second was done again
    assert resumed.earlier == 1 and resumed.place == "'lstmwidgets-search.sqlite3'"
    timeless = [resumed.trials.drop(columns="seconds"), found.halves.trials.drop(columns="seconds")]
    pd.testing.assert_frame_equal(*timeless)


def test_a_training_under_way_at_the_end_of_the_budget_waits_for_the_next_call():
    storage = InMemoryStorage()
    long = TINY.replace(epochs=1000)
    with pytest.raises(LSTMWidgetsError, match=r"no trial came to its end within budget=0.3 s: raise it"):
        search(waves(), budget=0.3, config=long, storage=storage, name="one")
    [trial] = optuna.load_study(study_name="one", storage=storage).trials
    assert trial.state == TrialState.WAITING and trial.params["learning_rate"] == TINY.learning_rate


def press(so_far: Search) -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on():
    storage = InMemoryStorage()
    with pytest.raises(KeyboardInterrupt, match="interrupted: 1 trial stays in .* Run the same search again"):
        search(waves(), trials=3, storage=storage, name="one", on_trial=press)
    study = optuna.load_study(study_name="one", storage=storage)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]


def test_one_process_at_a_time_leads_a_search():
    study = study_of(InMemoryStorage(), "one", {})
    study.ask()
    with led(study, "here"):
        assert study.trials[0].state == TrialState.WAITING  # left by somebody who is gone
        with pytest.raises(Unavailable, match="is at this search already"), led(study, "here"):
            pass
    with led(study, "here"):
        pass


@pytest.fixture
def leader():
    """One that has heard of five trials, which end with an error of 1."""
    study = study_of(InMemoryStorage(), "one", {})
    config = TINY.replace(epochs=8)
    ground, _ = ground_of(waves(), config, 1, None)
    nothing = {"on_trial": lambda: None, "on_epoch": lambda: None}
    space = (Dial("learning_rate", 1e-3, 1e-1, log=True),)
    leader = Leader(study, space, config, ground, trials=None, seconds=None, seed=0, **nothing)
    leader.begin()
    for number in range(5):
        assert leader.ask()[0] == number
        assert all(leader.hear(number, step, 1.0) for step in range(1, 9))
        leader.settle(number, Outcome("done", 1.0, np.ones(3)))
    return leader


def test_a_trial_behind_the_median_is_broken_off_after_the_first_epochs_but_not_at_its_end(leader):
    number, _ = leader.ask()
    # A worker that was lost after two epochs: another one tells of them again.
    assert [leader.hear(number, step, 2.0) for step in (1, 2, 1, 2, 3)] == [True] * 4 + [False]
    assert not leader.hear(number, 4, 0.1)  # too late
    leader.settle(number, Outcome("stopped", epochs=4))
    assert leader._study.trials[number].state == TrialState.PRUNED
    number, _ = leader.ask()
    assert [leader.hear(number, step, error) for step, error in ((6, 0.9), (8, 2.0))] == [True, True]
    number, _ = leader.ask()
    leader.settle(number, Outcome("failed", reason="the loss is no number"))
    assert leader._study.trials[number].user_attrs[KEPT]["reason"] == "the loss is no number"


def test_a_storage_that_is_lost_ends_the_search_in_words_and_blames_no_trial(tmp_path, monkeypatch):
    storage = storing.place_of(tmp_path / "one.sqlite3")
    reports = []

    def full(trial: optuna.Trial, value: float, step: int) -> None:
        reports.append(step)
        raise optuna.exceptions.StorageInternalError from OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(optuna.Trial, "report", full)
        with pytest.raises(
            Unavailable, match=r"can no longer be kept in '.*one.sqlite3' \(OSError: No space"
        ):
            search(waves(), trials=2, storage=storage, name="one")
    study = optuna.load_study(study_name="one", storage=f"sqlite:///{storage}")
    assert reports == [1] and [trial.state for trial in study.trials] == [TrialState.WAITING]


def test_what_no_config_is_to_blame_for_ends_a_search_that_has_nothing_yet(leader):
    number, _ = leader.ask()
    leader.settle(number, Outcome("failed", reason="OSError: gone", expected=False))  # five have come before
    assert leader._study.trials[number].user_attrs[KEPT]["reason"] == "OSError: gone"
    study = study_of(InMemoryStorage(), "two", {})
    leader._study = study
    number, _ = leader.ask()
    with pytest.raises(Unavailable, match="the search cannot begin: ImportError: no such thing"):
        leader.settle(number, Outcome("failed", reason="ImportError: no such thing", expected=False))
    assert [trial.state for trial in study.trials] == [TrialState.WAITING]


def test_an_attempt_ends_when_it_is_told_that_it_may_not_go_on():
    ground = ground_of(waves(), TINY, 2, None)[0].with_judged(TINY)
    heard = []

    def hear(step: int, error: float) -> bool:
        heard.append(step)
        return step < 12

    outcome = Attempt(Job(TINY, ground, stride=10), hear).run()
    assert outcome.state == "stopped" and heard == [1, 2, 11, 12] and outcome.epochs == 4
    failed = Attempt(Job(TINY.replace(sequence_length=150), ground, 10), hear).run()
    assert failed.state == "failed" and failed.expected and "sequence_length=150" in failed.reason


def test_workers_of_a_scheduler_give_the_same_errors(found):
    with LocalCluster(
        n_workers=2,
        processes=False,
        protocol="tcp://",
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        there = search(waves(), trials=3, storage=InMemoryStorage(), scheduler=cluster.scheduler_address)
        storage = InMemoryStorage()
        with pytest.raises(KeyboardInterrupt, match="interrupted: 1 trial stays"):
            search(
                waves(),
                trials=9,
                storage=storage,
                name="one",
                on_trial=press,
                scheduler=cluster.scheduler_address,
            )
        states = [trial.state for trial in optuna.load_study(study_name="one", storage=storage).trials]
        assert sorted(states) == [TrialState.COMPLETE, TrialState.WAITING]
    assert there.trials["state"].tolist() == ["done"] * 3
    assert there.trials["error"].iloc[0] == pytest.approx(found.halves.trials["error"].iloc[0], rel=1e-6)
    with pytest.raises(Unavailable, match="no Dask scheduler answers"):
        search(waves(), trials=5, storage=InMemoryStorage(), scheduler=cluster.scheduler_address)
