"""Many series on real workers: each result once, whatever fails, is killed, or is run again."""

from __future__ import annotations

import gc
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from distributed import LocalCluster

from lstmwidgets.errors import LSTMWidgetsError, Unavailable
from lstmwidgets.reports.batch import batch, series
from lstmwidgets.reports.batch.events import BatchEvent, BatchNote, BatchResult, BatchStarted, SeriesEnded
from lstmwidgets.reports.batch.ledger import FORECASTS_ONLY, Ledger
from lstmwidgets.reports.batch.panel import read_panel
from lstmwidgets.reports.batch.series import Series
from lstmwidgets.reports.batch.work import Outcome
from lstmwidgets.reports.single.report import Interrupted
from lstmwidgets.reports.single.settings import ReportSettings
from lstmwidgets.reports.study.metrics import Metrics
from lstmwidgets.workers import other

# The far end of a connection to a killed worker is never closed, and Python says so when it is collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

TINY = {"sequence_length": 8, "horizon": 2, "units": 2, "epochs": 1}
GOOD = ["one", "two", "../three", "<b>4</b>", "=5"]


def waves(*ids: str, rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    times = pd.date_range("2020-01-01", periods=rows, freq="h")
    values = {each: np.sin(np.arange(rows) / 4) + rng.normal(0, 0.1, rows) for each in ids}
    return pd.concat([pd.DataFrame({"unique_id": each, "ds": times, "y": y}) for each, y in values.items()])


PANEL = pd.concat([waves(*GOOD), waves("short", rows=9)])


@dataclass
class Ran:
    """One batch that lost a worker on its way."""

    folder: Path
    result: BatchResult
    events: list[BatchEvent]

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> Ran:
    folder = tmp_path_factory.mktemp("batch") / "out"
    events: list[BatchEvent] = []

    def hear(event: BatchEvent) -> None:
        events.append(event)
        if isinstance(event, SeriesEnded) and event.ended == 1:
            children = psutil.Process().children()
            workers = [each for each in children if any("spawn_main" in word for word in each.cmdline())]
            assert len(workers) == 2
            workers[0].kill()  # with one series under way, and another one waiting for it

    result = batch(PANEL, folder, forecasts_only=True, workers=2, on_event=hear, **TINY)
    gc.collect()  # here, and not in a test that knows nothing of it
    return Ran(folder, result, events)


def test_every_series_is_dealt_with_once(ran):
    assert sorted(ran.result.done) == sorted(GOOD)
    assert list(ran.result.failed) == ["short"]
    assert (ran.result.reused, ran.result.waiting, ran.result.vanished) == ((), 0, ())
    ended = ran.of(SeriesEnded)
    assert sorted(event.unique_id for event in ended) == sorted([*GOOD, "short"])
    assert [event.ended for event in ended] == [1, 2, 3, 4, 5, 6]


def test_a_lost_worker_is_told_and_the_dashboard_is_on_loopback(ran):
    [started] = ran.of(BatchStarted)
    assert (started.series, started.reused, started.workers) == (6, 0, 2)
    assert started.dashboard.startswith("http://127.0.0.1:")
    assert ran.events[-1] == ran.result
    assert all("tried on another worker" in note.words for note in ran.of(BatchNote))


def test_a_failure_tells_its_reason_in_words(ran):
    assert "the series' 9 points" in ran.result.failed["short"]
    assert not (ran.folder / "series" / "short").exists()
    page = ran.result.index.read_text()
    assert "short" in page and "&lt;b&gt;4&lt;/b&gt;" in page and "<b>4</b>" not in page


def test_each_folder_is_whole_and_the_forecast_its_own(ran):
    folders = sorted((ran.folder / "series").iterdir())
    assert len(folders) == len(GOOD)
    found = {}
    for folder in folders:
        assert sorted(each.name for each in folder.iterdir()) == sorted(FORECASTS_ONLY)
        metrics = Metrics.model_validate_json((folder / "metrics.json").read_bytes())
        found[metrics.unique_id] = metrics
    assert sorted(found) == sorted(GOOD)
    assert {(metrics.source.name, metrics.command) for metrics in found.values()} == {
        ("a pandas DataFrame", "")
    }
    assert len({metrics.key for metrics in found.values()}) == len(GOOD)
    forecasts = pd.read_parquet(ran.result.forecasts)
    assert forecasts.groupby("unique_id").size().to_dict() == dict.fromkeys(GOOD, 2)
    assert forecasts["ds"].min() == pd.Timestamp("2020-01-06")
    summary = pd.read_parquet(ran.result.summary).set_index("unique_id")
    assert summary.index.to_list() == [*GOOD, "short"]
    assert summary.loc["two", "MASE"] == found["two"].scores["LSTM"].MASE


def to_do(ran: Ran, panel: pd.DataFrame, *, force: bool = False, **settings) -> list[str]:
    """Ids of the series that a second run would do."""
    read = read_panel(panel)
    asked = ReportSettings.of("a pandas DataFrame", id_column="unique_id", **{**TINY, **settings})
    with Ledger(ran.folder, forecasts_only=True) as ledger:
        found = Series(read, asked, ledger, True, lambda event: None)
        return [read.ids[number] for number in found.look_up(force)]


def test_a_second_run_does_what_failed_changed_or_is_asked_for_otherwise(ran):
    assert to_do(ran, PANEL) == ["short"]
    changed = PANEL.assign(y=PANEL["y"].where(PANEL["unique_id"] != "two", PANEL["y"] + 1))
    assert to_do(ran, changed) == ["two", "short"]
    assert to_do(ran, PANEL, epochs=2) == [*GOOD, "short"]
    assert to_do(ran, PANEL, force=True) == [*GOOD, "short"]
    paths = [ran.folder / "series" / each / "forecast.csv" for each in ("one", "two")]
    whole = [path.read_bytes() for path in paths]
    paths[0].write_bytes(whole[0][:-40])
    paths[1].write_bytes(whole[1][: whole[1].rindex(b"\n", 0, -1) + 1])  # a row is missing
    assert to_do(ran, PANEL) == ["one", "two", "short"]
    for path, content in zip(paths, whole, strict=True):
        path.write_bytes(content)


def test_another_template_makes_every_series_another_one(ran, monkeypatch):
    monkeypatch.setattr(series, "file_hash", lambda path: "0" * 64)
    assert to_do(ran, PANEL) == [*GOOD, "short"]


def test_a_series_that_fails_now_puts_its_earlier_result_aside(ran, tmp_path):
    folder = shutil.copytree(ran.folder, tmp_path / "out")
    panel = read_panel(pd.concat([waves("one", "two", rows=9)]))
    events: list[SeriesEnded] = []
    with Ledger(folder, forecasts_only=True) as ledger:
        asked = ReportSettings.of("a pandas DataFrame", id_column="unique_id", **TINY)
        both = Series(panel, asked, ledger, True, events.append)
        for number in (0, 1):
            both.settle(number, Outcome(reason=f"{number} points are too few", notebook=b"{}"[:number]))
        result = both.publish()
    assert [event.alike for event in events] == [0, 1] and [event.failed for event in events] == [1, 2]
    assert result.reasons == [("0 points are too few", ("one", "two"))]
    summary = pd.read_parquet(result.summary).set_index("unique_id")
    assert summary["earlier"].to_list() == [f"earlier/{each}/forecast.csv" for each in ("one", "two")]
    assert summary["folder"].isna().all() and summary["verdict"].isna().all()
    assert not (folder / "series" / "one").exists() and not len(pd.read_parquet(result.forecasts))
    assert "earlier result of 20" in result.index.read_text()


def test_a_second_run_with_nothing_to_do_starts_nothing(ran):
    events: list[BatchEvent] = []
    panel = PANEL[~PANEL["unique_id"].isin(["short", "one"])]
    result = batch(panel, ran.folder, forecasts_only=True, on_event=events.append, **TINY)
    assert sorted(result.reused) == sorted(GOOD[1:]) and result.done == ()
    assert result.vanished == ("one",)
    note, started, _ = events
    assert isinstance(note, BatchNote) and "no longer in the panel: 'one'" in note.words
    assert started == BatchStarted(series=4, reused=4, workers=0, dashboard=None)
    assert pd.read_parquet(result.summary)["status"].to_list() == ["reused"] * 4
    assert (ran.folder / "series" / "one").is_dir()


def test_ctrl_c_leaves_what_is_finished_and_no_process(tmp_path):
    def press(event: BatchEvent) -> None:
        if isinstance(event, BatchStarted):
            raise KeyboardInterrupt

    before = psutil.Process().children(recursive=True)
    with pytest.raises(Interrupted, match="0 of 1 series are done .* Run the same command again: it goes on"):
        batch(waves("a"), tmp_path / "out", workers=1, forecasts_only=True, on_event=press, **TINY)
    left = [each for each in psutil.Process().children(recursive=True) if each not in before]
    assert not [each for each in left if "resource_tracker" not in " ".join(each.cmdline())]
    assert "1 series still to come" in (tmp_path / "out" / "index.html").read_text()


@pytest.fixture(scope="module")
def scheduler():
    """A scheduler that is not the batch's own, with one worker."""
    silent = logging.CRITICAL
    with LocalCluster(
        n_workers=1, processes=False, protocol="tcp://", dashboard_address=None, silence_logs=silent
    ) as there:
        yield there.scheduler_address


def test_another_scheduler_does_as_well_and_keeps_its_workers(tmp_path, scheduler):
    waves("a", "b", rows=9).to_csv(tmp_path / "panel.csv", index=False)
    for _ in range(2):
        result = batch(tmp_path / "panel.csv", tmp_path / "out", scheduler=scheduler, **TINY)
        assert sorted(result.failed) == ["a", "b"]


def test_workers_with_other_packages_are_refused(tmp_path, scheduler, monkeypatch):
    there = other.versions()
    monkeypatch.setattr(other, "versions", lambda: {**there, "lstmwidgets": "9.9"})
    with pytest.raises(
        LSTMWidgetsError, match=r"has lstmwidgets \S+ \(here 9.9\): install the same versions"
    ):
        batch(PANEL, tmp_path / "out", scheduler=scheduler, forecasts_only=True, **TINY)
    monkeypatch.setattr(other, "versions", lambda: {"lstmwidgets": "1", "no-such-package": "1"})
    with pytest.raises(LSTMWidgetsError, match="no-such-package"):
        batch(PANEL, tmp_path / "out", scheduler=scheduler, forecasts_only=True, **TINY)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "elsewhere", "http://127.0.0.1:80"])
