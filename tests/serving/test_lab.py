"""The lessons are copied whole and never over anything, and JupyterLab opens them with this Python."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from lstmwidgets.serving.lab import FIRST, FolderError, copy_notebooks, is_root, lab_command
from lstmwidgets.shipped import app_page, notebooks_folder, report_template

LESSONS = sorted(path.name for path in notebooks_folder().glob("*.ipynb"))
ALL = (*LESSONS, "reports/forecast_report.ipynb")


def test_the_shipped_notebooks_are_where_they_are_said_to_be():
    assert FIRST in LESSONS
    assert report_template().is_file() and app_page().is_file()


def test_lessons_and_template_are_copied_and_nothing_else(tmp_path):
    copied = copy_notebooks(tmp_path / "mine" / "here")
    assert copied.new == ALL
    files = [path for path in copied.folder.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(copied.folder).as_posix() for path in files) == sorted(ALL)
    for path in files:
        assert path.read_bytes() == (notebooks_folder() / path.relative_to(copied.folder)).read_bytes()
    assert str(copied) == f"{len(ALL)} notebooks copied to {copied.folder}."


def test_what_is_there_stays_as_it_is_and_is_told_of(tmp_path):
    copy_notebooks(tmp_path)
    (tmp_path / FIRST).write_text("mine")
    (tmp_path / LESSONS[1]).unlink()
    (tmp_path / LESSONS[2]).unlink()
    (tmp_path / LESSONS[2]).symlink_to(tmp_path / "nowhere")
    again = copy_notebooks(tmp_path)
    assert again.new == (LESSONS[1],)
    assert again.kept == (FIRST, LESSONS[2])
    assert (tmp_path / FIRST).read_text() == "mine"
    assert (tmp_path / LESSONS[2]).is_symlink() and not (tmp_path / "nowhere").exists()
    assert f"2 notebooks left as they are, which is not as the package has them: {FIRST}" in str(again)


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nothing"])
def test_a_folder_that_cannot_be_is_refused_in_words(tmp_path, place):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FolderError, match="file is in its way|cannot write"):
        copy_notebooks(tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="limits of a process are told in this way on POSIX only")
def test_where_no_more_can_be_written_what_is_there_is_whole(tmp_path):
    smallest = min(LESSONS, key=lambda name: (notebooks_folder() / name).stat().st_size)
    limit = (notebooks_folder() / smallest).stat().st_size
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"from lstmwidgets.serving.lab import copy_notebooks; copy_notebooks({str(tmp_path)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "FolderError: cannot write" in done.stderr
    for path in tmp_path.rglob("*"):  # no half of a file, and nothing hidden
        assert path.read_bytes() == (notebooks_folder() / path.name).read_bytes()


def test_root_is_what_jupyterlab_is_told_of_and_only_then():
    assert ("--allow-root" in lab_command()) == is_root()
    assert lab_command()[:3] == [sys.executable, "-m", "jupyterlab"]


@pytest.mark.skipif(os.name != "posix", reason="ends a group of processes")
def test_jupyterlab_opens_with_this_python_and_asks_nothing(tmp_path):
    copy_notebooks(tmp_path / "notebooks")
    token = secrets.token_hex(8)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = {**os.environ, "JUPYTER_TOKEN": token, **{name: str(tmp_path / name) for name in names}}
    other = tmp_path / "JUPYTER_DATA_DIR" / "kernels" / "python3"  # the user's, which is not to be taken
    other.mkdir(parents=True)
    (other / "kernel.json").write_text('{"argv": ["false"], "display_name": "Other", "language": "python"}')
    code = (
        "from lstmwidgets.serving.lab import open_lab\n"
        f"open_lab({str(tmp_path / 'notebooks')!r}, port={port}, open_browser=False)"
    )
    with (tmp_path / "log").open("wb") as log:
        lab = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        ask = f"http://127.0.0.1:{port}/{{}}?token={token}"
        deadline = time.monotonic() + 60
        while True:
            try:
                page = urllib.request.urlopen(ask.format("lab"), timeout=5).read().decode()
                break
            except OSError:
                assert lab.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
        assert re.search(r'"news":\s*{"disabled":\s*true}', page)
        kernels = json.load(urllib.request.urlopen(ask.format("api/kernelspecs"), timeout=10))["kernelspecs"]
        assert kernels["python3"]["spec"]["display_name"] == "Python 3 (ipykernel)"
        listed = json.load(urllib.request.urlopen(ask.format("api/contents"), timeout=10))["content"]
        assert FIRST in [each["name"] for each in listed]
        assert f"/lab/tree/{FIRST}" in (tmp_path / "log").read_text()
    finally:
        os.killpg(lab.pid, signal.SIGTERM)
        lab.wait(timeout=30)
