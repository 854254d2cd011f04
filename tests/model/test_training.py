"""The state machine of a training: what it may be asked in the middle, and what it keeps."""

import asyncio
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import lstmwidgets as lw
from lstmwidgets.model.backend import keras
from lstmwidgets.model.training import Trainer, whole_turn

QUICK = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=3, batch_size=16)
LONG = QUICK.replace(epochs=1000, sequence_length=48)


@pytest.fixture(scope="module")
def series():
    return lw.load_dataset("sine_mix").iloc[:300]


def _weights(trainer):
    return trainer.forecaster.model_.get_weights()


def _equal(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class _Record:
    def __init__(self):
        self.states, self.epochs, self.fractions = [], [], []

    def on_state(self, trainer):
        self.states.append("waiting" if trainer.waiting else trainer.state)

    def on_epoch(self, trainer):
        self.epochs.append(len(trainer.history))

    def on_progress(self, trainer):
        self.fractions.append(trainer.progress.fraction)


def _until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def test_a_run_ends_done_with_a_row_an_epoch_and_falling_loss(series):
    record = _Record()
    trainer = Trainer(series, QUICK.replace(epochs=6), callbacks=[record]).run()
    assert trainer.state == "done"
    assert record.states == ["training", "done"] and record.epochs == [1, 2, 3, 4, 5, 6]
    assert trainer.history.index.tolist() == [1, 2, 3, 4, 5, 6]
    assert trainer.history["loss"].iloc[-1] < trainer.history["loss"].iloc[0]
    assert trainer.progress.fraction == 1.0 and trainer.progress.remaining == 0.0
    assert record.fractions == sorted(record.fractions)


def test_the_weights_kept_are_those_of_the_lowest_validation_loss(series):
    trainer = Trainer(series, QUICK.replace(epochs=8, learning_rate=0.1)).run()
    windows = trainer.windows
    errors = trainer.forecaster.forecast_windows(windows.validation) - windows.restore(
        windows.targets(windows.validation), windows.validation
    )
    kept = np.mean(errors**2) / windows.scaler.scale**2
    assert kept == pytest.approx(trainer.history["val_loss"].min(), rel=1e-4)


@pytest.mark.parametrize("changes", [{}, {"dropout": 0.3}, {"layers": 2}])
def test_the_same_seed_gives_the_same_numbers_in_a_thread_or_not(series, changes):
    config = QUICK.replace(**changes)
    here = Trainer(series, config).run()
    there = Trainer(series, config).start()
    assert there.wait(60) and there.state == "done"
    assert here.history[["loss", "val_loss"]].equals(there.history[["loss", "val_loss"]])
    assert _equal(_weights(here), _weights(there))
    other = Trainer(series, config.replace(seed=1)).run()
    assert not _equal(_weights(here), _weights(other))


def test_pausing_and_resuming_changes_no_number(series):
    trainer = Trainer(series, QUICK).start()
    _until(lambda: trainer.progress.batch > 0 or len(trainer.history) > 0)
    trainer.pause()
    assert trainer.wait(10)
    if trainer.state == "paused":
        rows = len(trainer.history)
        time.sleep(0.1)
        assert len(trainer.history) == rows
        trainer.resume()
        assert trainer.state in ("paused", "training", "done")
    _until(lambda: trainer.state == "done")
    assert _equal(_weights(trainer), _weights(Trainer(series, QUICK).run()))


def test_pause_and_stop_answer_in_the_middle_of_an_epoch(series):
    long_series = lw.load_dataset("seattle_temperature")
    trainer = Trainer(long_series, LONG).start()
    _until(lambda: trainer.progress.batch > 3)
    asked = time.monotonic()
    trainer.pause()
    assert trainer.wait(5) and trainer.state == "paused"
    assert time.monotonic() - asked < 1.0
    batch = trainer.progress.batch
    assert 0 < batch < trainer.progress.batches
    time.sleep(0.1)
    assert trainer.progress.batch == batch
    trainer.resume()
    _until(lambda: trainer.state == "training")
    asked = time.monotonic()
    trainer.stop()
    assert trainer.wait(5) and trainer.state == "stopped"
    assert time.monotonic() - asked < 1.0


def test_stopping_in_the_first_epoch_keeps_what_has_been_learned(series):
    trainer = Trainer(series, LONG).start()
    _until(lambda: trainer.progress.batch > 0)
    trainer.stop()
    assert trainer.wait(10) and trainer.state == "stopped"
    assert len(trainer.forecaster.predict()) == LONG.horizon


def test_stopping_later_keeps_the_best_weights_so_far(series):
    trainer = Trainer(series, LONG).start()
    _until(lambda: len(trainer.history) >= 2)
    trainer.stop()
    assert trainer.wait(10) and trainer.state == "stopped"
    assert len(trainer.history) >= 2
    assert np.isfinite(trainer.forecaster.predict()["yhat"]).all()


def test_a_step_trains_one_epoch_and_pauses(series):
    trainer = Trainer(series, QUICK).step()
    assert trainer.wait(60)
    assert (trainer.state, len(trainer.history)) == ("paused", 1)
    assert trainer.step().wait(60)
    assert (trainer.state, len(trainer.history)) == ("paused", 2)
    assert trainer.resume().wait(60)
    assert (trainer.state, len(trainer.history)) == ("done", 3)


def test_stopping_a_paused_training_ends_it(series):
    trainer = Trainer(series, LONG).step()
    assert trainer.wait(60) and trainer.state == "paused"
    trainer.stop()
    _until(lambda: trainer.state == "stopped")


def test_a_second_training_waits_says_so_and_neither_changes_the_others_numbers(series):
    first_config, second_config = QUICK.replace(epochs=30), QUICK.replace(seed=5)
    record = _Record()
    first = Trainer(series, first_config).start()
    second = Trainer(series, second_config, callbacks=[record]).start()
    _until(lambda: second.state == "done", 60)
    assert first.state == "done"
    assert record.states == ["training", "waiting", "training", "done"]
    assert _equal(_weights(first), _weights(Trainer(series, first_config).run()))
    assert _equal(_weights(second), _weights(Trainer(series, second_config).run()))


def test_a_paused_training_lets_another_one_run(series):
    first = Trainer(series, LONG).step()
    assert first.wait(60) and first.state == "paused"
    assert Trainer(series, QUICK).run().state == "done"
    first.stop()
    assert first.wait(10)


def test_a_waiting_training_can_be_stopped(series):
    first = Trainer(series, LONG).start()
    second = Trainer(series, LONG).start()
    _until(lambda: second.waiting)
    second.stop()
    _until(lambda: second.state == "stopped")
    assert first.state == "training"
    first.stop()
    assert first.wait(10)


def test_awaiting_the_end_lets_the_event_loop_go_on(series):
    async def scenario():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        trainer = await Trainer(series, QUICK).start().done()
        ticking.cancel()
        return trainer.state, ticks

    state, ticks = asyncio.run(scenario())
    assert state == "done" and ticks > 3


def test_patience_ends_a_training_that_no_longer_improves(series):
    noise = lw.load_dataset("white_noise").iloc[:300]
    trainer = Trainer(noise, QUICK.replace(epochs=200, units=32, learning_rate=0.03, patience=3)).run()
    assert trainer.state == "done"
    best = int(trainer.history["val_loss"].idxmin())
    assert len(trainer.history) == best + 3 < 200


def test_a_loss_that_explodes_fails_in_words_and_keeps_earlier_weights(series):
    trainer = Trainer(series, QUICK.replace(learning_rate=1.0, epochs=2))
    trainer.windows.values[:] *= 1e25  # squared errors beyond float32
    with pytest.raises(lw.LSTMWidgetsError, match=r"epoch 1 .*lower learning_rate=1, for example to 0\.1"):
        trainer.run()
    assert trainer.state == "failed" and isinstance(trainer.error, lw.LSTMWidgetsError)


def test_an_interrupt_stops_and_is_raised_again(series):
    class Interrupt:
        def on_epoch(self, trainer):
            raise KeyboardInterrupt

    trainer = Trainer(series, LONG, callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert trainer.state == "stopped" and len(trainer.history) == 1
    assert trainer.forecaster is not None
    assert Trainer(series, QUICK).run().state == "done"


def test_a_listeners_error_fails_the_training_and_frees_the_turn(series):
    class Broken:
        def on_epoch(self, trainer):
            raise RuntimeError("broken listener")

    trainer = Trainer(series, QUICK, callbacks=[Broken()]).start()
    assert trainer.wait(30)
    assert trainer.state == "failed" and "broken listener" in str(trainer.error)
    assert Trainer(series, QUICK).run().state == "done"


def test_a_block_of_work_that_fails_frees_the_turn(series):
    waiting = Trainer(series, QUICK)

    def interrupted():
        with whole_turn():
            waiting.start()
            _until(lambda: waiting.waiting)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert waiting.wait(30) and waiting.state == "done"


def test_an_ended_training_does_not_begin_again(series):
    trainer = Trainer(series, QUICK).run()
    with pytest.raises(lw.LSTMWidgetsError, match="this training is done: make a new Trainer"):
        trainer.run()
    with pytest.raises(lw.LSTMWidgetsError, match="this training is done"):
        trainer.start()
    trainer.stop().pause().resume()
    assert trainer.state == "done"


def test_a_config_that_does_not_fit_the_series_is_refused_before_training(series):
    with pytest.raises(lw.LSTMWidgetsError, match="sequence_length=2000 .* 300 points"):
        Trainer(series, QUICK.replace(sequence_length=2000))


KILLED = """
import sys, lstmwidgets as lw
class Tell:
    def on_epoch(self, trainer):
        print("epoch", len(trainer.history), flush=True)
config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=1000, batch_size=16, dropout=0.2)
lw.Trainer(lw.load_dataset("sine_mix").iloc[:300], config, folder=sys.argv[1], callbacks=[Tell()]).run()
"""


def test_a_killed_training_resumes_and_ends_with_bit_equal_weights(series, tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(120, process.kill)
        watchdog.start()
        for line in process.stdout:
            if line.strip() == "epoch 3":
                break
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        watchdog.cancel()
    config = QUICK.replace(dropout=0.2, epochs=1000)
    found = Trainer(series, config, folder=tmp_path)
    done_before = len(found._checkpoint._found.document.epochs)
    assert done_before >= 3
    config = config.replace(epochs=done_before + 2)
    resumed = Trainer(series, config, folder=tmp_path).run()
    whole = Trainer(series, config).run()
    assert resumed.history[["loss", "val_loss"]].equals(whole.history[["loss", "val_loss"]])
    assert _equal(_weights(resumed), _weights(whole))


def test_a_folder_of_another_training_is_refused(series, tmp_path):
    Trainer(series, QUICK, folder=tmp_path).run()
    with pytest.raises(lw.LSTMWidgetsError, match="units=4 there, 5 here.*another folder"):
        Trainer(series, QUICK.replace(units=5), folder=tmp_path)
    with pytest.raises(lw.LSTMWidgetsError, match="the series is another one"):
        Trainer(series + 1, QUICK, folder=tmp_path)


def test_a_finished_folder_ends_at_once_with_the_same_weights(series, tmp_path):
    first = Trainer(series, QUICK, folder=tmp_path).run()
    again = Trainer(series, QUICK, folder=tmp_path).run()
    assert again.state == "done" and again.history.equals(first.history)
    assert _equal(_weights(first), _weights(again))


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_refused_in_words(series, tmp_path, damage):
    Trainer(series, QUICK, folder=tmp_path).run()
    file = tmp_path / "training.safetensors"
    file.write_bytes(file.read_bytes()[:-7] if damage is None else damage)
    with pytest.raises(lw.LSTMWidgetsError, match="was not written by lstmwidgets, or is damaged"):
        Trainer(series, QUICK, folder=tmp_path)


def test_an_optimizer_of_keras_is_used_with_its_schedule_and_left_alone(series):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.5)
    trainer = Trainer(series, QUICK, optimizer=optimizer).run()
    updates = int(trainer.optimizer.iterations.numpy())
    assert updates == QUICK.epochs * trainer.progress.batches
    assert float(trainer.optimizer.learning_rate) == pytest.approx(0.1 * 0.5 ** (updates / 10))
    assert not optimizer.built
    assert not _equal(_weights(trainer), _weights(Trainer(series, QUICK).run()))


def test_a_callback_may_change_the_learning_rate(series):
    class Freeze:
        def on_epoch(self, trainer):
            trainer.optimizer.learning_rate = 0.0

    trainer = Trainer(series, QUICK, callbacks=[Freeze()]).run()
    assert trainer.history["val_loss"].nunique() == 1


def test_a_resumed_training_needs_the_same_kind_of_optimizer(series, tmp_path):
    Trainer(series, QUICK, folder=tmp_path).run()
    longer = QUICK.replace(epochs=5)
    with pytest.raises(lw.LSTMWidgetsError, match=r"arrays; missing or not expected: \['optimizer/"):
        Trainer(series, longer, optimizer=keras.optimizers.SGD(), folder=tmp_path).run()
