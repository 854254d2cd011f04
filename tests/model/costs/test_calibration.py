"""How quick the machine is: kept in a file, read from it, and timed by one process alone."""

import json
import os
import subprocess
import sys
import threading

import pytest
from filelock import FileLock

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.costs import calibration
from lstmwidgets.model.costs.pace import REFERENCE

PACE = REFERENCE.scaled(1.5)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder for calibrations, and a process that has begun none."""
    monkeypatch.setenv(calibration.FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(calibration, "_begun", False)
    return tmp_path / "cache"


def test_what_is_kept_is_found_again_and_nothing_else_is_left(folder):
    assert calibration.kept() is None
    path = calibration.keep(PACE)
    assert calibration.kept() == PACE
    assert [*folder.iterdir()] == [path] == [calibration.place()]
    assert json.loads(path.read_text())["machine"] == calibration.machine()
    assert calibration.keep(REFERENCE) == path and calibration.kept() == REFERENCE


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "null", '{"costs": {}}', "nan", "negative", "short", "zero"]
)
def test_a_damaged_file_is_none(damage):
    path = calibration.keep(PACE)
    said = json.loads(path.read_text())
    wrong = {"nan": [float("nan")] * 4, "negative": [1, 1, 1, -1], "short": [1.0], "zero": [0.0] * 4}
    if damage in wrong:
        said["costs"]["gru"] = wrong[damage]
        damage = json.dumps(said)
    path.write_text(damage)
    assert calibration.kept() is None


def test_another_machine_another_file(monkeypatch):
    path = calibration.keep(PACE)
    monkeypatch.setattr(calibration, "_processor", lambda: "another")
    calibration._key.cache_clear()
    assert calibration.place() != path and calibration.kept() is None
    monkeypatch.undo()
    calibration._key.cache_clear()


def test_the_folder_is_the_users_or_the_one_named(monkeypatch, tmp_path):
    monkeypatch.delenv(calibration.FOLDER_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert calibration.folder() == tmp_path / ".cache" / "lstmwidgets"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert calibration.folder() == tmp_path / "mine" / "lstmwidgets"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert calibration.folder() == tmp_path / "Library" / "Caches" / "lstmwidgets"
    monkeypatch.setenv(calibration.FOLDER_VARIABLE, "~/there")
    assert calibration.folder() == tmp_path / "there"


def test_set_to_nothing_it_is_off(monkeypatch):
    monkeypatch.setenv(calibration.FOLDER_VARIABLE, "")
    assert calibration.kept() is None
    assert not calibration.begin(lambda: pytest.fail("begun"))
    assert calibration.main([]) == 2
    with pytest.raises(LSTMWidgetsError, match="set LSTMWIDGETS_CACHE to a folder"):
        calibration.keep(PACE)


def test_a_folder_that_cannot_be_is_said(folder, capsys):
    folder.write_text("a file")
    assert calibration.kept() is None
    with pytest.raises(LSTMWidgetsError, match="cannot be written to .* set LSTMWIDGETS_CACHE"):
        calibration.keep(PACE)
    assert calibration.main([]) == 1 and str(folder) in capsys.readouterr().err


def test_it_is_begun_once_told_when_it_has_come_and_not_begun_where_it_is_known(monkeypatch):
    commands, told = [], threading.Event()

    def run(command, **_):
        commands.append(command)
        calibration.keep(PACE)

    monkeypatch.setattr(subprocess, "run", run)
    assert calibration.begin(told.set)
    assert not calibration.begin(lambda: pytest.fail("begun twice"))
    assert told.wait(10)
    assert commands == [[sys.executable, "-P", "-m", "lstmwidgets.model.costs.calibration", "--missing"]]
    monkeypatch.setattr(calibration, "_begun", False)
    assert not calibration.begin(lambda: pytest.fail("known already"))


def test_a_second_process_leaves_it_to_the_first_and_imports_nothing(folder):
    folder.mkdir()
    command = [sys.executable, "-X", "importtime", "-m", "lstmwidgets.model.costs.calibration", "--missing"]
    with FileLock(calibration.place().with_suffix(".lock")):
        done = subprocess.run(
            command, env={**os.environ}, capture_output=True, text=True, timeout=60, check=True
        )
    assert done.stdout == "" and "tensorflow" not in done.stderr and calibration.kept() is None
