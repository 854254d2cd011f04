"""The panel trains for real, tells the truth about it, and survives what people do to it."""

import asyncio
import html
import re
import subprocess
import sys
import threading
import time
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw
from lstmwidgets.analysis.diagnosis.checks.finding import Finding
from lstmwidgets.analysis.diagnosis.diagnose import Diagnosis, diagnose
from lstmwidgets.analysis.repair import fill
from lstmwidgets.model.costs import calibration
from lstmwidgets.model.costs import cost as cost_of_training
from lstmwidgets.model.costs.pace import REFERENCE
from lstmwidgets.model.training import Trainer
from lstmwidgets.widgets.panel.opinion import findings_html, findings_label, opinion_html, opinion_of
from lstmwidgets.widgets.panel.results import Result, formatted, scores_html, verdict
from lstmwidgets.widgets.panel.session import UNDER_WAY
from lstmwidgets.widgets.panel.words import duration

QUICK = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=3, batch_size=16)
LONG = QUICK.replace(epochs=1000, sequence_length=48)


@pytest.fixture(scope="module")
def series():
    kept = lw.load_dataset("sine_mix")
    shorter = kept.iloc[:300]
    shorter.attrs = {**kept.attrs, "season": 24}
    return shorter


@pytest.fixture
def panel(series):
    panel = lw.TrainingPanel(series, QUICK)
    yield panel
    panel.stop()
    until(lambda: panel.state not in UNDER_WAY)


def until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def status(panel):
    return panel._shown.status_text


def enabled(panel):
    return {name for name, button in panel._shown.buttons.items() if not button.disabled}


