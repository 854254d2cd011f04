"""A batch's folder: whole results or none, its own or refused, for one run at a time."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import pytest

from lstmwidgets.reports.batch.ledger import FORECASTS_ONLY, Ledger
from lstmwidgets.reports.single.refusals import OutputError
from tests.reports.batch.made import outcome_of

FILES = outcome_of("k").files


def kept(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_result_is_done_for_its_own_key_and_while_it_is_whole(tmp_path):
    with Ledger(tmp_path / "a" / "out", forecasts_only=True) as ledger:
        assert ledger.done("H1", "k") is None
        ledger.keep("H1", FILES)
        assert kept(tmp_path / "a" / "out" / "series" / "H1") == FILES
        assert ledger.done("H1", "k")["skill"] == 0.25
        assert ledger.done("H1", "other") is None
        (ledger.folder / "series" / "H1" / "model.safetensors").unlink()
        assert ledger.done("H1", "k") is None


def test_a_forecast_is_no_report_but_a_report_holds_a_forecast(tmp_path):
    with Ledger(tmp_path / "out") as ledger:
        ledger.keep("H1", FILES)
        assert ledger.done("H1", "k") is None
        ledger.keep("H1", {**FILES, "report.html": b"", "report.ipynb": b""})
        assert ledger.done("H1", "k") is not None
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        assert ledger.done("H1", "k") is not None


def test_metrics_that_are_damaged_count_as_none(tmp_path):
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        for content in (b"", b"[1]", b"{", b"\xff"):
            ledger.keep("H1", {**FILES, "metrics.json": content})
            assert ledger.done("H1", "k") is None


def test_a_result_that_cannot_be_written_leaves_the_earlier_one(tmp_path, monkeypatch):
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        ledger.keep("H1", FILES)

        def full(handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match="the disk is full"):
            ledger.keep("H1", {**FILES, "forecast.csv": b"other"})
        with pytest.raises(OutputError, match="the disk is full"):
            ledger.write("index.html", b"page")
        assert kept(ledger.folder / "series" / "H1") == FILES
        assert sorted(os.listdir(ledger.folder / "series")) == ["H1"]
        assert not (ledger.folder / "index.html").exists()


def test_what_a_killed_run_left_is_set_right(tmp_path):
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        series = ledger.folder / "series"
        for name in ("H1", "H2"):
            ledger.keep(name, FILES)
    (series / "H1").rename(series / ".H1.old")  # killed between the two renames
    (series / ".H1.new").mkdir()
    (series / ".H2.old").mkdir()  # killed before the old one was deleted
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        assert ledger.done("H1", "k") and ledger.done("H2", "k")
        assert sorted(os.listdir(series)) == ["H1", "H2"]


def test_folders_of_other_series_are_known(tmp_path):
    with Ledger(tmp_path / "out") as ledger:
        for name in ("H1", "H2"):
            ledger.keep(name, FILES)
        assert ledger.vanished(["H1", "H3"]) == ("H2",)


def test_a_result_is_put_aside_until_there_is_a_new_one(tmp_path):
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        dated = outcome_of("k", created="2024-05-06T07:08:09+00:00").files
        for files in (FILES, dated):
            ledger.keep("H1", files)
            ledger.shelve("H1")
            ledger.shelve("H1")  # nothing is left there
        assert ledger.vanished([]) == () and kept(ledger.folder / "earlier" / "H1") == dated
        assert ledger.shelved("H1") == ("earlier/H1/forecast.csv", "2024-05-06T07:08:09+00:00")
        assert ledger.keep_notebook("H1", b"{}") == "failed/H1.ipynb"
        assert ledger.keep_notebook("H1", b"[]") == "failed/H1.ipynb"
        assert kept(ledger.folder / "failed") == {"H1.ipynb": b"[]"}
        assert ledger.keep_notebook("H1", b"") == ""
        ledger.keep_notebook("H1", b"{}")
        ledger.keep("H1", FILES)
        assert ledger.shelved("H1") is None
        assert not os.listdir(ledger.folder / "failed") and not os.listdir(ledger.folder / "earlier")


def test_links_among_the_series_are_taken_away_and_what_they_lead_to_is_not(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").touch()
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        series = ledger.folder / "series"
        for name in ("H1", ".H2.new", ".H3.old", ".H4.old"):
            (series / name).symlink_to(elsewhere)
        (series / "H3").symlink_to(tmp_path / "nowhere")
        (series / "H4").symlink_to(tmp_path / "nowhere")
        ledger.shelve("H4")
    for _ in range(2):
        with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
            for name in ("H1", "H2", "H3", "H4"):
                ledger.keep(name, FILES)
            assert sorted(os.listdir(series)) == ["H1", "H2", "H3", "H4"]
            assert not any(each.is_symlink() for each in series.iterdir())
    assert os.listdir(elsewhere) == ["mine"]


def test_a_run_that_comes_to_nothing_leaves_nothing_where_nothing_was(tmp_path):
    with pytest.raises(ZeroDivisionError), Ledger(tmp_path / "a" / "out"):
        raise ZeroDivisionError
    assert not (tmp_path / "a").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(ZeroDivisionError), Ledger(tmp_path / "empty"):
        raise ZeroDivisionError
    assert not os.listdir(tmp_path / "empty")
    with contextlib.suppress(ZeroDivisionError), Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        ledger.keep("H1", FILES)
        raise ZeroDivisionError
    with Ledger(tmp_path / "out", forecasts_only=True) as ledger:
        assert ledger.done("H1", "k")


def test_two_batches_at_once_are_refused(tmp_path):
    second = Ledger(tmp_path / "out")
    with Ledger(tmp_path / "out"), pytest.raises(OutputError, match="another batch is writing to"), second:
        pass
    with Ledger(tmp_path / "out"):
        pass


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(OutputError, match="holds 'index.html', which is no part of a batch"):
        Ledger(tmp_path)
    with pytest.raises(OutputError, match="'/' is a disk's root: name a folder in it, for example -o /batch"):
        Ledger("/")
    assert os.listdir(tmp_path) == ["index.html"]
    with pytest.raises(OutputError, match="is a file: name a folder"), Ledger(tmp_path / "index.html"):
        pass
    with (
        pytest.raises(OutputError, match="a part of this path is a file"),
        Ledger(tmp_path / "index.html" / "a"),
    ):
        pass


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EROFS, "cannot be written .*: name a folder elsewhere"),
        (errno.EACCES, "cannot be written .*: name a folder elsewhere"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
    ],
)
def test_what_the_disk_refuses_is_told_in_words(tmp_path, code, words):
    ledger = Ledger(tmp_path / "out")
    with pytest.raises(OutputError, match=words), ledger.in_words():
        raise OSError(code, os.strerror(code))


@pytest.mark.parametrize("name", ["", " ", "a\0b", "a\ud800"])
def test_what_no_folder_can_be_called_is_refused(name):
    with pytest.raises(OutputError, match="name"), Ledger(name):
        pass


def test_forecasts_alone_are_three_files():
    assert sorted(FILES) == sorted(FORECASTS_ONLY)
