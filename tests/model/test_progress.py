"""The bar of a training in a terminal."""

import io

import lstmwidgets as lw
from lstmwidgets.model.progress import ProgressBar
from lstmwidgets.model.training import Trainer


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def _written(monkeypatch, stream):
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.delitem(__import__("sys").modules, "ipykernel", raising=False)
    config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    Trainer(lw.load_dataset("nile"), config, callbacks=[ProgressBar()]).run()
    return stream.getvalue()


def test_a_terminal_shows_epoch_and_losses_and_is_left_clean(monkeypatch):
    shown = _written(monkeypatch, _Terminal())
    assert "epoch 1/2" in shown
    assert "epoch 2/2" in shown
    assert "loss 0." in shown or "loss 1." in shown
    assert shown.split("\r")[-1].strip() == ""


def test_a_log_file_gets_no_bar(monkeypatch):
    assert _written(monkeypatch, io.StringIO()) == ""
