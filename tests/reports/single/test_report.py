"""One series in, one folder out: whole, used again where it holds, gone on with where it was broken off."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import nbformat
import pandas as pd
import psutil
import pytest
from safetensors import safe_open

import lstmwidgets as lw
from lstmwidgets.cli import main
from lstmwidgets.errors import LSTMWidgetsError, Unavailable
from lstmwidgets.reports.single.folder import ALWAYS, OutputError, OutputFolder
from lstmwidgets.reports.single.kernels import WarmKernel
from lstmwidgets.reports.single.report import _other, report
from lstmwidgets.reports.study.metrics import Metrics

pytestmark = pytest.mark.filterwarnings(
    # papermill calls nbclient and jupyter_client in ways that they are about to leave behind
    "ignore::DeprecationWarning:papermill",
)

OUT = "{out} 100% é"
SMALL = {"sequence_length": 8, "horizon": 2, "units": 4, "epochs": 2}


@pytest.fixture(scope="module")
def kernel():
    with WarmKernel() as kernel:
        yield kernel


@pytest.fixture(scope="module")
def first(tmp_path_factory, kernel):
    """A report, and what was told while it was made."""
    folder, stages = tmp_path_factory.mktemp("reports"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = report("nile", OUT, **SMALL, kernel=kernel, on_stage=lambda *told: stages.append(told))
    return replace(made, folder=folder / OUT), stages


@pytest.fixture
def standing(first, tmp_path, monkeypatch):
    """A copy of that report to do things to, in the folder one is in."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(first[0].folder, OUT))


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in sorted(folder.iterdir())}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_report_is_five_files_that_agree(first):
    made, stages = first
    assert names(made.folder) == sorted(ALWAYS)
    assert names(made.folder.parent) == [made.folder.name]
    assert not made.reused and set(made.paths) == {"html", "notebook", "forecast", "metrics", "model"}

    written = json.loads(made.paths["metrics"].read_text())
    jsonschema.validate(written, Metrics.model_json_schema())
    assert written == json.loads(made.metrics.to_json()) and len(written["key"]) == 64

    forecast = pd.read_csv(made.paths["forecast"], parse_dates=["ds"])
    forecaster = lw.LSTMForecaster.load(made.paths["model"])
    assert forecaster.config == lw.LSTMConfig(**SMALL)
    assert forecast["yhat"].to_list() == pytest.approx(forecaster.predict()["yhat"].to_list())
    assert made.metrics.verdict.split(";")[0] in made.paths["html"].read_text().replace("&#x27;", "'")

    numbers = [number for _, number, _ in stages]
    assert numbers == list(range(1, len(stages) + 1)) and {total for *_, total in stages} == {len(stages)}
    assert stages[0][0] == "Checking the data" and stages[-1][0] == "Writing the page"


def test_the_notebook_shows_what_was_asked_for_and_no_folder_of_the_making(first):
    made, _ = first
    notebook = nbformat.read(made.paths["notebook"], as_version=4)
    (injected,) = (cell for cell in notebook.cells if "injected-parameters" in cell.metadata.tags)
    assert 'csv = "nile"' in injected.source and "units = 4" in injected.source
    for name in ALWAYS:
        assert b".work" not in (made.folder / name).read_bytes()


def test_the_same_again_is_found_at_once_and_left_as_it_is(standing):
    before = state(standing)
    again = report("nile", standing, **SMALL)
    assert again.reused and state(standing) == before


def test_the_same_data_from_another_file_take_the_model_again_and_name_that_file(
    standing, kernel, monkeypatch
):
    trained = Metrics.model_validate_json((standing / "metrics.json").read_bytes()).training
    lw.load_dataset("nile").rename("flow").rename_axis("year").to_csv("a.csv")
    made = report("a.csv", standing, **SMALL, kernel=kernel)
    assert not made.reused and made.metrics.source.name == "a.csv"
    assert made.metrics.training == trained
    assert report("a.csv", standing, **SMALL).reused
    monkeypatch.setattr("lstmwidgets.reports.single.report.make", lambda *_, **__: pytest.fail("made anew"))
    shutil.copy("a.csv", "b.csv")
    shutil.copytree(standing, "other")
    head, *rows = Path("a.csv").read_text().splitlines()
    Path("c.csv").write_text("\n".join([head, *reversed(rows)]))
    for source, out in [("b.csv", standing), ("a.csv", "other")]:
        with pytest.raises(pytest.fail.Exception, match="made anew"):
            report(source, out, **SMALL)
    os.replace("c.csv", "a.csv")  # the same data in an order that the report tells of
    with pytest.raises(pytest.fail.Exception, match="made anew"):
        report("a.csv", standing, **SMALL)


