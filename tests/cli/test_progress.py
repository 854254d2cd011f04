"""Progress goes to standard error: a live line in a terminal, plain lines anywhere else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from lstmwidgets.cli import progress as module
from lstmwidgets.cli.progress import BatchProgress, StageProgress
from lstmwidgets.reports.batch.events import BatchNote, BatchResult, BatchStarted, SeriesEnded


@pytest.fixture
def screen(monkeypatch):
    """A terminal of 100 columns; what it was sent."""
    sent = io.StringIO()
    monkeypatch.setattr(
        module, "Console", lambda **_: Console(file=sent, force_terminal=True, width=100, _environ={})
    )
    return sent


def stages(shown: bool) -> None:
    with StageProgress(shown) as progress:
        progress.on_stage("Checking the data", 1, 3)
        progress.on_stage("Training [bold]\x1b[31m", 2, 3)
        progress.on_detail("epoch 7/20 " + "x" * 200)
        if progress._bar is not None:
            progress._bar.refresh()


def test_a_log_gets_one_plain_line_a_stage(capsys):
    stages(shown=True)
    assert capsys.readouterr() == ("", "[1/3] Checking the data\n[2/3] Training [bold]\\x1b[31m\n")


def test_quiet_is_quiet(capsys, screen):
    stages(shown=False)
    with BatchProgress(shown=False) as progress:
        progress.on_event(BatchNote("a worker was lost"))
    assert capsys.readouterr() == ("", "") and screen.getvalue() == ""


def test_a_terminal_shows_stage_and_detail_in_one_line_and_is_left_clean(screen):
    stages(shown=True)
    text = screen.getvalue()
    assert "2/3 Training [bold]\\x1b[31m" in text  # markup and codes in it mean nothing
    assert "epoch 7/20 xxx" in text and "…" in text
    assert text.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # cursor back, line gone


def events(result: BatchResult) -> list[object]:
    ended = [
        SeriesEnded(f"s{number}", "failed" if number == 3 else "done", "words", 1.0, number, 20, number >= 3)
        for number in range(2, 21)
    ]
    return [
        BatchStarted(20, 1, 2, "http://127.0.0.1:1/status"),
        *ended,
        BatchNote("a worker was lost"),
        result,
    ]


def test_one_worker_is_one(capsys):
    with BatchProgress() as progress:
        progress.on_event(BatchStarted(5, 0, 1, None))
    assert capsys.readouterr().err == "5 series; 1 worker\n"


def test_nothing_is_said_of_workers_where_there_are_none_and_of_the_same_reason_thrice(capsys):
    with BatchProgress() as progress:
        progress.on_event(BatchStarted(5, 5, 0, None))
        for alike in range(6):
            progress.on_event(SeriesEnded(f"s{alike}", "failed", "too short", 1.0, 1, 100, alike + 1, alike))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "5 series, 5 of them unchanged"
    assert [line for line in lines if line.startswith("s")] == [
        *(f"s{number}: too short" for number in range(3)),
        "s3: the same; those that follow it are named in index.html",
    ]


@pytest.fixture
def result():
    nowhere = Path("out")
    return BatchResult(nowhere, nowhere, nowhere, nowhere, ("a",), ("b",), {"s3": "words"}, 4, (), 1.0)


def test_a_batch_logs_its_dashboard_its_failures_and_every_tenth(capsys, result):
    with BatchProgress() as progress:
        for event in events(result):
            progress.on_event(event)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [
        "20 series, 1 of them unchanged; 2 workers",
        "Dask's dashboard: http://127.0.0.1:1/status",
    ]
    assert lines[2:5] == ["2 of 20", "s3: words", "4 of 20, 1 failed"]
    assert lines[-3:] == [
        "20 of 20, 1 failed",
        "a worker was lost",
        "4 series are still to do: run the same command again to go on",
    ]
    assert len(lines) == 15


def test_a_batch_in_a_terminal_keeps_what_matters_above_its_bar(screen, result):
    with BatchProgress() as progress:
        for event in events(result):
            progress.on_event(event)
    text = screen.getvalue()
    assert "s3: words" in text and "a worker was lost" in text and "20 of 20, 1 failed" in text
    assert "s5: words\r\n" not in text
