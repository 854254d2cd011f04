"""The dial measures in the background, stops at once, keeps what it has, and says what it chose."""

import asyncio
import html
import subprocess
import sys
import threading
import time
import types
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.model.training import whole_turn
from lstmwidgets.widgets.dial.charts import aside, value_ticks
from lstmwidgets.widgets.dial.measuring import on_shared_cutoffs
from lstmwidgets.widgets.dial.table import cells_of, cells_of_rule, mark_of
from lstmwidgets.widgets.dial.words import cautions, of_choice, over_losses
from lstmwidgets.widgets.loading import loads

SMALL = lw.LSTMConfig(sequence_length=8, horizon=2, units=7, epochs=2)
LONG = SMALL.replace(epochs=1000, batch_size=1)


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("nile")


@pytest.fixture(scope="module")
def measured(series):
    return lw.UnitsDial(series, SMALL, values=[4, 2], seeds=2).run()


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def status(dial):
    return dial._controls._status.value


def enabled(dial):
    return {name for name, button in dial._controls.buttons.items() if not button.disabled}


def test_making_a_dial_imports_no_tensorflow():
    code = (
        "import sys, lstmwidgets as lw; config = lw.LSTMConfig(sequence_length=8, horizon=2);"
        "dial = lw.UnitsDial('nile', config); dial.still(); dial.summary();"
        "dial.parameter = 'sequence_length';"
        "sys.exit(any(name.split('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_before_a_start_it_says_how_much_there_is_to_train(series):
    dial = lw.UnitsDial(series, SMALL, values=[2, 4], seeds=3)
    assert dial.state == "idle" and dial.values == (2, 4) and dial.curve is None
    assert "6 trainings · about " in dial._controls._cost.value
    assert enabled(dial) == {"start"}
    with pytest.raises(
        lw.LSTMWidgetsError, match=r"nothing is chosen yet: press Start .* or call dial.run\(\)"
    ):
        _ = dial.config
    assert [row["error"] for row in cells_of(dial._scene()).values()] == ["–", "–"]


def test_run_gives_the_curve_that_validation_curve_gives(measured, series):
    alone = lw.validation_curve(series, SMALL, "units", [2, 4], seeds=2, progress_bar=False)
    assert measured.curve.table["mean"].equals(alone.table["mean"])
    assert measured.state == "done" and measured.curve.chosen == alone.chosen
    assert measured.config == SMALL.replace(units=alone.chosen)
    assert (
        measured.curve.reason == alone.reason
        and alone.reason in measured.summary()
        and enabled(measured) == set()
    )


def test_what_is_drawn_is_what_was_measured(measured):
    table = measured.curve.table
    assert measured._errors.mean.x.tolist() == [2, 4]
    assert measured._errors.mean.y.tolist() == table["mean"].tolist()
    np.testing.assert_array_equal(measured._errors.band.y, table[["low", "high"]].to_numpy().T)
    assert measured._errors.seeds.y.tolist() == measured.curve.runs["val_error"].tolist()
    assert measured._errors.limit.y.tolist() == pytest.approx([measured.curve.limit] * 2)
    last = [run.history["loss"].iloc[-1] for run in measured.curve.outcomes if run.config.units == 4]
    assert measured._losses.lines["train"].y[1] == pytest.approx(np.mean(last))
    scene = measured._scene()
    assert mark_of(measured.curve.chosen, scene).startswith("chosen")
    assert cells_of(scene)[4]["parameters"] == "106" and cells_of(scene)[4]["seeds"] == "2 of 2"


def test_the_better_naive_rule_has_its_row_and_is_said_where_nothing_beats_it(measured, series):
    scene, values = measured._scene(), series.to_numpy()
    errors = measured.curve.outcomes[0].val_errors
    at = pd.DatetimeIndex(series.index).get_indexer(errors.index)
    came = np.stack([values[at + 1], values[at + 2]], axis=1)
    means = np.array([values[origin - 7 : origin + 1].mean() for origin in at])  # of a window of 8
    rules = {"repeat last": values[at], "window mean": means}  # the series has no season
    expected = {name: np.abs(came - rule[:, None]).mean() for name, rule in rules.items()}
    assert scene.rule == min(expected, key=expected.get)
    assert scene.rule_error == pytest.approx(expected[scene.rule])
    assert cells_of_rule(scene)["error"] in measured._table.value
    smallest = float(measured.curve.table["mean"].min())
    beaten = replace(scene, curve=replace(scene.curve, rule_error=smallest / 2))
    said = f"{scene.rule.capitalize()} errs no more than any of them on the validation part, "
    assert cautions(beaten)[0].startswith(said) and said in beaten.curve.reason
    assert not any(
        said in one for one in cautions(replace(scene, curve=replace(scene.curve, rule_error=1e9)))
    )
    assert cautions(replace(scene, curve=None)) == []


def test_a_curve_that_still_grows_says_so_and_two_seeds_are_called_few(measured):
    scene = measured._scene()
    assert not of_choice(scene).startswith("So far")
    assert "A standard error of 2 seeds is itself uncertain" in " ".join(cautions(scene))
    growing = replace(scene, rounds=3)
    assert of_choice(growing).startswith("So far, after 4 of 6 trainings: ")
    assert over_losses(scene) == "Training and validation: loss in the last epoch"


def test_trainings_that_all_fail_are_told_and_nothing_is_chosen(series):
    mad = SMALL.replace(activation="relu", learning_rate=1.0, sequence_length=30)
    dial = lw.UnitsDial(series, mad, values=[64], seeds=1).run()
    assert dial.state == "done" and "every training failed" in dial.summary()
    assert cells_of(dial._scene())[64] == {
        **dict.fromkeys(["error", "range", "epoch", "training"], "–"),
        "parameters": "17,026",
        "seeds": "0 of 1",
    }
    assert dial._repr_mimebundle_()["image/png"]
    with pytest.raises(lw.LSTMWidgetsError, match="No value can be chosen, for every training failed"):
        _ = dial.config


def test_other_values_keep_what_is_there_and_train_only_the_rest(measured, series):
    dial = lw.UnitsDial(series, SMALL, values=[4, 2], seeds=2)
    dial._measuring._found = dict(measured._measuring._found)
    dial.seeds = 1
    assert dial.state == "done" and len(dial.curve.outcomes) == 2
    dial.values = [2, 3, 4]
    assert dial.state == "idle" and len(dial.curve.outcomes) == 2
    assert "2 of 3 trainings are there already" in status(dial)
    before = dial.curve.outcomes[0]
    assert dial.run().curve.outcomes[0] is before and dial.curve.values == [2, 3, 4]
    dial.parameter = "sequence_length"
    assert dial.curve is None and dial.values[0] == 8
    dial.parameter = "units"
    assert dial.values == (2, 3, 4) and dial.state == "done"


def test_start_leaves_the_thread_free_and_stop_is_heeded_within_a_batch(series):
    dial = lw.UnitsDial(series, LONG, values=[2, 4], seeds=1)
    began = time.perf_counter()
    dial._controls.buttons["start"].click()
    assert time.perf_counter() - began < 0.5 and dial.state == "running"
    assert enabled(dial) == {"stop"} and dial._controls.values.disabled
    with pytest.raises(lw.LSTMWidgetsError, match="this dial is running: stop it first"):
        dial.run()
    with pytest.raises(lw.LSTMWidgetsError, match="this dial is running: stop it first"):
        dial.values = [3]
    assert dial.values == (2, 4)
    until(lambda: "epoch" in dial._controls._progress.value)
    dial._controls.buttons["stop"].click()
    assert asyncio.run(asyncio.wait_for(dial.done(), 5)).state == "stopped"
    assert "Stopped after 0 of 2 trainings" in status(dial) and enabled(dial) == {"start"}


def test_a_wait_for_another_training_is_told_and_can_be_given_up(series):
    dial = lw.UnitsDial(series, SMALL, values=[2], seeds=1)
    with whole_turn():
        dial.start()
        until(lambda: "Waiting: another training" in status(dial))
        dial.stop()
        until(lambda: dial.state == "stopped")
    assert dial.curve is None and enabled(dial) == {"start"}


def test_tensorflow_counts_as_loaded_only_once_it_is(monkeypatch):
    assert not loads()
    monkeypatch.setitem(sys.modules, "lstmwidgets.model.training", types.ModuleType("begun"))
    assert loads()


def test_a_dial_that_cannot_be_drawn_still_trains(series, monkeypatch, caplog):
    dial = lw.UnitsDial(series, SMALL, values=[2], seeds=1)
    monkeypatch.setattr(dial._errors, "show", lambda scene: 1 / 0)
    dial.run()
    assert len(dial.curve.runs) == 1
    assert "the dial could not be drawn" in caplog.text


def test_points_come_as_trainings_end_and_a_new_start_goes_on(series):
    dial = lw.UnitsDial(series, SMALL, values=[2, 4, 5], seeds=1)
    seen = []
    dial._errors.mean.observe(lambda change: seen.append(len(change["new"])), "y")
    came = threading.Event()
    dial._errors.mean.observe(lambda change: dial.stop() or came.set(), "y")
    dial.start()
    assert came.wait(60)
    until(lambda: dial.state != "running")
    assert dial.state == "stopped" and len(dial.curve.outcomes) < 3
    first = dial.curve.outcomes
    dial._errors.mean.unobserve_all()
    dial.run()
    assert dial.state == "done" and dial.curve.values == [2, 4, 5] and first[0] in dial.curve.outcomes


def test_values_that_do_not_fit_the_series_are_told_and_cannot_be_started(series):
    dial = lw.UnitsDial(series, SMALL, "sequence_length", [8, 90], seeds=1)
    assert dial.problem.startswith("sequence_length=90 with horizon=2 does not fit")
    assert "does not fit" in status(dial) and enabled(dial) == set()
    with pytest.raises(lw.LSTMWidgetsError, match="does not fit"):
        dial.run()
    dial._controls.values.value = "8, 12"
    assert dial.problem == "" and enabled(dial) == {"start"} and dial.values == (8, 12)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"parameter": "layers"}, "parameter='layers' is not accepted"),
        ({"values": []}, "values is empty"),
        ({"values": [4, 0]}, "units=0 is not accepted"),
        ({"values": "4"}, "values='4' is not accepted"),
        ({"seeds": 0}, "seeds=0 is not accepted"),
        ({"config": 3}, "config=3 is a int, not an LSTMConfig"),
        ({"series": "niles"}, "there is no dataset 'niles'"),
    ],
)
def test_what_is_not_accepted_is_refused_in_words(series, settings, words):
    with pytest.raises(lw.LSTMWidgetsError, match=words):
        lw.UnitsDial(**{"series": series, "config": SMALL, **settings})


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("values", "4, many", "values='4, many' is not accepted: write whole numbers"),
        ("values", "4, 0", "units=0 is not accepted"),
        ("seeds", "", "seeds='' is not accepted"),
        ("seeds", "0", "seeds=0 is not accepted"),
    ],
)
def test_what_is_typed_wrongly_stays_to_be_mended_and_changes_nothing(series, field, typed, words):
    dial = lw.UnitsDial(series, SMALL, values=[2, 4], seeds=1)
    box = getattr(dial._controls, field)
    box.value = typed
    assert words in html.unescape(status(dial)) and box.value == typed
    assert enabled(dial) == set()
    assert dial.values == (2, 4) and dial.seeds == 1
    with pytest.raises(lw.LSTMWidgetsError, match=words.split("'")[0]):
        dial.start()
    box.value = "5"
    assert enabled(dial) == {"start"}