def test_other_levels_take_the_trained_model_again_and_force_does_not(standing, kernel):
    trained = Metrics.model_validate_json((standing / "metrics.json").read_bytes()).training
    made = report("nile", standing, **SMALL, levels=[50], kernel=kernel)
    assert not made.reused and made.metrics.levels == [50]
    assert made.metrics.training.seconds == trained.seconds
    made = report("nile", standing, **SMALL, levels=[50], force=True, kernel=kernel)
    assert not made.reused and made.metrics.training.seconds != trained.seconds


def test_a_report_on_other_data_that_gives_way_is_named(standing):
    with OutputFolder(standing) as folder:
        assert _other(folder, lw.Study("nile")) == ""
        assert _other(folder, lw.Study("sunspots")) == "nile"


def test_a_file_that_was_changed_is_made_again_and_told(standing, kernel):
    before = {name: content for name, (_, content) in state(standing).items()}
    (standing / "forecast.csv").write_text("unique_id,ds,yhat\nnile,1971-01-01,1\n")
    (standing / "report.html").unlink()
    made = report("nile", standing, **SMALL, kernel=kernel)
    assert made.notes == ("Made again: report.html, forecast.csv had been changed or taken away.",)
    assert (standing / "forecast.csv").read_bytes() == before["forecast.csv"]
    assert report("nile", standing, **SMALL).reused


@pytest.mark.parametrize("damage", ["metrics.json", "report.html", "model.safetensors"])
def test_a_damaged_report_is_not_taken_for_one(standing, damage, monkeypatch):
    if damage == "metrics.json":
        (standing / damage).write_text((standing / damage).read_text()[:100])
    else:
        (standing / damage).unlink()
    monkeypatch.setattr("lstmwidgets.reports.single.report.make", lambda *_, **__: pytest.fail("made anew"))
    with pytest.raises(pytest.fail.Exception, match="made anew"):
        report("nile", standing, **SMALL)


def test_a_model_file_of_a_stranger_is_not_used_and_runs_nothing(standing, kernel):
    import pickle

    canary = standing.parent / "canary"

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {canary}",)

    (standing / "model.safetensors").write_bytes(pickle.dumps(Evil()))
    (standing / "metrics.json").write_text("{}")
    made = report("nile", standing, **SMALL, kernel=kernel)
    assert not canary.exists()
    assert lw.LSTMForecaster.load(made.paths["model"]).config.units == 4