def test_making_a_panel_imports_no_tensorflow():
    code = (
        "import sys, lstmwidgets as lw; config = lw.LSTMConfig(sequence_length=8, horizon=2);"
        "panel = lw.TrainingPanel('nile', config);"
        "panel.still(); panel.config = panel.config.replace(units=8); panel.summary();"
        "sys.exit(any(name.split('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_a_fresh_panel_says_what_training_will_cost(panel, monkeypatch):
    monkeypatch.setattr(cost_of_training, "_LEARNED", cost_of_training._Learned())
    panel._foresee()  # as where nothing was trained before
    cost = panel._shown._cost.value
    windows = lw.make_windows(panel.series, QUICK)
    assert f"{4 * 4 * (1 + 4 + 1) + 4 * 2 + 2:,} parameters" in cost  # one LSTM layer of 4 cells, 2 outputs
    assert (
        f"{len(windows.train)} train, {len(windows.validation)} validation, {len(windows.test)} test" in cost
    )
    told = cost_of_training.estimate(QUICK, len(windows.train))
    assert f"{told.flops / 1e9:.1f} GFLOP, {told.bytes / 1e6:.0f} MB, about " in cost
    assert cost.endswith(", not yet measured on this machine")
    assert status(panel) == "Ready to train." and enabled(panel) == {"train", "step"}


def test_once_a_browser_shows_it_the_machine_is_timed_and_the_cost_told_again(panel, monkeypatch):
    begun = []
    monkeypatch.setattr(calibration, "begin", begun.append)
    panel.still()
    panel.config = panel.config.replace(units=5)
    assert begun == []  # papermill and its like have nothing timed
    panel._shown._names._handle_custom_msg("shown", [])
    (known,) = begun
    monkeypatch.setattr(calibration, "kept", lambda: REFERENCE.scaled(1000))
    known()
    cost = panel._shown._cost.value
    assert "not yet measured" not in cost and re.search(r"about \d+ min", cost)


def test_the_cost_follows_a_slider_within_100_ms():
    panel = lw.TrainingPanel("seattle_temperature")
    slider, times = panel._settings.fields["units"].slider, []
    for _ in range(20):
        before, began = panel._shown._cost.value, time.perf_counter()
        slider.value += 1
        times.append(time.perf_counter() - began)
        assert panel._shown._cost.value != before
    assert np.median(times) < 0.1


def test_train_blocks_and_returns_the_trained_panel(panel):
    assert panel.train() is panel
    assert panel.state == "done" and panel.trainer.state == "done"
    assert panel.history.index.tolist() == [1, 2, 3]
    assert panel.forecaster.config == QUICK
    assert status(panel).startswith("Trained 3 epochs in ")
    assert panel._shown.loss.train.y.tolist() == panel.history["loss"].tolist()
    naive = panel.scores.loc[["repeat last", "seasonal naive"], "MAE"].min()
    assert panel.scores.loc["LSTM", "skill"] == pytest.approx(1 - panel.scores.loc["LSTM", "MAE"] / naive)
    drawn = panel._shown.forecast.models
    assert all(np.isfinite(line.y).sum() > 10 for line in drawn.values())
    assert enabled(panel) == {"train", "reset"}
    assert "3 of 3 epochs" in panel._shown._progress.value


def test_the_panel_trains_exactly_what_a_trainer_alone_trains(panel, series):
    alone = Trainer(series, QUICK).run()
    losses = panel.train().history[["loss", "val_loss"]]
    assert losses.equals(alone.history[["loss", "val_loss"]])


def test_start_leaves_the_thread_free_and_done_can_be_awaited(panel):
    began = time.perf_counter()
    panel.start()
    assert time.perf_counter() - began < 0.5 and panel.state in UNDER_WAY
    assert asyncio.run(panel.done()) is panel
    assert panel.state == "done" and len(panel.history) == 3


def test_a_click_on_train_trains(panel):
    panel._shown.buttons["train"].click()
    until(lambda: panel.state == "done")
    assert len(panel.history) == 3


def test_stop_in_the_first_second_is_heeded_and_a_new_training_can_begin(series):
    for delay in (0.0, 0.05, 0.3):
        panel = lw.TrainingPanel(series, LONG)
        panel.start()
        time.sleep(delay)
        panel.stop()
        until(lambda panel=panel: panel.state not in UNDER_WAY, 5)
        assert panel.state in ("idle", "stopped") and "train" in enabled(panel)
        panel.config = QUICK
        assert panel.train().state == "done"


def test_pause_resume_step_and_stop_lead_through_the_states(series):
    panel = lw.TrainingPanel(series, LONG)
    panel.step()
    until(lambda: panel.state == "paused")
    assert len(panel.history) == 1 and status(panel).startswith("Paused after 1 epoch.")
    assert panel._shown.buttons["pause"].description == "Resume"
    assert panel.forecaster is not None and panel.scores is not None
    panel.step()
    until(lambda: panel.state == "paused" and len(panel.history) == 2)
    panel.pause()  # goes on
    until(lambda: len(panel.history) > 4)
    assert panel.state == "training" and enabled(panel) == {"pause", "step", "stop", "reset"}
    panel.pause()
    until(lambda: panel.state == "paused", 5)
    panel.stop()
    until(lambda: panel.state == "stopped", 5)
    epochs = len(panel.history)
    assert status(panel).startswith(f"Stopped after {epochs} epochs") and "are kept" in status(panel)
    assert f"{epochs} of 1,000 epochs" in panel._shown._progress.value


def test_a_step_never_discards_a_training_that_has_ended(panel):
    step = panel._shown.buttons["step"]
    assert step.tooltip == "Train one epoch, then pause"
    trainer = panel.train().trainer
    assert step.disabled and "Train starts a new one" in step.tooltip
    with pytest.raises(lw.LSTMWidgetsError, match="a step would discard it"):
        panel.step()
    assert panel.trainer is trainer and panel.state == "done"
    panel.reset()
    assert not step.disabled and step.tooltip == "Train one epoch, then pause"


def test_a_refused_file_is_told_and_the_series_before_can_still_be_trained(panel):
    def upload(name, content):
        panel._data.upload.value = (
            {
                "name": name,
                "type": "text/csv",
                "size": len(content),
                "content": memoryview(content),
                "last_modified": datetime(2026, 1, 1),
            },
        )

    upload("empty.csv", b"")
    assert "'empty.csv' is empty" in status(panel) and "the series is still Two sine waves" in status(panel)
    assert panel.problem == "" and enabled(panel) == {"train", "step"}
    assert panel.train().state == "done"
    assert status(panel).startswith("Trained 3 epochs") and "empty.csv" not in panel._data._facts.value
    upload("empty.csv", b"")
    assert "'empty.csv' is empty" in status(panel) and enabled(panel) == {"train", "reset"}
    assert panel.state == "done" and panel.scores is not None
    rows = "".join(f"2020-01-{day:02},{day % 7},{day % 5}\n" for day in range(1, 32))
    upload("two.csv", f"day,height,width\n{rows}".encode())
    assert "choose the time column" in status(panel)
    panel._data.value.value = "width"
    assert panel.series.name == "width" and panel.state == "idle"


def test_few_test_windows_are_warned_of(panel):
    assert "little" not in panel._shown._cost.value  # 44 windows
    for horizon, words in (
        (45, "only 1 test window: its scores say little"),
        (20, "only 26 test windows: their scores say little"),
    ):
        panel.config = QUICK.replace(horizon=horizon)
        assert f'<span class="lw-warning">{words}</span>' in panel._shown._cost.value
        assert words in " ".join(text.get_text() for text in panel.still().texts)


def test_moving_a_slider_while_training_marks_the_result_and_leaves_the_run_alone(series):
    panel = lw.TrainingPanel(series, QUICK.replace(epochs=40))
    panel.start()
    until(lambda: len(panel.history) > 1)
    panel._settings.fields["units"].text.value = "5"
    assert panel.stale and panel.config.units == 5
    assert "Units 4 → 5" in panel._shown._changes.value
    asyncio.run(panel.done())
    assert panel.state == "done" and panel.forecaster.config.units == 4
    assert panel.stale and "Units 4 → 5" in panel._shown._changes.value
    alone = Trainer(series, QUICK.replace(epochs=40)).run()
    assert panel.history["loss"].equals(alone.history["loss"])
    panel._settings.fields["units"].text.value = "4"
    assert not panel.stale and "Units" not in panel._shown._changes.value


def test_settings_that_do_not_fit_are_told_and_nothing_trains_until_they_do(panel):
    panel._settings.fields["sequence_length"].text.value = "500"
    assert "sequence_length=500 with horizon=2 does not fit" in status(panel)
    assert "Lower sequence_length to at most 208" in panel.problem and enabled(panel) == set()
    with pytest.raises(lw.LSTMWidgetsError, match="sequence_length=500"):
        panel.start()
    panel._shown.buttons["train"].click()  # a browser may be late to disable it
    assert panel.state == "idle"
    panel._settings.fields["sequence_length"].text.value = "0"
    assert "sequence_length=0 is not accepted" in panel.problem and enabled(panel) == set()
    assert status(panel).startswith("Not accepted: Sequence length.")  # why stands beside the number
    panel._settings.fields["sequence_length"].text.value = "8"
    assert panel.problem == "" and status(panel) == "Ready to train." and "train" in enabled(panel)


def test_a_failed_training_shows_why_and_the_panel_stays_usable(panel, monkeypatch):
    panel.config = QUICK.replace(learning_rate=1.0, epochs=1000, units=64, layers=3, centering="none")

    def explode(self, loop):
        raise lw.LSTMWidgetsError("the loss is no longer a finite number in epoch 1: lower learning_rate=1")

    with monkeypatch.context() as broken:
        broken.setattr(Trainer, "_train_epoch", explode)
        panel.start()
        until(lambda: panel.state == "failed")
    assert status(panel).startswith("The training failed: the loss is no longer a finite number")
    assert 'role="alert"' in panel._shown._status.value
    panel.config = QUICK
    assert panel.train().state == "done"


def test_an_exception_while_drawing_is_shown_and_does_not_end_the_training(panel, monkeypatch):
    def explode(*arguments):
        raise ZeroDivisionError("a drawing went wrong")

    monkeypatch.setattr(panel._shown, "show_result", explode)
    panel.train()
    assert panel.trainer.state == "done" and len(panel.history) == 3


def test_an_exception_in_a_click_is_shown_in_the_status_line(panel, monkeypatch):
    monkeypatch.setattr(panel._session, "start", lambda *arguments: 1 / 0)
    panel._shown.buttons["train"].click()
    assert status(panel) == "ZeroDivisionError: division by zero"


def test_two_panels_train_one_after_the_other_and_the_second_says_it_waits(series):
    first, second = lw.TrainingPanel(series, LONG), lw.TrainingPanel(series, QUICK)
    first.start()
    until(lambda: first.state == "training")
    second.start()
    until(lambda: second.trainer is not None and second.trainer.waiting)
    until(lambda: status(second).startswith("Waiting: another training"))
    assert len(second.history) == 0
    first.stop()
    until(lambda: second.state == "done" and first.state == "stopped")  # said after the turn is handed on
    assert len(second.history) == 3


def test_a_second_train_in_one_panel_is_refused_while_the_first_runs(series):
    panel = lw.TrainingPanel(series, LONG)
    panel.start()
    with pytest.raises(lw.LSTMWidgetsError, match="stop it first"):
        panel.train()
    panel.reset()
    assert panel.state == "idle" and panel.trainer is None


def test_reset_forgets_the_training_and_keeps_the_settings(panel):
    panel.train()
    panel.reset()
    assert (panel.state, panel.trainer, panel.forecaster, panel.scores) == ("idle", None, None, None)
    assert panel.history.empty and panel.history.columns.tolist() == ["loss", "val_loss", "seconds"]
    assert panel.config == QUICK and status(panel) == "Ready to train."
    assert np.ptp(panel._shown.forecast.models["LSTM"].x.astype(float)) == 0


def test_reset_while_training_lets_no_late_event_through(series):
    panel = lw.TrainingPanel(series, LONG)
    panel.start()
    until(lambda: len(panel.history) > 0)
    old = panel.trainer
    panel.reset()
    until(lambda: old.state == "stopped", 5)
    time.sleep(0.1)
    assert panel.state == "idle" and panel._shown.loss.words == "No epoch is finished yet."


def test_another_series_begins_anew_when_nothing_trains_and_is_marked_when_something_does(series):
    panel = lw.TrainingPanel(series, QUICK)
    panel.train()
    panel.series = "nile"
    assert panel.trainer is None and panel.state == "idle" and panel._shown.forecast.ends[1] == "1 Jan 1970"
    panel.config = QUICK.replace(epochs=1000)
    panel.start()
    until(lambda: len(panel.history) > 0)
    panel.series = "sunspots"
    assert panel.stale and "another series" in panel._shown._changes.value
    assert panel.trainer.series.attrs["dataset"] == "nile"
    panel.stop()
    until(lambda: panel.state == "stopped", 5)


def test_copied_settings_restore_the_panel_exactly(panel):
    panel._settings.fields["learning_rate"].text.value = "0.00123"
    panel._settings.fields["centering"].choice.value = "none"
    copied = panel._shown.copy.text
    assert copied == panel._shown.json.value
    restored = lw.TrainingPanel(config=lw.LSTMConfig.model_validate_json(copied))
    assert restored.config == panel.config and restored.config.learning_rate == 0.00123
    assert panel._shown.json.layout.display == "none"
    panel._shown.copy.copies += 1  # what the button in the browser does
    assert panel._shown.json.layout.display is None


def test_the_config_can_be_set_and_only_to_a_config(panel):
    panel.config = lw.LSTMConfig(sequence_length=12, horizon=3, units=6)
    assert panel._settings.fields["units"].text.value == "6"
    with pytest.raises(lw.LSTMWidgetsError, match="config takes an LSTMConfig, not a dict"):
        panel.config = {"units": 6}


def test_the_still_shows_a_panel_before_and_after_training(panel, tmp_path):
    for end in (290, 150, 99, 60, 40, 20, 9, 3):  # days and hours: each has its own kind of date axis
        panel._shown.forecast.stretch.value = (0, end)
        panel.save(tmp_path / "stretch.png")
    before = panel.save(tmp_path / "before.png").read_bytes()
    panel.train()
    after = panel.save(tmp_path / "after.png").read_bytes()
    assert before.startswith(b"\x89PNG") and before != after
    drawing = panel.still()
    texts = " ".join(text.get_text() for text in drawing.findobj(lambda artist: hasattr(artist, "get_text")))
    for expected in (
        "Sequence length 8",
        "Units 4",
        "Learning rate 0.003",
        "repeat last",
        "seasonal naive",
        "MASE",
    ):
        assert expected in texts
    assert "<svg" in panel.save(tmp_path / "panel.svg").read_text()
    assert "Trained 3 epochs" in panel.summary()


def test_showing_the_panel_brings_the_still_and_loads_tensorflow_in_the_background(panel):
    bundle = panel._repr_mimebundle_()
    assert {"image/png", "application/vnd.jupyter.widget-view+json", "text/plain"} <= set(bundle)
    assert panel._session._preloading.daemon
    panel._session._preloading.join(60)
    assert not panel._session.loads


def test_closing_the_widgets_while_training_harms_nothing(series):
    panel = lw.TrainingPanel(series, QUICK.replace(epochs=30))
    panel.start()
    until(lambda: len(panel.history) > 0)
    panel.close()
    panel._shown.forecast.close()
    panel._shown.loss.train.close()
    asyncio.run(panel.done())
    assert panel.state == "done" and panel.trainer.error is None


def test_looking_about_while_it_trains_never_waits_long(series):
    panel = lw.TrainingPanel(series, LONG)
    panel.start()
    until(lambda: len(panel.history) > 0)
    times = []
    for turn in range(30):
        began = time.perf_counter()
        panel._settings.fields["units"].slider.value = 3 + turn
        panel._shown.forecast.stretch.value = (turn, 200 + turn)
        times.append(time.perf_counter() - began)
        time.sleep(0.02)
    panel.stop()
    until(lambda: panel.state == "stopped", 5)
    assert np.median(times) < 0.1 and panel.trainer.error is None
    assert not [thread for thread in threading.enumerate() if thread.name == "lstmwidgets-launch"]


def test_the_verdict_is_plain(panel):
    scores = panel.train().scores
    naive = "the better naive rule, repeat last"
    for gain, ridge, words, tone in (
        (0.3, 9.0, f"errs 30 % less than {naive}.", "good"),
        (0.3, 0.67, f"errs 30 % less than {naive}.", "good"),
        (
            0.3,
            0.63,
            f"less than {naive}, but ridge errs 10 % less than the LSTM: use ridge instead.",
            "warning",
        ),
        (0.049, 9.0, f"within 5 % of {naive}: too close to call, use the rule.", "quiet"),
        (0.0, 9.0, "too close to call", "quiet"),
        (0.0, 0.5, f"within 5 % of {naive}, and ridge errs 50 % less than the LSTM: use ridge", "warning"),
        (-0.049, 9.0, "too close to call", "quiet"),
        (0.051, 9.0, "errs 5 % less", "good"),
        (-0.051, 9.0, "errs 5 % more than repeat last: use repeat last instead.", "error"),
        (-0.25, 0.75, "errs 25 % more than repeat last, and ridge errs 40 % less than the LSTM", "error"),
    ):
        changed = scores.copy()
        changed["MAE"] = {
            **dict.fromkeys(scores.index, 9.0),
            "repeat last": 1.0,
            "LSTM": 1 - gain,
            "ridge": ridge,
        }
        changed.loc["LSTM", "skill"] = gain
        assert words in verdict(changed)[0] and verdict(changed)[1] == tone, verdict(changed)
    changed.loc["LSTM", ["MASE", "skill"]] = np.nan, -0.5
    assert (
        formatted(changed, "LSTM").loc["LSTM", "MASE"] == "–"
        and formatted(changed, "LSTM").loc["LSTM", "skill"] == "−0.50"
    )
    empty = scores_html(None, "°F", "GRU")
    assert "seasonal naive" in empty and "°F" in empty and "GRU" in empty and "LSTM" not in empty


def texts_of(figure):
    found = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return " ".join(" ".join(text.get_text().split()) for text in found)


def said(panel):
    """The verdict, the findings, and whether they can be unfolded."""
    shown = panel._shown
    return shown._verdict.value, html.unescape(shown._findings.value), shown.unfold.layout.visibility


def test_a_training_that_ends_is_diagnosed_and_the_diagnosis_is_the_one_verdict(panel):
    assert panel.diagnosis is None and said(panel)[1:] == ("", "hidden")
    assert "Scored once a first epoch is finished." in said(panel)[0]
    panel.train()
    assert panel.diagnosis.to_dict() == diagnose(panel.forecaster).to_dict()
    sentence, findings, visibility = said(panel)
    assert panel.diagnosis.verdict in html.unescape(sentence) and "On the test part" not in sentence
    assert f'class="lw-verdict lw-{panel.diagnosis.tone}"' in sentence and visibility == "visible"
    assert panel._shown.unfold.description == findings_label(panel.diagnosis)
    for one in panel.diagnosis.findings:
        assert one.sentence in findings and one.headline[1:] in findings and one.advice in findings
    for words in (panel.summary(), texts_of(panel.still())):
        assert panel.diagnosis.verdict in words
        assert all(one.sentence in words for one in panel.diagnosis.problems[:1])
    panel.reset()
    assert panel.diagnosis is None and said(panel)[1:] == ("", "hidden")


def test_a_pause_is_diagnosed_and_a_network_that_goes_on_no_longer(series):
    panel = lw.TrainingPanel(series, LONG)
    panel.step()
    until(lambda: panel.diagnosis is not None)
    assert panel.state == "paused" and panel.diagnosis.verdict in html.unescape(said(panel)[0])
    first = panel.diagnosis
    panel.step()
    until(lambda: len(panel.history) == 2 and panel.state == "paused" and panel.diagnosis is not None)
    assert panel.diagnosis is not first
    panel.pause()  # goes on
    until(lambda: len(panel.history) > 3)
    assert panel.diagnosis is None and said(panel)[1:] == ("", "hidden")
    panel.stop()
    asyncio.run(panel.done())
    assert panel.state == "stopped" and panel.diagnosis is not None


def test_while_a_diagnosis_is_made_the_panel_answers_and_only_its_end_is_waited_for(panel, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slow(forecaster):
        begun.set()
        assert go_on.wait(20)
        return diagnose(forecaster)

    monkeypatch.setattr("lstmwidgets.analysis.diagnosis.diagnose.diagnose", slow)
    panel.start()
    assert begun.wait(60)
    assert panel.state == "done" and enabled(panel) == {"train", "reset"} and panel.scores is not None
    assert "Diagnosing this forecast…" in said(panel)[0] and panel.diagnosis is None
    assert panel._session.lock.acquire(timeout=5)  # from this thread: nobody holds it
    panel._session.lock.release()
    threading.Timer(0.2, go_on.set).start()
    asyncio.run(panel.done())
    assert panel.diagnosis is not None and panel.diagnosis.verdict in html.unescape(said(panel)[0])


def test_a_diagnosis_of_a_training_that_was_reset_is_never_shown(panel, monkeypatch):
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(forecaster):
        begun.set()
        assert go_on.wait(20)
        ended.set()
        return diagnose(forecaster)

    monkeypatch.setattr("lstmwidgets.analysis.diagnosis.diagnose.diagnose", slow)
    panel.start()
    assert begun.wait(60)
    old = panel.trainer
    panel.reset()
    go_on.set()
    assert ended.wait(20)
    old._thread.join(20)
    assert panel.diagnosis is None and not panel._session.diagnosing and panel.state == "idle"
    assert "Scored once a first epoch is finished." in said(panel)[0]


def test_a_diagnosis_that_fails_is_told_beside_the_scores_and_the_panel_stays_usable(panel, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("lstmwidgets.analysis.diagnosis.diagnose.diagnose", lambda forecaster: 1 / 0)
        panel.train()
    assert panel.state == "done" and panel.diagnosis is None and status(panel).startswith("Trained 3 epochs")
    sentence, findings, visibility = said(panel)
    assert "could not be diagnosed (ZeroDivisionError: division by zero)" in sentence
    assert verdict(panel.scores)[0] in html.unescape(sentence) and 'role="alert"' in sentence
    assert (findings, visibility) == ("", "hidden") and "could not be diagnosed" in panel.summary()
    panel.train()
    assert panel.diagnosis is not None and 'role="status"' in said(panel)[0]


def test_findings_are_escaped_and_a_diagnosis_of_a_sample_says_so():
    scores = lw.score_frame(
        pd.DataFrame({"y": [1.0, 2.0], "LSTM": [1.5, 2.0], "repeat last": [0.0, 1.0]}),
        metrics=["MAE", "skill"],
    )
    finding = Finding("bias", "error", "<b>bold</b> & bad", "Errs by <i>much</i>.", {}, "Try <script>.")
    found = Diagnosis((finding,), "LSTM", cutoffs=2000, horizon=2)
    result = Result(pd.DataFrame(), scores)
    opinion = opinion_of(result, found, windows=5231)
    listed = findings_html(opinion)
    for code in (opinion_html(opinion), listed):
        assert "<b>" not in code and "<i>" not in code and "<script>" not in code and "&lt;b&gt;" in code
    assert 'aria-label="Error:"' in findings_html(opinion) and "Try: Try &lt;script&gt;." in findings_html(
        opinion
    )
    assert "Diagnosed on 2,000 of the 5,231 test windows" in findings_html(opinion)
    assert "Diagnosed on" not in findings_html(opinion_of(result, found, windows=2000))
    assert findings_label(found) == "1 finding: evidence, and what to try"
    assert "when its training ends" in opinion_of(Result(pd.DataFrame(), None)).sentence


def test_filled_points_are_told_and_drawn_hollow_live_and_still():
    series = lw.load_dataset("co2")
    panel = lw.TrainingPanel(fill(series, "seasonal"), QUICK)
    assert "59 points filled (seasonal)" in panel._data._facts.value
    assert "missing" not in panel._data._facts.value.split(">")[1]
    panel._shown.forecast.stretch.value = (0, len(series) - 1)
    assert len(panel._shown.forecast.hollow.points.x) == 59
    assert "59 points filled (seasonal): drawn hollow" in panel.summary()
    assert "59 points filled (seasonal)" in texts_of(panel.still())
    hollow = [line for axes in panel.still().axes for line in axes.lines if line.get_label() == "filled"]
    assert [len(line.get_xdata()) for line in hollow] == [59]
    assert hollow[0].get_markerfacecolor() == "white"
    panel._shown.forecast.stretch.value = (2000, len(series) - 1)  # none here
    assert len(panel._shown.forecast.hollow.points.x) == 0 and "filled" in texts_of(panel.still())
    panel.series = series
    assert "filled" not in panel.summary() and "59 missing" in panel._data._facts.value


def test_a_masked_series_is_told():
    panel = lw.TrainingPanel(fill(lw.load_dataset("co2"), mask=True), QUICK)
    assert "59 missing, kept as unknown" in panel._data._facts.value
    assert "59 missing values kept as unknown: the network reads the last known one" in panel.summary()
    assert "missing values kept as unknown" in texts_of(panel.still())


def test_durations_read_well():
    assert [duration(seconds) for seconds in (0.04, 9.94, 59.4, 59.6, 3599, 3661)] == [
        "0.0 s", "9.9 s", "59 s", "1 min 00 s", "59 min 59 s", "1 h 01 min",
    ]  # fmt: skip
