"""Trainings one after another: what each gives, and how they fail, stop and are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.choosing.runs import Run, Runs
from lstmwidgets.errors import LSTMWidgetsError

SMALL = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
LONG = SMALL.replace(epochs=1000)
WILD = SMALL.replace(
    cell="rnn", activation="relu", units=16, sequence_length=40, batch_size=4, learning_rate=1.0
)


@pytest.fixture(scope="module")
def nile() -> pd.Series:
    return lw.load_dataset("nile")


@pytest.fixture(scope="module")
def runs(nile: pd.Series) -> Runs:
    """One that goes well, one whose states explode, and one after it."""
    return Runs(nile, [("small", SMALL), ("wild", WILD), ("small", SMALL.replace(seed=1))]).run()


def same(one: Run, other: Run) -> bool:
    errors = [(run.val_error, run.test_error, *run.test_errors, *run.forecast) for run in (one, other)]
    return errors[0] == errors[1]


def test_a_run_has_the_errors_of_a_forecaster_fitted_alone(nile: pd.Series, runs: Runs) -> None:
    forecaster = lw.LSTMForecaster(SMALL).fit(nile, progress_bar=False)
    run = runs.done[0]
    for part, error, by_cutoff in (
        ("validation", run.val_error, run.val_errors),
        ("test", run.test_error, run.test_errors),
    ):
        table = lw.forecast_table(forecaster, part, stride=1, baselines=[])
        wrong = (table["y"] - table["LSTM"]).abs()
        assert error == pytest.approx(wrong.mean())
        assert by_cutoff.to_dict() == pytest.approx(wrong.groupby(table["cutoff"]).mean().to_dict())
    newest = table[table["cutoff"] == table["cutoff"].max()].set_index("ds")["LSTM"]
    assert run.forecast.to_dict() == pytest.approx(newest.to_dict())


def test_a_run_tells_its_cost(runs: Runs) -> None:
    run = runs.done[0]
    assert run.parameters == 4 * 4 * (1 + 4 + 1) + 2 * (4 + 1)
    assert run.history.columns.tolist() == ["epoch", "loss", "val_loss", "seconds"]
    assert run.history["epoch"].tolist() == [1, 2]
    first, second = run.history["seconds"]
    assert run.epoch_seconds == second and run.seconds == first + second
    assert run.best_epoch == 1 + run.history["val_loss"].argmin()
    assert run.seconds_to_best == sum([first, second][: run.best_epoch])
    assert run.memory > 3 * 4 * run.parameters  # weights and Adam's two moments, in four bytes each


def test_a_training_that_fails_does_not_end_the_others(runs: Runs) -> None:
    assert runs.state == "done" and runs.problem == ""
    wild = runs.done[1]
    assert "no longer a finite number in epoch 1" in wild.failure
    assert np.isnan([wild.val_error, wild.test_error]).all() and wild.test_errors.isna().all()
    assert wild.test_errors.index.equals(runs.done[0].test_errors.index)
    assert wild.forecast.empty and wild.history.empty and wild.parameters == 16 + 16 * 16 + 16 + 2 * 17
    assert runs.done[2].failure == "" and runs.done[2].seed == 1
    assert not same(runs.done[0], runs.done[2])


def test_a_thread_gives_the_same_numbers_and_tells_each_run(nile: pd.Series, runs: Runs) -> None:
    told: list[Run] = []
    states: list[str] = []
    second = Runs(
        nile,
        [("small", SMALL)],
        on_run=told.append,
        on_change=lambda each: states.append(each.state),
    )
    assert second.state == "idle" and second.start() is second
    assert second.wait(60) and second.state == "done" and second.fraction == 1.0
    assert told == second.done and same(told[0], runs.done[0])
    assert states[0] == "running" and states[-1] == "done"


def test_without_the_test_part_nothing_of_it_is_read(nile: pd.Series, runs: Runs) -> None:
    other = nile.copy()
    other.iloc[85:] = 1e6
    blind = Runs(other, [("small", SMALL)], test=False).run().done[0]
    assert blind.val_error == runs.done[0].val_error
    assert np.isnan(blind.test_error) and blind.test_errors.empty and blind.forecast.empty


def test_a_stop_ends_the_training_under_way_and_keeps_those_before(nile: pd.Series) -> None:
    def stop_in_the_second(each: Runs) -> None:
        if each.current is not None and each.current[0] == "long":
            each.stop()

    jobs = [("small", SMALL), ("long", LONG), ("after", SMALL.replace(seed=1))]
    stopped = Runs(nile, jobs, on_change=stop_in_the_second).run()
    assert stopped.state == "stopped" and [run.name for run in stopped.done] == ["small"]
    assert stopped.current is None and stopped.progress is None


def test_a_stop_before_the_first_batch_is_heeded(nile: pd.Series) -> None:
    stopped = Runs(nile, [("long", LONG)]).start().stop()
    assert stopped.wait(60) and stopped.state == "stopped" and stopped.done == []
    assert stopped.stop() is stopped


def test_an_interrupt_stops_and_is_raised_again(nile: pd.Series) -> None:
    def interrupt(each: Runs) -> None:
        if len(each.done) == 1 and each.progress is not None and each.progress.epoch > 1:
            raise KeyboardInterrupt

    jobs = [("small", SMALL), ("long", LONG), ("after", SMALL.replace(seed=1))]
    runs = Runs(nile, jobs, on_change=interrupt)
    with pytest.raises(KeyboardInterrupt):
        runs.run()
    assert runs.state == "stopped" and [run.name for run in runs.done] == ["small"]


def test_what_a_listener_raises_is_told_and_ends_all(nile: pd.Series) -> None:
    def broken(run: Run) -> None:
        raise RuntimeError("the listener is broken")

    runs = Runs(nile, [("small", SMALL), ("after", SMALL.replace(seed=1))], on_run=broken).start()
    assert runs.wait(60) and runs.state == "failed" and runs.problem == "the listener is broken"
    assert len(runs.done) == 1
    with pytest.raises(LSTMWidgetsError, match="are over: make new Runs"):
        runs.run()


def test_all_are_judged_on_the_cutoffs_that_every_one_can_forecast_from() -> None:
    """A gap costs a config that reads 16 steps more cutoffs than one that reads 4."""
    index = pd.date_range("2020-01-01", periods=200, freq="D", name="ds")
    values = np.sin(np.arange(200) / 3)
    values[180] = np.nan
    gappy = pd.Series(values, index)
    short, long = SMALL.replace(sequence_length=4), SMALL.replace(sequence_length=16)
    alone, both = Runs(gappy, [("4", short)]), Runs(gappy, [("4", short), ("16", long)])
    assert both.common.origins["test"].tolist() == [*range(169, 180), *range(196, 198)]
    assert set(both.common.origins["test"]) < set(alone.common.origins["test"])
    assert alone.common.notes == ()
    assert both.common.notes == (
        "12 of 25 cutoffs of the test part are left out, because not every config can forecast from them.",
    )


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ([], "there is nothing to train"),
        ([SMALL], "is not a job: pass pairs"),
        ([("a", {"units": 4})], "'a' is a dict, not an LSTMConfig"),
        ([("a", SMALL), ("a", SMALL)], "two jobs are called 'a' and have the seed 0"),
        (
            [("a", SMALL), ("b", SMALL.replace(sequence_length=90))],
            "b cannot be trained on this series: sequence_length=90 with horizon=2 does not fit",
        ),
        (
            [("a", SMALL), ("b", SMALL.replace(test_fraction=0.05, validation_fraction=0.05))],
            "no cutoff of the validation part can be forecast from by every config",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(nile: pd.Series, jobs: Any, message: str) -> None:
    with pytest.raises(LSTMWidgetsError, match=message):
        Runs(nile, jobs)
