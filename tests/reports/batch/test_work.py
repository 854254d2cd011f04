"""A worker turns one series into the bytes of its files, or into a reason."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import numpy as np
import pandas as pd
import pytest

from lstmwidgets.errors import in_short
from lstmwidgets.reports.batch import work
from lstmwidgets.reports.batch.memory import bounded
from lstmwidgets.reports.batch.work import Job, Outcome, run
from lstmwidgets.reports.single import making
from lstmwidgets.reports.single.folder import ALWAYS
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.reports.study.metrics import Metrics
from tests.reports.shown import HOSTILE

TINY = {"sequence_length": 8, "horizon": 2, "units": 2, "epochs": 1}
KEY = "0" * 64


WAVE = pd.DataFrame(
    {"ds": pd.date_range("2020-01-01", periods=120, freq="h"), "y": np.sin(np.arange(120) / 4)}
)


def job_of(name: str, rows: pd.DataFrame | None = WAVE) -> Job:
    columns = {"time": "ds", "value": "y", "id_column": "unique_id", "only": name}
    settings = ReportSettings.of("far/away/panel.csv", **columns, **TINY)
    return Job(settings, rows, word="on line", first=2, key=KEY, forecasts_only=False)


@pytest.fixture(scope="module")
def reported() -> Iterator[tuple[int, Outcome, int, Outcome]]:
    """Two reports one after the other, each with the kernel it ran in."""
    first = run(job_of(HOSTILE))
    assert first.reason == "", first.trace
    kernel = work._kernel
    second = run(job_of("b"))
    yield kernel.pid, first, work._kernel.pid, second
    kernel.stop()
    work._kernel = None


def test_a_report_is_whole_and_of_the_series_and_key_it_was_asked_for(reported):
    _, first, _, second = reported
    for outcome, name in ((first, HOSTILE), (second, "b")):
        assert sorted(outcome.files) == sorted(ALWAYS)
        metrics = Metrics.model_validate_json(outcome.files["metrics.json"])
        assert (metrics.unique_id, metrics.key, metrics.source.name) == (name, KEY, "panel.csv")
        assert "far/away/panel.csv" in metrics.command and "--only" in metrics.command


def test_one_kernel_serves_one_report_after_the_other(reported):
    before, _, after, _ = reported
    assert before == after


def test_a_notebook_that_stops_is_brought_back_as_far_as_it_got(reported, tmp_path, monkeypatch):
    notebook = nbformat.read(making.report_template(), as_version=4)
    place = 1 + next(
        n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])
    )
    notebook.cells.insert(place, nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["stage:Dividing"]}))
    nbformat.write(notebook, tmp_path / "template.ipynb")
    monkeypatch.setattr(making, "report_template", lambda: tmp_path / "template.ipynb")
    outcome = run(job_of("a"))
    assert outcome.reason == "Dividing failed: ZeroDivisionError: division by zero" and not outcome.files
    assert "ZeroDivisionError" in outcome.notebook.decode()


def test_a_report_that_takes_more_memory_than_its_worker_may_hold_is_ended_and_the_next_one_is_made(
    reported, monkeypatch
):
    monkeypatch.setattr(work, "_most_bytes", 150_000_000)
    outcome = run(job_of("a"))
    assert outcome.reason.startswith("memory ran out: it took more than the 0.1 GB that each worker may hold")
    assert work._kernel is not None and not work._kernel.fit
    with pytest.raises(ZeroDivisionError), bounded(work._kernel, 1):  # no kernel runs: not its error
        raise ZeroDivisionError


def test_a_refusal_is_its_own_sentence_and_names_the_line():
    rows = pd.DataFrame({"ds": ["2020-01-01", "2020-01-02"], "y": ["1", "two"]})
    outcome = run(job_of("a", rows=rows))
    assert outcome.files == {} and outcome.trace == ""
    assert "cells that are not numbers: 'two' on line 3" in outcome.reason


def test_whatever_else_goes_wrong_is_told_by_its_kind():
    outcome = run(job_of("a", rows=None))
    assert outcome.reason.split(":")[0] in ("AttributeError", "TypeError")
    assert "Traceback" in outcome.trace and "work.py" in outcome.trace
    assert in_short(OSError("line\n  line" + 400 * "x")) == f"OSError: line line{291 * 'x'}…"
    assert in_short(TimeoutError()) == "TimeoutError"