@pytest.mark.parametrize(
    ("source", "asked", "words"),
    [
        ("nosuch.csv", {}, "there is no file 'nosuch.csv'"),
        ("nile", {"units": 0}, "units=0 is not accepted"),
        (
            "nile",
            {"horizon": 24},
            "horizon=24 does not fit: the validation part has 15 of the series' 100 points",
        ),
        (
            "far.csv",
            {"horizon": 2, "sequence_length": 8},
            "the value 1e+300 of 'y' at 2024-01-06 00:00:00 is",
        ),
        ("co2", {"time": "ds"}, "time='ds' goes with a file of your own"),
        ("a\0b.csv", {}, "it holds a NUL character"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_runs_and_leaves_nothing(
    tmp_path, tmp_path_factory, monkeypatch, source, asked, words
):
    monkeypatch.chdir(tmp_path_factory.mktemp("data"))
    days = pd.date_range("2024-01-01", periods=100)
    pd.DataFrame({"ds": days, "y": [1e300 if day == 5 else day % 7 for day in range(100)]}).to_csv("far.csv")
    with pytest.raises(LSTMWidgetsError) as refused:
        report(source, tmp_path / "out", **asked)
    assert words in str(refused.value)
    assert names(tmp_path) == []


def test_an_output_that_cannot_be_is_refused_before_the_data_are_read(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match=r"holds 'mine.txt'"):
        report("nosuch.csv", tmp_path)


def test_an_error_that_only_the_notebook_meets_keeps_its_sentence_and_the_old_report(
    standing, kernel, tmp_path, monkeypatch
):
    template = nbformat.read(lw.shipped.report_template(), as_version=4)
    template.cells.insert(4, nbformat.v4.new_code_cell("raise lw.LSTMWidgetsError('too few known values')"))
    nbformat.write(template, tmp_path / "failing.ipynb")
    for module in ("report", "making"):
        monkeypatch.setattr(
            f"lstmwidgets.reports.single.{module}.report_template", lambda: tmp_path / "failing.ipynb"
        )
    before = state(standing)
    with pytest.raises(LSTMWidgetsError, match="^too few known values$"):
        report("nile", standing, **SMALL, kernel=kernel)
    assert state(standing) == before
    assert names(tmp_path) == ["failing.ipynb", OUT]


def test_without_a_browser_a_pdf_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("LSTMWIDGETS_BROWSER", "no-such-browser")
    monkeypatch.setattr("lstmwidgets.reports.single.report.make", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(Unavailable, match=r"'no-such-browser' is no program.*leave out --pdf"):
        report("nile", tmp_path / "out", **SMALL, pdf=True)
    assert names(tmp_path) == []


def test_a_browser_that_fails_costs_the_pdf_alone(standing, kernel, monkeypatch):
    monkeypatch.setenv("LSTMWIDGETS_BROWSER", "false")
    words = rf"^the report is in '{re.escape(OUT)}', but without its PDF: .*false could not print"
    with pytest.raises(Unavailable, match=words):
        report("nile", standing, **SMALL, levels=[50], pdf=True, kernel=kernel)
    assert names(standing) == sorted(ALWAYS)
    assert report("nile", standing, **SMALL, levels=[50]).reused


def when(come: Callable[[], object], run: subprocess.Popen[str]) -> None:
    """Wait for what a run is about to do."""
    until = time.monotonic() + 120
    while not come():
        assert run.poll() is None and time.monotonic() < until
        time.sleep(0.01)


def test_a_training_broken_off_by_ctrl_c_is_gone_on_with(tmp_path, kernel, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = SMALL | {"epochs": 100}
    command = ["report", "nile", "-o", "out", *(f"--{name}={value}" for name, value in asked.items())]
    program = Path(sys.executable).with_name("lstmwidgets")
    with subprocess.Popen(
        [program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        when(Path(".out.work/result").exists, run)
        with pytest.raises(OutputError, match="another run is writing 'out' now"):
            report("nile", "out", **asked)
        when(lambda: list(Path().glob(".out.work/training-*/training.safetensors")), run)
        kernels = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)  # an impatient hand
        answer, told = run.communicate(timeout=60)
    *stages, words = told.splitlines()
    assert (run.returncode, answer) == (130, "")
    assert all(stage.startswith("[") for stage in stages)
    assert words == (
        "interrupted: nothing of this run is in 'out'. Run the same command again: it goes on from the last "
        "epoch that ended, kept in '.out.work' beside it"
    )
    assert kernels and not any(each.is_running() for each in kernels)
    assert names(tmp_path) == [".out.work"]
    (kept,) = Path().glob(".out.work/training-*/training.safetensors")
    with safe_open(kept, framework="numpy") as file:
        done = json.loads(file.metadata()["document"])["epochs"]

    made = report("nile", "out", **asked, kernel=kernel)
    history = lw.LSTMForecaster.load(made.paths["model"]).history_
    assert 0 < len(done) < len(history) == 100
    assert history["seconds"].to_list()[: len(done)] == [epoch["seconds"] for epoch in done]
    assert names(tmp_path) == ["out"]

    def said(*more: str) -> tuple[str, str]:
        with pytest.raises(SystemExit, match="^0$"):
            main([*command, *more])
        return capsys.readouterr()

    answer, told = said()
    assert answer == f"{made.metrics.verdict}\nout/report.html\n"
    assert told.endswith("\nUnchanged: it stands there already. --force makes it anew.\n")
    assert said("--quiet") == (answer, "")
    answer, told = said("--json")
    answer = json.loads(answer)
    assert told == "" and answer["reused"] and answer["verdict"] == made.metrics.verdict
    assert answer["files"]["html"] == "out/report.html" and set(answer["coverage"]) == {"80", "90"}