def test_a_scheduler_that_does_not_answer_is_told(tmp_path, monkeypatch, address):
    monkeypatch.setattr(other, "CONNECT_SECONDS", 0.3)
    with pytest.raises(Unavailable, match=f"no Dask scheduler answers at '{address}'"):
        batch(PANEL, tmp_path / "out", scheduler=address, forecasts_only=True, **TINY)
    assert not (tmp_path / "out").exists()


def test_a_scheduler_that_is_down_leaves_what_an_earlier_batch_wrote(ran, tmp_path, monkeypatch):
    monkeypatch.setattr(other, "CONNECT_SECONDS", 0.3)
    folder = shutil.copytree(ran.folder, tmp_path / "out")
    tables = ("summary.parquet", "summary.csv", "forecasts.parquet", "index.html")
    before = [(folder / name).read_bytes() for name in tables]
    with pytest.raises(Unavailable):
        batch(PANEL, folder, scheduler="tcp://127.0.0.1:9", forecasts_only=True, epochs=2)
    assert [(folder / name).read_bytes() for name in tables] == before


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"forecasts_only": False}, "a report tells how to make it again, from a file"),
        ({"workers": 0}, "workers=0 is not accepted"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "exclude each other"),
        ({"units": 0}, "units=0 is not accepted"),
        ({"fill": "magic"}, "fill='magic' is not accepted"),
        ({"id_column": "shop"}, "'shop' is not a column"),
        ({"lookback": 3}, "lookback=3 is not accepted"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_any_work(tmp_path, asked, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        batch(PANEL, tmp_path / "out", **{"forecasts_only": True, **asked})
    assert not (tmp_path / "out").exists()