def test_an_empty_field_of_values_asks_for_such_as_suit_the_series(series):
    dial = lw.UnitsDial(series, SMALL, values=[2, 4], seeds=[7])
    dial._controls.values.value = ""
    assert dial.values == (4, 8, 16) and dial._controls.values.value == "4, 8, 16"
    assert dial.seeds == (7,) and dial._controls.seeds.value == "7,"


def test_trainings_of_two_goes_are_judged_on_the_cutoffs_that_they_share(measured):
    one, other, *_ = measured.curve.outcomes
    fewer = replace(other, val_errors=other.val_errors.iloc[:3], val_error=9.0)
    found = on_shared_cutoffs([one, fewer])
    assert [len(run.val_errors) for run in found] == [3, 3]
    assert found[0].val_error == pytest.approx(one.val_errors.iloc[:3].mean())
    assert on_shared_cutoffs([one, other]) == [one, other]


def test_values_too_close_to_be_written_apart_are_left_out_but_never_the_ends():
    assert value_ticks((1, 2, 4)).tolist() == [1, 2, 4]
    assert value_ticks((10, 100, 101)).tolist() == [10, 101]
    assert value_ticks((16,)).tolist() == [16]


def test_a_dial_is_saved_and_names_run_inward(measured, tmp_path):
    page = measured.save(tmp_path / "dial.html").read_text()
    assert "<svg" in page and "how many units?" in page
    assert [aside(value, measured._scene()) for value in (2, 4)] == ["start", "end"]
    assert pd.notna(measured.curve.limit) and "image/png" in measured._repr_mimebundle_()
