"""The app's server as a stranger meets it: the token, the files, the limit, the kernels, the end."""

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
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
import requests
import websocket

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.serving.app import serve

TOKEN = f"{secrets.token_urlsafe(16)}&#ü%"
IDLE_MINUTES = 0.1
PROGRAM = [sys.executable, "-P", "-c", "from lstmwidgets.cli import main; main()", "app"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="ends the server as a terminal does on POSIX")


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    log: Path

    def kernels(self) -> list[psutil.Process]:
        return [
            each for each in psutil.Process(self.process.pid).children() if "ipykernel" in str(each.cmdline())
        ]

    def open_page(self) -> requests.Response:
        """As a visitor does who has the address with the token."""
        return requests.get(self.url, params={"token": TOKEN}, timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("app")
    (folder / "voila.py").write_text("raise SystemExit('configuration of the present folder was run')")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--kernels", "1", "--idle", str(IDLE_MINUTES), "--no-browser"]
    environment = {**os.environ, "LSTMWIDGETS_TOKEN": TOKEN, "TMPDIR": str(folder), "HOME": str(folder)}
    command = [*PROGRAM, *options]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            said = process.stdout.readline().strip()
            assert said == f"http://127.0.0.1:{port}/?token={quote(TOKEN, safe='')}", (
                folder / "log"
            ).read_text()
            yield Server(f"http://127.0.0.1:{port}/", process, folder / "log")
        finally:
            process.kill()


@pytest.mark.parametrize(
    "token",
    [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "ü" * 20],
    ids=["none", "empty", "wrong", "shorter", "longer", "of other letters"],
)
def test_without_the_token_there_is_a_form_and_no_kernel(server, token):
    answer = requests.get(server.url, params={"token": token}, timeout=10)
    assert answer.url.startswith(f"{server.url}login")
    assert "This page wants its token" in answer.text and f'{TOKEN}"' not in answer.text
    assert server.kernels() == []


def test_the_form_takes_the_token_and_nothing_else(server):
    with requests.Session() as visitor:
        form = visitor.get(f"{server.url}login?next=/session/none", timeout=10)
        (xsrf,) = re.findall(r'name="_xsrf" value="([^"]+)"', form.text)
        refused = visitor.post(form.url, data={"_xsrf": xsrf, "password": "wrong"}, timeout=10)
        assert refused.status_code == 401 and "That is not the token" in refused.text
        forged = visitor.post(form.url, data={"password": TOKEN}, timeout=10)
        assert forged.status_code == 403, "a form of another site's"
        let_in = visitor.post(
            form.url, data={"_xsrf": xsrf, "password": TOKEN}, timeout=10, allow_redirects=False
        )
        assert let_in.status_code == 302 and let_in.headers["Location"] == "/session/none"


@pytest.mark.parametrize(
    "path",
    [
        "app.ipynb",
        "voila/files/app.ipynb",
        "voila/files/..%2f00_start_here.ipynb",
        "voila/static/..%2f..%2fapp.py",
        "voila/templates/lab/static/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "voila/templates/",
        "voila/templates/lab",
        "voila/templates/lab/other/voila.js",
        "voila/templates/lab/static/..%2fvoila.js",
        "voila/templates/lab/static/%00",
        "voila/api/contents/",
        "api/kernels",
        "api/contents",
        "api/terminals",
        "voila/tree",
    ],
)
def test_nothing_of_the_machine_is_served_but_the_page(server, path):
    answer = requests.get(server.url + path, params={"token": TOKEN}, timeout=10)
    assert 400 <= answer.status_code < 500
    assert "kernelspec" not in answer.text and "root:" not in answer.text
    assert server.kernels() == []


def test_no_other_name_leads_to_a_page_on_loopback(server):
    answer = requests.get(
        server.url,
        params={"token": TOKEN},
        headers={"Host": "evil.example"},
        timeout=10,
        allow_redirects=False,
    )
    assert answer.status_code == 403


def test_one_visitor_after_another(server):
    page = server.open_page()
    assert page.url == server.url, "the token is out of the address"
    assert page.status_code == 200 and "lw-note" in page.text
    assert "TrainingPanel()" not in page.text, "the page holds no source"
    assert re.findall(r"""(?:src|href)=["'](https?:)?//""", page.text) == []
    allowed = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in allowed and f" {server.url.replace('http', 'ws').rstrip('/')} " in allowed
    (kernel,) = server.kernels()

    full = server.open_page()
    assert full.status_code == 503 and int(full.headers["Retry-After"]) > 0
    assert "All seats are taken" in full.text
    assert server.kernels() == [kernel]

    kernel_id = re.search(r'"kernelId":\s*"([^"]+)"', page.text)[1]
    session = f"{server.url}session/{kernel_id}"
    left = requests.get(session, params={"token": TOKEN}, timeout=10).json()["seconds_left"]
    assert 0 <= left <= IDLE_MINUTES * 60
    assert requests.get(session, timeout=10).status_code == 403

    told = sent_to_the_kernel(server, kernel_id, server.log.with_name("written"))
    assert told == ["kernel_info_reply"]
    assert not server.log.with_name("written").exists()

    deadline = time.monotonic() + 60  # the page asks for nothing any more, so the session ends
    while requests.get(session, params={"token": TOKEN}, timeout=10).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not kernel.is_running()

    assert server.open_page().status_code == 200
    (kernel,) = server.kernels()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=30) == 0
    assert not kernel.is_running()
    assert [path.name for path in server.log.parent.iterdir() if path.name.startswith("voila_")] == []
    assert "Traceback" not in server.log.read_text()


def sent_to_the_kernel(server: Server, kernel_id: str, file: Path) -> list[str]:
    """Try to have code run as a page could, and return the replies on the shell channel."""
    channels = f"{server.url.replace('http', 'ws')}api/kernels/{kernel_id}/channels"
    wire = websocket.create_connection(f"{channels}?token={quote(TOKEN)}&session_id=s", timeout=30)
    contents = {
        "execute_request": {"code": f"open({str(file)!r}, 'w').write('x')", "silent": False},
        "inspect_request": {"code": "panel", "cursor_pos": 5, "detail_level": 1},
        "complete_request": {"code": "panel.", "cursor_pos": 6},
        "kernel_info_request": {},
    }
    for kind, content in contents.items():
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": "s",
            "username": "",
            "version": "5.3",
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        wire.send(json.dumps({**message, "buffers": []}))
    replies: list[str] = []
    while "kernel_info_reply" not in replies:  # the kernel answers in order
        message = json.loads(wire.recv())
        if message["channel"] == "shell":
            replies.append(message["header"]["msg_type"])
    wire.close()
    return replies


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"port": 70000}, "ports are 1 to 65535"),
        ({"token": "abc"}, "it needs 8 at least"),
        ({"kernels": 0}, "kernels=0 is not accepted"),
        ({"idle": 0}, "above 0"),
        ({"theme": "blue"}, "auto or light or dark"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(asked, words):
    with pytest.raises(LSTMWidgetsError, match=words):
        serve(**asked)


def test_a_place_that_cannot_be_listened_on_is_refused_in_words():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wrong = {
            "no address of this machine": ["--host", "203.0.113.7"],
            "cannot be used": ["--port", str(taken.getsockname()[1])],
        }
        running = {
            words: subprocess.Popen([*PROGRAM, "--no-browser", *options], stderr=subprocess.PIPE, text=True)
            for words, options in wrong.items()
        }
        for words, process in running.items():
            _, said = process.communicate(timeout=60)
            assert process.returncode == 2
            assert words in said and "Traceback" not in said
